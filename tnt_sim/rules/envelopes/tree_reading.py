"""Exact reading of the envelope tree: which grants it can pay for, and what each envelope has left.

An envelope's amount bounds all that is granted in it and under it. The part of a node's amount that is not
written for its children is *unassigned*; where it is free, it may be added to children that are not
ring-fenced. For a node c:

- G_c is the sum of the grants at and under it;
- w_c is its written amount, and a_c what it may grant by itself: w_c and what a `pro_rata` parent gives it,
  less its reserve, plus what may be overprogrammed;
- e_c ≥ 0 is what its parent adds, m_cy ≥ 0 what it gives to its sibling y, and d_c = e_c + Σ_y m_yc − Σ_y
  m_cy.

The grants are feasible when some e and m satisfy, for every node X with an amount:

    G_c − d_c ≤ a_c                               for each child c with an amount
    Σ_c e_c + own_X − d_X ≤ a_X − Σ_c w_c         whenever some e_c > 0
    G_X − d_X ≤ a_X
    G_X − Σ_f G_f − d_X ≤ a_X + r_X − Σ_f w_f     f: the outermost ring-fenced envelopes under X

own_X is the grants of the dossiers that ask from X itself or from children without an amount. r_X is the
reserve of X, held back from the whole. By the last row, what a ring-fenced envelope leaves unspent is
available to nobody else. Nothing is added to ring-fenced children, to children of an `overbooked` node
(their amounts are ceilings) or of a node without an amount; with `unassigned: {to: ID}` only that child may
receive.

Method: one pass from the leaves to the root computes the least that each node needs from its parent; one
pass from the root to the leaves hands out the money. Transfers between siblings are minimum-cost flows
(`transfers.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass, field

from tnt_sim.domain.budget_tree import Tree, Unassigned
from tnt_sim.rules.envelopes.transfers import Move, Settlement, Settling, settle
from tnt_sim.rules.linear_terms import IntArray, sum_by_group


@dataclass(frozen=True, slots=True)
class EnvelopeReading:
    """The envelopes on one allocation, in exact cents; all lists have one entry per node.

    Attributes
    ----------
    granted_cents : granted at the node and under it
    need_cents : needed on top of what the node may grant by itself; negative is what it can spare
    extra_cents : the least that the parent must add to what the node may grant by itself; with `unassigned:
        {to: ID}` all that the parent has
    excess_cents : by how much the node exceeds what it can have; 0 where the node is feasible
    in_cents, out_cents : received from and given to its siblings
    effective_cents : the written amount with all that is added and taken; None without an amount
    overprogrammed_cents : granted beyond the effective amount
    left_cents : not granted of the effective amount, the reserve included; 0 without an amount
    moves : transfers between siblings
    """

    granted_cents: list[int]
    need_cents: list[int]
    extra_cents: list[int]
    excess_cents: list[int]
    in_cents: list[int]
    out_cents: list[int]
    effective_cents: list[int | None]
    overprogrammed_cents: list[int]
    left_cents: list[int]
    moves: tuple[Move, ...]

    @property
    def holds(self) -> bool:
        """Whether the grants are feasible in every envelope."""
        return not any(self.excess_cents)


def can_gain(tree: Tree, node: int) -> bool:
    """Return whether unassigned money of its parent may be added to a node."""
    parent = int(tree.parent[node])
    if parent < 0 or tree.amount_cents[node] is None or tree.amount_cents[parent] is None:
        return False
    if tree.ring_fenced[node] or tree.overbooked[parent]:
        return False
    policy = tree.unassigned[parent]
    return policy is Unassigned.FREE or (policy is Unassigned.TO and tree.unassigned_to[parent] == node)


def compute_unassigned_cents(tree: Tree, node: int) -> int | None:
    """Return a_X − Σ written amounts of the children (ring-fenced ones included); None without an amount."""
    amount = tree.amount_cents[node]
    if amount is None:
        return None
    return amount - sum(tree.written_cents[child] or 0 for child in tree.list_children(node))


def compute_gain_bounds(tree: Tree) -> list[int | None]:
    """Return the most that can be added to each amount, in cents.

    None means no bound: siblings may give to the node or to one above it.
    """
    takers = {taker for option in tree.options for taker in option.transfer_to}
    most: list[int | None] = []
    for node in range(tree.n_nodes):
        parent = int(tree.parent[node])
        if node in takers:
            most.append(None)
        elif not can_gain(tree, node):
            most.append(0)
        else:
            above = most[parent]
            most.append(
                None if above is None else max(0, above + (compute_unassigned_cents(tree, parent) or 0))
            )
    return most


def find_ring_fenced(tree: Tree) -> dict[int, list[int]]:
    """Return the outermost ring-fenced envelopes under each envelope that has some.

    Others may not use their amounts.

    Amounts under an `overbooked` envelope or under one without an amount are ceilings: they reserve nothing.
    """
    result: dict[int, list[int]] = {}
    for fence, fenced in enumerate(tree.ring_fenced):
        above = int(tree.parent[fence])
        while fenced and tree.amount_cents[fence] is not None and above >= 0:
            if tree.overbooked[above] or tree.amount_cents[above] is None:
                break
            result.setdefault(above, []).append(fence)
            above = -1 if tree.ring_fenced[above] else int(tree.parent[above])
    return result


def compute_unfenced_cents(tree: Tree, node: int, apart: Sequence[int]) -> int:
    """Return a_X + r_X − Σ_f w_f: what a node may grant outside the ring-fenced envelopes `apart`."""
    held = sum(tree.written_cents[fence] or 0 for fence in apart)
    return (tree.amount_cents[node] or 0) + tree.options[node].reserved_cents - held


def read_envelopes(
    tree: Tree, node: IntArray, granted_cents: IntArray, settling: Settling = settle
) -> EnvelopeReading:
    """Evaluate the tree on the grants of the dossiers, in Python integers.

    Parameters
    ----------
    tree : the envelopes
    node : int64 (n,), node from which each dossier asks, -1 for none
    granted_cents : int64 (n,)
    settling : meets the needs of the children of one parent; `settle` by default
    """
    return read_sums(tree, sum_by_node(tree, node, granted_cents), settling)


def sum_by_node(tree: Tree, node: IntArray, granted_cents: IntArray) -> list[int]:
    """Return the exact sum of the grants of each node's own dossiers."""
    held = (node >= 0) & (granted_cents != 0)
    return sum_by_group(granted_cents[held], node[held], tree.n_nodes)


def read_sums(tree: Tree, own: list[int], settling: Settling = settle) -> EnvelopeReading:
    """Evaluate the tree on the sums granted to each node's own dossiers."""
    amounts = _TreeAmounts(tree, own, tree.sum_subtrees(own), settling)
    amounts.fit(amounts.upwards)
    for place in range(tree.n_nodes):
        amounts.distribute(place)
    return amounts.build_reading()


@dataclass(frozen=True, slots=True)
class PathReading:
    """Whether the tree can pay for one more grant, where only the envelopes above it change.

    The needs of all other nodes stay as they were; those of the path are computed anew, from the node to the
    root. One reading costs the children of the path, not the tree.

    Attributes
    ----------
    amounts : the needs of every node for today's grants, all feasible
    """

    amounts: _TreeAmounts

    @classmethod
    def of(cls, tree: Tree, own: list[int]) -> PathReading | None:
        """Read today's grants, `own` by node; None if they are not feasible."""
        amounts = _TreeAmounts(tree, own, tree.sum_subtrees(own))
        return cls(amounts) if amounts.fit(amounts.upwards) else None

    def can_pay(self, tree: Tree, node: int, cents: int) -> bool:
        """Return whether `tree`, with other amounts at the node and above it only, can pay for `cents` more."""
        path = tree.list_ancestors(node)
        today, changed = self.amounts, copy(self.amounts)
        changed.tree, changed.excess = tree, [0] * tree.n_nodes
        changed.own, changed.granted = today.own.copy(), today.granted.copy()
        changed.need, changed.requested = today.need.copy(), today.requested.copy()
        changed.own[node] += cents
        for place in path:
            changed.granted[place] += cents
        return changed.fit(path)


def find_largest_reduction(tree: Tree, node: IntArray, granted_cents: IntArray) -> int:
    """Return the most cents by which the opened amounts can be lowered with the same grants feasible.

    Feasibility is monotone in the amounts, so the answer is found by bisection.
    """
    own = sum_by_node(tree, node, granted_cents)
    granted = tree.sum_subtrees(own)
    if tree.opened is None:
        return 0
    fits, breaks = 0, tree.opened.most_cents + 1
    while breaks - fits > 1:
        half = (fits + breaks) // 2
        figures = _TreeAmounts(tree.shift_amounts(tree.opened.nodes, -half), own, granted)
        if figures.fit(figures.upwards):
            fits = half
        else:
            breaks = half
    return fits


@dataclass
class _TreeAmounts:
    """Working state of one reading."""

    tree: Tree
    own: list[int]
    granted: list[int]
    settle: Settling = settle
    need: list[int] = field(init=False)
    requested: list[int] = field(init=False)
    extra: list[int] = field(init=False)
    excess: list[int] = field(init=False)
    moves: list[Move] = field(default_factory=list)
    children: list[list[int]] = field(init=False)
    net: list[int] = field(init=False)
    fences: dict[int, list[int]] = field(init=False)

    def __post_init__(self) -> None:
        n = self.tree.n_nodes
        self.need, self.requested, self.extra, self.excess = [0] * n, [0] * n, [0] * n, [0] * n
        self.net = [0] * n
        self.fences = find_ring_fenced(self.tree)
        self.children = [[] for _ in range(n)]
        for place in range(1, n):
            self.children[int(self.tree.parent[place])].append(place)

    @property
    def upwards(self) -> range:
        """All nodes, from the leaves to the root."""
        return range(self.tree.n_nodes - 1, -1, -1)

    def fit(self, places: Iterable[int]) -> bool:
        """Compute the needs of some nodes, children first, the root last; return whether the tree meets them."""
        for place in places:
            self.ask(place)
        self.record_excess(0, self.need[0])
        return not any(self.excess)

    def ask(self, place: int) -> None:
        """Compute what a node needs on top of what it may grant by itself; negative is what it can spare."""
        tree = self.tree
        amounted, gaining = self._list_children_with_amount(place), self._list_gaining_children(place)
        needs = {child: self.need[child] for child in amounted}
        single = self.settle(tree, amounted, needs, gaining, 0)
        helped = self.settle(tree, amounted, needs, gaining, None) if single.unmet and gaining else single
        for child, cents in helped.unmet.items():
            self.record_excess(child, cents)
        gained = sum(single.unmet.values()) - sum(helped.unmet.values())
        for child, cents in helped.added.items():
            self.requested[child] = cents
        amount = tree.amount_cents[place]
        if amount is None:
            return
        self.need[place] = self.granted[place] - amount
        if place in self.fences:
            apart = self.fences[place]
            outside = self.granted[place] - sum(self.granted[fence] for fence in apart)
            self.need[place] = max(self.need[place], outside - compute_unfenced_cents(tree, place, apart))
        if gained > 0:
            rest = gained + self._sum_direct_grants(place) - (compute_unassigned_cents(tree, place) or 0)
            self.need[place] = max(self.need[place], rest)

    def record_excess(self, place: int, cents: int) -> None:
        """Record an excess at the envelope to name: the node itself, or the child that asks most from it."""
        if cents <= 0:
            return
        tree = self.tree
        while self.granted[place] <= (tree.amount_cents[place] or 0):
            gaining = [child for child in self._list_gaining_children(place) if self.requested[child]]
            if not gaining:
                break
            place = max(gaining, key=lambda child: self.requested[child])
        self.excess[place] = max(self.excess[place], cents)

    def distribute(self, place: int) -> None:
        """Distribute to the children of a node what it has, once its own total is known."""
        tree, amounted, gaining = (
            self.tree,
            self._list_children_with_amount(place),
            self._list_gaining_children(place),
        )
        if not amounted:
            return
        pool = 0
        if gaining:
            free = (compute_unassigned_cents(tree, place) or 0) + self.net[place]
            pool = max(0, free - self._sum_direct_grants(place))
        needs = {child: self.need[child] for child in amounted}
        settlement = self.settle(tree, amounted, needs, gaining, pool)
        self._record_settlement(settlement)
        if tree.unassigned[place] is Unassigned.TO and gaining:
            rest = pool - sum(settlement.added.values())
            self.extra[gaining[0]] += rest
            self.net[gaining[0]] += rest

    def _record_settlement(self, settlement: Settlement) -> None:
        for child, cents in settlement.added.items():
            self.extra[child] = cents
            self.net[child] += cents
        for move in settlement.moves:
            self.moves.append(move)
            self.net[move.giver] -= move.cents
            self.net[move.taker] += move.cents

    def _list_children_with_amount(self, place: int) -> list[int]:
        return [child for child in self.children[place] if self.tree.amount_cents[child] is not None]

    def _list_gaining_children(self, place: int) -> list[int]:
        return [child for child in self.children[place] if can_gain(self.tree, child)]

    def _sum_direct_grants(self, place: int) -> int:
        bare = [child for child in self.children[place] if self.tree.amount_cents[child] is None]
        return self.own[place] + sum(self.granted[child] for child in bare)

    def build_reading(self) -> EnvelopeReading:
        tree, n = self.tree, self.tree.n_nodes
        taken, provided = [0] * n, [0] * n
        for move in self.moves:
            taken[move.taker] += move.cents
            provided[move.giver] += move.cents
        effective = [
            None if written is None else written + tree.options[k].given_cents + self.net[k]
            for k, written in enumerate(tree.written_cents)
        ]
        gaps = [0 if e is None else e - g for e, g in zip(effective, self.granted, strict=True)]
        return EnvelopeReading(
            granted_cents=self.granted,
            need_cents=self.need,
            extra_cents=self.extra,
            excess_cents=self.excess,
            in_cents=taken,
            out_cents=provided,
            effective_cents=effective,
            overprogrammed_cents=[max(0, -gap) for gap in gaps],
            left_cents=[max(0, gap) for gap in gaps],
            moves=tuple(self.moves),
        )
