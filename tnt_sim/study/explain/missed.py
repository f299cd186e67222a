"""Every requirement that a dossier misses: what it holds, what is asked, by how much it falls short, and why.

The shortfall is exact where the requirement compares one figure or one day with a bound; a list of admitted
values has none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.errors import Place
from tnt_sim.rules.base import Numeric, Unit
from tnt_sim.rules.columns import Kind, kind_of, numeric_column
from tnt_sim.rules.compare import date_bound, local_days, number_literal
from tnt_sim.rules.eligibility import EligibilitySpec, Failure, blank_columns
from tnt_sim.scenario.compile import Problem

_LOW, _HIGH = ("min", "above"), ("max", "below")
_EARLY, _LATE = ("until", "before"), ("from", "after")


@dataclass(frozen=True, slots=True)
class Missed:
    """One requirement that one dossier misses.

    Attributes
    ----------
    rule, column : the eligibility entry (`state` for a closed dossier) and the column that it looks at
    value : what the dossier holds; None for an empty cell or where several columns count
    test, limit : the comparison that fails (`min`, `above`, `until`, …) and its bound, None where it is none
    shortfall : how much is missing, or too much; None where it cannot be counted
    unit : « money » (euros), « number » or « days »
    wanted : the requirement as the scenario writes it
    reason, source : the planner's own words; law or page
    place : where the requirement stands
    not_given : the columns that the dossier leaves empty, where it misses the requirement by that alone
    """

    rule: str
    column: str
    value: Fraction | str | None
    test: str | None
    limit: Fraction | str | None
    shortfall: Fraction | None
    unit: str
    wanted: Mapping[str, Any]
    reason: str
    source: str
    place: Place
    not_given: tuple[str, ...] = ()


def missed_by(problem: Problem, row: int) -> list[Missed]:
    """All requirements that a dossier misses, in the order of the scenario."""
    specs = {spec.id: (spec, k) for k, spec in enumerate(problem.scenario.spec.eligibility)}
    found = []
    for failure in problem.eligibility.failures:
        if failure.mask[row]:
            spec, number = specs.get(failure.rule, (None, -1))
            found.append(_missed(problem, row, failure, spec, number))
    return found


def _missed(
    problem: Problem, row: int, failure: Failure, spec: EligibilitySpec | None, number: int
) -> Missed:
    wanted = {} if spec is None else {failure.column: spec.require.root[failure.column]}
    value, unit = _value(problem, row, failure.column)
    tests = wanted.get(failure.column)
    figures: Figures = (None, None, None)
    if isinstance(tests, dict) and value is not None:
        path = ("eligibility", number, "require", failure.column)
        figures = _first_missed(problem, row, failure.column, tests, value, path)
    place = problem.scenario.locate(("dossiers",) if spec is None else ("eligibility", number))
    return Missed(
        failure.rule,
        failure.column,
        value,
        *figures,
        unit,
        wanted,
        failure.reason,
        failure.source,
        place,
        () if failure.given else blank_columns(problem.case, failure, np.array([row])),
    )


def _value(problem: Problem, row: int, column: str) -> tuple[Fraction | str | None, str]:
    """What the dossier holds, and its unit."""
    case = problem.case
    kind = kind_of(case, column)
    if kind is None:
        return None, Unit.NUMBER.value
    if kind in (Kind.MONEY, Kind.NUMBER):
        figures = numeric_column(case, column, ())
        unit = Unit.MONEY.value if kind is Kind.MONEY else Unit.NUMBER.value
        if figures is None or figures.missing[row]:
            return None, unit
        return figures.scale * int(figures.values[row]), unit
    cell = case.table[column][row]
    if kind is Kind.DATE:
        return (None if cell is None else _day(case.table[column], row, case.timezone)), "days"
    text = ";".join(cell) if isinstance(cell, pl.Series | list) else cell
    return (text or None), "text"


def _day(column: pl.Series, row: int, timezone: str) -> str:
    return str(local_days(column.slice(row, 1), timezone)[0])


Figures = tuple[str | None, Fraction | str | None, Fraction | None]


def _first_missed(
    problem: Problem,
    row: int,
    column: str,
    tests: Mapping[str, Any],
    value: Fraction | str,
    path: tuple[str | int, ...],
) -> Figures:
    """The first comparison of a requirement that fails, its bound and what is missing."""
    for test, bound in tests.items():
        if isinstance(value, Fraction) and test in (*_LOW, *_HIGH):
            found = _number(problem, row, column, test, bound, value, path)
        elif isinstance(value, str) and test in (*_EARLY, *_LATE):
            found = _date(problem, row, column, test, bound, path)
        else:
            continue
        if found is not None:
            return found
    return None, None, None


def _number(
    problem: Problem,
    row: int,
    column: str,
    test: str,
    bound: Any,
    value: Fraction,
    path: tuple[str | int, ...],
) -> Figures | None:
    case = problem.case
    figures = numeric_column(case, column, path)
    if figures is None:
        return None
    if isinstance(bound, dict):
        other = numeric_column(case, str(bound.get("column")), path)
        times = number_literal(case, str(bound.get("times", "1")), Unit.NUMBER, path)
        plus = number_literal(case, str(bound.get("plus", "0")), figures.unit, path)
        if other is None or times is None or plus is None or other.missing[row]:
            return None
        limit: Fraction | None = times * other.scale * int(other.values[row]) + plus
    else:
        limit = number_literal(case, str(bound), figures.unit, path)
    if limit is None:
        return None
    gap = limit - value if test in _LOW else value - limit
    strict = test in ("above", "below")
    if gap < 0 or (gap == 0 and not strict):
        return None
    return test, limit, gap + _beyond(gap, figures) if strict else gap


def _beyond(gap: Fraction, figures: Numeric) -> Fraction:
    """From a strict bound to the nearest figure beyond it, where the column counts cents or whole things."""
    whole = figures.scale * int(np.gcd.reduce(np.abs(figures.values), initial=0))
    if figures.unit is not Unit.MONEY and whole.denominator != 1:
        return Fraction(0)
    step = figures.scale if figures.unit is Unit.MONEY else Fraction(1)
    return step * (1 + math.floor(gap / step)) - gap


def _date(
    problem: Problem, row: int, column: str, test: str, bound: Any, path: tuple[str | int, ...]
) -> Figures | None:
    case = problem.case
    limits = date_bound(case, bound, path)
    if limits is None or limits[row] is None:
        return None
    held = local_days(case.table[column].slice(row, 1), case.timezone)[0]
    limit = local_days(limits.slice(row, 1), case.timezone)[0]
    days = (held - limit).days if test in _EARLY else (limit - held).days
    days += test in ("before", "after")
    return (test, str(limit), Fraction(days)) if days > 0 else None
