"""The smallest change that would fund a dossier, in one sentence each, French and English."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tnt_sim.errors import Lang, Text
from tnt_sim.view import words
from tnt_sim.view.figures import amount, decimal, euros

Entry = Mapping[str, Any]


def change_sentence(change: Entry, lang: Lang) -> str:
    """« Il serait retenu avec « score » à 14,5 au lieu de 12 (+2,5) ; 14,4 ne suffit pas. »"""
    said = _said(change, lang)
    if change.get("proof") != "FEASIBLE_GAP":
        return said
    return f"{said.removesuffix('.')} {ALONE.in_(lang)}."


ALONE = Text("(selon un seul solveur, sans preuve)", "(by one solver alone, without a proof)")


def _said(change: Entry, lang: Lang) -> str:
    if change["status"] in ("impossible", "undefined"):
        return _not(change, lang)
    write = {
        "score": _score,
        "grant": _grant,
        "envelope": _envelope,
        "rule": _rule,
        "requirement": _lifted,
        "decision": _lifted,
    }[str(change["kind"])]
    return write(change, lang)


def _score(change: Entry, lang: Lang) -> str:
    column = words.column(str(change["of"])).in_(lang)
    now, step = decimal(change["from"], lang), decimal(change["step"], lang)
    above = _above_top(change, lang)
    if change["status"] == "interval":
        low, high = decimal(change["low"], lang), decimal(change["high"], lang)
        if change["high"] is None:
            return Text(
                f"Il lui faudrait {column} d'au moins {low} (aujourd'hui {now}) ; demandez-le seul pour l'exact.",
                f"It would take {column} of at least {low} ({now} today); ask for it alone for the exact figure.",
            ).in_(lang)
        return Text(
            f"Il lui faudrait {column} entre {low} et {high} (aujourd'hui {now}) ; {high} suffit.",
            f"It would take {column} between {low} and {high} ({now} today); {high} is enough.",
        ).in_(lang)
    to, by = decimal(change["to"], lang), decimal(str(change["by"]).lstrip("-"), lang)
    sign = "\u2212" if str(change["by"]).startswith("-") else "+"
    return Text(
        f"Il serait retenu avec {column} de {to} au lieu de {now} ({sign}{by}, par pas de {step}) ; "
        f"un pas de moins ne suffit pas{above}.",
        f"It would be funded with {column} of {to} instead of {now} ({sign}{by}, in steps of {step}); "
        f"one step less is not enough{above}.",
    ).in_(lang)


def _above_top(change: Entry, lang: Lang) -> str:
    """That no dossier of the table has so much."""
    top, to = change.get("top"), change.get("to")
    if top is None or to is None or float(to) <= float(top):
        return ""
    shown = decimal(top, lang)
    return Text(f" ; aucun dossier n'a plus de {shown}", f"; no dossier has more than {shown}").in_(lang)


def _grant(change: Entry, lang: Lang) -> str:
    to, now, step = (amount(change[f"{key}_cents"], lang) for key in ("to", "from", "step"))
    return Text(
        f"Il serait retenu pour {to} au lieu de {now} ; {step} de plus ne passe pas.",
        f"It would be funded for {to} instead of {now}; {step} more is too much.",
    ).in_(lang)


def _envelope(change: Entry, lang: Lang) -> str:
    name = f"« {change['title']} »" if lang is Lang.FR else f'"{change["title"]}"'
    if change["by_cents"] is None:
        if change["low_cents"] == 0:  # a bound that says nothing is not shown as an amount
            return Text(
                f"Combien il faudrait de plus dans {name} n'est pas calculé ici : demandez ce dossier seul.",
                f"How much more it would take in {name} is not computed here: ask for this dossier alone.",
            ).in_(lang)
        low = amount(change["low_cents"], lang)
        return Text(
            f"Sans perte, il lui faudrait au moins {low} de plus dans {name}.",
            f"At no loss it would take at least {low} more in {name}.",
        ).in_(lang)
    by, to = amount(change["by_cents"], lang), amount(change["to_cents"], lang)
    if change["status"] == "interval":
        low = amount(change["low_cents"], lang)
        return Text(
            f"Il pourrait être retenu sans perte avec {low} à {by} de plus dans {name}.",
            f"It could be funded at no loss with {low} to {by} more in {name}.",
        ).in_(lang)
    if change.get("tie"):
        return Text(
            f"Il est à égalité : une répartition aussi bonne le contient déjà, sans rien ajouter à {name}.",
            f"It is tied: an allocation as good holds it already, with nothing more in {name}.",
        ).in_(lang)
    text = Text(
        f"Il pourrait être retenu sans perte avec {by} de plus dans {name} ({to}) ; un centime de moins ne suffit "
        "pas",
        f"It could be funded at no loss with {by} more in {name} ({to}); one cent less is not enough",
    ).in_(lang)
    first = change.get("first_cents")
    if first is None:
        return f"{text}."
    shown = amount(first, lang)
    return text + Text(
        f". La meilleure répartition le retient pour la première fois à {shown}.",
        f". The best allocation first holds it at {shown}.",
    ).in_(lang)


def _rule(change: Entry, lang: Lang) -> str:
    by = euros(change["by"], lang) if change["unit"] == "money" else decimal(change["by"], lang)
    return Text(
        f"Il pourrait être retenu sans perte si la règle « {change['of']} » cédait de {by}, et pas moins.",
        f'It could be funded at no loss if the rule "{change["of"]}" gave way by {by}, and no less.',
    ).in_(lang)


def _lifted(change: Entry, lang: Lang) -> str:
    grant = amount(change["grant_cents"], lang)
    if change["kind"] == "decision":
        return Text(
            f"Sans la décision « {change['of']} », il serait retenu pour {grant}.",
            f'Without the decision "{change["of"]}" it would be funded for {grant}.',
        ).in_(lang)
    return Text(
        f"S'il remplissait la condition « {change['of']} », il serait retenu pour {grant}.",
        f'If it met the requirement "{change["of"]}", it would be funded for {grant}.',
    ).in_(lang)


def _not(change: Entry, lang: Lang) -> str:
    what = KINDS[str(change["kind"])].in_(lang).format(of=change["of"])
    why = WHY_NOT[str(change["why"])].in_(lang).format(by=change.get("by", ""))
    colon = " : " if lang is Lang.FR else ": "
    return f"{what}{colon}{why}."


KINDS: Mapping[str, Text] = MappingProxyType(
    {
        "any": Text("Changements", "Changes"),
        "score": Text("Relever « {of} »", 'Raising "{of}"'),
        "grant": Text("Demander moins", "Asking for less"),
        "envelope": Text("Relever l'enveloppe « {of} »", 'Raising envelope "{of}"'),
        "rule": Text("Relâcher la règle « {of} »", 'Relaxing the rule "{of}"'),
        "requirement": Text("Remplir la condition « {of} »", 'Meeting the requirement "{of}"'),
        "decision": Text("Lever la décision « {of} »", 'Lifting the decision "{of}"'),
    }
)
WHY_NOT: Mapping[str, Text] = MappingProxyType(
    {
        "not_proven": Text(
            "le calcul n'est pas allé au bout de la meilleure répartition ; relancez-le avec plus de temps",
            "the run did not find the one best allocation; run it again with more time",
        ),
        "other_use": Text(
            "ce chiffre compte aussi dans « {by} », et le changer changerait plus que l'objectif",
            'this figure counts in "{by}" too, and changing it would change more than the goal',
        ),
        "no_plain_sum": Text(
            "ce chiffre n'entre pas dans l'objectif comme une simple somme",
            "this figure does not enter the goal as a plain sum",
        ),
        "no_figure": Text(
            "ce dossier n'a pas de chiffre dans cette colonne", "this dossier has no figure in this column"
        ),
        "tolerance": Text(
            "l'objectif cède une part d'une étape aux suivantes, et ce seuil n'est alors pas défini",
            "the goal gives up part of a stage for later ones, and this threshold is then not defined",
        ),
        "stopped": Text(
            "une limite a arrêté le calcul avant la réponse", "a limit stopped the solve before the answer"
        ),
        "no_allocation": Text(
            "aucune répartition permise ne le contient, quel que soit ce chiffre",
            "no allocation that is allowed holds it, whatever this figure",
        ),
        "earlier_goal": Text(
            "ce qui l'écarte est une étape antérieure de l'objectif, où ce chiffre ne compte pas",
            "what keeps it out is an earlier stage of the goal, in which this figure does not count",
        ),
        "ask_alone": Text(
            "à demander pour ce dossier seul (`explain RUN_DIR DOSSIER`)",
            "to be asked for this dossier alone (`explain RUN_DIR DOSSIER`)",
        ),
        "not_one_amount": Text(
            "son montant est déjà libre ou à paliers, ou déjà au minimum ; demander moins serait deux changements",
            "its amount is open or by levels already, or at its minimum; asking for less would be two changes",
        ),
        "no_amount": Text(
            "aucun montant, même le plus petit, ne suffit", "no amount, not even the least, is enough"
        ),
        "request_counts": Text(
            "sa demande compte ailleurs (un plancher suit la demande) : ce seuil n'est pas défini",
            "what it asks counts elsewhere (a floor follows the demand): this threshold is not defined",
        ),
        "capped_out": Text(
            "ses plafonds ne laissent aucun montant possible", "its caps leave no possible amount"
        ),
        "several_missed": Text(
            "il manque d'autres conditions : celle-ci seule ne suffit pas",
            "it misses other requirements: this one alone is not enough",
        ),
        "not_liftable": Text(
            "cet obstacle n'est pas une condition du scénario qu'on puisse lever",
            "this obstacle is no requirement of the scenario that can be lifted",
        ),
        "not_enough": Text("même alors, il ne serait pas retenu", "even then it would not be funded"),
        "envelope_never": Text(
            "aucun montant de cette enveloppe ne suffit à lui seul",
            "no amount of this envelope is enough by itself",
        ),
    }
)
