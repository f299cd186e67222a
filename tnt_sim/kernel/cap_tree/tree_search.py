"""Any tree of caps, exactly: the greatest profit, then the least weight, then the first choice in rank order.

    max Σ p_j x_j  subject to  Σ_{j under n} w_j x_j ≤ cap_n for every node n;  among the best, min Σ w_j x_j

At the price a/b on the weight under a node n (the price of what lies above), with t_n the price at which n's parts
just fill its cap, the parts are priced at c = max(a, t_n), and

    U_n(a) = Σ_parts V_part(c) + (c − a)·cap_n   ≥   b·P − a·W      for every choice of weight W and profit P

with equality up to A = Σ_parts loss + (c − a)·(cap_n − W). So a node's states within Γ of its best are among the
sums of its parts' states within Γ + min A. At the root a = 0: once some choice is worth P, only sums of states
that lose at most U − b·(P + 1) together could be worth more. Prices are whole numbers over one b = 2^s.

Where nodes may go beyond their caps (`leaves.py`), the weight that counts above is not the one to make least. Then
profits are g·p − w with a grain g above all weights, and of equal choices the heavier may go first as well.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import log2

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.cap_tree.caps import Node
from tnt_sim.kernel.cap_tree.dominance import apart, most_of, scattered, trimmed
from tnt_sim.kernel.cap_tree.leaves import WIDER, Beyond, ListLeaf, MenuLeaf, Part, filled, leaf_of
from tnt_sim.kernel.cap_tree.memo import Known
from tnt_sim.kernel.cap_tree.states import MAX_TIES, Budget, States, Sums
from tnt_sim.kernel.knapsack import IntArray, Menus
from tnt_sim.kernel.profit_frontier import Frontier

MAX_WORK = 30_000_000
"""States looked at in one tree."""
FIRST_STATES = 40
"""About so many states besides the best ones are looked at first."""
FIRST_UNITS = 2
"""And none that loses more units of profit than this."""
MENU_TIES = 10_000
"""Equal states compared in one tree where items stand in groups: it takes half a second, a solver far longer."""
LEAST_BITS = 8
"""With coarser prices, too many states would be looked at."""
BITS = 44
"""Prices are over 2^BITS, or less where sums would leave 64 bits."""


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """The best choice: its columns, profit and weight; `canonical`: no other that is as good goes first."""

    columns: IntArray
    profit: int
    weight: int
    canonical: bool

    @property
    def numbers(self) -> int:
        """How many numbers it holds."""
        return len(self.columns) + 3


def best_in_tree(
    profit: IntArray,
    weight: IntArray,
    root: Node,
    max_work: int = MAX_WORK,
    fronts: Known[Frontier] | None = None,
    menus: Menus | None = None,
    deadline: Deadline = UNLIMITED,
) -> Choice:
    """The best choice among the columns under a node, in rank order; weights are > 0, caps ≥ 0.

    `fronts` keeps the frontiers of leaves for later calls. Of a group of `menus` one column at most is taken among
    a node's own; those under different nodes may be taken together, and then no choice is told to go first.

    Raises
    ------
    TooManyStates
        When the tree is for another method.
    DeadlineExpired
        When time is up.
    OverflowError
        When products leave 64 bits.
    """
    task, light = _in_units(profit, weight, root, max_work, fronts, menus, deadline)
    return task.over(light, lambda b: task.best(light, b))


def tree_reaches(
    profit: IntArray,
    weight: IntArray,
    root: Node,
    target: int,
    max_work: int = MAX_WORK,
    fronts: Known[Frontier] | None = None,
    menus: Menus | None = None,
    deadline: Deadline = UNLIMITED,
) -> bool:
    """Whether some choice under a node, as a rule with children or groups, is worth `target` or more.

    Raises
    ------
    TooManyStates, DeadlineExpired, OverflowError
        As `best_in_tree` does.
    """
    if root.shares:
        return best_in_tree(profit, weight, root, max_work, fronts, menus, deadline).profit >= target
    task, light = _in_units(profit, weight, root, max_work, fronts, menus, deadline)
    return task.over(light, lambda b: task.reaches(light, b, target))


def cheapest_in_tree(
    profit: IntArray,
    weight: IntArray,
    root: Node,
    target: int,
    max_work: int = MAX_WORK,
    fronts: Known[Frontier] | None = None,
    deadline: Deadline = UNLIMITED,
) -> Choice | None:
    """A choice of least weight that is worth `target` or more; None where no choice under the caps is.

    The root has children and a cap that holds nothing back.

    Raises
    ------
    TooManyStates, DeadlineExpired, OverflowError
        As `best_in_tree` does.
    """
    task, light = _in_units(profit, weight, root, max_work, fronts, None, deadline)
    return task.over(light, lambda b: task.cheapest(light, b, target))


def _in_units(
    profit: IntArray,
    weight: IntArray,
    root: Node,
    max_work: int,
    fronts: Known[Frontier] | None,
    menus: Menus | None,
    deadline: Deadline,
) -> tuple[_Task, Node]:
    """The task and its tree, weights and caps in the greatest unit that all weights share.

    What a node takes beyond its cap is a whole number of units only if its cap is.
    """
    if menus is not None:
        root = trimmed(root, profit, weight, menus)
    columns = root.every()
    unit = max(1, int(np.gcd.reduce(np.array([0, *weight[columns].tolist(), *root.allowances()]))))
    known = Known[Frontier]() if fronts is None else fronts
    light = weight // unit
    grain = most_of(root, light, menus) + 1 if root.shares else 1
    return _Task(profit, light, unit, max_work, known, grain, menus, deadline), root.divided(unit)


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """Columns with their profits and weights, these counted in units."""

    profit: IntArray
    weight: IntArray
    unit: int
    max_work: int
    fronts: Known[Frontier]
    grain: int
    menus: Menus | None
    deadline: Deadline

    def size(self, node: Node) -> float:
        """What a leaf's profits may come to, weighed by how far its cap falls short."""
        own = replace(node, children=())
        heavy, worth = (float(most_of(own, number, self.menus)) for number in (self.weight, self.profit))
        short = 1.0 if node.beyond else max(1.0, heavy / max(1, node.cap))
        return max([worth * self.grain * short, *(self.size(child) for child in node.children)])

    def over[T](self, root: Node, ask: Callable[[int], T]) -> T:
        """What is asked for with prices over as fine a b as 64 bits hold."""
        bits = min(BITS, 61 - int(log2(max(2.0, self.size(root)))))
        for shift in (0, 8, 16):
            if bits - shift < max(1, LEAST_BITS - int(log2(self.grain))):
                break
            try:
                return ask(1 << (bits - shift))
            except OverflowError:
                continue
        raise OverflowError("the prices of a tree of caps leave 64 bits")

    def reaches(self, root: Node, b: int, target: int) -> bool:
        """Whether a choice is worth `target`, with prices over b."""
        tree = self.part(root, b, Budget(self.max_work, deadline=self.deadline))
        if not isinstance(tree, _Inner):
            return int(tree.near(0, 0).profit.max()) >= target
        return tree.reaches(target)

    def best(self, root: Node, b: int) -> Choice:
        """The best choice with prices over b."""
        ties = MAX_TIES if self.menus is None else MENU_TIES
        budget = Budget(self.max_work, ties, not self.scattered(root), self.deadline)
        tree = self.part(root, b, budget)
        if isinstance(tree, _Inner):
            states, k = tree.root()
        else:
            states = tree.near(0, 0)
            k = int(np.lexsort((states.weight, -states.profit))[0])
        columns = states.columns(k)
        profit, weight = int(self.profit[columns].sum()), int(self.weight[columns].sum())
        return Choice(columns, profit, self.unit * weight, budget.alone)

    def cheapest(self, root: Node, b: int, target: int) -> Choice | None:
        """The choice of least weight worth `target`, with prices over b."""
        budget = Budget(self.max_work, 0, deadline=self.deadline)
        tree = self.part(root, b, budget)
        assert isinstance(tree, _Inner)
        found = tree.cheapest(target)
        if found is None:
            return None
        columns = found[0].columns(found[1])
        profit, weight = int(self.profit[columns].sum()), int(self.weight[columns].sum())
        return Choice(columns, profit, self.unit * weight, False)

    def scattered(self, root: Node) -> bool:
        """Whether a group lies under several nodes: then the order of choices is not kept."""
        return self.menus is not None and scattered(root.parts(), self.menus)

    def part(self, node: Node, b: int, budget: Budget) -> Part:
        """A node as what its parent asks of it; a node's own columns are one more leaf under it."""
        cap = int(self.weight.sum()) if node.beyond else node.cap
        parts = [self.part(child, b, budget) for child in node.children]
        if not parts or len(node.columns):
            parts.append(self.leaf(replace(node, cap=cap), b, budget))
        found = _Inner(parts, cap, b, budget, self.grain) if node.children else parts[0]
        return Beyond(found, node.cap) if node.beyond else found

    def leaf(self, node: Node, b: int, budget: Budget) -> Part:
        """The leaf of a node's own columns, in groups where some share one."""
        budget.deadline.check()
        if self.menus is not None:
            own, shared = apart(node.columns, self.menus)
            if len(shared):
                p, w = self.profit[node.columns], self.weight[node.columns]
                p = p if self.grain == 1 else self.grain * p - w
                return MenuLeaf(node.columns, p, w, self.menus, node.cap, b, budget)
            node = replace(node, columns=own)
        return leaf_of(node, self.profit, self.weight, b, budget, self.fronts, self.grain, self.menus)


class _Inner:
    """A node with parts under it."""

    def __init__(self, parts: Sequence[Part], cap: int, b: int, budget: Budget, grain: int) -> None:
        self.parts, self.cap, self.b, self.budget, self.grain = parts, cap, b, budget, grain
        self.price, self.full = filled(self._sum, cap)
        self.size = sum(part.size for part in parts)
        self.long = self._longest()

    def _longest(self) -> ListLeaf | None:
        """The list among the parts that holds more than half of all items; None without one."""
        long = max(self.parts, key=lambda part: part.size)
        return long if isinstance(long, ListLeaf) and 2 * long.size > self.size else None

    def _sum(self, a: int) -> tuple[int, int]:
        self.budget.deadline.check()
        lines = [part.line(a) for part in self.parts]
        return sum(v for v, _ in lines), sum(w for _, w in lines)

    def line(self, a: int) -> tuple[int, int]:
        """Below its own price a node is full."""
        return (self.full, self.cap) if a < self.price else self._sum(a)

    def losses(self, a: int, count: int) -> IntArray:
        """The least of its parts'."""
        inner = max(a, self.price)
        every = np.concatenate([part.losses(inner, count) for part in self.parts])
        return every if len(every) <= count else np.partition(every, count)[:count]

    def near(self, a: int, gamma: int) -> States:
        """Sums of its parts' states, within what the least A asks for."""
        inner = max(a, self.price)
        need = gamma
        while True:
            sums = self._sums_of([part.near(inner, need) for part in self.parts], need)
            short = sums.loss + (inner - a) * (self.cap - sums.weight)
            least = int(short.min()) if len(short) else 0
            if len(short) and need >= gamma + least:
                break
            need = gamma + least if len(short) else max(2 * need, self._first(inner))
        best = sums.best + (inner - a) * self.cap - least
        found = States(sums.profit, sums.weight, short - least, best, sums.columns, sums.differ)
        return found.within(gamma)

    def _first(self, inner: int) -> int:
        """A loss that lets some states in besides the best ones."""
        every = np.concatenate([part.losses(inner, FIRST_STATES) for part in self.parts])
        positive = np.sort(every[every > 0])[:FIRST_STATES]
        unit = self.b * self.grain
        return max(1, min(FIRST_UNITS * unit, int(positive[-1]) if len(positive) else unit))

    def _sums(self, price: int, need: int, window: tuple[int, int]) -> Sums:
        """Sums of states that lose `need` together at most, complete for those of a weight within a window.

        A list longer than all other parts looks for those states alone that the window leaves beside these.
        """
        long = self.long
        if long is None:
            parts = [part.near(price, need) for part in self.parts]
        else:
            parts = [part.near(price, need) for part in self.parts if part is not long]
            low = window[0] - sum(int(part.weight.max()) for part in parts)
            high = window[1] - sum(int(part.weight.min()) for part in parts)
            place = next(k for k, part in enumerate(self.parts) if part is long)
            parts.insert(place, long.weighing(price, need, low, high))
        return self._sums_of(parts, need)

    def _sums_of(self, parts: Sequence[States], need: int) -> Sums:
        return Sums(parts, self.cap, need, self.budget, heavier=self.grain > 1)

    def root(self) -> tuple[States, int]:
        """The greatest profit, then the least weight: the states, and which of them."""
        need = self._first_at_root(self.price)
        reach = 2 * need  # states are looked for that weigh cap − reach/a or more
        while True:
            least = self.cap - reach // self.price if self.price else 0
            sums = self._sums(self.price, need, (least, self.cap))
            if not len(sums.profit):
                need, reach = 2 * need, 4 * need
                continue
            profit = int(sums.profit.max())
            equal = np.flatnonzero(sums.profit == profit)
            # what is as good as the best in sight weighs cap − spare/a or more, and loses no more than spare
            spare = sums.best + self.price * self.cap - self.b * profit
            # of equals the lightest, or with a grain the heaviest, which then goes first
            more = spare if self.grain > 1 else spare - self.b
            if need >= more and (self.long is None or reach >= spare):
                return sums.states(), int(equal[-1 if self.grain > 1 else 0])
            need, reach = max(need, min(2 * need, more)), spare

    def reaches(self, target: int) -> bool:
        """Whether a choice is worth `target`: one that is loses no more than U − b·target."""
        # Leaves find states for WIDER times what is asked for: that is to be about what the relaxed program
        # leaves. Hundreds of leaves leave a little each, and all of it is too much for any of them.
        about = min(max(0, self.full - self.b * target) // WIDER + 1, self._first(self.price))
        best = sum(part.near(self.price, about).best for part in self.parts if part is not self.long)
        best += 0 if self.long is None else self.long.most(self.price)
        need = best + self.price * self.cap - self.b * target
        if need < 0:
            return False
        least = self.cap - need // self.price if self.price else 0
        sums = self._sums(self.price, need, (least, self.cap))
        return bool((sums.profit >= target).any())

    def cheapest(self, target: int) -> tuple[States, int] | None:
        """The least weight for a profit: the states, and which of them; None where no sum is worth as much.

        At any price a/b a choice worth `target` of weight W loses Γ = V(a) − b·target + a·W at most, so that W
        lies within Γ/a above (b·target − V(a))/a.
        """
        if sum(int(part.near(0, 0).profit.max()) for part in self.parts) < target:
            return None
        price = self._price_of(target)
        need = self._first_at_root(price)
        best = self._best(price)
        while True:
            least = (self.b * target - best) // price
            sums = self._sums(price, need, (least, least + need // price + 1))
            enough = np.flatnonzero(sums.profit >= target)
            more = 0
            if len(enough):
                found = int(enough[np.argmin(sums.weight[enough])])
                more = sums.best - self.b * target + price * int(sums.weight[found])
                if need >= more:
                    return sums.states(), found
            need = min(2 * need, more) if more else 2 * need

    def _best(self, price: int) -> int:
        """What no sum of the parts is worth more than at a price."""
        known = sum(part.near(price, 0).best for part in self.parts if part is not self.long)
        return known + (0 if self.long is None else self.long.most(price))

    def _first_at_root(self, price: int) -> int:
        """The first loss looked at: the states of the longest list are not kept, but few are in the window."""
        return self._first(price) * (1 if self.long is None else WIDER)

    def _price_of(self, target: int) -> int:
        """The price at which the parts are worth about `target`, by tangents; at least 1."""
        many, few = self._sum(0), (0, 0)
        price = 1
        while many[1] > few[1]:
            a = max(1, (many[0] - few[0]) // (many[1] - few[1]))
            found = self._sum(a)
            if found in (many, few):
                return a
            price = a
            if found[0] >= self.b * target:
                many = found
            else:
                few = found
        return price
