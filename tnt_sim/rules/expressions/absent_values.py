"""Detection of values that a condition names and no dossier has: misspellings, or values not seen yet.

When none of the values written in a condition occurs in a column of free text, the program reports an error
if a similar value occurs, and an open question otherwise. `allow_absent: true`, in the condition or for the
column, turns the check off.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

import polars as pl

from tnt_sim.domain.spelling import normalise_text
from tnt_sim.i18n.message import MessageParameter, _
from tnt_sim.i18n.parameters import Count, Items
from tnt_sim.rules.expressions.values import is_code, read_spellings
from tnt_sim.rules.protocols import Case, Path

MAX_LISTED = 8
MOST_COMPARED = 2_000
"""Largest number of distinct texts among which a similar one is searched; above it the column is no list of
values.
"""
_NEAR = 0.8
_NUMBERS = re.compile(r"\d+")


def check_present(case: Case, column: str, values: Sequence[str], path: Path, *, allowed: bool) -> None:
    """Record a defect or an open question if none of some values occurs in a column.

    `allowed` says that the condition permits absent values. Columns of codes, conditions under `not`, empty
    columns and the map are not checked.
    """
    quiet = allowed or column in case.absent_allowed or "not" in path
    if quiet or not values or is_code(column) or "_row" not in case.table.columns:
        return
    known = read_spellings(case, column).table
    present = case.portfolio.memoise(
        ("present", column, *values), lambda: bool(known["text"].is_in(list(values)).any()), (column,)
    )
    if known.height == 0 or present:
        return
    near = _find_nearest(values, known)
    text = _(
        'no application has {values} in the column "{column}"; it holds {counted_values}.',
        values=_quote_values(values),
        column=column,
        counted_values=_format_counted_values(known),
    )
    if near is not None:
        allow = "allow_absent: true"
        hint = _(
            'Write "{near}", or `{{in: [{values}], {allow}}}` if this value may be absent.',
            near=near,
            values=values[0],
            allow=allow,
        )
        case.record_defect("absent-value", text, path, hint)
        return
    case.leave_open(
        "absent/" + ".".join(str(part) for part in path),
        text,
        _(
            "Write `{column}: {{in: [{values}], allow_absent: true}}` if this is meant.",
            column=column,
            values=", ".join(values),
        ),
    )


def _find_nearest(values: Sequence[str], known: pl.DataFrame) -> str | None:
    """Return the value of the column that was probably meant: similar letters, equal numbers.

    Returns None if there is none.

    A word with a prefix (« défavorable » for « favorable ») has another meaning and is never proposed.
    """
    if known.height > MOST_COMPARED:
        return None
    asked = pl.DataFrame({"text": list(values)}).select(normalise_text("text")).to_series().to_list()
    by_key = dict(known.select("key", "name").iter_rows())
    for key in asked:
        for near in difflib.get_close_matches(key, list(by_key), n=3, cutoff=_NEAR):
            shorter, longer = sorted((key, near), key=len)
            if _NUMBERS.findall(key) == _NUMBERS.findall(near) and not longer.endswith(shorter):
                return str(by_key[near])
    return None


def _format_counted_values(known: pl.DataFrame) -> Items:
    """Return the values of a column with their numbers of dossiers, most frequent first."""
    counted = known.group_by("name").agg(pl.col("n").sum()).sort(["n", "name"], descending=[True, False])
    leading: list[MessageParameter] = [
        _('"{name}" ({n})', name=name, n=Count(n)) for name, n in counted.head(MAX_LISTED).iter_rows()
    ]
    more = counted.height - len(leading)
    return Items([*leading, f"… (+{more})"] if more else leading)


def _quote_values(values: Sequence[str]) -> MessageParameter:
    quoted: list[MessageParameter] = [_('"{value}"', value=value) for value in values[:MAX_LISTED]]
    if len(values) > MAX_LISTED:
        quoted.append("…")
    if len(quoted) == 1:
        return quoted[0]
    return _("{values} or {last}", values=Items(quoted[:-1]), last=quoted[-1])
