"""Money that moves between the children of one parent: a small flow in whole cents, exact.

With d_c what a child needs on top of what it may grant (negative: what it can spare), m_cy ≥ 0 what c gives to a
sibling y that it names, and e_c ≥ 0 what the parent adds from its unassigned money U:

    e_c + Σ_y m_yc − Σ_y m_cy ≥ d_c        Σ_y m_cy ≤ out_c        Σ_y m_yc ≤ in_c        Σ_c e_c ≤ U

Among all such moves the ones of least Σ m count, and of these the lexicographically greatest by (giver, taker).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tnt_sim.domain.budget_tree import Tree


@dataclass(frozen=True, slots=True)
class Move:
    """Cents that one envelope gives to a sibling; both are nodes of the tree."""

    giver: int
    taker: int
    cents: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """What moves between the children of one parent, each mapping by child.

    Attributes
    ----------
    added : what the parent adds
    moves : what they give each other
    unmet : the needs that nothing can meet
    """

    added: Mapping[int, int]
    moves: tuple[Move, ...]
    unmet: Mapping[int, int]


Settling = Callable[[Tree, Sequence[int], Mapping[int, int], Sequence[int], int | None], Settlement]
"""Meets the needs of siblings, as `settle` does."""


@dataclass
class _Arc:
    """An arc of a flow network; `other` is the index of its reverse."""

    head: int
    left: int
    cost: int
    other: int


class Network:
    """The cheapest flow by successive shortest paths, in Python integers (costs may be very long)."""

    def __init__(self, n_nodes: int) -> None:
        self.out: list[list[int]] = [[] for _ in range(n_nodes)]
        self.arcs: list[_Arc] = []

    def arc(self, tail: int, head: int, capacity: int, cost: int = 0) -> int:
        """Add an arc; gives its number."""
        number = len(self.arcs)
        self.arcs.append(_Arc(head, capacity, cost, number + 1))
        self.arcs.append(_Arc(tail, 0, -cost, number))
        self.out[tail].append(number)
        self.out[head].append(number + 1)
        return number

    def flow(self, arc: int) -> int:
        """What runs through an arc."""
        return self.arcs[arc + 1].left

    def send(self, source: int, sink: int) -> int:
        """Send as much as possible as cheaply as possible; gives how much."""
        total = 0
        while True:
            path = self._cheapest_path(source, sink)
            if path is None:
                return total
            amount = min(self.arcs[number].left for number in path)
            for number in path:
                self.arcs[number].left -= amount
                self.arcs[number ^ 1].left += amount
            total += amount

    def _cheapest_path(self, source: int, sink: int) -> list[int] | None:
        best: list[int | None] = [None] * len(self.out)
        came: list[int] = [-1] * len(self.out)
        best[source] = 0
        changed = True
        while changed:
            changed = False
            for node, cost in enumerate(best):
                if cost is None:
                    continue
                for number in self.out[node]:
                    arc = self.arcs[number]
                    reached = cost + arc.cost
                    known = best[arc.head]
                    if arc.left > 0 and (known is None or reached < known):
                        best[arc.head], came[arc.head] = reached, number
                        changed = True
        if best[sink] is None:
            return None
        path = []
        node = sink
        while node != source:
            path.append(came[node])
            node = self.arcs[came[node] ^ 1].head
        return path


def has_transfers(tree: Tree, children: Sequence[int]) -> bool:
    """Whether any of these siblings may give to another."""
    return any(tree.options[child].transfer_to for child in children)


def settle(
    tree: Tree, children: Sequence[int], needs: Mapping[int, int], gaining: Sequence[int], pool: int | None
) -> Settlement:
    """Meet the needs of siblings from what the others spare, and from the parent's `pool` (None: without end).

    Parameters
    ----------
    children : the children with an amount
    needs : by child; negative is what it can spare
    gaining : the children that the parent may add to
    """
    taken = sum(max(0, need) for need in needs.values())
    pool = taken if pool is None else min(pool, taken)
    if not has_transfers(tree, children):
        return _without_transfers(children, needs, gaining, pool)
    return _flow(tree, children, needs, gaining, pool, taken)


def _flow(
    tree: Tree,
    children: Sequence[int],
    needs: Mapping[int, int],
    gaining: Sequence[int],
    pool: int,
    taken: int,
) -> Settlement:
    """The cheapest moves: each child is a point that gives, one that holds and one that takes."""
    net = Network(3 + 3 * len(children))
    source, sink, purse = 0, 1, 2
    give = {child: 3 + 3 * k for k, child in enumerate(children)}
    hold, take = {c: g + 1 for c, g in give.items()}, {c: g + 2 for c, g in give.items()}
    net.arc(source, purse, pool)
    added, wants = {}, {}
    for child in children:
        option = tree.options[child]
        net.arc(source, hold[child], max(0, -needs[child]))
        wants[child] = net.arc(hold[child], sink, max(0, needs[child]))
        net.arc(hold[child], give[child], taken if option.out_cents is None else option.out_cents)
        net.arc(take[child], hold[child], taken if option.in_cents is None else option.in_cents)
        if child in gaining:
            added[child] = net.arc(purse, hold[child], taken)
    pairs = sorted(
        ((c, y) for c in children for y in tree.options[c].transfer_to if y in give),
        key=lambda pair: (tree.ids[pair[0]], tree.ids[pair[1]]),
    )
    base = taken + 1
    moved = {
        pair: net.arc(give[pair[0]], take[pair[1]], taken, base ** len(pairs) - base ** (len(pairs) - 1 - k))
        for k, pair in enumerate(pairs)
    }
    net.send(source, sink)
    return Settlement(
        added={child: net.flow(arc) for child, arc in added.items() if net.flow(arc)},
        moves=tuple(Move(*pair, net.flow(arc)) for pair, arc in moved.items() if net.flow(arc)),
        unmet={child: net.arcs[arc].left for child, arc in wants.items() if net.arcs[arc].left},
    )


def _without_transfers(
    children: Sequence[int], needs: Mapping[int, int], gaining: Sequence[int], pool: int
) -> Settlement:
    added, unmet = {}, {}
    for child in children:
        need = max(0, needs[child])
        given = min(need, pool) if child in gaining else 0
        pool -= given
        if given:
            added[child] = given
        if need > given:
            unmet[child] = need - given
    return Settlement(added, (), unmet)
