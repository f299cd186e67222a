"""Repairs of a scenario with steps: written where the impossible step reads them, solved through all steps.

A value that a step sets replaces that of the scenario, so a change of the scenario alone would not reach it.
Such a change is written in the `set` of the step, `steps.ID.set={"PATH": "VALUE"}`, which adds to what stands
there. Each repair is then solved from the first step to the last; one that leaves a step impossible is not shown.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from tnt_sim.analysis.infeasibility.document import RepairEntry
from tnt_sim.analysis.infeasibility.repair_cost import optimise_repaired
from tnt_sim.analysis.shared.goal_values import list_goal_values
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, decide
from tnt_sim.engine.result import SolveOutcome, Status
from tnt_sim.engine.step_results import GRANT_SCHEMA, select_step_grants
from tnt_sim.errors import TntError
from tnt_sim.scenario.load import with_sets
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.scenario.scenario import ScenarioData, list_decision_steps
from tnt_sim.scenario.spec import StepSpec


@dataclass(frozen=True)
class SolvedStep:
    """The impossible step after a repair: its problem and its optimum."""

    problem: Problem
    best: SolveOutcome


def write_through_steps(
    scenario: ScenarioData, step: str, repairs: Sequence[RepairEntry], clock: Clock
) -> list[RepairEntry]:
    """Return the repairs that lead through all steps, with the texts that do and the optimum of the step."""
    written = (_write_repair(scenario, step, repair, clock) for repair in repairs)
    return [repair for repair in written if repair is not None]


def apply_to_step(scenario: ScenarioData, step: str, texts: Sequence[str]) -> ScenarioData:
    """Return the scenario of a step after some changes, written where the step reads them."""
    changed = with_sets(scenario, next(list_forms(scenario, step, texts)))
    return next(one.scenario for one in list_decision_steps(changed) if one.id == step)


def _write_repair(scenario: ScenarioData, step: str, repair: RepairEntry, clock: Clock) -> RepairEntry | None:
    if repair.set is None:
        return repair
    for texts in list_forms(scenario, step, repair.set):
        solved = solve_steps(scenario, step, texts, clock)
        if solved is not None and solved.best.allocation is not None:
            return replace(
                repair,
                set=texts,
                objective=list_goal_values(solved.problem, solved.best.values),
                best_found=solved.best.is_closed,
                n_funded=int(solved.best.allocation.funded.sum()),
                granted_cents=solved.best.granted_cents,
            )
    return None


def list_forms(scenario: ScenarioData, step: str, texts: Sequence[str]) -> Iterator[list[str]]:
    """Yield the texts for the scenario as a whole, unless the step sets one of their paths, then for the step."""
    spec = next(one for one in scenario.spec.steps if one.id == step)
    paths = {text.partition("=")[0] for text in texts}
    if not any(_is_within(path, name) or _is_within(name, path) for path in paths for name in spec.set):
        yield list(texts)
    yield [_write_step_text(scenario, spec, texts)]


def _is_within(path: str, other: str) -> bool:
    return path == other or path.startswith(f"{other}.")


def _write_step_text(scenario: ScenarioData, spec: StepSpec, texts: Sequence[str]) -> str:
    path = f"steps.{spec.id}.set"
    typed = any(text.partition("=")[0].strip() == path for text in scenario.sets)
    values: dict[str, object] = (
        dict(spec.set) if typed else {}
    )  # a second text of one path replaces the first
    for text in texts:
        name, __, value = text.partition("=")
        values[name] = _read_value(value)
    return f"{path}={json.dumps(values, ensure_ascii=False, default=str)}"


def _read_value(text: str) -> object:
    return json.loads(text) if text[:1] in ("[", "{") or text in ("true", "false", "null") else text


def solve_steps(scenario: ScenarioData, step: str, texts: Sequence[str], clock: Clock) -> SolvedStep | None:
    """Solve all steps with some changes; None where no allocation of a step is shown to be the best."""
    retained, solved = pl.DataFrame(schema=GRANT_SCHEMA), None
    try:
        for step_ in list_decision_steps(with_sets(scenario, list(texts))):
            continued = step_.scenario.with_kept(retained)
            if step_.id == step:
                problem = compile_problem(continued, wants_notices=False)
                best = optimise_repaired(problem, clock)
                solved = None if best is None else SolvedStep(problem, best)
            result = decide(continued, OptimiseOptions(), clock=clock)
            if result.status is not Status.OPTIMAL:
                return None  # another list of this step might leave a later one impossible
            retained = pl.concat([retained, select_step_grants(step_, result)])
    except TntError:
        return None
    return solved
