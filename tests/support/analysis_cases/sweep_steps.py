"""The lists and steps of a sweep, as plain values to compare."""

from __future__ import annotations

from fractions import Fraction

from support.analysis_cases.sweeps import List, Small
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


def check_bounds(case: Small, found: SweepResult) -> None:
    """Check by enumeration that each list is worth what is told, and no list more than its bound."""
    promised: List | None = None
    for nested in found.nested:
        best = case.best(nested.cents, promised)
        listed = chosen(nested)
        if best is None or listed is None:
            continue
        assert nested.bounds[0] is not None
        assert case.value(listed) == nested.values[0] <= case.value(best) <= nested.bounds[0]
        promised = listed
    for free in found.free:
        best = case.best(free.cents)
        if best is None or not free.values:
            continue
        assert free.bounds[0] is not None
        assert free.values[0] <= case.value(best) <= free.bounds[0]
