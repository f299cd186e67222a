"""Limits of the value of a draw's optimum without solving it, read in integers.

With any prices y of the rows, reduced costs r = c − yA and a list that satisfies every rule in the draw, worth L,

    L  ≤  best value  ≤  U = y·b + Σ_j max(0, r_j)

An application whose r_j exceeds U − L is in every optimum, and one whose −r_j exceeds it is in none. Prices of
nested caps are those of the draw; those of other rows come from one linear program, of the scenario without
uncertainty, and bound every draw too (Geoffrion, *Lagrangean relaxation for integer programming*, Mathematical
Programming Study 2, 1974). The list is that of the greedy heuristic.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from tnt_sim.analysis.shared.cap_curves import read_cap_trees
from tnt_sim.analysis.shared.cap_prices import compute_tree_prices
from tnt_sim.analysis.shared.goal_bounds import Prices, compute_row_bound
from tnt_sim.analysis.shared.reference_solution import without_rules
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.engine.incumbent import find_idle_allocation, find_late_allocation
from tnt_sim.formulation.formulate import Formulation, formulate
from tnt_sim.formulation.linear_model import NO_UPPER, ExactArray
from tnt_sim.kernel.cap_tree.caps import CapTreeNode
from tnt_sim.rules.linear_terms import BoolArray, IntArray
from tnt_sim.rules.protocols import Mode, Sense
from tnt_sim.scenario.problem import Problem

Bits = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class DrawInterval:
    """Draw whose optimum is known within limits.

    Attributes
    ----------
    low, high : exact limits of the value of its first objective
    sure, excluded : applications in every optimum, and in none, as `numpy.packbits` of bool (n,)
    is_final : always False: more time finds the optimum
    seconds : spent on it, after the scenario was loaded
    """

    low: Fraction
    high: Fraction
    sure: Bits
    excluded: Bits
    is_final: bool = False
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class _ReducedCosts:
    """Reduced costs of some candidates: what the bound loses if one leaves its side.

    Attributes
    ----------
    columns : places among the candidates
    lost : what it loses where the candidate is out if positive, or in if negative, in units of 1/denominator
    """

    columns: IntArray
    lost: ExactArray
    denominator: int


@dataclass(frozen=True, slots=True, eq=False)
class _PricedBound:
    """Bound of the first stage, in its units as if it were maximised, and the reduced costs behind it."""

    bound: Fraction
    reduced: Sequence[_ReducedCosts]

    def select_sure(self, least: int, n: int) -> tuple[BoolArray, BoolArray]:
        """Return the candidates in every list worth at least `least`, and those in none, bool (n,)."""
        inside, outside = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
        for costs in self.reduced:
            slack = math.floor((self.bound - least) * costs.denominator)
            if costs.lost.dtype != object and slack >= NO_UPPER:
                continue
            inside[costs.columns] = (costs.lost > slack).astype(np.bool_)
            outside[costs.columns] = (costs.lost < -slack).astype(np.bool_)
        return inside, outside


def compute_optimum_limits(
    problem: Problem, prices: Prices | None = None, deadline: Deadline = UNLIMITED
) -> DrawInterval | None:
    """Bound the optimum of a problem; None where no list of it is found.

    Parameters
    ----------
    prices : of rows by name, as `compute_row_prices` returns them for a similar problem
    """
    form = formulate(problem, deadline=deadline)
    stage = form.stages[0]
    goal = stage.to_solve_stage()
    known = find_late_allocation(problem, form, goal, (), deadline) or find_idle_allocation(problem, ())
    if known is None:
        return None
    deadline.check()
    up = 1 if stage.sense is Sense.MAXIMISE else -1
    value = known[1].values[0]
    value -= up * stage.tolerance * abs(value)  # later stages may give it up
    priced = _compute_bound(problem, form, prices, deadline)
    if priced is None:
        return None
    best = stage.to_value(up * math.floor(priced.bound))
    offers, rows = problem.offers, form.recovery.candidate
    sure, excluded = offers.committed | offers.forced, ~offers.in_play
    inside, outside = priced.select_sure(up * stage.round_value(value), len(rows))
    sure[rows] |= inside
    excluded[rows] |= outside
    low, high = (value, best) if up > 0 else (best, value)
    return DrawInterval(low, high, np.packbits(sure), np.packbits(excluded))


def _compute_bound(
    problem: Problem, form: Formulation, prices: Prices | None, deadline: Deadline
) -> _PricedBound | None:
    """Bound the first stage by nested caps, by given prices or by the envelopes alone; None if unbounded."""
    stage = form.stages[0]
    is_maximised = stage.sense is Sense.MAXIMISE
    read = read_cap_trees(form, problem, deadline) if is_maximised else None
    bound = None if read is None else _compute_cap_bound(problem, form, read[1], deadline)
    if bound is None and prices is None and is_maximised and not _has_penalties(problem):
        within = without_rules(problem)
        free = formulate(within, deadline=deadline)
        read = read_cap_trees(free, within, deadline)
        alike = (free.stages[0].scale, free.stages[0].constant) == (stage.scale, stage.constant)
        bound = None if read is None or not alike else _compute_cap_bound(within, free, read[1], deadline)
    return bound or _build_row_bound(form, prices or {}, deadline)


def _has_penalties(problem: Problem) -> bool:
    return any(rule.mode is Mode.PENALTY for rule in problem.rules)


def _compute_cap_bound(
    problem: Problem, form: Formulation, trees: Sequence[CapTreeNode], deadline: Deadline
) -> _PricedBound | None:
    """Bound by prices of nested caps; None where products leave 64 bits."""
    profit = np.maximum(form.stages[0].objective, 0)
    cents = problem.offers.most_cents[form.recovery.candidate]
    priced = compute_tree_prices(profit, cents, trees, deadline)
    if priced is None:
        return None
    left = np.flatnonzero(priced[1])
    bound = sum((Fraction(prices.bound, prices.b) for prices in priced[0]), Fraction(0))
    bound += int(profit[left].sum(dtype=object) or 0)
    reduced = [_ReducedCosts(prices.columns, prices.reduced, prices.b) for prices in priced[0]]
    return _PricedBound(bound, [*reduced, _ReducedCosts(left, profit[left], 1)])


def _build_row_bound(form: Formulation, prices: Prices, deadline: Deadline) -> _PricedBound | None:
    """Bound by prices of rows; None if they bound nothing."""
    bound = compute_row_bound(form, prices, deadline)
    if bound.scaled is None:
        return None
    up = 1 if form.stages[0].sense is Sense.MAXIMISE else -1
    columns = form.recovery.funded_columns
    lower, upper = form.model.col_lower[columns], form.model.col_upper[columns]
    free = lower < upper  # the bound takes a forced one at any loss
    lost = np.where(free, up * bound.reduced_costs[columns], 0)
    costs = _ReducedCosts(np.arange(len(columns)), lost, 1 << bound.scale)
    return _PricedBound(Fraction(up * bound.scaled, 1 << bound.scale), [costs])
