"""Write the claims of a decision as integer systems that must have no solution: one claim per objective stage.

For lexicographic stages with optimal values z, stage k claims that no allocation keeps the stages before it
and improves on z_k by one unit of the stage's scale:

    maximise: { rows,  value_j ≥ limit_j for j < k,  value_k ≥ z_k + 1 } has no solution
    minimise: { rows,  value_j ≤ limit_j for j < k,  value_k ≤ z_k − 1 } has no solution

(each j with the sign of its own stage). limit_j is z_j less the tolerance of stage j. The last stage, added
to those of the objective, is « least granted »: the smallest total of grants.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from operator import is_
from typing import Any

import numpy as np

from tnt_sim.certify.row_writer import WIDE, RowWriter
from tnt_sim.certify.system import STAGE, System
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.rules.envelopes.tree_rows import EnvelopeRows
from tnt_sim.rules.linear_terms import IntArray, find_common_scale, multiply_checked
from tnt_sim.rules.protocols import Mode, Sense, Soft
from tnt_sim.rules.second_reading.rows import ChoiceColumns, SharedSums
from tnt_sim.scenario.objective import ObjectiveStage, Shortfall
from tnt_sim.scenario.problem import Problem


@dataclass(frozen=True, slots=True, eq=False)
class ClaimGoal:
    """An objective stage over the columns: value = scale · (Σ coefficient·x + constant).

    Attributes
    ----------
    coefficient : int64 (n_cols,)
    sign : +1 to maximise, −1 to minimise
    tolerance : share of the value that later stages may give up
    """

    name: str
    coefficient: IntArray
    constant: int
    scale: Fraction
    sign: int
    tolerance: Fraction

    def convert_to_units(self, value: Fraction) -> int:
        """Convert a value to integer units of the scale, minus the constant.

        Raises
        ------
        ValueError
            When the value is not a whole number of units, so it cannot be a value of this stage.
        """
        units = value / self.scale
        if units.denominator != 1:
            raise ValueError(f"{value} is no multiple of {self.scale}")
        return units.numerator - self.constant

    def build_no_worse_row(self, value: Fraction) -> tuple[IntArray, int]:
        """Return the row « no worse than the limit », as Σ coefficient·x ≤ bound.

        A limit between two units is rounded to the better side.
        """
        units = value / self.scale
        given_up = self.tolerance * abs(units)
        return -self.sign * self.coefficient, math.floor(self.sign * (self.constant - units) + given_up)

    def build_better_row(self, value: Fraction) -> tuple[IntArray, int]:
        """Return the row « better by at least one unit », as Σ coefficient·x ≤ bound."""
        return -self.sign * self.coefficient, -self.sign * self.convert_to_units(value) - 1


@dataclass(frozen=True, slots=True, eq=False)
class RowSource:
    """The rows from `first` to before `last`, and the rule `of` that they come from.

    `soft` rows may be broken at this price.
    """

    of: Any
    first: int
    last: int
    soft: Soft | None = None


FORCED = "must:"
"""Before the row of a dossier that the system forces to be funded."""
FORCED_PLACE = -1
"""Place of the forced dossiers among the sources of rows."""
ENVELOPES_PLACE = 1
"""Place of the envelopes among the sources of rows: after the offers, as in `_write_rows`."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """Result of the comparison of rows with the second reading.

    Attributes
    ----------
    narrow : names of rows that are stronger than the second reading, or are forced without a decision; all
        rows of a hard rule that has no second reading
    n_read : number of rows that follow from it
    n_unread : number of rows without a second reading
    """

    narrow: tuple[str, ...]
    n_read: int
    n_unread: int

    @property
    def holds(self) -> bool:
        """Whether no row is stronger than the second reading, and no dossier is forced without a decision."""
        return not self.narrow

    @property
    def rows_hold(self) -> bool:
        """Whether no row is stronger than the second reading, in a problem where a question forces dossiers."""
        return all(name.startswith(FORCED) for name in self.narrow)


@dataclass(frozen=True, slots=True, eq=False)
class EnvelopeMatch:
    """Rows of the envelopes that equal their second reading entry by entry, up to a factor for each row.

    Attributes
    ----------
    amounts : amount in each row of the second reading, in cents
    bounds : bound of each row of the second reading
    divisors, own_divisors : greatest common divisor of each row's entries, in the second reading and in the row
    """

    amounts: tuple[int, ...]
    bounds: tuple[int, ...]
    divisors: tuple[int, ...]
    own_divisors: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Claims:
    """A problem as an integer system, and its objective stages over the same columns.

    The last stage is « least granted ».

    Attributes
    ----------
    problem : the problem that was written, None if the rows were not written from one
    compared : agreement of each source of rows, by its place in `written`, once it was compared with its second
        reading; that of forced dossiers at `FORCED_PLACE`
    matched : how the envelopes' rows equal their second reading, by place, so that other amounts are compared
        without the entries
    """

    system: System
    goals: tuple[ClaimGoal, ...]
    choices: ChoiceColumns
    written: tuple[RowSource, ...] = ()
    problem: Problem | None = None
    # a changed copy is compared anew
    compared: dict[int, Agreement] = field(default_factory=dict, init=False)
    matched: dict[int, EnvelopeMatch] = field(default_factory=dict, init=False)

    def of_stage(self, k: int, values: Sequence[Fraction]) -> System:
        """Return the system that has no solution if stage k is optimal; `values` are those of stages 0 to k."""
        return self._with_rows(
            *(
                (goal, *goal.build_no_worse_row(value), "kept")
                for goal, value in zip(self.goals[:k], values, strict=False)
            ),
            (self.goals[k], *self.goals[k].build_better_row(values[k]), "better"),
        )

    def restrict_to_values(self, values: Sequence[Fraction]) -> System:
        """Return the system of the allocations whose first stages are no worse than these values."""
        return self._with_rows(
            *(
                (goal, *goal.build_no_worse_row(value), "kept")
                for goal, value in zip(self.goals, values, strict=False)
            )
        )

    def _with_rows(self, *added: tuple[ClaimGoal, IntArray, int, str]) -> System:
        """Append the rows of some stages."""
        rows = self.system.rows
        for goal, row, bound, what in added:
            used = np.flatnonzero(row)
            rows = rows.with_row(used, row[used], bound, f"{STAGE}{goal.name}:{what}")
        return self.system.with_rows(rows)


def compute_granted_value(problem: Problem, granted_cents: IntArray) -> Fraction:
    """Return the value of the last stage, « least granted », for an allocation: the total granted."""
    nobody = np.zeros(len(granted_cents), dtype=np.bool_)  # the stage counts cents alone
    return problem.granted.evaluate(nobody, granted_cents) * problem.granted.scale


def build_claims(problem: Problem, deadline: Deadline = UNLIMITED) -> Claims:
    """Write the rows of a problem (envelopes, hard rules, penalties) and its stages.

    Raises
    ------
    DeadlineExpired
        When time is up before they are written.
    OverflowError
        When they exceed 64 bits.
    """
    deadline.check()
    sheet = RowWriter(problem.offers, ChoiceColumns.of(problem.offers), deadline)
    written = _write_rows(problem, sheet)
    least = ObjectiveStage("granted", Sense.MINIMISE, problem.granted)
    stages = (*problem.stages, least)
    nothing = np.zeros(sheet.n, dtype=np.int64)
    start = len(sheet.upper)
    sums = [sheet.expand_terms(stage.terms, nothing, 1) for stage in stages]
    links = RowSource(SharedSums(tuple(stage.terms for stage in stages)), start, len(sheet.upper))
    system = sheet.build_system()
    goals = [
        _build_goal(stage, k, sheet, system.n_cols, handle, value, constants[0])
        for k, (stage, (_, handle, value, constants)) in enumerate(zip(stages, sums, strict=True))
    ]
    return Claims(system, tuple(goals), sheet.choices, (*written, links), problem)


def update_claims(claims: Claims, problem: Problem) -> Claims | None:
    """Update claims to a problem that differs in amounts and objectives only.

    The result is None if its envelopes have other rows.

    Only the right-hand sides of the envelopes' rows and the stages are written again.
    """
    before, place = claims.problem, ENVELOPES_PLACE
    old, system, written = claims.written[place], claims.system, [*claims.written]
    is_same_tree = before is not None and before.case.tree is problem.case.tree
    if not is_same_tree:
        upper = _compute_envelope_bounds(claims, problem)
        if upper is None:
            return None
        rows = system.rows
        together = np.concatenate(
            [rows.upper[: old.first], np.array(upper, dtype=np.int64), rows.upper[old.last :]]
        )
        system = system.with_rows(replace(rows, upper=together))
        written[place] = RowSource(problem.case, old.first, old.last)
    goals = _update_goals(claims, problem)
    updated = Claims(system, (*goals, claims.goals[-1]), claims.choices, tuple(written), problem)
    stale = set() if is_same_tree else {place}
    if before is None or before.decided is not problem.decided:
        stale.add(FORCED_PLACE)
    updated.compared.update((k, agreement) for k, agreement in claims.compared.items() if k not in stale)
    if before is not None and _has_same_envelopes(before, problem):
        updated.matched.update(claims.matched)
    return updated


def _has_same_envelopes(before: Problem, problem: Problem) -> bool:
    """Whether the envelopes of two problems differ by their amounts alone, over the same grants."""
    old, new = before.case, problem.case
    is_same = before.offers is problem.offers and old.node is new.node and old.tree.ids == new.tree.ids
    return is_same and np.array_equal(old.tree.parent, new.tree.parent)


def _compute_envelope_bounds(claims: Claims, problem: Problem) -> list[int] | None:
    """Return the bounds of the envelopes' rows for a problem with other amounts; None if it has other rows.

    None also where money moves: the bounds of its columns and what stands before them depend on the amounts.
    """
    old = claims.written[ENVELOPES_PLACE]
    names = claims.system.rows.names[old.first : old.last]
    envelopes = EnvelopeRows(problem.case, problem.offers)
    bounds = envelopes.list_bounds()
    is_narrow = int(problem.offers.highest_cents.max(initial=0)) < WIDE
    # rows without entries are left out where they hold: which ones depends on the amounts
    if bounds is not None and is_narrow and tuple(f"{label}:max" for label, _ in bounds) == names:
        return [bound for _, bound in bounds]
    sheet = RowWriter(problem.offers, claims.choices)
    start, n_further = len(sheet.upper), len(sheet.low)
    envelopes.build_rows(sheet)
    is_alike = tuple(sheet.names[start:]) == names and len(sheet.low) == n_further
    return sheet.upper[start:] if is_alike else None


def _update_goals(claims: Claims, problem: Problem) -> list[ClaimGoal]:
    """Write the stages of a problem over the columns of claims; those that are the same objects stay."""
    before = () if claims.problem is None else claims.problem.stages
    if len(before) == len(problem.stages) and all(map(is_, before, problem.stages)):
        return list(claims.goals[:-1])
    sheet = RowWriter(problem.offers, claims.choices)
    nothing = np.zeros(sheet.n, dtype=np.int64)
    goals = []
    for k, stage in enumerate(problem.stages):
        _, handle, value, constants = sheet.expand_terms(stage.terms, nothing, 1)
        goals.append(_build_goal(stage, k, sheet, claims.system.n_cols, handle, value, constants[0]))
    return goals


def _write_rows(problem: Problem, sheet: RowWriter) -> tuple[RowSource, ...]:
    """Write every row of a problem, and record which rule each comes from."""
    result: list[RowSource] = []

    def record_source(of: object, soft: Soft | None = None) -> None:
        start = result[-1].last if result else 0
        result.append(RowSource(of, start, len(sheet.upper), soft))

    record_source(problem.offers)
    EnvelopeRows(problem.case, problem.offers).build_rows(sheet)
    record_source(problem.case)
    for limit in problem.limits:
        limit.build_rows(sheet)
        record_source(limit)
    problem.offers.common.build_rows(sheet)
    record_source(problem.offers.common)
    problem.caps.build_rows(sheet, problem.offers)
    record_source(problem.caps)
    for rule in (*problem.rules, *problem.table_rules):
        soft = rule.penalty.soft if rule.mode is Mode.PENALTY and rule.penalty is not None else None
        if rule.mode is Mode.HARD:
            rule.build_rows(sheet)
        elif soft is not None:
            rule.build_soft_rows(sheet, soft)
        record_source(rule, soft)
    for number, stage in enumerate(problem.stages):
        for term in stage.goal_parts:
            term.write(sheet, number)
            if isinstance(term, Shortfall):
                record_source(term.rule, Soft(number, term.weight))
            else:
                record_source(term, Soft(number, Fraction(1)))
    return tuple(result)


def _build_goal(
    stage: ObjectiveStage,
    k: int,
    sheet: RowWriter,
    n_cols: int,
    handle: IntArray,
    value: IntArray,
    constant: int,
) -> ClaimGoal:
    """Express a stage in a scale in which its terms and the prices of broken rules are integers."""
    priced = [(column, price) for column, place, price in sheet.prices if place == k]
    scale = find_common_scale([stage.terms.scale, *(price for _, price in priced if price)])
    factor = int(stage.terms.scale / scale)
    sign = 1 if stage.sense is Sense.MAXIMISE else -1
    handle = np.concatenate([handle, np.array([column for column, _ in priced], dtype=np.int64)])
    cost = np.array([-sign * int(price / scale) for _, price in priced], dtype=np.int64)
    _, col, number = sheet.expand_entries(
        np.zeros(len(handle), dtype=np.int64), handle, np.concatenate([multiply_checked(value, factor), cost])
    )
    coefficient = np.zeros(n_cols, dtype=np.int64)
    np.add.at(coefficient, col, number)
    return ClaimGoal(stage.goal, coefficient, constant * factor, scale, sign, stage.tolerance)
