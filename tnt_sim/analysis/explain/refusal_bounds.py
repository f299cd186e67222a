"""Certified interval of what forcing a refused application in would cost, for all applications at once.

Let v₀ be the first stage value of the decision (maximisation) and i a refused application. The loss
of forcing x_i = 1 lies in::

    low  = |r_i| − (U − v₀), rounded up to the unit of the stage
    high = v₀ − v(y),  y an allocation with x_i = 1 that satisfies every rule

U is a Lagrangian bound from dual prices of the linear relaxation and r_i the reduced cost of x_i,
both evaluated in exact integers: no allocation with x_i = 1 is worth more than U − |r_i|
(reduced-cost fixing). One linear program serves all applications. y comes from an exchange: i in,
one or two funded applications out, possibly another one in. If both ends meet, the loss is exact
without a further solve.

A decision that is not proven optimal is worth v₀ ≤ best ≤ U. Then `low` is as above, since the best list is worth
v₀ at least. `high` is U − v(y): raised by more than that, y is better than any list without i.

Two refinements of `low`, for the optimum:

- Decomposition. Columns that no row joins form independent blocks (connected components). Only the
  slack U − v₀ of the block of i counts, because the decision is optimal in each block. A row
  without a price joins columns only if it is not implied by the others; an exact bound on its
  activity tests that.
- A block with one cap is a knapsack. Let best(c) = max Σ p_j x_j s.t. Σ w_j x_j ≤ c, read from the
  Pareto frontier of (profit, least weight). With i in, the block is worth at most p_i + best(cap −
  w_i). Both terms may count i, so this is a bound; the allocation that attains it is checked in
  integers.

Sources: G. L. Nemhauser and L. A. Wolsey, *Integer and Combinatorial Optimization* (1988); A.
Neumaier and O. Shcherbina, "Safe bounds in linear and mixed-integer linear programming",
Mathematical Programming 99 (2004); H. Kellerer, U. Pferschy and D. Pisinger, *Knapsack Problems*
(2004).
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tnt_sim.analysis.marginal.column_exchanges import find_exchange_losses, find_impossible_columns
from tnt_sim.analysis.shared.decided_run import DecidedRun, compare_tie_break
from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.engine.budgets import Clock
from tnt_sim.formulation.formulate import Formulation
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, FloatArray, IntArray, LinearModel
from tnt_sim.kernel.cap_tree.path_room import FAR
from tnt_sim.kernel.knapsack import TooManyStates
from tnt_sim.kernel.profit_frontier import Frontier, build_frontier, estimate_additions, recover_items
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.incremental_lp import IncrementalLp
from tnt_sim.solve.backends.registry import get_backend
from tnt_sim.solve.reductions.fixing import ExactBound, compute_exact_bound
from tnt_sim.sparse_matrix import label_components
from tnt_sim.verify.allocation_reading import (
    Allocation,
    AllocationReading,
    list_broken_rules,
    read_allocation,
)

MOST_TESTED = 20
"""Most rows without a price that are tested for redundancy, the longest first."""


@dataclass(frozen=True, slots=True, eq=False)
class KernelModel:
    """Decomposition of a model into independent blocks.

    Attributes
    ----------
    of_column : block of each column, int64 (n_cols,)
    slack : by block, bound minus value of the decision, in the scale of the bound
    rows : by block, the rows that are not implied
    """

    of_column: IntArray
    slack: tuple[int, ...]
    rows: tuple[tuple[int, ...], ...]


def split_into_blocks(model: LinearModel, bound: ExactBound, point: IntArray, clock: Clock) -> KernelModel:
    """Split a model into blocks that no row joins.

    Parameters
    ----------
    bound : exact Lagrangian bound of the model
    point : the optimum of the model, int64 (n_cols,)
    clock : limits the tests of implied rows
    """
    selected = np.ones(model.n_rows, dtype=np.bool_)
    prices = np.array([int(price) != 0 for price in bound.multipliers.tolist()])
    rows_of, columns_of = model.matrix.row, model.matrix.indices
    loose = np.flatnonzero(~prices)
    length = np.bincount(rows_of, minlength=model.n_rows)
    for row in loose[np.argsort(-length[loose], kind="stable")][:MOST_TESTED].tolist():
        if clock.deadline.expired:
            break
        if length[row] > 1 and _is_implied(model, selected, row, clock):
            selected[row] = False
    label = _find_block_labels(model, selected)
    numbers = range(int(label.max(initial=-1)) + 1)
    slack = tuple(_compute_slack(model, bound, point, label, part) for part in numbers)
    rows: list[list[int]] = [[] for _ in numbers]
    first = np.full(model.n_rows, -1, dtype=np.int64)
    first[rows_of] = label[columns_of]
    for row in np.flatnonzero(selected & (first >= 0)).tolist():
        rows[int(first[row])].append(row)
    return KernelModel(label, slack, tuple(tuple(some) for some in rows))


def _find_block_labels(model: LinearModel, rows_used: np.ndarray) -> IntArray:
    rows_of, columns_of = model.matrix.row, model.matrix.indices
    used = rows_used[rows_of]
    _, labels = label_components(rows_of[used], columns_of[used], (model.n_rows, model.n_cols))
    _, dense = np.unique(labels, return_inverse=True)
    return dense.astype(np.int64)


def _is_implied(model: LinearModel, rows_used: np.ndarray, row: int, clock: Clock) -> bool:
    """Whether the other rows imply this upper bound: an exact bound on the row's activity does not exceed it."""
    upper = int(model.row_upper[row])
    if model.row_lower[row] != NO_LOWER or upper == NO_UPPER:
        return False
    others = np.flatnonzero(rows_used & (np.arange(model.n_rows) != row))
    activity = model.matrix[[row], :].toarray().ravel().astype(np.int64)
    rest = LinearModel(
        matrix=model.matrix[others, :],
        row_lower=model.row_lower[others],
        row_upper=model.row_upper[others],
        col_lower=model.col_lower,
        col_upper=model.col_upper,
        objective=activity,
        sense=Sense.MAXIMISE,
        integer=model.integer,
        row_names=tuple(model.row_names[k] for k in others.tolist()),
        col_names=model.col_names,
    )
    duals = get_backend("highs").solve(rest, relax=True, limits=clock.build_limits()).row_duals
    if duals is None:
        return False
    with suppress(DeadlineExpired):
        most = compute_exact_bound(rest, duals, clock.deadline).round_to_integer(Sense.MAXIMISE)
        return most is not None and most <= upper
    return False


def _compute_slack(
    model: LinearModel, bound: ExactBound, point: IntArray, label: IntArray, block: int
) -> int:
    """Compute the bound minus the value of the decision in one block.

    It is the sum of reduced-cost gaps of its columns and of price × slack of its rows.
    """
    own = np.flatnonzero(label == block)
    up = 1 if model.sense is Sense.MAXIMISE else -1
    reduced = [up * int(value) for value in np.asarray(bound.reduced_costs)[own].tolist()]
    total = sum(
        max(cost * int(model.col_lower[j]), cost * int(model.col_upper[j])) - cost * int(point[j])
        for cost, j in zip(reduced, own.tolist(), strict=True)
    )
    matrix = model.matrix[:, own]
    inside = np.flatnonzero(np.diff(matrix.indptr) > 0)
    activity = model.compute_activity(point)
    for row in inside.tolist():
        price = up * int(bound.multipliers[row])
        if price:
            limit = int(model.row_upper[row]) if price > 0 else int(model.row_lower[row])
            total += price * (limit - int(activity[row]))
    return total


MOST_CELLS = 400_000_000


@dataclass(frozen=True, slots=True, eq=False)
class OneCap:
    """Block that is a 0-1 knapsack with one cap.

    Attributes
    ----------
    columns : columns of the block, int64
    profit, weight : by column of the model, int64 (n_cols,)
    cap : right-hand side
    front : Pareto frontier of (profit, least weight)
    worth : profit of the decision in the block
    """

    columns: IntArray
    profit: IntArray
    weight: IntArray
    cap: int
    front: Frontier
    worth: int

    def compute_loss_bound(self, column: int) -> int | None:
        """Bound from below the loss of the block with a column in, in units of the objective.

        None if the column alone exceeds the cap.
        """
        room = self.cap - int(self.weight[column])
        if room < 0:
            return None
        place = int(np.searchsorted(self.front.weight, room, side="right")) - 1
        return self.worth - int(self.profit[column]) - int(self.front.profit[place])

    def find_choice(self, column: int) -> IntArray | None:
        """Return columns that include this one and lose no more than `compute_loss_bound`.

        None if the knapsack would take the column twice.
        """
        room = self.cap - int(self.weight[column])
        place = int(np.searchsorted(self.front.weight, room, side="right")) - 1
        target, least = int(self.front.profit[place]), int(self.front.weight[place])
        try:
            taken = recover_items(self.profit[self.columns], self.weight[self.columns], target, least)
        except TooManyStates:
            return None
        chosen = self.columns[taken]
        return None if column in chosen else np.append(chosen, column)

    def compute_least_weight(self, column: int, worth: int) -> int:
        """Bound from below the weight of a choice with this column that is worth at least `worth`."""
        rest = max(0, worth - int(self.profit[column]))
        place = int(np.searchsorted(self.front.profit, rest, side="left"))
        return int(self.weight[column]) + int(self.front.weight[place])


def build_one_cap(model: LinearModel, blocks: KernelModel, point: IntArray, block: int) -> OneCap | None:
    """Return a block as a knapsack; None if it is not one, or is too large for one dynamic programming pass."""
    if len(blocks.rows[block]) != 1 or model.sense is not Sense.MAXIMISE:
        return None
    row = blocks.rows[block][0]
    own = np.flatnonzero(blocks.of_column == block)
    weight = model.matrix[[row], :].toarray().ravel().astype(np.int64)
    plain = (model.col_lower[own] == 0) & (model.col_upper[own] == 1)
    fits = model.row_lower[row] == NO_LOWER and model.row_upper[row] != NO_UPPER
    profit = model.objective
    if not fits or not plain.all() or (weight[own] <= 0).any() or (profit[own] < 0).any():
        return None
    if estimate_additions(profit[own]) > MOST_CELLS or model.row_upper[row] < 0:
        return None
    front = build_frontier(profit[own], weight[own], int(model.row_upper[row]))
    worth = int(profit[own][point[own] > 0].sum())
    return OneCap(own, profit, weight, int(model.row_upper[row]), front, worth)


MOST_PAIRS = 160
"""Funded applications, least value per euro first, among which pairs are removed."""
TRIED = 6
"""Neighbour allocations checked per application, the best estimated value first."""


@dataclass(frozen=True, slots=True, eq=False)
class LossInterval:
    """Interval of the loss of the first stage when the application is forced in.

    Attributes
    ----------
    low, high : limits in the unit of the first stage; `high` is None if no allocation was found
    wins : whether an allocation with the application at a loss of `low` precedes the decision in money, then rank,
    where its value is made as good; None if unknown
    impossible : no feasible allocation funds the application
    """

    low: Fraction
    high: Fraction | None
    wins: bool | None = None
    impossible: bool = False

    @property
    def point(self) -> bool:
        """Whether the loss is known exactly."""
        return self.low == self.high

    def intersect(self, other: LossInterval | None) -> LossInterval:
        """Return the narrower limits of both."""
        if other is None or self.impossible:
            return self
        low = max(self.low, other.low)
        high = min((one for one in (self.high, other.high) if one is not None), default=None)
        wins = self.wins if self.low == low else None
        return LossInterval(low, high, wins, other.impossible)


def _compute_prices(model: LinearModel, decided: DecidedRun) -> FloatArray | None:
    """Return dual prices of the linear relaxation; None if there was no time.

    Beside a list that is not proven the simplex method runs without presolve, which takes less time there.
    """
    if decided.best:
        return get_backend("highs").solve(model, relax=True, limits=decided.clock.build_limits()).row_duals
    up = 1 if model.sense is Sense.MAXIMISE else -1
    prices = IncrementalLp().compute_prices(model, up * model.objective, deadline=decided.clock.deadline)
    return None if prices is None else up * prices


class Bounds:
    """Bounds on the loss of forcing in each refused application.

    One linear program gives the prices, when a bound first needs them; exchanges on the decision give allocations.

    Parameters
    ----------
    form : the formulation of the decision's problem
    """

    def __init__(self, decided: DecidedRun, form: Formulation) -> None:
        self.decided = decided
        problem = decided.problem
        stage = form.stages[0]
        model = form.model.with_objective(stage.objective, stage.sense)
        self.scale, self.constant = stage.scale, stage.constant
        self.up = 1 if problem.stages[0].sense is Sense.MAXIMISE else -1
        self.rows: IntArray = form.recovery.candidate
        self.column = {int(row): k for k, row in enumerate(self.rows.tolist())}
        self.model = model
        self.weight: IntArray = form.least_granted.objective
        self.point = decided.allocation.funded[form.recovery.candidate].astype(np.int64)
        self.caps: dict[int, OneCap | None] = {}
        self.swaps = DossierExchanges(decided)

    @property
    def is_plain(self) -> bool:
        """Whether the model has exactly one column for each candidate."""
        return self.model.n_cols == len(self.point)

    @cached_property
    def bound(self) -> ExactBound | None:
        """Bound by prices of one linear program; None if there was no time."""
        duals = _compute_prices(self.model, self.decided)
        if duals is None:
            return None
        with suppress(DeadlineExpired):
            return compute_exact_bound(self.model, duals, self.decided.clock.deadline)
        return None

    @cached_property
    def model_blocks(self) -> KernelModel | None:
        """Split the model into blocks, if it has exactly one column per candidate.

        Any other model is one block.
        """
        if self.bound is None or self.bound.scaled is None:
            return None
        if self.decided.best and self.is_plain:
            return split_into_blocks(self.model, self.bound, self.point, self.decided.clock)
        value = self.decided.reading.values[0] / self.scale - self.constant
        slack = self.up * (self.bound.scaled - (int(value) << self.bound.scale))
        return KernelModel(np.zeros(self.model.n_cols, dtype=np.int64), (slack,), ((),))

    def _get_cap(self, column: int) -> OneCap | None:
        """Return the knapsack of a column's block, computed once per block."""
        if self.model_blocks is None:
            return None
        piece = int(self.model_blocks.of_column[column])
        if piece not in self.caps:
            self.caps[piece] = build_one_cap(self.model, self.model_blocks, self.point, piece)
        return self.caps[piece]

    @cached_property
    def gap(self) -> Fraction | None:
        """By how much the best list may exceed the decision: 0 for the optimum; None if nothing bounds it."""
        if self.decided.best:
            return Fraction(0)
        sense = self.decided.problem.stages[0].sense
        most = None if self.bound is None else self.bound.round_to_integer(sense)
        if most is None:
            return None
        return max(
            Fraction(0), self.up * ((most + self.constant) * self.scale - self.decided.reading.values[0])
        )

    def set_clock(self, clock: Clock) -> None:
        """Set the time that is left for prices."""
        self.decided = replace(self.decided, clock=clock)

    def find_impossible(self, rows: Sequence[int]) -> set[int]:
        """Find the applications whose grant alone exceeds a cap."""
        if not self.is_plain or not rows:
            return set()
        columns = np.array([self.column[row] for row in rows], dtype=np.int64)
        return set(np.array(rows)[find_impossible_columns(self.model, columns)].tolist())

    def find_exchanges(self, rows: Sequence[int], deadline: Deadline) -> dict[int, Fraction]:
        """Find, by row, the loss of a list with each application, by one exchange on the decision.

        Applications without such a list, or not reached in time, have no entry.
        """
        if not self.is_plain or not rows:
            return {}
        columns = np.array([self.column[row] for row in rows], dtype=np.int64)
        losses = find_exchange_losses(self.model, self.point, columns, self.weight, deadline)
        pairs = zip(rows, losses.tolist(), strict=True)
        return {row: self.scale * loss for row, loss in pairs if loss < FAR}

    def compute_interval(self, row: int) -> LossInterval:
        """Bound the loss of one refused application from both sides."""
        if not self.decided.best:
            return self._compute_unproven_interval(row)
        column = self.column[row]
        cap = self._get_cap(column)
        low = self._compute_reduced_cost_bound(column)
        if cap is not None:
            loss = cap.compute_loss_bound(column)
            if loss is None:
                return LossInterval(low, None, impossible=True)
            low = max(low, self.scale * loss)
        result = self.swaps.find_best_neighbour(row)
        if cap is not None and (result is None or self._compute_loss(result[1]) > low):
            result = self._replace_block(column, cap) or result
        if result is None:
            return LossInterval(low, None)
        allocation, reading = result
        high = self._compute_loss(reading)
        wins = self._is_preferred(allocation, column, cap, high) if high == low else None
        return LossInterval(min(low, high), high, wins)

    def compute_least_loss(self, row: int) -> LossInterval:
        """Bound the loss of one refused application from below, without a search for a list with it."""
        return LossInterval(self._compute_reduced_cost_bound(self.column[row]), None)

    def _compute_unproven_interval(self, row: int) -> LossInterval:
        low = self._compute_reduced_cost_bound(self.column[row])
        result = None if self.gap is None else self.swaps.find_best_neighbour(row)
        if result is None or self.gap is None:
            return LossInterval(low, None)
        return LossInterval(low, max(low, self._compute_loss(result[1]) + self.gap))

    def _is_preferred(
        self, allocation: Allocation, column: int, cap: OneCap | None, loss: Fraction
    ) -> bool | None:
        """Whether the tie-break prefers an allocation with the application at this loss; None if unknown."""
        if compare_tie_break(allocation, self.decided.allocation) > 0:
            return True
        least = self._compute_least_cents(column, cap, loss)
        return False if least > self.decided.reading.granted_cents else None

    def _compute_loss(self, reading: AllocationReading) -> Fraction:
        return self.up * (self.decided.reading.values[0] - reading.values[0])

    def _replace_block(self, column: int, cap: OneCap) -> tuple[Allocation, AllocationReading] | None:
        """Replace the block of an application by its knapsack choice; None if that breaks a rule."""
        columns = cap.find_choice(column)
        if columns is None:
            return None
        today, out, into = self.decided.allocation, self.rows[cap.columns], self.rows[columns]
        return read_if_kept(self.decided, today.exchange(out, into, self.swaps.ask))

    def _compute_least_cents(self, column: int, cap: OneCap | None, loss: Fraction) -> int:
        """Bound from below the total grant of an allocation with the application at this loss, in cents.

        0 if unknown.
        """
        if cap is None:
            return 0
        own = cap.columns
        cents = self.swaps.ask[self.rows[own]]
        each = cents // cap.weight[own]
        if (cents != each[0] * cap.weight[own]).any():
            return 0
        least = int(each[0]) * cap.compute_least_weight(column, cap.worth - int(loss / self.scale))
        held = int(cents[self.point[own] > 0].sum())
        return self.decided.reading.granted_cents - held + least

    def _compute_reduced_cost_bound(self, column: int) -> Fraction:
        """Return the reduced-cost bound: |r_i| less the slack of its block, rounded up, at least 0."""
        if self.bound is None or self.model_blocks is None:
            return Fraction(0)
        against = -self.up * int(self.bound.reduced_costs[column])
        lost = max(0, against) - self.model_blocks.slack[int(self.model_blocks.of_column[column])]
        return max(Fraction(0), self.scale * -(-lost >> self.bound.scale))


class DossierExchanges:
    """Neighbour allocations of the decision: one application in, one or two out, possibly another one in."""

    def __init__(self, decided: DecidedRun) -> None:
        self.decided = decided
        problem = decided.problem
        stage = problem.stages[0]
        sign = 1 if stage.sense is Sense.MAXIMISE else -1
        ask = problem.offers.least_cents
        self.value: IntArray = sign * (stage.terms.per_funded + stage.terms.per_cent * ask)
        for part in stage.terms.once:
            self.value = self.value + sign * part.sum_worth_per_dossier(len(ask))
        self.grant = decided.allocation.granted_cents
        self.ask = ask
        free = decided.allocation.funded & problem.offers.candidate & ~problem.offers.forced
        self.out = np.flatnonzero(free)
        self.waiting = np.flatnonzero(problem.offers.candidate & ~decided.allocation.funded)

    def find_best_neighbour(self, row: int) -> tuple[Allocation, AllocationReading] | None:
        """Return the most valuable neighbour that satisfies every rule, with its reading.

        None if none of those tried satisfies them.
        """
        for out, into in self._rank_neighbours(row):
            allocation = self.decided.allocation.exchange(out, [row, *into], self.ask)
            kept = read_if_kept(self.decided, allocation)
            if kept is not None:
                return kept
        return None

    def _rank_neighbours(self, row: int) -> list[tuple[list[int], list[int]]]:
        """Rank neighbours by their estimated value, best first, as rows that leave and rows that enter."""
        problem = self.decided.problem
        node = int(self.decided.reasons.blocking[row])
        if node < 0:
            return self._list_rule_exchanges(row)
        under = (problem.case.node >= node) & (problem.case.node < problem.case.tree.end[node])
        left = self.decided.reasons.room.whole_cents[problem.case.node[row]]
        missing = int(self.ask[row]) - int(left)
        out = self.out[under[self.out]]
        out = out[np.argsort(self.value[out] / np.maximum(self.grant[out], 1), kind="stable")]
        into = self.waiting[under[self.waiting] & (self.waiting != row)]
        return self._rank_exchanges(out, into, missing)

    def _rank_exchanges(
        self, out: IntArray, into: IntArray, missing: int
    ) -> list[tuple[list[int], list[int]]]:
        """Rank the removals of one or two funded rows that free enough money, each with the best filler."""
        weight, value = self.grant[out], self.value[out]
        pairs = min(len(out), MOST_PAIRS)
        first, second = np.triu_indices(pairs, 1)
        freed = np.concatenate([weight, weight[first] + weight[second]])
        lost = np.concatenate([value, value[first] + value[second]])
        enough = np.flatnonzero(freed >= missing)
        gain, who = self._find_fillers(into, freed[enough] - missing)
        net = lost[enough] - gain
        order = np.lexsort((freed[enough], net))[:TRIED]
        result = []
        for k in order.tolist():
            place = int(enough[k])
            gone = (
                [place] if place < len(out) else [int(first[place - len(out)]), int(second[place - len(out)])]
            )
            result.append(([int(out[g]) for g in gone], [int(who[k])] if who[k] >= 0 else []))
        return result

    def _find_fillers(self, into: IntArray, room: IntArray) -> tuple[IntArray, IntArray]:
        """Find, for each remaining amount, the most valuable application that fits.

        Returns its gain and its row; 0 and −1 if none fits.
        """
        if not len(into) or not len(room):
            return np.zeros(len(room), dtype=np.int64), np.full(len(room), -1, dtype=np.int64)
        by_weight = into[np.argsort(self.ask[into], kind="stable")]
        top = np.maximum.accumulate(self.value[by_weight])
        best = np.maximum.accumulate(np.where(self.value[by_weight] == top, np.arange(len(by_weight)), -1))
        place = np.searchsorted(self.ask[by_weight], room, side="right") - 1
        held = (place >= 0) & (top[np.maximum(place, 0)] > 0)
        gain = np.where(held, top[np.maximum(place, 0)], 0)
        row = np.where(held, by_weight[np.maximum(best[np.maximum(place, 0)], 0)], -1)
        return gain, row

    def _list_rule_exchanges(self, row: int) -> list[tuple[list[int], list[int]]]:
        """List exchanges for an application that a rule blocks.

        It enters alone, or against one funded application of the same group.
        """
        order = self.out[np.argsort(self.value[self.out], kind="stable")]
        return [([], []), *(([int(other)], []) for other in self._of_its_rule(row, order)[:TRIED])]

    def _of_its_rule(self, row: int, order: IntArray) -> IntArray:
        """Return the funded rows that share a group of the blocking rule; all if the rule has no groups."""
        name = str(self.decided.reasons.rule[row])
        rule = next((one for one in self.decided.problem.rules if one.id == name), None)
        groups = getattr(rule, "groups", None)
        codes: NDArray[np.int64] | None = getattr(groups, "codes", None)
        if codes is None:
            return order
        shared: IntArray = order[codes[order] == codes[row]]
        return shared


def read_if_kept(decided: DecidedRun, allocation: Allocation) -> tuple[Allocation, AllocationReading] | None:
    """Return the allocation with its exact reading; None if it breaks a rule."""
    reading = read_allocation(decided.problem, allocation)
    return None if list_broken_rules(decided.problem, allocation, reading) else (allocation, reading)
