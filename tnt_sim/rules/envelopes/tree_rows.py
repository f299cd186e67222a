"""Rows of the envelope tree in the model; `tree_reading.py` gives the equations.

Further columns, all in whole cents: `extra:ID` is e, what a parent adds; `move:A:B` is m, a transfer between
siblings; `relief:ID` raises an amount at a price (elastic programming), and those above it that have a relief
too: one euro more in a part is one euro more in its whole. Where a node's own dossiers may use
what its children leave, the condition "whenever some e > 0" needs a binary y, written with a big M that is
the smallest valid one:

    Σ_c e_c + own_X − d_X + M·y ≤ a_X − Σ_c w_c + M        Σ_c e_c ≤ (Σ_c most e_c)·y

The amount of an envelope may also be a variable ("the least amount at which …"). The tree then holds the
largest amount A considered, and one column c, 0 ≤ c ≤ most, lowers it together with the amounts of the
envelopes above; the least amount is A − max c. Every row relaxes as the amount grows, so an allocation that
is feasible at one amount is feasible at every larger one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from tnt_sim.domain.budget_tree import FreeAmount, Tree
from tnt_sim.rules.envelopes.tree_reading import (
    can_gain,
    compute_unassigned_cents,
    compute_unfenced_cents,
    find_largest_reduction,
    find_ring_fenced,
)
from tnt_sim.rules.linear_terms import BoolArray, IntArray, Terms, Unit, sum_by_group, sum_exactly
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.protocols import Case, RowBuilder, RowKind, RowLabel, RuleReading, Soft

LOWERED = "lowered"
"""Name of the column c that lowers the amounts."""


def add_lowering_column(builder: RowBuilder, opened: FreeAmount) -> int:
    """Return the column c by which the opened amounts are lowered, 0 ≤ c ≤ most."""
    return builder.add_shared_column(LOWERED, 0, opened.most_cents, CENT)


@dataclass(frozen=True, slots=True)
class Lowered:
    """The term − c (in euros) of a stage that is minimised, so that the amount is the least possible."""

    tree: Tree
    node: IntArray

    @property
    def unit(self) -> Unit:
        """Euros."""
        return Unit.MONEY

    def write(self, builder: RowBuilder, stage: int) -> None:
        """Price the column c at −0.01 € per cent in the stage."""
        if self.tree.opened is not None:
            builder.add_price(add_lowering_column(builder, self.tree.opened), stage, -CENT)

    def read(self, funded: BoolArray, granted_cents: IntArray, rules: Mapping[str, RuleReading]) -> Fraction:
        """Return − c in euros, for the largest c at which the grants are still feasible."""
        return -CENT * find_largest_reduction(self.tree, self.node, granted_cents)


CENT = Fraction(1, 100)
UNFENCED = "unfenced"
"""Side of the rows that bound the grants outside ring-fenced envelopes."""


def format_relief_name(envelope: str) -> str:
    """Return the name of the column that raises the amount of an envelope."""
    return f"relief:{envelope}"


@dataclass(frozen=True)
class EnvelopeRows:
    """Writer of the rows of the envelope tree.

    `relief` lists the nodes whose amount may be raised, each with the price per euro; it is empty in a plain
    solve.
    """

    case: Case
    offers: Offers
    gains: dict[int, int] = field(default_factory=dict)
    """Column e of each child to which money may be added, by node."""
    moved: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    """Transfers of each node: (column, +1) for what it gets from a sibling, (column, -1) for what it gives.
    """
    lowered: list[int] = field(default_factory=list)
    """The column c, when the amounts are opened; else empty."""
    room: dict[int, int] = field(default_factory=dict)
    """Upper bound on what can be added to each node, by its parent and by its siblings, in cents."""
    relief: Mapping[int, Soft] = field(default_factory=dict)
    """Nodes whose amount may be raised, with the price per euro."""
    raised: dict[int, int] = field(default_factory=dict)
    """Column of what is added to each node of `relief`, in cents."""

    def build_rows(self, builder: RowBuilder) -> None:
        """Write one row per envelope with an amount, the sharing of unassigned money, and the transfers."""
        if self.case.tree.opened is not None:
            self.lowered.append(add_lowering_column(builder, self.case.tree.opened))
        tree = self.case.tree
        granted = self._build_granted_terms()
        reach = self._sum_largest_grants()
        most = sum_exactly(self.offers.highest_cents)
        for node, soft in self.relief.items():
            self.raised[node] = builder.add_column(format_relief_name(tree.ids[node]), 0, most, CENT)
            builder.add_price(self.raised[node], soft.stage, soft.price * CENT)
        for node in range(tree.n_nodes):
            self._add_transfers(builder, node)
        for node in self.raised:
            self.room[node] = self.room.get(node, 0) + most
        self._add_gain_columns(builder, reach)
        for depth in range(int(tree.depth.max()) + 1):
            self._add_amount_rows(builder, depth, granted)
        for node in range(tree.n_nodes):
            self._add_sharing_rows(builder, node, granted)
        for node, apart in self.find_overdrawable_nodes().items():
            self._add_unfenced_row(builder, node, apart, granted)

    def list_bounds(self) -> list[tuple[RowLabel, int]] | None:
        """Return the label and the bound of each row in the order of `build_rows`, without its entries.

            Σ cents of the candidates at and under the node ≤ amount − cents committed there

        None if a row is not of this form: the tree has further columns, or rows outside ring-fenced envelopes.
        """
        tree, held = self.case.tree, self.case.node >= 0
        moves = any(option.transfer_to for option in tree.options)
        if tree.opened is not None or self.relief or moves or self.find_overdrawable_nodes():
            return None
        if any(can_gain(tree, node) for node in range(tree.n_nodes)):
            return None
        paid = held & self.offers.committed
        own = sum_by_group(self.offers.committed_cents[paid], self.case.node[paid], tree.n_nodes)
        committed = tree.sum_subtrees(own)
        result = []
        for node in np.argsort(tree.depth, kind="stable").tolist():
            amount = tree.amount_cents[node]
            if amount is not None:
                result.append((RowLabel(RowKind.ENVELOPE, tree.ids[node]), amount - committed[node]))
        return result

    def _build_granted_terms(self) -> Terms:
        ones = np.ones(self.case.n, dtype=np.int64)
        return Terms(CENT, Unit.MONEY, np.zeros_like(ones), ones)

    def _sum_largest_grants(self) -> list[int]:
        """Return the sum of the largest grants at and under each node."""
        most = self.offers.highest_cents
        held = self.case.node >= 0
        own = sum_by_group(most[held], self.case.node[held], self.case.tree.n_nodes)
        return self.case.tree.sum_subtrees(own)

    def _add_transfers(self, builder: RowBuilder, parent: int) -> None:
        """Add a column per possible transfer between siblings, and the bounds on what each gives and takes."""
        tree = self.case.tree
        children = [child for child in tree.list_children(parent) if tree.amount_cents[child] is not None]
        gives: dict[int, list[int]] = {}
        takes: dict[int, list[int]] = {}
        for giver in children:
            for taker in tree.options[giver].transfer_to:
                if taker not in children:
                    continue
                most = self._compute_transfer_bound(children, giver, taker)
                column = builder.add_column(f"move:{tree.ids[giver]}:{tree.ids[taker]}", 0, most, CENT)
                gives.setdefault(giver, []).append(column)
                takes.setdefault(taker, []).append(column)
        for node in children:
            out, into = gives.get(node, []), takes.get(node, [])
            self.moved[node] = [*((column, 1) for column in into), *((column, -1) for column in out)]
            option = tree.options[node]
            if out and option.out_cents is not None:
                builder.add_link(
                    f"out:{tree.ids[node]}", [(c, 1) for c in out], option.out_cents, is_money=True
                )
            if into and option.in_cents is not None:
                builder.add_link(
                    f"in:{tree.ids[node]}", [(c, 1) for c in into], option.in_cents, is_money=True
                )
            if into:
                total = sum(self._compute_transfer_bound(children, g, node) for g in gives if g != node)
                self.room[node] = total if option.in_cents is None else min(total, option.in_cents)

    def _compute_transfer_bound(self, children: list[int], giver: int, taker: int) -> int:
        """Return an upper bound on one transfer: what the siblings have and their parent may add."""
        tree = self.case.tree
        total = sum(max(0, tree.amount_cents[child] or 0) for child in children)
        total += max(0, tree.amount_cents[int(tree.parent[giver])] or 0) + self._sum_amounts_above(giver)
        limits = (tree.options[giver].out_cents, tree.options[taker].in_cents)
        return min([total, *(limit for limit in limits if limit is not None)])

    def _sum_amounts_above(self, node: int) -> int:
        """Return the sum of the amounts above a node: an upper bound on what can be added to it."""
        tree = self.case.tree
        raised = sum_exactly(self.offers.highest_cents) * len(self.raised)
        return raised + sum(tree.amount_cents[above] or 0 for above in tree.list_ancestors(node)[1:])

    def _compute_outflow_bound(self, node: int) -> int:
        """Return an upper bound on what a node may give to its siblings."""
        tree = self.case.tree
        if not any(sign < 0 for _, sign in self.moved.get(node, [])):
            return 0
        limit = tree.options[node].out_cents
        most = (tree.amount_cents[node] or 0) + self.room.get(node, 0) + self._sum_amounts_above(node)
        return most if limit is None else min(limit, most)

    def _add_gain_columns(self, builder: RowBuilder, reach: list[int]) -> None:
        tree = self.case.tree
        fences = find_ring_fenced(tree)
        for node in range(tree.n_nodes):
            parent = int(tree.parent[node])
            if not can_gain(tree, node):
                continue
            free = max(0, (compute_unassigned_cents(tree, parent) or 0) + self.room.get(parent, 0))
            least = self._compute_least_own(node, fences.get(node, ()))
            useful = max(0, reach[node] - least + self._compute_outflow_bound(node))
            below = any(can_gain(tree, child) for child in tree.list_children(node))
            most = free if below else min(free, useful)
            if most > 0:
                self.gains[node] = builder.add_column(f"extra:{tree.ids[node]}", 0, most, CENT)
                self.room[node] = self.room.get(node, 0) + most

    def _compute_least_own(self, node: int, apart: Sequence[int]) -> int:
        """Return the least that a node may grant by itself: outside fences, and lowered as far as it may be."""
        tree = self.case.tree
        lowered = tree.opened.most_cents if tree.opened is not None and node in tree.opened.nodes else 0
        return min(tree.amount_cents[node] or 0, compute_unfenced_cents(tree, node, apart)) - lowered

    def _list_added_entries(self, node: int) -> list[tuple[int, int]]:
        """Return (column, ±1) of everything that is added to a node or taken from it."""
        gain = [(self.gains[node], 1)] if node in self.gains else []
        raised = [(self.raised[node], 1)] if node in self.raised else []
        return [*gain, *raised, *self.moved.get(node, [])]

    def _list_raised_below(self, node: int, apart: Sequence[int] = ()) -> list[int]:
        """Return the relief columns under a node of `relief`, which raise it too; not those under `apart`."""
        tree = self.case.tree
        if node not in self.raised:
            return []
        return [
            column
            for below, column in self.raised.items()
            if node < below < tree.end[node] and not any(one <= below < tree.end[one] for one in apart)
        ]

    def _list_lowering_columns(self, node: int) -> list[int]:
        opened = self.case.tree.opened
        return self.lowered if opened is not None and node in opened.nodes else []

    def _add_amount_rows(self, builder: RowBuilder, depth: int, granted: Terms) -> None:
        tree = self.case.tree
        at_depth = tree.find_ancestors_at_depth(depth)
        nodes = [int(n) for n in np.flatnonzero(tree.depth == depth) if tree.amount_cents[int(n)] is not None]
        if not nodes:
            return
        position = np.full(tree.n_nodes + 1, -1, dtype=np.int64)
        position[nodes] = np.arange(len(nodes))
        codes = np.where(self.case.node >= 0, position[at_depth[np.maximum(self.case.node, 0)]], -1)
        codes[at_depth[np.maximum(self.case.node, 0)] < 0] = -1
        labels = [RowLabel(RowKind.ENVELOPE, tree.ids[node]) for node in nodes]
        extra = [
            (k, column, -sign)
            for k, node in enumerate(nodes)
            for column, sign in self._list_added_entries(node)
        ]
        extra += [(k, column, -1) for k, node in enumerate(nodes) for column in self._list_raised_below(node)]
        extra += [
            (k, column, 1) for k, node in enumerate(nodes) for column in self._list_lowering_columns(node)
        ]
        upper = [tree.amount_cents[node] for node in nodes]
        builder.add_rows(labels, granted, codes, [None] * len(nodes), upper, extra)

    def _add_sharing_rows(self, builder: RowBuilder, node: int, granted: Terms) -> None:
        tree = self.case.tree
        gaining = [child for child in tree.list_children(node) if child in self.gains]
        free = compute_unassigned_cents(tree, node)
        if not gaining or free is None:
            return
        name = tree.ids[node]
        loose = self._select_direct_dossiers(node)
        entries = [(0, self.gains[child], 1) for child in gaining]
        entries += [(0, column, -sign) for column, sign in self._list_added_entries(node)]
        label = RowLabel(RowKind.LINK, name, side="unassigned")
        codes = np.where(loose, 0, -1)
        most = self.offers.highest_cents
        largest = sum_exactly(most[loose]) + self._compute_outflow_bound(node)
        # of several opened envelopes only the lowest has less to share: the others' children fall too
        if self.lowered and tree.opened is not None and node == tree.opened.nodes[0]:
            entries += [(0, column, 1) for column in self.lowered]
            largest += tree.opened.most_cents if loose.any() or largest else 0
        if largest == 0 and free >= 0:
            builder.add_rows([label], granted, codes, [None], [free], entries)
            return
        # if own dossiers use what the children leave, nothing is free for the children; y says which case applies
        y = builder.add_column(f"shares:{name}", 0, 1)
        big = max(0, largest - free)
        builder.add_rows([label], granted, codes, [None], [free + big], [*entries, (0, y, big)])
        total = sum(self.room[child] for child in gaining)
        builder.add_link(
            f"{name}:shares", [*((self.gains[c], 1) for c in gaining), (y, -total)], 0, is_money=True
        )

    def _add_unfenced_row(self, builder: RowBuilder, node: int, apart: list[int], granted: Terms) -> None:
        """Write the row that bounds the grants outside the ring-fenced envelopes under a node."""
        tree, node_of = self.case.tree, self.case.node
        outside = (node_of >= node) & (node_of < tree.end[node])
        for fence in apart:
            outside &= (node_of < fence) | (node_of >= tree.end[fence])
        entries = [(0, column, -sign) for column, sign in self._list_added_entries(node)]
        entries += [(0, column, -1) for column in self._list_raised_below(node, apart)]
        n_down = sum(1 if k == node else -1 for k in (node, *apart) if self._list_lowering_columns(k))
        entries += [(0, column, n_down) for column in self.lowered if n_down]
        label = RowLabel(RowKind.ENVELOPE, tree.ids[node], side=UNFENCED)
        upper = compute_unfenced_cents(tree, node, apart)
        builder.add_rows([label], granted, np.where(outside, 0, -1), [None], [upper], entries)

    def find_overdrawable_nodes(self) -> dict[int, list[int]]:
        """Return the nodes where other dossiers could use what ring-fenced envelopes under them leave."""
        found = find_ring_fenced(self.case.tree)
        return {node: found[node] for node in sorted(found) if self._can_overdraw(node)}

    def _can_overdraw(self, node: int) -> bool:
        """Return whether a node could grant, or give away, more than the written amounts of its children."""
        tree = self.case.tree
        if any(sign < 0 for _, sign in self.moved.get(node, [])):
            return True
        if sum_exactly(self.offers.highest_cents[self._select_direct_dossiers(node)]):
            return True
        children = [child for child in tree.list_children(node) if tree.amount_cents[child] is not None]
        return any(
            child in self.raised
            or (tree.amount_cents[child] or 0) + tree.options[child].reserved_cents
            > (tree.written_cents[child] or 0) + tree.options[child].given_cents
            for child in children
        )

    def _select_direct_dossiers(self, node: int) -> BoolArray:
        tree = self.case.tree
        inside: BoolArray = self.case.node == node
        for child in tree.list_children(node):
            if tree.amount_cents[child] is None:
                inside |= (self.case.node >= child) & (self.case.node < tree.end[child])
        return inside
