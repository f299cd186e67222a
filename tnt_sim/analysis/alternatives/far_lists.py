"""A list far from some others within a loss, and how far any can be, from prices of nested caps.

With c·x + k the distances to the lists added up, p·x the value, V the least value allowed, and any price a > 0 of
the distance, every list within the caps has

    a·c·x  ≤  U(a·c + p) − V

with U the bound of the caps (`analysis/shared/cap_prices.py`), evaluated in integers. The greedy solution at the
same price is a list. The price rises while its list keeps the value. The bound leaves out rules beside the
envelopes. Where they refuse that list, today's list without its least valuable part remains.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Self

import numpy as np

from tnt_sim.analysis.shared.cap_curves import read_cap_trees
from tnt_sim.analysis.shared.cap_prices import compute_selection_bound
from tnt_sim.analysis.shared.reference_solution import without_rules
from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.formulation.formulate import Formulation, formulate
from tnt_sim.kernel.cap_tree.caps import CapTreeNode
from tnt_sim.rules.kinds.limit.rule import Limit
from tnt_sim.rules.linear_terms import BoolArray, IntArray, Terms, sum_exactly
from tnt_sim.rules.protocols import Mode, Sense
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.allocation_reading import Allocation, read_within_limits

FINE = 8
"""Bits of a price of the distance below one unit of value."""
TRIES = 8
"""Prices of the distance, and lengths of the part that leaves."""
MOST_SUM = 1 << 61
"""Most that the magnitudes of value and priced distance may add up to, so that no sum leaves 64 bits."""
SPARE = Fraction(1, 20)
"""Share of a minimum below which what exceeds it is not touched."""


@dataclass(frozen=True, slots=True, eq=False)
class FarLists:
    """Lists of a problem as selections under nested caps.

    Attributes
    ----------
    problem : whose lists these are
    form : its formulation without rules
    trees : caps in cents
    value, cents : of each candidate, int64 (n_cols,)
    least : least value, in units
    """

    problem: Problem
    form: Formulation
    trees: Sequence[CapTreeNode]
    value: IntArray
    cents: IntArray
    least: int
    floor: Fraction

    @classmethod
    def of(cls, problem: Problem, floor: Fraction, deadline: Deadline) -> Self | None:
        """Read the caps; None where grants have several amounts, or envelopes are no nested caps."""
        stage, offers = problem.stages[0], problem.offers
        plain = (offers.least_cents == offers.most_cents)[offers.candidate].all()
        if stage.sense is not Sense.MAXIMISE or stage.goal_parts or stage.terms.once or not plain:
            return None
        relaxed = without_rules(problem)
        form = formulate(relaxed, deadline=deadline)
        read = read_cap_trees(form, relaxed, deadline)
        if read is None:
            return None
        first = form.stages[0]
        least = math.ceil(floor / first.scale - first.constant)
        cents = offers.most_cents[form.recovery.candidate]
        return cls(problem, form, read[1], first.objective, cents, least, floor)

    def find_far_list(
        self, terms: Terms, deadline: Deadline, fine: int = FINE
    ) -> tuple[Allocation | None, Fraction | None]:
        """Find a list far from some others, and an upper limit of the distances of any list added up.

        Parameters
        ----------
        terms : the distances to the others added up
        deadline : the best so far stands after it
        fine : bits of a price of the distance below one unit of value
        """
        offers, rows = self.problem.offers, self.form.recovery.candidate
        away = terms.per_funded[rows] + terms.per_cent[rows] * self.cents
        settled = np.where(offers.committed, terms.per_funded + terms.per_cent * offers.committed_cents, 0)
        constant = terms.constant + int(settled.sum())
        best: tuple[int, BoolArray] | None = None
        bound: int | None = None
        low = 1
        least_away = int(np.abs(away[away != 0]).min()) if away.any() else 1
        high = max(1, 2 * (int(np.abs(self.value).max(initial=1)) << fine) // least_away)
        held = sum_exactly(np.abs(self.value)) << fine
        high = min(high, (MOST_SUM - held) // max(1, sum_exactly(np.abs(away))))
        if high < 1:
            return None, None
        try:
            for _ in range(TRIES):
                price = math.isqrt(low * max(high, low))
                scored = price * away + (self.value << fine)
                most = compute_selection_bound(scored, self.cents, self.trees, deadline)
                if most is not None:
                    here = (most - (self.least << fine)) // price
                    bound = here if bound is None else min(bound, here)
                chosen = self._select_greedily(scored, deadline)
                if int(self.value[chosen].sum()) >= self.least:
                    reached, low = int(away[chosen].sum()), price
                    if best is None or reached > best[0]:
                        best = reached, chosen
                else:
                    high = price
        except DeadlineExpired:
            pass
        allocation = None if best is None else self._read(best[1])
        return allocation, None if bound is None else (bound + constant) * terms.scale

    def _select_greedily(self, profit: IntArray, deadline: Deadline) -> BoolArray:
        """Fill the caps by falling profit per cent, each up to the first that exceeds it."""
        ratio = profit / self.cents
        chosen = profit > 0
        for tree in self.trees:
            deadline.check()
            chosen[tree.collect_columns()] = False
            chosen[_fill(tree, ratio, self.cents)] = True
        return chosen

    def _read(self, chosen: BoolArray) -> Allocation | None:
        """Read a selection as a list of the problem, in integers; None if it breaks a rule or the floor."""
        allocation = Allocation(*self.form.recovery.compute_awards(chosen.astype(np.int64)))
        return allocation if read_within_limits(self.problem, allocation, (self.floor,)) is not None else None

    def drop_least_valuable(self, today: Allocation, skipped: int, deadline: Deadline) -> Allocation | None:
        """Return today's list without as many of its least valuable applications as value and rules allow.

        Parameters
        ----------
        skipped : how many of the least valuable stay
        """
        rows = self.form.recovery.candidate
        free = today.funded[rows] & ~self.problem.offers.forced[rows] & ~self._select_needed(today)[rows]
        order = np.flatnonzero(free)
        order = order[np.argsort(self.value[order], kind="stable")][skipped:]
        spare = int(self.value[today.funded[rows]].sum()) - self.least
        low, high = 0, int(np.searchsorted(np.cumsum(self.value[order]), spare, side="right"))
        best, count = None, high
        for _ in range(TRIES):
            if count <= low or deadline.expired:
                break
            chosen = today.funded[rows].copy()
            chosen[order[:count]] = False
            allocation = self._read(chosen)
            if allocation is None:
                high = count
            else:
                best, low = allocation, count
            count = (low + high) // 2
        return best

    def _select_needed(self, today: Allocation) -> BoolArray:
        """Return the applications of groups that a minimum of a rule hardly exceeds, bool (n,)."""
        needed = np.zeros_like(today.funded)
        for rule in self.problem.rules:
            if not isinstance(rule, Limit) or rule.mode is not Mode.HARD:
                continue
            bounded_sums = rule.read(today.funded, today.granted_cents).readings
            tight = {
                figure.group
                for figure in bounded_sums
                if figure.minimum is not None
                and figure.value is not None
                and figure.value - figure.minimum <= SPARE * figure.minimum
            }
            codes = [
                k
                for k, name in enumerate(rule.groups.names)
                if name in tight or (tight and len(bounded_sums) == 1)
            ]
            needed |= np.isin(rule.groups.codes, codes)
        return needed


def _fill(node: CapTreeNode, ratio: np.ndarray, cents: IntArray) -> IntArray:
    """Return the columns that greedily fill the caps under a node."""
    own = np.concatenate(
        [node.columns[ratio[node.columns] > 0], *(_fill(k, ratio, cents) for k in node.children)]
    )
    own = own[np.argsort(-ratio[own], kind="stable")]
    filled: IntArray = own[: int(np.searchsorted(np.cumsum(cents[own]), node.cap, side="right"))]
    return filled
