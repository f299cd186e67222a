"""Declared questions as functions and methods of their subjects."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tnt_sim.i18n.message import Lang
from tnt_sim.studies.registry import load_study
from tnt_sim.studies.study import Ask, Query, Study, Subject

if TYPE_CHECKING:
    from tnt_sim.analysis.shared.reference_solution import ReportProgress
    from tnt_sim.studies.study_answer import QuestionAnswer


def find_answer(
    study: Study,
    subject: object,
    *arguments: object,
    time_limit: float | None = None,
    lang: Lang | str | None = None,
    progress: ReportProgress | None = None,
    **options: object,
) -> QuestionAnswer:
    """Answer a question.

    Parameters
    ----------
    subject : its scenario, decision or run
    time_limit : seconds for the whole, by default that of the scenario; then the answer says how far it came
    lang : language of the answer; by default that of the scenario or run
    progress : called with what is examined and the share done, in [0, 1]
    """
    from tnt_sim.engine.budgets import Clock
    from tnt_sim.studies.study_answer import QuestionAnswer

    spec, own_lang = attrgetter(*_SETTINGS[study.subject])(subject)
    limit = min(study.seconds, spec.solver.time_limit) if time_limit is None else time_limit
    form: type[Query[Any]] = Ask if study.subject is Subject.SCENARIO else Query
    ask = form(subject, Lang(lang or own_lang), Clock(limit), progress)
    return QuestionAnswer(study, study.compute(ask, *arguments, **options), ask.lang)


_SETTINGS: Mapping[Subject, tuple[str, str]] = MappingProxyType(
    {
        Subject.SCENARIO: ("spec", "spec.locale"),
        Subject.DECISION: ("problem.scenario.spec", "problem.scenario.spec.locale"),
        Subject.RUN: ("spec", "lang"),
    }
)
"""Where the keys of the scenario and the language stand in the subject of a question."""


def build_function[Owner](
    study: Study, first: str = "scenario", find_subject: Callable[[Owner], object] | None = None
) -> Callable[..., QuestionAnswer]:
    """Return a question as a function of its subject, or as a method of an object that has it.

    Parameters
    ----------
    first : name of the first parameter
    find_subject : returns the subject of the object, which by default is the subject itself
    """

    from tnt_sim.studies.told_errors import with_told_errors

    def ask(owner: Owner, *arguments: object, **options: Any) -> QuestionAnswer:
        subject = owner if find_subject is None else find_subject(owner)
        return find_answer(study, subject, *arguments, **options)

    kinds, shared = inspect.Parameter, inspect.signature(find_answer).parameters
    named = [shared[name] for name in ("time_limit", "lang", "progress")]
    parameters = [kinds(first, kinds.POSITIONAL_OR_KEYWORD), *study.options, *named]
    ask.__signature__ = inspect.Signature(parameters, return_annotation="QuestionAnswer")  # type: ignore[attr-defined]
    ask.__doc__, ask.__module__ = study.compute.__doc__, study.compute.__module__
    ask.__name__ = ask.__qualname__ = study.method
    return with_told_errors(ask)


def build_methods[Owner](verbs: Iterable[str], find_subject: Callable[[Owner], object]) -> type:
    """Return a class whose methods are declared questions; `find_subject` finds their subject."""
    studies = [load_study(verb) for verb in verbs]
    methods = {study.method: build_function(study, "self", find_subject) for study in studies}
    return type("DeclaredQuestions", (), {"__slots__": (), **methods})
