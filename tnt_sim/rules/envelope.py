"""Envelopes: an amount caps all that is granted in the envelope and under it.

What a node X has beyond its children's amounts is *unassigned*; where it is free, the model adds it to children
that are not ring-fenced. With G the grants at and under a node, a its amount, e ≥ 0 what it gets on top:

    G_c − e_c ≤ a_c                       for each child c with an amount
    Σ_c e_c + own_X − e_X ≤ a_X − Σ_c a_c whenever some e_c > 0
    G_X − e_X ≤ a_X

own_X is what dossiers asked from X itself, or from children without an amount, get. Ring-fenced children,
children of an `overbooked` node (ceilings) and of a node without amount get nothing on top.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from tnt_sim.programme import Tree, Unassigned
from tnt_sim.rules.base import (
    BoolArray,
    Case,
    IntArray,
    RowBuilder,
    RowKind,
    RowLabel,
    Terms,
    Unit,
    exact_sum,
    group_sums,
)
from tnt_sim.rules.grant import Offers

CENT = Fraction(1, 100)


@dataclass(frozen=True, slots=True)
class EnvelopeReading:
    """The envelopes on one allocation, exact cents, all lists (n_nodes,).

    Attributes
    ----------
    granted_cents : at the node and under it
    extra_cents : the least that must be added to the written amount
    excess_cents : how much the node exceeds what it can have; 0 where it holds
    """

    granted_cents: list[int]
    extra_cents: list[int]
    excess_cents: list[int]

    @property
    def holds(self) -> bool:
        """Whether every envelope holds."""
        return not any(self.excess_cents)


def may_gain(tree: Tree, node: int) -> bool:
    """Whether a node can get free money of its parent on top of its own amount."""
    parent = int(tree.parent[node])
    return (
        parent >= 0
        and tree.amount_cents[node] is not None
        and tree.amount_cents[parent] is not None
        and not tree.ring_fenced[node]
        and not tree.overbooked[parent]
        and tree.unassigned[parent] is Unassigned.FREE
    )


def unassigned_cents(tree: Tree, node: int) -> int | None:
    """a_X − Σ amounts of the children, ring-fenced ones included; None without an amount."""
    amount = tree.amount_cents[node]
    if amount is None:
        return None
    return amount - sum(tree.amount_cents[child] or 0 for child in tree.children(node))


def read_envelopes(tree: Tree, node: IntArray, granted_cents: IntArray) -> EnvelopeReading:
    """Read the tree on the grants of the dossiers, bottom up, in Python integers."""
    held = (node >= 0) & (granted_cents != 0)
    own = group_sums(granted_cents[held], node[held], tree.n_nodes)
    granted = tree.subtree_sums(own)
    extra, excess = [0] * tree.n_nodes, [0] * tree.n_nodes
    for place in range(tree.n_nodes - 1, -1, -1):
        amount = tree.amount_cents[place]
        if amount is None:
            continue
        children = tree.children(place)
        gained = sum(extra[child] for child in children if may_gain(tree, child))
        need = granted[place] - amount
        if gained > 0:
            loose = own[place] + sum(granted[c] for c in children if tree.amount_cents[c] is None)
            need = max(need, gained + loose - (unassigned_cents(tree, place) or 0))
        if need <= 0:
            continue
        if may_gain(tree, place):
            extra[place] = need
        else:
            excess[_cause(tree, place, granted, extra)] = need
    return EnvelopeReading(granted, extra, excess)


def _cause(tree: Tree, node: int, granted: list[int], extra: list[int]) -> int:
    """The envelope to name when a node needs too much: itself, or the child that asks most on top."""
    while granted[node] <= (tree.amount_cents[node] or 0):
        gaining = [child for child in tree.children(node) if may_gain(tree, child) and extra[child]]
        if not gaining:
            return node
        node = max(gaining, key=lambda child: extra[child])
    return node


@dataclass(frozen=True)
class EnvelopeRows:
    """Writes the tree's rows; see the module's equations."""

    case: Case
    offers: Offers

    def rows(self, builder: RowBuilder) -> None:
        """One row per envelope with an amount, and one per node that shares free money out."""
        tree = self.case.tree
        granted = self._granted()
        reach = self._reach()
        gains = self._gain_columns(builder, reach)
        for depth in range(int(tree.depth.max()) + 1):
            self._caps(builder, depth, granted, gains)
        for node in range(tree.n_nodes):
            self._sharing(builder, node, granted, gains, reach)

    def _granted(self) -> Terms:
        ones = np.ones(self.case.n, dtype=np.int64)
        return Terms(CENT, Unit.MONEY, np.zeros_like(ones), ones)

    def _reach(self) -> list[int]:
        """The most that can be granted at and under each node."""
        most = np.where(self.offers.committed, self.offers.committed_cents, self.offers.most_cents)
        held = self.case.node >= 0
        own = group_sums(most[held], self.case.node[held], self.case.tree.n_nodes)
        return self.case.tree.subtree_sums(own)

    def _gain_columns(self, builder: RowBuilder, reach: list[int]) -> dict[int, int]:
        tree = self.case.tree
        room = [0] * tree.n_nodes
        columns: dict[int, int] = {}
        for node in range(tree.n_nodes):
            parent = int(tree.parent[node])
            if not may_gain(tree, node):
                continue
            free = max(0, (unassigned_cents(tree, parent) or 0) + room[parent])
            room[node] = max(0, min(free, reach[node] - (tree.amount_cents[node] or 0)))
            below = any(may_gain(tree, child) for child in tree.children(node))
            room[node] = free if below else room[node]
            if room[node] > 0:
                columns[node] = builder.column(f"extra:{tree.ids[node]}", 0, room[node])
        return columns

    def _caps(self, builder: RowBuilder, depth: int, granted: Terms, gains: dict[int, int]) -> None:
        tree = self.case.tree
        at_depth = tree.ancestor_at_depth(depth)
        nodes = [int(n) for n in np.flatnonzero(tree.depth == depth) if tree.amount_cents[int(n)] is not None]
        if not nodes:
            return
        position = np.full(tree.n_nodes + 1, -1, dtype=np.int64)
        position[nodes] = np.arange(len(nodes))
        codes = np.where(self.case.node >= 0, position[at_depth[np.maximum(self.case.node, 0)]], -1)
        codes[at_depth[np.maximum(self.case.node, 0)] < 0] = -1
        labels = [RowLabel(RowKind.ENVELOPE, tree.ids[node]) for node in nodes]
        extra = [(k, gains[node], -1) for k, node in enumerate(nodes) if node in gains]
        upper = [tree.amount_cents[node] for node in nodes]
        builder.rows(labels, granted, codes, [None] * len(nodes), upper, extra)

    def _sharing(
        self, builder: RowBuilder, node: int, granted: Terms, gains: dict[int, int], reach: list[int]
    ) -> None:
        tree = self.case.tree
        gaining = [child for child in tree.children(node) if child in gains]
        free = unassigned_cents(tree, node)
        if not gaining or free is None:
            return
        name = tree.ids[node]
        loose = self._loose(node)
        entries = [(0, gains[child], 1) for child in gaining]
        if node in gains:
            entries.append((0, gains[node], -1))
        label = RowLabel(RowKind.LINK, name, side="unassigned")
        codes = np.where(loose, 0, -1)
        most = np.where(self.offers.committed, self.offers.committed_cents, self.offers.most_cents)
        largest = exact_sum(most[loose])
        if largest == 0:
            builder.rows([label], granted, codes, [None], [free], entries)
            return
        # own dossiers may use what children leave, but then nothing is free for the children: y says which
        y = builder.column(f"shares:{name}", 0, 1)
        big = max(0, largest - free)
        builder.rows([label], granted, codes, [None], [free + big], [*entries, (0, y, big)])
        total = sum(max(0, reach[child]) for child in gaining)
        builder.link(f"{name}:shares", [*((gains[c], 1) for c in gaining), (y, -total)], 0)

    def _loose(self, node: int) -> BoolArray:
        tree = self.case.tree
        inside: BoolArray = self.case.node == node
        for child in tree.children(node):
            if tree.amount_cents[child] is None:
                inside |= (self.case.node >= child) & (self.case.node < tree.end[child])
        return inside
