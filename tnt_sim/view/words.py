"""The words of results: each code of the documents as a planner reads it, in French and English."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tnt_sim.errors import Text
from tnt_sim.rules.column_words import COLUMN as COLUMN
from tnt_sim.rules.column_words import bare_column as bare_column
from tnt_sim.rules.column_words import column as column
from tnt_sim.rules.column_words import is_plural as is_plural
from tnt_sim.rules.column_words import long_day as long_day
from tnt_sim.rules.column_words import value as value
from tnt_sim.verify.verification import Means, Verification, of_fresh

STATUS: Mapping[str, Text] = MappingProxyType(
    {
        "optimal": Text("optimale", "optimal"),
        "feasible": Text("valable, optimalité non prouvée", "valid, not proven optimal"),
        "infeasible": Text("aucune répartition possible", "no allocation possible"),
        "stopped": Text("arrêtée sans répartition", "stopped with no allocation"),
    }
)

STOPPED_BY: Mapping[str, Text] = MappingProxyType(
    {
        "time": Text("la limite de temps", "the time limit"),
        "nodes": Text("la limite de nœuds", "the node limit"),
        "memory": Text("la limite de mémoire", "the memory limit"),
        "interrupt": Text("une interruption", "an interruption"),
    }
)

PROOF: Mapping[str, Text] = MappingProxyType(
    {
        "PROVED": Text("prouvé", "proven"),
        "CROSS_CHECKED": Text("confirmé par un second solveur", "confirmed by a second solver"),
        "FEASIBLE_GAP": Text("non prouvé", "not proven"),
    }
)

UNSPENT: Mapping[str, Text] = MappingProxyType(
    {
        "all_funded": Text("tous les dossiers éligibles sont financés", "every eligible dossier is funded"),
        "none_fits": Text(
            "aucun dossier restant ne tient dans ce reste", "no remaining dossier fits in what is left"
        ),
        "parent_full": Text("l'enveloppe qui la contient est épuisée", "the envelope above it is used up"),
        "rule": Text("une règle empêche de le dépenser", "a rule prevents spending it"),
        "reserve": Text("mis en réserve", "held in reserve"),
        "no_gain": Text(
            "aucun dossier restant n'améliore l'objectif", "no remaining dossier improves the objective"
        ),
        "swap_only": Text(
            "seul un échange de dossiers pourrait l'employer", "only a swap of dossiers could use it"
        ),
    }
)

REASON: Mapping[str, Text] = MappingProxyType(
    {
        "committed": Text("déjà engagés", "already committed"),
        "decided": Text("retenus par décision", "funded by decision"),
        "merit": Text("retenus au mérite", "funded on merit"),
        "rule": Text("retenus pour tenir une règle", "funded to meet a rule"),
        "state": Text("refusés ou classés sans suite à l'instruction", "refused or closed by the service"),
        "ineligible": Text("non éligibles", "not eligible"),
        "not_given": Text("non renseignés dans une condition", "not given in a requirement"),
        "capped_out": Text("montant possible nul ou trop petit", "possible amount zero or too small"),
        "variant": Text("une autre variante est retenue", "another variant is funded"),
        "prerequisite": Text("un dossier préalable n'est pas retenu", "a required dossier is not funded"),
        "order": Text("l'ordre imposé l'exclut", "the imposed order excludes it"),
        "outranked": Text(
            "devancés : moins utiles par euro que tous les retenus",
            "outranked: worth less per euro than all funded",
        ),
        "none_fits": Text("trop grands pour ce qui reste", "too large for what is left"),
        "crowded_out": Text("écartés par une règle ou par l'objectif", "kept out by a rule or the objective"),
        "reserve": Text("sur la liste de réserve", "on the reserve list"),
    }
)

KIND: Mapping[str, Text] = MappingProxyType(
    {
        "limit": Text("plafond ou plancher", "limit"),
        "share": Text("part", "share"),
        "exclusive": Text("exclusion", "exclusive"),
        "requires": Text("préalable", "requires"),
        "together": Text("ensemble", "together"),
        "order": Text("ordre", "order"),
        "decide": Text("décision", "decision"),
        "coverage": Text("couverture", "coverage"),
        "schedule": Text("échéancier", "schedule"),
        "equity": Text("équité", "equity"),
        "cap": Text("plafond par projet", "cap over projects"),
    }
)

SENSE: Mapping[str, Text] = MappingProxyType(
    {"maximise": Text("maximiser", "maximise"), "minimise": Text("minimiser", "minimise")}
)

MEASURE: Mapping[str, Text] = MappingProxyType(
    {
        "granted": Text("le montant accordé", "the amount granted"),
        "cost": Text("le coût des dossiers financés", "the cost of the funded dossiers"),
        "base": Text("l'assiette des dossiers financés", "the eligible cost of the funded dossiers"),
        "requested": Text(
            "le montant demandé par les dossiers financés", "the amount asked by funded dossiers"
        ),
        "leverage": Text("le coût moins le montant accordé", "the cost less the amount granted"),
        "dossiers": Text("le nombre de dossiers financés", "the number of funded dossiers"),
        "projects": Text("le nombre de projets financés", "the number of funded projects"),
        "applicants": Text("le nombre de porteurs financés", "the number of funded applicants"),
        "score": Text("la somme des notes des dossiers financés", "the sum of the funded dossiers' scores"),
        "population": Text("la population des porteurs financés", "the population of the funded applicants"),
        "inhabitants": Text(
            "les habitants des communes atteintes", "the inhabitants of the communes reached"
        ),
    }
)

INHABITANTS = Text("Habitants des communes atteintes", "Inhabitants of the communes reached")
"""The head of what `inhabitants` counts."""

_SOLVERS = MappingProxyType(
    {
        "COIN_CMD": "CBC",
        "PULP_CBC_CMD": "CBC",
        "GLPK_CMD": "GLPK",
        "SCIP_PY": "SCIP",
        "SCIP_CMD": "SCIP",
        "CPSAT": "CP-SAT",
    }
)

FORMULA_PREFIX = ("=", "+", "-", "@", "\t", "\r", "\n")
"""How a cell begins that a spreadsheet would take for a formula."""


def solver_name(backend: str) -> str:
    """The usual name of a solver: « CBC » for `pulp:COIN_CMD`."""
    name = backend.rpartition(":")[2]
    return _SOLVERS.get(name, name)


def measure(name: str) -> Text:
    """A measure as people say it; its own name in quotes where it is not built in."""
    return MEASURE.get(name) or Text(f"« {name} »", f'"{name}"')


def verdict(document: Mapping[str, Any], second: str = "", found: Verification | None = None) -> Text:
    """What was found and what supports it, in plain words.

    `second` names the solver that confirmed; `found` is what the check of a stored run showed.
    """
    told = _verdict(document, second, found or of_fresh(document))
    if found is None or found.rules.is_shown:
        return told
    return Text(f"{_NOT_VERIFIED.fr} {told.fr}", f"{_NOT_VERIFIED.en} {told.en}")


def _verdict(document: Mapping[str, Any], second: str, found: Verification) -> Text:
    status, proof, relaxed = document["status"], document.get("proof"), document.get("relaxed")
    stop = STOPPED_BY.get(document.get("stopped_by") or "")
    by = Text(f" ({stop.fr} a arrêté le calcul)", f" ({stop.en} ended the run)") if stop else Text("", "")
    if status == "infeasible":
        return _INFEASIBLE_ALONE if proof is None and not relaxed else _INFEASIBLE
    if status == "stopped":
        return Text(
            f"Le calcul s'est arrêté sans répartition{by.fr}.", f"The run stopped with no allocation{by.en}."
        )
    if relaxed:
        return _RELAXED
    means, reserve = found.optimal.means, found.rows.reserve
    if means is Means.CERTIFICATE:
        return (
            _PROVED if reserve is None else Text(f"{_PROVED.fr} {reserve.fr}", f"{_PROVED.en} {reserve.en}")
        )
    if means is not None:
        return _confirmed(second)
    if status == "optimal":
        return _CLAIMED if proof in ("PROVED", "CROSS_CHECKED") else _OPTIMAL_ALONE
    if not stop and _is_closed(document):
        return _OPTIMAL_ALONE
    return Text(
        f"Répartition valable, mais rien ne prouve que c'est la meilleure{by.fr}. À ne pas publier.",
        f"A valid allocation, but not proven to be the best{by.en}. Not for publication.",
    )


def _is_closed(document: Mapping[str, Any]) -> bool:
    """Whether a solver claims that no goal can be bettered."""
    goals = document.get("objective") or ()
    return bool(goals) and all(goal.get("gap") == "0" for goal in goals)


def _confirmed(second: str) -> Text:
    name = f" ({second})" if second else ""
    return Text(
        "Répartition optimale : aucune autre ne fait mieux. Confirmé par un second solveur "
        f"indépendant{name}.",
        f"Optimal allocation: no other does better. Confirmed by a second, independent solver{name}.",
    )


_PROVED = Text(
    "Répartition optimale : aucune autre ne fait mieux. Prouvé par un certificat exact.",
    "Optimal allocation: no other does better. Proven by an exact certificate.",
)
_CLAIMED = Text(
    "Le calcul se dit optimal ; rien ne le démontre ici. À ne pas publier sans preuve.",
    "The run says that it is optimal; nothing shows it here. Not for publication without a proof.",
)
_NOT_VERIFIED = Text(
    "NON VÉRIFIÉ : les données du calcul ne sont plus là, ou ont changé.",
    "NOT VERIFIED: the inputs of the run are gone, or have changed.",
)
_OPTIMAL_ALONE = Text(
    "Répartition optimale selon un seul solveur ; rien ne le démontre. À ne pas publier.",
    "Optimal according to one solver; not proven. Not for publication.",
)
_RELAXED = Text(
    "Calcul relâché : des fractions de dossiers sont admises. Ce n'est pas une décision.",
    "Relaxed run: fractions of dossiers are allowed. This is not a decision.",
)
_INFEASIBLE = Text(
    "Aucune répartition ne respecte à la fois toutes les règles : le scénario se contredit.",
    "No allocation respects all the rules at once: the scenario contradicts itself.",
)
_INFEASIBLE_ALONE = Text(
    "Aucune répartition ne respecte à la fois toutes les règles, selon un seul solveur.",
    "No allocation respects all the rules at once, says one solver alone.",
)
