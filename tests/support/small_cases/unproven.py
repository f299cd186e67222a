"""A reference whose list is feasible, and which nothing shows to be the best."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from support.small_cases import every_amount as brute
from tnt_sim.analysis.shared.reference_solution import ReferenceSolution
from tnt_sim.engine.result import Proof, Status
from tnt_sim.verify.allocation_reading import Allocation, list_broken_rules, read_allocation


def unproven(base: ReferenceSolution, point: brute.Point) -> ReferenceSolution:
    """The reference with another feasible list, which nothing shows to be the best."""
    names = base.problem.case.table["dossier"].to_list()
    cents = np.array([point.award.get(name, 0) for name in names], dtype=np.int64)
    allocation = Allocation(np.array([name in point.award for name in names]), cents)
    reading = read_allocation(base.problem, allocation)
    assert not list_broken_rules(base.problem, allocation, reading)
    answer = replace(
        base.answer,
        status=Status.FEASIBLE,
        proof=Proof.FEASIBLE_GAP,
        claimed=False,
        values=reading.values,
        bests=reading.values,
        allocation=allocation,
        reading=reading,
    )
    return replace(base, answer=answer, limits=reading.values)
