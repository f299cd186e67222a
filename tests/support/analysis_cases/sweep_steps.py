"""The lists and steps of a sweep, as plain values to compare."""

from __future__ import annotations

from fractions import Fraction

from support.analysis_cases.sweeps import List
from tnt_sim.analysis.sweep.envelope_point import Point
from tnt_sim.analysis.sweep.runner import SweepResult

SPAN = 24


def chosen(point: Point) -> List | None:
    return None if point.allocation is None else tuple(point.allocation.funded.astype(int).tolist())


def euros(cents: int) -> str:
    return f"{cents / 100:.2f} €"


def staircase(found: SweepResult) -> dict[int, tuple[Fraction, List]]:
    """Every step: the amount from which it is in force, its value and its list."""
    told = {}
    if found.steps is not None:
        for k, cents in enumerate(found.steps.cents.tolist()):
            funded = tuple(found.steps.funded[:, k].astype(int).tolist())
            told[cents] = (found.steps.compute_value(k), funded)
    for point in (*found.walked, found.free[0]):
        listed = chosen(point)
        if listed is not None:
            told[point.cents] = (point.values[0], listed)
    return told
