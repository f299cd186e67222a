"""What is left where: the money that one more dossier could still get at each envelope, in cents.

A dossier that asks from an envelope, or from one under it without amount, draws on the money that the envelope
shares out: where its children have some of it, only the rest is left; else what they leave is left too, but not
what ring-fenced ones leave. A dossier from further down has the whole of what the envelope has left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tnt_sim.programme import Tree
from tnt_sim.rules.base import IntArray
from tnt_sim.rules.envelope import EnvelopeReading, fences, may_gain, unassigned_cents, unfenced_cents

UNLIMITED = 2**60


@dataclass(frozen=True, slots=True)
class Room:
    """Money left.

    Attributes
    ----------
    along : for each node, itself and its parents up to the root, each with the cents that it leaves to a dossier
        asked from the node
    whole_cents : the least of them, int64 (n_nodes,)
    """

    along: tuple[tuple[tuple[int, int], ...], ...]
    whole_cents: IntArray


def room_left(tree: Tree, reading: EnvelopeReading, own_cents: list[int]) -> Room:
    """The room at each node on one allocation; `own_cents` is what its own dossiers got."""
    more = _more(tree, reading, own_cents)
    outside = _outside(tree, reading)
    along = tuple(tuple(_along(tree, reading, outside, more, node)) for node in range(tree.n_nodes))
    whole = np.array([min(cents for _, cents in path) for path in along], dtype=np.int64)
    return Room(along, whole)


def _along(
    tree: Tree, reading: EnvelopeReading, outside: dict[int, int], more: list[int], node: int
) -> Iterator[tuple[int, int]]:
    """Each envelope from a node up to the root, with what it leaves to a dossier of the node."""
    direct, fenced = True, False
    for above in tree.ancestors(node):
        amount = tree.amount_cents[above]
        if amount is None:
            yield above, UNLIMITED
            direct, fenced = True, False
            continue
        come = _come(reading, above)
        left = come - reading.need_cents[above] if direct else amount + come - reading.granted_cents[above]
        if not direct and not fenced:
            left = min(left, outside.get(above, UNLIMITED))
        yield above, min(UNLIMITED, left + more[above])
        direct = False
        fenced = (fenced and not tree.overbooked[above]) or tree.ring_fenced[above]


def _outside(tree: Tree, reading: EnvelopeReading) -> dict[int, int]:
    """What each node with fences under it leaves outside them."""
    found = {}
    for node, apart in fences(tree).items():
        granted = reading.granted_cents[node] - sum(reading.granted_cents[fence] for fence in apart)
        found[node] = unfenced_cents(tree, node, apart) + _come(reading, node) - granted
    return found


def _come(reading: EnvelopeReading, node: int) -> int:
    """What a node has got on top of its amount."""
    return reading.extra_cents[node] + reading.in_cents[node] - reading.out_cents[node]


def _more(tree: Tree, reading: EnvelopeReading, own_cents: list[int]) -> list[int]:
    """What could still come to each node, from its parent and from its siblings."""
    free = [0] * tree.n_nodes
    more = [0] * tree.n_nodes
    for node in range(tree.n_nodes):
        gain = free[int(tree.parent[node])] if may_gain(tree, node) else 0
        more[node] = gain + _from_siblings(tree, reading, node)
        unassigned = unassigned_cents(tree, node)
        if unassigned is not None:
            children = tree.children(node)
            given = sum(reading.extra_cents[child] for child in children if may_gain(tree, child))
            loose = own_cents[node] + sum(
                reading.granted_cents[child] for child in children if tree.amount_cents[child] is None
            )
            free[node] = max(0, more[node] + unassigned + _come(reading, node) - given - loose)
    return more


def _from_siblings(tree: Tree, reading: EnvelopeReading, node: int) -> int:
    """What siblings could still give to a node straight away."""
    total = 0
    for giver, option in enumerate(tree.options):
        if node not in option.transfer_to:
            continue
        left = max(0, _come(reading, giver) - reading.need_cents[giver])
        limit = left if option.out_cents is None else option.out_cents - reading.out_cents[giver]
        total += max(0, min(left, limit))
    most = tree.options[node].in_cents
    return total if most is None else max(0, min(total, most - reading.in_cents[node]))
