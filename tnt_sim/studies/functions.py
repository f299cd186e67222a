"""Declared questions as functions of a scenario and as methods of `scenario.analyse`."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from operator import attrgetter
from typing import TYPE_CHECKING

from tnt_sim.i18n.message import Lang
from tnt_sim.studies.registry import load_studies
from tnt_sim.studies.study import Ask, Study

if TYPE_CHECKING:
    from tnt_sim.analysis.shared.reference_solution import ReportProgress
    from tnt_sim.scenario.scenario import ScenarioData
    from tnt_sim.studies.study_answer import QuestionAnswer


def find_answer(
    study: Study,
    scenario: ScenarioData,
    *arguments: object,
    time_limit: float | None = None,
    lang: Lang | str | None = None,
    progress: ReportProgress | None = None,
    **options: object,
) -> QuestionAnswer:
    """Answer a question.

    Parameters
    ----------
    time_limit : seconds for the whole, by default that of the scenario; then the answer says how far it came
    lang : language of the answer; by default that of the scenario
    progress : called with what is examined and the share done, in [0, 1]
    """
    from tnt_sim.engine.budgets import Clock
    from tnt_sim.studies.study_answer import QuestionAnswer

    limit = scenario.spec.solver.time_limit if time_limit is None else time_limit
    ask = Ask(scenario, Lang(lang or scenario.spec.locale), Clock(limit), progress)
    return QuestionAnswer(study, study.compute(ask, *arguments, **options), ask.lang)


def build_function(study: Study, first: str = "scenario") -> Callable[..., QuestionAnswer]:
    """Return a question as a function of a scenario, or as a method if `first` is self."""

    from tnt_sim.studies.told_errors import with_told_errors

    def ask(subject: object, *arguments: object, **options: object) -> QuestionAnswer:
        scenario = attrgetter("scenario")(subject) if first == "self" else subject
        return find_answer(study, scenario, *arguments, **options)  # type: ignore[arg-type]

    kinds, shared = inspect.Parameter, inspect.signature(find_answer).parameters
    named = [shared[name] for name in ("time_limit", "lang", "progress")]
    parameters = [kinds(first, kinds.POSITIONAL_OR_KEYWORD), *study.options, *named]
    ask.__signature__ = inspect.Signature(parameters, return_annotation="QuestionAnswer")  # type: ignore[attr-defined]
    ask.__doc__, ask.__module__ = study.compute.__doc__, study.compute.__module__
    ask.__name__ = ask.__qualname__ = study.method
    return with_told_errors(ask)


def build_methods() -> type:
    """Return a class whose methods are the declared questions about its `scenario`."""
    methods = {study.method: build_function(study, "self") for study in load_studies().values()}
    return type("DeclaredQuestions", (), {"__slots__": (), **methods})
