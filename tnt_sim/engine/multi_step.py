"""Decisions in several steps: each keeps what the earlier ones granted, and the last may free the reserves."""

from __future__ import annotations

from dataclasses import dataclass, field

import polars as pl

from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, Report, decide
from tnt_sim.engine.result import ResultData, Status
from tnt_sim.engine.step_results import GRANT_SCHEMA, combine_results, select_step_grants
from tnt_sim.errors import Defect, LimitReached, NothingDecided, UsageError
from tnt_sim.i18n.message import _
from tnt_sim.scenario.scenario import ScenarioData, Step, build_reserve_step, list_decision_steps
from tnt_sim.verify.claim_consistency import NO_LIST


@dataclass
class _Sequence:
    """What the steps so far have decided."""

    scenario: ScenarioData
    done: list[tuple[Step, ResultData]] = field(default_factory=list)
    granted: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=GRANT_SCHEMA))

    def take(self, step: Step, result: ResultData) -> None:
        """Store what a step granted."""
        self.done.append((step, result))
        if result.allocation is not None:
            self.granted = pl.concat([self.granted, select_step_grants(step, result)])


def decide_steps(
    scenario: ScenarioData,
    options: OptimiseOptions,
    *,
    clock: Clock,
    progress: Report | None = None,
) -> ResultData:
    """Decide all steps of a scenario in order and combine them into one result."""
    report = _Sequence(scenario)
    planned, last = list_decision_steps(scenario), build_reserve_step(scenario)
    left = len(planned) + (last is not None)
    for step in planned:
        variant = step.scenario.with_kept(report.granted)
        result = decide(variant, options, clock=clock.take_share(1 / left), progress=progress)
        left -= 1
        report.take(step, result)
        if result.allocation is None:
            return combine_results(
                scenario,
                report.done,
                None,
                () if len(report.done) == 1 else (_build_infeasible_defect(step),),
            )
    if last is None:
        return combine_results(scenario, report.done, None, ())
    try:
        variant = last.scenario.with_kept(report.granted)
        outcome = decide(variant, options, clock=clock.take_share(1.0), progress=progress)
    except LimitReached:
        return combine_results(scenario, report.done, None, (NO_LIST,))
    stopped_empty = outcome.data.stopped_by is not None and select_step_grants(last, outcome).is_empty()
    if outcome.status is Status.INFEASIBLE or stopped_empty:
        return combine_results(scenario, report.done, None, (NO_LIST,))
    return combine_results(scenario, report.done, outcome, ())


def prepare_step(scenario: ScenarioData, step: int | str) -> ScenarioData:
    """Return a step as it is decided: what the earlier steps grant is committed. They are decided first.

    Parameters
    ----------
    step : its number from 1, or its id
    """
    last = build_reserve_step(scenario)
    steps = [*list_decision_steps(scenario), *([last] if last is not None else [])]
    ids = [one.id for one in steps]
    number = ids.index(step) + 1 if step and step in ids else step
    if not isinstance(number, int) or not 1 <= number <= len(steps):
        listed = ", ".join(f"{k} ({name})" if name else str(k) for k, name in enumerate(ids, start=1))
        raise UsageError(_('there is no step "{step}": {listed}.', step=str(step), listed=listed))
    spec = scenario.spec.solver
    options, clock = (
        OptimiseOptions(backend=spec.backend, cross_check=spec.cross_check),
        Clock(spec.time_limit),
    )
    clock.begin()
    report = _Sequence(scenario)
    for place, earlier in enumerate(steps[: number - 1], start=1):
        share = clock.take_share(1 / (number - place))
        result = decide(earlier.scenario.with_kept(report.granted), options, clock=share)
        report.take(earlier, result)
        if result.allocation is None:
            raise NothingDecided(_build_infeasible_defect(earlier).text)
    chosen = steps[number - 1].scenario
    return chosen.with_kept(report.granted) if number > 1 else chosen


def _build_infeasible_defect(step: Step) -> Defect:
    return Defect(
        "step-infeasible",
        _('the step "{step_id}" has no possible allocation after those before it.', step_id=step.id),
    )
