"""The leaves of one node, enumerated together near their best values by the compiled kernels.

A `FrontierLeaf` computes all its efficient pairs, of which a decision then uses the few within Γ of the best at
some prices. `NearLeaves` enumerates those alone, for all leaves of a node in one call (`compiled/near_leaves.c`).
Lines, losses and states are those of a `FrontierLeaf`, number for number, so that the numpy path, which has all
pairs, meets the same states.

A leaf whose states outgrow the work arrays becomes a `FrontierLeaf` from then on.

The value of a leaf is convex in the price. Between two prices at which the same pair is best, no other pair is as
good, so its line is known without a search.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tnt_sim.kernel.cap_tree.caps import CapTreeNode
from tnt_sim.kernel.cap_tree.leaves import FIRST_UNITS, CapNode, is_within_frontier_cells
from tnt_sim.kernel.cap_tree.states import ROOM, Budget, TreeStates, compare_by_rank, select_least
from tnt_sim.kernel.compiled.library import (
    MORE_CODES,
    MORE_STATES,
    MORE_TIME,
    CompiledCore,
    get_address,
    get_core,
)
from tnt_sim.kernel.knapsack import IntArray

LARGEST_LOSS = 2**60
"""Limit of Γ in the compiled kernels."""
STATE_ROOM, CODE_ROOM = 4_096, 65_536
"""States of one leaf, and backpointers to them, for which there is room."""
PAUSE = 1_000_000
"""States examined between two looks at the clock, some milliseconds."""
_BEST, _INNER, _FIRST, _COUNT, _OUTCOME, _RESULTS = 0, 1, 2, 3, 4, 5
"""Places of the results of `compiled/near_leaves.c` for one leaf, and their number."""


class NearLeaves:
    """Leaves of one node: items alone under a capacity each, profits and weights > 0.

    Attributes
    ----------
    columns, p, w : int64 (n_items,), those of a leaf side by side, ascending; none exceeds its leaf's capacity
    start : int64 (n_leaves + 1,)
    size : items of each leaf with a profit, those too heavy included
    """

    def __init__(
        self,
        functions: CompiledCore,
        items: tuple[IntArray, IntArray, IntArray],
        start: IntArray,
        capacity: IntArray,
        size: Sequence[int],
        b: int,
        budget: Budget,
        build_frontier_leaf: Callable[[int], CapNode],
    ) -> None:
        self.functions, self.start, self.capacity, self.size = functions, start, capacity, size
        self.columns, self.p, self.w = items
        self.b, self.budget = b, budget
        self.build_frontier_leaf = build_frontier_leaf
        self.n_leaves = len(capacity)
        self.falling = self._sort_by_efficiency()
        self.fronts: dict[int, CapNode] = {}
        self.prices: list[int] = []
        self.lines: dict[int, tuple[IntArray, IntArray]] = {}
        self.last_states: tuple[int, int, list[TreeStates]] | None = None
        self.longest = int(np.diff(start).max(initial=1))
        self.scratch = (
            np.empty((3, self.longest + 1)), np.empty((4, self.longest), dtype=np.int64),
            np.empty((2, self.longest), dtype=np.uint8),
        )  # fmt: skip
        self.work = (
            np.empty((6, STATE_ROOM), dtype=np.int64), np.empty((2, STATE_ROOM), dtype=np.uint8),
            np.empty(CODE_ROOM, dtype=np.int32),
        )  # fmt: skip

    def _sort_by_efficiency(self) -> IntArray:
        """Return the places within each leaf by falling efficiency."""
        leaf = np.repeat(np.arange(self.n_leaves), np.diff(self.start))
        order = np.lexsort((-(self.p / self.w), leaf))
        return order - self.start[leaf]

    def sum_tangents(self, a: int) -> tuple[int, int]:
        """Add up the lines of the leaves at price a."""
        profit, weight = self.find_lines(a)
        return self.b * int(profit.sum()), int(weight.sum())

    def find_lines(self, a: int) -> tuple[IntArray, IntArray]:
        """Return the profit and the weight of each leaf's best pair at price a, the lightest of several."""
        known = self.lines.get(a)
        if known is not None:
            return known
        place = bisect_left(self.prices, a)
        if 0 < place < len(self.prices):
            before, after = (self.lines[self.prices[k]] for k in (place - 1, place))
            profit, weight = before[0].copy(), before[1].copy()
            numbers = np.flatnonzero((profit != after[0]) | (weight != after[1]))
        else:
            profit, weight = np.zeros((2, self.n_leaves), dtype=np.int64)
            numbers = np.arange(self.n_leaves)
        table, results, _, _ = self._list_states(numbers, a, 0, lines=True)
        for leaf in numbers.tolist():
            front = self.fronts.get(leaf)
            if front is not None:
                v, weight[leaf] = front.compute_tangent(a)
                profit[leaf] = v // self.b
            else:
                first = results[leaf, _FIRST]
                profit[leaf], weight[leaf] = table[0, first], table[1, first]
        insort(self.prices, a)
        self.lines[a] = profit, weight
        return profit, weight

    def enumerate_states(self, a: int, gamma: int) -> list[TreeStates]:
        """Return the states of each leaf within `gamma` (Γ) at price a, at least; they are cached."""
        if self.last_states is None or self.last_states[0] != a or self.last_states[1] < gamma:
            self.last_states = a, gamma, self._build_states(a, gamma)
        return self.last_states[2]

    def list_least_losses(self, a: int, count: int) -> IntArray:
        """Return the `count` smallest positive losses of all leaves, of at most `FIRST_UNITS` units of profit."""
        states = self.enumerate_states(a, FIRST_UNITS * self.b)
        loss = np.concatenate([own.loss for own in states])
        return select_least(loss[loss > 0], count)

    def _build_states(self, a: int, gamma: int) -> list[TreeStates]:
        table, results, ends, flips = self._list_states(np.arange(self.n_leaves), a, gamma, lines=False)
        states = []
        for leaf, (best, inner, first, count, _) in enumerate(results.tolist()):
            front = self.fronts.get(leaf)
            if front is not None:
                states.append(front.enumerate_states(a, gamma))
                continue
            items = _LeafItems(self, leaf, inner, first, ends, flips)
            own = table[:, first : first + count]
            states.append(
                TreeStates(own[0], own[1], own[2], best, items.list_columns, items.compare_selections)
            )
        return states

    def _list_states(
        self, numbers: IntArray, a: int, gamma: int, *, lines: bool
    ) -> tuple[IntArray, IntArray, IntArray, NDArray[np.int32]]:
        """List the states of some leaves; a leaf without room becomes a `FrontierLeaf`.

        Returns profit, weight and loss (3, n_states), the results of each leaf, and the flipped items with the
        end of each state's.
        """
        numbers = numbers[[leaf not in self.fronts for leaf in numbers.tolist()]]
        results = np.zeros((self.n_leaves, _RESULTS), dtype=np.int64)
        at = np.zeros(4, dtype=np.int64)
        room = len(numbers) + (0 if lines else STATE_ROOM)
        states, ends = np.empty((3, room), dtype=np.int64), np.empty(room, dtype=np.int64)
        flips = np.empty(0 if lines else STATE_ROOM, dtype=np.int32)
        if gamma >= LARGEST_LOSS or a >= ROOM:
            results[numbers, _OUTCOME] = MORE_TIME
            numbers = numbers[:0]
        items = [get_address(one) for one in (self.p, self.w, self.falling, self.start, self.capacity)]
        scratch = [get_address(one) for one in self.scratch]
        work = [get_address(one) for one in self.work[:2]]
        while len(numbers):
            self.budget.deadline.check()
            outcome = self.functions["list_near_states"](
                *items, get_address(numbers), len(numbers), lines, a, self.b, gamma, get_address(at),
                get_address(results), get_address(states), get_address(ends), len(ends), get_address(flips),
                len(flips), *scratch, self.longest, *work, STATE_ROOM, get_address(self.work[2]), CODE_ROOM, PAUSE,
            )  # fmt: skip
            self.budget.check_memory(0, 2 * len(ends) + len(flips) // 4)
            if outcome == MORE_STATES:
                states = np.concatenate(
                    [states, np.empty((3, 3 * len(ends) + STATE_ROOM), dtype=np.int64)], axis=1
                )
                ends = np.concatenate([ends, np.empty(3 * len(ends) + STATE_ROOM, dtype=np.int64)])
            elif outcome == MORE_CODES:
                flips = np.concatenate([flips, np.empty(3 * len(flips) + CODE_ROOM, dtype=np.int32)])
            elif outcome != MORE_TIME:
                break
        for leaf in np.flatnonzero(results[:, _OUTCOME]).tolist():
            self.fronts[leaf] = self.build_frontier_leaf(leaf)
        return states, results, ends, flips


@dataclass(frozen=True, slots=True, eq=False)
class _LeafItems:
    """The items of the states of one leaf: those worth more than the filling price `inner`, but for the flips.

    Attributes
    ----------
    first : number of its first state in `ends`, where the flips of each state end
    """

    leaves: NearLeaves
    leaf: int
    inner: int
    first: int
    ends: IntArray
    flips: NDArray[np.int32]

    def list_columns(self, k: int) -> IntArray:
        """Return the columns of state k, ascending."""
        leaves = self.leaves
        own = slice(int(leaves.start[self.leaf]), int(leaves.start[self.leaf + 1]))
        inside = leaves.b * leaves.p[own] > self.inner * leaves.w[own]
        number = self.first + k
        flipped = self.flips[int(self.ends[number - 1]) if number else 0 : int(self.ends[number])]
        inside[flipped] ^= True
        return leaves.columns[own][inside]

    def compare_selections(self, left: int, other: int) -> tuple[int, bool]:
        """Compare the selections of two states."""
        return compare_by_rank(self.list_columns(left), self.list_columns(other), None)


class NearLeaf:
    """One of the leaves, as a part of the tree."""

    def __init__(self, leaves: NearLeaves, number: int) -> None:
        self.leaves, self.number, self.size = leaves, number, leaves.size[number]

    def compute_tangent(self, a: int) -> tuple[int, int]:
        """Return the best pair at a price, exactly."""
        profit, weight = self.leaves.find_lines(a)
        return self.leaves.b * int(profit[self.number]), int(weight[self.number])

    def list_least_losses(self, a: int, count: int) -> IntArray:
        """Return the `count` smallest positive losses, of at most `FIRST_UNITS` units of profit."""
        loss = self.leaves.enumerate_states(a, FIRST_UNITS * self.leaves.b)[self.number].loss
        return select_least(loss[loss > 0], count)

    def enumerate_states(self, a: int, gamma: int) -> TreeStates:
        """Return the states within a loss."""
        states = self.leaves.enumerate_states(a, gamma)[self.number]
        return states if int(states.loss.max()) <= gamma else states.filter_within(gamma)


def build_near_leaves(
    nodes: Sequence[CapTreeNode],
    profit: IntArray,
    weight: IntArray,
    b: int,
    budget: Budget,
    build_frontier_leaf: Callable[[CapTreeNode], CapNode],
) -> list[NearLeaf | None]:
    """Build the leaves of some nodes' own columns together; None for each that `build_leaf` makes a list leaf.

    All are None without the compiled kernels.
    """
    functions = get_core()
    if functions is None or not nodes:
        return [None] * len(nodes)
    number = np.repeat(np.arange(len(nodes)), [len(node.columns) for node in nodes])
    capacity = np.array([node.cap for node in nodes])
    columns = np.concatenate([node.columns for node in nodes])
    paid = profit[columns] > 0
    size = np.bincount(number[paid], minlength=len(nodes))
    inside = paid & (weight[columns] <= capacity[number])
    columns, number = columns[inside], number[inside]
    p, w = profit[columns], weight[columns]
    count, cells = np.bincount(number, minlength=len(nodes)), np.zeros(len(nodes), dtype=np.int64)
    np.add.at(cells, number, p)
    if (capacity < 0).any() or (w <= 0).any() or float(p.sum()) * len(p) >= ROOM:
        return [None] * len(nodes)
    chosen = is_within_frontier_cells(count * cells)
    kept = chosen[number]
    items = columns[kept], p[kept], w[kept]
    places = np.flatnonzero(chosen).tolist()
    if not places:
        return [None] * len(nodes)
    start = np.append(0, np.cumsum(count[chosen]))
    leaves = NearLeaves(
        functions, items, start, capacity[chosen], size[chosen].tolist(), b, budget,
        lambda k: build_frontier_leaf(nodes[places[k]]),
    )  # fmt: skip
    result: list[NearLeaf | None] = [None] * len(nodes)
    for k, place in enumerate(places):
        result[place] = NearLeaf(leaves, k)
    return result
