"""Cuts that a certificate states by their derivation, derived again here in whole numbers.

From multipliers u on rows A x ≤ b, the blocks' own Σ x ≤ 1 among them, with slack s = b − A x ≥ 0, whole:
Σ_c (uA)_c x_c + Σ_i u_i s_i = u·b. With columns counted from their upper bound where `complement` says so and a
divisor d, write b' = q·d + f and a_c = q_c·d + f_c with 0 ≤ f, f_c < d. The mixed-integer rounding cut, times
d − f, is

    Σ_c [ q_c·(d − f) + max(0, f_c − f) ] x_c  ≤  q·(d − f)

over columns and slacks alike (all are whole and ≥ 0); slacks are then put back as b − A x.

Source: Nemhauser and Wolsey, A recursive procedure to generate all cuts for 0-1 mixed integer programs, Math.
Program. 46 (1990).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tnt_sim.certify.system import MultiplierError, System
from tnt_sim.rules.base import IntArray

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
