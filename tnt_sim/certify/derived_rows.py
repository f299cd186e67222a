"""Cuts that a certificate states by their derivation, derived again here in whole numbers.

From multipliers u on rows A x ≤ b, the blocks' own Σ x ≤ 1 among them, with slack s = b − A x ≥ 0, whole:
Σ_c (uA)_c x_c + Σ_i u_i s_i = u·b. With columns counted from their upper bound where `complement` says so and a
divisor d, write b' = q·d + f and a_c = q_c·d + f_c with 0 ≤ f, f_c < d. The mixed-integer rounding cut, times
d − f, is

    Σ_c [ q_c·(d − f) + max(0, f_c − f) ] x_c  ≤  q·(d − f)

over columns and slacks alike (all are whole and ≥ 0); slacks are then put back as b − A x.

Source: Nemhauser and Wolsey, A recursive procedure to generate all cuts for 0-1 mixed integer programs, Math.
Program. 46 (1990).

Rows that say more and cut no whole point: divided by their common divisor, and tightened where they are short.

* Σ a_c x_c is a multiple of g = gcd(a), so b can be lowered to the multiple of g below it.
* With M the most that the row's left side can reach, a choice c of a block of its own and spare = b − (M − |a_c|):
  for 0 < spare < |a_c| the coefficient shrinks by spare (b too where a_c > 0). A cap of 10,000 € on two dossiers
  of 5,000 and 10,000 € becomes « at most one of the two ».
* A row that nothing can break is dropped.

Source: Savelsbergh, Preprocessing and probing techniques for mixed integer programming, ORSA J. Comput. 6 (1994).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tnt_sim.certify.system import MultiplierError, Rows, System
from tnt_sim.rules.linear_terms import BoolArray, IntArray

LONGEST = 2**26
"""Coefficients of a cut are brought below this, the cut made a little weaker."""


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """How a cut is derived: multipliers u (any sign) on rows, the complemented columns, and the divisor.

    A row number from n_rows on stands for a block: Σ of its choices ≤ 1.
    """

    index: IntArray
    u: IntArray
    complement: IntArray
    divisor: int


def derived(system: System, recipe: Recipe) -> tuple[IntArray, IntArray, int]:
    """The cut Σ value·x ≤ bound of a recipe: columns, values, bound.

    Raises
    ------
    MultiplierError
        When a column that counts is not ≥ 0, the divisor is not positive, or numbers leave 64 bits.
    """
    rows, d = system.rows, recipe.divisor
    if d <= 0 or (system.low < 0).any():
        raise MultiplierError("a cut needs a positive divisor and columns that are not negative")
    used = [
        (*_row(system, rows.starts(), int(i)), int(u)) for i, u in zip(recipe.index, recipe.u, strict=True)
    ]
    total: dict[int, int] = {}
    bound = 0
    for entries, upper, u in used:
        bound += u * upper
        _add(total, entries, u)
    for c in recipe.complement.tolist():
        if not 0 <= c < system.n_cols:
            raise MultiplierError(f"there is no column {c}")
        top, a = int(system.high[c]), total.get(c, 0)
        bound -= a * top
        total[c] = -a
    q, f = divmod(bound, d)
    cut = {c: _rounded(a, d, f) for c, a in total.items()}
    limit = q * (d - f)
    for c in recipe.complement.tolist():
        value = cut.get(c, 0)
        limit -= value * int(system.high[c])
        cut[c] = -value
    for entries, upper, u in used:
        weight = _rounded(u, d, f)
        limit -= weight * upper
        _add(cut, entries, -weight)
    return _whole(cut, limit)


def _row(system: System, starts: IntArray, i: int) -> tuple[list[tuple[int, int]], int]:
    """The entries and the bound of a row, or of a block."""
    rows, block = system.rows, i - system.rows.n
    if i < 0:
        raise MultiplierError(f"there is no row {i}")
    if block >= 0:
        if block >= len(system.must):
            raise MultiplierError(f"there is no row {i}")
        return [(c, 1) for c in np.flatnonzero(system.block == block).tolist()], 1
    part = slice(int(starts[i]), int(starts[i + 1]))
    return list(zip(rows.col[part].tolist(), rows.value[part].tolist(), strict=True)), int(rows.upper[i])


def _add(total: dict[int, int], entries: list[tuple[int, int]], weight: int) -> None:
    for c, value in entries:
        total[c] = total.get(c, 0) + weight * value


def _rounded(a: int, d: int, f: int) -> int:
    q, r = divmod(a, d)
    return q * (d - f) + max(0, r - f)


def _whole(cut: dict[int, int], limit: int) -> tuple[IntArray, IntArray, int]:
    """The cut in 64 bits: coefficients rounded down (columns are ≥ 0), the bound down (the left side is whole)."""
    longest = max((abs(a) for a in cut.values()), default=0)
    step = max(1, longest // LONGEST)
    kept = sorted((c, a // step) for c, a in cut.items() if a // step)
    bound = limit // step
    if abs(bound) >= 2**62:
        raise MultiplierError("the bound of a cut leaves 64 bits")
    values = np.array([a for _, a in kept], dtype=np.int64)
    return np.array([c for c, _ in kept], dtype=np.int64), values, bound


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
