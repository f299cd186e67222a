"""Second reading of money: the envelope tree, its options, caps by project, ranges and common rates.

These are rows for proofs. A list is checked against the envelopes by `verify/allocation_reading.py`.

    envelope   Σ g under it ≤ its amount, plus the most that can be added to it where that is bounded
    unfenced   Σ g under it outside ring-fenced envelopes ≤ the same, plus its reserve, less their amounts
    options    low ≤ Σ ≤ high over the dossiers at and under the envelope
    caps       Σ g of a project's candidates ≤ limit − what is committed to it
    range      u_i ≤ (number of steps) · x_i
    rate       w_{i,l} ≤ y_{g,l} for each level l of each dossier i of group g,  Σ_l y_{g,l} ≤ 1

y_{g,l} says that level l is the one of its group.

Money that moves has columns of its own (`moving_money.py`). An envelope whose amount is a variable is left unread,
and so is one to which money can be added where the columns have no names.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from tnt_sim.domain.budget_tree import Tree
from tnt_sim.rules.envelopes.options import EnvelopeLimit
from tnt_sim.rules.linear_terms import IntArray, Terms, Unit
from tnt_sim.rules.offers.caps import Caps
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.offers.levels import CommonRates
from tnt_sim.rules.protocols import Case
from tnt_sim.rules.second_reading.moving_money import (
    MovingMoney,
    can_receive_unassigned,
    list_outer_fences,
)
from tnt_sim.rules.second_reading.rows import (
    RowCollector,
    Sum,
    add_bounded_rows,
    format_row_name,
    sum_over_columns,
)


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
