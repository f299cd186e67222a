"""Transfers between envelopes at the same total: trees with and without them, and the moves of an allocation.

    without   amounts as written: no envelope gives to a sibling; unassigned money goes as stated
    with      children with stated transfers keep these and their limits; elsewhere money goes to
              any envelope below the programme (`partition`)

Ring fences, reserves, minimum uses and rules apply in both. The moves are read from an allocation
in whole cents: a parent's unassigned money goes first, then siblings give in the order of the tree.
For g givers and t takers this north-west corner rule needs at most g + t − 1 moves. Stated
transfers are read as in a run (`rules/envelopes/transfers`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tnt_sim.analysis.marginal.partition import make_fungible
from tnt_sim.domain.budget_tree import Tree
from tnt_sim.errors import Defect, VerificationError
from tnt_sim.i18n.message import _
from tnt_sim.rules.envelopes.transfers import Move, Settlement, has_transfers, settle
from tnt_sim.rules.envelopes.tree_reading import EnvelopeReading, read_envelopes
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.allocation_reading import Allocation

TRANSFER, UNASSIGNED = "transfer", "unassigned"
STATED_LIMITS, NO_LIMITS, SOME_LIMITS, NOTHING = "stated", "free", "mixed", "none"


@dataclass(frozen=True, slots=True)
class MoveEntry:
    """Money that one envelope gives to a sibling (`transfer`), or a parent of what it has not assigned."""

    from_: str
    to: str
    cents: int
    kind: str


@dataclass(frozen=True, slots=True, eq=False)
class TransferReading:
    """Moves with which an allocation fits the amounts.

    Attributes
    ----------
    moves : in the order of the tree; deterministic
    could_give : by envelope, cents it could give instead of another giver: the moves are not unique
    raised : by envelope, excess over a ceiling that is not money of its own (`overbooked`, or an
    amount below an envelope without amount)
    reading : all figures of the tree
    """

    moves: tuple[MoveEntry, ...]
    could_give: Mapping[str, int]
    raised: Mapping[str, int]
    reading: EnvelopeReading


def without_transfers(problem: Problem) -> Problem:
    """Return the problem in which no envelope gives to a sibling."""
    tree = problem.case.tree
    options = tuple(replace(one, transfer_to=(), out_cents=None, in_cents=None) for one in tree.options)
    return _with_tree(problem, replace(tree, options=options))


def with_transfers(problem: Problem) -> Problem:
    """Return the problem with fungible money below the programme, within stated limits."""
    return _with_tree(problem, make_fungible(problem.case.tree, 0, wholly=True, stated=True))


def has_same_amounts(left: Problem, other: Problem) -> bool:
    """Whether the trees of two problems allow the same money."""
    a, b = left.case.tree, other.case.tree
    return (a.amount_cents, a.written_cents, a.options, a.unassigned, a.unassigned_to) == (
        b.amount_cents,
        b.written_cents,
        b.options,
        b.unassigned,
        b.unassigned_to,
    )


def classify_transfer_limits(tree: Tree) -> str:
    """Return what limits transfers: `stated`, `free`, `mixed`, or `none` if there are no separate amounts."""
    families = [
        has_transfers(tree, children)
        for children in map(tree.list_children, range(tree.n_nodes))
        if any(tree.written_cents[k] is not None for k in children)
    ]
    if not families:
        return NOTHING
    return STATED_LIMITS if all(families) else SOME_LIMITS if any(families) else NO_LIMITS


def read_transfers(problem: Problem, allocation: Allocation, *, moved: bool) -> TransferReading:
    """Find the moves with which an allocation fits the amounts, with transfers or without."""
    tree, node = problem.case.tree, problem.case.node
    siblings = _Siblings(tree)
    if moved:
        apart = make_fungible(tree, 0, wholly=True, stated=True, lifted=False)
        reading = read_envelopes(apart, node, allocation.granted_cents, siblings)
    else:
        apart = without_transfers(problem).case.tree
        reading = read_envelopes(apart, node, allocation.granted_cents)
    if not reading.holds:
        raise _build_excess_error(tree, reading)
    moves = [MoveEntry(tree.ids[m.giver], tree.ids[m.taker], m.cents, TRANSFER) for m in reading.moves]
    parent = tree.parent
    moves += [
        MoveEntry(tree.ids[int(parent[k])], tree.ids[k], cents, UNASSIGNED)
        for k, cents in enumerate(reading.extra_cents)
        if cents
    ]
    place = {name: k for k, name in enumerate(tree.ids)}
    moves.sort(key=lambda move: (place[move.from_], place[move.to]))
    could = siblings.compute_unused_transfers()
    raised = {
        tree.ids[k]: over
        for k, cents in enumerate(tree.amount_cents)
        if cents is not None
        and apart.amount_cents[k] is None
        and (over := reading.granted_cents[k] - cents) > 0
    }
    return TransferReading(tuple(moves), {tree.ids[k]: cents for k, cents in could.items()}, raised, reading)


def _with_tree(problem: Problem, tree: Tree) -> Problem:
    return replace(problem, case=replace(problem.case, tree=tree))


def _build_excess_error(tree: Tree, reading: EnvelopeReading) -> VerificationError:
    name = tree.ids[next(k for k, cents in enumerate(reading.excess_cents) if cents)]
    text = _('the list exceeds "{name}", transfers included.', name=name)
    return VerificationError([Defect("transfers", text)])


@dataclass
class _Siblings:
    """Settles the needs of siblings: stated transfers as in a run, others in the order of the tree.

    `last` holds, by parent, what each child could spare and the settlement of the last call.
    """

    written: Tree
    last: dict[int, tuple[Mapping[int, int], Settlement]] = field(default_factory=dict)

    def __call__(
        self,
        tree: Tree,
        children: Sequence[int],
        needs: Mapping[int, int],
        gaining: Sequence[int],
        pool: int | None,
    ) -> Settlement:
        parent = int(tree.parent[children[0]]) if children else 0
        stated = has_transfers(self.written, children)
        transferred = (settle if stated else _settle_in_tree_order)(tree, children, needs, gaining, pool)
        self.last[parent] = (
            {child: _compute_spare_cents(tree, child, needs[child]) for child in children},
            transferred,
        )
        return transferred

    def compute_unused_transfers(self) -> dict[int, int]:
        """Return by node what it could give to a sibling that now receives from another."""
        could: dict[int, int] = {}
        for spares, settlement in self.last.values():
            for child, whole in spares.items():
                spare = whole - sum(move.cents for move in settlement.moves if move.giver == child)
                others = {move.taker for move in settlement.moves if move.giver != child}
                if spare > 0 and any(self._can_give(child, taker) for taker in others):
                    could[child] = spare
        return could

    def _can_give(self, child: int, taker: int) -> bool:
        siblings = self.written.list_children(int(self.written.parent[child]))
        if has_transfers(self.written, siblings):
            return taker in self.written.options[child].transfer_to
        return not self.written.ring_fenced[child]


def _compute_spare_cents(tree: Tree, child: int, need: int) -> int:
    out = tree.options[child].out_cents
    return max(0, -need) if out is None else min(max(0, -need), out)


def _settle_in_tree_order(
    tree: Tree, children: Sequence[int], needs: Mapping[int, int], gaining: Sequence[int], pool: int | None
) -> Settlement:
    """Meet needs from the parent's pool, then from siblings without a fence, in the order of the tree."""
    wants = {child: needs[child] for child in children if needs[child] > 0}
    left = sum(wants.values()) if pool is None else pool
    added: dict[int, int] = {}
    for child in wants:
        if child in gaining and (cents := min(left, wants[child])):
            added[child], left, wants[child] = cents, left - cents, wants[child] - cents
    moves = []
    for giver in children:
        spare = 0 if tree.ring_fenced[giver] else _compute_spare_cents(tree, giver, needs[giver])
        for taker in wants:
            if not tree.ring_fenced[taker] and (cents := min(spare, wants[taker])):
                moves.append(Move(giver, taker, cents))
                spare, wants[taker] = spare - cents, wants[taker] - cents
    return Settlement(added, tuple(moves), {child: cents for child, cents in wants.items() if cents})
