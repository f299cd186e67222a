"""Document of "transfer or extend" (`extend --json`): amounts in integer cents, exact decimals as text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tnt_sim.analysis.extend.result import FREE, NESTED, ExtendResult, GoalParts, GrantedRange, ListAtTotal
from tnt_sim.analysis.extend.transfer import MoveEntry
from tnt_sim.analysis.marginal.extension_allocation import AddedAmount, list_added
from tnt_sim.analysis.marginal.marginal_euro import NextEuro
from tnt_sim.analysis.shared.goal_values import StageValue
from tnt_sim.analysis.shared.progress import TIME
from tnt_sim.analysis.shared.reference_solution import compare_allocations
from tnt_sim.analysis.shared.study_head import QuestionHead, build_question_head
from tnt_sim.analysis.sweep.exact_steps import Counters
from tnt_sim.documents import DecimalText, Record, spread
from tnt_sim.engine.result import Proof, Status
from tnt_sim.i18n.message import Lang
from tnt_sim.rules.linear_terms import BoolArray, Unit
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.problem import Problem
from tnt_sim.values.answer_values import Moves, Named
from tnt_sim.verify.allocation_reading import Allocation
from tnt_sim.verify.run_document import format_bound, format_fraction

MOST_LARGEST = 10
"""Most applications named with title and amount among those that enter, or leave."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendGoal:
    """One stage of the objective; `unit` says how its values are written."""

    goal: str
    sense: Sense
    unit: Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalBound(StageValue):
    """Value of one stage of the objective, and the best that any list could reach."""

    bound: DecimalText | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueLimits:
    """Limits of the best value of the first goal; null where one is unknown."""

    goal: str
    low: DecimalText | None
    high: DecimalText | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferEnvelopeEntry:
    """One written envelope at one total; departments are counted for the programme and its axes only."""

    id: str
    parent: str | None
    title: str
    amount_cents: int | None
    effective_cents: int | None
    granted_cents: int
    n_funded: int
    n_departments: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LargestGrant(Record):
    """One of the largest grants of the dossiers that enter or leave."""

    named: Named = spread(Named, "id", "title", id="dossier")
    applicant: str
    envelope: str
    cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LargestGrants:
    """The largest grants of the dossiers that enter and that leave."""

    enter: Sequence[LargestGrant] = ()
    leave: Sequence[LargestGrant] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListAtTotalEntry:
    """List and figures at one total; without a list `objective` is empty, and `limits` bound the first goal."""

    total_cents: int
    status: Status
    proof: Proof | None
    objective: Sequence[GoalBound] = ()
    limits: ValueLimits | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FundedListEntry(ListAtTotalEntry):
    """The list at one total, the moves of money that it needs, and who enters and leaves against another list."""

    n_funded: int
    n_departments: int
    granted_cents: int
    unspent_cents: int
    envelopes: Sequence[TransferEnvelopeEntry]
    moves: Sequence[MoveEntry]
    could_give: Sequence[AddedAmount]
    raised: Sequence[AddedAmount]
    enter: Sequence[str]
    leave: Sequence[str]
    more: Sequence[str]
    less: Sequence[str]
    largest: LargestGrants


type AnyListEntry = FundedListEntry | ListAtTotalEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferGain:
    """Gain of one objective by transfers at the written total; null if unknown."""

    goal: str
    transfer: DecimalText | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionGain(TransferGain):
    """Gains of one objective by transfers, by a larger total and by both; null if unknown."""

    extension: DecimalText | None
    total: DecimalText | None
    alone: DecimalText | None
    alone_beyond_transfer: DecimalText | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LargerTotalEntry:
    """One larger total, without and with transfers."""

    total_cents: int
    extra_cents: int
    alone: AnyListEntry | None
    with_transfers: AnyListEntry | None
    gains: Sequence[ExtensionGain]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendCurveEntry:
    """Transfers at the written total, then each larger total."""

    transfer: AnyListEntry | None
    gains: Sequence[TransferGain]
    totals: Sequence[LargerTotalEntry]


@dataclass(frozen=True, slots=True, kw_only=True)
class EqualListsEntry:
    """Range of the grants of each envelope over all lists of equal value and money."""

    complete: bool
    ranges: Sequence[GrantedRange]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendDocument(QuestionHead):
    """Whether to move money between envelopes at the same total, or to enlarge the total."""

    command: Literal["extend"] = "extend"
    amount_cents: int
    totals_cents: Sequence[int]
    n_departments: int
    transfers: str
    goals: Sequence[ExtendGoal]
    as_written: AnyListEntry | None
    free: ExtendCurveEntry
    nested: ExtendCurveEntry
    equal_lists: EqualListsEntry
    next: Sequence[NextEuro]


def build_document(result: ExtendResult, lang: Lang) -> ExtendDocument:
    """Build the whole document; what was not reached before the deadline or Ctrl-C is null or missing."""
    problem, course = result.base.problem, result.course
    stopped = course.status is Status.STOPPED and course.stopped_by == TIME
    status, writer = Status.FEASIBLE if stopped else course.status, _Writer(result, Counters.of(problem))
    return ExtendDocument(
        **build_question_head(problem, course, status, lang),
        amount_cents=result.path.amount_cents,
        totals_cents=result.totals,
        n_departments=writer.counters.n_departments,
        transfers=result.limits,
        goals=[
            ExtendGoal(goal=stage.goal, sense=stage.sense, unit=stage.terms.unit) for stage in problem.stages
        ],
        as_written=writer.build_entry(result.get_list(FREE, result.path.amount_cents, False), None),
        free=writer.build_curve(FREE),
        nested=writer.build_curve(NESTED),
        equal_lists=EqualListsEntry(
            complete=len(result.ranges) == result.n_ranges and all(one.proven for one in result.ranges),
            ranges=result.ranges,
        ),
        next=result.next,
    )


class _Writer:
    """Writer of the entries of one result."""

    def __init__(self, result: ExtendResult, counters: Counters) -> None:
        self.result = result
        self.counters = counters
        self.written = {spec.id for spec, _ in result.base.scenario.spec.programme.walk()}

    def build_curve(self, curve: str) -> ExtendCurveEntry:
        """Build the transfers at the written total, then each larger total."""
        written = self.result.path.amount_cents
        start = self.result.get_list(curve, written, False)
        moved = self.result.get_list(curve, written, True)
        totals = []
        for total in self.result.totals:
            single, there = (self.result.get_list(curve, total, way) for way in (False, True))
            totals.append(
                LargerTotalEntry(
                    total_cents=total,
                    extra_cents=total - written,
                    alone=self._complete(curve, total, False, self.build_entry(single, start)),
                    with_transfers=self._complete(curve, total, True, self.build_entry(there, moved)),
                    gains=[_build_goal_entry(one) for one in self.result.decompose_gains(curve, total)],
                )
            )
        return ExtendCurveEntry(
            transfer=self._complete(curve, written, True, self.build_entry(moved, start)),
            gains=[
                TransferGain(goal=one.goal, transfer=format_fraction(one.transfer))
                for one in self.result.decompose_gains(curve, written)
            ],
            totals=totals,
        )

    def _complete(
        self, curve: str, total_cents: int, moved: bool, entry: AnyListEntry | None
    ) -> AnyListEntry | None:
        """Return an entry, or where no list was found in time one of the limits of its first goal."""
        limits = self.result.get_limits(curve, total_cents, moved)
        if limits is None or (entry is not None and entry.status is not Status.STOPPED):
            return entry
        return ListAtTotalEntry(
            total_cents=total_cents,
            status=Status.STOPPED,
            proof=None,
            limits=ValueLimits(
                goal=self.result.base.problem.stages[0].goal,
                low=format_fraction(limits.low),
                high=format_fraction(limits.high),
            ),
        )

    def build_entry(self, best_list: ListAtTotal | None, against: ListAtTotal | None) -> AnyListEntry | None:
        """Build one list, and who enters and leaves against another; None if it was not computed."""
        if best_list is None:
            return None
        problem, point = best_list.problem, best_list.point
        allocation, transfers = best_list.allocation, best_list.transfers
        if allocation is None or transfers is None:
            return ListAtTotalEntry(total_cents=best_list.total_cents, status=point.status, proof=point.proof)
        funded, reading = allocation.funded, transfers.reading
        before = None if against is None else against.allocation
        moves = Moves() if before is None else compare_allocations(problem, before, allocation)
        return FundedListEntry(
            total_cents=best_list.total_cents,
            status=point.status,
            proof=point.proof,
            objective=[
                GoalBound(
                    goal=stage.goal,
                    sense=stage.sense,
                    value=format_fraction(value),
                    bound=format_bound(bound, value, is_maximised=stage.sense is Sense.MAXIMISE),
                )
                for stage, value, bound in zip(problem.stages, point.values, point.bounds, strict=True)
            ],
            n_funded=int(funded.sum()),
            n_departments=int(self.counters.count_departments(funded[:, None])[0]),
            granted_cents=reading.granted_cents[0],
            unspent_cents=reading.left_cents[0],
            envelopes=self._build_envelope_entries(best_list, funded),
            moves=transfers.moves,
            could_give=list_added(transfers.could_give),
            raised=list_added(transfers.raised),
            enter=moves.enter,
            leave=moves.leave,
            more=moves.more,
            less=moves.less,
            largest=LargestGrants()
            if before is None
            else LargestGrants(
                enter=_list_largest_grants(problem, funded & ~before.funded, allocation),
                leave=_list_largest_grants(problem, before.funded & ~funded, before),
            ),
        )

    def _build_envelope_entries(
        self, best_list: ListAtTotal, funded: BoolArray
    ) -> list[TransferEnvelopeEntry]:
        """Build each written envelope, parts of a split included.

        Departments are counted for the programme and its axes only.
        """
        assert best_list.transfers is not None
        tree, node, reading = (
            best_list.problem.case.tree,
            best_list.problem.case.node,
            best_list.transfers.reading,
        )
        counts = tree.sum_subtrees(np.bincount(node[funded & (node >= 0)], minlength=tree.n_nodes).tolist())
        axes = [0, *tree.list_children(0)]
        lists = np.stack([funded & (node >= k) & (node < tree.end[k]) for k in axes], axis=1)
        reached = dict(zip(axes, self.counters.count_departments(lists).tolist(), strict=True))
        return [
            TransferEnvelopeEntry(
                id=name,
                parent=tree.ids[int(tree.parent[k])] if k else None,
                title=tree.titles[k],
                amount_cents=tree.written_cents[k],
                effective_cents=reading.effective_cents[k],
                granted_cents=reading.granted_cents[k],
                n_funded=counts[k],
                n_departments=reached.get(k),
            )
            for k, name in enumerate(tree.ids)
            if name in self.written
        ]


def _list_largest_grants(problem: Problem, mask: BoolArray, of: Allocation) -> list[LargestGrant]:
    """List the largest grants of some applications, by amount, then by rank."""
    table, tree = problem.case.table, problem.case.tree
    rows = np.flatnonzero(mask)
    rows = rows[np.argsort(-of.granted_cents[rows], kind="stable")][:MOST_LARGEST]
    return [
        LargestGrant(
            named=Named(table["dossier"][row], table["title"][row]),
            applicant=table["applicant"][row],
            envelope=tree.ids[int(problem.case.node[row])],
            cents=int(of.granted_cents[row]),
        )
        for row in rows.tolist()
    ]


def _build_goal_entry(goal: GoalParts) -> ExtensionGain:
    return ExtensionGain(
        goal=goal.goal,
        transfer=format_fraction(goal.transfer),
        extension=format_fraction(goal.extension),
        total=format_fraction(goal.total),
        alone=format_fraction(goal.money_gain),
        alone_beyond_transfer=format_fraction(goal.transfer_gain),
    )
