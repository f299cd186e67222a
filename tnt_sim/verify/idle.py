"""Which dossiers that fit, and that no named rule keeps out, add nothing to the goal; of which it is not known.

Beside the allocation as it is, a dossier at its least amount changes goal k by

    Δ_k = per_funded + per_cent · least + Σ_once what no funded dossier holds yet          better counted up

It adds nothing where the first Δ that is not 0 is worse, or none differs. Where a goal has parts or prices of
broken rules, Δ is read from the allocation with the dossier, for as many as `TRIED`.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from tnt_sim.rules.base import BoolArray, IntArray, Mode
from tnt_sim.scenario.compile import Problem
from tnt_sim.scenario.objective import Sense, Stage
from tnt_sim.verify.reading import Allocation, AllocationReading, read_allocation

TRIED = 200


def unclear(
    problem: Problem, allocation: Allocation, reading: AllocationReading, open_rows: BoolArray
) -> BoolArray:
    """Those of some dossiers that are not known to add nothing, bool (n,)."""
    waiting = open_rows.copy()
    better = np.zeros_like(waiting)
    priced = {rule.penalty.stage for rule in problem.rules if rule.mode is Mode.PENALTY and rule.penalty}
    for number, stage in enumerate(problem.stages):
        if stage.parts or number in priced:
            rows = np.flatnonzero(waiting)
            better |= waiting
            for row in rows[:TRIED].tolist():
                better[row] = is_better(problem, _values_with(problem, allocation, row), reading.values)
            return better
        gain = _gain(stage, problem.offers.least_cents, allocation.funded)
        better |= waiting & (gain > 0)
        waiting &= gain == 0
    return better


def is_better(problem: Problem, values: Sequence[Fraction], than: Sequence[Fraction]) -> bool:
    """Whether the first goal that differs is better."""
    for stage, value, other in zip(problem.stages, values, than, strict=True):
        if value != other:
            return (value > other) is (stage.sense is Sense.MAXIMISE)
    return False


def _gain(stage: Stage, least_cents: IntArray, funded: BoolArray) -> IntArray:
    terms = stage.terms
    gain = terms.per_funded + terms.per_cent * least_cents
    for part in terms.once:
        fresh = ~np.isin(part.key, part.key[funded[part.row]])
        np.add.at(gain, part.row[fresh], part.worth[part.key[fresh]])
    return gain if stage.sense is Sense.MAXIMISE else -gain


def _values_with(problem: Problem, allocation: Allocation, row: int) -> tuple[Fraction, ...]:
    funded, granted = allocation.funded.copy(), allocation.granted_cents.copy()
    funded[row], granted[row] = True, problem.offers.least_cents[row]
    return read_allocation(problem, Allocation(funded, granted)).values
