"""A problem seen as parts that have some money of their own: what exact kernels can answer at once.

Only the envelopes are looked at, and limits on money within a part that holds all its dossiers; every other rule,
and caps below a part, are left out. So what a kernel finds is a lower limit on the least amount, and the least
amount itself as soon as its allocation keeps every rule there.

With E the envelope in question and floor the sum of its children's amounts, E needs floor + Σ_k max(0, G_k − a_k)
over the parts that may get more (through envelopes that share out nothing of their own); what may get nothing on
top is hard. Where own dossiers and children compete for one remainder, or siblings give each other money, no such
parts are seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.knapsack import BoolArray, IntArray, TooManyStates
from tnt_sim.kernel.needs import Needs, Part
from tnt_sim.programme import Tree
from tnt_sim.rules.base import Mode, Unit, exact_sum, group_sums
from tnt_sim.rules.envelope import may_gain, unassigned_cents
from tnt_sim.rules.limit import Limit
from tnt_sim.scenario.compile import Problem
from tnt_sim.scenario.objective import Sense
from tnt_sim.study.line import Line
from tnt_sim.verify.reading import Allocation


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A problem as a kernel sees it.

    Attributes
    ----------
    rows : the open candidates, int64 (n_items,); `profit` and `weight` are theirs
    settled : the profit of committed and forced dossiers, in the goal's whole units
    scale : the value of one unit of profit
    needs : the kernel
    floor_cents : the amount at which nothing is needed
    most : no more profit than that can be had at any amount
    """

    problem: Problem
    rows: IntArray
    settled: int
    scale: Fraction
    needs: Needs
    floor_cents: int
    most: int

    def target(self, value: Fraction) -> int:
        """The profit that open candidates must bring for a value of the goal."""
        units = value / self.scale
        return -(-units.numerator // units.denominator) - self.settled

    def allocation(self, taken: BoolArray) -> Allocation:
        """A choice of items as an allocation."""
        offers = self.problem.offers
        funded = offers.committed | offers.forced
        funded[self.rows[taken]] = True
        granted = np.where(offers.committed, offers.committed_cents, np.where(funded, offers.most_cents, 0))
        return Allocation(funded, granted)


def seen_as_parts(problem: Problem, line: Line, deadline: Deadline = UNLIMITED) -> Seen | None:
    """The problem as parts, None where it is none.

    Raises
    ------
    DeadlineExpired
        When the time is over, here or in a question to its kernel.
    """
    offers, stage = problem.offers, problem.stages[0]
    terms = stage.terms
    if stage.sense is not Sense.MAXIMISE or stage.parts or terms.once:
        return None
    if any(r.mode is Mode.PENALTY and r.penalty and r.penalty.stage == 0 for r in problem.rules):
        return None
    plain = offers.candidate & (offers.least_cents == offers.most_cents)
    if not plain[offers.candidate].all() or len(offers.levels.where(offers.candidate).row):
        return None
    worth = terms.per_funded + terms.per_cent * offers.highest_cents
    rows = np.flatnonzero(offers.candidate & ~offers.forced)
    if (worth[rows] < 0).any():
        return None
    found = _Parts(problem, line, rows).parts()
    if found is None:
        return None
    parts, floor = found
    profit, weight = worth[rows], offers.most_cents[rows]
    settled = exact_sum(worth[offers.committed | (offers.candidate & offers.forced)]) + terms.constant
    try:
        needs = Needs(profit, weight, _cut(problem, rows, parts), deadline)
        enough = [part if part.hard else replace(part, free=int(weight.sum())) for part in parts]
        most = sum(Needs(profit, weight, _cut(problem, rows, enough), deadline).gained.values())
    except (ValueError, TooManyStates, OverflowError):
        return None
    return Seen(problem, rows, settled, terms.scale, needs, floor, most)


def _cut(problem: Problem, rows: IntArray, parts: list[Part]) -> list[Part]:
    return [piece for part in parts for piece in _under_limits(problem, rows, part)]


def _under_limits(problem: Problem, rows: IntArray, part: Part) -> list[Part]:
    """A part that holds all its dossiers, cut into what limits on money by group let through, and the rest."""
    weight = problem.offers.most_cents[rows]
    if int(weight[part.items].sum()) > part.free:
        return [part]
    left = np.zeros(len(rows), dtype=np.bool_)
    left[part.items] = True
    pieces = []
    for codes, caps in _limits(problem):
        own = codes[rows]
        inside = left & (own >= 0)
        asked = np.bincount(own[inside], weights=weight[inside].astype(np.float64), minlength=len(caps))
        for group in np.flatnonzero(asked > np.array(caps, dtype=np.float64)).tolist():
            items = np.flatnonzero(inside & (own == group))
            pieces.append(Part(items, caps[group], hard=True))
            left[items] = False
    rest = np.flatnonzero(left)
    return [Part(rest, int(weight[rest].sum()), hard=False), *pieces]


def _limits(problem: Problem) -> list[tuple[IntArray, list[int]]]:
    """Each hard limit on money: the group of each dossier (-1: none), and the cents left to each group."""
    offers = problem.offers
    sure = offers.committed | (offers.candidate & offers.forced)
    found = []
    for rule in problem.rules:
        if not isinstance(rule, Limit) or rule.mode is not Mode.HARD or rule.terms.unit is not Unit.MONEY:
            continue
        counted = rule.terms.per_cent != 0
        if rule.terms.per_funded.any() or rule.terms.once or (rule.terms.per_cent[counted] != 1).any():
            continue
        if any(low is not None for low in rule.minimum) or any(high is None for high in rule.maximum):
            continue
        codes = np.where(counted, rule.groups.codes, -1)
        gone = sure & (codes >= 0)
        spent = group_sums(offers.highest_cents[gone], codes[gone], len(rule.groups.names))
        most = [int(high / rule.terms.scale) for high in rule.maximum if high is not None]
        found.append((codes, [high - low for high, low in zip(most, spent, strict=True)]))
    return found


class _Parts:
    """The parts of one problem."""

    def __init__(self, problem: Problem, line: Line, rows: IntArray) -> None:
        self.tree: Tree = problem.case.tree
        self.node = problem.case.node
        self.line = line
        self.rows = rows
        offers = problem.offers
        sure = offers.committed | (offers.candidate & offers.forced)
        self.spent = np.where(sure, offers.highest_cents, 0)
        self.found: list[Part] = []

    def parts(self) -> tuple[list[Part], int] | None:
        """The parts and what their amounts come to; None where the tree is none of the shape."""
        tree = self.tree
        if any(option.transfer_to for option in tree.options) or any(tree.overbooked):
            return None
        lowest = self.line.node
        if tree.written_cents[lowest] is None and tree.children(lowest):
            return None
        for above in self.line.nodes[1:]:
            inside = [k for k in tree.children(above) if tree.written_cents[k] is not None]
            if unassigned_cents(tree, above) != 0 or self._loose(above, inside):
                return None
            for child in inside:
                if child not in self.line.nodes:
                    self._fixed(child)
        if self.line.nodes[-1] != 0:
            return None
        children = [k for k in tree.children(lowest) if tree.written_cents[k] is not None]
        if not children:
            self._add(lowest, 0, hard=False)
            return self.found, 0
        if self._loose(lowest, children):
            return None
        for child in children:
            if may_gain(tree, child):
                self._gaining(child)
            else:
                self._fixed(child)
        return self.found, sum(tree.written_cents[child] or 0 for child in children)

    def _gaining(self, node: int) -> None:
        """A part that may get more; its children apart where all it gets is passed on to them."""
        children = [k for k in self.tree.children(node) if self.tree.written_cents[k] is not None]
        passes = children and unassigned_cents(self.tree, node) == 0 and not self._loose(node, children)
        if not passes:
            self._add(node, self.tree.amount_cents[node] or 0, hard=False)
            return
        for child in children:
            if may_gain(self.tree, child):
                self._gaining(child)
            else:
                self._fixed(child)

    def _fixed(self, node: int) -> None:
        """A part that gets nothing more; its children apart where it has nothing beside their amounts."""
        children = [k for k in self.tree.children(node) if self.tree.written_cents[k] is not None]
        if not children or unassigned_cents(self.tree, node) != 0 or self._loose(node, children):
            self._add(node, self.tree.amount_cents[node] or 0, hard=True)
            return
        for child in children:
            self._fixed(child)

    def _add(self, node: int, amount: int, *, hard: bool) -> None:
        end = self.tree.end[node]
        under = (self.node >= node) & (self.node < end)
        items = np.flatnonzero(under[self.rows])
        self.found.append(Part(items, amount - exact_sum(self.spent[under]), hard))

    def _loose(self, node: int, children: list[int]) -> bool:
        """Whether a node has dossiers beside those of its children with amounts."""
        held = (self.node >= node) & (self.node < self.tree.end[node])
        for child in children:
            held &= ~((self.node >= child) & (self.node < self.tree.end[child]))
        play = np.zeros(len(self.node), dtype=np.bool_)
        play[self.rows] = True
        return bool((held & (play | (self.spent > 0))).any())
