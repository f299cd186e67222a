"""A proof by a tree of caps, where the whole goal is settled by caps on cost."""

from __future__ import annotations

from typing import Any

import numpy as np

from tnt_sim.certify.by_caps import closed_by_caps
from tnt_sim.certify.system import STAGE, MultiplierError, System
from tnt_sim.kernel.forest import candidates, caps_on
from tnt_sim.rules.base import IntArray


def by_caps(system: System, cost: IntArray) -> dict[str, Any] | None:
    """The first candidate of the tree that closes the system, as a proof.

    The goal is a stage's row; the row « less granted » is then one more cap on all costs.
    """
    rows = system.rows
    n = system.n_choices
    if (cost[:n] <= 0).any():
        return None
    for goal in reversed([k for k, name in enumerate(rows.names) if name.startswith(STAGE)]):
        found = _for_goal(system, cost, goal)
        if found is not None:
            return found
    return None


def _for_goal(system: System, cost: IntArray, goal: int) -> dict[str, Any] | None:
    rows, n = system.rows, system.n_choices
    if not (rows.value[(rows.row == goal) & (rows.col < n)] < 0).any():
        return None  # nothing to gain
    used = rows.col < n
    indptr = np.searchsorted(rows.row[used], np.arange(rows.n + 1)).astype(np.int64)
    plain = np.array([k for k in range(rows.n) if k != goal], dtype=np.int64)
    caps = caps_on(indptr, rows.col[used], rows.value[used], rows.upper, plain, cost)
    for groups in candidates(caps, n):
        named = [(group.top, list(group.leaves)) for group in groups]
        try:
            if closed_by_caps(system, goal, named):
                return {"caps": {"goal": goal, "groups": [[top, leaves] for top, leaves in named]}}
        except MultiplierError:
            continue
    return None
