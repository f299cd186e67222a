"""First feasible allocation, found before the solve, in case a limit stops everything else.

Granting nothing beyond commitments and decisions is feasible unless a rule requires more.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from tnt_sim.deadline import Deadline
from tnt_sim.engine.solution_evidence import list_worse_stages
from tnt_sim.errors import LimitReached
from tnt_sim.formulation.formulate import Formulation
from tnt_sim.formulation.linear_model import IntArray, LinearModel, SolveStage
from tnt_sim.i18n.message import _
from tnt_sim.scenario.problem import Problem
from tnt_sim.solve.methods.greedy import find_greedy_point
from tnt_sim.verify.allocation_reading import (
    Allocation,
    AllocationReading,
    list_broken_rules,
    read_allocation,
)


def find_first_point(
    form: Formulation, model: LinearModel, goal: SolveStage, deadline: Deadline
) -> IntArray | None:
    """Find a feasible point with the greedy heuristic; None if the least point violates a row."""
    return find_greedy_point(model, form.recovery, goal, form.least_granted.objective, deadline)


def find_idle_allocation(
    problem: Problem, limits: Sequence[Fraction]
) -> tuple[Allocation, AllocationReading] | None:
    """Return the allocation of only committed and forced dossiers, at their least amounts, with its reading.

    Returns None if a rule forbids it, or if the first stages are worse than `limits`.
    """
    offers = problem.offers
    funded = offers.committed | offers.forced
    allocation = Allocation(funded, np.where(funded, offers.lowest_cents, 0))
    reading = read_allocation(problem, allocation)
    if list_broken_rules(problem, allocation, reading) or list_worse_stages(problem, limits, reading):
        return None
    return allocation, reading


def build_no_allocation_error() -> LimitReached:
    """Build the error for a limit reached before any feasible allocation was found."""
    return LimitReached(_("a limit stopped the run before any allocation was found; nothing is written."))
