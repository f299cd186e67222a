"""Solve a knapsack with nested (laminar) capacities exactly, by Lagrangian bounds and enumeration of the gap.

    max Σ p_j x_j   subject to   Σ_{j under n} w_j x_j ≤ cap_n for every node n,  x_j ∈ {0, 1};
    among the optima, min Σ w_j x_j, then the first selection in rank order

Bound. Let a/b be the price per unit of weight under node n that the nodes above charge, and t_n/b the price
at which the parts of n (its children and its own columns) just fill its capacity. With c = max(a, t_n), every
selection of profit P and weight W under n satisfies

    U_n(a) = Σ_parts V_part(c) + (c − a)·cap_n  ≥  b·P − a·W
    U_n(a) − (b·P − a·W) = Σ_parts loss_part(c) + (c − a)·(cap_n − W) = A

where V_part(c) is the best value of a part at price c/b, and loss_part the difference of its selection to it.

Enumeration. By the identity, all states of n within Γ of its best are sums of its parts' states within
Γ + min A. At the root a = 0: once a selection of profit P is known, only sums that lose at most U − b·(P + 1)
can be better. Γ grows until the best state found lies within it, so the result is optimal whatever the prices
were. Prices are integers over one b = 2^s, and all arithmetic on states is int64.

Nodes with a budget of their own that they may exceed (`leaves.py`) hide part of their weight from the node
above, so minimising that weight is not the aim. Then profits become g·p − w, with g greater than any weight,
and of equal selections a heavier one may rank first.

Sources: Geoffrion, *Lagrangean relaxation for integer programming*, Mathematical Programming Study 2 (1974);
closing a Lagrangian gap by enumeration: Handler and Zang, *A dual algorithm for the constrained shortest path
problem*, Networks 10 (1980).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import log2

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.cap_tree.caps import CapTreeNode
from tnt_sim.kernel.cap_tree.dominance import (
    compute_greatest_sum,
    compute_own_sum,
    has_split_group,
    split_single_items,
    trim_tree,
)
from tnt_sim.kernel.cap_tree.leaves import (
    FIRST_UNITS,
    WIDER,
    BudgetedNode,
    CapNode,
    FrontierLeaf,
    GroupLeaf,
    ListLeaf,
    add_hulls,
    build_leaf,
    find_filling_price,
)
from tnt_sim.kernel.cap_tree.memo import BoundedMemo
from tnt_sim.kernel.cap_tree.near_leaves import NearLeaf, build_near_leaves
from tnt_sim.kernel.cap_tree.states import MAX_TIES, Budget, StateSums, TreeStates
from tnt_sim.kernel.knapsack import ChoiceGroups, IntArray
from tnt_sim.kernel.profit_frontier import Frontier

MAX_WORK = 30_000_000
"""States examined per tree, at most."""
FIRST_STATES = 40
"""Number of states besides the best ones that the first Γ admits, about."""
MENU_TIES = 10_000
"""Comparisons of equal states per tree with multiple-choice groups, about half a second."""
LEAST_BITS = 8
"""Least precision of prices in bits: coarser prices admit too many states."""
BITS = 44
"""Prices are integers over 2^BITS, or less where products would exceed 64 bits."""


@dataclass(frozen=True, slots=True, eq=False)
class TreeSolution:
    """An optimal selection.

    Attributes
    ----------
    columns : int64, the selected columns
    profit, weight : of the selection
    canonical : whether no equally good selection ranks before it
    """

    columns: IntArray
    profit: int
    weight: int
    canonical: bool

    @property
    def numbers(self) -> int:
        """Size in 64-bit numbers, for the cache."""
        return len(self.columns) + 3


def maximise_in_tree(
    profit: IntArray,
    weight: IntArray,
    root: CapTreeNode,
    max_work: int = MAX_WORK,
    fronts: BoundedMemo[Frontier] | None = None,
    choice_groups: ChoiceGroups | None = None,
    deadline: Deadline = UNLIMITED,
    max_bytes: int | None = None,
) -> TreeSolution:
    """Maximise profit under a tree of capacities; break ties by least weight, then by rank order.

    Parameters
    ----------
    profit : int64 (n_cols,), ≥ 0
    weight : int64 (n_cols,), > 0
    root : the tree; capacities ≥ 0
    fronts : cache of the leaves' efficient pairs, for later calls
    choice_groups : multiple-choice groups: at most one column of a group is taken among a node's own columns.
    Columns
        of one group under different nodes may be taken together; then the result is never `canonical`.
    max_bytes : memory of the states, see `Budget`

    Raises
    ------
    TooManyStates
        When the states examined exceed `max_work`, or their arrays `max_bytes`.
    DeadlineExpired
        When time is up.
    OverflowError
        When products exceed 64 bits even with coarse prices.

    Examples
    --------
    >>> tree = CapTreeNode(0, 9, np.array([2]), (CapTreeNode(1, 5, np.array([0, 1])),))
    >>> best = maximise_in_tree(np.array([6, 5, 3]), np.array([5, 4, 4]), tree)
    >>> sorted(best.columns.tolist()), best.profit, best.weight
    ([0, 2], 9, 9)
    """
    task, light = scale_to_units(profit, weight, root, max_work, fronts, choice_groups, deadline, max_bytes)
    return task.call_with_precision(light, lambda b: task.find_best(light, b))


def can_tree_reach(
    profit: IntArray,
    weight: IntArray,
    root: CapTreeNode,
    target: int,
    max_work: int = MAX_WORK,
    fronts: BoundedMemo[Frontier] | None = None,
    choice_groups: ChoiceGroups | None = None,
    deadline: Deadline = UNLIMITED,
) -> bool:
    """Decide whether some selection under the tree has a profit of at least `target`.

    Raises
    ------
    TooManyStates, DeadlineExpired, OverflowError
        As `maximise_in_tree` does.
    """
    if root.shares:
        return (
            maximise_in_tree(profit, weight, root, max_work, fronts, choice_groups, deadline).profit >= target
        )
    task, light = scale_to_units(profit, weight, root, max_work, fronts, choice_groups, deadline)
    return task.call_with_precision(light, lambda b: task.can_reach(light, b, target))


def minimise_weight_in_tree(
    profit: IntArray,
    weight: IntArray,
    root: CapTreeNode,
    target: int,
    max_work: int = MAX_WORK,
    fronts: BoundedMemo[Frontier] | None = None,
    deadline: Deadline = UNLIMITED,
    max_bytes: int | None = None,
) -> TreeSolution | None:
    """Minimise weight subject to a profit of at least `target`; None where the capacities exclude it.

    The root must have children, and a capacity that does not bind.

    Raises
    ------
    TooManyStates, DeadlineExpired, OverflowError
        As `maximise_in_tree` does.
    """
    task, light = scale_to_units(profit, weight, root, max_work, fronts, None, deadline, max_bytes)
    return task.call_with_precision(light, lambda b: task.find_cheapest(light, b, target))


def scale_to_units(
    profit: IntArray,
    weight: IntArray,
    root: CapTreeNode,
    max_work: int,
    fronts: BoundedMemo[Frontier] | None,
    choice_groups: ChoiceGroups | None,
    deadline: Deadline,
    max_bytes: int | None = None,
) -> tuple[TreeTask, CapTreeNode]:
    """Divide weights and capacities by the greatest common divisor of the weights, and drop dominated items.

    Budgets that nodes may exceed enter the divisor too: only then is every excess a whole number of units.
    """
    if choice_groups is not None:
        root = trim_tree(root, profit, weight, choice_groups)
    columns = root.collect_columns()
    budgets = np.array([0, *root.list_exceedable_budgets()])
    unit = max(1, int(np.gcd.reduce(np.concatenate([weight[columns], budgets]))))
    known = BoundedMemo[Frontier]() if fronts is None else fronts
    light = weight // unit
    grain = compute_greatest_sum(root, light, choice_groups) + 1 if root.shares else 1
    return TreeTask(
        profit, light, unit, max_work, known, grain, choice_groups, deadline, max_bytes
    ), root.divide_capacities(unit)


@dataclass(frozen=True, slots=True, eq=False)
class TreeTask:
    """Columns with profits and weights (in units of `unit`), and the limits of one solve.

    `grain` is the factor g of the profits g·p − w, or 1.
    """

    profit: IntArray
    weight: IntArray
    unit: int
    max_work: int
    fronts: BoundedMemo[Frontier]
    grain: int
    choice_groups: ChoiceGroups | None
    deadline: Deadline
    max_bytes: int | None = None

    def estimate_largest_product(self, node: CapTreeNode) -> float:
        """Estimate the greatest product of a price and a weight, to choose the precision of prices."""
        heavy, worth = (
            float(compute_own_sum(node, number, self.choice_groups)) for number in (self.weight, self.profit)
        )
        short = 1.0 if node.may_exceed else max(1.0, heavy / max(1, node.cap))
        return max(
            [worth * self.grain * short, *(self.estimate_largest_product(child) for child in node.children)]
        )

    def call_with_precision[T](self, root: CapTreeNode, ask: Callable[[int], T]) -> T:
        """Call `ask(b)` with the finest b = 2^s whose products fit 64 bits.

        After an overflow with coarser ones.
        """
        bits = min(BITS, 61 - int(log2(max(2.0, self.estimate_largest_product(root)))))
        for shift in (0, 8, 16):
            if bits - shift < max(1, LEAST_BITS - int(log2(self.grain))):
                break
            try:
                return ask(1 << (bits - shift))
            except OverflowError:
                continue
        raise OverflowError("the prices of a tree of caps leave 64 bits")

    def can_reach(self, root: CapTreeNode, b: int, target: int) -> bool:
        """Decide whether `target` is reached, with prices over b."""
        tree = self.build_node(root, b, Budget(self.max_work, deadline=self.deadline), near=True)
        if not isinstance(tree, InnerNode):
            return int(tree.enumerate_states(0, 0).profit.max()) >= target
        return tree.can_reach(target)

    def find_best(self, root: CapTreeNode, b: int) -> TreeSolution:
        """Find the optimal selection, with prices over b."""
        ties = MAX_TIES if self.choice_groups is None else MENU_TIES
        budget = Budget(self.max_work, ties, not self.has_split_group(root), self.deadline, self.max_bytes)
        tree = self.build_node(root, b, budget, near=True)
        if isinstance(tree, InnerNode):
            states, k = tree.find_best()
        else:
            states = tree.enumerate_states(0, 0)
            k = int(np.lexsort((states.weight, -states.profit))[0])
        columns = states.columns(k)
        profit, weight = int(self.profit[columns].sum()), int(self.weight[columns].sum())
        return TreeSolution(columns, profit, self.unit * weight, budget.is_unique)

    def find_cheapest(self, root: CapTreeNode, b: int, target: int) -> TreeSolution | None:
        """Find the lightest selection of profit ≥ `target`, with prices over b."""
        budget = Budget(self.max_work, 0, deadline=self.deadline, max_bytes=self.max_bytes)
        tree = self.build_node(root, b, budget, near=True)
        assert isinstance(tree, InnerNode)
        result = tree.find_cheapest(target)
        if result is None:
            return None
        columns = result[0].columns(result[1])
        profit, weight = int(self.profit[columns].sum()), int(self.weight[columns].sum())
        return TreeSolution(columns, profit, self.unit * weight, False)

    def has_split_group(self, root: CapTreeNode) -> bool:
        """Return whether a group lies under several nodes: then rank order is not guaranteed."""
        return self.choice_groups is not None and has_split_group(
            root.list_columns_by_node(), self.choice_groups
        )

    def build_node(self, node: CapTreeNode, b: int, budget: Budget, *, near: bool = False) -> CapNode:
        """Build the part of the search for a node; the node's own columns become one more leaf under it.

        With `near`, the states will be wanted near few prices, so that leaves need not know all their pairs.
        """
        cap = int(self.weight.sum()) if node.may_exceed else node.cap
        own = replace(node, cap=cap, children=(), may_exceed=False)
        piece: CapNode = (
            self._build_inner_node(node, own, b, budget, near)
            if node.children
            else self.build_leaf(own, b, budget)
        )
        return BudgetedNode(piece, node.cap) if node.may_exceed else piece

    def _build_inner_node(
        self, node: CapTreeNode, own: CapTreeNode, b: int, budget: Budget, near: bool
    ) -> InnerNode:
        below = [*node.children, own] if len(own.columns) else node.children
        leaves = self._build_near_leaves(below, b, budget) if near else {}
        pieces = [
            leaves.get(k) or self.build_node(child, b, budget, near=near) for k, child in enumerate(below)
        ]
        return InnerNode(pieces, own.cap, b, budget, self.grain)

    def _build_near_leaves(self, nodes: Sequence[CapTreeNode], b: int, budget: Budget) -> dict[int, NearLeaf]:
        """Build the leaves among some nodes, by their places, where the compiled kernels enumerate them."""
        if self.grain > 1 or self.choice_groups is not None:
            return {}
        places = [k for k, node in enumerate(nodes) if not node.children]
        leaves = build_near_leaves(
            [nodes[k] for k in places], self.profit, self.weight, b, budget,
            lambda node: self.build_leaf(node, b, budget),
        )  # fmt: skip
        return {k: leaf for k, leaf in zip(places, leaves, strict=True) if leaf is not None}

    def build_leaf(self, node: CapTreeNode, b: int, budget: Budget) -> CapNode:
        """Build the leaf of a node's own columns, with groups if some columns share one."""
        budget.deadline.check()
        if self.choice_groups is not None:
            own, shared = split_single_items(node.columns, self.choice_groups)
            if len(shared):
                p, w = self.profit[node.columns], self.weight[node.columns]
                p = p if self.grain == 1 else self.grain * p - w
                return GroupLeaf(node.columns, p, w, self.choice_groups, node.cap, b, budget)
            node = replace(node, columns=own)
        return build_leaf(
            node, self.profit, self.weight, b, budget, self.fronts, self.grain, self.choice_groups
        )


class InnerNode:
    """A node with parts under it: children and a leaf of its own columns.

    `price` is t_n (times b) and `full` the value min_t V(t) + t·cap; a price that is given is not looked for, and
    `full` is then the bound at it.
    """

    def __init__(
        self,
        children: Sequence[CapNode],
        cap: int,
        b: int,
        budget: Budget,
        grain: int,
        price: int | None = None,
    ) -> None:
        self.children, self.cap, self.b, self.budget, self.grain = children, cap, b, budget, grain
        hulls = [part.hull for part in children if isinstance(part, FrontierLeaf) and part.hull is not None]
        self.hull = add_hulls(hulls) if hulls else None
        near = [part for part in children if isinstance(part, NearLeaf)]
        self.near = near[0].leaves if near else None
        self.others = [
            part
            for part in children
            if not isinstance(part, NearLeaf) and (not isinstance(part, FrontierLeaf) or part.hull is None)
        ]
        if price is None:
            self.price, self.full = find_filling_price(self.sum_tangents, cap)
        else:
            value, weight = self.sum_tangents(price)
            self.price, self.full = price, value + price * (cap - weight)
        self.size = sum(part.size for part in children)
        self.long = self._find_longest_leaf()

    def _find_longest_leaf(self) -> ListLeaf | None:
        """Return the list leaf with more than half of all items, if there is one."""
        long = max(self.children, key=lambda part: part.size)
        return long if isinstance(long, ListLeaf) and 2 * long.size > self.size else None

    def sum_tangents(self, a: int) -> tuple[int, int]:
        """Add up the lines of the parts at price a."""
        self.budget.deadline.check()
        lines = [part.compute_tangent(a) for part in self.others]
        if self.near is not None:
            lines.append(self.near.sum_tangents(a))
        profit, weight = (0, 0) if self.hull is None else self.hull.find_corner(a)
        return self.b * profit + sum(v for v, _ in lines), weight + sum(w for _, w in lines)

    def compute_tangent(self, a: int) -> tuple[int, int]:
        """Return the node's line at a price; below t_n the capacity is filled."""
        return (self.full, self.cap) if a < self.price else self.sum_tangents(a)

    def list_least_losses(self, a: int, count: int) -> IntArray:
        """Return the `count` smallest losses among those of its parts."""
        every = self._list_losses(max(a, self.price), count)
        return every if len(every) <= count else np.partition(every, count)[:count]

    def _list_losses(self, inner: int, count: int) -> IntArray:
        """Return about the `count` smallest losses of each part at the node's price."""
        parts = [part for part in self.children if not isinstance(part, NearLeaf)]
        near = [] if self.near is None else [self.near.list_least_losses(inner, count)]
        return np.concatenate([*near, *(part.list_least_losses(inner, count) for part in parts)])

    def enumerate_states(self, a: int, gamma: int) -> TreeStates:
        """Return the node's states within Γ of its best: sums of the parts' states within Γ + min A."""
        inner = max(a, self.price)
        need = gamma
        while True:
            sums = self._build_sums([part.enumerate_states(inner, need) for part in self.children], need)
            short = sums.loss + (inner - a) * (self.cap - sums.weight)
            least = int(short.min()) if len(short) else 0
            if len(short) and need >= gamma + least:
                break
            need = gamma + least if len(short) else max(2 * need, self.estimate_first_loss(inner))
        best = sums.best + (inner - a) * self.cap - least
        states = TreeStates(
            sums.profit, sums.weight, short - least, best, sums.list_columns, sums.compare_selections
        )
        return states.filter_within(gamma)

    def estimate_first_loss(self, inner: int) -> int:
        """Return a first loss that admits some states besides the best ones."""
        every = self._list_losses(inner, FIRST_STATES)
        positive = np.sort(every[every > 0])[:FIRST_STATES]
        most = FIRST_UNITS * self.b * self.grain
        return max(1, min(most, int(positive[-1]) if len(positive) == FIRST_STATES else most))

    def _build_window_sums(self, price: int, need: int, window: tuple[int, int]) -> StateSums:
        """Return the sums with total loss ≤ `need`, complete for weights within a window.

        For a list longer than all other parts, only the states are enumerated whose weight the window leaves
        possible.
        """
        long = self.long
        if long is None:
            pieces = [part.enumerate_states(price, need) for part in self.children]
        else:
            pieces = [part.enumerate_states(price, need) for part in self.children if part is not long]
            low = window[0] - sum(int(part.weight.max()) for part in pieces)
            high = window[1] - sum(int(part.weight.min()) for part in pieces)
            place = next(k for k, part in enumerate(self.children) if part is long)
            pieces.insert(place, long.enumerate_weight_window(price, need, low, high))
        return self._build_sums(pieces, need)

    def _build_sums(self, children: Sequence[TreeStates], need: int) -> StateSums:
        return StateSums(children, self.cap, need, self.budget, heavier=self.grain > 1)

    def find_best(self) -> tuple[TreeStates, int]:
        """Return the states at the root and the place of the optimum: most profit, then least weight."""
        need = self._estimate_root_loss(self.price)
        reach = 2 * need  # states of weight ≥ cap − reach/a
        while True:
            least = self.cap - reach // self.price if self.price else 0
            sums = self._build_window_sums(self.price, need, (least, self.cap))
            if not len(sums.profit):
                need, reach = 2 * need, 4 * need
                continue
            profit = int(sums.profit.max())
            equal = np.flatnonzero(sums.profit == profit)
            # a state as good as the best found weighs at least cap − spare/a and loses at most spare
            spare = sums.best + self.price * self.cap - self.b * profit
            # of equals the lightest; with a grain the heaviest, which then ranks first
            more = spare if self.grain > 1 else spare - self.b
            if need >= more and (self.long is None or reach >= spare):
                return sums.to_states(), int(equal[-1 if self.grain > 1 else 0])
            need, reach = max(need, min(2 * need, more)), spare

    def can_reach(self, target: int) -> bool:
        """Decide whether some selection has profit ≥ `target`: it would lose at most U − b·target."""
        # A leaf enumerates WIDER times the requested loss, so the request is that share of the relaxation's gap:
        # with hundreds of leaves the whole gap would be too much for any one of them.
        about = min(max(0, self.full - self.b * target) // WIDER + 1, self.estimate_first_loss(self.price))
        best = sum(
            part.enumerate_states(self.price, about).best for part in self.children if part is not self.long
        )
        best += 0 if self.long is None else self.long.compute_upper_bound(self.price)
        need = best + self.price * self.cap - self.b * target
        if need < 0:
            return False
        least = self.cap - need // self.price if self.price else 0
        sums = self._build_window_sums(self.price, need, (least, self.cap))
        return bool((sums.profit >= target).any())

    def find_cheapest(self, target: int) -> tuple[TreeStates, int] | None:
        """Find the least weight for a profit: the states and the place of the best, or None.

        At any price a/b > 0, a selection of profit ≥ `target` and weight W loses at most
        Γ = V(a) − b·target + a·W, so W is at most Γ/a above the lower bound (b·target − V(a))/a.
        """
        if sum(int(part.enumerate_states(0, 0).profit.max()) for part in self.children) < target:
            return None
        price = self._find_price(target)
        need = self._estimate_root_loss(price)
        best = self._compute_upper_bound(price)
        while True:
            least = (self.b * target - best) // price
            sums = self._build_window_sums(price, need, (least, least + need // price + 1))
            enough = np.flatnonzero(sums.profit >= target)
            more = 0
            if len(enough):
                result = int(enough[np.argmin(sums.weight[enough])])
                more = sums.best - self.b * target + price * int(sums.weight[result])
                if need >= more:
                    return sums.to_states(), result
            need = min(2 * need, more) if more else 2 * need

    def _compute_upper_bound(self, price: int) -> int:
        """Return an upper bound of the sums' value at a price."""
        known = sum(part.enumerate_states(price, 0).best for part in self.children if part is not self.long)
        return known + (0 if self.long is None else self.long.compute_upper_bound(price))

    def _estimate_root_loss(self, price: int) -> int:
        """Return the first loss at the root.

        The longest list can afford a wider one, since its window admits few states.
        """
        return self.estimate_first_loss(price) * (1 if self.long is None else WIDER)

    def _find_price(self, target: int) -> int:
        """Return a price ≥ 1 at which the parts are worth about `target`, by tangents."""
        many, few = self.sum_tangents(0), (0, 0)
        price = 1
        while many[1] > few[1]:
            a = max(1, (many[0] - few[0]) // (many[1] - few[1]))
            result = self.sum_tangents(a)
            if result in (many, few):
                return a
            price = a
            if result[0] >= self.b * target:
                many = result
            else:
                few = result
        return price
