"""Document of "transfer or extend" (`extend --json`): amounts in integer cents, exact decimals as text."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from tnt_sim.analysis.extend.result import FREE, NESTED, ExtendResult, GoalParts, ListAtTotal
from tnt_sim.analysis.marginal.questions import build_head, build_marginal_entry
from tnt_sim.analysis.shared.reference_solution import Moves, compare_allocations
from tnt_sim.analysis.sweep.exact_steps import Counters
from tnt_sim.i18n.message import Lang
from tnt_sim.rules.linear_terms import BoolArray
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.allocation_reading import Allocation
from tnt_sim.verify.run_document import format_fraction

Document = dict[str, Any]
MOST_LARGEST = 10
"""Most applications named with title and amount among those that enter, or leave."""


def build_document(result: ExtendResult, lang: Lang) -> Document:
    """Write the whole document; what was not reached before the deadline or Ctrl-C is null or missing."""
    problem, course = result.base.problem, result.course
    head = build_head(problem, "", result.path, lang)
    for key in ("question", "points", "envelope"):
        del head[key]
    status = "feasible" if course.status == "stopped" and course.stopped_by == "time" else course.status
    writer = _Writer(result, Counters.of(problem))
    return {
        **head,
        "command": "extend",
        **course.record(),
        "status": status,
        "totals_cents": list(result.totals),
        "n_departments": writer.counters.n_departments,
        "transfers": result.limits,
        "goals": [
            {"goal": stage.goal, "sense": stage.sense.value, "unit": stage.terms.unit.value}
            for stage in problem.stages
        ],
        "as_written": writer.build_entry(result.get_list(FREE, result.path.amount_cents, False), None),
        **{curve: writer.build_curve(curve) for curve in (FREE, NESTED)},
        "equal_lists": {
            "complete": len(result.ranges) == result.n_ranges and all(one.proven for one in result.ranges),
            "ranges": [
                {
                    "envelope": one.envelope,
                    "least_cents": one.least_cents,
                    "most_cents": one.most_cents,
                    "proven": one.proven,
                }
                for one in result.ranges
            ],
        },
        "next": [build_marginal_entry(one) for one in result.next],
    }


class _Writer:
    """Writer of the entries of one result."""

    def __init__(self, result: ExtendResult, counters: Counters) -> None:
        self.result = result
        self.counters = counters
        self.written = {spec.id for spec, _ in result.base.scenario.spec.programme.walk()}

    def build_curve(self, curve: str) -> Document:
        """Write the transfers at the written total, then each larger total."""
        written = self.result.path.amount_cents
        start = self.result.get_list(curve, written, False)
        moved = self.result.get_list(curve, written, True)
        totals = []
        for total in self.result.totals:
            single, there = (self.result.get_list(curve, total, way) for way in (False, True))
            pieces = [_build_goal_entry(one) for one in self.result.decompose_gains(curve, total)]
            totals.append(
                {
                    "total_cents": total,
                    "extra_cents": total - written,
                    "alone": self.build_entry(single, start),
                    "with_transfers": self.build_entry(there, moved),
                    "gains": pieces,
                }
            )
        gains = [_build_goal_entry(one) for one in self.result.decompose_gains(curve, written)]
        return {
            "transfer": self.build_entry(moved, start),
            "gains": [{key: one[key] for key in ("goal", "transfer")} for one in gains],
            "totals": totals,
        }

    def build_entry(self, best_list: ListAtTotal | None, against: ListAtTotal | None) -> Document | None:
        """Write one list, and who enters and leaves against another; None if it was not computed."""
        if best_list is None:
            return None
        problem, point = best_list.problem, best_list.point
        head = {
            "total_cents": best_list.total_cents,
            "status": point.status.value,
            "proof": None if point.proof is None else point.proof.value,
        }
        allocation, transfers = best_list.allocation, best_list.transfers
        if allocation is None or transfers is None:
            return {**head, "objective": []}
        funded = allocation.funded
        reading = transfers.reading
        return {
            **head,
            "objective": [
                {
                    "goal": stage.goal,
                    "sense": stage.sense.value,
                    "value": format_fraction(value),
                    "bound": format_fraction(bound),
                }
                for stage, value, bound in zip(problem.stages, point.values, point.bounds, strict=True)
            ],
            "n_funded": int(funded.sum()),
            "n_departments": int(self.counters.count_departments(funded[:, None])[0]),
            "granted_cents": reading.granted_cents[0],
            "unspent_cents": reading.left_cents[0],
            "envelopes": self._build_envelope_entries(best_list, funded),
            "moves": [
                {"from": one.giver, "to": one.taker, "cents": one.cents, "kind": one.kind}
                for one in transfers.moves
            ],
            "could_give": [
                {"envelope": name, "cents": cents} for name, cents in transfers.could_give.items()
            ],
            "raised": [{"envelope": name, "cents": cents} for name, cents in transfers.raised.items()],
            **self._build_moves_entry(problem, None if against is None else against.allocation, allocation),
        }

    def _build_envelope_entries(self, best_list: ListAtTotal, funded: BoolArray) -> list[Document]:
        """Write each written envelope, parts of a split included.

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
            {
                "id": name,
                "parent": tree.ids[int(tree.parent[k])] if k else None,
                "title": tree.titles[k],
                "amount_cents": tree.written_cents[k],
                "effective_cents": reading.effective_cents[k],
                "granted_cents": reading.granted_cents[k],
                "n_funded": counts[k],
                "n_departments": reached.get(k),
            }
            for k, name in enumerate(tree.ids)
            if name in self.written
        ]

    def _build_moves_entry(self, problem: Problem, before: Allocation | None, after: Allocation) -> Document:
        """Write who enters, leaves or gets another amount, and the largest of them."""
        if before is None:
            nothing: Document = {"enter": [], "leave": [], "more": [], "less": []}
            return {**nothing, "largest": {"enter": [], "leave": []}}
        moved = compare_allocations(problem, before, after)
        ids = {key: list(getattr(moved, key)) for key in Moves.__slots__}
        masks = {"enter": after.funded & ~before.funded, "leave": before.funded & ~after.funded}
        lists = {"enter": after, "leave": before}
        largest = {key: _list_largest_grants(problem, masks[key], lists[key]) for key in masks}
        return {**ids, "largest": largest}


def _list_largest_grants(problem: Problem, mask: BoolArray, of: Allocation) -> list[Document]:
    """List the largest grants of some applications, by amount, then by rank."""
    table, tree = problem.case.table, problem.case.tree
    rows = np.flatnonzero(mask)
    rows = rows[np.argsort(-of.granted_cents[rows], kind="stable")][:MOST_LARGEST]
    return [
        {
            "dossier": table["dossier"][row],
            "title": table["title"][row],
            "applicant": table["applicant"][row],
            "envelope": tree.ids[int(problem.case.node[row])],
            "cents": int(of.granted_cents[row]),
        }
        for row in rows.tolist()
    ]


def _build_goal_entry(goal: GoalParts) -> Document:
    texts: Sequence[tuple[str, Fraction | None]] = (
        ("transfer", goal.transfer),
        ("extension", goal.extension),
        ("total", goal.total),
        ("alone", goal.money_gain),
        ("alone_beyond_transfer", goal.transfer_gain),
    )
    return {"goal": goal.goal, **{key: format_fraction(value) for key, value in texts}}
