"""Describe a run of a Pabulib file: the objective, and the metadata of the file that the run uses or ignores."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import Text
from tnt_sim.ingest.tables.pabulib import PbFile

GOALS: Mapping[str, str] = MappingProxyType({"votes": "votes", "points": "score", "cost": "cost"})
"""Values of `--measure`, with the measure of the scenario."""
_WORDS = {
    "votes": Text("les votes reçus", "the votes received"),
    "score": Text("les points reçus (`score`)", "the points received (`score`)"),
    "cost": Text("le coût des projets financés", "the cost of the funded projects"),
    "dossiers": Text("le nombre de projets financés", "the number of funded projects"),
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
            Text(f"--measure vaut {known}, pas « {measure} ».", f'--measure is {known}, not "{measure}".'),
            code="usage.measure",
        )
    goal = GOALS[measure]
    if goal not in pb.header:
        raise UsageError(
            Text(
                f"--measure {measure} : les projets de « {pb.shown_as} » n'ont pas de colonne « {goal} ».",
                f'--measure {measure}: the projects of "{pb.shown_as}" have no column "{goal}".',
            ),
            code="usage.measure",
        )
    return goal


def describe_pabulib(pb: PbFile, goal: str) -> list[Text]:
    """Describe the objective, the bounds of costs, the city's rule, and the metadata that is not used."""
    if goal == "score" and "score" not in pb.header:
        goal = "votes"
    what = _WORDS.get(goal, Text(f"« {goal} »", f'"{goal}"'))
    texts = [Text(f"Ce calcul maximise {what.fr}.", f"This run maximises {what.en}.")]
    return [*texts, *_describe_costs(pb.meta), *_describe_categories(pb), *_describe_rule(pb.meta)]


def _describe_costs(meta: Mapping[str, str]) -> list[Text]:
    return [
        Text(
            f"`{key}: {meta[key]}` est appliqué : un projet hors de cette borne n'est pas éligible.",
            f"`{key}: {meta[key]}` is applied: a project beyond this bound is not eligible.",
        )
        for key in ("min_project_cost", "max_project_cost")
        if meta.get(key)
    ]


def _describe_categories(pb: PbFile) -> list[Text]:
    meta = pb.meta
    result = []
    if meta.get("budget_per_category") and "category" in pb.header:
        result.append(
            Text(
                "`budget_per_category` n'est que lu, car la ville dépense le reste sans ces plafonds."
                if meta.get("leftover_budget")
                else "`budget_per_category` est appliqué : un plafond par catégorie.",
                "`budget_per_category` is only reported, for the city spends the rest without these caps."
                if meta.get("leftover_budget")
                else "`budget_per_category` is applied: a cap for each category.",
            )
        )
    if meta.get("leftover_budget"):
        result.append(
            Text(
                f"`leftover_budget: {meta['leftover_budget']}` n'est pas appliqué : tout le budget est réparti "
                "en une fois.",
                f"`leftover_budget: {meta['leftover_budget']}` is not applied: the whole budget is shared out at "
                "once.",
            )
        )
    return result


def _describe_rule(meta: Mapping[str, str]) -> list[Text]:
    if not meta.get("rule"):
        return []
    return [
        Text(
            f"La règle de la ville (`rule: {meta['rule']}`) n'est pas appliquée : la liste peut différer de celle "
            "de la ville.",
            f"The city's rule (`rule: {meta['rule']}`) is not applied: the list may differ from the city's.",
        )
    ]
