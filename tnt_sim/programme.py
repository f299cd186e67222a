"""The programme: a tree of envelopes, as written and as laid out for sums.

What is written is an :class:`EnvelopeSpec` tree. What the engine sums over is a :class:`Tree`: the same
envelopes in preorder, so that everything under node ``i`` is the slice ``i:end[i]``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tnt_sim.fields import Cents, Code, Count, Described, Flag, Rate, Spec

IntArray = NDArray[np.int64]

GROUP_SEPARATOR = "/"


class SplitSpec(Spec):
    """How an envelope is divided into one child per group of a column."""

    by: Code
    groups: Literal["map", "present"] | tuple[Code, ...] | None = None
    each: Cents | None = None
    key: Code | None = None
    fixed: Rate | None = None
    table: str | None = None
    previous: str | None = None
    change: Rate | None = None


class TransferSpec(Spec):
    """Money that may move to siblings, as shares of the written amounts."""

    to: tuple[Code, ...]
    out_max: Rate | None = None
    in_max: Rate | None = None


class UnassignedTo(Spec):
    """All that is unassigned goes to one child."""

    to: Code


class EnvelopeSpec(Described):
    """One envelope of the tree, as the planner writes it."""

    id: Code
    amount: Cents | None = None
    envelopes: tuple[EnvelopeSpec, ...] = ()
    ring_fenced: Flag = False
    overbooked: Flag = False
    unassigned: Literal["free", "pro_rata", "own"] | UnassignedTo = "free"
    transfers: TransferSpec | None = None
    min_use: Rate | None = None
    reserve: Rate | None = None
    overprogram: Rate | None = None
    min_dossiers: Count | None = None
    max_dossiers: Count | None = None
    split: SplitSpec | None = None

    def walk(self, path: tuple[str | int, ...] = ()) -> Iterator[tuple[EnvelopeSpec, tuple[str | int, ...]]]:
        """This envelope and all under it in preorder, each with its path in the scenario."""
        yield self, path
        for number, child in enumerate(self.envelopes):
            yield from child.walk((*path, "envelopes", number))


class ProgrammeSpec(EnvelopeSpec):
    """The root envelope: the whole programme."""

    id: Code = Field(description="Identifier of the programme, which is its root envelope too")


class Unassigned(StrEnum):
    """What becomes of the money that a node has beyond its children's amounts."""

    FREE = "free"
    OWN = "own"


@dataclass(frozen=True, slots=True)
class Tree:
    """The envelopes in preorder.

    Attributes
    ----------
    ids, titles : tuple of str, (n_nodes,)
    parent : int64 (n_nodes,), -1 for the root
    end : int64 (n_nodes,); everything at or under node ``i`` is ``i:end[i]``
    depth : int64 (n_nodes,), 0 for the root
    amount_cents : tuple of int or None, (n_nodes,); None where only the parents cap
    ring_fenced, overbooked : tuple of bool, (n_nodes,)
    unassigned : tuple of Unassigned, (n_nodes,)
    landing : for a split node, the column and the node of each of its groups
    """

    ids: tuple[str, ...]
    titles: tuple[str, ...]
    parent: IntArray
    end: IntArray
    depth: IntArray
    amount_cents: tuple[int | None, ...]
    ring_fenced: tuple[bool, ...]
    overbooked: tuple[bool, ...]
    unassigned: tuple[Unassigned, ...]
    landing: Mapping[int, tuple[str, Mapping[str, int]]]

    @property
    def n_nodes(self) -> int:
        """Number of envelopes."""
        return len(self.ids)

    def index(self, envelope_id: str) -> int:
        """The node of an envelope; ValueError when there is none."""
        return self.ids.index(envelope_id)

    def children(self, node: int) -> list[int]:
        """The direct children of a node, in order."""
        return [int(child) for child in np.flatnonzero(self.parent == node)]

    def ancestors(self, node: int) -> list[int]:
        """The node itself, then its parents up to the root."""
        line = []
        while node >= 0:
            line.append(node)
            node = int(self.parent[node])
        return line

    def ancestor_at_depth(self, depth: int) -> IntArray:
        """For each node, its ancestor at one depth, or -1 when it lies above: int64 (n_nodes,)."""
        found = np.full(self.n_nodes, -1, dtype=np.int64)
        for node in np.flatnonzero(self.depth == depth):
            found[node : self.end[node]] = node
        return found

    def subtree_sums(self, own: Sequence[int]) -> list[int]:
        """Sums over each node and all under it, exact Python integers; `own` is (n_nodes,)."""
        sums = [int(value) for value in own]
        for node in range(self.n_nodes - 1, 0, -1):
            sums[int(self.parent[node])] += sums[node]
        return sums


@dataclass(frozen=True, slots=True)
class Share:
    """One group of a split: its name and its amount in cents (None: only the parent caps it)."""

    group: str
    amount_cents: int | None


def lay_out(root: EnvelopeSpec, shares: Mapping[str, Sequence[Share]]) -> Tree:
    """Lay the written tree out in preorder, split envelopes expanded.

    Parameters
    ----------
    root : the programme
    shares : for each split envelope's id, its groups and amounts
    """
    rows: list[tuple[str, str, int, int, int | None, bool, bool, Unassigned]] = []
    landing: dict[int, tuple[str, Mapping[str, int]]] = {}

    def visit(spec: EnvelopeSpec, parent: int, depth: int) -> None:
        node = len(rows)
        policy = Unassigned.OWN if spec.unassigned == "own" else Unassigned.FREE
        rows.append(
            (
                spec.id,
                spec.title or spec.id,
                parent,
                depth,
                spec.amount,
                spec.ring_fenced,
                spec.overbooked,
                policy,
            )
        )
        for child in spec.envelopes:
            if not child.off:
                visit(child, node, depth + 1)
        if spec.split is not None and spec.id in shares:
            groups: dict[str, int] = {}
            for share in shares[spec.id]:
                groups[share.group] = len(rows)
                name = f"{spec.id}{GROUP_SEPARATOR}{share.group}"
                title = f"{spec.title or spec.id} · {share.group}"
                rows.append((name, title, node, depth + 1, share.amount_cents, False, False, Unassigned.FREE))
            landing[node] = (spec.split.by, groups)

    visit(root, -1, 0)
    parent = np.array([row[2] for row in rows], dtype=np.int64)
    end = np.arange(1, len(rows) + 1, dtype=np.int64)
    for node in range(len(rows) - 1, 0, -1):
        end[parent[node]] = max(end[parent[node]], end[node])
    return Tree(
        ids=tuple(row[0] for row in rows),
        titles=tuple(row[1] for row in rows),
        parent=parent,
        end=end,
        depth=np.array([row[3] for row in rows], dtype=np.int64),
        amount_cents=tuple(row[4] for row in rows),
        ring_fenced=tuple(row[5] for row in rows),
        overbooked=tuple(row[6] for row in rows),
        unassigned=tuple(row[7] for row in rows),
        landing=landing,
    )


def largest_remainder(total_cents: int, weights: Sequence[int], names: Sequence[str]) -> list[int]:
    """Share whole cents in proportion to weights; what is left goes to the largest remainders, ties by name.

    Source: « plus fort reste » (Hamilton's method).
    """
    whole = sum(weights)
    if whole <= 0:
        raise ValueError("the weights of a split must not all be zero")
    floors = [total_cents * weight // whole for weight in weights]
    left = total_cents - sum(floors)
    by_remainder = sorted(
        range(len(weights)), key=lambda place: (-(total_cents * weights[place] % whole), names[place])
    )
    for place in by_remainder[:left]:
        floors[place] += 1
    return floors
