"""Errors of an impossible setting carry what clashes and the cheapest repairs, for Python users."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial, wraps

from tnt_sim.errors import NothingDecided, ScenarioError, TntError, UsageError
from tnt_sim.scenario.problem import compile_problem, is_clash
from tnt_sim.scenario.scenario import ScenarioData

CONFLICT_SECONDS = 30.0
"""Most seconds for the search when the conflict of an error is read."""
AMOUNTS_BELOW = "usage.amounts"
"""Error of a sweep where amounts below its envelope do not follow; parts above their whole lead to it too."""


def with_conflict[**Request, Answer](function: Callable[Request, Answer]) -> Callable[Request, Answer]:
    """Return a function on a scenario whose error, where the setting is impossible, has the `conflict`."""

    @wraps(function)
    def compute(*args: Request.args, **keywords: Request.kwargs) -> Answer:
        given = (*args, *keywords.values())
        scenario = next((one for one in given if isinstance(one, ScenarioData)), None)
        try:
            return function(*args, **keywords)
        except (ScenarioError, NothingDecided, UsageError) as error:
            if scenario is None:
                raise
            cause = find_refusal(error, scenario)
            if isinstance(cause, NothingDecided) or (isinstance(cause, ScenarioError) and is_clash(cause)):
                cause.search_conflict = partial(_find_document, scenario)
            if cause is error:
                raise
            raise cause from error

    return compute


def find_refusal(error: TntError, scenario: ScenarioData) -> TntError:
    """Return why the scenario is refused; an invalid option of a possible scenario stays what it is."""
    if not isinstance(error, UsageError) or error.code != AMOUNTS_BELOW:
        return error
    try:
        compile_problem(scenario, wants_notices=False)
    except ScenarioError as refused:
        if is_clash(refused):
            return refused
    return error


def _find_document(scenario: ScenarioData) -> Mapping[str, object] | None:
    """Return the document of the conflict; None where none was found."""
    from tnt_sim.analysis.infeasibility.minimal_conflicts import conflict

    try:
        conflict_ = conflict(scenario, time_limit=CONFLICT_SECONDS)
    except TntError:
        return None
    return conflict_.document if conflict_.status == "infeasible" else None
