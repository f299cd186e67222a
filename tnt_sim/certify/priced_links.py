"""The second reading of rules on who goes with whom: `exclusive`, `requires`, `together`, `order`, `decide`.

exclusive   Σ_{i in group} xᵢ ≤ max
requires    xᵢ ≤ xⱼ for each j where all are needed, else k·xᵢ ≤ Σ_{j in need} xⱼ
together    x₁ ≤ x₂ ≤ … ≤ x_m ≤ x₁ in each group
order       |L_l|·xᵢ ≤ Σ_{j in L_l} xⱼ for each i of level l + 1
queue       xᵢ = 1 or 0 as reading it once says, where all amounts are fixed
decide      xᵢ ≥ 1 for what is funded, xᵢ ≤ 0 for what is refused
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import polars as pl

from tnt_sim.certify.priced_rows import Lines, named
from tnt_sim.rules.base import IntArray
from tnt_sim.rules.decide import Decisions
from tnt_sim.rules.order import Order
from tnt_sim.rules.queue import FirstCome, Queue
from tnt_sim.rules.relation import Exclusive, Requires
from tnt_sim.rules.together import Together


def exclusive_lines(lines: Lines, rule: Exclusive) -> None:
    """At most `most` of each group."""
    members = rule.members
    names = [f"{named('rule', rule.id, name)}:max" for name in members.names]
    ones = np.ones(len(members.group), dtype=np.int64)
    lines.add_funded(names, members.group, members.dossier, ones, [rule.most] * len(names))


def requires_lines(lines: Lines, rule: Requires) -> None:
    """Each head with as many of its needs as it asks for."""
    needs, numbers = rule.needs, rule.dossier
    starts = np.searchsorted(needs.group, np.arange(len(rule.head) + 1)).tolist()
    first, second = [], []
    for k, (head, least) in enumerate(zip(rule.head.tolist(), rule.at_least.tolist(), strict=True)):
        mine = needs.dossier[starts[k] : starts[k + 1]]
        if least == len(mine):
            first += [head] * len(mine)
            second += mine.tolist()
            continue
        name = f"{named('rule', rule.id, numbers[head])}:max"
        value = np.concatenate([[least], np.full(len(mine), -1)]).astype(np.int64)
        lines.add_funded([name], np.zeros(len(value), dtype=np.int64), np.append(head, mine), value, [0])
    _implied(lines, rule.id, np.array(first, dtype=np.int64), np.array(second, dtype=np.int64), numbers)


def together_lines(lines: Lines, rule: Together) -> None:
    """Each member of a group with the one after it, the last with the first."""
    first, second = [], []
    members = rule.members
    starts = np.searchsorted(members.group, np.arange(len(members.names) + 1)).tolist()
    for start, end in pairwise(starts):
        mine = members.dossier[start:end].tolist()
        first += mine
        second += [*mine[1:], *mine[:1]]
    _implied(lines, rule.id, np.array(first, dtype=np.int64), np.array(second, dtype=np.int64), rule.dossier)


def _implied(lines: Lines, rule: str, first: IntArray, second: IntArray, numbers: pl.Series) -> None:
    """x_first ≤ x_second for each pair."""
    pairs = zip(numbers.gather(first).to_list(), numbers.gather(second).to_list(), strict=True)
    names = [f"{named('rule', rule, f'{a} → {b}')}:max" for a, b in pairs]
    row, ones = np.arange(len(names)), np.ones(len(names), dtype=np.int64)
    lines.add_funded(
        names,
        np.concatenate([row, row]),
        np.concatenate([first, second]),
        np.concatenate([ones, -ones]),
        [0] * len(names),
    )


def order_lines(lines: Lines, rule: Order) -> None:
    """Each dossier with all of the level before it; levels of several pass through further columns: unread."""
    numbers = dict(zip(rule.dossier.tolist(), rule.number.gather(rule.dossier).to_list(), strict=True))
    names: list[str] = []
    row, dossier, value = [], [], []
    levels: dict[tuple[int, int], list[int]] = {}
    for group, level, one in zip(
        rule.group.tolist(), rule.level.tolist(), rule.dossier.tolist(), strict=True
    ):
        levels.setdefault((group, level), []).append(one)
    for (group, level), mine in levels.items():
        above = levels.get((group, level - 1), [])
        for one in mine if above else ():
            row += [len(names)] * (1 + len(above))
            dossier += [one, *above]
            value += [len(above), *([-1] * len(above))]
            names.append(f"{named('rule', rule.id, numbers[one])}:max")
            if len(above) > 1:
                lines.unread.add(names[-1])
                lines.unread.update(f"{named('link', rule.id, numbers[better])}:max" for better in above)
    at, whose, worth = (np.array(part, dtype=np.int64) for part in (row, dossier, value))
    lines.add_funded(names, at, whose, worth, [0] * len(names))


def queue_lines(lines: Lines, rule: FirstCome) -> None:
    """A queue of fixed amounts is read once; one with open amounts is unread but for its money."""
    for queue in rule.queues:
        most, least = rule.most_cents[queue.dossier], rule.least_cents[queue.dossier]
        names = rule.number.gather(queue.dossier).to_list()
        if (most == least).all():
            _served(lines, rule, queue, names)
            continue
        lines.unread.update(f"{named('rule', rule.id, name)}:max" for name in names)
        lines.unread.update(f"{named('rule', rule.id, name, 'turn')}:min" for name in names)
        lines.unread.add(f"{named('rule', rule.id, queue.name, 'money')}:max")


def _served(lines: Lines, rule: FirstCome, queue: Queue, names: list[str]) -> None:
    left, value, bound = queue.money_cents, [], []
    for cents in rule.least_cents[queue.dossier].tolist():
        served = cents <= left
        left -= cents if served else 0
        value.append(-1 if served else 1)
        bound.append(-1 if served else 0)
    labels = [f"{named('rule', rule.id, name)}:max" for name in names]
    lines.add_funded(labels, np.arange(len(labels)), queue.dossier, np.array(value, dtype=np.int64), bound)


def decided_lines(lines: Lines, decided: Decisions) -> None:
    """What is decided; a refused dossier has no choice, so that its row has no entry."""
    for sign in (1, -1):
        dossier = np.flatnonzero((decided.choice == sign) & ~lines.columns.offers.committed)
        names = [f"decide:{place}" for place in dossier.tolist()]
        value = np.full(len(names), -sign, dtype=np.int64)
        lines.add_funded(names, np.arange(len(names)), dossier, value, [-1 if sign > 0 else 0] * len(names))
