"""Answers about a decision from the frontiers of nested caps, with and without an application.

Where envelopes and caps on money are all that a decision obeys, and they nest, one curve per leaf of their tree
answers every question on its applications (`kernel/cap_tree/path_room.py`): V(g), the best value of all others
while g is taken from the caps above application i. With p_i its value and w_i its grant

    best value with i in                 p_i + V(w_i)
    largest own grant at value z         max { g : p_i + V(g) ≥ z }
    least increase of caps at value z    least more at which all are worth z, with i in or not

Every question is a `PathQuestion` with exact limits of its answer. All questions on a tree are questions together:
at some prices of money, with all states of the leaves that lose at most Γ, Γ growing until each question is
answered exactly or a limit comes. Then limits that do not meet are a certified interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from types import MappingProxyType
from typing import Self

import numpy as np

from tnt_sim.analysis.shared.cap_prices import CapPrices
from tnt_sim.analysis.shared.decided_run import with_tolerance
from tnt_sim.analysis.shared.envelope_path import EnvelopePath, list_amount_dependent_rules
from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.formulation.builder import Builder
from tnt_sim.formulation.formulate import Formulation, formulate
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, FloatArray, IntArray
from tnt_sim.kernel.cap_tree.best_choice import Memory, maximise_under_tree
from tnt_sim.kernel.cap_tree.caps import CapRows, CapTreeNode, build_cap_trees, find_caps
from tnt_sim.kernel.cap_tree.leaves import CapNode
from tnt_sim.kernel.cap_tree.memo import BoundedMemo
from tnt_sim.kernel.cap_tree.path_room import (
    FAR,
    IntegerBounds,
    OutsideRoom,
    PartTree,
    PathRoom,
    PriceGrid,
    build_leaf_states,
    count_levels,
    find_item_price,
)
from tnt_sim.kernel.cap_tree.states import Budget, TreeStates
from tnt_sim.kernel.cap_tree.tree_search import InnerNode, TreeSolution, TreeTask
from tnt_sim.kernel.knapsack import BoolArray, TooManyStates
from tnt_sim.rules.envelopes.tree_reading import can_gain
from tnt_sim.rules.envelopes.tree_rows import CENT, EnvelopeRows
from tnt_sim.rules.protocols import RowKind, Sense
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.allocation_reading import Allocation

MAX_WORK = 400_000_000
"""States examined per tree and answer, at most."""
MOST_TIES = 1_000_000
"""Comparisons of equal states by rank, per tree."""
FIRST_UNITS, ROUNDS, WIDER = 2, 7, 4
"""Units of profit that the first states may lose, rounds of questions, and the growth of this loss Γ by round."""
MOST_TOGETHER = 5_000
"""Questions on a tree that are narrowed together."""


UNKNOWN = IntegerBounds(-FAR, FAR)


def narrow_bounds(first: IntegerBounds, second: IntegerBounds) -> IntegerBounds:
    """Return the bounds that satisfy both."""
    return IntegerBounds(max(first.low, second.low), min(first.high, second.high))


@dataclass(slots=True, eq=False)
class PathQuestion:
    """One question on one application, and the limits of its answer so far.

    Attributes
    ----------
    row : row of the application
    ask : reads the answer from the curve of its leaf
    taken, profit : the weight that is taken, or else the profit that others must bring: says at which price
    of money the answer is looked for
    inside : whether the application is in; then others are all without it
    """

    row: int
    ask: Callable[[PathRoom], IntegerBounds]
    taken: int | None = None
    profit: int | None = None
    inside: bool = True
    limits: IntegerBounds = UNKNOWN

    @property
    def open(self) -> bool:
        """Whether the limits do not meet."""
        return not self.limits.exact

    def narrow(self, room: PathRoom) -> None:
        """Narrow the limits by those from another price."""
        if self.open:
            self.limits = narrow_bounds(self.limits, self.ask(room))


@dataclass(frozen=True, slots=True, eq=False)
class _Relaxation:
    """Linear relaxation of a tree: its columns in the order in which they come in as the root's cap grows."""

    weight: FloatArray
    profit: FloatArray

    @classmethod
    def of(cls, node: CapTreeNode, profit: IntArray, weight: IntArray) -> _Relaxation:
        left = weight.astype(np.float64)
        ratio = profit / np.maximum(weight, 1)
        own = _select_relaxed_columns(node, FAR, profit, ratio, left)
        weights = np.append(0.0, np.cumsum(left[own]))
        return cls(weights, np.append(0.0, np.cumsum(left[own] * ratio[own])))

    def find_value(self, weight: FloatArray) -> FloatArray:
        """Return the value at some capacities."""
        value: FloatArray = np.interp(weight, self.weight, self.profit)
        return value

    def find_weight(self, profit: float) -> float:
        """Return the capacity at which a value is reached."""
        return float(np.interp(profit, self.profit, self.weight))

    def find_price(self, weight: float) -> float:
        """Return the value of one more unit of a capacity."""
        place = int(np.searchsorted(self.weight, weight, side="right"))
        if place >= len(self.weight):
            return 0.0
        return float(np.diff(self.profit)[place - 1] / np.diff(self.weight)[place - 1])


def _select_relaxed_columns(
    node: CapTreeNode, cap: int, profit: IntArray, ratio: FloatArray, left: FloatArray
) -> IntArray:
    """Select the columns that the linear relaxation takes under a node, best ratio first.

    A function that called itself from within another would keep its arrays until the garbage is collected.

    Parameters
    ----------
    left : weight of each column that is taken; changes in place where a cap takes a column in part
    """
    parts = [_select_relaxed_columns(child, child.cap, profit, ratio, left) for child in node.children]
    own = np.concatenate([node.columns[profit[node.columns] > 0], *parts])
    own = own[np.argsort(-ratio[own], kind="stable")]
    reach = np.cumsum(left[own])
    end = int(np.searchsorted(reach, cap, side="right"))
    if end == len(own):
        return own
    left[own[end]] -= reach[end] - cap
    selected: IntArray = own[: end + 1]
    return selected


@dataclass(frozen=True, slots=True)
class TreeChange:
    """Change of one column of a tree, or of the caps above it.

    Attributes
    ----------
    profit, weight : of the column; None for its own
    forced : the column is taken; then the tree is solved for all others
    leaf, above : weight added to the cap of the column's leaf, and to the caps above
    """

    profit: int | None = None
    weight: int | None = None
    forced: bool = False
    leaf: int = 0
    above: int = 0

    def apply(self, task: TreeTask, column: int) -> TreeTask:
        """Return the columns of a tree with one of them changed."""
        changed = {}
        for name, number in (("profit", self.profit), ("weight", self.weight)):
            if number is not None:
                changed[name] = getattr(task, name).copy()
                changed[name][column] = number
        return replace(task, **changed) if changed else task


@dataclass(eq=False, repr=False)
class PathTree:
    """One tree of nested caps: its columns, the decision in it, and the questions asked of it.

    Attributes
    ----------
    task, root : the tree in units of weight
    decided_columns : columns that the decision funds under it, int64, ascending
    ranked : the tree with its parts' states, by the precision of its prices, for solves that compare ranks
    implied : by row of a cap above the root that cannot be exceeded within its capacity, the cents to spare
    b : precision of prices that sufficed; 0 before the first question
    """

    task: TreeTask
    root: CapTreeNode
    decided_columns: IntArray
    implied: dict[int, int] = field(default_factory=dict)
    ranked: dict[int, RankedTree] = field(default_factory=dict)
    b: int = 0

    @cached_property
    def decided_profit(self) -> int:
        """Value of the decision under the tree, in units of the objective."""
        return int(self.task.profit[self.decided_columns].sum())

    @cached_property
    def decided_weight(self) -> int:
        """Weight that the decision grants under the tree."""
        return int(self.task.weight[self.decided_columns].sum())

    @cached_property
    def n_levels(self) -> int:
        """Number of caps above the deepest leaf, its own apart."""
        return count_levels(self.root)

    @cached_property
    def relaxation(self) -> _Relaxation:
        """The linear relaxation."""
        return _Relaxation.of(self.root, self.task.profit, self.task.weight)

    def compute_prices(
        self, deadline: Deadline = UNLIMITED, *, root: CapTreeNode | None = None
    ) -> CapPrices | None:
        """Price its caps, or those of another root over the same columns; None where products leave 64 bits."""
        return CapPrices.of(self.task.profit, self.task.weight, root or self.root, deadline)

    def compute_least_losses(self, columns: IntArray, deadline: Deadline) -> list[int]:
        """Bound from below what every list loses with each column in, in units: max(0, lacks / b), rounded up."""
        prices = self.compute_prices(deadline)
        if prices is None:
            return [0] * len(columns)
        return [max(0, -(-lacks // prices.b)) for lacks in prices.compute_lacks(columns, self.decided_profit)]

    def narrow_questions(
        self, questions: Sequence[PathQuestion], columns: IntArray, deadline: Deadline
    ) -> None:
        """Narrow the limits of some questions, each on one of the columns, until they meet.

        What was narrowed stays where the states outgrow their budget or time is up. Many questions are narrowed
        some leaves after others, so that those whose turn came are answered.
        """
        order = np.argsort(self._leaf_of[columns], kind="stable")
        for start in range(0, len(order), MOST_TOGETHER):
            places = order[start : start + MOST_TOGETHER]
            own = [questions[k] for k in places.tolist()]
            ask = partial(
                self._narrow_at_precision, questions=own, columns=columns[places], deadline=deadline
            )
            try:
                self._call_with_precision(ask)
            except (TooManyStates, OverflowError, DeadlineExpired):
                return

    @cached_property
    def _leaf_of(self) -> IntArray:
        """Number of the leaf of each column."""
        leaf_of = np.zeros(len(self.task.weight), dtype=np.int64)
        for place, columns in enumerate(self.root.list_columns_by_node()):
            leaf_of[columns] = place
        return leaf_of

    def solve_changed(
        self, column: int, change: TreeChange, memory: Memory, deadline: Deadline
    ) -> TreeSolution | None:
        """Solve the tree with one column changed; None where a column that is taken exceeds a cap."""
        task = change.apply(self.task, column)
        taken = int(task.weight[column]) if change.forced else 0
        if taken > self.root.cap + change.above:
            return None
        if self.n_levels == 1 and self.root.children:
            return self._call_with_precision(
                lambda b: self._get_ranked_tree(b, deadline).solve(task, column, taken, change)
            )
        root = replace(self.root, cap=self.root.cap + change.above)
        rest = _take_column(root, column, taken) if change.forced else root
        if rest is None:
            return None
        return maximise_under_tree(task.profit, task.weight, rest, memory, deadline=deadline)

    def solve_raised(self, raised: RaisedCaps, more: int, memory: Memory, deadline: Deadline) -> TreeSolution:
        """Solve the tree with some weight added to the caps that rise."""
        above = more if raised.above else 0
        if self.root.children:
            place = next((k for k, one in enumerate(self.root.children) if one.row == raised.leaf), None)
            return self._call_with_precision(
                lambda b: self._get_ranked_tree(b, deadline).solve_raised(place, more, above)
            )
        root = replace(self.root, cap=self.root.cap + above)
        return maximise_under_tree(self.task.profit, self.task.weight, root, memory, deadline=deadline)

    def compute_shadow_price(self, raised: RaisedCaps) -> float:
        """Return what one more unit of weight in the caps that rise is worth in the linear relaxation.

        With λ the price of the root and r that of a leaf alone, the leaf is worth max(0, r − λ) beside the root.
        """
        root = self.relaxation.find_price(self.root.cap)
        leaf = next((one for one in self.root.children if one.row == raised.leaf), None)
        own = 0.0
        if leaf is not None:
            alone = _Relaxation.of(leaf, self.task.profit, self.task.weight)
            own = max(0.0, alone.find_price(leaf.cap) - root)
        return own + (root if raised.above else 0.0)

    def find_leaf_row(self, column: int) -> int:
        """Return the row of the leaf of a column; −2 for a column directly under the root."""
        chain = _list_path(self.root, column)
        return chain[-1].row if len(chain) > 1 else -2

    def _call_with_precision[T](self, ask: Callable[[int], T]) -> T:
        """Call `ask(b)` with the precision of prices that sufficed before, else with the finest that suffices."""
        if self.b:
            try:
                return ask(self.b)
            except OverflowError:
                self.b = 0

        def call_precisely(b: int) -> T:
            answer = ask(b)
            self.b = b
            return answer

        return self.task.call_with_precision(self.root, call_precisely)

    def _get_ranked_tree(self, b: int, deadline: Deadline) -> RankedTree:
        """Return the tree whose parts keep their states from one solve to the next."""
        if b not in self.ranked:
            tree = PartTree(self.task, self.root, b, Budget(MAX_WORK, MOST_TIES, deadline=deadline))
            most = int(self.task.weight[self.root.collect_columns()].max())
            cap = self.root.cap
            self.ranked[b] = RankedTree(tree, (max(0, cap - most), cap + most))
        self.ranked[b].tree.budget.deadline = deadline
        return self.ranked[b]

    def _narrow_at_precision(
        self, b: int, questions: Sequence[PathQuestion], columns: IntArray, deadline: Deadline
    ) -> None:
        ranked = self._get_ranked_tree(b, deadline)
        tree = ranked.tree
        leaf_of = {int(column): leaf.number for leaf in tree.leaves for column in leaf.columns.tolist()}
        column_of = dict(zip([id(one) for one in questions], columns.tolist(), strict=True))
        grid, bounds = self._list_prices(ranked, questions)

        def ask(price: int, gamma: int, numbers: IntArray) -> None:
            by_leaf: dict[int, list[PathQuestion]] = {}
            for k in numbers.tolist():
                by_leaf.setdefault(leaf_of[int(columns[k])], []).append(questions[k])
            for number, outside in tree.generate_rooms(price, gamma, frozenset(by_leaf)):
                leaf = tree.leaves[number]
                self._ask_leaf(leaf.columns, leaf.capacity, outside, by_leaf[number], column_of, b, deadline)

        # what no money buys is seen where money costs nothing
        unsure = [k for k, one in enumerate(questions) if one.taken is None and one.limits.high == FAR]
        ask(0, 0, np.array(unsure, dtype=np.int64))
        gamma = tree.estimate_first_loss(FIRST_UNITS)
        for _ in range(ROUNDS):
            left = np.array([k for k, one in enumerate(questions) if one.open], dtype=np.int64)
            for place, group in _group_by_price(bounds[:, left], gamma / b / WIDER):
                ask(int(grid.price[place]), gamma, left[group])
            gamma *= WIDER

    def _ask_leaf(
        self,
        columns: IntArray,
        capacity: int,
        outside: OutsideRoom,
        questions: Sequence[PathQuestion],
        column_of: dict[int, int],
        b: int,
        deadline: Deadline,
    ) -> None:
        """Ask the questions on the applications of one leaf."""
        used = columns[self.task.profit[columns] > 0]
        p, w = self.task.profit[used], self.task.weight[used]
        by_place: dict[int | None, list[PathQuestion]] = {}
        for question in questions:
            place = int(np.searchsorted(used, column_of[id(question)]))
            held = question.inside and place < len(used) and used[place] == column_of[id(question)]
            by_place.setdefault(place if held else None, []).append(question)
        price = outside.price
        if capacity < FAR:
            taken = [one.taken or 0 for one in questions]
            price = max(price, find_item_price(p, w, capacity - min(taken), b))
        left_out = [place for place in by_place if place is not None]
        for gone, states in build_leaf_states(p, w, price, b, left_out, deadline):
            room = PathRoom(outside, states, capacity)
            for one in by_place.get(gone, ()):
                one.narrow(room)

    def _list_prices(
        self, ranked: RankedTree, questions: Sequence[PathQuestion]
    ) -> tuple[PriceGrid, FloatArray]:
        """Return prices of the root, and the bound that each gives for each question, float (n_prices, n)."""
        relaxation, cap = self.relaxation, self.root.cap
        beside = float(relaxation.find_value(np.array([float(cap)]))[0]) - self.decided_profit
        weight = np.array(
            [
                cap - one.taken
                if one.taken is not None
                else relaxation.find_weight((one.profit or 0) + beside)
                for one in questions
            ],
            dtype=np.float64,
        )
        grid = ranked.find_prices(weight)
        by_profit = [k for k, one in enumerate(questions) if one.taken is None]
        weight[by_profit] = [grid.find_weight(questions[k].profit or 0) for k in by_profit]
        return grid, grid.compute_bounds(weight, ranked.tree.b)


@dataclass(eq=False, repr=False)
class RankedTree:
    """A tree of one level whose parts keep their states from one solve with a column taken to the next."""

    tree: PartTree
    weights: tuple[int, int]
    grids: list[PriceGrid] = field(default_factory=list)
    shared: list[_SharedStates] = field(default_factory=list)

    def find_prices(self, weight: FloatArray) -> PriceGrid:
        """Return prices of the root that fill some weights and all that lie between those asked so far."""
        low, high = min(self.weights[0], int(weight.min())), max(self.weights[1], int(weight.max()))
        if not self.grids or (low, high) != self.weights:
            self.weights = low, high
            self.grids = [self.tree.find_prices(np.array([max(0, low), high]))]
        return self.grids[0]

    def solve(self, task: TreeTask, column: int, taken: int, change: TreeChange) -> TreeSolution | None:
        """Solve the tree with a column changed, or taken; None where it exceeds the capacity of its leaf.

        Parameters
        ----------
        task : the tree's columns, one of them changed
        taken : weight of the column if it is taken, else 0
        """
        branches, b, shared = self.tree.root.branches, self.tree.b, self.tree.budget
        own = next(part for part in branches if column in part.columns)
        cap = self.tree.capacity + change.above - taken
        room = cap if own.capacity == FAR else own.capacity + change.leaf - taken
        if room < 0:
            return None
        budget = Budget(MAX_WORK, MOST_TIES, deadline=shared.deadline)
        columns = own.columns[own.columns != column] if change.forced else own.columns
        leaf = task.build_leaf(CapTreeNode(-1, room, columns), b, budget)
        nodes = [leaf if part is own else part.node for part in branches]
        return self._find_best(task, nodes, cap, budget)

    def solve_raised(self, place: int | None, leaf: int, above: int) -> TreeSolution:
        """Solve the tree with weight added to the capacity of one leaf, and to that above.

        Parameters
        ----------
        place : number of the leaf among the children of the root; None for none
        """
        branches, task, b = self.tree.root.branches, self.tree.task, self.tree.b
        budget = Budget(MAX_WORK, MOST_TIES, deadline=self.tree.budget.deadline)
        if not self.shared:
            self.shared = [_SharedStates(part.node) for part in branches]
        nodes: list[CapNode] = list(self.shared)
        if place is not None:
            own = branches[place]
            nodes[place] = task.build_leaf(CapTreeNode(-1, own.capacity + leaf, own.columns), b, budget)
        return self._find_best(task, nodes, self.tree.capacity + above, budget)

    def _find_best(self, task: TreeTask, nodes: list[CapNode], cap: int, budget: Budget) -> TreeSolution:
        """Find the best selection of some parts under a capacity."""
        b, shared = self.tree.b, self.tree.budget
        grid = self.find_prices(np.array([float(cap)]))
        bounds = grid.compute_bounds(np.array([float(cap)]), b)
        price = int(grid.price[int(np.argmin(bounds))])
        states, k = InnerNode(nodes, cap, b, budget, 1, price).find_best()
        columns = states.columns(k)
        profit, weight = int(task.profit[columns].sum()), int(task.weight[columns].sum())
        return TreeSolution(columns, profit, weight, budget.is_unique and shared.is_unique)


@dataclass(eq=False)
class _SharedStates:
    """A part of a tree whose states at a price serve many solves in which other parts change."""

    node: CapNode
    lines: dict[int, tuple[int, int]] = field(default_factory=dict)
    least: dict[tuple[int, int], IntArray] = field(default_factory=dict)
    states: dict[int, tuple[int, TreeStates]] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Number of items."""
        return self.node.size

    def compute_tangent(self, a: int) -> tuple[int, int]:
        """Return the part's line at a price."""
        if a not in self.lines:
            self.lines[a] = self.node.compute_tangent(a)
        return self.lines[a]

    def list_least_losses(self, a: int, count: int) -> IntArray:
        """Return the smallest losses at a price."""
        if (a, count) not in self.least:
            self.least[a, count] = self.node.list_least_losses(a, count)
        return self.least[a, count]

    def enumerate_states(self, a: int, gamma: int) -> TreeStates:
        """Return the states within a loss, from those of the largest loss so far."""
        widest, states = self.states.get(a, (-1, None))
        if states is None or widest < gamma:
            widest, states = gamma, self.node.enumerate_states(a, gamma)
            self.states[a] = widest, states
        return states if widest == gamma or len(states.loss) == 1 else states.filter_within(gamma)


@dataclass(frozen=True, slots=True)
class RaisedCaps:
    """Caps of one tree that rise together.

    Attributes
    ----------
    tree : number of the tree; −1 where no cap that can bind rises
    leaf : row of the leaf that rises; −1 for none
    above : whether the root rises, or, of a tree with a single cap, that cap
    spare_cents : cents of these caps beyond whole units of weight
    most_cents : cents from which on another cap, which does not rise, may bind; FAR if there is none
    """

    tree: int
    leaf: int
    above: bool
    spare_cents: int
    most_cents: int = FAR

    def ask(self, row: int, profit: int, taken: int = 0, *, inside: bool = True) -> PathQuestion:
        """Ask for the least weight to add at which all else brings a profit beside what an application takes."""
        find = partial(PathRoom.find_added, profit=profit, taken=taken, leaf=self.leaf >= 0, above=self.above)
        return PathQuestion(row, find, profit=profit, inside=inside)

    def to_cents(self, added: IntegerBounds, unit: int) -> IntegerBounds:
        """Return added units of weight as cents added to the exact capacities; FAR stays."""
        low, high = (one if one == FAR else max(0, unit * one - self.spare_cents) for one in added)
        return IntegerBounds(low, high if high <= self.most_cents else FAR)

    def to_units(self, cents: int, unit: int) -> int:
        """Return the whole units of weight that some cents add."""
        return (self.spare_cents + cents) // unit


def _list_path(node: CapTreeNode, column: int) -> list[CapTreeNode]:
    """Return the caps above a column, the outermost first; empty if it lies elsewhere."""
    if column in node.columns:
        return [node]
    for child in node.children:
        below = _list_path(child, column)
        if below:
            return [node, *below]
    return []


def _take_column(node: CapTreeNode, column: int, weight: int) -> CapTreeNode | None:
    """Return the tree without a column whose weight leaves all caps above it; None where a cap has less."""
    own = node.columns != column
    if not own.all():
        return replace(node, cap=node.cap - weight, columns=node.columns[own]) if weight <= node.cap else None
    for place, child in enumerate(node.children):
        if column in child.columns or any(column in columns for columns in child.list_columns_by_node()):
            below = _take_column(child, column, weight)
            if below is None or weight > node.cap:
                return None
            children = (*node.children[:place], below, *node.children[place + 1 :])
            return replace(node, cap=node.cap - weight, children=children)
    return node


def _drop_implied_caps(
    node: CapTreeNode, weight: IntArray, above: Mapping[int, int] = MappingProxyType({})
) -> list[tuple[CapTreeNode, dict[int, int]]]:
    """Return the trees that remain without caps at the top that those below them, or all their columns, keep.

    With each tree is what the caps dropped above it have to spare, by row: greater caps below may exceed them.
    """
    if not node.children:
        return [(node, dict(above))]
    most = sum(min(child.cap, int(weight[child.collect_columns()].sum())) for child in node.children)
    if len(node.columns) or most > node.cap:
        return [(node, dict(above))]
    above = {**above, node.row: node.cap - most}
    return [tree for child in node.children for tree in _drop_implied_caps(child, weight, above)]


def _group_by_price(bounds: FloatArray, spare: float) -> Iterable[tuple[int, IntArray]]:
    """Choose few prices so that each question has one whose bound exceeds its least by `spare` at most."""
    fits = bounds <= bounds.min(axis=0) + spare
    left = np.ones(bounds.shape[1], dtype=np.bool_)
    while left.any():
        price = int(np.argmax(fits[:, left].sum(axis=1)))
        own = np.flatnonzero(fits[price] & left)
        left[own] = False
        yield price, own


@dataclass(eq=False, repr=False)
class CapCurves:
    """Curves of a decision that only nested caps on money bind.

    Attributes
    ----------
    form : its formulation: one column per candidate
    funded : bool (n_cols,), the columns that the decision funds
    trees : the trees of its caps
    tree_of : tree of each column, int64 (n_cols,); −1 for none
    cap_cents : exact cents of each cap, by row of the model
    memory : results of earlier solves of trees
    """

    problem: Problem
    form: Formulation
    funded: BoolArray
    trees: tuple[PathTree, ...]
    tree_of: IntArray
    cap_cents: dict[int, int]
    memory: Memory = field(default_factory=Memory)
    column: dict[int, int] = field(init=False)
    fixed: bool = field(init=False)
    """Whether an amount that is raised gives nothing to other envelopes than its own."""

    def __post_init__(self) -> None:
        tree = self.problem.case.tree
        self.fixed = not any(can_gain(tree, node) for node in range(tree.n_nodes))
        rows = self.form.recovery.candidate.tolist()
        self.column = {row: k for k, row in enumerate(rows)}

    @classmethod
    def of(cls, problem: Problem, allocation: Allocation, deadline: Deadline) -> Self | None:
        """Read the caps of a decision; None where anything else binds, or a dossier has several amounts."""
        stage = problem.stages[0]
        plain = problem.offers.least_cents == problem.offers.most_cents
        if (
            len(problem.stages) > 1
            or stage.sense is not Sense.MAXIMISE
            or stage.goal_parts
            or with_tolerance(problem)
            or not plain[problem.offers.candidate].all()
        ):
            return None
        form = formulate(problem, deadline=deadline)
        read = read_cap_trees(form, problem, deadline)
        if read is None:
            return None
        caps, nodes = read
        cost = problem.offers.most_cents[form.recovery.candidate]
        funded = allocation.funded[form.recovery.candidate]
        step = problem.offers.unit_cents[form.recovery.candidate]
        profit = form.stages[0].objective
        tree_of = np.full(form.model.n_cols, -1)
        trees: list[PathTree] = []
        for node, implied in (pair for top in nodes for pair in _drop_implied_caps(top, cost)):
            columns = node.collect_columns()
            tree_of[columns] = len(trees)
            unit = int(np.gcd.reduce(np.concatenate([cost[columns], step[columns]])))
            task = TreeTask(
                np.maximum(profit, 0), cost // unit, unit, MAX_WORK, BoundedMemo(), 1, None, deadline
            )
            trees.append(
                PathTree(task, node.divide_capacities(unit), np.sort(columns[funded[columns]]), implied)
            )
        return cls(problem, form, funded, tuple(trees), tree_of, dict(zip(caps.row, caps.cap, strict=True)))

    def has_curve(self, row: int) -> bool:
        """Whether the application lies under a tree of caps."""
        return row in self.column and self.tree_of[self.column[row]] >= 0

    def get_tree(self, row: int) -> PathTree:
        """Return the tree of an application."""
        return self.trees[int(self.tree_of[self.column[row]])]

    def get_weight(self, row: int) -> int:
        """Return the grant of an application, in units of its tree."""
        return int(self.get_tree(row).task.weight[self.column[row]])

    def get_profit(self, row: int) -> int:
        """Return the value of an application for the objective, in units."""
        return int(self.form.stages[0].objective[self.column[row]])

    def narrow_questions(self, questions: Sequence[PathQuestion], deadline: Deadline) -> None:
        """Narrow the limits of some questions on covered applications until they meet, or time is up."""
        by_tree: dict[int, list[PathQuestion]] = {}
        for one in (question for question in questions if question.open):
            by_tree.setdefault(int(self.tree_of[self.column[one.row]]), []).append(one)
        for number, own in by_tree.items():
            columns = np.array([self.column[one.row] for one in own])
            self.trees[number].narrow_questions(own, columns, deadline)

    def find_raised_caps(self, path: EnvelopePath) -> RaisedCaps | None:
        """Tell which caps rise with a path of envelopes; None where the curves do not cover it."""
        tree = self.problem.case.tree
        if not path.written or list_amount_dependent_rules(self.problem, path.nodes):
            return None
        if any(can_gain(tree, child) for child in tree.list_children(path.node)):
            return None
        moved = {tree.ids[node] for node in path.nodes}
        rising = {
            row
            for row, label in enumerate(self.form.labels)
            if label.kind is RowKind.ENVELOPE and label.id in moved
        }
        if any(self.form.labels[row].side for row in rising):
            return None  # a bound on what ring-fenced envelopes leave moves otherwise
        touched = [number for number, rows in enumerate(self._rows_of_trees) if rows & rising]
        if not touched:
            return RaisedCaps(-1, -1, False, 0)
        if len(touched) > 1:
            return None
        (number,) = touched
        touched_tree, own = self.trees[number], self._rows_of_trees[number] & rising
        if touched_tree.n_levels > 1:
            return None
        caps = {node.row: node.cap for node in (touched_tree.root, *touched_tree.root.children)}
        spare = {self.cap_cents[row] - touched_tree.task.unit * caps[row] for row in own}
        leaves = own - {touched_tree.root.row}
        if len(spare) > 1 or len(leaves) > 1:
            return None
        most = min((cents for row, cents in touched_tree.implied.items() if row not in rising), default=FAR)
        leaf = leaves.pop() if leaves else -1
        return RaisedCaps(number, leaf, touched_tree.root.row in own, spare.pop(), most)

    def has_spare_cents(self, row: int) -> bool:
        """Return whether a cap above an application may hold cents beyond whole units of weight.

        Amounts that are all multiples of 2 cents leave the last cent of an odd cap to a smaller grant. The
        exact cents of a rule's cap are not kept: it may hold some where its row was divided.
        """
        tree = self.get_tree(row)
        return any(
            self.cap_cents[node.row] != tree.task.unit * node.cap
            if self.form.labels[node.row].kind is RowKind.ENVELOPE
            else self.form.units[node.row] != CENT
            for node in _list_path(tree.root, self.column[row])
        )

    @cached_property
    def _rows_of_trees(self) -> list[set[int]]:
        return [tree.root.collect_rows() for tree in self.trees]

    def find_raised_paths(self, paths: Sequence[EnvelopePath], deadline: Deadline) -> dict[str, RaisedCaps]:
        """Tell which caps rise with each path of envelopes, by id; a path that is not covered has no entry."""
        raised = {}
        for path in paths:
            deadline.check()
            caps = self.find_raised_caps(path)
            if caps is not None:
                raised[path.id] = caps
        return raised

    def find_increases(
        self,
        raised: Mapping[str, RaisedCaps],
        deadline: Deadline,
        known: Mapping[str, IntegerBounds] = MappingProxyType({}),
    ) -> dict[str, IntegerBounds]:
        """Bound the least cents to add to some caps at which their tree is worth a unit more, by id.

        FAR where no increase is enough. Where time runs out, the limits are those that are known.

        Parameters
        ----------
        known : limits that are known, by id, as weight to add
        """
        increases = {name: IntegerBounds(FAR, FAR) for name, caps in raised.items() if caps.tree < 0}
        questions = {
            name: replace(self._ask_added(caps, 1), limits=known.get(name, UNKNOWN))
            for name, caps in raised.items()
            if caps.tree >= 0
        }
        self.narrow_questions(list(questions.values()), deadline)
        for name, question in questions.items():
            caps = raised[name]
            increases[name] = caps.to_cents(question.limits, self.trees[caps.tree].task.unit)
        return increases

    def find_extensions(
        self,
        rows: Sequence[int],
        path: EnvelopePath,
        deadline: Deadline,
        known: Mapping[int, IntegerBounds] = MappingProxyType({}),
    ) -> dict[int, IntegerBounds]:
        """Bound the least cents to add to a path of envelopes so that each application comes in without loss.

        FAR where no increase is enough. A row that the curves do not cover has no entry.

        Parameters
        ----------
        known : limits that are known, by row, as weight to add to the tree that rises
        """
        raised = self.find_raised_caps(path)
        if raised is None:
            return {}
        inside, elsewhere = [], []
        for row in rows:
            if not self.has_curve(row):
                continue
            number = int(self.tree_of[self.column[row]])
            if number != raised.tree:
                elsewhere.append(row)
                continue
            tree = self.trees[number]
            if raised.leaf not in (-1, tree.find_leaf_row(self.column[row])):
                continue  # the cap of another leaf rises
            question = raised.ask(row, tree.decided_profit - self.get_profit(row), self.get_weight(row))
            inside.append(replace(question, limits=known.get(row, UNKNOWN)))
        self.narrow_questions(inside, deadline)
        unit = self.trees[raised.tree].task.unit if raised.tree >= 0 else 1
        extensions = {one.row: raised.to_cents(one.limits, unit) for one in inside}
        return extensions | self._find_paid_extensions(elsewhere, raised, deadline)

    def _find_paid_extensions(
        self, rows: Sequence[int], raised: RaisedCaps, deadline: Deadline
    ) -> dict[int, IntegerBounds]:
        """Bound the least cents with which the tree that rises pays for an application elsewhere."""
        losses = [
            PathQuestion(row, partial(PathRoom.find_profit, taken=weight), taken=weight)
            for row in rows
            for weight in (self.get_weight(row),)
        ]
        self.narrow_questions(losses, deadline)
        extensions: dict[int, IntegerBounds] = {}
        paid: dict[int, tuple[PathQuestion, list[int]]] = {}
        for question in losses:
            row, least = (
                question.row,
                self.get_tree(question.row).decided_profit - self.get_profit(question.row),
            )
            if question.limits.high == -FAR:
                extensions[row] = IntegerBounds(FAR, FAR)
            elif not question.limits.exact:
                continue
            elif question.limits.low >= least:
                extensions[row] = IntegerBounds(0, 0)
            elif raised.tree < 0:
                extensions[row] = IntegerBounds(FAR, FAR)
            else:
                loss = least - question.limits.low
                paid.setdefault(loss, (self._ask_added(raised, loss), []))[1].append(row)
        self.narrow_questions([question for question, _ in paid.values()], deadline)
        for question, own in paid.values():
            added = raised.to_cents(question.limits, self.trees[raised.tree].task.unit)
            extensions |= dict.fromkeys(own, added)
        return extensions

    def _ask_added(self, raised: RaisedCaps, gain: int) -> PathQuestion:
        """Ask for the least weight to add to some caps at which their tree is worth more by `gain`."""
        tree = self.trees[raised.tree]
        leaves = [one for one in tree.root.list_leaves() if raised.leaf in (-1, one.row)]
        column = min(leaves, key=lambda one: len(one.columns)).columns[0]
        row = int(self.form.recovery.candidate[column])
        return raised.ask(row, tree.decided_profit + gain, inside=False)

    def decide_raised(self, raised: RaisedCaps, cents: int, deadline: Deadline) -> BoolArray | None:
        """Decide anew with more cents in some caps; None where a limit, or a tie that is left open, stops it."""
        tree = self.trees[raised.tree]
        more = raised.to_units(cents, tree.task.unit)
        try:
            solution = tree.solve_raised(raised, more, self.memory, deadline)
        except (TooManyStates, OverflowError, DeadlineExpired):
            return None
        if not solution.canonical:
            return None
        funded = self.funded.copy()
        funded[tree.decided_columns] = False
        funded[solution.columns] = True
        return funded

    def decide(self, row: int, change: TreeChange, deadline: Deadline) -> TreeSolution | None:
        """Decide the tree of an application anew with a change; None where a limit stops it."""
        try:
            return self.get_tree(row).solve_changed(self.column[row], change, self.memory, deadline)
        except (TooManyStates, OverflowError, DeadlineExpired):
            return None

    def is_funded(self, row: int, change: TreeChange, deadline: Deadline) -> bool | None:
        """Whether the one answer with a change funds an application; None if unknown."""
        solution = self.decide(row, change, deadline)
        return None if solution is None or not solution.canonical else self.column[row] in solution.columns


def read_cap_trees(
    form: Formulation, problem: Problem, deadline: Deadline
) -> tuple[CapRows, list[CapTreeNode]] | None:
    """Return the caps of a formulation in cents with their trees; None if anything else binds."""
    caps = _read_caps(form, problem, deadline)
    if caps is None:
        return None
    nodes = build_cap_trees(caps, form.model.n_cols, set(caps.row))
    if sum(len(node.collect_rows()) for node in nodes) < len(caps.row) or min(caps.cap) < 0:
        return None
    return caps, nodes


def _read_caps(form: Formulation, problem: Problem, deadline: Deadline) -> CapRows | None:
    """Return the caps of a formulation in cents, exact for envelopes; None if it has other rows or columns."""
    model, cost = form.model, form.least_granted.objective
    caps_only = (model.row_lower == NO_LOWER).all() and (model.row_upper != NO_UPPER).all()
    binary = (model.col_lower == 0).all() and (model.col_upper == 1).all()
    cents = form.least_granted.scale * 100
    if model.n_cols != len(form.recovery.candidate) or not (binary and caps_only and model.n_rows):
        return None
    if cents.denominator != 1 or (cost <= 0).any():
        return None
    matrix = model.matrix
    places = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64)
    caps = find_caps(*places, matrix.data, model.row_upper, np.arange(model.n_rows), cost * int(cents))
    builder = Builder(form.recovery, deadline)
    EnvelopeRows(problem.case, problem.offers).build_rows(builder)
    exact = {
        label: bound * unit * 100
        for label, bound, unit in zip(builder.labels, builder.upper, builder.units, strict=True)
    }
    cents_of_caps = tuple(
        math.floor(exact.get(form.labels[row], cap)) for row, cap in zip(caps.row, caps.cap, strict=True)
    )
    n_filled = int((np.diff(model.matrix.indptr) > 0).sum())  # a row without columns bounds nothing
    if len(caps.row) < n_filled or not caps.row or int(model.row_upper.min()) < 0:
        return None
    return CapRows(caps.row, caps.columns, cents_of_caps)
