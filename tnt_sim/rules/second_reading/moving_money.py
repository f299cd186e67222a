"""Second reading of money that moves: what an envelope adds to those under it, and what siblings give each other.

    e_c ≤ min(what its parent has free, what c could lack)
    m_cy ≤ min(limits of c and y, all the money)
    Σ_c e_c + own_X − d_X + M·y_X ≤ free_X + M        Σ_c e_c ≤ (Σ_c most e_c)·y_X

d_X = e_X + Σ m_zX − Σ m_Xz; y_X says whether own dossiers of X leave something to the envelopes under it. Of the
ways to pay a list one moves least: nothing goes round in a circle, and a node gets what it lacks and hands on.
There a transfer, and all that a node gets or hands on, is at most what is granted, which the amount of the root
bounds; what a node lacks is at most what could be granted at and under it, less what it may grant by itself. No
column needs a larger value.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from tnt_sim.domain.budget_tree import Tree, Unassigned
from tnt_sim.rules.linear_terms import IntArray
from tnt_sim.rules.protocols import Case
from tnt_sim.rules.second_reading.rows import RowCollector

Entries = list[tuple[int, int]]
NO_ROW = np.zeros(0, dtype=np.int64)


@dataclass(frozen=True)
class MovingMoney:
    """Further columns of an envelope tree, each with the largest value that it must be able to take.

    Attributes
    ----------
    added : what is added to each node, and taken from it: (column, +1 or -1)
    gained : the column of what its parent adds to a node, with its bound
    bound : the most that is added to each node, gross
    handed : the most that each node hands to its siblings
    """

    lines: RowCollector
    case: Case
    added: dict[int, Entries] = field(default_factory=dict)
    gained: dict[int, tuple[int, int]] = field(default_factory=dict)
    bound: dict[int, int] = field(default_factory=dict)
    handed: dict[int, int] = field(default_factory=dict)

    @classmethod
    def read(cls, lines: RowCollector, case: Case) -> MovingMoney | None:
        """Read which money may move; None where an amount is a variable, or the root has none."""
        tree = case.tree
        if tree.opened is not None or tree.amount_cents[0] is None or lines.columns.further is None:
            return None
        money = cls(lines, case)
        for parent in range(tree.n_nodes):
            money._read_transfers(_list_parts(tree, parent))
        for node in range(1, tree.n_nodes):
            if _can_gain(tree, node):
                money._read_gain(node)
        return money

    def _read_transfers(self, children: list[int]) -> None:
        """Read the transfers among the children of a node, and write what each gives and gets at most."""
        tree, all_money = self.case.tree, self.case.tree.amount_cents[0] or 0
        outgoing: dict[int, Entries] = {node: [] for node in children}
        incoming: dict[int, Entries] = {node: [] for node in children}
        for giver in children:
            for taker in tree.options[giver].transfer_to:
                if taker in outgoing:
                    limits = all_money, tree.options[giver].out_cents, tree.options[taker].in_cents
                    most = min(limit for limit in limits if limit is not None)
                    name = f"move:{tree.ids[giver]}:{tree.ids[taker]}"
                    column = self.lines.add_further(name, most)
                    outgoing[giver].append((column, most))
                    incoming[taker].append((column, most))
        for node in children:
            options = tree.options[node]
            self.added[node] = [*((c, 1) for c, _ in incoming[node]), *((c, -1) for c, _ in outgoing[node])]
            self.bound[node] = self._add_limit(f"in:{tree.ids[node]}", incoming[node], options.in_cents)
            self.handed[node] = self._add_limit(f"out:{tree.ids[node]}", outgoing[node], options.out_cents)

    def _add_limit(self, name: str, moves: Entries, limit: int | None) -> int:
        """Write Σ m ≤ limit where there is one; return the most that they add up to, at most all the money."""
        most = min(sum(most for _, most in moves), self.case.tree.amount_cents[0] or 0)
        if moves and limit is not None:
            self.lines.add([name], NO_ROW, NO_ROW, NO_ROW, [limit])
            self.lines.add_entries(name, [(column, 1) for column, _ in moves])
            return min(most, limit)
        return most

    def _read_gain(self, node: int) -> None:
        """Read the column of what the parent of a node adds to it."""
        tree, parent = self.case.tree, int(self.case.tree.parent[node])
        most = max(0, self.compute_free(parent) + self.bound.get(parent, 0))
        if not any(_can_gain(tree, part) for part in _list_parts(tree, node)):
            demand = sum(self.demand_cents[node : int(tree.end[node])])
            most = min(most, max(0, demand - self._compute_least_own(node) + self.handed.get(node, 0)))
        name = f"extra:{tree.ids[node]}"
        if most > 0 or self.lines.has_further(name):
            column = self.lines.add_further(name, most)
            self.gained[node] = column, most
            self.added[node] = [*self.added.get(node, []), (column, 1)]
            self.bound[node] = self.bound.get(node, 0) + most

    def compute_free(self, node: int) -> int:
        """Return the amount of a node less what is written for its children."""
        tree = self.case.tree
        children = np.flatnonzero(tree.parent == node).tolist()
        return (tree.amount_cents[node] or 0) - sum(tree.written_cents[child] or 0 for child in children)

    def _compute_least_own(self, node: int) -> int:
        """Return what a node may grant by itself even if all that its fences keep is left."""
        tree = self.case.tree
        kept = sum(tree.written_cents[fence] or 0 for fence in list_outer_fences(tree, node))
        return (tree.amount_cents[node] or 0) - max(0, kept - tree.options[node].reserved_cents)

    @cached_property
    def demand_cents(self) -> list[int]:
        """The most that the dossiers of each node itself may get together."""
        total, held = np.zeros(self.case.tree.n_nodes, dtype=np.int64), self.case.node >= 0
        np.add.at(total, self.case.node[held], self.lines.columns.offers.highest_cents[held])
        return total.tolist()

    def list_shares(self) -> Iterator[tuple[str, int, IntArray, Entries]]:
        """Yield the row by which a node and those under it share what is free: name, bound, groups, entries.

        The row that goes with it, Σ e ≤ (Σ most e)·y, is written at once.
        """
        tree = self.case.tree
        for node in range(tree.n_nodes):
            gains = [self.gained[part] for part in _list_parts(tree, node) if part in self.gained]
            if not gains or tree.amount_cents[node] is None:
                continue
            bare = [k for k in range(node + 1, int(tree.end[node])) if self._is_bare(node, k)]
            own = [node, *bare]
            free, largest = (
                self.compute_free(node),
                sum(self.demand_cents[k] for k in own) + self.handed.get(node, 0),
            )
            entries = [(column, 1) for column, _ in gains]
            added = [(column, -sign) for column, sign in self.added.get(node, [])]
            big = max(0, largest - free)
            name = f"shares:{tree.ids[node]}"
            if largest or free < 0 or self.lines.has_further(name):
                shared = self.lines.add_further(name, 1)
                most = [*entries, (shared, -sum(most for _, most in gains))]
                self.lines.add([f"{tree.ids[node]}:shares"], NO_ROW, NO_ROW, NO_ROW, [0])
                self.lines.add_entries(f"{tree.ids[node]}:shares", most)
                added.append((shared, big))
            codes = np.where(np.isin(self.case.node, own), 0, -1)
            yield f"link:{tree.ids[node]}:unassigned", free + big, codes, [*entries, *added]

    def _is_bare(self, node: int, below: int) -> bool:
        """Whether a node asks from one above it directly: it is under a child without an amount."""
        tree, place = self.case.tree, below
        while int(tree.parent[place]) != node:
            place = int(tree.parent[place])
        return tree.amount_cents[place] is None


def _list_parts(tree: Tree, node: int) -> list[int]:
    """Return the children of a node that have an amount."""
    return [
        k
        for k in range(node + 1, int(tree.end[node]))
        if tree.parent[k] == node and tree.amount_cents[k] is not None
    ]


def _can_gain(tree: Tree, node: int) -> bool:
    """Return whether the free money of its parent may be added to a node with an amount."""
    parent = int(tree.parent[node])
    if tree.amount_cents[node] is None or tree.amount_cents[parent] is None:
        return False
    if tree.ring_fenced[node] or tree.overbooked[parent]:
        return False
    return can_receive_unassigned(tree, node)


def can_receive_unassigned(tree: Tree, node: int) -> bool:
    """Return whether the unassigned money of its parent may go to a node."""
    parent = int(tree.parent[node])
    policy = tree.unassigned[parent]
    return policy is Unassigned.FREE or (policy is Unassigned.TO and tree.unassigned_to[parent] == node)


def list_outer_fences(tree: Tree, node: int) -> list[int]:
    """Return the outermost ring-fenced envelopes under a node; those under ceilings reserve nothing."""
    result, k = [], node
    while k < tree.end[node]:
        fence = k != node and tree.ring_fenced[k] and tree.written_cents[k] is not None
        if fence:
            result.append(k)
        passed = fence or tree.overbooked[k] or tree.amount_cents[k] is None
        k = int(tree.end[k]) if passed else k + 1
    return result
