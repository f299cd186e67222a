"""Best values of the first stages, which a later stage's model keeps as rows."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, optimise
from tnt_sim.engine.result import Proof, SolveOutcome, Status, find_weakest_proof
from tnt_sim.errors import LimitReached, NothingDecided
from tnt_sim.formulation.formulate import Formulation
from tnt_sim.formulation.named_model import FixedStage
from tnt_sim.i18n.message import _
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.problem import Problem


def find_best_values(problem: Problem, n_stages: int) -> tuple[tuple[Fraction, ...], Proof]:
    """Return the best value of each of the first stages, in its unit, and how all of them were shown.

    The stage after the last objective is the least total granted, in euros.

    Raises
    ------
    NothingDecided
        If no allocation satisfies all rules.
    LimitReached
        If the time limit of the scenario came before the best values were shown to be so.
    """
    clock = Clock(problem.scenario.spec.solver.time_limit)
    clock.begin()
    n_goals = len(problem.stages)
    outcome = _solve_stages(problem, clock, n_stages=min(n_stages, n_goals), least_granted=False)
    if n_stages <= n_goals:
        return outcome.bests[:n_stages], _get_proof(outcome)
    limits = tuple(
        value - stage.tolerance * abs(value) * (1 if stage.sense is Sense.MAXIMISE else -1)
        for stage, value in zip(problem.stages, outcome.bests, strict=True)
    )
    least = _solve_stages(problem, clock, kept_values=limits)
    proof = find_weakest_proof([_get_proof(outcome), _get_proof(least)])
    return (*outcome.bests, Fraction(least.granted_cents or 0, 100)), proof or Proof.FEASIBLE_GAP


def _solve_stages(problem: Problem, clock: Clock, **options: Any) -> SolveOutcome:
    """Solve stages to a shown optimum, without breaking ties."""
    spec = problem.scenario.spec.solver
    chosen = OptimiseOptions(canonical=False, backend=spec.backend, cross_check=spec.cross_check, **options)
    outcome = optimise(problem, chosen, clock=clock)
    if outcome.status is Status.INFEASIBLE:
        raise NothingDecided(_("no allocation satisfies all rules: there are no values to keep."))
    if outcome.status is not Status.OPTIMAL:
        raise LimitReached(_("the best values of the earlier stages were not shown within the time limit."))
    return outcome


def _get_proof(outcome: SolveOutcome) -> Proof:
    return outcome.proof or Proof.FEASIBLE_GAP


def build_fixed_stages(form: Formulation, values: tuple[Fraction, ...]) -> list[FixedStage]:
    """Return the first stages with the worst whole units that later stages may give them, tolerance included."""
    return [
        FixedStage(
            number, stage, stage.to_solve_stage().compute_limit(int(value / stage.scale - stage.constant))
        )
        for number, (stage, value) in enumerate(zip(form.stages, values, strict=False), start=1)
    ]
