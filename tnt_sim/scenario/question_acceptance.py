"""Open questions that the planner has settled, by entries of `accept` in the scenario."""

from __future__ import annotations

from collections.abc import Sequence

from tnt_sim.errors import suggest_name
from tnt_sim.i18n.message import NO_TEXT, Text, _, join_sentences
from tnt_sim.i18n.parameters import Items
from tnt_sim.rules.expressions.values import read_spellings
from tnt_sim.rules.protocols import Case, OpenQuestion
from tnt_sim.scenario.spec import AcceptSpec

MAX_LISTED = 5


def read_accepted(
    case: Case, accepted: Sequence[tuple[AcceptSpec, tuple[str | int, ...]]]
) -> tuple[OpenQuestion, ...]:
    """Return the questions that stay open.

    Warnings list them, the settled ones, and entries that settle nothing.

    An entry is valid for the number of dossiers that it states, and for fewer.
    """
    entries = {spec.id: (spec, path) for spec, path in accepted}
    still = []
    for question in case.questions:
        spec, path = entries.pop(question.id, (None, ()))
        if spec is not None and question.count <= spec.count:
            case.warnings.add(
                "question-decided",
                _(
                    "decided ({author}): {question} Reason: {reason}.",
                    author=spec.author,
                    question=question.text,
                    reason=spec.reason,
                ),
                case.locate(path),
            )
            continue
        still.append(question)
        before = NO_TEXT
        if spec is not None:
            before = _(" It was decided for {count}.", count=spec.count)
        case.warnings.add(
            "open-question",
            _(
                "to decide: {question}{before} {resolution}",
                question=question.text,
                before=before,
                resolution=describe_resolution(question),
            ),
        )
    for spec, path in entries.values():
        hint = suggest_name(spec.id, [question.id for question in case.questions])
        text = _('`accept` decides "{question}", which nothing leaves open.', question=spec.id)
        case.warnings.add(
            "accept-idle",
            join_sentences(text, hint),
            case.locate(path),
        )
    return tuple(still)


def describe_resolution(question: OpenQuestion) -> Text:
    """Return what settles a question: a change of data or rule, or the line to write in the scenario."""
    if not question.dossiers:
        return question.remedy
    text = f'accept: [{{id: "{question.id}", count: {question.count}, reason: "…", author: "…"}}]'
    return _("{remedy} Or write in the scenario: {line}.", remedy=question.remedy, line=text)


def warn_merged_spellings(case: Case) -> None:
    """Warn of the spellings that are merged into one value, with their numbers of cells."""
    for column in sorted(case.columns_read):
        joined = read_spellings(case, column).joined
        if not joined:
            continue
        spellings = [_format_spellings(one.spellings) for one in joined[:MAX_LISTED]]
        more = f" (+{len(joined) - MAX_LISTED})" if len(joined) > MAX_LISTED else ""
        key = column if column.isidentifier() else f'"{column}"'
        case.warnings.add(
            "values-joined",
            _(
                'column "{column}": read as one value: {spellings}{more}. '
                "`values: {{{key}: {{exact: true}}}}` keeps them apart.",
                column=column,
                spellings=Items(spellings, ";"),
                more=more,
                key=key,
            ),
        )


def _format_spellings(spellings_: Sequence[tuple[str, int]]) -> Items:
    return Items([_('"{spelling}" ({count})', spelling=text, count=n) for text, n in spellings_])
