"""Second reading of money: the envelope tree, its options, caps by project, ranges and common rates.

These are rows for proofs. A list is checked against the envelopes by `verify/allocation_reading.py`.

    envelope   Σ g under it ≤ its amount, plus the most that can be added to it where that is bounded
    unfenced   Σ g under it outside ring-fenced envelopes ≤ the same, plus its reserve, less their amounts
    options    low ≤ Σ ≤ high over the dossiers at and under the envelope
    caps       Σ g of a project's candidates ≤ limit − what is committed to it
    range      u_i ≤ (number of steps) · x_i
    rate       w_{i,l} ≤ y_{g,l} for each level l of each dossier i of group g,  Σ_l y_{g,l} ≤ 1

y_{g,l} says that level l is the one of its group.

Money that moves has columns of its own. An envelope whose amount is a variable is left unread,
and so is one to which money can be added where the columns have no names.

Second reading of money that moves: what an envelope adds to those under it, and what siblings give each other.

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
from fractions import Fraction
from functools import cached_property

import numpy as np

from tnt_sim.domain.budget_tree import Tree, Unassigned
from tnt_sim.rules.envelopes.options import EnvelopeLimit
from tnt_sim.rules.linear_terms import IntArray, Terms, Unit
from tnt_sim.rules.offers.caps import Caps
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.offers.levels import CommonRates
from tnt_sim.rules.protocols import Case
from tnt_sim.rules.second_reading.rows import (
    RowCollector,
    Sum,
    add_bounded_rows,
    format_row_name,
    sum_over_columns,
)

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


def add_envelope_rows(lines: RowCollector, case: Case) -> None:
    """Write each envelope with an amount over all that is granted at and under it, and the money that moves."""
    tree, money = case.tree, MovingMoney.read(lines, case)
    takers = {taker for option in tree.options for taker in option.transfer_to}
    most = _compute_gain_bounds(tree, takers) if money is None else [0] * tree.n_nodes
    for depth in range(int(tree.depth.max()) + 1):
        at_depth = [
            int(k) for k in np.flatnonzero(tree.depth == depth) if tree.amount_cents[int(k)] is not None
        ]
        codes = np.full(case.n, -1, dtype=np.int64)
        for place, node in enumerate(at_depth):
            codes[(case.node >= node) & (case.node < tree.end[node])] = place
        names = [format_row_name("envelope", tree.ids[node]) for node in at_depth]
        high = [_sum_or_none(tree.amount_cents[node], most[node]) for node in at_depth]
        add_bounded_rows(lines, names, _sum_granted(lines, codes, len(names)), [None] * len(names), high)
        for node, name in zip(at_depth, names, strict=True):
            if money is not None:
                _add_moves(lines, money, node, f"{name}:max")
                continue
            opened = tree.opened is not None and node in tree.opened.nodes
            if most[node] != 0 or node in takers or tree.options[node].transfer_to or opened:
                lines.unread.update((f"{name}:max", f"{name}:unfenced:max"))
    for node in range(tree.n_nodes):
        _add_unfenced_row(lines, case, node, most[node])
        if money is not None:
            _add_moves(
                lines, money, node, f"{format_row_name('envelope', tree.ids[node], side='unfenced')}:max"
            )
    if money is not None:
        _add_shares(lines, money)
        return
    for name in tree.ids:
        links = (f"{format_row_name('link', name, side='unassigned')}:max", f"out:{name}", f"in:{name}")
        lines.unread.update((*links, f"{name}:shares"))


def _add_moves(lines: RowCollector, money: MovingMoney, node: int, name: str) -> None:
    """Take off the row of a node what is added to it, if the row is there."""
    moved = money.added.get(node)
    if moved and name in lines.names:
        lines.add_entries(name, [(column, -sign) for column, sign in moved])


def _add_shares(lines: RowCollector, money: MovingMoney) -> None:
    """Write how the dossiers of a node and those under it share what is free."""
    for name, bound, codes, further in money.list_shares():
        add_bounded_rows(lines, [name], _sum_granted(lines, codes, 1), [None], [bound])
        lines.add_entries(f"{name}:max", further)


def list_envelope_amounts(case: Case) -> list[tuple[str, int]] | None:
    """Return name and amount of each row of `add_envelope_rows`, in their order, without the sums.

    None where a row depends on more than the amount of its envelope.
    """
    tree = case.tree
    takers = {taker for option in tree.options for taker in option.transfer_to}
    fenced = any(tree.ring_fenced)
    if takers or fenced or tree.opened is not None or any(_compute_gain_bounds(tree, takers)):
        return None
    by_depth = sorted(range(tree.n_nodes), key=lambda node: int(tree.depth[node]))
    return [
        (f"{format_row_name('envelope', tree.ids[node])}:max", amount)
        for node in by_depth
        if (amount := tree.amount_cents[node]) is not None
    ]


def _add_unfenced_row(lines: RowCollector, case: Case, node: int, added: int | None) -> None:
    """Write what an envelope grants outside the ring-fenced envelopes under it."""
    tree = case.tree
    amount = _sum_or_none(tree.amount_cents[node], added)
    under = range(node + 1, int(tree.end[node]))
    if amount is None or not any(tree.ring_fenced[k] for k in under):
        return
    codes = np.where((case.node >= node) & (case.node < tree.end[node]), 0, -1)
    left = amount + tree.options[node].reserved_cents
    for fence in list_outer_fences(tree, node):
        left -= tree.written_cents[fence] or 0
        codes[(case.node >= fence) & (case.node < tree.end[fence])] = -1
    name = format_row_name("envelope", tree.ids[node], side="unfenced")
    add_bounded_rows(lines, [name], _sum_granted(lines, codes, 1), [None], [left])


def _sum_or_none(amount: int | None, added: int | None) -> int | None:
    return None if amount is None or added is None else amount + added


def _sum_granted(lines: RowCollector, codes: IntArray, n_groups: int) -> Sum:
    ones = np.ones(lines.columns.n, dtype=np.int64)
    terms = Terms(Fraction(1, 100), Unit.MONEY, np.zeros_like(ones), ones)
    return sum_over_columns(lines.columns, terms, codes, n_groups)


def _compute_gain_bounds(tree: Tree, takers: set[int]) -> list[int | None]:
    """Return the most that can be added to each amount; None where siblings may give to it, or to one above."""
    written = [0] * tree.n_nodes
    for node in range(1, tree.n_nodes):
        written[int(tree.parent[node])] += tree.written_cents[node] or 0
    most: list[int | None] = []
    for node in range(tree.n_nodes):
        parent = int(tree.parent[node])
        above = tree.amount_cents[parent] if parent >= 0 else None
        if node in takers:
            most.append(None)
        elif (
            above is None
            or tree.ring_fenced[node]
            or tree.overbooked[parent]
            or not can_receive_unassigned(tree, node)
        ):
            most.append(0)
        else:
            more = most[parent]
            most.append(None if more is None else max(0, above + more - written[parent]))
    return most


def add_envelope_limit_row(lines: RowCollector, rule: EnvelopeLimit) -> None:
    """Write the bound of one option of an envelope."""
    everywhere = np.zeros(lines.columns.n, dtype=np.int64)
    total = sum_over_columns(lines.columns, rule.terms, everywhere, 1)
    add_bounded_rows(
        lines, [format_row_name("envelope", rule.envelope, side=rule.option)], total, [rule.low], [rule.high]
    )


def add_cap_rows(lines: RowCollector, caps: Caps) -> None:
    """Write each cap for every covered project that has a candidate."""
    columns = lines.columns
    dossier, cents = columns.choices.dossier, columns.choices.cents
    ranged = columns.choices.ranged
    project = np.concatenate([caps.code[dossier], caps.code[ranged]])
    brings = np.concatenate([cents, columns.offers.unit_cents[ranged]])
    present = np.unique(caps.code[dossier])
    for cap in caps.caps:
        selected = present[cap.covered[present]]
        place = np.full(len(caps.names), -1, dtype=np.int64)
        place[selected] = np.arange(len(selected))
        row = place[project]
        col = np.flatnonzero(row >= 0)
        names = [
            f"{format_row_name('rule', f'cap:{cap.id}', caps.names[code])}:max" for code in selected.tolist()
        ]
        bound = (cap.limit_cents[selected] - caps.committed_cents[selected]).tolist()
        lines.add(names, row[col], col, brings[col], bound)


def add_range_rows(lines: RowCollector, offers: Offers) -> None:
    """Write u ≤ (most − least) / unit · x for each ranged dossier."""
    columns = lines.columns
    for place, entry in enumerate(columns.choices.ranged.tolist()):
        above = (int(offers.most_cents[entry]) - int(offers.least_cents[entry])) // int(
            offers.unit_cents[entry]
        )
        col = np.array([int(columns.first[entry]), columns.n_choices + place], dtype=np.int64)
        value = np.array([-above, 1], dtype=np.int64)
        lines.add([f"range:{entry}"], np.zeros(2, dtype=np.int64), col, value, [0])


def add_common_rate_rows(lines: RowCollector, rule: CommonRates) -> None:
    """Write that the funded dossiers of a group have one level; a group without its columns is left unread."""
    columns, levels = lines.columns, rule.levels
    entries: dict[int, list[tuple[int, int]]] = {}
    place_in_dossier: dict[int, int] = {}
    for dossier, menu, group in zip(
        levels.row.tolist(), levels.menu.tolist(), levels.group.tolist(), strict=True
    ):
        place = place_in_dossier.get(dossier, 0)
        place_in_dossier[dossier] = place + 1
        if group >= 0:
            entries.setdefault(group, []).append((int(columns.first[dossier]) + place, menu))
    for group, pairs in entries.items():
        label = f"level:{rule.names[group]}"
        named = {menu: f"{label}:{menu}" for _, menu in pairs}
        if not all(map(lines.has_further, named.values())):
            lines.unread.update((label, f"one {label}"))
            continue
        chosen = {menu: lines.add_further(name, 1) for menu, name in named.items()}
        n, first = len(pairs), len(lines.names)
        row = np.arange(n)
        lines.add([label] * n, row, np.array([col for col, _ in pairs]), np.ones(n, dtype=np.int64), [0] * n)
        lines.add_further_entries(first, range(n), [chosen[menu] for _, menu in pairs], [-1] * n)
        none = np.zeros(0, dtype=np.int64)
        lines.add([f"one {label}"], none, none, none, [1])
        lines.add_further_entries(first + n, [0] * len(chosen), list(chosen.values()), [1] * len(chosen))
