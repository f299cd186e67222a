"""Selectors: conditions on dossiers (`where`, `require`, `of`, `units`) evaluated on the dossier table.

Conditions on several columns are joined by *and*; `any`, `all` and `not` nest. An empty cell satisfies no
comparison, so its negation is satisfied. A selector is data, never evaluated as code: each comparison is one
operation on a whole column.

Detection of values that a condition names and no dossier has: misspellings, or values not seen yet.

When none of the values written in a condition occurs in a column of free text, the program reports an error
if a similar value occurs, and an open question otherwise. `allow_absent: true`, in the condition or for the
column, turns the check off.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from pydantic import RootModel

from tnt_sim.domain.budget_tree import split_names
from tnt_sim.domain.portfolio import FIXED_VALUES
from tnt_sim.domain.spelling import normalise_text
from tnt_sim.domain.territory import extract_siren
from tnt_sim.errors import suggest_name
from tnt_sim.i18n.message import MessageParameter, _, _p
from tnt_sim.i18n.parameters import Count, Items
from tnt_sim.rules.expressions.columns import ValueKind, get_column_kind, record_unknown_column
from tnt_sim.rules.expressions.comparisons import compare_dates, compare_numbers
from tnt_sim.rules.expressions.values import (
    get_merged_column,
    is_code,
    is_joined,
    map_to_names,
    read_spellings,
    without_ends,
)
from tnt_sim.rules.linear_terms import BoolArray
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


NUMBER_TESTS = ("min", "max", "above", "below")

DATE_TESTS = ("from", "until", "before", "after")

LIST_TESTS = ("has", "has_all", "only")

TESTS = (*NUMBER_TESTS, *DATE_TESTS, *LIST_TESTS, "in", "empty", "not")

TEXT_TESTS = ("in", *LIST_TESTS)

OPTIONS = ("exact", "allow_absent")

_KINDS = {
    ValueKind.DATE: _p("kind", "a date"),
    ValueKind.LIST: _p("kind", "a list"),
    ValueKind.MONEY: _p("kind", "an amount"),
    ValueKind.NUMBER: _p("kind", "a number"),
    ValueKind.TEXT: _p("kind", "a text"),
}

"""Options beside a test of texts: `exact` merges no spellings, `allow_absent` lets a value occur in no
dossier.
"""


class Selector(RootModel[dict[str, Any]]):
    """A mapping of columns to conditions; checked against the table when it is used."""

    def __hash__(self) -> int:
        return hash(repr(self.root))


def select(case: Case, selector: Selector | Mapping[str, object] | None, path: Path) -> BoolArray | None:
    """Return the dossiers that satisfy a selector, bool (n,); all of them without one.

    Returns None, with defects recorded, when the selector cannot be read.
    """
    if selector is None:
        return np.ones(case.n, dtype=np.bool_)
    mapping = selector.root if isinstance(selector, Selector) else selector
    masks = [mask for __, mask in evaluate_conditions(case, mapping, path)]
    if any(mask is None for mask in masks):
        return None
    result = np.ones(case.n, dtype=np.bool_)
    for mask in masks:
        if mask is not None:
            result &= mask
    return result


def evaluate_conditions(
    case: Case, mapping: Mapping[str, object], path: Path
) -> Iterator[tuple[str, BoolArray | None]]:
    """Yield each top-level condition of a selector with the dossiers that satisfy it, bool (n,) or None."""
    for key, wanted in mapping.items():
        here = (*path, key)
        if key in ("any", "all"):
            yield key, _select_nested(case, key, wanted, here)
        elif key == "not":
            inner = select(case, wanted, here) if isinstance(wanted, dict) else _reject_selector(case, here)
            yield key, None if inner is None else ~inner
        else:
            yield key, _select_by_column(case, key, wanted, here)


def _select_nested(case: Case, key: str, wanted: Any, path: Path) -> BoolArray | None:
    if not isinstance(wanted, list) or not all(isinstance(part, dict) for part in wanted):
        return _reject_selector(case, path)
    masks = [select(case, part, (*path, k)) for k, part in enumerate(wanted)]
    known = [mask for mask in masks if mask is not None]
    if len(known) < len(masks):
        return None
    joined: BoolArray = np.logical_or.reduce(known) if key == "any" else np.logical_and.reduce(known)
    return joined


def _reject_selector(case: Case, path: Path) -> BoolArray | None:
    case.record_defect(
        "selector",
        _("this selector does not have the expected form (column: value, list or conditions)."),
        path,
        _("Example: `where: {{applicant_type: [commune, epci], population: {{max: 3500}}}}`."),
    )
    return None


def _select_by_column(case: Case, name: str, wanted: Any, path: Path) -> BoolArray | None:
    if name == "envelope":
        return _select_by_envelope(case, wanted, path)
    kind = get_column_kind(case, name)
    if kind is None:
        record_unknown_column(case, name, path)
        return None
    if isinstance(wanted, dict):
        return _apply_tests(case, name, kind, wanted, path)
    values = wanted if isinstance(wanted, list) else [wanted]
    if not values or any(not isinstance(value, str) for value in values):
        return _reject_selector(case, path)
    return _select_by_values(case, name, kind, values, path, {})


def _apply_tests(
    case: Case, name: str, kind: ValueKind, wanted: dict[str, Any], path: Path
) -> BoolArray | None:
    result: BoolArray | None = np.ones(case.n, dtype=np.bool_)
    options, tests = split_options(wanted)
    if not tests or not _has_valid_options(case, options, tests, path):
        return _reject_selector(case, path) if not tests else None
    for test, bound in tests.items():
        mask = _apply_test(case, name, kind, test, bound, (*path, test), options)
        result = None if mask is None or result is None else result & mask
    return result


def split_options(wanted: Mapping[str, object]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split a condition into its options (`exact`, `allow_absent`) and its tests."""
    options = {key: value for key, value in wanted.items() if key in OPTIONS}
    return options, {key: value for key, value in wanted.items() if key not in OPTIONS}


def _has_valid_options(case: Case, options: Mapping[str, Any], tests: Mapping[str, Any], path: Path) -> bool:
    """Return whether options are true or false and accompany a test of texts; record defects otherwise."""
    unread = [key for key, value in options.items() if value not in ("true", "false")]
    idle = [] if set(TEXT_TESTS) & set(tests) else list(options)
    for key in {*unread, *idle}:
        case.record_defect(
            "selector-option",
            _('"{key}" is true or false, beside `in`, `has`, `has_all` or `only`.', key=key),
            (*path, key),
            _("Write `{{in: [VALUE], {key}: true}}`.", key=key),
        )
    return not unread and not idle


def _apply_test(
    case: Case, name: str, kind: ValueKind, test: str, bound: Any, path: Path, options: Mapping[str, Any]
) -> BoolArray | None:
    if test == "not":
        inner = _select_by_column(case, name, bound, path)
        return None if inner is None else ~inner
    if test == "empty":
        return _select_empty(case, name, kind, bound, path)
    if test == "in":
        values = bound if isinstance(bound, list) else [bound]
        if not values or any(not isinstance(value, str) for value in values):
            return _reject_selector(case, path)
        return _select_by_values(case, name, kind, values, path, options)
    if test in LIST_TESTS and kind is ValueKind.LIST:
        return _apply_list_test(case, name, test, bound, path, options)
    if test in DATE_TESTS and kind is ValueKind.DATE:
        return compare_dates(case, name, test, bound, path)
    if test in NUMBER_TESTS and kind in (ValueKind.MONEY, ValueKind.NUMBER, ValueKind.TEXT):
        return compare_numbers(case, name, test, bound, path)
    _record_wrong_test(case, name, kind, test, path)
    return None


def _record_wrong_test(case: Case, name: str, kind: ValueKind, test: str, path: Path) -> None:
    if test not in TESTS:
        case.record_defect(
            "selector-test",
            _('"{test}" is not a known condition.', test=test),
            path,
            suggest_name(test, TESTS),
        )
        return
    fits = {ValueKind.DATE: DATE_TESTS, ValueKind.LIST: LIST_TESTS}.get(kind, NUMBER_TESTS)
    case.record_defect(
        "selector-test",
        _('"{test}" does not apply to "{name}", which is {kind}.', test=test, name=name, kind=_KINDS[kind]),
        path,
        _("Possible conditions: {fits}.", fits=", ".join(fits)),
    )


def _select_by_envelope(case: Case, wanted: Any, path: Path) -> BoolArray | None:
    if isinstance(wanted, dict):
        if set(wanted) == {"not"}:
            inner = _select_by_envelope(case, wanted["not"], (*path, "not"))
            return None if inner is None else ~inner
        return _reject_selector(case, path)
    result = np.zeros(case.n, dtype=np.bool_)
    fine = True
    for name in wanted if isinstance(wanted, list) else [wanted]:
        node = find_envelope_node(case, str(name), path)
        if node is None:
            fine = False
        else:
            result |= select_subtree(case, node)
    return result if fine else None


def find_envelope_node(case: Case, name: str, path: Path) -> int | None:
    """Return the node of an envelope id; None with a defect recorded when there is no such envelope.

    A part of a split that is not in force has no node: its name then refers to the split envelope.
    """
    tree = case.tree
    if name in tree.ids:
        return tree.get_node(name)
    for split in split_names(name):
        if split in tree.ids and tree.closed[tree.get_node(split)]:
            return tree.get_node(split)
    case.record_defect(
        "unknown-envelope",
        _('there is no envelope "{name}".', name=name),
        path,
        suggest_name(name, case.tree.ids),
    )
    return None


def select_subtree(case: Case, node: int) -> BoolArray:
    """Return the dossiers that ask from an envelope or from one under it, bool (n,)."""
    inside: BoolArray = (case.node >= node) & (case.node < case.tree.end[node])
    return inside


def _select_by_values(
    case: Case, name: str, kind: ValueKind, values: list[str], path: Path, options: Mapping[str, Any]
) -> BoolArray | None:
    if kind is ValueKind.LIST:
        case.record_defect(
            "selector-test",
            _('"{name}" is a list: a single value cannot equal it.', name=name),
            path,
            _("Write `{name}: {{has: …}}`.", name=name),
        )
        return None
    if kind is ValueKind.DATE:
        pieces = [compare_dates(case, name, "day", value, path) for value in values]
    elif kind is ValueKind.TEXT:
        return _match_texts(case, name, values, path, options)
    else:
        pieces = [compare_numbers(case, name, "equal", value, path) for value in values]
    known = [part for part in pieces if part is not None]
    if len(known) < len(pieces):
        return None
    joined: BoolArray = np.logical_or.reduce(known)
    return joined


def _match_texts(
    case: Case, name: str, values: list[str], path: Path, options: Mapping[str, Any]
) -> BoolArray | None:
    unknown = [value for value in values if value not in FIXED_VALUES.get(name, values)]
    for value in unknown:
        case.record_defect(
            "unknown-value",
            _('"{written}" is not a value of "{name}".', written=value, name=name),
            path,
            suggest_name(value, FIXED_VALUES[name]),
        )
    if unknown:
        return None
    if name == "applicant_id":
        values = [value[:9] if len(value) == 14 and value.isdigit() else value for value in values]
        column = case.table.select(extract_siren(name)).to_series()
    else:
        column, values = _prepare_comparison(case, name, values, options)
    filled = [value for value in values if value != ""]
    check_present(case, name, filled, path, allowed=options.get("allow_absent") == "true")
    return case.portfolio.memoise(
        ("in", name, _is_compared_exactly(case, name, options), *filled),
        lambda: column.is_in(filled).fill_null(False).to_numpy(),
        (name,),
    )


def _is_compared_exactly(case: Case, name: str, options: Mapping[str, Any]) -> bool:
    """Return whether the texts of a column are compared as written, without merged spellings."""
    return options.get("exact") == "true" or not is_joined(case, name)


def _prepare_comparison(
    case: Case, name: str, values: list[str], options: Mapping[str, Any]
) -> tuple[pl.Series, list[str]]:
    """Return a column of texts and the values to compare it with, spellings merged unless `exact`."""
    if options.get("exact") == "true":
        return case.table[name], without_ends(values)
    return get_merged_column(case, name), map_to_names(case, name, values)


def _select_empty(case: Case, name: str, kind: ValueKind, wanted: Any, path: Path) -> BoolArray | None:
    if wanted not in ("true", "false"):
        return _reject_selector(case, path)
    column = case.table[f"{name}_cents" if kind is ValueKind.MONEY else name]

    def read() -> BoolArray:
        if kind is ValueKind.LIST:
            empty = (column.list.len() == 0).fill_null(True)
        elif column.dtype == pl.String:
            empty = (column == "").fill_null(True)
        else:
            empty = column.is_null()
        return empty.to_numpy()

    mask = case.portfolio.memoise(("empty", column.name), read, (column.name,))
    return mask if wanted == "true" else ~mask


def _apply_list_test(
    case: Case, name: str, test: str, wanted: Any, path: Path, options: Mapping[str, Any]
) -> BoolArray | None:
    values = wanted if isinstance(wanted, list) else [wanted]
    if not values or any(not isinstance(value, str) for value in values):
        return _reject_selector(case, path)
    lists, values = _prepare_comparison(case, name, values, options)
    check_present(case, name, values, path, allowed=options.get("allow_absent") == "true")
    column = pl.col(name)
    result = column.list.set_intersection(pl.lit(values, dtype=pl.List(pl.String))).list.len()
    filled = column.list.len() > 0
    expression = {
        "has": result > 0,
        "has_all": result == len(set(values)),
        "only": filled & (result == column.list.unique().list.len()),
    }[test]
    return case.portfolio.memoise(
        (test, name, _is_compared_exactly(case, name, options), *values),
        lambda: lists.to_frame(name).select(expression.fill_null(False)).to_series().to_numpy(),
        (name,),
    )


def describe(mapping: Mapping[str, object]) -> str:
    """Return a selector as short text in the scenario's own notation."""
    return ", ".join(f"{key}: {_shorten_value(value)}" for key, value in mapping.items())


def _shorten_value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + describe(value) + "}"
    if isinstance(value, list):
        shown = ", ".join(_shorten_value(part) for part in value[:8])
        return "[" + shown + (", …" if len(value) > 8 else "") + "]"
    return str(value)
