"""Compare the rows that proofs rest on with a second, independent reading of every rule.

The solver's model and the proof checker's system use the same row-writing method of each rule, so one faulty
row would mislead both. The second reading derives the rows again from the compiled rule data alone:

    hard rules, caps, envelope limits, envelope tree, ranges, decisions,
    common rates, sums at a price                                 Σ a_c·x_c + Σ s_i·u_i + Σ f_k·v_k ≤ b
    sums over dossiers in a goal                                  Σ a_c·x_c + Σ s_i·u_i + Σ f_k·v_k + constant
    other kinds at a price, objectives by group                   none

with x the choices, u the units above the least amount of a range and v further columns. A row a'x ≤ b' over
integers x ≥ 0 is implied by a second row a x ≤ b (divided by the greatest common divisor of its coefficients)
if, for some λ ≥ 0,

    a' ≤ λ·a in every column        b' ≥ λ·⌊b⌋

So a row may be weaker than its rule says (divided, rounded outwards, with further negative entries), never
stronger.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, partial
from math import gcd
from typing import Any

import numpy as np

from tnt_sim.certify.claim_systems import (
    FORCED,
    FORCED_PLACE,
    Agreement,
    ClaimGoal,
    Claims,
    EnvelopeMatch,
    RowSource,
)
from tnt_sim.certify.system import STAGE, Rows, System
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.rules.envelopes.options import EnvelopeLimit
from tnt_sim.rules.kinds.registry import load_rule_kinds
from tnt_sim.rules.linear_terms import BoolArray, IntArray
from tnt_sim.rules.offers.caps import Caps
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.offers.levels import CommonRates
from tnt_sim.rules.protocols import Case, Mode, Sense
from tnt_sim.rules.second_reading.envelopes_and_caps import (
    add_cap_rows,
    add_common_rate_rows,
    add_envelope_limit_row,
    add_envelope_rows,
    add_range_rows,
    list_envelope_amounts,
)
from tnt_sim.rules.second_reading.rows import (
    Columns,
    MissingColumnError,
    Numbers,
    Pricing,
    RowCollector,
    Second,
    SharedSums,
    add_shared_rows,
    sum_over_columns,
)
from tnt_sim.scenario.objective import ObjectiveStage
from tnt_sim.scenario.problem import Problem

READERS: Mapping[type, Callable[[RowCollector, Any], None]] = {
    Caps: add_cap_rows,
    EnvelopeLimit: add_envelope_limit_row,
    Case: add_envelope_rows,
    CommonRates: add_common_rate_rows,
    SharedSums: add_shared_rows,
    Offers: add_range_rows,
    **{rule: read for kind in load_rule_kinds().values() for rule, read in kind.second_reading.items()},
}
"""The second reading of each kind of rule, by the type of the compiled rule.

A `Case` stands for its envelope tree.
"""
PRICED_READERS: Mapping[type, Callable[..., None]] = {
    rule: read for kind in load_rule_kinds().values() for rule, read in kind.priced_reading.items()
}
"""The same for rules that may be broken at a price."""


CHOICE = "choice:"
"""Before the dossier whose amounts a system narrows."""


@dataclass(frozen=True, slots=True, eq=False)
class SecondRow:
    """One row of the second reading, dense: Σ choices·x + Σ units·u ≤ bound.

    Attributes
    ----------
    name : the rule and group it stands for
    choices : (n_choices,), int64, or Python integers where 64 bits do not suffice
    units : (n_ranged,), the same
    bound : integer
    """

    name: str
    choices: Numbers
    units: Numbers
    bound: int


def build_second_reading(columns: Columns, rule: object) -> Second | None:
    """Return the second reading of a hard rule; None if it is not hard, or its kind has none."""
    reader = READERS.get(type(rule))
    if reader is None or getattr(rule, "mode", Mode.HARD) is not Mode.HARD:
        return None
    lines = RowCollector(replace(columns, shared={}))
    reader(lines, rule)
    return lines.build_second_reading()


def has_every_reading(problem: Problem) -> bool:
    """Whether every hard rule of a problem is of a class that has a second reading."""
    rules = (*problem.rules, *problem.table_rules)
    return all(type(rule) in READERS for rule in rules if rule.mode is Mode.HARD)


def build_second_rows(problem: Problem, rule: object) -> list[SecondRow] | None:
    """Return the second reading of a rule row by row; None if it has none."""
    columns = Columns.of(problem.offers)
    second = build_second_reading(columns, rule)
    if second is None:
        return None
    rows = []
    starts = np.searchsorted(second.row, np.arange(len(second.names) + 1)).tolist()
    for k, (name, bound) in enumerate(zip(second.names, second.bound, strict=True)):
        whole: Numbers = np.zeros(columns.size, dtype=second.value.dtype)
        part = slice(starts[k], starts[k + 1])
        whole[second.col[part]] = second.value[part]
        rows.append(SecondRow(name, whole[: columns.n_choices], whole[columns.n_choices :], bound))
    return rows


def compare_readings(problem: Problem, claims: Claims, deadline: Deadline = UNLIMITED) -> Agreement:
    """Compare every row and goal of the claims, and every forced dossier, with its second reading.

    Priced rows of a kind without a reader count as unread. A hard rule whose class
    has no second reading is refused with all its rows, so that no proof stands on it.

    Raises
    ------
    DeadlineExpired
        When time is up first.
    """
    comparison = _RowComparison(problem, claims, deadline)
    if FORCED_PLACE not in claims.compared:
        narrow = tuple(_list_forced_dossiers(comparison.columns, problem, claims.system))
        claims.compared[FORCED_PLACE] = Agreement(narrow, 0, 0)
    places = range(len(claims.written))
    for place in places:
        deadline.check()
        if place not in claims.compared:
            claims.compared[place] = comparison.compare_source(place)
    agreements = [claims.compared[place] for place in (FORCED_PLACE, *places)]
    # rows that the objectives themselves need come after those of rules
    n_more = claims.system.rows.n - max((written.last for written in claims.written), default=0)
    return Agreement(
        (
            *(name for agreement in agreements for name in agreement.narrow),
            *comparison.list_narrow_choices(),
            *comparison.list_other_goals(),
        ),
        sum(agreement.n_read for agreement in agreements),
        n_more + sum(agreement.n_unread for agreement in agreements),
    )


def has_stage_rows(claims: Claims, system: System, values: Sequence[Fraction], *, is_better: bool) -> bool:
    """Whether a system is that of the claims with a row for each value, none stronger than its stage says.

    Each row keeps every point as good as the value, less the tolerance of its stage; the last one, with
    `is_better`, every point that is better by a step of its goal at least.
    """
    rows, before = system.rows, claims.system.rows
    n = len(before.row)
    is_same = all(
        np.array_equal(getattr(rows, name)[: len(old)], old)
        for name in ("row", "col", "value", "upper")
        for old in (getattr(before, name),)
    ) and all(
        np.array_equal(getattr(system, name), getattr(claims.system, name))
        for name in ("low", "high", "block")
    )
    if (
        not is_same
        or len(values) > len(claims.goals)
        or rows.n != before.n + len(values)
        or (rows.row[n:] < before.n).any()
    ):
        return False
    for place, (goal, value) in enumerate(zip(claims.goals, values, strict=False)):
        is_added = rows.row == before.n + place
        entries = np.zeros(system.n_cols, dtype=np.int64)
        np.add.at(entries, rows.col[is_added], rows.value[is_added])
        # Σ coefficient·x of the point itself, and what a point of the row has at least beyond it
        reached = value / goal.scale - goal.constant
        beyond = 1 if is_better and place == len(values) - 1 else -goal.tolerance * abs(value / goal.scale)
        least = goal.sign * reached + beyond
        if (
            not np.array_equal(entries, -goal.sign * goal.coefficient)
            or rows.upper[before.n + place] + 1 <= -least
        ):
            return False
    return True


@dataclass(frozen=True, eq=False)
class _RowComparison:
    """Comparison of the rows of claims with the second readings of their rules."""

    problem: Problem
    claims: Claims
    deadline: Deadline

    @cached_property
    def columns(self) -> Columns:
        """The columns of the second reading."""
        return Columns.of(self.problem.offers, self.claims.system.free_names)

    @cached_property
    def starts(self) -> IntArray:
        """Where each row's entries begin."""
        return self.claims.system.rows.compute_row_starts()

    def list_narrow_choices(self) -> list[str]:
        """Return the dossiers whose amounts the system does not all allow, or ties to those of others."""
        columns, system = self.columns, self.claims.system
        choices, offers, n = columns.choices, columns.offers, columns.n_choices
        above = (offers.most_cents - offers.least_cents)[choices.ranged] // offers.unit_cents[choices.ranged]
        most = np.concatenate([np.ones(n, dtype=np.int64), above])
        is_narrow = (system.low[: columns.size] > 0) | (system.high[: columns.size] < most)
        is_narrow[:n] |= system.block[:n] != choices.block
        dossier = np.concatenate([choices.dossier, choices.ranged])
        return [f"{CHOICE}{k}" for k in np.unique(dossier[is_narrow]).tolist()]

    def list_other_goals(self) -> list[str]:
        """Return the names of the goals that are not what their sums over dossiers are."""
        stages, goals = (
            (*self.problem.stages, ObjectiveStage("granted", Sense.MINIMISE, self.problem.granted)),
            self.claims.goals,
        )
        pairs = zip(stages, goals, strict=True)
        return [f"{STAGE}{goal.name}" for stage, goal in pairs if not self._is_same_goal(stage, goal)]

    def _is_same_goal(self, stage: ObjectiveStage, goal: ClaimGoal) -> bool:
        """Whether a goal is that of a stage; columns that cost it a price are compared with what has the price."""
        self.deadline.check()
        everywhere = np.zeros(self.columns.n, dtype=np.int64)
        total = sum_over_columns(replace(self.columns, shared={}), stage.terms, everywhere, 1)
        factor = stage.terms.scale / goal.scale
        is_sum = total.group >= 0
        times = int(factor)
        return (
            bool(total.linear.all())
            and factor == times > 0
            and goal.sign == (1 if stage.sense is Sense.MAXIMISE else -1)
            and goal.tolerance == stage.tolerance
            and goal.constant == total.constant[0] * times
            and bool((goal.coefficient[is_sum] % times == 0).all())
            and bool((goal.coefficient[is_sum] // times == total.value[is_sum]).all())
        )

    def compare_source(self, place: int) -> Agreement:
        """Compare the rows of one rule with its second reading."""
        written, rows = self.claims.written[place], self.claims.system.rows
        n = written.last - written.first
        if not n:
            return Agreement((), 0, 0)
        if self._has_matching_bounds(place):
            return Agreement((), n, 0)
        try:
            second = self._build_second_reading(written)
        except MissingColumnError as error:
            return Agreement((str(error),), 0, 0)
        if second is None:
            if written.soft is not None:
                return Agreement((), 0, n)
            return Agreement(rows.names[written.first : written.last], 0, 0)
        tight = self._list_tight_columns(second)
        if tight:
            return Agreement(tuple(self.claims.system.free_names[k] for k in tight), 0, 0)
        follows, equal = _mark_implied_rows(self.claims.system, self.starts, written, second, self.deadline)
        if isinstance(written.of, Case) and equal.is_implied.sum() == n:
            self._keep_match(place, second, equal)
        others = [rows.names[k] for k in (written.first + np.flatnonzero(~follows)).tolist()]
        narrow = tuple(name for name in others if name not in second.unread)
        return Agreement(narrow, int(follows.sum()), len(others) - len(narrow))

    def _build_second_reading(self, written: RowSource) -> Second | None:
        """Return the second reading of a source of rows; None if it has none."""
        if written.soft is None:
            return build_second_reading(self.columns, written.of)
        reader = PRICED_READERS.get(type(written.of))
        if reader is None:
            return None
        stage = written.soft.stage
        lines = RowCollector(replace(self.columns, shared={}))
        reader(lines, written.of, Pricing(stage, written.soft.price, partial(self._get_cost, stage)))
        return lines.build_second_reading()

    def _get_cost(self, stage: int, column: int) -> Fraction:
        """Return what a unit of a further column costs in a goal, and see that it enters no other."""
        for k, goal in enumerate(self.claims.goals):
            if k != stage and goal.coefficient[column]:
                raise MissingColumnError(self.claims.system.free_names[column - self.claims.system.n_choices])
        goal = self.claims.goals[stage]
        return -goal.sign * int(goal.coefficient[column]) * goal.scale

    def _list_tight_columns(self, second: Second) -> list[int]:
        """Return the further columns, by place, that cannot take all values that the second reading needs."""
        system = self.claims.system
        return [
            column - system.n_choices
            for column, most in second.most.items()
            if system.low[column] > 0 or system.high[column] < most
        ]

    def _has_matching_bounds(self, place: int) -> bool:
        """Whether envelopes' rows whose entries were compared at other amounts have bounds that follow.

        Between two amounts the bound of the second reading moves by their difference.
        """
        match, written = self.claims.matched.get(place), self.claims.written[place]
        amounts = list_envelope_amounts(written.of) if match is not None else None
        if match is None or amounts is None or len(amounts) != len(match.amounts):
            return False
        uppers = self.claims.system.rows.upper[written.first : written.last].tolist()
        return all(
            upper // own >= (bound + new - old) // other
            for upper, own, bound, other, old, (_, new) in zip(
                uppers, match.own_divisors, match.bounds, match.divisors, match.amounts, amounts, strict=True
            )
        )

    def _keep_match(self, place: int, second: Second, equal: _EqualRows) -> None:
        """Keep how envelopes' rows equal their second reading, if they depend on the amounts alone."""
        amounts = list_envelope_amounts(self.claims.written[place].of)
        written, rows = self.claims.written[place], self.claims.system.rows
        names = rows.names[written.first : written.last]
        if amounts is not None and tuple(name for name, _ in amounts) == second.names == names:
            self.claims.matched[place] = EnvelopeMatch(
                tuple(amount for _, amount in amounts), second.bound, equal.divisors, equal.own_divisors
            )


def _mark_implied_rows(
    system: System, starts: IntArray, written: RowSource, second: Second, deadline: Deadline
) -> tuple[BoolArray, _EqualRows]:
    """Return which rows of one rule follow from its second reading, bool (n_rows,), and which are equal to it."""
    rows = system.rows
    places = np.arange(written.first, written.last)
    known: dict[str, list[int]] = {}
    for k, name in enumerate(second.names):
        known.setdefault(name, []).append(k)
    turn = {name: iter(same) for name, same in known.items()}  # rows of one name are compared in their order
    match = np.array(
        [next(turn.get(rows.names[place], iter(())), -1) for place in places.tolist()], dtype=np.int64
    )
    ends = np.searchsorted(second.row, np.arange(len(second.names) + 1)).astype(np.int64)
    equal = _find_equal_rows(rows, starts, places, match, second, ends)
    low, high = system.low, system.high
    if second.most:  # no more is needed to satisfy the rows
        further = list(second.most)
        low, high = low.copy(), high.copy()
        low[further], high[further] = 0, list(second.most.values())
    same: BoolArray = np.zeros(len(places), dtype=np.bool_)
    same[equal.places] = equal.is_implied
    for k in np.flatnonzero(~same).tolist():
        deadline.check()
        part = slice(int(starts[places[k]]), int(starts[places[k] + 1]))
        col, value, upper = rows.col[part], rows.value[part], int(rows.upper[places[k]])
        same[k] = _is_redundant(system, col, value, upper) or any(
            _is_implied(low, high, (col, value, upper), _get_entries(second, ends, other))
            for other in known.get(rows.names[places[k]], ())
        )
    return same, equal


def _list_forced_dossiers(columns: Columns, problem: Problem, system: System) -> list[str]:
    """Return the dossiers that the system forces to be funded although no decision says so."""
    second = build_second_reading(columns, problem.decided)
    assert second is not None
    forced = [row for row, bound in enumerate(second.bound) if bound < 0]
    decided = np.isin(
        columns.choices.dossier, columns.choices.dossier[second.col[np.isin(second.row, forced)]]
    )
    bad = system.must & ~np.isin(np.arange(len(system.must)), columns.choices.block[decided])
    return [f"{FORCED}{int(dossier)}" for dossier in columns.choices.candidate[bad].tolist()]


@dataclass(frozen=True, slots=True, eq=False)
class _EqualRows:
    """Rows that have as many entries as their second row.

    Attributes
    ----------
    places : int64, position of each within its rule
    is_implied : bool, whether the entries are equal up to a factor, with a bound no lower
    divisors, own_divisors : greatest common divisor of the entries, in the second reading and in the row
    """

    places: IntArray
    is_implied: BoolArray
    divisors: tuple[int, ...] = ()
    own_divisors: tuple[int, ...] = ()


def _find_equal_rows(
    rows: Rows, starts: IntArray, places: IntArray, match: IntArray, second: Second, ends: IntArray
) -> _EqualRows:
    """Find the rows that equal their second row up to a factor, with a bound no lower.

    A fast test for most rows.
    """
    none = _EqualRows(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.bool_))
    if not len(second.names) or second.value.dtype == object:
        return none
    count = starts[places + 1] - starts[places]
    alike = np.flatnonzero((match >= 0) & (count == (ends[1:] - ends[:-1])[np.maximum(match, 0)]))
    if not len(alike):
        return none
    size = count[alike]
    step = np.arange(int(size.sum())) - np.repeat(np.cumsum(size) - size, size)
    own_rows = np.repeat(starts[places[alike]], size) + step
    other = np.repeat(ends[match[alike]], size) + step
    row = np.repeat(np.arange(len(alike)), size)
    own, theirs = (
        _compute_row_gcds(rows.value[own_rows], row, len(alike)),
        _compute_row_gcds(second.value[other], row, len(alike)),
    )
    differs = rows.col[own_rows] != second.col[other]
    differs |= rows.value[own_rows] // own[row] != second.value[other] // theirs[row]
    apart = np.bincount(row[differs], minlength=len(alike))
    bounds = [second.bound[k] // by for k, by in zip(match[alike].tolist(), theirs.tolist(), strict=True)]
    uppers = (rows.upper[places[alike]] // own).tolist()
    low = np.array([upper < bound for upper, bound in zip(uppers, bounds, strict=True)], dtype=np.bool_)
    return _EqualRows(alike, (apart == 0) & ~low, tuple(theirs.tolist()), tuple(own.tolist()))


def _compute_row_gcds(value: IntArray, row: IntArray, n_rows: int) -> IntArray:
    """Return the greatest common divisor of each row's entries, int64 (n_rows,), at least 1."""
    places = np.ones(n_rows, dtype=np.int64)
    if len(row):
        first = np.flatnonzero(np.r_[True, np.diff(row) != 0])
        places[row[first]] = np.maximum(1, np.gcd.reduceat(np.abs(value), first))
    return places


def _get_entries(second: Second, ends: IntArray, row: int) -> tuple[IntArray, Numbers, int]:
    """Return the entries and the bound of a row of the second reading."""
    part = slice(int(ends[row]), int(ends[row + 1]))
    return second.col[part], second.value[part], second.bound[row]


def _is_redundant(system: System, col: IntArray, value: IntArray, upper: int) -> bool:
    """Return whether every point of blocks and bounds satisfies the row."""
    free = col >= system.n_choices
    most: int = sum(
        max(v * int(system.low[c]), v * int(system.high[c]))
        for c, v in zip(col[free].tolist(), value[free].tolist(), strict=True)
    )
    best: dict[int, int] = {}
    for block, number in zip(system.block[col[~free]].tolist(), value[~free].tolist(), strict=True):
        best[block] = max(best.get(block, 0), number)
    return bool(most + sum(best.values()) <= upper)


def _is_implied(
    lows: IntArray,
    highs: IntArray,
    row: tuple[IntArray, IntArray, int],
    other_row: tuple[IntArray, Numbers, int],
) -> bool:
    """Return whether Σ value·x ≤ upper follows from one other row within the bounds of the columns.

    max over low ≤ x ≤ high of (a − λ·b)x ≤ upper − λ·bound,     λ ≥ 0
    """
    (col, value, upper), (other_col, other_value, bound) = row, other_row
    used = np.union1d(col, other_col)
    own, other = np.zeros(len(used), dtype=object), np.zeros(len(used), dtype=object)
    own[np.searchsorted(used, col)], other[np.searchsorted(used, other_col)] = value, other_value
    other, bound = _divide_by_gcd(other, bound)
    low, high = lows[used].astype(object), highs[used].astype(object)
    for step in (_choose_multiplier(own.tolist(), upper, other.tolist(), bound), Fraction(1)):
        if step is not None:
            over = own * step.denominator - other * step.numerator
            most = int((np.maximum(over, 0) * high + np.minimum(over, 0) * low).sum())
            if most <= upper * step.denominator - bound * step.numerator:
                return True
    return False


def _divide_by_gcd(value: Numbers, bound: int) -> tuple[Numbers, int]:
    """Divide a row by the greatest common divisor of its coefficients, and round its bound down."""
    shared = gcd(*value.tolist()) or 1
    return value // shared, bound // shared


def _choose_multiplier(
    entries: Sequence[int], upper: int, other: Sequence[int], bound: int
) -> Fraction | None:
    """Return the λ that suits the bound best among those that the coefficients allow; None if there is none."""
    least = max(
        (Fraction(a, b) for a, b in zip(entries, other, strict=True) if b > 0 and a > 0), default=Fraction(0)
    )
    limits = [Fraction(a, b) for a, b in zip(entries, other, strict=True) if b < 0]
    most = min(limits, default=None)
    if most is not None and most < least:
        return None
    if most is None:
        return max(least, Fraction(upper, bound)) if bound < 0 else least
    return least if bound > 0 else most
