"""The reserve list: who would enter first if money came free, best value of the first goal per euro first.

This is the order in which the linear program lets dossiers in as money grows: it is the same whatever the amount.
Whole dossiers need not enter in it; what each would take is in its changes. Each waits for one thing:

- `rule`: funded beside today's list, whatever money comes, the dossier would break it
- else `missing_cents`: with so much more in its envelope and in those above, it enters beside today's list; where
  a share of the amount is held back, so much is written that what is left of it is enough

Dossiers that wait for a rule, and those that would fit as it is, come after the others, without a rank. Each is
read beside today's list as long as there is time (`looked_at`); after that `missing_cents` is a least.
"""

from __future__ import annotations

from typing import Any

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.rules.base import Mode, exact_sum
from tnt_sim.rules.envelope import read_envelopes
from tnt_sim.scenario.compile import Problem
from tnt_sim.scenario.raising import Raising
from tnt_sim.study.explain.decided import Decided
from tnt_sim.verify import steps
from tnt_sim.verify.reading import Allocation
from tnt_sim.verify.reasons import first_broken, most_tried

RESERVE = "reserve"
"""What stands in the way where an envelope holds back all that it gets."""
MOST_DOUBLINGS = 20
"""How often the granted money is doubled before an envelope is taken to hold back all that it gets."""
GRANTS = "grants"
"""What stands for the rule of a common rate, which has no name of its own."""


def reserve_list(decided: Decided, deadline: Deadline = UNLIMITED) -> list[dict[str, Any]]:
    """The refused candidates in order, each with its envelope, what it asks, and what it waits for."""
    problem = decided.problem
    waiting = problem.offers.candidate & ~decided.allocation.funded
    listed = steps.reserve_list(problem, waiting, problem.offers.least_cents)
    place = dict(zip(decided.numbers.to_list(), range(len(decided.numbers)), strict=True))
    most, node_of = most_tried(problem), problem.case.node.tolist()
    left_at, rules = decided.reasons.room.whole_cents.tolist(), decided.reasons.rule.to_list()
    found = []
    for k, (name, _, cents) in enumerate(listed.iter_rows()):
        row = place[name]
        node = node_of[row]
        left = max(0, left_at[node])
        named, missing = rules[row] or None, max(0, cents - left)
        beside = _beside(decided, row) if k < most and not deadline.expired else None
        if beside is not None:
            needed = _missing(problem, beside, node, missing)
            missing = missing if needed is None else needed
            named = named or _in_the_way(problem, beside, row) or (RESERVE if needed is None else None)
        found.append(
            {
                "rank": None,
                "dossier": name,
                "envelope": problem.case.tree.ids[node],
                "asked_cents": cents,
                "left_cents": left,
                "missing_cents": missing,
                "rule": named,
                "looked_at": beside is not None or named is not None,
            }
        )
    found.sort(key=lambda one: not _waits_for_money(one))
    for rank, one in enumerate(found, start=1):
        one["rank"] = rank if _waits_for_money(one) else None
    return found


def _waits_for_money(one: dict[str, Any]) -> bool:
    return one["rule"] is None and one["missing_cents"] > 0


def _beside(decided: Decided, row: int) -> Allocation:
    """Today's list with one dossier more, for the least that it may get."""
    funded, granted = decided.allocation.funded.copy(), decided.allocation.granted_cents.copy()
    funded[row], granted[row] = True, decided.problem.offers.least_cents[row]
    return Allocation(funded, granted)


def _missing(problem: Problem, beside: Allocation, node: int, room: int) -> int | None:
    """The least that the envelope and those above it lack for a list: about what there is no room for.

    More, where own dossiers of an envelope and its children draw on one remainder, or where a share of an amount
    is held back; less, where money reaches the envelope through several others. None where no amount is enough.
    """
    tree = problem.case.tree
    nodes = [k for k in tree.ancestors(node) if tree.amount_cents[k] is not None]
    raising = Raising.of(problem.case, problem.scenario.spec.programme)

    def fits(cents: int) -> bool:
        raised = raising.tree(dict.fromkeys(nodes, cents))
        return read_envelopes(raised, problem.case.node, beside.granted_cents).holds

    if fits(room):
        if not room or not fits(room - 1):
            return room
        low, high = -1, room - 1
    else:
        low, high = room, max(1, exact_sum(beside.granted_cents))
        for _ in range(MOST_DOUBLINGS):
            if fits(high):
                break
            low, high = high, 2 * high
        else:
            return None
    while high - low > 1:
        half = (low + high) // 2
        low, high = (low, half) if fits(half) else (half, high)
    return high


def _in_the_way(problem: Problem, beside: Allocation, row: int) -> str | None:
    """What a list with a dossier more breaks, whatever money comes."""
    if problem.offers.common.broken(beside.funded, beside.granted_cents):
        return GRANTS
    caps = bool(problem.caps.in_shared(problem.offers)[row])
    return first_broken(problem, beside.funded, beside.granted_cents, _hard(problem), caps=caps)


def _hard(problem: Problem) -> list[Any]:
    return [*problem.table_rules, *(rule for rule in problem.rules if rule.mode is Mode.HARD)]
