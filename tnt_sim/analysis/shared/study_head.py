"""First keys of the documents of studies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tnt_sim.analysis.shared.progress import ProgressEntry, StudyProgress
from tnt_sim.documents import ScenarioHead
from tnt_sim.engine.result import Status
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.problem import Problem
from tnt_sim.scenario.scenario import is_synthetic
from tnt_sim.verify.run_document import format_warnings


@dataclass(frozen=True, kw_only=True)
class StudyState:
    """How far a study came, and the limit that ended it early, if any."""

    status: str
    stopped_by: str | None
    progress: ProgressEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class TitledHead(ScenarioHead):
    """The scenario with its title, and whether one of its files says that its data are invented."""

    title: str
    synthetic: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionHead(StudyState, TitledHead):
    """First keys of a declared question, with the day of the decision and what the scenario warns of."""

    status: Status
    date: str | None
    warnings: Sequence[str]


def build_question_head(
    problem: Problem, course: StudyProgress, status: Status, lang: Lang
) -> dict[str, Any]:
    """Return the first keys of a declared question."""
    scenario = problem.scenario
    return {
        "scenario": scenario.id,
        "scenario_sha256": scenario.sha256,
        "title": scenario.title,
        "date": scenario.spec.date.isoformat() if scenario.spec.date else None,
        "synthetic": is_synthetic(scenario),
        "status": status,
        "stopped_by": course.stopped_by,
        "progress": course.progress,
        "warnings": format_warnings(problem.warnings, lang),
    }
