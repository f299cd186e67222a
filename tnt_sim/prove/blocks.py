"""A proof by exact blocks under the prices of the system's linear program."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp

from tnt_sim.certify.by_blocks import SCALE, bounded, gains
from tnt_sim.certify.system import STAGE, MultiplierError, System
from tnt_sim.kernel.binding import settle
from tnt_sim.kernel.knapsack import TooManyStates
from tnt_sim.prove.live_lp import Answer, LiveLp
from tnt_sim.rules.base import IntArray

MAX_WORK = 6_000_000
MAX_CHOICES = 100_000
"""Beyond, the linear program is worth its time to other kinds of proof only."""


def by_blocks(system: System) -> dict[str, Any] | None:
    """A proof that the kernel closes the system by the rows that bind; None where it does not.

    The goal is a stage's row that has something to gain; « less granted » is then one more cap.
    """
    if not 0 < system.n_choices <= MAX_CHOICES:
        return None
    for goal in reversed([k for k, name in enumerate(system.rows.names) if name.startswith(STAGE)]):
        gain, wanted = gains(system, goal)
        if (gain > 0).any():
            found = _for_goal(system, goal, gain, wanted)
            if found is not None:
                return found
    return None


def _for_goal(system: System, goal: int, gain: IntArray, wanted: int) -> dict[str, Any] | None:
    relaxed = LiveLp(system, goal).solve(system.box())
    if relaxed.answer is not Answer.BOUNDED:
        return None
    price = np.rint(relaxed.prices * 2.0**SCALE) / 2.0**SCALE
    others = [k for k in range(system.rows.n) if k != goal]
    try:
        matrix, upper = _rows(system, others)
        found = settle(gain, matrix, upper, price[others], MAX_WORK, wanted)
    except (MultiplierError, TooManyStates, OverflowError):
        return None
    if found is None or found.best is not None:
        return None
    used = [others[k] for k in found.rows]
    prices = [int(k) for k in np.rint(found.price * 2.0**SCALE).tolist()]
    return {"blocks": {"goal": goal, "rows": used, "own": list(found.own), "prices": prices, "scale": SCALE}}


def _rows(system: System, others: list[int]) -> tuple[sp.csr_array, IntArray]:
    """The rows but the goal over the choices, as the checker sees them."""
    weight, upper = zip(*(bounded(system, row) for row in others), strict=True)
    return sp.csr_array(np.array(weight, dtype=np.int64)), np.array(upper, dtype=np.int64)
