"""Gomory mixed-integer cuts at the root, read off the basis as recipes that the checker derives again."""

from __future__ import annotations

from typing import Any

import numpy as np

from tnt_sim.certify.cuts import Recipe, derived
from tnt_sim.certify.system import MultiplierError, System
from tnt_sim.deadline import Deadline
from tnt_sim.prove.live_lp import Answer, FloatArray, LiveLp
from tnt_sim.rules.base import IntArray

MAX_PASSES = 25
PER_PASS = 30
AWAY = 0.005
"""A basic value must be that far from whole."""
MIN_DEPTH = 1e-3
"""A cut must cut the point off by that much, in the length of its row."""
BITS = 40


def cut_off(system: System, goal: int, deadline: Deadline) -> tuple[System, list[Recipe]]:
    """The system with rows that cut off the points of its linear program, and their recipes."""
    recipes: list[Recipe] = []
    started: float | None = None
    best, stalled = -np.inf, 0
    for _ in range(MAX_PASSES):
        lp = LiveLp(system, goal)
        found = lp.solve(system.box(), deadline)
        if found.answer is not Answer.BOUNDED:
            break
        started = found.cost if started is None else started
        stalled = stalled + 1 if found.cost <= best + 1e-3 * max(1.0, best - started) else 0
        best = max(best, found.cost)
        closed = goal >= 0 and found.cost > float(system.rows.upper[goal])
        if closed or stalled > 2 or deadline.expired:
            break
        fresh = _separated(system, lp, found.x)
        if not fresh:
            break
        for recipe, (col, value, bound) in fresh:
            recipes.append(recipe)
            system = system.with_rows(system.rows.with_row(col, value, bound, f"cut {len(recipes)}"))
    return system, recipes


def _separated(
    system: System, lp: LiveLp, x: FloatArray
) -> list[tuple[Recipe, tuple[IntArray, IntArray, int]]]:
    """The deepest cuts of this basis."""
    found: list[tuple[float, Recipe, tuple[IntArray, IntArray, int]]] = []
    if not lp.highs.getNumRow():
        return []  # without rows there is no basis, and asking for one ends the process
    status, basic = lp.highs.getBasicVariables()
    at_upper = _at_upper(lp)
    if status.name == "kError":
        return []
    basic = np.asarray(basic)
    inside = np.flatnonzero(basic >= 0)
    distance = np.abs(x[basic[inside]] - np.rint(x[basic[inside]]))
    order = inside[np.argsort(-distance, kind="stable")]
    for place in order[: 3 * PER_PASS].tolist():
        if abs(x[basic[place]] - np.rint(x[basic[place]])) < AWAY:
            break
        recipe = _recipe(system, lp, place, at_upper)
        try:
            col, value, bound = derived(system, recipe)
        except MultiplierError:
            continue
        norm = float(np.sqrt((value.astype(float) ** 2).sum()))
        depth = (float(value.astype(float) @ x[col]) - bound) / max(norm, 1e-9)
        if depth > MIN_DEPTH:
            found.append((depth, recipe, (col, value, bound)))
    found.sort(key=lambda item: -item[0])
    return [(recipe, cut) for _, recipe, cut in found[:PER_PASS]]


def _recipe(system: System, lp: LiveLp, place: int, at_upper: IntArray) -> Recipe:
    _, row = lp.highs.getBasisInverseRow(place)
    u = np.asarray(row) * np.concatenate([lp.unit, np.ones(len(lp.wide))])
    index = np.arange(system.rows.n + len(lp.wide), dtype=np.int64)
    index[system.rows.n :] = system.rows.n + lp.wide
    weights = np.rint(u * 2.0**BITS)
    used = (np.abs(u) > 1e-11) & (np.abs(weights) < 2.0**62) & (weights != 0)
    return Recipe(index[used], weights[used].astype(np.int64), at_upper, 2**BITS)


def _at_upper(lp: LiveLp) -> IntArray:
    """The columns that the basis holds at their upper bound."""
    basis: Any = lp.highs.getBasis()
    names = [status.name for status in basis.col_status]
    return np.array([c for c, name in enumerate(names) if name == "kUpper"], dtype=np.int64)
