"""Rules that link dossiers, in words: exclusive, requires, together, order."""

from __future__ import annotations

from typing import Any

from tnt_sim.errors import Lang, Text
from tnt_sim.rules.order import OrderSpec
from tnt_sim.rules.relation import ExclusiveSpec, RequiresSpec
from tnt_sim.rules.together import TogetherSpec
from tnt_sim.view import words
from tnt_sim.view.figures import plural
from tnt_sim.view.phrase import named, scope

_IS, _ARE = Text("l'est", "is"), Text("le sont", "are")
_IS_FUNDED, _ARE_FUNDED = Text("n'est financé", "is funded"), Text("ne sont financés", "are funded")


def exclusive(rule: ExclusiveSpec, lang: Lang) -> str:
    """« pour chaque membre, au plus 1 dossier est financé »"""
    whom = scope(rule.by, rule.where, lang, rule.dossiers)
    most = plural(
        rule.max,
        ("dossier est financé", "dossiers sont financés"),
        ("dossier is funded", "dossiers are funded"),
        lang,
    )
    return f"{whom}au plus {most}" if lang is Lang.FR else f"{whom}at most {most}"


def requires(rule: RequiresSpec, lang: Lang) -> str:
    """« D-3 n'est financé que si D-4 et D-5 le sont »"""
    french = lang is Lang.FR
    who = named(rule.dossiers, lang)
    need = named(rule.need, lang)
    verb = (_ARE_FUNDED if len(rule.dossiers) > 1 else _IS_FUNDED).in_(lang)
    if rule.at_least is None or rule.at_least >= len(rule.need):
        end = (_ARE if len(rule.need) > 1 else _IS).in_(lang)
        return f"{who} {verb} que si {need} {end}" if french else f"{who} {verb} only if {need} {end}"
    least = rule.at_least
    return (
        f"{who} {verb} qu'avec au moins {least} de {need}"
        if french
        else f"{who} {verb} only with at least {least} of {need}"
    )


def together(rule: TogetherSpec, lang: Lang) -> str:
    """« pour chaque lot, tous les dossiers sont financés, ou aucun »"""
    whom = scope(rule.by, rule.where, lang, rule.dossiers)
    if lang is Lang.FR:
        every = "tous les dossiers sont" if rule.dossiers is None and rule.where is None else "tous sont"
        return f"{whom}{every} financés, ou aucun"
    every = "all dossiers are" if rule.dossiers is None and rule.where is None else "all are"
    return f"{whom}{every} funded, or none"


def order(rule: OrderSpec, lang: Lang) -> str:
    """« aucun dossier n'est financé tant qu'un mieux classé ne l'est pas, selon la note (…) »"""
    whom = scope(rule.by, rule.where, lang)
    if rule.first_come is not None:
        return _first_come(rule, whom, lang)
    column = words.column(rule.rank or "").in_(lang)
    equals = _TIES[rule.ties_used].in_(lang)
    if lang is Lang.FR:
        best = "la plus grande valeur d'abord" if rule.best == "high" else "la plus petite valeur d'abord"
        return (
            f"{whom}aucun dossier n'est financé tant qu'un mieux classé ne l'est pas, selon {column} "
            f"({best} ; {equals})"
        )
    best = "the largest first" if rule.best == "high" else "the smallest first"
    return f"{whom}no dossier is funded while a better ranked one is not, by {column} ({best}; {equals})"


_TIES = {
    "free": Text("à égalité, aucun ordre", "no order among equals"),
    "rank": Text(
        "à égalité, le premier déposé, puis le plus petit numéro",
        "among equals the first filed, then the smallest number",
    ),
}
_SAME_INSTANT = {
    "free": Text("au même instant, aucun ordre", "no order within one instant"),
    "rank": Text(
        "au même instant, le premier déposé, puis le plus petit numéro",
        "within one instant the first filed, then the smallest number",
    ),
}
_SAME_FILING = Text("au même instant, le plus petit numéro", "within one instant the smallest number")


def _first_come(rule: OrderSpec, whom: str, lang: Lang) -> str:
    column = words.column(str(rule.first_come)).in_(lang)
    filed = rule.ties_used == "rank" and rule.first_come == "filed_at"
    equals = (_SAME_FILING if filed else _SAME_INSTANT[rule.ties_used]).in_(lang)
    if lang is Lang.FR:
        after = (
            "un dossier qui ne tient pas dans ce qui reste est passé, et le suivant peut tenir"
            if rule.skip
            else "le premier qui n'est pas financé arrête ceux d'après"
        )
        return f"{whom}premier arrivé, premier servi, selon {column} ({equals}) ; {after}"
    after = (
        "a dossier that does not fit in what is left is passed over, and the next may fit"
        if rule.skip
        else "the first that is not funded stops those after it"
    )
    return f"{whom}first come, first served, by {column} ({equals}); {after}"


PAIRS = frozenset({"exclusive", "requires", "together", "order"})
"""Kinds whose penalty is for each breach: a dossier too many, one that lacks, a pair out of order."""


def is_pair(rule: Any) -> bool:
    """Whether a rule's penalty is for each breach, and not for a distance."""
    return str(rule.kind) in PAIRS
