"""Replays a proof that a system holds no point, with no solver: a proof is only multipliers and branches.

A refutation is a list of rounds and a tree. A round adds cuts (by their derivation), rules out choices by
multipliers and leaves the system over what is still undecided. The tree branches on the last system's columns:

    leaf k        the multipliers k of the pool show that this part holds no point
    narrow k      the multipliers k rule out choices of this part
    branch c      first the part with choice c, then the part without
    some c        first the part where the block of c is chosen, then the part where it is not
    split c v     a free column: first c ≤ v, then c > v
    knapsack g r  the goal g under row r alone, solved exactly, closes this part
    apart k …     with the multipliers k and only the rows that are kept, the part falls into pieces that share no
                  row; each piece's least cost is bounded by a refutation of its own, and the sum closes the part

A proof may also be trees of caps alone (`cap_tree_bound.py`): {"caps": {"goal": row, "groups": [tree, …]}}, where
a tree is [row, [tree, …]], and a row alone stands for a tree without further rows; [row, [tree, …], true] is a cap
that may be gone beyond, as far as the row over it pays. With "less", a row that asks for less than what the best
of the trees cost, where these just reach the goal. Or exact blocks under prices (`block_bound.py`): {"blocks":
{"goal", "rows", "own", "prices", "scale"}}.

Each multiplier vector is [row, weight, row, weight, …] over the rows of its round's system.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tnt_sim.certify.block_bound import SCALE, closed_by_blocks
from tnt_sim.certify.cap_tree_bound import Tree, closed_by_caps
from tnt_sim.certify.decomposition import fallen_apart
from tnt_sim.certify.derived_rows import Recipe, derived, sharpen
from tnt_sim.certify.single_row_bound import closed_by_row
from tnt_sim.certify.system import Box, MultiplierError, System, Weighed, compact, narrowed, slack, weigh
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.cap_tree.best_choice import Memory
from tnt_sim.rules.linear_terms import IntArray

MAX_NODES = 2_000_000
"""Longer trees are refused rather than replayed."""
MAX_DEPTH = 64
"""Deeper trees of caps are refused."""


class CertificateError(ValueError):
    """The certificate does not prove what it says; `args[0]` says where it fails."""


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """One round: cuts to add, then multipliers that narrow."""

    cuts: Sequence[Recipe]
    narrow: Sequence[tuple[IntArray, IntArray]]


def next_round(system: System, step: Round) -> System | None:
    """The sharpened system after a round; None when the round itself shows that nothing is left."""
    for number, recipe in enumerate(step.cuts):
        col, value, bound = derived(system, recipe)
        system = system.with_rows(system.rows.with_row(col, value, bound, f"cut {number}"))
    box = system.box()
    for index, y in step.narrow:
        if not narrowed(system, box, weigh(system, index, y)):
            return None
    left = compact(system, box)
    return None if left is None else sharpen(left)


def check_refutation(
    system: System,
    proof: Mapping[str, Any],
    memory: Memory | None = None,
    deadline: Deadline = UNLIMITED,
) -> None:
    """Accept only if `proof` shows that the system holds no point.

    `memory` is what earlier checks found for the same columns and caps.

    Raises
    ------
    CertificateError
        With the place that fails.
    DeadlineExpired
        When time is up before it is decided.
    """
    try:
        if "caps" in proof:
            if not closed_by_caps(system, *_caps(proof["caps"]), memory=memory, deadline=deadline):
                raise CertificateError("the caps do not close the system")
            return
        if "blocks" in proof:
            if not closed_by_blocks(system, *_blocks(proof["blocks"]), deadline):
                raise CertificateError("the blocks do not close the system")
            return
        current: System | None = sharpen(system)
        for entry in proof["rounds"]:
            if current is None:
                return
            deadline.check()
            current = next_round(current, _round(entry))
        if current is not None:
            _Tree(current, proof["pool"], proof["tree"], deadline).check()
    except (CertificateError, MultiplierError) as error:
        raise CertificateError(str(error)) from error
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise CertificateError(f"malformed: {error!r}") from error


def _caps(entry: Mapping[str, Any]) -> tuple[int, list[Tree], int | None]:
    less = int(entry["less"]) if "less" in entry else None
    return int(entry["goal"]), [_tree(tree, 0) for tree in entry["groups"]], less


def _tree(entry: Any, depth: int) -> Tree:
    if depth > MAX_DEPTH:
        raise CertificateError("a tree of caps is too deep")
    if not isinstance(entry, Sequence):
        return int(entry), (), False
    row, below, *beyond = entry
    if beyond not in ([], [True]):
        raise CertificateError("a tree of caps says something else than that it may be gone beyond")
    return int(row), [_tree(child, depth + 1) for child in below], bool(beyond)


def _blocks(entry: Mapping[str, Any]) -> tuple[int, list[int], list[int], list[int]]:
    if int(entry["scale"]) != SCALE:
        raise CertificateError(f"prices are multiples of 2^-{SCALE}")
    rows, own, prices = ([int(k) for k in entry[name]] for name in ("rows", "own", "prices"))
    return int(entry["goal"]), rows, own, prices


def _round(entry: Mapping[str, Any]) -> Round:
    cuts = [
        Recipe(*pairs(cut["u"]), np.array(cut["complement"], dtype=np.int64), int(cut["divisor"]))
        for cut in entry["cuts"]
    ]
    return Round(cuts, [pairs(y) for y in entry["narrow"]])


def pairs(flat: Sequence[int]) -> tuple[IntArray, IntArray]:
    """[row, weight, row, weight, …] as two arrays."""
    both = np.array(flat, dtype=np.int64)
    return both[0::2], both[1::2]


@dataclass
class _Tree:
    """The tree in preorder; parts that wait are kept on a stack."""

    system: System
    pool: Sequence[Sequence[int]]
    tokens: Sequence[Any]
    deadline: Deadline

    def check(self) -> None:
        if len(self.tokens) > MAX_NODES:
            raise CertificateError("the tree is too long")
        weighed: dict[int, Weighed] = {}
        waiting: list[Box] = [self.system.box()]
        for place, token in enumerate(self.tokens):
            self.deadline.check()
            if not waiting:
                raise CertificateError(f"node {place} belongs to no part")
            box = waiting.pop()
            kind, *rest = token if isinstance(token, list) else ("leaf", token)
            if kind in ("leaf", "narrow"):
                number = int(rest[0])
                if number not in weighed:
                    weighed[number] = weigh(self.system, *pairs(self.pool[number]))
                if kind == "narrow":
                    if narrowed(self.system, box, weighed[number]):
                        waiting.append(box)
                elif slack(self.system, box, weighed[number])[0] >= 0:
                    raise CertificateError(f"leaf {place} is not closed by its multipliers")
            elif kind == "knapsack":
                if not closed_by_row(self.system, box, int(rest[0]), int(rest[1]), deadline=self.deadline):
                    raise CertificateError(f"knapsack {place} does not close its part")
            elif kind == "apart":
                self._apart(box, pairs(self.pool[int(rest[0])]), rest[1], rest[2])
            else:
                waiting.extend(reversed(parts(self.system, box, kind, [int(v) for v in rest])))
        if waiting:
            raise CertificateError("the tree ends before every part is closed")

    def _apart(
        self, box: Box, y: tuple[IntArray, IntArray], kept: Sequence[int], proofs: Sequence[Any]
    ) -> None:
        pieces = fallen_apart(self.system, box, weigh(self.system, *y), kept)
        if len(proofs) != len(pieces.systems):
            raise CertificateError("as many proofs as pieces are needed")
        total = pieces.rest
        for piece, (bound, proof) in zip(pieces.systems, proofs, strict=True):
            check_refutation(piece.cheaper_than(int(bound)), proof, deadline=self.deadline)
            total += int(bound)
        if total <= pieces.limit:
            raise CertificateError("the bounds of the pieces do not close their part")


def parts(system: System, box: Box, kind: str, place: Sequence[int]) -> tuple[Box, Box]:
    """The two parts of a branch; together they hold every point of the box."""
    first, second = box.copy(), box
    c = place[0]
    if not 0 <= c < system.n_cols:
        raise CertificateError(f"there is no column {c}")
    if kind == "split":
        free = c - system.n_choices
        if free < 0:
            raise CertificateError(f"column {c} is a choice")
        first.high[free] = min(first.high[free], place[1])
        second.low[free] = max(second.low[free], place[1] + 1)
        return first, second
    if c >= system.n_choices:
        raise CertificateError(f"column {c} is no choice")
    block = int(system.block[c])
    same = system.block[: system.n_choices] == block
    if kind == "branch":
        first.open[same] = False
        first.open[c] = box.open[c]
        first.must[block] = True
        second.open[c] = False
    elif kind == "some":
        first.must[block] = True
        second.open[same] = False
    else:
        raise CertificateError(f"there is no node « {kind} »")
    return first, second
