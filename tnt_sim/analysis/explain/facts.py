"""Facts behind each reason: figures and names read from the decision, one entry per application.

Nothing is solved here. The sentences are written in `reporting/`. For an ineligible application
the entry lists every requirement it misses: its value, the bound, the shortfall and the source. The
shortfall is exact if the requirement compares one number or one date with a bound; a list of
accepted values has none.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tnt_sim.analysis.explain.document import (
    BECAUSE_CODE,
    DecidingRule,
    ExplainedDossier,
    MarginDossier,
    MarginEntry,
    NamedRule,
    ReserveRank,
    TakenDecision,
    UnmetEntry,
)
from tnt_sim.analysis.shared.decided_run import DecidedRun
from tnt_sim.i18n.message import Lang
from tnt_sim.rules.expressions.columns import ValueKind, get_column_kind, read_numeric_column
from tnt_sim.rules.expressions.comparisons import convert_to_local_days, parse_number, read_date_bound
from tnt_sim.rules.linear_terms import IntArray, Unit
from tnt_sim.rules.offers.eligibility import INELIGIBLE_CODES, EligibilitySpec, Failure, list_blank_columns
from tnt_sim.rules.offers.total_aid import GUARD, GUARD_TITLE
from tnt_sim.rules.protocols import Numeric
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.decision_reasons import compute_worth_per_euro
from tnt_sim.verify.reason_sentences import map_empty_columns
from tnt_sim.verify.run_document import format_fraction, select_eligible

_LOW, _HIGH = ("min", "above"), ("max", "below")
_EARLY, _LATE = ("until", "before"), ("from", "after")


def list_unmet_conditions(problem: Problem, row: int) -> list[UnmetEntry]:
    """List all requirements that an application misses, in the order of the scenario."""
    specs = {spec.id: (spec, k) for k, spec in enumerate(problem.scenario.spec.eligibility)}
    result = []
    for failure in problem.eligibility.failures:
        if failure.mask[row]:
            spec, number = specs.get(failure.rule, (None, -1))
            result.append(_build_unmet_entry(problem, row, failure, spec, number))
    return result


def _build_unmet_entry(
    problem: Problem, row: int, failure: Failure, spec: EligibilitySpec | None, number: int
) -> UnmetEntry:
    wanted = {} if spec is None else {failure.column: spec.require.root[failure.column]}
    value, unit = _read_value(problem, row, failure.column)
    tests = wanted.get(failure.column)
    failed: FailedComparison = (None, None, None)
    if isinstance(tests, dict) and value is not None:
        path = ("eligibility", number, "require", failure.column)
        failed = _find_failed_comparison(problem, row, failure.column, tests, value, path)
    test, limit, shortfall = failed
    place = problem.scenario.locate(("dossiers",) if spec is None else ("eligibility", number))
    return UnmetEntry(
        rule=failure.rule,
        column=failure.column,
        value=_format_value(value),
        test=test,
        limit=_format_value(limit),
        shortfall=format_fraction(shortfall),
        unit=unit,
        wanted=wanted,
        reason=failure.reason,
        source=failure.source,
        place=str(place),
        not_given=() if failure.is_filled else list_blank_columns(problem.case, failure, np.array([row])),
    )


def _format_value(value: Fraction | str | None) -> str | None:
    return format_fraction(value) if isinstance(value, Fraction) else value


def _read_value(problem: Problem, row: int, column: str) -> tuple[Fraction | str | None, str]:
    """Return the value of the application and its unit."""
    case = problem.case
    kind = get_column_kind(case, column)
    if kind is None:
        return None, Unit.NUMBER.value
    if kind in (ValueKind.MONEY, ValueKind.NUMBER):
        amounts = read_numeric_column(case, column, ())
        unit = Unit.MONEY.value if kind is ValueKind.MONEY else Unit.NUMBER.value
        if amounts is None or amounts.missing[row]:
            return None, unit
        return amounts.scale * int(amounts.values[row]), unit
    cell = case.table[column][row]
    if kind is ValueKind.DATE:
        return (None if cell is None else _format_day(case.table[column], row, case.timezone)), "days"
    text = ";".join(cell) if isinstance(cell, pl.Series | list) else cell
    return (text or None), "text"


def _format_day(column: pl.Series, row: int, timezone: str) -> str:
    return str(convert_to_local_days(column.slice(row, 1), timezone)[0])


FailedComparison = tuple[str | None, Fraction | str | None, Fraction | None]


def _find_failed_comparison(
    problem: Problem,
    row: int,
    column: str,
    tests: Mapping[str, Any],
    value: Fraction | str,
    path: tuple[str | int, ...],
) -> FailedComparison:
    """Return the first comparison that fails, its bound and the shortfall."""
    for test, bound in tests.items():
        if isinstance(value, Fraction) and test in (*_LOW, *_HIGH):
            result = _compare_number(problem, row, column, test, bound, value, path)
        elif isinstance(value, str) and test in (*_EARLY, *_LATE):
            result = _compare_date(problem, row, column, test, bound, path)
        else:
            continue
        if result is not None:
            return result
    return None, None, None


def _compare_number(
    problem: Problem,
    row: int,
    column: str,
    test: str,
    bound: Any,
    value: Fraction,
    path: tuple[str | int, ...],
) -> FailedComparison | None:
    case = problem.case
    amounts = read_numeric_column(case, column, path)
    if amounts is None:
        return None
    if isinstance(bound, dict):
        other = read_numeric_column(case, str(bound.get("column")), path)
        times = parse_number(case, str(bound.get("times", "1")), Unit.NUMBER, path)
        plus = parse_number(case, str(bound.get("plus", "0")), amounts.unit, path)
        if other is None or times is None or plus is None or other.missing[row]:
            return None
        limit: Fraction | None = times * other.scale * int(other.values[row]) + plus
    else:
        limit = parse_number(case, str(bound), amounts.unit, path)
    if limit is None:
        return None
    gap = limit - value if test in _LOW else value - limit
    strict = test in ("above", "below")
    if gap < 0 or (gap == 0 and not strict):
        return None
    return test, limit, gap + _compute_excess(gap, amounts) if strict else gap


def _compute_excess(gap: Fraction, numeric: Numeric) -> Fraction:
    """Return the distance from a strict bound to the nearest allowed value.

    It is 0 unless the column counts cents or integers.
    """
    whole = numeric.scale * int(np.gcd.reduce(np.abs(numeric.values), initial=0))
    if numeric.unit is not Unit.MONEY and whole.denominator != 1:
        return Fraction(0)
    step = numeric.scale if numeric.unit is Unit.MONEY else Fraction(1)
    return step * (1 + math.floor(gap / step)) - gap


def _compare_date(
    problem: Problem, row: int, column: str, test: str, bound: Any, path: tuple[str | int, ...]
) -> FailedComparison | None:
    case = problem.case
    limits = read_date_bound(case, bound, path)
    if limits is None or limits[row] is None:
        return None
    held = convert_to_local_days(case.table[column].slice(row, 1), case.timezone)[0]
    limit = convert_to_local_days(limits.slice(row, 1), case.timezone)[0]
    days = (held - limit).days if test in _EARLY else (limit - held).days
    days += test in ("before", "after")
    return (test, str(limit), Fraction(days)) if days > 0 else None


AT_THE_MARGIN = 3
"""Number of applications named at the margin: the last ones funded in the blocking envelope."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Data read once for all applications.

    `numbers` and `worth` have one value per application: its number, and its value for the first objective
    per euro. `counted_zero` lists, by row, the empty columns that count as zero.
    """

    decided: DecidedRun
    numbers: Sequence[str]
    worth: NDArray[np.float64]
    order: IntArray
    """Rows of the funded candidates, least worth per euro first."""
    eligible: NDArray[np.bool_]
    counted_zero: Mapping[int, tuple[str, ...]]
    margins: dict[int, tuple[MarginDossier, ...]] = field(default_factory=dict)
    """The last funded candidates, by envelope: filled on demand."""


def read_facts(decided: DecidedRun) -> Facts:
    """Read the data shared by all entries of a decision."""
    problem = decided.problem
    worth = compute_worth_per_euro(problem)
    rivals = np.flatnonzero(decided.allocation.funded & problem.offers.candidate & ~problem.offers.forced)
    order = rivals[np.lexsort((-rivals, worth[rivals]))]
    blank = map_empty_columns(problem, decided.reasons)
    eligible = np.asarray(select_eligible(problem), dtype=np.bool_)
    return Facts(decided, decided.numbers.to_list(), worth, order, eligible, blank)


def build_entry(
    facts: Facts, row: int, because: Sequence[DecidingRule], barring_rules: Mapping[str, str]
) -> ExplainedDossier:
    """Write the entry of one application, without its sentence and the changes that would fund it.

    Parameters
    ----------
    because : rules whose removal changes the decision; the reason code names them
    barring_rules : rules that applications of the reserve list wait for
    """
    decided = facts.decided
    problem = decided.problem
    reason = str(decided.codes[row])
    code = BECAUSE_CODE.get(reason, reason) if because else reason
    number = facts.numbers[row]
    barring_rule = barring_rules.get(number) if code in ("outranked", "none_fits") else None
    funded = bool(decided.allocation.funded[row])
    node = int(problem.case.node[row])
    return ExplainedDossier(
        dossier=number,
        envelope=problem.case.tree.ids[node] if node >= 0 else None,
        eligible=bool(facts.eligible[row]),
        funded=funded,
        granted_cents=int(decided.allocation.granted_cents[row]),
        asked_cents=int(problem.offers.least_cents[row]) or None,
        reason_code=code,
        optimal=decided.is_optimal,
        reason=decided.sentences[row],
        missed=list_unmet_conditions(problem, row) if code in INELIGIBLE_CODES else (),
        margin=None if funded else _build_margin_entry(facts, row),
        by=_find_blocking_dossier(facts, row),
        rule=_find_reason_rule(decided, row),
        unclear=bool(decided.reasons.unclear[row]),
        empty=facts.counted_zero.get(row, ()),
        decision=_build_decision_entry(problem, row) if code == "decided" else None,
        on_reserve=_build_reserve_entry(decided, number),
        because=because,
        barred_by=None if barring_rule is None else build_rule_entry(problem, barring_rule),
    )


def _build_margin_entry(facts: Facts, row: int) -> MarginEntry | None:
    """Describe the blocking envelope: the money left and the last applications funded in it."""
    decided = facts.decided
    tree = decided.problem.case.tree
    node = int(decided.reasons.blocking[row])
    if node < 0:
        return None
    return MarginEntry(
        envelope=tree.ids[node],
        title=tree.titles[node],
        left_cents=int(decided.reasons.left_cents[row]),
        asked_cents=int(decided.problem.offers.least_cents[row]),
        per_thousand_euros=_format_worth_per_thousand(facts, row),
        dossiers=_list_margin_dossiers(facts, node),
    )


def _list_margin_dossiers(facts: Facts, node: int) -> tuple[MarginDossier, ...]:
    """List the last funded candidates under an envelope."""
    if node not in facts.margins:
        granted = facts.decided.allocation.granted_cents
        facts.margins[node] = tuple(
            MarginDossier(
                dossier=facts.numbers[other],
                granted_cents=int(granted[other]),
                per_thousand_euros=_format_worth_per_thousand(facts, other),
            )
            for other in find_last_funded(facts, node, AT_THE_MARGIN)
        )
    return facts.margins[node]


def find_last_funded(facts: Facts, node: int, most: int) -> list[int]:
    """Return the rows of funded candidates under an envelope with the least worth per euro, least first."""
    case = facts.decided.problem.case
    at = case.node[facts.order]
    under = facts.order[(at >= node) & (at < case.tree.end[node])]
    found: list[int] = under[:most].tolist()
    return found


def _format_worth_per_thousand(facts: Facts, row: int) -> str:
    """Format the worth for the first objective per 1,000 €, two decimals; for display only."""
    return f"{facts.worth[row] * float(facts.decided.problem.stages[0].terms.scale) * 100_000:.2f}"


def _find_blocking_dossier(facts: Facts, row: int) -> str | None:
    """Return the application that keeps this one out through a relation between applications."""
    other = int(facts.decided.reasons.by[row])
    return facts.numbers[other] if other >= 0 else None


def _find_reason_rule(decided: DecidedRun, row: int) -> NamedRule | None:
    """Return the rule that the reason refers to, with its position in the files."""
    name = str(decided.reasons.rule[row])
    if not name:
        return None
    return build_rule_entry(decided.problem, name)


def build_rule_entry(problem: Problem, name: str) -> NamedRule:
    """Return a rule, cap or envelope option by its id, with its title and its position in the files."""
    spec = problem.scenario.spec
    for key, entries in (("rules", spec.rules), ("caps", [cap.fill_from_library() for cap in spec.caps])):
        for number, entry in enumerate(entries):
            if name in (getattr(entry, "id", None), getattr(entry, "name", None)):
                place = problem.scenario.locate((key, number))
                kind = str(getattr(entry, "kind", "cap"))
                return NamedRule(id=name, kind=kind, title=entry.title, place=str(place))
    if name == GUARD:
        title = GUARD_TITLE.in_(Lang(spec.locale))
        return NamedRule(id=name, kind="cap", title=title, place=None)
    envelope, _, option = name.partition(".")
    known = envelope in problem.case.tree.ids
    where = str(problem.scenario.locate(("envelope", envelope, option))) if known else None
    return NamedRule(id=name, kind="envelope" if known else "column", title="", place=where)


def _build_reserve_entry(decided: DecidedRun, number: str) -> ReserveRank | None:
    """Return the rank on the reserve list and the amount the application would get."""
    found = decided.on_reserve.get(number)
    return None if found is None else ReserveRank(rank=found[0], cents=found[1])


def _build_decision_entry(problem: Problem, row: int) -> TakenDecision | None:
    """Return the decision taken on an application by people, with its author and reason."""
    number = int(problem.decided.rule[row])
    if number < 0:
        return None
    spec = problem.decided.specs[number]
    place = problem.scenario.locate(("rules", spec.id))
    return TakenDecision(
        rule=spec.id, title=spec.title, reason=spec.reason, author=spec.author, place=str(place)
    )


def count_by_reason(entries: Sequence[ExplainedDossier]) -> dict[str, int]:
    """Count the applications by reason code."""
    return dict(sorted(Counter(entry.reason_code for entry in entries).items()))
