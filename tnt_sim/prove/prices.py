"""Seeks the sums of rows that settle a goal: the prices of its linear program, row by row, in whole numbers.

Rows of one price that share columns belong together: money that flows from an envelope to its children enters the
rows of both with opposite signs and leaves their sum. Nothing here needs to be trusted: any multipliers give rows
that hold, and what they show is computed again by `certify/by_prices.py`.
"""

from __future__ import annotations

from fractions import Fraction
from math import lcm

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components

from tnt_sim.certify.by_prices import Group
from tnt_sim.certify.system import System
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.prove.live_lp import Answer, FloatArray, LiveLp
from tnt_sim.rules.base import IntArray

LARGEST_RATIO = 10_000
LARGEST_MULTIPLIER = 2**20
FAINT = 1e-9
"""Prices below this part of the greatest are taken for zero, by row in the row's own unit."""


def price_groups(system: System, gain: IntArray, deadline: Deadline = UNLIMITED) -> list[Group] | None:
    """Groups of rows with whole multipliers; None when the linear program has no bounded answer in time."""
    prices = row_prices(system, gain, deadline)
    if prices is None:
        return None
    rows = system.rows
    used = np.flatnonzero(prices > 0)
    if not len(used):
        return []
    kept = np.isin(rows.row, used)
    matrix = sp.csr_array(
        (np.ones(int(kept.sum())), (rows.row[kept], rows.col[kept])), shape=(rows.n, system.n_cols)
    )[used]
    both = sp.block_array([[None, matrix], [matrix.T, None]], format="csr")
    _, part = connected_components(both, directed=False)
    groups: list[Group] = []
    for k in np.unique(part[: len(used)]):
        members = used[part[: len(used)] == k]
        groups.append(_whole(prices[members], [rows.names[r] for r in members.tolist()]))
    return groups


def row_prices(system: System, gain: IntArray, deadline: Deadline = UNLIMITED) -> FloatArray | None:
    """The prices ≥ 0 of the rows in max gain·x over the linear program, (n_rows,); None without an optimum."""
    used = np.flatnonzero(gain)
    rows = system.rows.with_row(used, -gain[used], int(np.abs(gain).sum()) + 1, "goal:better")
    found = LiveLp(system.with_rows(rows), rows.n - 1).solve(system.box(), deadline)
    if found.answer is not Answer.BOUNDED:
        return None
    prices = found.prices[:-1]
    return np.where(prices > FAINT * prices.max(initial=0.0), prices, 0.0)


def _whole(prices: FloatArray, names: list[str]) -> dict[str, int]:
    """Prices in the ratio of small whole numbers, or else rounded: any positive multipliers hold."""
    ratios = [Fraction(float(p / prices.min())).limit_denominator(LARGEST_RATIO) for p in prices]
    common = lcm(*(ratio.denominator for ratio in ratios))
    whole = [int(ratio * common) for ratio in ratios]
    if max(whole) > LARGEST_MULTIPLIER:
        whole = [max(1, round(float(p / prices.max()) * LARGEST_MULTIPLIER)) for p in prices]
    return dict(zip(names, whole, strict=True))
