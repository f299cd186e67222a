"""Best values of the first stages, which a later stage's model keeps as rows."""

from __future__ import annotations

from fractions import Fraction

from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, optimise
from tnt_sim.engine.result import Proof, Status
from tnt_sim.errors import LimitReached, NothingDecided
from tnt_sim.formulation.formulate import Formulation
from tnt_sim.formulation.named_model import KeptStage
from tnt_sim.i18n.message import _
from tnt_sim.scenario.problem import Problem


def find_best_values(problem: Problem, n_stages: int) -> tuple[tuple[Fraction, ...], Proof]:
    """Return the best value of each of the first stages, in its unit, and how all of them were shown.

    Raises
    ------
    NothingDecided
        If no allocation satisfies all rules.
    LimitReached
        If the time limit of the scenario came before the best values were shown to be so.
    """
    spec = problem.scenario.spec.solver
    options = OptimiseOptions(
        n_stages=n_stages,
        least_granted=False,
        canonical=False,
        backend=spec.backend,
        cross_check=spec.cross_check,
    )
    clock = Clock(spec.time_limit)
    clock.begin()
    outcome = optimise(problem, options, clock=clock)
    if outcome.status is Status.INFEASIBLE:
        raise NothingDecided(_("no allocation satisfies all rules: there are no values to keep."))
    if outcome.status is not Status.OPTIMAL or outcome.proof is None:
        raise LimitReached(_("the best values of the earlier stages were not shown within the time limit."))
    return outcome.bests[:n_stages], outcome.proof


def build_kept_stages(form: Formulation, values: tuple[Fraction, ...]) -> list[KeptStage]:
    """Return the first stages with the worst whole units that later stages may give them, tolerance included."""
    return [
        KeptStage(
            number, stage, stage.to_solve_stage().compute_limit(int(value / stage.scale - stage.constant))
        )
        for number, (stage, value) in enumerate(zip(form.stages, values, strict=False), start=1)
    ]
