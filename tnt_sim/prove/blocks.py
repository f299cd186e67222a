"""A proof by exact blocks under the prices of the system's linear program."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from tnt_sim.certify.by_blocks import SCALE, gains, items_of
from tnt_sim.certify.by_caps import rooms
from tnt_sim.certify.menus import one_at_most
from tnt_sim.certify.one_row import made_choices
from tnt_sim.certify.system import STAGE, MultiplierError, System
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.binding import settle
from tnt_sim.kernel.knapsack import TooManyStates
from tnt_sim.prove.live_lp import Answer, LiveLp
from tnt_sim.rules.base import IntArray

MAX_WORK = 6_000_000
MAX_CHOICES = 100_000
"""Beyond, the linear program is worth its time to other kinds of proof only."""


def by_blocks(system: System, deadline: Deadline = UNLIMITED) -> dict[str, Any] | None:
    """A proof that the kernel closes the system by the rows that bind; None where it does not.

    The goal is a stage's row that has something to gain; « less granted » is then one more cap.
    """
    try:
        read = one_at_most(system, range(system.rows.n))
    except MultiplierError:
        return None
    if not 0 < read.n_choices <= MAX_CHOICES:
        return None
    for goal in reversed([k for k, name in enumerate(system.rows.names) if name.startswith(STAGE)]):
        try:
            found = _for_goal(system, read, goal, deadline)
        except (MultiplierError, TooManyStates, OverflowError):
            found = None
        if found is not None:
            return found
    return None


def _for_goal(system: System, read: System, goal: int, deadline: Deadline) -> dict[str, Any] | None:
    gain, wanted = gains(read, goal)
    if not (gain > 0).any():
        return None
    # as written at first it is as tight, and smaller where units became choices
    relaxed = LiveLp(system, goal).solve(system.box(), deadline)
    if relaxed.answer is not Answer.BOUNDED:
        return None
    price = np.rint(relaxed.prices * 2.0**SCALE) / 2.0**SCALE
    matrix, upper, others = binding_rows(read, goal)
    group = read.block[items_of(read)]
    found = settle(gain, matrix, upper, price[others], MAX_WORK, wanted, group=group, deadline=deadline)
    if found is None or found.best is not None:
        return None
    used = [int(others[k]) for k in found.rows]
    prices = [int(k) for k in np.rint(found.price * 2.0**SCALE).tolist()]
    return {"blocks": {"goal": goal, "rows": used, "own": list(found.own), "prices": prices, "scale": SCALE}}


def binding_rows(system: System, goal: int) -> tuple[sp.csr_array, IntArray, IntArray]:
    """The rows but the goal over the items, as the check reads them: matrix, bounds, and the rows' numbers.

    Rows that nothing can break are left out: those of ranges whose units are choices.
    """
    rows, items = system.rows, items_of(system)
    place = np.full(system.n_cols, -1)
    place[items] = np.arange(len(items))
    entry = np.flatnonzero(place[rows.col] >= 0)
    row, col, value = rows.row[entry], place[rows.col[entry]], rows.value[entry]
    matrix = sp.csr_array((value, (row, col)), shape=(rows.n, len(items)))
    room = rooms(system, made_choices(system, system.box()))
    binding = room < 0
    binding[row[value > 0]] = True
    binding[goal] = False
    others = np.flatnonzero(binding)
    return matrix[others], room[others], others
