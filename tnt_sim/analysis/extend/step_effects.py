"""Gain of each axis from one more step of money (a million for 88 M€), next to a decision.

The step is new money: it raises the axis and the programme. It is computed only if the run left
time for it, in a fifth of what the decision worked at most, and only proved optima are reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tnt_sim.analysis.extend.search import round_step
from tnt_sim.analysis.marginal.extension_allocation import read_axes
from tnt_sim.analysis.shared.envelope_path import build_envelope_path, compile_at_amount
from tnt_sim.analysis.shared.progress import StudyProgress
from tnt_sim.analysis.shared.reference_solution import compare_allocations
from tnt_sim.analysis.sweep.envelope_point import SURE
from tnt_sim.deadline import Deadline, read_processor_time
from tnt_sim.documents import DecimalText
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.model_cache import ModelCache
from tnt_sim.engine.optimise import WarmStart, optimise
from tnt_sim.engine.result import Proof, ResultData
from tnt_sim.errors import ScenarioError
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.verify.run_document import format_fraction

SHARE, LEAST_SECONDS, MOST_SECONDS = 0.2, 0.5, 10.0
"""Share of the decision's processor seconds that a run spends on it, and the least and most such seconds."""
SLOWEST_RUN = 30.0
"""Seconds of a run beyond which it is skipped, because each axis would take about as long."""
STEPS, SLOW, UNPROVEN, NO_AMOUNT = "steps", "slow", "unproven", "no_amount"


@dataclass(frozen=True, slots=True, kw_only=True)
class AxisEffect:
    """Effect of one more step of money on one axis."""

    envelope: str
    goal: str | None
    change: DecimalText | None
    better: bool | None
    n_enter: int
    n_leave: int
    granted_cents: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StepEffects:
    """Size of the step, or why it was not tried; the axes that were, and those for which time was missing."""

    cents: int | None = None
    why_not: str | None = None
    axes: Sequence[AxisEffect] = ()
    missing: Sequence[str] = ()


def compute_step_gains(
    scenario: ScenarioData, result: ResultData, worked: float, seconds: float | None
) -> StepEffects | None:
    """Compute the gain of each axis from one more step; None for a result without an allocation.

    Parameters
    ----------
    worked : processor seconds that the decision took
    seconds : left of the run's own limit; None without a limit
    """
    if result.allocation is None or result.reading is None or result.data.relaxed:
        return None
    why = _find_skip_reason(scenario, result)
    if why is not None:
        return StepEffects(why_not=why)
    axes, written = read_axes(result.problem)
    names, step = list(axes) or [result.problem.case.tree.ids[0]], round_step(written)
    most = min(MOST_SECONDS, max(LEAST_SECONDS, SHARE * worked))
    deadline = Deadline(seconds).tighten(most, read_processor_time)
    course, results, model_cache = StudyProgress(deadline, "questions"), [], ModelCache()
    with course.catch_limits():
        for axis in course.iterate_items(names):
            entry = _build_entry(result, axis, step, Clock.from_deadline(course.deadline), model_cache)
            results += [] if entry is None else [entry]
    known = {entry.envelope for entry in results}
    return StepEffects(cents=step, axes=results, missing=[axis for axis in names if axis not in known])


def _find_skip_reason(scenario: ScenarioData, result: ResultData) -> str | None:
    """Return the reason why the question is skipped; None if it is not."""
    if scenario.steps:
        return STEPS
    if result.problem.case.tree.written_cents[0] is None:
        return NO_AMOUNT
    if result.proof not in SURE:
        return UNPROVEN
    return SLOW if sum(result.data.seconds.values()) > SLOWEST_RUN else None


def _build_entry(
    result: ResultData, axis: str, step: int, clock: Clock, model_cache: ModelCache
) -> AxisEffect | None:
    """Build the gain of one axis; None if it is not proved in time."""
    assert result.allocation is not None
    assert result.reading is not None
    line = build_envelope_path(result.problem, axis)
    try:
        problem = compile_at_amount(result.problem, line, line.amount_cents + step)
    except ScenarioError:  # a rule contradicts itself at that amount
        return None
    answer = optimise(problem, clock=clock, warm=WarmStart(model_cache))
    if answer.allocation is None or answer.proof is not Proof.PROVED or answer.granted_cents is None:
        return None
    pairs = zip(problem.stages, result.reading.values, answer.values, strict=True)
    goal, change, sense = next(
        ((stage.goal, then - now, stage.sense) for stage, now, then in pairs if now != then),
        (None, None, Sense.MAXIMISE),
    )
    moved = compare_allocations(problem, result.allocation, answer.allocation)
    return AxisEffect(
        envelope=axis,
        goal=goal,
        change=format_fraction(change),
        better=None if change is None else (change > 0) == (sense is Sense.MAXIMISE),
        n_enter=len(moved.enter),
        n_leave=len(moved.leave),
        granted_cents=answer.granted_cents - result.reading.granted_cents,
    )
