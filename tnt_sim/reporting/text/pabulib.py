"""Describe a run of a Pabulib file: the objective, and the metadata of the file that the run uses or ignores."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import Text, _
from tnt_sim.ingest.tables.pabulib import PbFile

GOALS: Mapping[str, str] = MappingProxyType({"votes": "votes", "points": "score", "cost": "cost"})
"""Values of `--measure`, with the measure of the scenario."""
_WORDS = {
    "votes": _("the votes received"),
    "score": _("the points received (`score`)"),
    "cost": _("the cost of the funded projects"),
    "dossiers": _("the number of funded projects"),
}


def require_measure(pb: PbFile, measure: str) -> str:
    """Return the measure that `--measure` names.

    Raises
    ------
    UsageError
        If the file does not have it.
    """
    if measure not in GOALS:
        known = ", ".join(GOALS)
        raise UsageError(
            _('--measure is {known}, not "{measure}".', known=known, measure=measure),
            code="usage.measure",
        )
    goal = GOALS[measure]
    if goal not in pb.header:
        raise UsageError(
            _(
                '--measure {measure}: the projects of "{shown_as}" have no column "{goal}".',
                measure=measure,
                shown_as=pb.shown_as,
                goal=goal,
            ),
            code="usage.measure",
        )
    return goal


def describe_pabulib(pb: PbFile, goal: str) -> list[Text]:
    """Describe the objective, the bounds of costs, the city's rule, and the metadata that is not used."""
    if goal == "score" and "score" not in pb.header:
        goal = "votes"
    what = _WORDS.get(goal, _('"{goal}"', goal=goal))
    texts = [_("This run maximises {goal}.", goal=what)]
    return [*texts, *_describe_costs(pb.meta), *_describe_categories(pb), *_describe_rule(pb.meta)]


def _describe_costs(meta: Mapping[str, str]) -> list[Text]:
    return [
        _("`{key}: {meta}` is applied: a project beyond this bound is not eligible.", key=key, meta=meta[key])
        for key in ("min_project_cost", "max_project_cost")
        if meta.get(key)
    ]


def _describe_categories(pb: PbFile) -> list[Text]:
    meta = pb.meta
    result = []
    if meta.get("budget_per_category") and "category" in pb.header:
        result.append(
            _("`budget_per_category` is only reported, for the city spends the rest without these caps.")
            if meta.get("leftover_budget")
            else _("`budget_per_category` is applied: a cap for each category.")
        )
    if meta.get("leftover_budget"):
        result.append(
            _(
                "`leftover_budget: {meta}` is not applied: the whole budget is shared out at once.",
                meta=meta["leftover_budget"],
            )
        )
    return result


def _describe_rule(meta: Mapping[str, str]) -> list[Text]:
    if not meta.get("rule"):
        return []
    return [
        _(
            "The city's rule (`rule: {meta}`) is not applied: the list may differ from the city's.",
            meta=meta["rule"],
        )
    ]
