"""Builders of the objective: `tnt.goals.maximise("score")`, one after the other by rank."""

from __future__ import annotations

from collections.abc import Mapping

from tnt_sim.rules.builders import Amount


def __dir__() -> list[str]:
    """Return the names of the builders, for the Tab key."""
    return ["maximise", "minimise", "smallest"]


type Goal = dict[str, object]
"""One stage of the objective, as a mapping."""
type GoalTerms = str | Mapping[str, object]
"""A measure (`"score"`), or measures with their weights (`{"score": 1, "dossiers": 10}`)."""


def maximise(
    measure: GoalTerms,
    *,
    tolerance: Amount | None = None,
    title: str = "",
    note: str = "",
    source: str = "",
    valid: Mapping[str, str] | None = None,
    off: bool = False,
) -> Goal:
    """Return a goal: as much of a measure as possible.

    Parameters
    ----------
    measure : a measure, or measures with their weights
    tolerance : share of its best value that it gives up for later goals
    title, note, source : texts about it
    valid, off : when it is in force, and whether it is only kept and shown

    Examples
    --------
    >>> goals = [tnt.goals.maximise("dossiers", tolerance="5 %"), tnt.goals.maximise({"score": 1})]
    >>> scenario.with_({"objective": goals}).solve().document["n_funded"]
    17
    """
    return _build("maximise", measure, locals())


def minimise(
    measure: GoalTerms,
    *,
    tolerance: Amount | None = None,
    title: str = "",
    note: str = "",
    source: str = "",
    valid: Mapping[str, str] | None = None,
    off: bool = False,
) -> Goal:
    """Return a goal: as little of a measure as possible; the parameters are those of `maximise`.

    Examples
    --------
    >>> goals = [tnt.goals.maximise("dossiers"), tnt.goals.minimise("granted")]
    >>> scenario.with_({"objective": goals}).solve().document["n_funded"]
    17
    """
    return _build("minimise", measure, locals())


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


def _build(sense: str, measure: GoalTerms, arguments: Mapping[str, object]) -> Goal:
    terms = {measure: 1} if isinstance(measure, str) else dict(measure)
    rest = {
        key: value
        for key, value in arguments.items()
        if key != "measure" and value is not None and value != "" and value is not False
    }
    return {sense: terms, **rest}
