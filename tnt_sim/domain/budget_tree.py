"""The programme: a tree of envelopes, as written and as laid out for sums.

What is written is an :class:`EnvelopeSpec` tree. What the engine sums over is a :class:`Tree`: the same
envelopes in preorder, so that everything under node ``i`` is the slice ``i:end[i]``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tnt_sim.domain.field_types import Cents, Code, Count, Described, Flag, Rate, Spec

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

    def applied(
        self, day: date | None, path: tuple[str | int, ...] = ()
    ) -> Iterator[tuple[EnvelopeSpec, tuple[str | int, ...]]]:
        """Those of `walk` that are in force on a day, all that is above them too."""
        if self.in_force(day):
            yield self, path
            for number, child in enumerate(self.envelopes):
                yield from child.applied(day, (*path, "envelopes", number))

    def only_leaf(self, day: date | None) -> str | None:
        """The id of the only envelope in force that has none in force under it; None when there are several."""
        known = list(self.applied(day)) or list(self.walk())
        leaves = [spec.id for spec, _ in known if not any(child.in_force(day) for child in spec.envelopes)]
        return leaves[0] if len(leaves) == 1 else None


class ProgrammeSpec(EnvelopeSpec):
    """The root envelope: the whole programme."""

    id: Code = Field(description="Identifier of the programme, which is its root envelope too")


class Unassigned(StrEnum):
    """What becomes of the money that a node has beyond its children's amounts."""

    FREE = "free"
    OWN = "own"
    PRO_RATA = "pro_rata"
    TO = "to"


@dataclass(frozen=True, slots=True)
class Options:
    """What an envelope says beyond its amount, in whole cents of the written amount.

    Attributes
    ----------
    reserved_cents : held back, `reserve` rounded up
    overprogram_cents : may be committed beyond the amount, rounded down
    given_cents : what a parent that is `pro_rata` adds
    min_use_cents : the least that must be granted, rounded up; 0 for none
    min_dossiers, max_dossiers : how many dossiers may be funded at and under it
    transfer_to : the sibling nodes that it may give to
    out_cents, in_cents : the most that it may give to and get from siblings; None without limit
    """

    reserved_cents: int = 0
    overprogram_cents: int = 0
    given_cents: int = 0
    min_use_cents: int = 0
    min_dossiers: int | None = None
    max_dossiers: int | None = None
    transfer_to: tuple[int, ...] = ()
    out_cents: int | None = None
    in_cents: int | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """An amount that is asked for: the model may lower it.

    Attributes
    ----------
    nodes : the envelope, and those above it whose amounts go down with it, cent for cent
    most_cents : the most by which they go down
    """

    nodes: tuple[int, ...]
    most_cents: int


@dataclass(frozen=True, slots=True)
class Tree:
    """The envelopes in preorder.

    Attributes
    ----------
    ids, titles : tuple of str, (n_nodes,)
    parent : int64 (n_nodes,), -1 for the root
    end : int64 (n_nodes,); everything at or under node ``i`` is ``i:end[i]``
    depth : int64 (n_nodes,), 0 for the root
    written_cents : tuple of int or None, (n_nodes,); the amount as written, None where only the parents cap
    amount_cents : tuple of int or None, (n_nodes,); what may be granted before any money moves: the written
        amount and what is given pro rata, less the reserve, with what may be overprogrammed
    options : tuple of Options, (n_nodes,)
    unassigned_to : tuple of int, (n_nodes,); the child that gets all that is unassigned, -1 for none
    ring_fenced, overbooked : tuple of bool, (n_nodes,)
    unassigned : tuple of Unassigned, (n_nodes,)
    landing : for a split node, the column and the node of each of its groups
    closed : tuple of bool, (n_nodes,); not in force, itself or something above it: it has no amount and no
        options, and none of its dossiers is eligible
    opened : the amounts that the model may lower, for questions on the least of them; None elsewhere
    fences_leak : whether envelopes above may use what a ring-fenced one leaves, as in version 0.1.0
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
    written_cents: tuple[int | None, ...]
    options: tuple[Options, ...]
    unassigned_to: tuple[int, ...]
    closed: tuple[bool, ...]
    opened: Opened | None = None
    fences_leak: bool = False

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

    def moved(self, nodes: Sequence[int], cents: int) -> Tree:
        """The tree with some amounts, written ones too, changed by the same cents; None stays None."""
        changed = frozenset(nodes)

        def by_node(amounts: tuple[int | None, ...]) -> tuple[int | None, ...]:
            return tuple(a if a is None or k not in changed else a + cents for k, a in enumerate(amounts))

        return replace(
            self, amount_cents=by_node(self.amount_cents), written_cents=by_node(self.written_cents)
        )

    def subtree_sums(self, own: Sequence[int]) -> list[int]:
        """Sums over each node and all under it, exact Python integers; `own` is (n_nodes,)."""
        sums = [int(value) for value in own]
        for node in range(self.n_nodes - 1, 0, -1):
            sums[int(self.parent[node])] += sums[node]
        return sums


def split_names(name: str) -> Iterator[str]:
    """The envelopes of which a name could be a part: « a/b » and « a » for « a/b/c »."""
    while GROUP_SEPARATOR in name:
        name = name.rpartition(GROUP_SEPARATOR)[0]
        yield name


@dataclass(frozen=True, slots=True)
class Share:
    """One group of a split: its name and its amount in cents (None: only the parent caps it)."""

    group: str
    amount_cents: int | None


@dataclass(frozen=True, slots=True)
class _Row:
    """One envelope on its way into the tree; `spec` is None for a part of a split and for what is not in force."""

    id: str
    title: str
    parent: int
    depth: int
    amount: int | None
    spec: EnvelopeSpec | None
    closed: bool = False


def _rows_of(
    root: EnvelopeSpec, shares: Mapping[str, Sequence[Share]], day: date | None
) -> tuple[list[_Row], dict[int, tuple[str, Mapping[str, int]]]]:
    """The envelopes in preorder, and where the groups of each split stand."""
    rows: list[_Row] = []
    landing: dict[int, tuple[str, Mapping[str, int]]] = {}

    def visit(spec: EnvelopeSpec, parent: int, depth: int, closed: bool) -> None:
        node = len(rows)
        closed = closed or not spec.in_force(day)
        amount, options = (None, None) if closed else (spec.amount, spec)
        rows.append(_Row(spec.id, spec.title or spec.id, parent, depth, amount, options, closed))
        for child in spec.envelopes:
            visit(child, node, depth + 1, closed)
        if spec.split is not None and spec.id in shares and not closed:
            groups: dict[str, int] = {}
            for share in shares[spec.id]:
                groups[share.group] = len(rows)
                name = f"{spec.id}{GROUP_SEPARATOR}{share.group}"
                title = f"{spec.title or spec.id} · {share.group}"
                rows.append(_Row(name, title, node, depth + 1, share.amount_cents, None))
            landing[node] = (spec.split.by, groups)

    visit(root, -1, 0, closed=False)
    return rows, landing


def lay_out(
    root: EnvelopeSpec,
    shares: Mapping[str, Sequence[Share]],
    *,
    day: date | None = None,
    reserves_freed: bool = False,
) -> Tree:
    """Lay the written tree out in preorder, split envelopes expanded.

    Parameters
    ----------
    root : the programme
    shares : for each split envelope's id, its groups and amounts
    day : the day on which an envelope must be in force; without one, only `off` closes it
    reserves_freed : no envelope holds money back any more
    """
    rows, landing = _rows_of(root, shares, day)
    parent = np.array([row.parent for row in rows], dtype=np.int64)
    end = np.arange(1, len(rows) + 1, dtype=np.int64)
    for node in range(len(rows) - 1, 0, -1):
        end[parent[node]] = max(end[parent[node]], end[node])
    siblings: list[dict[str, int]] = [{} for _ in rows]
    for node, row in enumerate(rows):
        if row.parent >= 0 and not row.closed:
            siblings[row.parent].setdefault(row.id, node)
    options = tuple(
        _options(row.spec, siblings[row.parent] if row.parent >= 0 else {}, reserves_freed) for row in rows
    )
    return Tree(
        ids=tuple(row.id for row in rows),
        titles=tuple(row.title for row in rows),
        parent=parent,
        end=end,
        depth=np.array([row.depth for row in rows], dtype=np.int64),
        amount_cents=tuple(
            None if row.amount is None else row.amount - option.reserved_cents + option.overprogram_cents
            for row, option in zip(rows, options, strict=True)
        ),
        ring_fenced=tuple(row.spec is not None and row.spec.ring_fenced for row in rows),
        overbooked=tuple(row.spec is not None and row.spec.overbooked for row in rows),
        unassigned=tuple(_policy(row.spec) for row in rows),
        landing=landing,
        written_cents=tuple(row.amount for row in rows),
        options=options,
        unassigned_to=tuple(_target(row.spec, siblings[node]) for node, row in enumerate(rows)),
        closed=tuple(row.closed for row in rows),
    )


def _options(spec: EnvelopeSpec | None, siblings: Mapping[str, int], reserves_freed: bool) -> Options:
    if spec is None:
        return Options()
    amount = spec.amount or 0
    moves = spec.transfers
    to = () if moves is None else tuple(siblings[name] for name in moves.to if name in siblings)
    return Options(
        reserved_cents=0 if reserves_freed else min(amount, _share_up(amount, spec.reserve)),
        overprogram_cents=_share_down(amount, spec.overprogram) or 0,
        min_use_cents=_share_up(amount, spec.min_use),
        min_dossiers=spec.min_dossiers,
        max_dossiers=spec.max_dossiers,
        transfer_to=to,
        out_cents=None if moves is None else _share_down(amount, moves.out_max),
        in_cents=None if moves is None else _share_down(amount, moves.in_max),
    )


def _share_up(amount: int, rate: Fraction | None) -> int:
    return 0 if rate is None else -(-amount * rate.numerator // rate.denominator)


def _share_down(amount: int, rate: Fraction | None) -> int | None:
    return None if rate is None else amount * rate.numerator // rate.denominator


def _policy(spec: EnvelopeSpec | None) -> Unassigned:
    if spec is None:
        return Unassigned.FREE
    return Unassigned.TO if isinstance(spec.unassigned, UnassignedTo) else Unassigned(spec.unassigned)


def _target(spec: EnvelopeSpec | None, children: Mapping[str, int]) -> int:
    if spec is None or not isinstance(spec.unassigned, UnassignedTo):
        return -1
    return children.get(spec.unassigned.to, -1)


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
