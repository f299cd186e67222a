"""The programme: a tree of budget envelopes, as the planner writes it and as arrays.

The planner writes an `EnvelopeSpec` tree. `lay_out` turns it into a `Tree`: the same envelopes in preorder,
so that the subtree of node ``i`` is the slice ``i:end[i]``.
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
        """Yield this envelope and all under it in preorder, each with its path in the scenario."""
        yield self, path
        for number, child in enumerate(self.envelopes):
            yield from child.walk((*path, "envelopes", number))

    def walk_in_force(
        self, day: date | None, path: tuple[str | int, ...] = ()
    ) -> Iterator[tuple[EnvelopeSpec, tuple[str | int, ...]]]:
        """Yield those of `walk` that are in force on a day and whose ancestors are too."""
        if self.is_in_force(day):
            yield self, path
            for number, child in enumerate(self.envelopes):
                yield from child.walk_in_force(day, (*path, "envelopes", number))

    def find_single_leaf(self, day: date | None) -> str | None:
        """Return the id of the only envelope in force without one in force under it.

        Returns None when there are several.
        """
        known = list(self.walk_in_force(day)) or list(self.walk())
        leaves = [spec.id for spec, _ in known if not any(child.is_in_force(day) for child in spec.envelopes)]
        return leaves[0] if len(leaves) == 1 else None


class ProgrammeSpec(EnvelopeSpec):
    """The root envelope: the whole programme."""

    id: Code = Field(description="Identifier of the programme, which is its root envelope too")


class Unassigned(StrEnum):
    """Use of the money that a node has beyond its children's amounts."""

    FREE = "free"
    OWN = "own"
    PRO_RATA = "pro_rata"
    TO = "to"


@dataclass(frozen=True, slots=True)
class EnvelopeOptions:
    """Options of an envelope besides its amount, in whole cents.

    Attributes
    ----------
    reserved_cents : held back: `reserve` times the written amount, rounded up
    overprogram_cents : may be committed beyond the amount, rounded down
    given_cents : added by a `pro_rata` parent
    min_use_cents : the least that must be granted, rounded up; 0 for none
    min_dossiers, max_dossiers : bounds on the number of funded dossiers at and under it
    transfer_to : sibling nodes that it may give to
    out_cents, in_cents : the most that it may give to and get from siblings; None for no limit
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
class FreeAmount:
    """An amount that is a variable: the model may lower it.

    Attributes
    ----------
    nodes : the envelope, and those above it whose amounts are lowered with it, cent for cent
    most_cents : the most by which they are lowered
    """

    nodes: tuple[int, ...]
    most_cents: int


@dataclass(frozen=True, slots=True)
class Tree:
    """The envelopes in preorder; arrays and tuples have one entry per node.

    Attributes
    ----------
    ids, titles : str
    parent : int64 (n_nodes,), -1 for the root
    end : int64 (n_nodes,); the subtree of node ``i`` is ``i:end[i]``
    depth : int64 (n_nodes,), 0 for the root
    written_cents : int or None, the amount as written; None where only the parents limit the node
    amount_cents : int or None, what may be granted before any money is added or transferred: the written
        amount and what a pro rata parent adds, less the reserve, plus what may be overprogrammed
    options : Options
    unassigned : Unassigned
    unassigned_to : int, the child that receives all unassigned money, -1 for none
    ring_fenced, overbooked : bool
    landing : for a split node, the column and the node of each of its groups
    closed : bool, not in force (itself or one above it): no amount, no options, no eligible dossier
    opened : the amounts that the model may lower; None outside questions on the least amount
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
    options: tuple[EnvelopeOptions, ...]
    unassigned_to: tuple[int, ...]
    closed: tuple[bool, ...]
    opened: FreeAmount | None = None

    @property
    def n_nodes(self) -> int:
        """Number of envelopes."""
        return len(self.ids)

    def get_node(self, envelope_id: str) -> int:
        """Return the node of an envelope."""
        return self.ids.index(envelope_id)

    def list_children(self, node: int) -> list[int]:
        """Return the direct children of a node, in order."""
        return [int(child) for child in np.flatnonzero(self.parent == node)]

    def list_ancestors(self, node: int) -> list[int]:
        """Return the node itself, then its parents up to the root."""
        branch = []
        while node >= 0:
            branch.append(node)
            node = int(self.parent[node])
        return branch

    def find_ancestors_at_depth(self, depth: int) -> IntArray:
        """Return the ancestor of each node at one depth, -1 where the node lies above it: int64 (n_nodes,)."""
        places = np.full(self.n_nodes, -1, dtype=np.int64)
        for node in np.flatnonzero(self.depth == depth):
            places[node : self.end[node]] = node
        return places

    def shift_amounts(self, nodes: Sequence[int], cents: int) -> Tree:
        """Return the tree with some amounts, written ones too, changed by the same cents; None stays None."""
        changed = frozenset(nodes)

        def shift(amounts: tuple[int | None, ...]) -> tuple[int | None, ...]:
            return tuple(a if a is None or k not in changed else a + cents for k, a in enumerate(amounts))

        return replace(self, amount_cents=shift(self.amount_cents), written_cents=shift(self.written_cents))

    def sum_subtrees(self, own: Sequence[int]) -> list[int]:
        """Return the sum of `own`, (n_nodes,), over the subtree of each node, in Python integers."""
        sums = [int(value) for value in own]
        for node in range(self.n_nodes - 1, 0, -1):
            sums[int(self.parent[node])] += sums[node]
        return sums


def split_names(name: str) -> Iterator[str]:
    """Yield the envelopes of which a name could be a part: « a/b » and « a » for « a/b/c ».

    >>> list(split_names("a/b/c"))
    ['a/b', 'a']
    """
    while GROUP_SEPARATOR in name:
        name = name.rpartition(GROUP_SEPARATOR)[0]
        yield name


@dataclass(frozen=True, slots=True)
class EnvelopeShare:
    """One group of a split: its name and its amount in cents (None: only the parent limits it)."""

    group: str
    amount_cents: int | None


@dataclass(frozen=True, slots=True)
class _Row:
    """One envelope before the arrays are built.

    `spec` is None for a part of a split and for one not in force.
    """

    id: str
    title: str
    parent: int
    depth: int
    amount: int | None
    spec: EnvelopeSpec | None
    closed: bool = False


def _list_rows(
    root: EnvelopeSpec, shares: Mapping[str, Sequence[EnvelopeShare]], day: date | None
) -> tuple[list[_Row], dict[int, tuple[str, Mapping[str, int]]]]:
    """Return the envelopes in preorder, and the nodes of the groups of each split."""
    rows: list[_Row] = []
    landing: dict[int, tuple[str, Mapping[str, int]]] = {}

    def visit(spec: EnvelopeSpec, parent: int, depth: int, closed: bool) -> None:
        node = len(rows)
        closed = closed or not spec.is_in_force(day)
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
    shares: Mapping[str, Sequence[EnvelopeShare]],
    *,
    day: date | None = None,
    reserves_freed: bool = False,
) -> Tree:
    """Lay the written tree out in preorder, with split envelopes expanded into one child per group.

    Parameters
    ----------
    root : the programme
    shares : groups and amounts of each split envelope, by id
    day : day on which an envelope must be in force; without one, only `off` closes it
    reserves_freed : True when no envelope holds money back any more
    """
    rows, landing = _list_rows(root, shares, day)
    parent = np.array([row.parent for row in rows], dtype=np.int64)
    end = np.arange(1, len(rows) + 1, dtype=np.int64)
    for node in range(len(rows) - 1, 0, -1):
        end[parent[node]] = max(end[parent[node]], end[node])
    siblings: list[dict[str, int]] = [{} for _ in rows]
    for node, row in enumerate(rows):
        if row.parent >= 0 and not row.closed:
            siblings[row.parent].setdefault(row.id, node)
    options = tuple(
        _build_options(row.spec, siblings[row.parent] if row.parent >= 0 else {}, reserves_freed)
        for row in rows
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
        unassigned=tuple(_read_policy(row.spec) for row in rows),
        landing=landing,
        written_cents=tuple(row.amount for row in rows),
        options=options,
        unassigned_to=tuple(_find_target(row.spec, siblings[node]) for node, row in enumerate(rows)),
        closed=tuple(row.closed for row in rows),
    )


def _build_options(
    spec: EnvelopeSpec | None, siblings: Mapping[str, int], reserves_freed: bool
) -> EnvelopeOptions:
    if spec is None:
        return EnvelopeOptions()
    amount = spec.amount or 0
    moves = spec.transfers
    to = () if moves is None else tuple(siblings[name] for name in moves.to if name in siblings)
    return EnvelopeOptions(
        reserved_cents=0 if reserves_freed else min(amount, _round_share_up(amount, spec.reserve)),
        overprogram_cents=_round_share_down(amount, spec.overprogram) or 0,
        min_use_cents=_round_share_up(amount, spec.min_use),
        min_dossiers=spec.min_dossiers,
        max_dossiers=spec.max_dossiers,
        transfer_to=to,
        out_cents=None if moves is None else _round_share_down(amount, moves.out_max),
        in_cents=None if moves is None else _round_share_down(amount, moves.in_max),
    )


def _round_share_up(amount: int, rate: Fraction | None) -> int:
    return 0 if rate is None else -(-amount * rate.numerator // rate.denominator)


def _round_share_down(amount: int, rate: Fraction | None) -> int | None:
    return None if rate is None else amount * rate.numerator // rate.denominator


def _read_policy(spec: EnvelopeSpec | None) -> Unassigned:
    if spec is None:
        return Unassigned.FREE
    return Unassigned.TO if isinstance(spec.unassigned, UnassignedTo) else Unassigned(spec.unassigned)


def _find_target(spec: EnvelopeSpec | None, children: Mapping[str, int]) -> int:
    if spec is None or not isinstance(spec.unassigned, UnassignedTo):
        return -1
    return children.get(spec.unassigned.to, -1)


def split_by_largest_remainder(total_cents: int, weights: Sequence[int], names: Sequence[str]) -> list[int]:
    """Distribute whole cents in proportion to weights, by largest remainders, ties by name.

    This is Hamilton's method.

    Balinski and Young, *Fair Representation* (1982).
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
