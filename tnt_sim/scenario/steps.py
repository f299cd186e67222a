"""The steps of a scenario: what is planned one after the other, and the last one that frees the reserves."""

from __future__ import annotations

from dataclasses import replace

from tnt_sim.errors import Defects, ScenarioError, Text
from tnt_sim.scenario.scenario import Scenario, Step

RESERVE = "reserve"


def check_steps(scenario: Scenario) -> None:
    """Steps run forward in time, and the one that frees the reserves is the last."""
    defects = Defects()
    steps = scenario.spec.steps
    day = None
    for k, step in enumerate(steps):
        if step.id == RESERVE and k + 1 < len(steps):
            text = Text("l'étape « reserve » est la dernière.", 'the step "reserve" comes last.')
            defects.add("steps", text, scenario.locate(("steps", k, "id")))
        if "steps" in {path.split(".")[0] for path in step.set}:
            text = Text("une étape ne change pas les étapes.", "a step does not change the steps.")
            defects.add("steps", text, scenario.locate(("steps", k, "set")))
        now = step.date or scenario.spec.date
        if now is not None and day is not None and now < day:
            text = Text(
                f"l'étape « {step.id} » ({now}) précède celle d'avant ({day}).",
                f'the step "{step.id}" ({now}) comes before the one above ({day}).',
            )
            defects.add("steps", text, scenario.locate(("steps", k, "date")))
        day = now or day
    defects.raise_if_any(ScenarioError)


def decision_steps(scenario: Scenario) -> tuple[Step, ...]:
    """The steps that decide, in order; the scenario itself, nameless, without any."""
    deciding = tuple(step for step in scenario.steps if step.id != RESERVE)
    return deciding or (Step("", scenario),)


def reserve_step(scenario: Scenario) -> Step | None:
    """The step that frees the reserves: the one of that name, else the last one again where money is held back."""
    if scenario.steps and scenario.steps[-1].id == RESERVE:
        return Step(RESERVE, replace(scenario.steps[-1].scenario, reserves_freed=True))
    last = decision_steps(scenario)[-1].scenario
    held = [spec for spec, _ in last.spec.programme.applied(last.spec.date) if spec.reserve]
    return Step(RESERVE, replace(last, reserves_freed=True)) if held else None


def is_sequence(scenario: Scenario) -> bool:
    """Whether there is more than one decision to take."""
    return bool(scenario.steps) or reserve_step(scenario) is not None
