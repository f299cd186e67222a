"""Answers about refused applications from the frontiers of nested caps, with and without the application.

Where envelopes and caps on money are all that a decision obeys, and they nest, one curve per leaf of their tree
answers every question on its applications (`kernel/cap_tree/path_room.py`): V(g), the best value of all others
while g is taken from the caps above application i. With p_i its value and w_i its grant

    best value with i in                 p_i + V(w_i)
    largest own grant at value z         max { g : p_i + V(g) ≥ z }
    least increase of caps at value z    least more that admits i beside others worth z − p_i

Every question is a `PathQuestion` with exact limits of its answer. All questions on a tree are questions together:
at some prices of money, with all states of the leaves that lose at most Γ, Γ growing until each question is
answered exactly or a limit comes. Then limits that do not meet are a certified interval.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property, partial

import numpy as np

from tnt_sim.analysis.explain.refusal_bounds import Interval
from tnt_sim.analysis.shared.decided_run import DecidedRun, with_tolerance
from tnt_sim.analysis.shared.envelope_path import EnvelopePath
from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.formulation.builder import Builder
from tnt_sim.formulation.formulate import Formulation, formulate
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, FloatArray, IntArray
from tnt_sim.kernel.cap_tree.best_choice import Memory, maximise_under_tree
from tnt_sim.kernel.cap_tree.caps import CapRows, CapTreeNode, build_cap_trees, find_caps
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
from tnt_sim.kernel.cap_tree.states import Budget
from tnt_sim.kernel.cap_tree.tree_search import InnerNode, TreeSolution, TreeTask
from tnt_sim.kernel.knapsack import TooManyStates
from tnt_sim.rules.envelopes.tree_reading import can_gain
from tnt_sim.rules.envelopes.tree_rows import EnvelopeRows
from tnt_sim.rules.protocols import RowKind, Sense
from tnt_sim.scenario.problem import Problem

MAX_WORK = 400_000_000
"""States examined per tree and answer, at most."""
MOST_TIES = 1_000_000
"""Comparisons of equal states by rank, per tree."""
FIRST_UNITS, ROUNDS, WIDER = 2, 7, 4
"""Units of profit that the first states may lose, rounds of questions, and the growth of this loss Γ by round."""


UNKNOWN = IntegerBounds(-FAR, FAR)


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
            found = self.ask(room)
            self.limits = IntegerBounds(max(self.limits.low, found.low), min(self.limits.high, found.high))


@dataclass(frozen=True, slots=True, eq=False)
class _Relaxation:
    """Linear relaxation of a tree: its columns in the order in which they come in as the root's cap grows."""

    weight: FloatArray
    profit: FloatArray

    @classmethod
    def of(cls, node: CapTreeNode, profit: IntArray, weight: IntArray) -> _Relaxation:
        left = weight.astype(np.float64)
        ratio = profit / np.maximum(weight, 1)

        def select_columns(node: CapTreeNode, cap: int) -> IntArray:
            parts = [select_columns(child, child.cap) for child in node.children]
            own = np.concatenate([node.columns[profit[node.columns] > 0], *parts])
            own = own[np.argsort(-ratio[own], kind="stable")]
            reach = np.cumsum(left[own])
            end = int(np.searchsorted(reach, cap, side="right"))
            if end == len(own):
                return own
            left[own[end]] -= reach[end] - cap
            return own[: end + 1]

        own = select_columns(node, FAR)
        weights = np.append(0.0, np.cumsum(left[own]))
        return cls(weights, np.append(0.0, np.cumsum(left[own] * ratio[own])))

    def find_value(self, weight: FloatArray) -> FloatArray:
        """Return the value at some capacities."""
        value: FloatArray = np.interp(weight, self.weight, self.profit)
        return value

    def find_weight(self, profit: float) -> float:
        """Return the capacity at which a value is reached."""
        return float(np.interp(profit, self.profit, self.weight))


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
    cents : capacity of the root in cents, exact
    ranked : the tree with its parts' states, by the precision of its prices, for solves that compare ranks
    envelope : envelope whose amount this capacity is; None for another cap
    b : precision of prices that sufficed; 0 before the first question
    """

    task: TreeTask
    root: CapTreeNode
    decided_columns: IntArray
    cents: int
    envelope: str | None
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

    def to_added_cents(self, added: IntegerBounds) -> IntegerBounds:
        """Return weight added to the root as cents added to its exact capacity; FAR stays."""
        spare = self.cents - self.task.unit * self.root.cap
        low, high = (one if one == FAR else max(0, self.task.unit * one - spare) for one in added)
        return IntegerBounds(low, high)

    @cached_property
    def n_levels(self) -> int:
        """Number of caps above the deepest leaf, its own apart."""
        return count_levels(self.root)

    @cached_property
    def relaxation(self) -> _Relaxation:
        """The linear relaxation."""
        return _Relaxation.of(self.root, self.task.profit, self.task.weight)

    def narrow_questions(
        self, questions: Sequence[PathQuestion], columns: IntArray, deadline: Deadline
    ) -> None:
        """Narrow the limits of some questions, each on one of the columns, until they meet.

        What was narrowed stays where the states outgrow their budget or time is up.
        """
        try:
            self._call_with_precision(lambda b: self._narrow_at_precision(b, questions, columns, deadline))
        except (TooManyStates, OverflowError, DeadlineExpired):
            return

    def solve_changed(
        self, column: int, change: TreeChange, memory: Memory, deadline: Deadline
    ) -> TreeSolution | None:
        """Solve the tree with one column changed; None where a column that is taken exceeds a cap.

        Raises
        ------
        TooManyStates, OverflowError, DeadlineExpired
            As the kernel of trees does.
        """
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
        ask(0, 0, np.array([k for k, one in enumerate(questions) if one.taken is None], dtype=np.int64))
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
        grid = self.find_prices(np.array([float(cap)]))
        bounds = grid.compute_bounds(np.array([float(cap)]), b)
        price = int(grid.price[int(np.argmin(bounds))])
        states, k = InnerNode(nodes, cap, b, budget, 1, price).find_best()
        columns = states.columns(k)
        profit, weight = int(task.profit[columns].sum()), int(task.weight[columns].sum())
        return TreeSolution(columns, profit, weight, budget.is_unique and shared.is_unique)


@dataclass(frozen=True, slots=True)
class RaisedCaps:
    """Caps above an application that rise together.

    Attributes
    ----------
    leaf, above : whether the cap of its leaf rises, and that above
    spare_cents : cents of these caps beyond whole units of weight
    """

    leaf: bool
    above: bool
    spare_cents: int


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


def _drop_implied_caps(node: CapTreeNode, weight: IntArray) -> list[CapTreeNode]:
    """Return the trees that remain without caps at the top that those below them, or all their columns, keep."""
    if not node.children:
        return [node]
    most = sum(min(child.cap, int(weight[child.collect_columns()].sum())) for child in node.children)
    if len(node.columns) or most > node.cap:
        return [node]
    return [tree for child in node.children for tree in _drop_implied_caps(child, weight)]


def _group_by_price(bounds: FloatArray, spare: float) -> Iterable[tuple[int, IntArray]]:
    """Choose few prices so that each question has one whose bound exceeds its least by `spare` at most."""
    fits = bounds <= bounds.min(axis=0) + spare
    left = np.ones(bounds.shape[1], dtype=np.bool_)
    while left.any():
        price = int(np.argmax(fits[:, left].sum(axis=1)))
        own = np.flatnonzero(fits[price] & left)
        left[own] = False
        yield price, own


@dataclass(eq=False)
class ForcedValue(PathQuestion):
    """Best value of all others with an application in, and the least money granted at that value.

    Attributes
    ----------
    total : limits of the weight granted under the tree at this value, the application included
    tie : weight that the decision grants under the tree, against which `total` decides a tie; None where
    several caps lie above a leaf, and `total` is not known
    """

    total: IntegerBounds = UNKNOWN
    tie: int | None = None

    @property
    def open(self) -> bool:
        """Whether the value, or on a tie the money, is not known."""
        if not self.limits.exact:
            return True
        undecided = self.tie is not None and self.total.low <= self.tie <= self.total.high
        return undecided and not self.total.exact and self.limits.low > -FAR

    def narrow(self, room: PathRoom) -> None:
        """Narrow the value, then the money at it."""
        PathQuestion.narrow(self, room)
        if self.tie is not None and self.limits.exact and self.limits.low > -FAR:
            assert self.taken is not None
            found = room.find_weight(self.limits.low, self.taken)
            self.total = IntegerBounds(max(self.total.low, found.low), min(self.total.high, found.high))


@dataclass(eq=False, repr=False)
class PathAnswers:
    """Curves of a decision that only nested caps on money bind.

    Attributes
    ----------
    form : its formulation: one column per candidate
    trees : the trees of its caps
    tree_of : tree of each column, int64 (n_cols,); −1 for none
    cap_cents : exact cents of each cap, by row of the model
    memory : results of earlier solves of trees
    """

    decided: DecidedRun
    form: Formulation
    trees: tuple[PathTree, ...]
    tree_of: IntArray
    cap_cents: dict[int, int]
    memory: Memory = field(default_factory=Memory)
    column: dict[int, int] = field(init=False)
    fixed: bool = field(init=False)
    """Whether an amount that is raised gives nothing to other envelopes than its own."""

    def __post_init__(self) -> None:
        tree = self.decided.problem.case.tree
        self.fixed = not any(can_gain(tree, node) for node in range(tree.n_nodes))
        rows = self.form.recovery.candidate.tolist()
        self.column = {row: k for k, row in enumerate(rows)}

    @classmethod
    def of(cls, decided: DecidedRun) -> PathAnswers | None:
        """Read the caps of a decision; None where anything else binds, or a dossier has several amounts."""
        problem, deadline = decided.problem, decided.clock.deadline
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
        caps = _read_caps(form, problem, deadline)
        if caps is None:
            return None
        cost = problem.offers.most_cents[form.recovery.candidate]
        nodes = build_cap_trees(caps, form.model.n_cols, set(caps.row))
        if sum(len(node.collect_rows()) for node in nodes) < form.model.n_rows or min(caps.cap) < 0:
            return None
        nodes = [tree for node in nodes for tree in _drop_implied_caps(node, cost)]
        funded = decided.allocation.funded[form.recovery.candidate]
        step = problem.offers.unit_cents[form.recovery.candidate]
        profit = form.stages[0].objective
        tree_of = np.full(form.model.n_cols, -1)
        trees = []
        for number, node in enumerate(nodes):
            columns = node.collect_columns()
            tree_of[columns] = number
            unit = int(np.gcd.reduce(np.concatenate([cost[columns], step[columns]])))
            task = TreeTask(
                np.maximum(profit, 0), cost // unit, unit, MAX_WORK, BoundedMemo(), 1, None, deadline
            )
            trees.append(
                PathTree(
                    task,
                    node.divide_capacities(unit),
                    np.sort(columns[funded[columns]]),
                    node.cap,
                    form.labels[node.row].id if form.labels[node.row].kind is RowKind.ENVELOPE else None,
                )
            )
        return cls(decided, form, tuple(trees), tree_of, dict(zip(caps.row, caps.cap, strict=True)))

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
        for one in questions:
            by_tree.setdefault(int(self.tree_of[self.column[one.row]]), []).append(one)
        for number, own in by_tree.items():
            columns = np.array([self.column[one.row] for one in own])
            self.trees[number].narrow_questions(own, columns, deadline)

    def find_intervals(self, rows: Sequence[int], deadline: Deadline) -> dict[int, Interval]:
        """Bound what forcing in each of some covered applications would cost, by row; none if not reached."""
        questions = [self._ask_value(row) for row in rows]
        self.narrow_questions(questions, deadline)
        intervals = {}
        for question in questions:
            if question.limits == UNKNOWN:
                continue
            interval = self._read_interval(question)
            if interval.wins is None and not interval.impossible and not deadline.expired:
                interval = self._solve_interval(question.row, deadline) or interval
            intervals[question.row] = interval
        return intervals

    def _solve_interval(self, row: int, deadline: Deadline) -> Interval | None:
        """Solve one tree with an application in, where a tie is left to rank; None where a limit stops it."""
        tree, column = self.get_tree(row), self.column[row]
        try:
            others = tree.solve_changed(column, TreeChange(forced=True), self.memory, deadline)
        except (TooManyStates, OverflowError, DeadlineExpired):
            return None
        if others is None:
            return Interval(Fraction(0), None, impossible=True)
        scale = self.form.stages[0].scale
        loss = scale * (tree.decided_profit - self.get_profit(row) - others.profit)
        less = tree.decided_weight - others.weight - self.get_weight(row)
        wins = less > 0 if less else None
        if not less and others.canonical:
            apart = np.setxor1d(np.append(others.columns, column), tree.decided_columns)
            wins = not len(apart) or int(apart[0]) not in tree.decided_columns
        return Interval(loss, loss, wins=wins)

    def _ask_value(self, row: int) -> ForcedValue:
        tree, weight = self.get_tree(row), self.get_weight(row)
        tie = tree.decided_weight if tree.n_levels == 1 else None
        return ForcedValue(row, partial(PathRoom.find_profit, taken=weight), taken=weight, tie=tie)

    def find_extensions(
        self, rows: Sequence[int], envelope: str, deadline: Deadline
    ) -> dict[int, IntegerBounds]:
        """Bound the least cents to add to the top envelope so that each application comes in without loss, by row.

        Only rows of a tree whose root is the cap of that envelope and has no other caps above its leaves.

        Parameters
        ----------
        envelope : the envelope at the top
        """
        within = [
            row
            for row in rows
            if self.get_tree(row).envelope == envelope and self.get_tree(row).n_levels == 1
        ]
        questions = []
        for row in within:
            least, weight = self.get_tree(row).decided_profit - self.get_profit(row), self.get_weight(row)
            ask = partial(PathRoom.find_added, profit=least, taken=weight, leaf=False, above=True)
            questions.append(PathQuestion(row, ask, profit=least))
        self.narrow_questions(questions, deadline)
        return {one.row: self.get_tree(one.row).to_added_cents(one.limits) for one in questions}

    def find_raised_caps(self, row: int, path: EnvelopePath) -> RaisedCaps | None:
        """Tell which caps above an application rise with a path of envelopes; None where other money moves too."""
        case = self.decided.problem.case
        if any(can_gain(case.tree, child) for child in case.tree.list_children(path.node)):
            return None
        tree, column = self.get_tree(row), self.column[row]
        moved = {case.tree.ids[node] for node in path.nodes}
        chain = _list_path(tree.root, column)
        labels = [self.form.labels[node.row] for node in chain]
        if tree.n_levels > 1 or any(label.kind is not RowKind.ENVELOPE for label in labels):
            return None
        above = {case.tree.ids[node] for node in case.tree.list_ancestors(int(case.node[row]))}
        implied = {label.id for label in self.form.labels if label.id in above} - {
            label.id for label in labels
        }
        if not implied <= moved:
            return None
        rises = [label.id in moved for label in labels]
        spare = {
            self.cap_cents[node.row] - tree.task.unit * node.cap
            for node, rise in zip(chain, rises, strict=True)
            if rise
        }
        if len(spare) != 1:
            return None
        return RaisedCaps(leaf=len(chain) > 1 and rises[-1], above=rises[0], spare_cents=spare.pop())

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

    def _read_interval(self, value: ForcedValue) -> Interval:
        scale = self.form.stages[0].scale
        without = self.get_tree(value.row).decided_profit - self.get_profit(value.row)
        low = max(Fraction(0), scale * (without - value.limits.high))
        if value.limits.high == -FAR:
            return Interval(Fraction(0), None, impossible=True)
        high = None if value.limits.low == -FAR else scale * (without - value.limits.low)
        wins = None
        if value.tie is not None and not value.total.low <= value.tie <= value.total.high:
            wins = value.total.high < value.tie
        return Interval(low, high, wins=wins)


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
    return CapRows(caps.row, caps.columns, cents_of_caps) if len(caps.row) == model.n_rows else None
