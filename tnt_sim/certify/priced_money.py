"""The second reading of money: the envelope tree, what envelopes ask besides, and caps by project.

    envelope   Σ g under it ≤ its amount, with the most that its parent could add where no transfer comes in
    options    low ≤ Σ ≤ high over the dossiers at and under the envelope
    caps       Σ g of a project's candidates ≤ limit − what it has

An envelope that can gain is limited by further columns as well: its row is unread.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from tnt_sim.certify.priced_rows import Lines, Sum, bounded, named, summed
from tnt_sim.programme import Tree, Unassigned
from tnt_sim.rules.base import BoolArray, Case, Terms, Unit
from tnt_sim.rules.caps import Caps
from tnt_sim.rules.envelope_limits import EnvelopeLimit


def tree_lines(lines: Lines, case: Case) -> None:
    """Each envelope with an amount over all that is granted at and under it."""
    tree = case.tree
    most = [0 if amount is None else _most_added(tree, node) for node, amount in enumerate(tree.amount_cents)]
    for node, amount in enumerate(tree.amount_cents):
        if amount is None:
            continue
        name = named("envelope", tree.ids[node])
        added = most[node]
        if added != 0 or _moves(tree, node):
            lines.unread.add(f"{name}:max")
        if added is not None:
            under = (case.node >= node) & (case.node < tree.end[node])
            bounded(lines, [name], _granted(lines, under), [None], [amount + added])
    lines.unread.update(f"{named('link', name, side='unassigned')}:max" for name in tree.ids)
    for name in tree.ids:
        lines.unread.update((f"out:{name}", f"in:{name}", f"{name}:shares"))


def _granted(lines: Lines, inside: BoolArray) -> Sum:
    ones = np.ones(lines.columns.n, dtype=np.int64)
    terms = Terms(Fraction(1, 100), Unit.MONEY, np.zeros_like(ones), ones)
    return summed(lines.columns, terms, np.where(inside, 0, -1), 1)


def _moves(tree: Tree, node: int) -> bool:
    """Whether money may move between a node and its siblings."""
    siblings = tree.children(int(tree.parent[node])) if tree.parent[node] >= 0 else []
    return bool(tree.options[node].transfer_to) or _may_take(tree, node, siblings)


def _may_take(tree: Tree, node: int, siblings: list[int]) -> bool:
    return any(node in tree.options[other].transfer_to for other in siblings if other != node)


def _most_added(tree: Tree, node: int) -> int | None:
    """The most that comes on top of a node's amount; None where siblings may give to it, or to one above."""
    parent = int(tree.parent[node])
    if parent < 0:
        return 0
    siblings = tree.children(parent)
    if _may_take(tree, node, siblings):
        return None
    policy, above = tree.unassigned[parent], tree.amount_cents[parent]
    for_this = policy is Unassigned.FREE or (
        policy is Unassigned.TO and tree.unassigned_to[parent] == node
    )
    if above is None or tree.ring_fenced[node] or tree.overbooked[parent] or not for_this:
        return 0
    more = _most_added(tree, parent)
    if more is None:
        return None
    return max(0, above + more - sum(tree.written_cents[child] or 0 for child in siblings))


def envelope_limit_lines(lines: Lines, rule: EnvelopeLimit) -> None:
    """One option of an envelope."""
    everywhere = np.zeros(lines.columns.n, dtype=np.int64)
    total = summed(lines.columns, rule.terms, everywhere, 1)
    bounded(lines, [named("envelope", rule.envelope, side=rule.option)], total, [rule.low], [rule.high])


def cap_lines(lines: Lines, caps: Caps) -> None:
    """Every covered project that has a candidate."""
    columns = lines.columns
    dossier, cents = columns.choices.dossier, columns.choices.cents
    ranged = columns.choices.ranged
    project = np.concatenate([caps.code[dossier], caps.code[ranged]])
    brings = np.concatenate([cents, columns.offers.unit_cents[ranged]])
    present = np.unique(caps.code[dossier])
    for cap in caps.caps:
        kept = present[cap.covered[present]]
        place = np.full(len(caps.names), -1, dtype=np.int64)
        place[kept] = np.arange(len(kept))
        row = place[project]
        col = np.flatnonzero(row >= 0)
        names = [f"{named('rule', f'cap:{cap.id}', caps.names[code])}:max" for code in kept.tolist()]
        bound = (cap.limit_cents[kept] - caps.committed_cents[kept]).tolist()
        lines.add(names, row[col], col, brings[col], bound)
