"""Transfers between the children of one envelope: a minimum-cost flow in whole cents.

d_c is what child c needs on top of what it may grant (negative: what it can spare), m_cy ≥ 0 the cents that
c gives to a sibling y that it names, e_c ≥ 0 what the parent adds from its unassigned money U. Feasible
transfers satisfy

    e_c + Σ_y m_yc − Σ_y m_cy ≥ d_c        Σ_y m_cy ≤ out_c        Σ_y m_yc ≤ in_c        Σ_c e_c ≤ U

Needs are met as far as possible. Among these transfers the total Σ m is least, and among those the vector of
the m, ordered by (giver, taker), is lexicographically greatest, so that the answer is unique.

Method: successive shortest paths with Bellman–Ford labels, in Python integers, because the costs that encode
the lexicographic order are long. Ahuja, Magnanti and Orlin, *Network Flows* (1993).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tnt_sim.domain.budget_tree import Tree


@dataclass(frozen=True, slots=True)
class Move:
    """Cents that one envelope gives to a sibling; `giver` and `taker` are nodes of the tree."""

    giver: int
    taker: int
    cents: int


@dataclass(frozen=True, slots=True)
class Settlement:
    """Transfers between the children of one parent, in cents by child.

    Attributes
    ----------
    added : what the parent adds to each child
    moves : what the children give each other
    unmet : the needs that no transfer can meet
    """

    added: Mapping[int, int]
    moves: tuple[Move, ...]
    unmet: Mapping[int, int]


Settling = Callable[[Tree, Sequence[int], Mapping[int, int], Sequence[int], int | None], Settlement]
"""A function that meets the needs of siblings, with the signature of `settle`."""


@dataclass
class _Arc:
    """A residual arc: its head, its residual capacity `left`, its cost, and the number of its reverse arc."""

    head: int
    left: int
    cost: int
    other: int


class Network:
    """A flow network solved for a maximum flow of minimum cost, by successive shortest paths."""

    def __init__(self, n_nodes: int) -> None:
        self.out: list[list[int]] = [[] for _ in range(n_nodes)]
        self.arcs: list[_Arc] = []

    def add_arc(self, tail: int, head: int, capacity: int, cost: int = 0) -> int:
        """Add an arc with its reverse and return its number."""
        number = len(self.arcs)
        self.arcs.append(_Arc(head, capacity, cost, number + 1))
        self.arcs.append(_Arc(tail, 0, -cost, number))
        self.out[tail].append(number)
        self.out[head].append(number + 1)
        return number

    def get_flow(self, arc: int) -> int:
        """Return the flow on an arc."""
        return self.arcs[arc + 1].left

    def send(self, source: int, sink: int) -> int:
        """Send a maximum flow of minimum cost from source to sink and return its value."""
        total = 0
        while True:
            path = self._find_cheapest_path(source, sink)
            if path is None:
                return total
            amount = min(self.arcs[number].left for number in path)
            for number in path:
                self.arcs[number].left -= amount
                self.arcs[number ^ 1].left += amount
            total += amount

    def _find_cheapest_path(self, source: int, sink: int) -> list[int] | None:
        """Return the arcs of a shortest residual path (Bellman–Ford), or None if the sink cannot be reached."""
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
    """Return whether any of these siblings may give to another."""
    return any(tree.options[child].transfer_to for child in children)


def settle(
    tree: Tree, children: Sequence[int], needs: Mapping[int, int], gaining: Sequence[int], pool: int | None
) -> Settlement:
    """Meet the needs of siblings from what the others can spare and from the parent's unassigned money.

    Parameters
    ----------
    tree : the envelopes
    children : nodes of the children that have an amount
    needs : cents by child; negative is what the child can spare
    gaining : the children to which the parent may add money
    pool : cents that the parent may add in all; None for no limit
    """
    taken = sum(max(0, need) for need in needs.values())
    pool = taken if pool is None else min(pool, taken)
    if not has_transfers(tree, children):
        return _without_transfers(children, needs, gaining, pool)
    return _solve_flow(tree, children, needs, gaining, pool, taken)


def _solve_flow(
    tree: Tree,
    children: Sequence[int],
    needs: Mapping[int, int],
    gaining: Sequence[int],
    pool: int,
    taken: int,
) -> Settlement:
    """Solve the flow; each child has three vertices, for what it gives, what it keeps and what it takes."""
    net = Network(3 + 3 * len(children))
    source, sink, purse = 0, 1, 2
    give = {child: 3 + 3 * k for k, child in enumerate(children)}
    hold, take = {c: g + 1 for c, g in give.items()}, {c: g + 2 for c, g in give.items()}
    net.add_arc(source, purse, pool)
    added, wants = {}, {}
    for child in children:
        option = tree.options[child]
        net.add_arc(source, hold[child], max(0, -needs[child]))
        wants[child] = net.add_arc(hold[child], sink, max(0, needs[child]))
        net.add_arc(hold[child], give[child], taken if option.out_cents is None else option.out_cents)
        net.add_arc(take[child], hold[child], taken if option.in_cents is None else option.in_cents)
        if child in gaining:
            added[child] = net.add_arc(purse, hold[child], taken)
    pairs = sorted(
        ((c, y) for c in children for y in tree.options[c].transfer_to if y in give),
        key=lambda pair: (tree.ids[pair[0]], tree.ids[pair[1]]),
    )
    base = taken + 1
    moved = {
        pair: net.add_arc(
            give[pair[0]], take[pair[1]], taken, base ** len(pairs) - base ** (len(pairs) - 1 - k)
        )
        for k, pair in enumerate(pairs)
    }
    net.send(source, sink)
    return Settlement(
        added={child: net.get_flow(arc) for child, arc in added.items() if net.get_flow(arc)},
        moves=tuple(Move(*pair, net.get_flow(arc)) for pair, arc in moved.items() if net.get_flow(arc)),
        unmet={child: net.arcs[arc].left for child, arc in wants.items() if net.arcs[arc].left},
    )


def _without_transfers(
    children: Sequence[int], needs: Mapping[int, int], gaining: Sequence[int], pool: int
) -> Settlement:
    added, unmet = {}, {}
    for child in children:
        need = max(0, needs[child])
        written = min(need, pool) if child in gaining else 0
        pool -= written
        if written:
            added[child] = written
        if need > written:
            unmet[child] = need - written
    return Settlement(added, (), unmet)
