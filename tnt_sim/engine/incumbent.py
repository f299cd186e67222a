"""What a decision has in hand before anything is solved: a list that the exact reading allows.

A limit that stops all else leaves this list. Doing nothing beyond what is committed or decided is one, unless a
rule asks for more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import numpy as np

from tnt_sim.deadline import Deadline
from tnt_sim.engine.result import Result, result_of
from tnt_sim.engine.solution_evidence import unwritten_evidence
from tnt_sim.errors import Defect, LimitReached
from tnt_sim.formulation.formulate import Formulation
from tnt_sim.formulation.linear_model import IntArray, LinearModel, Stage
from tnt_sim.i18n.message import Text
from tnt_sim.scenario.objective import Sense
from tnt_sim.scenario.problem import Problem
from tnt_sim.solve.methods.greedy import greedy_point
from tnt_sim.verify.allocation_reading import Allocation, AllocationReading, broken_rules, read_allocation


def first_point(form: Formulation, model: LinearModel, goal: Stage, deadline: Deadline) -> IntArray | None:
    """A point of the model to begin from; None where doing nothing breaks one of its rows."""
    return greedy_point(model, form.recovery, goal, form.least_granted.objective, deadline)


def idle_keeping(problem: Problem, kept: Sequence[Fraction]) -> tuple[Allocation, AllocationReading] | None:
    """What is committed, and what is decided at its least amount, with its reading.

    None where a rule forbids that, or the first stages are worth less than `kept`.
    """
    offers = problem.offers
    funded = offers.committed | offers.forced
    allocation = Allocation(funded, np.where(funded, offers.lowest_cents, 0))
    reading = read_allocation(problem, allocation)
    if broken_rules(problem, allocation, reading) or not_kept(problem, kept, reading):
        return None
    return allocation, reading


def unwritten_result(problem: Problem, method: str, seconds: Mapping[str, float]) -> Result:
    """That list as a result, where the limit came before a model was written.

    Raises
    ------
    LimitReached
        Where a rule forbids it.
    """
    found = idle_keeping(problem, ())
    if found is None:
        raise nothing_found()
    evidence = unwritten_evidence(problem, found[1], method)
    return result_of(problem, evidence, *found, seconds)


def not_kept(problem: Problem, kept: Sequence[Fraction], reading: AllocationReading) -> list[Defect]:
    """The first stages that are worth less than what is to be kept of them."""
    return [
        Defect(
            f"kept:{stage.goal}",
            Text(
                f"« {stage.goal} » vaut {value} à la relecture, et non {wanted}.",
                f'"{stage.goal}" is {value} when read again, not {wanted}.',
            ),
        )
        for stage, wanted, value in zip(problem.stages, kept, reading.values, strict=False)
        if (value < wanted if stage.sense is Sense.MAXIMISE else value > wanted)
    ]


def nothing_found() -> LimitReached:
    """A limit stopped a run whose rules do not allow doing nothing, before any allocation was found."""
    return LimitReached(
        Text(
            "une limite a arrêté le calcul avant qu'une répartition soit trouvée ; rien n'est écrit.",
            "a limit stopped the run before any allocation was found; nothing is written.",
        )
    )
