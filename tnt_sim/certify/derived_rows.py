"""Derive cuts from their recipes, and tighten rows, in exact integers.

Mixed-integer rounding cuts. Multipliers u on rows A x ≤ b (among them Σ x ≤ 1 of the blocks), with slacks
s = b − A x ≥ 0, which are integer, give Σ_c (uA)_c x_c + Σ_i u_i s_i = u·b. Some columns are complemented
(counted from their upper bound). For a divisor d let b' = q·d + f and a_c = q_c·d + f_c with 0 ≤ f, f_c < d.
The cut, times d − f, is

    Σ_c [ q_c·(d − f) + max(0, f_c − f) ] x_c  ≤  q·(d − f)

over columns and slacks, all of which are integer and ≥ 0; slacks are then replaced by b − A x. A Gomory
mixed-integer cut has this form; so cuts that the prover reads from a simplex basis can be derived again here,
up to the rounding of their multipliers.

Sources: Gomory, *An algorithm for the mixed integer problem*, RAND report RM-2597 (1960); Nemhauser and
Wolsey, *A recursive procedure to generate all cuts for 0-1 mixed integer programs*, Mathematical Programming
46 (1990).

Tightening keeps every integer point:

* A row is divided by g = gcd(a), and b is rounded down to an integer.
* Coefficient tightening. Let M be the greatest value of the left side, c an optional choice alone in its block,
  and spare = b − (M − |a_c|). If 0 < spare < |a_c|, the coefficient shrinks by spare, and so does b when a_c > 0.
  A cap of 10,000 € on dossiers of 5,000 and 10,000 € becomes « at most one of the two ».
* A row that no point of blocks and bounds violates is dropped.

Source: Savelsbergh, *Preprocessing and probing techniques for mixed integer programming problems*, ORSA
Journal on Computing 6 (1994).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tnt_sim.certify.system import MultiplierError, Rows, System
from tnt_sim.rules.linear_terms import BoolArray, IntArray

LONGEST = 2**26
"""Limit of the coefficients of a cut; larger ones are divided and rounded, which weakens the cut a little."""


@dataclass(frozen=True, slots=True, eq=False)
class Recipe:
    """The derivation of a cut.

    Attributes
    ----------
    index, u : rows and their multipliers, of any sign; a row number from n_rows on stands for a block:
        Σ choices ≤ 1
    complement : the complemented columns
    divisor : d > 0
    """

    index: IntArray
    u: IntArray
    complement: IntArray
    divisor: int


def derive_cut(system: System, recipe: Recipe) -> tuple[IntArray, IntArray, int]:
    """Derive the cut Σ value·x ≤ bound of a recipe; return columns, values and bound.

    Raises
    ------
    MultiplierError
        When a column may be negative, the divisor is not positive, a row or column does not exist, or the bound
        exceeds 64 bits.

    Examples
    --------
    The row 2 x₀ + 2 x₁ ≤ 3, divided by 2, gives x₀ + x₁ ≤ 1:

    >>> rows = Rows.from_entries(np.array([0, 0]), np.array([0, 1]), np.array([2, 2]), np.array([3]), ("row",))
    >>> system = System(np.array([0, 1]), np.array([False, False]), np.array([0, 0]), np.array([1, 1]), rows)
    >>> recipe = Recipe(np.array([0]), np.array([1]), np.array([], dtype=np.int64), 2)
    >>> [np.asarray(part).tolist() for part in derive_cut(system, recipe)]
    [[0, 1], [1, 1], 1]
    """
    rows, d = system.rows, recipe.divisor
    if d <= 0 or (system.low < 0).any():
        raise MultiplierError("a cut needs a positive divisor and columns that are not negative")
    used = [
        (*_get_row(system, rows.compute_row_starts(), int(i)), int(u))
        for i, u in zip(recipe.index, recipe.u, strict=True)
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
    cut = {c: _round_coefficient(a, d, f) for c, a in total.items()}
    limit = q * (d - f)
    for c in recipe.complement.tolist():
        value = cut.get(c, 0)
        limit -= value * int(system.high[c])
        cut[c] = -value
    for entries, upper, u in used:
        weight = _round_coefficient(u, d, f)
        limit -= weight * upper
        _add(cut, entries, -weight)
    return _scale_cut(cut, limit)


def _get_row(system: System, starts: IntArray, i: int) -> tuple[list[tuple[int, int]], int]:
    """Return the entries and the bound of a row, or of a block."""
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
    """Add a multiple of a row."""
    for c, value in entries:
        total[c] = total.get(c, 0) + weight * value


def _round_coefficient(a: int, d: int, f: int) -> int:
    """Return the rounded coefficient of a, times d − f."""
    q, r = divmod(a, d)
    return q * (d - f) + max(0, r - f)


def _scale_cut(cut: dict[int, int], limit: int) -> tuple[IntArray, IntArray, int]:
    """Scale the cut to 64 bits: coefficients are rounded down, since columns are ≥ 0, and so is the bound."""
    longest = max((abs(a) for a in cut.values()), default=0)
    step = max(1, longest // LONGEST)
    retained = sorted((c, a // step) for c, a in cut.items() if a // step)
    bound = limit // step
    if abs(bound) >= 2**62:
        raise MultiplierError("the bound of a cut leaves 64 bits")
    values = np.array([a for _, a in retained], dtype=np.int64)
    return np.array([c for c, _ in retained], dtype=np.int64), values, bound


MAX_ENTRIES = 64
"""Longer rows are not tightened: with many dossiers no single one makes a difference."""


def tighten_system(system: System) -> System:
    """Return the system with rows divided, coefficients tightened, and redundant rows dropped."""
    rows = system.rows
    if not rows.n or not len(rows.row):
        return system
    value, upper = rows.value.copy(), rows.upper.copy()
    starts = rows.compute_row_starts()
    filled = np.flatnonzero(np.diff(starts))
    _divide(value, upper, starts, filled)
    most = _compute_greatest_activity(system, rows.row, rows.col, value, filled, starts)
    loose = np.zeros(rows.n, dtype=np.bool_)
    loose[filled] = most[filled] <= upper[filled]
    short = filled[(np.diff(starts)[filled] <= MAX_ENTRIES) & ~loose[filled]]
    isolated = _mark_single_choices(system)
    for row in short.tolist():
        span = slice(int(starts[row]), int(starts[row + 1]))
        single = isolated[rows.col[span]].tolist()
        if any(single):
            tight, bound = _tighten_row(value[span].tolist(), single, int(upper[row]), int(most[row]))
            value[span], upper[row] = tight, bound
    _divide(value, upper, starts, filled)
    return system.with_rows(_without_loose(rows, value, upper, loose))


def _divide(value: IntArray, upper: IntArray, starts: IntArray, filled: IntArray) -> None:
    """Divide each row by the greatest common divisor of its coefficients, in place."""
    divisor = np.gcd.reduceat(np.abs(value), starts[filled])
    divisor = np.maximum(divisor, 1)
    value //= np.repeat(divisor, np.diff(starts)[filled])
    upper[filled] //= divisor


def _mark_single_choices(system: System) -> BoolArray:
    """Mark the open choices that are alone in their block and optional, bool (n_cols,)."""
    n = system.n_choices
    size = np.bincount(system.block[:n], minlength=len(system.must))
    alone = np.zeros(system.n_cols, dtype=np.bool_)
    alone[:n] = (size == 1)[system.block[:n]] & ~system.must[system.block[:n]] & (system.high[:n] == 1)
    return alone


def _compute_greatest_activity(
    system: System, row: IntArray, col: IntArray, value: IntArray, filled: IntArray, starts: IntArray
) -> IntArray:
    """Return the greatest value of each row's left side, int64 (n_rows,); 2^62 where 64 bits may not suffice."""
    width = np.maximum(np.abs(system.low), np.abs(system.high))
    reach = np.add.reduceat(np.abs(value.astype(np.float64)) * width[col], starts[filled])
    ends = np.maximum(value * system.low[col], value * system.high[col])
    block = system.block[col]
    choice = block >= 0
    # entries are sorted by row and then column, so those of one block are adjacent
    group = np.flatnonzero(np.r_[True, (np.diff(row) != 0) | (np.diff(block) != 0) | ~choice[1:]])
    best = np.maximum.reduceat(ends, group)
    # a block may also take a choice outside the row, or none: both contribute 0
    best = np.where(choice[group], np.maximum(best, 0), best)
    most = np.full(len(starts) - 1, 2**62, dtype=np.int64)
    totals = np.zeros(len(most), dtype=np.int64)
    np.add.at(totals, row[group], best)
    safe = np.zeros(len(most), dtype=np.bool_)
    safe[filled] = reach < 2.0**61
    most[safe] = totals[safe]
    return most


def _tighten_row(value: list[int], single: list[bool], bound: int, most: int) -> tuple[list[int], int]:
    """Tighten the coefficients of one row; return them and the bound."""
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


def _without_loose(rows: Rows, value: IntArray, upper: IntArray, loose: BoolArray) -> Rows:
    """Rebuild the rows without the redundant ones."""
    used = ~loose[rows.row]
    place = np.cumsum(~loose) - 1
    names = tuple(name for name, gone in zip(rows.names, loose.tolist(), strict=True) if not gone)
    return Rows(place[rows.row[used]], rows.col[used], value[used], upper[~loose], names)
