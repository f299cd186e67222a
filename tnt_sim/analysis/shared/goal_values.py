"""Values of the stages of the objective, as documents list them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from tnt_sim.documents import DecimalText, omit_none
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.run_document import format_fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class StageValue:
    """Value of one stage of the objective."""

    goal: str
    sense: Sense
    value: DecimalText


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalValue:
    """Value of one stage of the objective; `title` is that of its measure, left out where it has none."""

    goal: str
    title: str | None = omit_none()
    sense: Sense
    value: DecimalText


def list_goal_values(problem: Problem, values: Sequence[Fraction]) -> list[GoalValue]:
    """List the values of the stages, as many as there are values."""
    measures = problem.scenario.spec.measures
    return [
        GoalValue(
            goal=stage.goal,
            title=measures[stage.goal].title or None if stage.goal in measures else None,
            sense=stage.sense,
            value=format_fraction(value),
        )
        for stage, value in zip(problem.stages, values, strict=False)
    ]
