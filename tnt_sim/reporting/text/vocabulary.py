"""Words of results: each code of the documents as a planner reads it, French and English.

The labels of a run add what its document does not hold: titles, units, the date, and the mark
"synthetic".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import polars as pl

from tnt_sim.i18n.message import Lang, Text
from tnt_sim.i18n.numbers import format_day
from tnt_sim.rules.kinds.registry import load_rule_kinds
from tnt_sim.rules.linear_terms import Unit
from tnt_sim.rules.offers.total_aid import GUARD, GUARD_TITLE
from tnt_sim.scenario.scenario import is_synthetic
from tnt_sim.verify import run_document
from tnt_sim.verify.run_document import RunDocument
from tnt_sim.verify.verification import Means, Verification, of_fresh

if TYPE_CHECKING:
    from tnt_sim.engine.result import ResultData

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


def describe_proof(proof: str | None, lang: Lang) -> str:
    """Name the evidence of a value; a dash where there is none."""
    return PROOF[proof].in_(lang) if proof else "–"


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
        **{kind.name: kind.label for kind in load_rule_kinds().values()},
        "cap": Text("plafond par projet", "cap over projects"),
    }
)
"""Labels of the rule kinds and of caps, by kind."""

INHABITANTS = Text("Habitants des communes atteintes", "Inhabitants of the communes reached")
"""Heading of the figure `inhabitants`."""

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


def get_solver_name(backend: str) -> str:
    """Return the usual name of a solver: "CBC" for `pulp:COIN_CMD`."""
    name = backend.rpartition(":")[2]
    return _SOLVERS.get(name, name)


def describe_verdict(
    document: RunDocument, second: str = "", verification: Verification | None = None
) -> Text:
    """Say what was found and what supports it.

    Parameters
    ----------
    second : name of the solver that confirmed
    verification : of a stored run
    """
    sentence = describe_outcome(
        document.status,
        document.proof,
        verification or of_fresh(document),
        relaxed=document.relaxed,
        stopped_by=document.stopped_by,
        closed=bool(document.objective) and all(goal.gap == "0" for goal in document.objective),
        second=second,
    )
    if verification is None or verification.rules.is_shown:
        return sentence
    return Text(f"{_NOT_VERIFIED.fr} {sentence.fr}", f"{_NOT_VERIFIED.en} {sentence.en}")


def describe_outcome(
    status: str,
    proof: str | None,
    verification: Verification,
    *,
    relaxed: bool = False,
    stopped_by: str | None = None,
    closed: bool = False,
    second: str = "",
) -> Text:
    """Say what was found; `closed`: a solver claims that no objective can be improved."""
    stop = STOPPED_BY.get(stopped_by or "")
    by = Text(f" ({stop.fr} a arrêté le calcul)", f" ({stop.en} ended the run)") if stop else Text("", "")
    if status == "infeasible":
        return _INFEASIBLE_ALONE if proof is None and not relaxed else _INFEASIBLE
    if status == "stopped":
        return Text(
            f"Le calcul s'est arrêté sans répartition{by.fr}.", f"The run stopped with no allocation{by.en}."
        )
    if relaxed:
        return _RELAXED
    means, reserve = verification.optimal.means, verification.rows.reserve
    if means is Means.CERTIFICATE:
        return (
            _PROVED if reserve is None else Text(f"{_PROVED.fr} {reserve.fr}", f"{_PROVED.en} {reserve.en}")
        )
    if means is not None:
        return _describe_confirmation(second)
    if status == "optimal":
        return _CLAIMED if proof in ("PROVED", "CROSS_CHECKED") else _OPTIMAL_ALONE
    if not stop and closed:
        return _OPTIMAL_ALONE
    return Text(
        f"Répartition valable, mais rien ne prouve que c'est la meilleure{by.fr}. À ne pas publier.",
        f"A valid allocation, but not proven to be the best{by.en}. Not for publication.",
    )


def _describe_confirmation(second: str) -> Text:
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


@dataclass(frozen=True, slots=True)
class Labels:
    """Words for one run.

    Attributes
    ----------
    title, day : of the scenario; the date in full, "" without one
    synthetic : whether the data are declared synthetic
    second : solver that confirmed, "" if none did
    rule_titles, rule_units : by rule id; the unit is "money", "number" or "rate"
    goal_units : by stage of the objective
    reasons : number of applications by reason code, funded and unfunded ones apart
    """

    title: str = ""
    day: str = ""
    synthetic: bool = False
    second: str = ""
    rule_titles: Mapping[str, str] = field(default_factory=dict)
    rule_units: Mapping[str, str] = field(default_factory=dict)
    goal_units: Sequence[str] = ()
    reasons: Mapping[bool, Mapping[str, int]] = field(default_factory=dict)


def build_labels(result: ResultData, lang: Lang) -> Labels:
    """Return the labels of a result."""
    problem = result.problem
    spec = problem.scenario.spec
    return Labels(
        title=problem.scenario.title,
        day=format_day(spec.date.isoformat(), lang) if spec.date else "",
        synthetic=is_synthetic(problem.scenario),
        second=_get_second_solver(result),
        rule_titles={
            GUARD: GUARD_TITLE.in_(lang),
            **{cap.name: cap.fill_from_library().title for cap in spec.caps},
            **{rule.id: rule.title for rule in spec.rules},
        },
        rule_units={
            **{cap.id: Unit.MONEY.value for cap in problem.caps.caps},
            **{rule.id: _infer_unit(rule) for rule in problem.rules},
        },
        goal_units=[stage.terms.unit.value for stage in problem.stages],
        reasons=_count_reasons(result.dossiers),
    )


def _get_second_solver(result: ResultData) -> str:
    """Return the usual name of the solver that confirmed."""
    check = result.certificate.get("cross_check") or {}
    return get_solver_name(str(check.get("solver") or ""))


def _count_reasons(dossiers: pl.DataFrame) -> dict[bool, dict[str, int]]:
    counted: dict[bool, dict[str, int]] = {}
    if "reason_code" in dossiers.columns:
        for funded, code, n in dossiers.group_by("funded", "reason_code").len().iter_rows():
            counted.setdefault(bool(funded), {})[code or ""] = n
    return counted


def _infer_unit(rule: object) -> str:
    if getattr(rule, "kind", "") == "share":
        return "rate"
    terms = getattr(rule, "terms", None)
    return "money" if getattr(terms, "unit", None) is Unit.MONEY else "number"


def translate_document(result: ResultData, lang: Lang) -> RunDocument:
    """Return the document of a run with its sentences in `lang` instead of the scenario's language."""
    document = replace(result.data, warnings=[warning.line(lang) for warning in result.warnings])
    if lang.value == result.problem.scenario.spec.locale:
        return document
    envelopes = run_document.build_envelope_entries(
        result.problem, result.reading, result.allocation, result.reasons, lang
    )
    return replace(document, envelopes=envelopes)


SYNTHETIC = Text(
    "Données SYNTHÉTIQUES : ces dossiers ne décrivent aucune demande réelle.",
    "SYNTHETIC data: these dossiers describe no real request.",
)
SHORT_SYNTHETIC = Text("données synthétiques", "synthetic data")
"""The same, for a cell."""
