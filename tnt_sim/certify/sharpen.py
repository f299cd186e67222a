"""Rows that say more and cut no whole point: divided by their common divisor, and tightened where they are short.

* Σ a_c x_c is a multiple of g = gcd(a), so b can be lowered to the multiple of g below it.
* With M the most that the row's left side can reach, a choice c of a block of its own and spare = b − (M − |a_c|):
  for 0 < spare < |a_c| the coefficient shrinks by spare (b too where a_c > 0). A cap of 10,000 € on two dossiers
  of 5,000 and 10,000 € becomes « at most one of the two ».
* A row that nothing can break is dropped.

Source: Savelsbergh, Preprocessing and probing techniques for mixed integer programming, ORSA J. Comput. 6 (1994).
"""

from __future__ import annotations

import numpy as np

from tnt_sim.certify.system import Rows, System
from tnt_sim.rules.base import BoolArray, IntArray

MAX_ENTRIES = 64
"""Longer rows are not tightened: with many dossiers no single one fills the difference."""


def sharpen(system: System) -> System:
    """The system with its rows divided, tightened and freed from those that cannot be broken."""
    rows = system.rows
    if not rows.n or not len(rows.row):
        return system
    value, upper = rows.value.copy(), rows.upper.copy()
    starts = rows.starts()
    filled = np.flatnonzero(np.diff(starts))
    _divide(value, upper, starts, filled)
    most = _most(system, rows.row, rows.col, value, filled, starts)
    loose = np.zeros(rows.n, dtype=np.bool_)
    loose[filled] = most[filled] <= upper[filled]
    short = filled[(np.diff(starts)[filled] <= MAX_ENTRIES) & ~loose[filled]]
    alone = _alone(system)
    for row in short.tolist():
        part = slice(int(starts[row]), int(starts[row + 1]))
        single = alone[rows.col[part]].tolist()
        if any(single):
            tight, bound = _tightened(value[part].tolist(), single, int(upper[row]), int(most[row]))
            value[part], upper[row] = tight, bound
    _divide(value, upper, starts, filled)
    return system.with_rows(_kept(rows, value, upper, loose))


def _divide(value: IntArray, upper: IntArray, starts: IntArray, filled: IntArray) -> None:
    divisor = np.gcd.reduceat(np.abs(value), starts[filled])
    divisor = np.maximum(divisor, 1)
    value //= np.repeat(divisor, np.diff(starts)[filled])
    upper[filled] //= divisor


def _alone(system: System) -> BoolArray:
    """The open choices that are alone in their block and may stay out of it, bool (n_cols,)."""
    n = system.n_choices
    size = np.bincount(system.block[:n], minlength=len(system.must))
    alone = np.zeros(system.n_cols, dtype=np.bool_)
    alone[:n] = (size == 1)[system.block[:n]] & ~system.must[system.block[:n]] & (system.high[:n] == 1)
    return alone


def _most(
    system: System, row: IntArray, col: IntArray, value: IntArray, filled: IntArray, starts: IntArray
) -> IntArray:
    """The most that each row's left side can reach, int64 (n_rows,), where it is safe in 64 bits, else 2^62."""
    width = np.maximum(np.abs(system.low), np.abs(system.high))
    reach = np.add.reduceat(np.abs(value.astype(np.float64)) * width[col], starts[filled])
    ends = np.maximum(value * system.low[col], value * system.high[col])
    block = system.block[col]
    choice = block >= 0
    # entries are by row and then column, so those of one block stand together
    group = np.flatnonzero(np.r_[True, (np.diff(row) != 0) | (np.diff(block) != 0) | ~choice[1:]])
    best = np.maximum.reduceat(ends, group)
    # a block that must be chosen may have choices outside the row, worth 0 there: 0 is a safe floor only upwards
    best = np.where(choice[group], np.maximum(best, 0), best)
    most = np.full(len(starts) - 1, 2**62, dtype=np.int64)
    totals = np.zeros(len(most), dtype=np.int64)
    np.add.at(totals, row[group], best)
    safe = np.zeros(len(most), dtype=np.bool_)
    safe[filled] = reach < 2.0**61
    most[safe] = totals[safe]
    return most


def _tightened(value: list[int], single: list[bool], bound: int, most: int) -> tuple[list[int], int]:
    moved = most > bound
    while moved:
        moved = False
        for place in sorted(range(len(value)), key=lambda k: -abs(value[k])):
            size = abs(value[place])
            spare = bound - (most - size)
            if not single[place] or not 0 < spare < size:
                continue
            if value[place] > 0:
                value[place] -= spare
                bound -= spare
                most -= spare
            else:
                value[place] += spare
            moved = True
    return value, bound


def _kept(rows: Rows, value: IntArray, upper: IntArray, loose: BoolArray) -> Rows:
    used = ~loose[rows.row]
    place = np.cumsum(~loose) - 1
    names = tuple(name for name, gone in zip(rows.names, loose.tolist(), strict=True) if not gone)
    return Rows(place[rows.row[used]], rows.col[used], value[used], upper[~loose], names)
