"""Entry point of the engine: solves a scenario as one decision, several steps, or a linear relaxation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tnt_sim.deadline import DeadlineExpired
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.incumbent import OnIncumbent
from tnt_sim.engine.optimise import METHODS, OptimiseOptions, Report, build_outcome_result, decide
from tnt_sim.engine.result import ResultData
from tnt_sim.errors import UsageError
from tnt_sim.formulation.formulate import formulate
from tnt_sim.i18n.message import _
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.scenario.scenario import ScenarioData, is_sequence, list_decision_steps
from tnt_sim.solve.backends.backend import Termination
from tnt_sim.solve.backends.registry import get_backend
from tnt_sim.solve.backends.registry import write_lp as write_model

if TYPE_CHECKING:
    from tnt_sim.engine.session import SolverSession

__all__ = ["METHODS", "Clock", "Report", "solve", "write_lp"]


def solve(
    scenario: ScenarioData,
    *,
    backend: str | None = None,
    relax: bool = False,
    cross_check: str | None = None,
    time_limit: float | None = None,
    method: str = "auto",
    progress: Report | None = None,
    on_incumbent: OnIncumbent | None = None,
    session: SolverSession | None = None,
) -> ResultData:
    """Find the canonical optimal allocation of a scenario, with the evidence that supports it.

    The first objective is optimised, then the next ones within its optimum, then the total granted is
    minimised; ties are broken by rank order.

    Parameters
    ----------
    scenario
        The scenario to solve.
    backend
        `highs`, `scipy` or `pulp:NAME`. Default: the scenario's choice.
    relax
        Solve only the linear relaxation, and report shadow prices.
    cross_check
        `auto`, `never` or the name of an independent solver. Default: the scenario's choice.
    time_limit
        Seconds for the whole run. Default: the scenario's choice.
    method
        `auto` and `tree` try exact kernels before a solver. `direct` gives each stage to the solver as a
        whole; `core` first fixes the columns that dual prices decide.
    progress
        Called with the name of a phase and the share of the run that is done.
    on_incumbent
        Called with each better list, read in integers, and the bound that the solver claims; see `Incumbent`.
    session
        Earlier versions of the scenario, whose problem and rows may be reused. Proofs of the tie-break are then
        not sought.
    """
    if method not in METHODS:
        raise UsageError(
            _(
                'there is no method "{method}" in this version ({methods}).',
                method=method,
                methods=", ".join(METHODS),
            )
        )
    spec = scenario.spec.solver
    limit = spec.time_limit if time_limit is None else time_limit
    clock = Clock(limit)
    clock.seconds["read"] = round(scenario.seconds_read, 4)
    name = backend or spec.backend
    if relax:
        return _solve_relaxation(scenario, name, clock)
    choice = spec.cross_check if cross_check is None else cross_check
    options = OptimiseOptions(backend=name, cross_check=choice, method=method, on_incumbent=on_incumbent)
    if session is not None and not is_sequence(scenario):
        options = replace(options, with_evidence=True)
        version = session.optimise_version(scenario, options, clock=clock, progress=progress)
        return build_outcome_result(version.problem, version.answer, clock.seconds).with_allowed_words()
    if is_sequence(scenario):
        from tnt_sim.engine.multi_step import decide_steps

        result = decide_steps(scenario, options, clock=clock, progress=progress)
    else:
        result = decide(scenario, options, clock=clock, progress=progress)
    return result.with_allowed_words()


def _solve_relaxation(scenario: ScenarioData, backend: str, clock: Clock) -> ResultData:
    if scenario.steps:
        raise UsageError(_("`--relax` looks at one decision, and this scenario has steps."))
    from tnt_sim.engine.lp_relaxation import build_limit_error, solve_relaxation

    problem = compile_problem(scenario)
    clock.begin()
    try:
        form = formulate(problem, whole=False, deadline=clock.deadline)
    except DeadlineExpired:
        raise build_limit_error(Termination.TIME_LIMIT) from None
    clock.record_phase("formulate")
    return solve_relaxation(problem, form, get_backend(backend), clock.build_limits(), clock.seconds)


def write_lp(scenario: ScenarioData, path: Path) -> None:
    """Write the model of a scenario (of its first step) as an LP file, with the first stage as objective."""
    form = formulate(compile_problem(list_decision_steps(scenario)[0].scenario))
    first = form.stages[0]
    write_model(form.model.with_objective(first.objective, first.sense), path)
