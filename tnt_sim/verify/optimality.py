"""Changes of one dossier that an optimal allocation cannot have left open.

For `optimal` without tolerance, funding one more dossier may not be better at the first stage at which the values
differ and keep every rule. It proves no optimality: it refutes a false claim where one dossier suffices.
"""

from __future__ import annotations

import numpy as np

from tnt_sim.errors import Defect, Text
from tnt_sim.scenario.compile import Problem
from tnt_sim.verify.idle import is_better
from tnt_sim.verify.reading import Allocation, AllocationReading, broken_rules, read_allocation
from tnt_sim.verify.reasons import Reasons

TRIED = 20


def better_by_one(
    problem: Problem, allocation: Allocation, reading: AllocationReading, why: Reasons
) -> list[Defect]:
    """The dossiers whose funding would have been better: those that no named rule keeps out are tried."""
    if any(stage.tolerance for stage in problem.stages):
        return []
    idle = (why.code == "crowded_out") & (why.rule == "")
    found = []
    for row in np.flatnonzero(idle.to_numpy())[:TRIED].tolist():
        funded, granted = allocation.funded.copy(), allocation.granted_cents.copy()
        funded[row] = True
        granted[row] = problem.offers.least_cents[row]
        more = Allocation(funded, granted)
        read = read_allocation(problem, more)
        if is_better(problem, read.values, reading.values) and not broken_rules(problem, more, read):
            name = problem.case.table["dossier"][row]
            found.append(
                Defect(
                    "optimal",
                    Text(
                        f"la répartition n'est pas optimale : financer aussi « {name} » vaut mieux.",
                        f'the allocation is not optimal: funding "{name}" too is better.',
                    ),
                )
            )
    return found
