"""The three answers of a check in sentences: a verdict, one line for each answer, and the mark of an act."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tnt_sim.errors import Text, so_many
from tnt_sim.verify.verification import Means, Standing, Verification

GOOD, FAIR, BAD = "bold green", "bold yellow", "bold red"

_RULES: Mapping[Standing, Text] = MappingProxyType(
    {
        Standing.SHOWN: Text(
            "Règles : respectées. Relues ici au centime, depuis les données d'origine.",
            "Rules: kept. Read again here to the cent, from the raw inputs.",
        ),
        Standing.CLAIMED: Text(
            "Règles : respectées selon le calcul. Non vérifié : ses données ne sont plus là, ou ont changé.",
            "Rules: kept, according to the run. Not verified: its inputs are gone, or have changed.",
        ),
        Standing.NONE: Text(
            "Règles : une règle n'est pas respectée, ou un document est faux.",
            "Rules: a rule is broken, or a document is false.",
        ),
    }
)
_OPTIMAL: Mapping[Means | Standing, Text] = MappingProxyType(
    {
        Means.CERTIFICATE: Text(
            "Optimalité : démontrée ici. Le certificat du calcul a été rejoué.",
            "Optimality: shown here. The certificate of the run was replayed.",
        ),
        Means.SOLVED_PROOF: Text(
            "Optimalité : démontrée ici. Le scénario, résolu à nouveau, donne la même valeur, avec un certificat "
            "vérifié.",
            "Optimality: shown here. The scenario, solved again, gives the same value, with a certificate that "
            "was checked.",
        ),
        Means.SOLVED_TWICE: Text(
            "Optimalité : retrouvée ici par deux solveurs indépendants, sans certificat.",
            "Optimality: found again here by two independent solvers, without a certificate.",
        ),
        Standing.CLAIMED: Text(
            "Optimalité : affirmée par le calcul seulement. Rien ne la démontre ici.",
            "Optimality: claimed by the run only. Nothing shows it here.",
        ),
        Standing.NONE: Text(
            "Optimalité : ni démontrée, ni affirmée par le calcul.",
            "Optimality: neither shown, nor claimed by the run.",
        ),
    }
)
_FIRST: Mapping[Means | Standing, Text] = MappingProxyType(
    {
        Means.CERTIFICATE: Text(
            "Première parmi les ex æquo : démontré ici. Le certificat du calcul a été rejoué.",
            "First among equals: shown here. The certificate of the run was replayed.",
        ),
        Means.SOLVED_PROOF: Text(
            "Première parmi les ex æquo : démontré ici. Le scénario, résolu à nouveau, donne la même liste, avec "
            "un certificat vérifié.",
            "First among equals: shown here. The scenario, solved again, gives the same list, with a certificate "
            "that was checked.",
        ),
        Standing.CLAIMED: Text(
            "Première parmi les ex æquo : affirmé par le calcul seulement.",
            "First among equals: claimed by the run only.",
        ),
        Standing.NONE: Text(
            "Première parmi les ex æquo : ni démontré, ni affirmé par le calcul.",
            "First among equals: neither shown, nor claimed by the run.",
        ),
    }
)
UNBOUND = Text(
    "Non vérifié, car rien ne le relie à la répartition : versions, durées, méthode, cause de l'arrêt et "
    "solver.log.",
    "Not verified, since nothing binds it to the allocation: versions, seconds, method, cause of the stop and "
    "solver.log.",
)
NOT_VERIFIED = Text("non vérifié", "not verified")


def verdict(found: Verification) -> tuple[str, Text, str]:
    """The mark, the sentence and the style of a check; ✔ only where the optimum is shown."""
    if not found.ok:
        gaps = so_many(len(found.defects), ("écart", "écarts"), ("difference", "differences"))
        return "✘", Text(
            f"Calcul refusé : {gaps.fr}. Ne le publiez pas.", f"Run refused: {gaps.en}. Do not publish it."
        ), BAD  # fmt: skip
    head: Mapping[str, Any] = found.head or {}
    name, sha = head.get("scenario"), str(head.get("allocation_sha256") or "")[:12]
    if found.optimal.is_shown:
        return "✔", Text(
            f"{name} : règles respectées et répartition optimale, vérifié ici (répartition {sha}).",
            f"{name}: rules kept and allocation optimal, verified here (allocation {sha}).",
        ), GOOD  # fmt: skip
    if found.optimal.standing is Standing.CLAIMED:
        return "!", Text(
            f"{name} : règles respectées, vérifié ici. Le calcul se dit optimal, et rien ne le démontre "
            f"(répartition {sha}).",
            f"{name}: rules kept, verified here. The run says that it is optimal, and nothing shows it "
            f"(allocation {sha}).",
        ), FAIR  # fmt: skip
    return "!", Text(
        f"{name} : règles respectées, vérifié ici. Le calcul n'affirme pas être optimal (répartition {sha}).",
        f"{name}: rules kept, verified here. The run does not say that it is optimal (allocation {sha}).",
    ), FAIR  # fmt: skip


def answer_texts(found: Verification) -> tuple[Text, Text, Text]:
    """One sentence for each of the three answers."""
    optimal, first = found.optimal, found.first
    return (
        _RULES[found.rules.standing],
        _OPTIMAL[optimal.means or optimal.standing],
        _FIRST[first.means or first.standing],
    )
