"""What is left where: the money that one more dossier could still get at each envelope, in cents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tnt_sim.programme import Tree
from tnt_sim.rules.base import IntArray
from tnt_sim.rules.envelope import EnvelopeReading, may_gain, unassigned_cents

UNLIMITED = 2**60


@dataclass(frozen=True, slots=True)
class Room:
    """Money left at each node, int64 (n_nodes,).

    Attributes
    ----------
    local_cents : by the node's own amount and the free money that can reach it
    whole_cents : by the node and all its parents
    """

    local_cents: IntArray
    whole_cents: IntArray


def room_left(tree: Tree, reading: EnvelopeReading, own_cents: list[int]) -> Room:
    """The room at each node on one allocation; `own_cents` is what its own dossiers got."""
    free = [0] * tree.n_nodes
    local = np.full(tree.n_nodes, UNLIMITED, dtype=np.int64)
    whole = np.full(tree.n_nodes, UNLIMITED, dtype=np.int64)
    for node in range(tree.n_nodes):
        parent = int(tree.parent[node])
        gain = free[parent] if may_gain(tree, node) else 0
        moved = reading.in_cents[node] - reading.out_cents[node]
        unassigned = unassigned_cents(tree, node)
        if unassigned is not None:
            children = tree.children(node)
            given = sum(reading.extra_cents[child] for child in children if may_gain(tree, child))
            loose = own_cents[node] + sum(
                reading.granted_cents[child] for child in children if tree.amount_cents[child] is None
            )
            free[node] = gain + max(0, unassigned + reading.extra_cents[node] + moved - given - loose)
        amount = tree.amount_cents[node]
        if amount is not None:
            left = amount + reading.extra_cents[node] + moved - reading.granted_cents[node]
            local[node] = min(UNLIMITED, left + gain + _from_siblings(tree, reading, node))
        whole[node] = local[node] if parent < 0 else min(local[node], whole[parent])
    return Room(local, whole)


def _from_siblings(tree: Tree, reading: EnvelopeReading, node: int) -> int:
    """What siblings could still give to a node straight away."""
    total = 0
    for giver, option in enumerate(tree.options):
        if node not in option.transfer_to:
            continue
        moved = reading.extra_cents[giver] + reading.in_cents[giver] - reading.out_cents[giver]
        left = max(0, (tree.amount_cents[giver] or 0) + moved - reading.granted_cents[giver])
        limit = left if option.out_cents is None else option.out_cents - reading.out_cents[giver]
        total += max(0, min(left, limit))
    most = tree.options[node].in_cents
    return total if most is None else max(0, min(total, most - reading.in_cents[node]))
