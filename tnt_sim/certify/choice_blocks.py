"""Rewrite a system so that every amount of a dossier is a 0-1 choice and no block must be chosen.

Two exact reformulations:

1. A range, written as a choice x and units 0 ≤ t ≤ K·x, becomes choices z_0 … z_K with x = Σ z_k and t = Σ k·z_k.
2. A block that must be chosen counts from its first open choice: that one is taken in every point, and the other
   choices become their differences to it. The block then takes at most one of these.

After both, the blocks are plain multiple-choice groups, which is all the kernels know.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tnt_sim.certify.system import ROOM, MultiplierError, Rows, System
from tnt_sim.kernel.knapsack import ChoiceGroups
from tnt_sim.rules.linear_terms import IntArray

RANGE = "range:"
"""Prefix of the names of rows t − K·x ≤ 0 that link a range's units to its choice."""
MOST_CHOICES = 1_000_000
"""Limit of choices: beyond it ranges are not rewritten, which only weakens the bounds."""


def reformulate_blocks(system: System, wanted: Collection[int]) -> System:
    """Apply both reformulations; ranges only where a row of `wanted` gains from their units.

    Raises
    ------
    MultiplierError
        When a number exceeds 64 bits.
    """
    return from_leasts(with_units(system, wanted))


def build_choice_groups(system: System) -> ChoiceGroups | None:
    """Return the blocks as multiple-choice groups; None if no block has two open choices."""
    block = system.block[: system.n_choices]
    opened = block[system.high[: system.n_choices] > 0]
    return ChoiceGroups.of(block) if (opened[1:] == opened[:-1]).any() else None


def from_leasts(system: System) -> System:
    """Rewrite every block that must be chosen and has several open choices as differences to its first one.

    Raises
    ------
    MultiplierError
        When a number exceeds 64 bits.
    """
    n = system.n_choices
    is_open = system.high[:n] > 0
    n_open = np.bincount(system.block[:n], weights=is_open, minlength=len(system.must)).astype(np.int64)
    counted = system.must & (n_open > 1)
    if not counted.any():
        return system
    places = np.flatnonzero(is_open & counted[system.block[:n]])
    blocks, first = np.unique(system.block[places], return_index=True)
    base = np.full(len(system.must), -1, dtype=np.int64)
    base[blocks] = places[first]
    others = np.delete(places, first)
    rows = system.rows
    is_base = np.zeros(system.n_cols, dtype=np.bool_)
    is_base[base[blocks]] = True
    entry = np.flatnonzero(is_base[rows.col])
    row, value = rows.row[entry], rows.value[entry]
    # subtract each entry of a base from every other choice of its block
    of_block = system.block[others]
    lo, hi = (np.searchsorted(of_block, system.block[rows.col[entry]], side) for side in ("left", "right"))
    count = (hi - lo).astype(np.int64)
    ends = np.cumsum(count)
    col = others[np.arange(int(count.sum())) - np.repeat(ends - count - lo, count)]
    upper = rows.upper.copy()
    if (
        float(_compute_magnitudes(value).sum())
        + max(_compute_greatest_magnitude(upper), _compute_greatest_magnitude(rows.value))
        >= ROOM
    ):
        raise MultiplierError("a number leaves 64 bits when blocks count from their least")
    np.subtract.at(upper, row, value)
    selected = ~is_base[rows.col]
    changed = Rows.from_entries(
        np.concatenate([rows.row[selected], np.repeat(row, count)]),
        np.concatenate([rows.col[selected], col]),
        np.concatenate([rows.value[selected], -np.repeat(value, count)]),
        upper,
        rows.names,
    )
    high = system.high.copy()
    high[base[blocks]] = 0
    return replace(system, must=system.must & ~counted, high=high, rows=changed)


def with_units(system: System, wanted: Collection[int]) -> System:
    """Replace the units of ranges by choices, where a row of `wanted` gains from them.

    The integer points correspond one to one: t = Σ k·z_k and x = Σ z_k over the choices z_0 … z_K of a block.

    Raises
    ------
    MultiplierError
        When a number exceeds 64 bits.
    """
    n, rows = system.n_choices, system.rows
    if n == system.n_cols:
        return system
    is_wanted = np.zeros(rows.n, dtype=np.bool_)
    is_wanted[list(wanted)] = True
    helps = rows.col[is_wanted[rows.row] & (rows.col >= n) & (rows.value < 0)]
    if not len(helps):
        return system
    free, choice = _find_ranges(system)
    keep = np.isin(free, helps)
    free, choice = free[keep], choice[keep]
    most = system.high[free]
    if not len(free) or float(_compute_magnitudes(most).sum()) + n > MOST_CHOICES:
        return system
    # the new choices of each block follow its own; the free columns they replace are removed
    source = np.concatenate([np.arange(n), np.repeat(choice, most)])
    units = np.concatenate([np.zeros(n, dtype=np.int64), _enumerate_counts(most)])
    stands = np.concatenate([np.full(n, -1, dtype=np.int64), np.repeat(free, most)])
    order = np.lexsort((units, source))
    source, units, stands = source[order], units[order], stands[order]
    left = np.setdiff1d(np.arange(n, system.n_cols), free)
    n_new = len(source)
    place_free = np.full(system.n_cols, -1, dtype=np.int64)
    place_free[left] = n_new + np.arange(len(left))
    gone = np.isin(rows.col, free)
    by_choice = np.flatnonzero(rows.col < n)
    by_free = np.flatnonzero((rows.col >= n) & ~gone)
    by_unit = np.flatnonzero(gone)
    first, count = _locate_runs(source, rows.col[by_choice])
    at, entry = _spread(first, count)
    choice_row, choice_value = rows.row[by_choice][entry], rows.value[by_choice][entry]
    unit_order = np.argsort(stands, kind="stable")
    first, count = _locate_runs(stands[unit_order], rows.col[by_unit])
    place, unit_entry = _spread(first, count)
    unit_at = unit_order[place]
    unit_row = rows.row[by_unit][unit_entry]
    if _compute_greatest_magnitude(rows.value) * (1.0 + float(most.max())) >= ROOM:
        raise MultiplierError("a number leaves 64 bits when units become choices")
    unit_value = rows.value[by_unit][unit_entry] * units[unit_at]
    return System(
        block=np.concatenate([system.block[source], np.full(len(left), -1, dtype=np.int64)]),
        must=system.must,
        low=np.concatenate([np.zeros(n_new, dtype=np.int64), system.low[left]]),
        high=np.concatenate([system.high[source], system.high[left]]),
        rows=Rows.from_entries(
            np.concatenate([choice_row, rows.row[by_free], unit_row]),
            np.concatenate([at, place_free[rows.col[by_free]], unit_at]),
            np.concatenate([choice_value, rows.value[by_free], unit_value]),
            rows.upper,
            rows.names,
        ),
    )


def _find_ranges(system: System) -> tuple[IntArray, IntArray]:
    """Return the free columns t with a row t − K·x ≤ 0, K the upper bound of t, and their choices x."""
    rows, starts = system.rows, system.rows.compute_row_starts()
    named = np.array([name.startswith(RANGE) for name in rows.names], dtype=np.bool_)
    at = np.flatnonzero(named & (np.diff(starts) == 2) & (rows.upper == 0))
    choice, free = rows.col[starts[at]], rows.col[starts[at] + 1]
    minus, one = rows.value[starts[at]], rows.value[starts[at] + 1]
    n = system.n_choices
    sound = (choice < n) & (free >= n) & (one == 1)
    choice, free, minus = choice[sound], free[sound], minus[sound]
    single = np.bincount(system.block[:n], minlength=len(system.must))[system.block[choice]] == 1
    _, place, times = np.unique(free, return_index=True, return_counts=True)
    once = np.zeros(len(free), dtype=np.bool_)
    once[place[times == 1]] = True
    _, place, times = np.unique(choice, return_index=True, return_counts=True)
    only = np.zeros(len(free), dtype=np.bool_)
    only[place[times == 1]] = True
    fits = single & once & only & (system.low[free] == 0) & (-minus == system.high[free])
    return free[fits], choice[fits]


def _compute_magnitudes(numbers: IntArray) -> NDArray[np.float64]:
    """Return absolute values as floats."""
    return np.abs(numbers.astype(np.float64))


def _compute_greatest_magnitude(numbers: IntArray) -> float:
    """Return the greatest absolute value."""
    return float(_compute_magnitudes(numbers).max(initial=0.0))


def _enumerate_counts(most: IntArray) -> IntArray:
    """Return 1 … most for each entry, concatenated."""
    ends = np.cumsum(most)
    return np.arange(int(most.sum())) - np.repeat(ends - most, most) + 1


def _locate_runs(sorted_keys: IntArray, keys: IntArray) -> tuple[IntArray, IntArray]:
    """Return where each key's run begins in sorted keys, and its length."""
    first = np.searchsorted(sorted_keys, keys, side="left")
    last = np.searchsorted(sorted_keys, keys, side="right")
    return first.astype(np.int64), (last - first).astype(np.int64)


def _spread(first: IntArray, count: IntArray) -> tuple[IntArray, IntArray]:
    """Return all places of some runs, and the run that each belongs to."""
    ends = np.cumsum(count)
    place = np.arange(int(count.sum())) - np.repeat(ends - count - first, count)
    return place, np.repeat(np.arange(len(count)), count)
