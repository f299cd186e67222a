"""Headings, labels and sentences of the report page and of its script."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType

from tnt_sim.i18n.message import Lang, Text
from tnt_sim.reporting.text.vocabulary import INHABITANTS

PAGE: Mapping[str, Text] = MappingProxyType(
    {
        "skip": Text("Aller aux dossiers", "Skip to the dossiers"),
        "contents": Text("Sommaire", "Contents"),
        "decision": Text("La décision", "The decision"),
        "amount": Text("Enveloppe", "Envelope"),
        "available": Text("Disponible", "Available"),
        "granted": Text("Accordé", "Granted"),
        "left": Text("Reste", "Left"),
        "filed": Text("Déposés", "Filed"),
        "eligible": Text("Éligibles", "Eligible"),
        "funded": Text("Retenus", "Funded"),
        "inhabitants": INHABITANTS,
        "committed": Text("dont déjà engagés", "of which already committed"),
        "day": Text("Date de la décision", "Day of the decision"),
        "goals": Text("Objectifs, dans l'ordre", "Goals, in order"),
        "goal": Text("Objectif", "Goal"),
        "value": Text("Valeur", "Value"),
        "bound": Text("Meilleure valeur possible", "Best possible value"),
        "proof": Text("Preuve", "Proof"),
        "warnings": Text("Avertissements", "Warnings"),
        "unpublishable": Text(
            "Cette répartition n'est pas publiable : rien ne prouve qu'aucune autre ne fait mieux.",
            "This allocation is not publishable: nothing proves that no other does better.",
        ),
        "slider": Text("Et avec une autre enveloppe ?", "And with another envelope?"),
        "slider_help": Text(
            "Chaque position est une répartition calculée d'avance. Déplacez le curseur : la liste, la carte et "
            "les totaux suivent.",
            "Each position is an allocation computed beforehand. Move the slider: the list, the map and the "
            "totals follow.",
        ),
        "slider_label": Text("Montant de « {name} »", "Amount of “{name}”"),
        "no_script": Text(
            "Le curseur, la recherche et la liste des dossiers demandent JavaScript, que ce navigateur n'exécute "
            "pas. Le tableau des positions, la carte et les totaux de la décision se lisent sans lui.",
            "The slider, the search and the list of dossiers need JavaScript, which this browser does not run. "
            "The table of positions, the map and the totals of the decision can be read without it.",
        ),
        "positions": Text("Les positions du curseur", "The positions of the slider"),
        "decided_here": Text("la décision", "the decision"),
        "enter": Text("Entrent", "Enter"),
        "leave": Text("Sortent", "Leave"),
        "envelopes": Text("Les enveloppes", "The envelopes"),
        "envelope": Text("Enveloppe", "Envelope"),
        "why_left": Text("Pourquoi il reste", "Why some is left"),
        "bar_granted": Text("accordé", "granted"),
        "bar_left": Text("non dépensé", "unspent"),
        "map": Text("La carte", "The map"),
        "map_label": Text(
            "Carte des 101 départements ; les mêmes chiffres sont dans le tableau.",
            "Map of the 101 departments; the same figures are in the table.",
        ),
        "map_of": Text("La carte montre", "The map shows"),
        "by_amount": Text("le montant accordé", "the amount granted"),
        "by_head": Text("le montant par habitant", "the amount per head"),
        "by_count": Text("les dossiers retenus", "the dossiers funded"),
        "nothing": Text("rien", "nothing"),
        "department": Text("Département", "Department"),
        "region": Text("Région", "Region"),
        "size": Text("Population du demandeur", "Population of the applicant"),
        "per_head": Text("Par habitant", "Per head"),
        "requested": Text("Demandé", "Requested"),
        "elsewhere": Text("Sans département, ou hors des 101", "No department, or outside the 101"),
        "no_region": Text("Sans région connue", "No known region"),
        "territories": Text("Les territoires", "The territories"),
        "by_region": Text("Par région", "By region"),
        "by_size": Text("Par taille du demandeur", "By size of the applicant"),
        "by_department": Text("Par département", "By department"),
        "rules": Text("Les règles", "The rules"),
        "rule": Text("Règle", "Rule"),
        "at_least": Text("Au moins", "At least"),
        "at_most": Text("Au plus", "At most"),
        "kept": Text("Tenue", "Kept"),
        "yes": Text("oui", "yes"),
        "no": Text("NON", "NO"),
        "reasons": Text("Les raisons, en nombre", "The reasons, counted"),
        "reason": Text("Raison", "Reason"),
        "explanations": Text("Pourquoi, et ce qui changerait", "Why, and what would change it"),
        "rules_do": Text("Ce que fait chaque règle", "What each rule does"),
        "without_rule": Text("Sans cette règle", "Without this rule"),
        "who_enters": Text("Qui entrerait, dans l'ordre", "Who would enter, in order"),
        "rank": Text("Rang", "Rank"),
        "missing": Text("Attend", "Waits for"),
        "would_fund": Text("Ce qui le ferait retenir", "What would fund it"),
        "and_more": Text(
            "Autres dossiers, dans la liste et le classeur :", "More dossiers, in the list and the workbook:"
        ),
        "dossiers": Text("Les dossiers", "The dossiers"),
        "number_of": Text("Dossiers", "Dossiers"),
        "search": Text(
            "Chercher un numéro, un intitulé, un demandeur, un motif",
            "Search a number, a title, an applicant, a reason",
        ),
        "show": Text("Montrer", "Show"),
        "all": Text("tous les dossiers", "all dossiers"),
        "only_new": Text("retenus, nouveaux", "funded, new"),
        "only_committed": Text("déjà engagés", "already committed"),
        "only_refused": Text("non retenus", "not funded"),
        "only_enter": Text("entrent par rapport à la décision", "enter, against the decision"),
        "only_leave": Text("sortent par rapport à la décision", "leave, against the decision"),
        "every_envelope": Text("toutes les enveloppes", "all envelopes"),
        "every_department": Text("tous les départements", "all departments"),
        "number": Text("Numéro", "Number"),
        "title": Text("Intitulé et demandeur", "Title and applicant"),
        "decision_of": Text("Accordé", "Granted"),
        "why": Text("Motif", "Explanation"),
        "more": Text("Montrer 200 de plus", "Show 200 more"),
        "every": Text("Montrer tout (pour imprimer)", "Show all (to print)"),
        "left_out": Text(
            "La liste des {n} dossiers avec leurs motifs est dans le classeur, dans allocation.csv et dans la "
            "page HTML.",
            "The list of the {n} dossiers with their reasons is in the workbook, in allocation.csv and in the "
            "HTML page.",
        ),
        "sources": Text("Sources et empreintes", "Sources and hashes"),
        "run": Text("Dossier du calcul", "Run folder"),
        "to_check": Text("Pour vérifier", "To check it"),
        "changes": Text("Changements (--set)", "Changes (--set)"),
        "versions": Text("Versions (non vérifié)", "Versions (not verified)"),
        "unverified": Text("Non vérifié", "Not verified"),
        "file": Text("Fichier", "File"),
        "source": Text("Source", "Source"),
        "outlines": Text(
            "Contours des départements : @gouvfr/dsfr-chart (DINUM), licence MIT. Noms et populations : découpage "
            "administratif (INSEE, DGCL, Etalab), Licence Ouverte 2.0.",
            "Outlines of the departments: @gouvfr/dsfr-chart (DINUM), MIT licence. Names and populations: "
            "administrative division (INSEE, DGCL, Etalab), Licence Ouverte 2.0.",
        ),
    }
)
"""Texts of the page."""

SCRIPT: Mapping[str, Text] = MappingProxyType(
    {
        "found_1": Text("{n} dossier", "{n} dossier"),
        "found_n": Text("{n} dossiers", "{n} dossiers"),
        "shown": Text("{n} affichés", "{n} shown"),
        "none": Text("Aucun dossier ne répond à cette recherche.", "No dossier answers this search."),
        "variant": Text(
            "Variante à {amount} ({proof}) : ce n'est pas la décision.",
            "Variant at {amount} ({proof}): this is not the decision.",
        ),
        "impossible": Text("À {amount} : aucune répartition. {why}", "At {amount}: no allocation. {why}"),
        "at": Text("{amount}, {proof}", "{amount}, {proof}"),
        "below": Text("moins de {n}", "under {n}"),
        "from": Text("{n} et plus", "{n} and more"),
        "between": Text("de {a} à {b}", "{a} to {b}"),
        "not_granted": Text("–", "–"),
        "granted": Text("{amount} accordés", "{amount} granted"),
        "entered": Text("entre", "enters"),
        "left": Text("sort", "leaves"),
    }
)
"""Sentences filled in by the script."""

SIZES = (1_000, 3_500, 10_000, 50_000, 200_000, 500_000)
"""Lower bounds of the population classes, except the first."""


def list_size_names(lang: Lang) -> list[str]:
    """Return the population classes, smallest first; the last is "unknown"."""
    displayed = [f"{n:,}".replace(",", "\u202f" if lang is Lang.FR else ",") for n in SIZES]
    under = Text(f"moins de {displayed[0]}", f"under {displayed[0]}").in_(lang)
    pairs = pairwise(displayed)
    between = [Text(f"de {a} à moins de {b}", f"{a} to under {b}").in_(lang) for a, b in pairs]
    above = Text(f"{displayed[-1]} et plus", f"{displayed[-1]} and more").in_(lang)
    return [under, *between, above, Text("population inconnue", "unknown population").in_(lang)]


def translate_texts(texts: Mapping[str, Text], lang: Lang) -> dict[str, str]:
    """Return all texts in one language."""
    return {key: text.in_(lang) for key, text in texts.items()}
