"""Replay a certificate that an integer system has no solution; it needs no solver.

A certificate (a refutation) is a list of rounds and a search tree. A round adds cuts, each stated by its
derivation, fixes choices by multipliers, and leaves the system over the undecided columns. The tree, in
preorder, branches on the columns of the last system. Its nodes are:

    leaf k        the multipliers k of the pool prove that this subproblem is empty
    narrow k      the multipliers k fix choices of this subproblem (reduced-cost fixing)
    branch c      two subproblems: with choice c, then without it
    some c        two subproblems: the block of c is chosen, then it is not
    split c v     two subproblems for a free column: c ≤ v, then c > v
    knapsack g r  the goal g under row r alone, solved exactly as a knapsack, proves the subproblem empty
    apart k …     Lagrangian relaxation: with the multipliers k for the linking rows, the subproblem splits into
                  pieces without common rows; the bound of each piece has a refutation of its own, and the sum
                  of the bounds proves the subproblem empty

A certificate may also be a single bound by an exact kernel:

    {"caps": {"goal": row, "groups": [tree, …], "less": row}}    trees of capacities, `cap_tree_bound.py`
    {"blocks": {"goal", "rows", "own", "prices", "scale"}}       priced rows, exact blocks, `block_bound.py`

A tree is [row, [tree, …]], or a row alone; [row, [tree, …], true] is a capacity that may be exceeded, as far
as the row above pays for it. "less" (optional) is a row that limits the cost: it refutes the case that the
trees reach the goal exactly, when the cheapest such solution costs more.

A vector of multipliers is [row, weight, row, weight, …] over the rows of its round's system.

Sources: Cheung, Gleixner and Steffy, *Verifying integer programming results* (2017); Cook, Koch, Steffy and
Wolter, *A hybrid branch-and-bound approach for exact rational mixed-integer programming* (2013).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tnt_sim.certify.block_bound import SCALE, is_closed_by_blocks
from tnt_sim.certify.cap_tree_bound import Tree, is_closed_by_caps
from tnt_sim.certify.decomposition import decompose_system
from tnt_sim.certify.derived_rows import Recipe, derive_cut, tighten_system
from tnt_sim.certify.single_row_bound import is_closed_by_row
from tnt_sim.certify.system import (
    Box,
    MultiplierError,
    System,
    Weighed,
    compute_slack,
    narrow_box,
    reduce_system,
    weigh,
)
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.cap_tree.best_choice import Memory
from tnt_sim.rules.linear_terms import IntArray

PRICES = "prices"
"""Key of a proof for `verifier.py`, beside the one that is replayed here."""
MAX_NODES = 2_000_000
"""Trees with more nodes are refused."""
MAX_DEPTH = 64
"""Trees of capacities of greater depth are refused."""


class CertificateError(ValueError):
    """The certificate does not prove its claim; `args[0]` says where it fails."""


@dataclass(frozen=True, slots=True, eq=False)
class Round:
    """One round: cuts to add, then multipliers that fix choices."""

    cuts: Sequence[Recipe]
    narrow: Sequence[tuple[IntArray, IntArray]]


def apply_round(system: System, step: Round) -> System | None:
    """Return the tightened system after a round; None when the round itself proves that the system is empty.

    Raises
    ------
    MultiplierError
        When a cut or a vector of multipliers is invalid.
    """
    for number, recipe in enumerate(step.cuts):
        col, value, bound = derive_cut(system, recipe)
        system = system.with_rows(system.rows.with_row(col, value, bound, f"cut {number}"))
    box = system.build_box()
    for index, y in step.narrow:
        if not narrow_box(system, box, weigh(system, index, y)):
            return None
    left = reduce_system(system, box)
    return None if left is None else tighten_system(left)


def check_refutation(
    system: System,
    proof: Mapping[str, Any],
    memory: Memory | None = None,
    deadline: Deadline = UNLIMITED,
) -> None:
    """Verify that `proof` shows the system to have no solution; return nothing if it does.

    Parameters
    ----------
    proof : a certificate, as read from JSON
    memory : kernel results of earlier checks

    Raises
    ------
    CertificateError
        With the place where the proof fails, or because it is malformed.
    DeadlineExpired
        When time is up before the check ends.

    Examples
    --------
    Two choices of one block with −2 x₀ − 3 x₁ ≤ −4, refuted by the row itself:

    >>> from tnt_sim.certify.system import Rows
    >>> rows = Rows.from_entries(np.array([0, 0]), np.array([0, 1]), np.array([-2, -3]), np.array([-4]), ("goal",))
    >>> system = System(np.array([0, 0]), np.array([False]), np.array([0, 0]), np.array([1, 1]), rows)
    >>> check_refutation(system, {"rounds": [], "pool": [[0, 1]], "tree": [0]})
    """
    try:
        if "caps" in proof:
            if not is_closed_by_caps(system, *parse_caps(proof["caps"]), memory=memory, deadline=deadline):
                raise CertificateError("the caps do not close the system")
            return
        if "blocks" in proof:
            if not is_closed_by_blocks(system, *_parse_blocks(proof["blocks"]), deadline):
                raise CertificateError("the blocks do not close the system")
            return
        current: System | None = tighten_system(system)
        for entry in proof["rounds"]:
            if current is None:
                return
            deadline.check()
            current = apply_round(current, _parse_round(entry))
        if current is not None:
            _Tree(current, proof["pool"], proof["tree"], deadline).check()
    except (CertificateError, MultiplierError) as error:
        raise CertificateError(str(error)) from error
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
        raise CertificateError(f"malformed: {error!r}") from error


def parse_caps(entry: Mapping[str, Any]) -> tuple[int, list[Tree], int | None]:
    """Parse a certificate by trees of capacities."""
    less = int(entry["less"]) if "less" in entry else None
    return int(entry["goal"]), [_parse_tree(tree, 0) for tree in entry["groups"]], less


def _parse_tree(entry: Any, depth: int) -> Tree:
    """Parse one tree of capacities."""
    if depth > MAX_DEPTH:
        raise CertificateError("a tree of caps is too deep")
    if not isinstance(entry, Sequence):
        return int(entry), (), False
    row, below, *excess = entry
    if excess not in ([], [True]):
        raise CertificateError("a tree of caps says something else than that it may be gone beyond")
    return int(row), [_parse_tree(child, depth + 1) for child in below], bool(excess)


def _parse_blocks(entry: Mapping[str, Any]) -> tuple[int, list[int], list[int], list[int]]:
    """Parse a certificate by priced rows."""
    if int(entry["scale"]) != SCALE:
        raise CertificateError(f"prices are multiples of 2^-{SCALE}")
    rows, own, prices = ([int(k) for k in entry[name]] for name in ("rows", "own", "prices"))
    return int(entry["goal"]), rows, own, prices


def _parse_round(entry: Mapping[str, Any]) -> Round:
    """Parse one round."""
    cuts = [
        Recipe(*split_pairs(cut["u"]), np.array(cut["complement"], dtype=np.int64), int(cut["divisor"]))
        for cut in entry["cuts"]
    ]
    return Round(cuts, [split_pairs(y) for y in entry["narrow"]])


def split_pairs(flat: Sequence[int]) -> tuple[IntArray, IntArray]:
    """Split [row, weight, row, weight, …] into two arrays."""
    both = np.array(flat, dtype=np.int64)
    return both[0::2], both[1::2]


@dataclass
class _Tree:
    """The search tree in preorder; open subproblems wait on a stack."""

    system: System
    pool: Sequence[Sequence[int]]
    tokens: Sequence[Any]
    deadline: Deadline

    def check(self) -> None:
        """Verify that every subproblem is proved empty."""
        if len(self.tokens) > MAX_NODES:
            raise CertificateError("the tree is too long")
        weighed: dict[int, Weighed] = {}
        waiting: list[Box] = [self.system.build_box()]
        for place, token in enumerate(self.tokens):
            self.deadline.check()
            if not waiting:
                raise CertificateError(f"node {place} belongs to no part")
            box = waiting.pop()
            kind, *rest = token if isinstance(token, list) else ("leaf", token)
            if kind in ("leaf", "narrow"):
                number = int(rest[0])
                if number not in weighed:
                    weighed[number] = weigh(self.system, *split_pairs(self.pool[number]))
                if kind == "narrow":
                    if narrow_box(self.system, box, weighed[number]):
                        waiting.append(box)
                elif compute_slack(self.system, box, weighed[number])[0] >= 0:
                    raise CertificateError(f"leaf {place} is not closed by its multipliers")
            elif kind == "knapsack":
                if not is_closed_by_row(self.system, box, int(rest[0]), int(rest[1]), deadline=self.deadline):
                    raise CertificateError(f"knapsack {place} does not close its part")
            elif kind == "apart":
                self._check_pieces(box, split_pairs(self.pool[int(rest[0])]), rest[1], rest[2])
            else:
                waiting.extend(reversed(branch_box(self.system, box, kind, [int(v) for v in rest])))
        if waiting:
            raise CertificateError("the tree ends before every part is closed")

    def _check_pieces(
        self, box: Box, y: tuple[IntArray, IntArray], priced: Sequence[int], proofs: Sequence[Any]
    ) -> None:
        """Verify that the bounds of the pieces prove a subproblem empty."""
        pieces = decompose_system(self.system, box, weigh(self.system, *y), priced)
        if len(proofs) != len(pieces.systems):
            raise CertificateError("as many proofs as pieces are needed")
        total = pieces.rest
        for piece, (bound, proof) in zip(pieces.systems, proofs, strict=True):
            check_refutation(piece.build_cheaper_system(int(bound)), proof, deadline=self.deadline)
            total += int(bound)
        if total <= pieces.limit:
            raise CertificateError("the bounds of the pieces do not close their part")


def branch_box(system: System, box: Box, kind: str, place: Sequence[int]) -> tuple[Box, Box]:
    """Return the two subproblems of a branch; together they contain every point of the box.

    Raises
    ------
    CertificateError
        For a column or a kind of branch that does not exist.
    """
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
