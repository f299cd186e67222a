"""The reserve list: who would enter first if money came free, best value of the first goal per euro first.

This is the order in which the linear program lets dossiers in as money grows: it is the same whatever the amount.
Whole dossiers need not enter in it; what each would take is in its changes. Dossiers that a rule keeps out
whatever the money, and those that would fit as it is, come after the others, without a rank.
"""

from __future__ import annotations

from typing import Any

from tnt_sim.study.explain.decided import Decided
from tnt_sim.verify import steps


def reserve_list(decided: Decided) -> list[dict[str, Any]]:
    """The refused candidates in order, each with its envelope, what it asks, and what is left there."""
    problem = decided.problem
    waiting = problem.offers.candidate & ~decided.allocation.funded
    listed = steps.reserve_list(problem, waiting, problem.offers.least_cents)
    place = dict(zip(decided.numbers.to_list(), range(len(decided.numbers)), strict=True))
    found = []
    for name, _, cents in listed.iter_rows():
        row = place[name]
        node = int(problem.case.node[row])
        left = max(0, int(decided.reasons.room.whole_cents[node]))
        found.append(
            {
                "rank": None,
                "dossier": name,
                "envelope": problem.case.tree.ids[node],
                "asked_cents": cents,
                "left_cents": left,
                "missing_cents": max(0, cents - left),
                "rule": str(decided.reasons.rule[row]) or None,
            }
        )
    found.sort(key=lambda one: not _waits_for_money(one))
    for rank, one in enumerate(found, start=1):
        one["rank"] = rank if _waits_for_money(one) else None
    return found


def _waits_for_money(one: dict[str, Any]) -> bool:
    return one["rule"] is None and one["missing_cents"] > 0
