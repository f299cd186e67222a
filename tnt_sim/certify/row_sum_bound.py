"""The best of a goal under a few sums of rows, each an exact knapsack; one certificate serves every amount.

A group is a set of multipliers on rows, by the rows' names. Its sum is one row that every allocation keeps, so

    max { g·x : x keeps every row }  ≤  Σ_groups knapsack(g, sum of the group)  +  Σ_others max(0, g)

The multipliers hold whatever the rows' bounds are: as an envelope grows only the knapsacks' capacities move. Where
the sums' coefficients are the grants, up to one factor a group, the choice found is also the cheapest of its value
and the first in rank order; read exactly against all rows, it is then the one answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tnt_sim.certify.system import MultiplierError, System
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.knapsack import TooManyStates, knapsack
from tnt_sim.kernel.profit_frontier import curve, items_of
from tnt_sim.rules.linear_terms import BoolArray, IntArray

Group = Mapping[str, int]
"""Multipliers > 0 of rows, by name."""


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """One group as a knapsack: its choices in rank order, their gains and weights, and the capacity."""

    choice: IntArray
    gain: IntArray
    weight: IntArray
    room: int


@dataclass(frozen=True, slots=True, eq=False)
class Relaxed:
    """A system as knapsacks: what is taken outside them, bool (n_choices,), what that is worth, and the packs.

    `rest` bounds what free columns may add; `cheapest`: every pack weighs grants, up to one factor.
    """

    outside: BoolArray
    value: int
    rest: int
    packs: tuple[Pack, ...]
    cheapest: bool


@dataclass(frozen=True, slots=True, eq=False)
class Best:
    """The greatest gain, bound and choice in one: no allocation is worth more than `bound`."""

    bound: int
    taken: BoolArray


def relaxed(system: System, gain: IntArray, cost: IntArray, groups: Sequence[Group]) -> Relaxed | None:
    """The system under the sums of the groups alone; None when a sum shows that it holds no point.

    Parameters
    ----------
    gain, cost : int64 (n_cols,), what a column adds to the goal (to be maximised) and to what is granted

    Raises
    ------
    MultiplierError
        For groups that share a choice, a sum with a negative coefficient, or dossiers with several amounts.
    """
    n = system.n_choices
    if len(np.unique(system.block[:n])) != n:
        raise MultiplierError("a dossier has several amounts")
    must, open_ = system.must.copy(), system.high[:n] > 0
    seen = np.zeros(n, dtype=np.bool_)
    packs, cheapest = [], True
    for group in groups:
        weight, room = _summed(system, group)
        columns = np.flatnonzero(weight > 0)
        if seen[columns].any():
            raise MultiplierError("two groups share a choice")
        seen[columns] = True
        room -= int(weight[must].sum())
        if room < 0:
            return None
        mine = columns[~must[columns] & open_[columns] & (gain[columns] > 0)]
        packs.append(Pack(mine, gain[mine], weight[mine], room))
        cheapest &= _in_proportion(weight[columns], cost[columns])
    outside = must | (open_ & ~seen & (gain[:n] > 0))
    free = gain[n:]
    rest = int(np.maximum(free * system.low[n:], free * system.high[n:]).sum())
    return Relaxed(outside, int(gain[:n][outside].sum()), rest, tuple(packs), cheapest)


def best_under(found: Relaxed, deadline: Deadline = UNLIMITED) -> Best:
    """The knapsacks solved, each exactly.

    Raises
    ------
    MultiplierError
        When a knapsack is too large.
    DeadlineExpired
        When time is up.
    """
    taken, value = found.outside.copy(), found.value
    for pack in found.packs:
        chosen = _packed(pack, deadline)
        taken[pack.choice[chosen]] = True
        value += int(pack.gain[chosen].sum())
    return Best(value + found.rest, taken)


def _packed(pack: Pack, deadline: Deadline) -> BoolArray:
    """The best choice of one pack, the cheapest and then the first in rank order; bool (n_items,)."""
    if not len(pack.choice):
        return np.zeros(0, dtype=np.bool_)
    try:
        best = knapsack(pack.gain, pack.weight, pack.room, deadline=deadline)
        if best.ways == 1:
            return best.taken
        return items_of(pack.gain, pack.weight, best.profit, best.weight, deadline=deadline)
    except (TooManyStates, OverflowError):
        pass
    try:
        steps = curve(pack.gain, pack.weight, deadline)
    except TooManyStates as error:
        raise MultiplierError(f"a sum of rows is too large a knapsack: {error}") from error
    place = steps.step_at(pack.room)
    return steps.choices(np.array([place], dtype=np.int64))[:, 0]


def _summed(system: System, group: Group) -> tuple[IntArray, int]:
    """The sum of a group over choices, int64 (n_choices,), and its bound less the least of its free columns."""
    place = {name: k for k, name in enumerate(system.rows.names)}
    known = [(place[name], y) for name, y in group.items() if name in place]
    if any(y <= 0 for _, y in known):
        raise MultiplierError("a multiplier is not positive")
    index = np.array([k for k, _ in known], dtype=np.int64)
    y = np.array([y for _, y in known], dtype=np.int64)
    n = system.n_choices
    total = system.rows.weighed(index, y, system.n_cols)
    if (total[:n] < 0).any():
        raise MultiplierError("a sum of rows has a negative coefficient")
    free = total[n:]
    limit = sum(int(a) * int(b) for a, b in zip(y.tolist(), system.rows.upper[index].tolist(), strict=True))
    least = np.minimum(free.astype(object) * system.low[n:], free.astype(object) * system.high[n:])
    return total[:n], limit - int(sum(least.tolist()))


def _in_proportion(weight: IntArray, cost: IntArray) -> bool:
    """Whether weights are the costs up to one factor."""
    if not len(weight):
        return True
    return bool((weight.astype(object) * int(cost[0]) == cost.astype(object) * int(weight[0])).all())
