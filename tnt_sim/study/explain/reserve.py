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

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.rules.base import Mode
from tnt_sim.rules.envelope import own_sums, read_sums
from tnt_sim.scenario.raising import Raising
from tnt_sim.study.explain.decided import Decided
from tnt_sim.verify import steps
from tnt_sim.verify.reasons import first_broken_with, most_tried

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
    money, in_the_way = _Money.of(decided), _in_the_way(decided)
    found = []
    for k, (name, _, cents) in enumerate(listed.iter_rows()):
        row = place[name]
        node = node_of[row]
        left = max(0, left_at[node])
        named, missing = rules[row] or None, max(0, cents - left)
        beside = k < most and not deadline.expired
        if beside:
            needed = money.missing(node, cents, missing)
            missing = missing if needed is None else needed
            named = named or in_the_way(row) or (RESERVE if needed is None else None)
        found.append(
            {
                "rank": None,
                "dossier": name,
                "envelope": problem.case.tree.ids[node],
                "asked_cents": cents,
                "left_cents": left,
                "missing_cents": missing,
                "rule": named,
                "looked_at": beside or named is not None,
            }
        )
    found.sort(key=lambda one: not _waits_for_money(one))
    for rank, one in enumerate(found, start=1):
        one["rank"] = rank if _waits_for_money(one) else None
    return found


def _waits_for_money(one: dict[str, Any]) -> bool:
    return one["rule"] is None and one["missing_cents"] > 0


@dataclass(frozen=True, slots=True)
class _Money:
    """What a list with one dossier more takes from the envelopes.

    Attributes
    ----------
    raising : the envelopes at other amounts
    own_cents : what the dossiers of each envelope itself get today
    """

    raising: Raising
    own_cents: tuple[int, ...]

    @classmethod
    def of(cls, decided: Decided) -> _Money:
        case, spec = decided.problem.case, decided.problem.scenario.spec
        own = own_sums(case.tree, case.node, decided.allocation.granted_cents)
        return cls(Raising.of(case, spec.programme), tuple(own))

    def missing(self, node: int, cents: int, room: int) -> int | None:
        """The least that the envelope and those above it lack for a dossier: about what there is no room for.

        More, where own dossiers of an envelope and its children draw on one remainder, or where a share of an
        amount is held back; less, where money reaches the envelope through several others. None where no amount
        is enough.
        """
        tree = self.raising.case.tree
        nodes = [k for k in tree.ancestors(node) if tree.amount_cents[k] is not None]
        own = list(self.own_cents)
        own[node] += cents

        def fits(more: int) -> bool:
            return read_sums(self.raising.tree(dict.fromkeys(nodes, more)), own).holds

        if fits(room):
            if not room or not fits(room - 1):
                return room
            low, high = -1, room - 1
        else:
            low, high = room, max(1, sum(own))
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


def _in_the_way(decided: Decided) -> Callable[[int], str | None]:
    """What a list with a dossier more breaks, whatever money comes."""
    problem, today = decided.problem, decided.allocation
    hard = [*problem.table_rules, *(rule for rule in problem.rules if rule.mode is Mode.HARD)]
    broken = first_broken_with(problem, today, hard)

    def named(row: int) -> str | None:
        funded, granted = today.funded.copy(), today.granted_cents.copy()
        funded[row], granted[row] = True, problem.offers.least_cents[row]
        return GRANTS if problem.offers.common.broken(funded, granted) else broken(row)

    return named
