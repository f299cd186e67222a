"""Comparisons of a column with a bound: exact for numbers, in local days for dates.

A bound is a literal, `{column: NAME, times: 1.3, plus: …}`, or `{date: decision | year_start, plus: 24
months}`. An empty cell satisfies no comparison.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from pydantic_core import PydanticCustomError

from tnt_sim.domain.field_types import quote_value, read_moment, read_span
from tnt_sim.domain.money import MoneyError, parse_cents, parse_decimal, parse_rate
from tnt_sim.i18n.message import Bilingual, _
from tnt_sim.rules.expressions.columns import (
    ValueKind,
    get_column_kind,
    read_numeric_column,
    record_unknown_column,
)
from tnt_sim.rules.linear_terms import SAFE_SUM, BoolArray, IntArray, Unit
from tnt_sim.rules.protocols import Case, Numeric, Path

MOST_STEPS = 2**53
"""2^53: integers up to here are exact in a 64-bit float, so a solver distinguishes each of them."""


def compare_numbers(case: Case, name: str, test: str, bound: object, path: Path) -> BoolArray | None:
    """Compare a numeric column with a bound, bool (n,); `test` is min, max, above, below or equal.

    Returns None, with a defect recorded, when the column or the bound cannot be read.
    """
    column = read_numeric_column(case, name, path)
    if column is None:
        return None
    if isinstance(bound, dict):
        return _compare_with_column(case, column, test, bound, path)
    limit = parse_number(case, str(bound), column.unit, path)
    if limit is None:
        return None
    steps = limit / column.scale
    floor, exact = math.floor(steps), steps.denominator == 1
    floor = max(-(2**62), min(2**62, floor))
    values = column.values
    mask = {
        "min": values >= floor if exact else values > floor,
        "above": values > floor,
        "max": values <= floor,
        "below": values < floor if exact else values <= floor,
        "equal": (values == floor) if exact else np.zeros(case.n, dtype=np.bool_),
    }[test]
    result: BoolArray = mask & ~column.missing
    return result


_COMPARISON = re.compile(r"(<=|>=|<|>|≤|≥)\s*")
_SIGNS = {"<": "below", ">": "above", "<=": "max", "≤": "max", ">=": "min", "≥": "min"}
"""The condition that each sign of comparison means."""


def parse_number(case: Case, text: str, unit: Unit, path: Path) -> Fraction | None:
    """Parse a bound as an exact number: euros for money, otherwise a plain number or a rate."""
    try:
        if unit is Unit.MONEY:
            return Fraction(parse_cents(text), 100)
        return parse_rate(text) if text.rstrip().endswith("%") else parse_decimal(text)
    except MoneyError as error:
        text, sign = text.strip(), _COMPARISON.match(text.strip())
        if sign is not None:
            hint = _(
                "Write `{{{name}: {bound}}}`.", name=_SIGNS[sign[1]], bound=quote_value(text[sign.end() :])
            )
        else:
            hint = (
                _("Write for example 400 k€.") if unit is Unit.MONEY else _("Write for example 3500 or 80%.")
            )
        case.record_defect(
            "bound", _('"{value}": {why}.', value=quote_value(text), why=error.text), path, hint
        )
        return None


def parse_bound(case: Case, text: str, unit: Unit, scale: Fraction, path: Path) -> Fraction | None:
    """Parse the bound of a rule; record a defect if it exceeds 2^53 steps of the rule's sum."""
    value = parse_number(case, text, unit, path)
    if value is None or abs(value) < MOST_STEPS * scale:
        return value
    case.record_defect(
        "too-large",
        _('"{number}" leaves what is computed exactly (2^53 steps of this sum).', number=quote_value(text)),
        path,
        _("Give a smaller bound, or none."),
    )
    return None


def _compare_with_column(
    case: Case, column: Numeric, test: str, bound: dict[str, Any], path: Path
) -> BoolArray | None:
    unknown = set(bound) - {"column", "times", "plus"}
    if unknown or "column" not in bound:
        _record_bad_bound(case, path)
        return None
    other = read_numeric_column(case, str(bound["column"]), (*path, "column"))
    if other is None:
        return None
    times = parse_number(case, str(bound.get("times", "1")), Unit.NUMBER, path)
    plus = parse_number(case, str(bound.get("plus", "0")), column.unit, path)
    if times is None or plus is None:
        return None
    # a·sa ⋚ t·b·sb + p, over one common denominator so that both sides are integers
    left_scale, right_scale = column.scale, times * other.scale
    common = left_scale.denominator * right_scale.denominator * plus.denominator
    left = _scale_values(column.values, int(left_scale * common), 0)
    right = _scale_values(other.values, int(right_scale * common), int(plus * common))
    operate = {
        "min": np.greater_equal,
        "above": np.greater,
        "max": np.less_equal,
        "below": np.less,
    }[test]
    result: BoolArray = np.asarray(operate(left, right), dtype=np.bool_)
    return result & ~column.missing & ~other.missing


def _scale_values(values: IntArray, factor: int, plus: int) -> Any:
    largest = int(np.abs(values).max(initial=0)) * abs(factor) + abs(plus)
    if largest < SAFE_SUM:
        return values * np.int64(factor) + np.int64(plus)
    return values.astype(object) * factor + plus


def compare_dates(case: Case, name: str, test: str, bound: object, path: Path) -> BoolArray | None:
    """Compare a date column with a bound, bool (n,).

    `test` is from, until (both inclusive), before, after or day.

    Local days are compared when either side is a day, instants otherwise.
    """
    read = {name, str(bound["column"])} if isinstance(bound, dict) and "column" in bound else {name}
    try:
        return case.portfolio.memoise(
            ("dates", name, test, repr(bound), case.day, case.timezone),
            lambda: _compare_date_column(case, name, test, bound, path),
            read,
        )
    except _UnreadBoundError:
        return None


class _UnreadBoundError(Exception):
    """A bound has a defect, which is recorded each time, so that nothing is memoised."""


def _compare_date_column(case: Case, name: str, test: str, bound: object, path: Path) -> BoolArray:
    column = case.table[name]
    limit = read_date_bound(case, bound, path)
    if limit is None:
        raise _UnreadBoundError
    if isinstance(column.dtype, pl.Datetime) and isinstance(limit.dtype, pl.Datetime):
        left, right = column, limit
    else:
        left, right = (
            convert_to_local_days(column, case.timezone),
            convert_to_local_days(limit, case.timezone),
        )
    operate = {
        "from": left >= right,
        "until": left <= right,
        "before": left < right,
        "after": left > right,
        "day": left == right,
    }[test]
    return operate.fill_null(False).to_numpy()


def convert_to_local_days(column: pl.Series, timezone: str) -> pl.Series:
    """Return a column of days or instants as days in the scenario's time zone."""
    if isinstance(column.dtype, pl.Date):
        return column
    return column.dt.convert_time_zone(timezone).dt.date()


def read_date_bound(case: Case, bound: object, path: Path) -> pl.Series | None:
    """Return the bound of each dossier as days or instants.

    Returns None, with a defect recorded, when it cannot be read.
    """
    if isinstance(bound, str):
        moment = _parse_moment(case, bound, path)
        return None if moment is None else _fill_series(case, moment)
    if not isinstance(bound, dict) or set(bound) - {"column", "date", "plus"}:
        _record_bad_bound(case, path)
        return None
    if "column" in bound:
        base = _get_date_column(case, str(bound["column"]), (*path, "column"))
    else:
        base = _resolve_named_day(case, str(bound.get("date")), (*path, "date"))
    if base is None or "plus" not in bound:
        return base
    span = _read(case, read_span, bound["plus"], (*path, "plus"))
    if span is None:
        return None
    return _add_span(base, f"{span.months}mo" if span.months else f"{span.days}d", case.timezone)


def _add_span(base: pl.Series, length: str, timezone: str) -> pl.Series:
    """Add a span of local calendar time to days or instants.

    A local time skipped by a clock change moves one hour on.
    """
    if isinstance(base.dtype, pl.Date):
        return base.dt.offset_by(length)
    local = base.dt.convert_time_zone(timezone).dt.replace_time_zone(None).dt.offset_by(length)
    at, after = (
        moment.dt.replace_time_zone(timezone, ambiguous="earliest", non_existent="null")
        for moment in (local, local + timedelta(hours=1))
    )
    return at.fill_null(after).dt.convert_time_zone("UTC")


def _get_date_column(case: Case, name: str, path: Path) -> pl.Series | None:
    kind = get_column_kind(case, name)
    if kind is None:
        record_unknown_column(case, name, path)
        return None
    if kind is not ValueKind.DATE:
        case.record_defect(
            "not-a-date",
            _('the column "{name}" does not hold dates.', name=name),
            path,
            _("Name a column of dates, for example `filed_at`."),
        )
        return None
    return case.table[name]


def _resolve_named_day(case: Case, name: str, path: Path) -> pl.Series | None:
    if name not in ("decision", "year_start"):
        _record_bad_bound(case, path)
        return None
    if case.day is None:
        case.record_defect(
            "date-missing",
            _("the scenario refers to the day of the decision but does not say which."),
            path,
            _("Add `date: YYYY-MM-DD` to the scenario."),
        )
        return None
    return _fill_series(case, case.day if name == "decision" else case.day.replace(month=1, day=1))


def _parse_moment(case: Case, text: str, path: Path) -> date | datetime | None:
    moment = _read(case, read_moment, text, path)
    if isinstance(moment, datetime) and moment.tzinfo is None:
        return moment.replace(tzinfo=ZoneInfo(case.timezone))
    return moment


def _read[T](case: Case, reader: Callable[[object], T], value: object, path: Path) -> T | None:
    """Parse a value with a reader of `field_types`; record a defect and return None when it fails."""
    try:
        return reader(value)
    except PydanticCustomError as error:
        said = error.context or {}
        hint = Bilingual(said["hint_fr"], said["hint_en"]) if "hint_fr" in said else None
        case.record_defect(error.type, Bilingual(f"{said['fr']}.", f"{said['en']}."), path, hint)
        return None


def _fill_series(case: Case, moment: date | datetime) -> pl.Series:
    if isinstance(moment, datetime):
        utc = moment.astimezone(ZoneInfo("UTC"))
        return pl.Series([utc], dtype=pl.Datetime("us", "UTC")).new_from_index(0, case.n)
    return pl.Series([moment], dtype=pl.Date).new_from_index(0, case.n)


def _record_bad_bound(case: Case, path: Path) -> None:
    case.record_defect(
        "bound",
        _("this bound does not have the expected form."),
        path,
        _("A number, a date, `{{column: NAME, times: 1.3}}` or `{{date: decision, plus: 24 months}}`."),
    )
