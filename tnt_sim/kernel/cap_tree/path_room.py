"""Profit of all else when money is taken from, or added to, the capacities above one leaf.

For a leaf with capacity m under other nodes, let (P, W) be the states of the leaf, and let room(Q) be the most
weight that the capacities above leave to the leaf while everything outside it brings a profit of at least Q
(`OutsideRoom`). A leaf from which the weight g is taken then leaves the profit

    V(g) = max { P + Q : W ≤ m − g, W + g ≤ room(Q) }

so that one look-up tells the best value with an item forced in (g is its weight), and the inverse of V the
largest weight at which the item may come in, or the least increase of capacities that pays for it.

Method. room is built downwards: from the root, with the capacity as room for a profit of 0, the states of all
siblings are taken, by a max-minus convolution over profits. Halving the list of siblings gives the room of
every one of n of them in n·log n convolutions. Only states are taken that lose at most Γ at a price c/b of
weight, and of those found no heavier one of the same profit matters. So with B the value of everything outside
the leaf at this price, a profit Q that was not found satisfies

    b·Q + c·room(Q) ≤ B − Γ − 1

and every answer has an exact lower limit, from what was found, and an exact upper one, from this line. Where
both meet, the answer is exact. All arithmetic is in int64.

A long leaf gives only its states with a loss of at most Γ' at a price c'/b ≥ c/b (`LeafStates`); a line
bounds the others in the same way.

Sources: Geoffrion, *Lagrangean relaxation for integer programming*, Mathematical Programming Study 2 (1974);
Kellerer, Pferschy and Pisinger, *Knapsack Problems* (2004), on dynamic programming by profits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from tnt_sim.deadline import Deadline
from tnt_sim.kernel.cap_tree.caps import CapTreeNode
from tnt_sim.kernel.cap_tree.core_enumeration import FloatArray
from tnt_sim.kernel.cap_tree.leaves import CapNode, ListLeaf, find_filling_price
from tnt_sim.kernel.cap_tree.states import ROOM, Budget, TreeStates
from tnt_sim.kernel.cap_tree.tree_search import InnerNode, TreeTask
from tnt_sim.kernel.knapsack import BoolArray, IntArray, TooManyStates
from tnt_sim.kernel.profit_frontier import Frontier, generate_frontiers_without

FAR = 2**60
"""An infinite weight or profit; −FAR is none."""
GRID = 24
"""Prices of the root that are looked at."""
MOST_WIDTH = 4_000_000
"""Most profits that a room may span."""
LEAF_CELLS = 4_000_000
"""Limit of items × profits of the states of one leaf."""


class IntegerBounds(NamedTuple):
    """Exact limits of an answer: `low` ≤ answer ≤ `high`."""

    low: int
    high: int

    @property
    def exact(self) -> bool:
        """Whether both limits meet."""
        return self.low == self.high


def _normalise(low: int, high: int) -> IntegerBounds:
    """Return limits of which one beyond FAR / 2 is infinite."""
    return IntegerBounds(*((FAR if one > 0 else -FAR) if abs(one) > FAR // 2 else one for one in (low, high)))


@dataclass(frozen=True, slots=True, eq=False)
class OutsideRoom:
    """Most weight that the capacities above a leaf leave to it, by the profit of everything outside it.

    Attributes
    ----------
    low : profit of the first entry; everything outside can also bring less
    room : int64, falling: weight left while the outside brings at least `low` + k
    price, value, gamma : the price c, the value B and the loss Γ of the module's text, in units of 1/b
    b : denominator of prices
    most : most weight left for any profit
    complete : nothing lies outside the leaf, so that nothing is unseen
    """

    low: int
    room: IntArray
    price: int
    value: int
    gamma: int
    b: int
    most: int
    complete: bool = False

    def find_room(self, profit: IntArray) -> tuple[IntArray, IntArray]:
        """Return limits of the room for some profits; −FAR for none."""
        place = np.maximum(profit - self.low, 0)
        inside = place < len(self.room)
        low = np.where(inside, self.room[np.minimum(place, len(self.room) - 1)], -FAR)
        if self.complete:
            return low, low
        spare = self.value - self.gamma - 1 - self.b * profit
        if self.price:
            unseen = np.minimum(spare // self.price, self.most)
        else:
            unseen = np.where(spare >= 0, self.most, -FAR)
        return low, np.maximum(low, unseen)

    def find_profit(self, weight: IntArray) -> tuple[IntArray, IntArray]:
        """Return limits of the most profit outside while some weights are left; −FAR for none."""
        count = np.searchsorted(-self.room, -weight, side="right")
        low = np.where(count > 0, self.low + count - 1, -FAR)
        if self.complete:
            return low, low
        unseen = (self.value - self.gamma - 1 - self.price * weight) // self.b
        return low, np.maximum(low, np.where(weight <= self.most, unseen, -FAR))


@dataclass(frozen=True, slots=True, eq=False)
class LeafStates:
    """Efficient states of a leaf, for any capacity.

    A state that is not among them satisfies b·P − c'·W ≤ `value`. `value` is None where all are.

    Attributes
    ----------
    profit, weight : int64 (n_states,), rising
    price, value : the line, in units of 1/b
    """

    profit: IntArray
    weight: IntArray
    price: int
    value: int | None


@dataclass(frozen=True, slots=True, eq=False)
class PathRoom:
    """A leaf and the room above it; answers what others bring when weight is taken from its path.

    Attributes
    ----------
    capacity : of the leaf itself; FAR where it has none of its own
    """

    outside: OutsideRoom
    states: LeafStates
    capacity: int

    def find_profit(self, taken: int, *, leaf: int = 0, above: int = 0) -> IntegerBounds:
        """Bound the most profit of all else when the weight `taken` leaves the path; −FAR beyond its capacity.

        Parameters
        ----------
        leaf, above : weight added to the capacity of the leaf, and to those above it
        """
        out, room = self.outside, self.capacity + leaf - taken
        if room < 0:
            return IntegerBounds(-FAR, -FAR)
        end = int(np.searchsorted(self.states.weight, room, side="right"))
        low, high = out.find_profit(self.states.weight[:end] + (taken - above))
        own = self.states.profit[:end]
        known = int((low + own).max(initial=-FAR))
        most = max(known, int((high + own).max(initial=-FAR)))
        if self.states.value is not None:
            inner = self.states.price - out.price
            most_unseen = out.value + self.states.value + (inner * room if inner else 0)
            most = max(most, (most_unseen - out.price * (taken - above)) // out.b)
        return _normalise(known, most)

    def find_taken(self, profit: int, *, above: int = 0) -> IntegerBounds:
        """Bound the most weight that can be taken from the path while all else brings a profit; −FAR for none.

        Parameters
        ----------
        above : weight added to the capacities above the leaf
        """
        out, weight = self.outside, self.states.weight
        low, high = (
            np.where(room > -FAR, room + above, -FAR) for room in out.find_room(profit - self.states.profit)
        )
        known = int((np.minimum(low, self.capacity) - weight).max(initial=-FAR))
        most = max(known, int((np.minimum(high, self.capacity) - weight).max(initial=-FAR)))
        if self.states.value is not None:
            inner = self.states.price - out.price
            spare = out.value + self.states.value - out.b * profit + out.price * above
            spare += inner * self.capacity if inner else 0
            most = max(most, spare // self.states.price if self.states.price else FAR * (spare >= 0))
        return _normalise(known, most)

    def find_added(self, profit: int, taken: int, *, leaf: bool, above: bool) -> IntegerBounds:
        """Bound the least weight to add so that all else brings a profit beside `taken`; FAR where none is enough.

        Parameters
        ----------
        leaf, above : whether the weight is added to the capacity of the leaf, and to those above it
        """
        out, weight = self.outside, self.states.weight + taken
        over = weight - self.capacity
        bounds = []
        for room in out.find_room(profit - self.states.profit):
            short = np.where(room > -FAR, weight - room, FAR)
            fits = (leaf | (over <= 0)) & (short < FAR // 2) & (above | (short <= 0))
            need = np.maximum(np.where(leaf, over, 0), np.where(above, short, 0))
            bounds.append(int(np.maximum(need, 0)[fits].min(initial=FAR)))
        known, least = bounds
        if self.states.value is not None:
            inner = self.states.price - out.price
            most_unseen = out.value + self.states.value - out.price * taken
            most_unseen += inner * (self.capacity - taken) if inner else 0
            slope = inner * leaf + out.price * above
            lacks = out.b * profit - most_unseen
            least = min(least, 0 if lacks <= 0 else -(-lacks // slope) if slope else FAR)
        return _normalise(min(least, known), known)

    def find_weight(self, profit: int, taken: int, *, leaf: int = 0, above: int = 0) -> IntegerBounds:
        """Bound the least weight in all, `taken` included, at which all else brings a profit; FAR for none.

        Only where a single capacity lies above the leaf: then `outside.most` is that capacity.
        """
        out, weight = self.outside, self.states.weight
        bounds = []
        for room in out.find_room(profit - self.states.profit):
            fits = (weight + taken <= self.capacity + leaf) & (weight + taken <= room + above)
            total = weight + taken + out.most - room
            bounds.append(int(total[fits & (room > -FAR)].min(initial=FAR)))
        if self.states.value is not None:
            bounds[1] = min(bounds[1], self._compute_unseen_weight(profit, taken, leaf))
        return _normalise(min(bounds), bounds[0])

    def _compute_unseen_weight(self, profit: int, taken: int, leaf: int) -> int:
        """Bound from below the weight in all with a state of the leaf that is not among those listed."""
        assert self.states.value is not None
        out = self.outside
        if not out.price:
            return 0
        # b·(P + Q) ≤ value + c'·W + B − c·most + c·(weight outside), and W is at most what the leaf has left
        inner = self.states.price - out.price
        inner *= max(0, self.capacity + leaf - taken) if inner else 0
        base = out.value - out.price * out.most
        lacks = out.b * profit - self.states.value - base - inner
        return max(0, -(-lacks // out.price)) + taken


def build_leaf_states(
    profit: IntArray, weight: IntArray, price: int, b: int, without: Sequence[int], deadline: Deadline
) -> Iterator[tuple[int | None, LeafStates]]:
    """Yield the states of a leaf, then those without each of some items.

    Parameters
    ----------
    profit, weight : int64 (n_items,), > 0
    price : price c' at which a long leaf is cut down to its nearly optimal states
    without : places of the items to leave out, one at a time
    """
    r = b * profit - price * weight
    open_, loss = _select_open_items(profit, r)
    if loss is None:
        taken = np.zeros(len(profit), dtype=np.bool_)
        value = None
    else:
        open_[[k for k in without if r[k] > 0]] = True
        taken = ~open_ & (r > 0)
        value = int(r[r > 0].sum()) - loss - 1
    p0, w0 = int(profit[taken].sum()), int(weight[taken].sum())
    places = np.flatnonzero(open_)
    where = {int(k): place for place, k in enumerate(places)}
    inside = [where[k] for k in without if k in where]

    def build_states(front: Frontier, gone: int | None) -> LeafStates:
        rest = value if value is None or gone is None else value - max(0, int(r[gone]))
        return LeafStates(front.profit + p0, front.weight + w0, price, rest)

    own_p, own_w = profit[places], weight[places]
    fronts = generate_frontiers_without(own_p, own_w, inside, deadline)
    _, front = next(fronts)
    whole = build_states(front, None)
    yield None, whole
    for k in without:
        if k not in where:
            yield k, whole
    for place, front in fronts:
        assert place is not None
        gone = int(places[place])
        yield gone, build_states(front, gone)


def _select_open_items(profit: IntArray, r: IntArray) -> tuple[BoolArray, int | None]:
    """Return the items that enter the states, and the loss up to which these are complete; None if all enter."""
    lost = np.abs(r)
    order = np.argsort(lost, kind="stable")
    cells = np.cumsum(profit[order]) * np.arange(1, len(order) + 1)
    n_open = int(np.searchsorted(cells, LEAF_CELLS, side="right"))
    open_ = np.zeros(len(profit), dtype=np.bool_)
    if n_open >= len(order):
        return ~open_, None
    loss = max(0, int(lost[order[n_open]]) - 1)
    open_[lost <= loss] = True
    return open_, loss


@dataclass(frozen=True, slots=True, eq=False)
class TreePart:
    """A part of the tree: a leaf of own columns, or a node with parts under it.

    Attributes
    ----------
    node : its states at a price
    capacity : of the part itself; FAR for the own columns of a node with children
    columns : the columns of a leaf, int64
    number : number of a leaf; −1 for a node with parts
    """

    node: CapNode
    capacity: int
    columns: IntArray
    number: int
    branches: tuple[TreePart, ...] = ()

    def list_leaves(self) -> list[TreePart]:
        """Return the leaves of the part."""
        return [self] if self.number >= 0 else [leaf for part in self.branches for leaf in part.list_leaves()]


@dataclass(frozen=True, slots=True, eq=False)
class PriceGrid:
    """Prices of a root, rising, with the profit and the weight of its parts at each, by linear relaxation.

    Only the choice of a price depends on these floats.
    """

    price: IntArray
    profit: FloatArray
    weight: FloatArray

    def find_weight(self, profit: float) -> float:
        """Return the weight at which the parts have a profit, about."""
        return float(np.interp(profit, self.profit[::-1], self.weight[::-1]))

    def compute_bounds(self, weight: FloatArray, b: int) -> FloatArray:
        """Return the bound on the profit within each weight by each price, float (n_prices, n_weights)."""
        price = self.price[:, None] / b
        bounds: FloatArray = self.profit[:, None] + price * (weight - self.weight[:, None])
        return bounds


class PartTree:
    """A tree of capacities with the states of its branches, for the rooms of its leaves.

    Attributes
    ----------
    root : the tree
    leaves : by number
    """

    def __init__(self, task: TreeTask, root: CapTreeNode, b: int, budget: Budget) -> None:
        self.task, self.b, self.budget = task, b, budget
        self.leaves: list[TreePart] = []
        whole = task.build_node(root, b, budget)
        if isinstance(whole, InnerNode):
            self.root = self._build_part(whole, root)
        else:  # a single capacity: the root's own columns are its leaf
            self.root = TreePart(
                whole, root.cap, root.columns, -1, (self._build_leaf(whole, root.columns, FAR),)
            )
        self.capacity = root.cap

    def _build_part(self, node: CapNode, tree: CapTreeNode) -> TreePart:
        if not tree.children:
            return self._build_leaf(node, tree.columns, tree.cap)
        assert isinstance(node, InnerNode)
        branches = [self._build_part(*pair) for pair in zip(node.children, tree.children, strict=False)]
        if len(node.children) > len(tree.children):
            branches.append(self._build_leaf(node.children[-1], tree.columns, FAR))
        return TreePart(node, tree.cap, tree.columns, -1, tuple(branches))

    def _build_leaf(self, node: CapNode, columns: IntArray, capacity: int) -> TreePart:
        self.leaves.append(TreePart(node, capacity, columns, len(self.leaves)))
        return self.leaves[-1]

    def find_prices(self, weight: IntArray) -> PriceGrid:
        """Find the prices of the root at which its parts have the least to the most of some weights."""
        node = self.root.node
        if not isinstance(node, InnerNode):
            return self._find_leaf_prices(weight)
        few, many = (
            find_filling_price(node.sum_tangents, int(one))[0] for one in (weight.min(), weight.max())
        )
        prices = np.unique(np.linspace(many, few, GRID).astype(np.int64))
        lines = [node.sum_tangents(price) for price in prices.tolist()]
        return PriceGrid(
            prices, np.array([v / self.b for v, _ in lines]), np.array([float(w) for _, w in lines])
        )

    def _find_leaf_prices(self, weight: IntArray) -> PriceGrid:
        """Find the prices at which the items of a tree that is one leaf fill some weights."""
        columns = self.root.columns[self.task.profit[self.root.columns] > 0]
        p, w = self.task.profit[columns], self.task.weight[columns]
        ends = np.linspace(weight.min(), weight.max(), GRID).astype(np.int64).tolist()
        prices = np.unique([find_item_price(p, w, end, self.b) for end in ends])
        taken = (self.b * p > prices[:, None] * w).astype(np.float64)
        return PriceGrid(prices, taken @ p.astype(np.float64), taken @ w.astype(np.float64))

    def estimate_first_loss(self, units: int) -> int:
        """Return a loss Γ to begin with: some units of profit, less where long leaves have many states."""
        node = self.root.node
        long = any(isinstance(leaf.node, ListLeaf) for leaf in self.leaves)
        if not long or not isinstance(node, InnerNode):
            return self.b * units
        return min(self.b * units, node.estimate_first_loss(node.price))

    def generate_rooms(
        self, price: int, gamma: int, wanted: frozenset[int]
    ) -> Iterator[tuple[int, OutsideRoom]]:
        """Yield the room of each wanted leaf, by number, with states within a loss Γ at a price of the root.

        Raises
        ------
        TooManyStates
            When the rooms span too many profits, or the states outgrow their budget.
        DeadlineExpired
            When time is up.
        OverflowError
            When products exceed 64 bits.
        """
        if float(self.capacity) * max(1, price) >= ROOM:
            raise OverflowError("the price of a tree leaves 64 bits")
        room = np.array([self.capacity])
        alone = len(self.leaves) == 1 and self.leaves[0].capacity == FAR
        start = OutsideRoom(0, room, price, price * self.capacity, gamma, self.b, self.capacity, alone)
        yield from self._generate_below(list(self.root.branches), start, wanted)

    def _generate_below(
        self, branches: list[TreePart], room: OutsideRoom, wanted: frozenset[int]
    ) -> Iterator[tuple[int, OutsideRoom]]:
        """Yield the rooms of the leaves under some branches, given the room for these parts together."""
        if not any(leaf.number in wanted for part in branches for leaf in part.list_leaves()):
            return
        if len(branches) > 1:
            half = len(branches) // 2
            for own, other in ((branches[:half], branches[half:]), (branches[half:], branches[:half])):
                if any(leaf.number in wanted for part in own for leaf in part.list_leaves()):
                    yield from self._generate_below(own, self._take_parts(room, other), wanted)
        elif branches[0].number >= 0:
            yield branches[0].number, replace(room, room=np.maximum.accumulate(room.room[::-1])[::-1])
        else:
            yield from self._generate_below(
                list(branches[0].branches), self._limit_to_node(room, branches[0]), wanted
            )

    def _take_parts(self, room: OutsideRoom, branches: list[TreePart]) -> OutsideRoom:
        for branch in branches:
            self.budget.deadline.check()
            room = _take_states(room, branch.node.enumerate_states(room.price, room.gamma))
        return room

    def _limit_to_node(self, room: OutsideRoom, branch: TreePart) -> OutsideRoom:
        """Pass through a node: its own capacity limits the room, at its own price."""
        assert isinstance(branch.node, InnerNode)
        price = max(room.price, branch.node.price)
        if float(branch.capacity) * max(1, price) >= ROOM:
            raise OverflowError("the price of a node leaves 64 bits")
        return replace(
            room,
            room=np.minimum(room.room, branch.capacity),
            price=price,
            value=room.value + (price - room.price) * branch.capacity,
            most=min(room.most, branch.capacity),
        )


def find_item_price(profit: IntArray, weight: IntArray, capacity: int, b: int) -> int:
    """Return the price, over b, at which items fill a capacity; 0 within the capacity."""
    order = np.argsort(-(profit / weight), kind="stable")
    place = int(np.searchsorted(np.cumsum(weight[order]), capacity, side="right"))
    return b * int(profit[order[place]]) // int(weight[order[place]]) if place < len(order) else 0


def count_levels(node: CapTreeNode) -> int:
    """Return the number of capacities above the deepest leaf of a tree, apart from its own."""
    if not node.children:
        return 1
    return max(1 + (count_levels(child) if child.children else 0) for child in node.children)


def _take_states(room: OutsideRoom, states: TreeStates) -> OutsideRoom:
    """Take the states of one more part off a room: max-minus convolution over profits, within the loss."""
    first, last = int(states.profit[0]), int(states.profit[-1])
    width = len(room.room) + last - first
    if width > MOST_WIDTH:
        raise TooManyStates(f"{width} profits beside one leaf")
    left = np.full(width, -FAR)
    for profit, weight in zip(states.profit.tolist(), states.weight.tolist(), strict=True):
        into = left[profit - first : profit - first + len(room.room)]
        np.maximum(into, room.room - weight, out=into)
    value, low = room.value + states.best, room.low + first
    if room.b * float(low + width) >= ROOM:
        raise OverflowError("the profits beside a leaf leave 64 bits")
    places = np.flatnonzero(left > -FAR // 2)
    lost = value - room.b * (low + places) - room.price * left[places]
    left[places[lost > room.gamma]] = -FAR
    places = places[lost <= room.gamma]
    if not len(places):
        return replace(room, low=low, room=np.array([-FAR]), value=value)
    span = slice(int(places[0]), int(places[-1]) + 1)
    return replace(room, low=low + span.start, room=left[span], value=value)
