"""Errors for Python users: in the language of their scenario, with what clashes and the cheapest repairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from inspect import signature
from pathlib import Path

from tnt_sim.errors import (
    InfeasibleScenarioError,
    NothingDecided,
    ScenarioError,
    TntError,
    UsageError,
    suggest_name,
)
from tnt_sim.i18n.message import NO_TEXT, Lang, Text, _
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.scenario.yaml.safe_paths import find_locale

CONFLICT_SECONDS = 30.0
"""Most seconds for the search when the conflict of an error is read."""
AMOUNTS_BELOW = "usage.amounts"
"""Error of a sweep where amounts below its envelope do not follow; parts above their whole lead to it too."""


def with_told_errors[**Request, Answer](function: Callable[Request, Answer]) -> Callable[Request, Answer]:
    """Return a function whose errors speak the language of its scenario, in the words of Python.

    Where the setting is impossible, they have the `conflict`.
    """

    @wraps(function)
    def compute(*args: Request.args, **keywords: Request.kwargs) -> Answer:
        arguments = (*args, *keywords.values())
        try:
            return function(*args, **keywords)
        except TypeError:
            text = _describe_unknown_argument(function, keywords)
            if text is None:
                raise
            raise TypeError(text.in_(_choose_lang(arguments))) from None
        except TntError as error:
            scenario = _find_scenario(arguments)
            cause = error if scenario is None else find_refusal(error, scenario)
            if scenario is not None and isinstance(cause, NothingDecided | InfeasibleScenarioError):
                cause.search_conflict = partial(_find_document, scenario)
            cause.translate(_choose_lang(arguments))
            if cause is error:
                raise
            raise cause from error

    return compute


def _find_scenario(arguments: Sequence[object]) -> ScenarioData | None:
    """Return the scenario among the arguments, or that of the object whose method is called."""
    owner = getattr(arguments[0], "problem", arguments[0]) if arguments else None
    candidates = (*arguments, getattr(owner, "scenario", None))
    return next((one for one in candidates if isinstance(one, ScenarioData)), None)


def _choose_lang(arguments: Sequence[object]) -> Lang:
    """Return the language of the scenario among the arguments, else of the first one that has any, or French."""
    scenario = _find_scenario(arguments)
    spoken = [_read_lang(one) for one in arguments] if scenario is None else [scenario.spec.locale]
    return Lang(next((one for one in spoken if isinstance(one, str) and one in set(Lang)), Lang.FR))


def _read_lang(argument: object) -> object:
    """Return the language of an answer, of the keys of a scenario, or of a file; a language is its own."""
    if isinstance(argument, str | Path) and argument not in set(Lang):
        return find_locale(Path(argument))
    return argument.get("locale") if isinstance(argument, Mapping) else getattr(argument, "lang", argument)


def _describe_unknown_argument(
    function: Callable[..., object], keywords: Mapping[str, object]
) -> Text | None:
    """Describe the first keyword that is no argument of a function; None if all of them are."""
    known = [name for name in signature(function).parameters if name != "self"]
    for name in keywords:
        if name not in known:
            hint = suggest_name(name, known) or NO_TEXT
            return _(
                '{function}() has no argument "{name}". {hint}',
                function=function.__name__,
                name=name,
                hint=hint,
            )
    return None


def find_refusal(error: TntError, scenario: ScenarioData) -> TntError:
    """Return why the scenario is refused; an invalid option of a possible scenario stays what it is."""
    if not isinstance(error, UsageError) or error.code != AMOUNTS_BELOW:
        return error
    try:
        compile_problem(scenario, wants_notices=False)
    except InfeasibleScenarioError as refused:
        return refused
    except ScenarioError:
        pass
    return error


def _find_document(scenario: ScenarioData) -> Mapping[str, object] | None:
    """Return the document of the conflict; None where none was found."""
    from tnt_sim.analysis.infeasibility.minimal_conflicts import conflict
    from tnt_sim.engine.budgets import Clock

    try:
        conflict_ = conflict(scenario, clock=Clock(CONFLICT_SECONDS))
    except TntError:
        return None
    return conflict_.document if conflict_.status == "infeasible" else None
