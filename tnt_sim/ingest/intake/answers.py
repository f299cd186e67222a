"""Answers of a planner on a table, and the file beside the copy that keeps them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from tnt_sim.domain.field_types import Count, Spec
from tnt_sim.i18n.message import Lang, _

NO_ENVELOPE = "sans-enveloppe"
"""Envelope in the copy of an application that names none, where others do; a condition excludes it."""


PROVISIONAL = {
    NO_ENVELOPE: f"envelope: {{not: {NO_ENVELOPE}}}",
    "montant": "requested: {empty: false}",
    "note": "score: {empty: false}",
}
"""Conditions that `tnt-sim new` writes for empty cells, by id, until an answer: no reason to refuse for good."""


class IntakeAnswers(Spec):
    """Answers of the planner on a table; none at first.

    Attributes
    ----------
    sheet, header_row, encoding : where the table is
    columns : header by canonical name
    take, drop : rows of the file that are applications, or are not
    values : by canonical column, the canonical value of each value of the file
    """

    sheet: str | None = None
    header_row: Count | None = None
    encoding: str | None = None
    columns: Mapping[str, str] = {}
    take: tuple[Count, ...] = ()
    drop: tuple[Count, ...] = ()
    values: Mapping[str, Mapping[str, str]] = {}


def render_answers(answers: IntakeAnswers, review: frozenset[str], lang: Lang, refresh: str) -> str:
    """Return the answers as YAML; the columns of `review` were guessed.

    >>> answers = IntakeAnswers(columns={"score": "Note /20"})
    >>> print(render_answers(answers, frozenset(), Lang.EN, "…").split("…\\n")[1])
    columns:
      score: "Note /20"
    <BLANKLINE>
    """
    lines = [
        "# " + _("How the table was read. Correct a line, then type: {refresh}", refresh=refresh).in_(lang)
    ]
    lines += [
        f"{key}: {json.dumps(value, ensure_ascii=False)}"
        for key in ("sheet", "header_row", "encoding")
        if (value := getattr(answers, key)) is not None
    ]
    if answers.columns:
        mark = _("to review").in_(lang)
        lines.append("columns:")
        lines += [
            f"  {name}: {json.dumps(header, ensure_ascii=False)}" + (f"   # {mark}" if name in review else "")
            for name, header in answers.columns.items()
        ]
    lines += [f"{key}: {list(rows)}" for key in ("take", "drop") if (rows := getattr(answers, key))]
    if answers.values:
        lines.append("values:")
        lines += [
            f"  {name}: {json.dumps(dict(pairs), ensure_ascii=False)}"
            for name, pairs in answers.values.items()
        ]
    return "\n".join(lines) + "\n"
