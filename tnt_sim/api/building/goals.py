"""Builders of the objective: `tnt.goals.maximise("score")`, one after the other by rank."""

from __future__ import annotations

import inspect

from tnt_sim.api.building.builders import MakeEntry, make_builder
from tnt_sim.scenario.spec import StageSpec

__all__ = ["maximise", "minimise", "smallest"]

_MEASURE = inspect.Parameter(
    "measure", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation="str | Mapping[str, object]"
)


def __dir__() -> list[str]:
    """Return the names of the builders, for the Tab key."""
    return __all__


def _make_goal_builder(sense: str, about: str, goals: str) -> MakeEntry:
    """Return the builder of a goal: its measure, or measures with their weights, then the keys of a stage."""

    def finish(entry: dict[str, object]) -> dict[str, object]:
        measure = entry.pop("measure")
        return {sense: {measure: 1} if isinstance(measure, str) else measure, **entry}

    example = [
        f">>> goals = [{goals}]",
        '>>> scenario.with_({"objective": goals}).solve().document["n_funded"]',
        "17",
    ]
    first = (_MEASURE, "a measure, or measures with their weights")
    leaving = ("maximise", "minimise")
    return make_builder(
        sense, StageSpec, about, example, leaving=leaving, first=first, module=__name__, finish=finish
    )


maximise = _make_goal_builder(
    "maximise",
    "Return a goal: as much of a measure as possible.",
    'tnt.goals.maximise("dossiers", tolerance="5 %"), tnt.goals.maximise({"score": 1})',
)
minimise = _make_goal_builder(
    "minimise",
    "Return a goal: as little of a measure as possible.",
    'tnt.goals.maximise("dossiers"), tnt.goals.minimise("granted")',
)


def smallest(measure: str, *, by: str, per: str | None = None) -> dict[str, object]:
    """Return a measure for `maximise`: that of the group that has the least of another measure.

    Parameters
    ----------
    measure : what is counted
    by : column of the groups
    per : `population`: per head of the map

    Examples
    --------
    >>> goal = tnt.goals.maximise(tnt.goals.smallest("granted", by="department"))
    >>> scenario.with_({"objective": [goal]}).solve().status.value
    'optimal'
    """
    terms: dict[str, object] = {"measure": measure, "by": by}
    if per is not None:
        terms["per"] = per
    return {"smallest": terms}
