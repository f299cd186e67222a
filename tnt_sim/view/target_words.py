"""Rules that aim at a figure of the whole programme, in words: coverage, schedule, equity."""

from __future__ import annotations

from collections.abc import Mapping

from tnt_sim.errors import Lang
from tnt_sim.money import format_cents, format_rate
from tnt_sim.rules.coverage import CoverageSpec
from tnt_sim.rules.equity import EquitySpec
from tnt_sim.rules.rulespec import RuleSpec
from tnt_sim.rules.schedule import ScheduleSpec
from tnt_sim.view import words
from tnt_sim.view.figures import listed
from tnt_sim.view.link_words import is_pair
from tnt_sim.view.phrase import bounds, for_each, of_dossiers
from tnt_sim.view.selector_words import selector_words


def per_words(rule: RuleSpec, lang: Lang) -> str:
    """What a penalty is for: « 1 k€ d'écart », « couple rompu »."""
    assert rule.penalty is not None
    per = rule.penalty.per
    if is_pair(rule):
        unit = (
            ("couple rompu", "each pair broken")
            if per == "1"
            else (f"{per} couples rompus", f"{per} pairs broken")
        )
        return unit[0] if lang is Lang.FR else unit[1]
    return f"{per} d'écart" if lang is Lang.FR else f"each {per} of distance"


def coverage(rule: CoverageSpec, lang: Lang) -> str:
    """« les unités de la carte où type = commune, nommées par … : au moins 10 % »"""
    french = lang is Lang.FR
    units = selector_words(rule.units.root, lang)
    by = words.column(rule.covered_by).in_(lang)
    if rule.measure == "population":
        what = "les habitants des unités de la carte" if french else "the inhabitants of the units of the map"
    else:
        what = "les unités de la carte" if french else "the units of the map"
    already = ""
    if rule.already is not None:
        already = (
            f", ou déjà couvertes (« {rule.already} »)"
            if french
            else f', or covered already ("{rule.already}")'
        )
    limits = bounds(rule.min, rule.max, lang)
    dossiers = of_dossiers(rule.where, lang)
    if french:
        return f"{what} où {units}, qu'un dossier financé{dossiers} nomme par {by}{already} : {limits}"
    return f"{what} where {units}, that a funded dossier{dossiers} names by {by}{already}: {limits}"


def equity(rule: EquitySpec, lang: Lang) -> str:
    """« pour chaque département, le montant accordé par habitant : entre 50 % et 150 % de celui de l'ensemble »"""
    french = lang is Lang.FR
    low = None if rule.min is None else format_rate(rule.min, lang)
    high = None if rule.max is None else format_rate(rule.max, lang)
    measure = words.measure(rule.measure).in_(lang) + of_dossiers(rule.where, lang)
    limits = bounds(low, high, lang)
    every = ""
    if rule.groups == "map":
        every = " de la carte" if french else " of the map"
    each = for_each(rule.by, lang).removesuffix(", ") + every + ", "
    if french:
        floor = "" if rule.floor == "strict" or rule.min is None else ", ou toute sa demande"
        return f"{each}{measure} par habitant : {limits} du rapport de l'ensemble{floor}"
    floor = "" if rule.floor == "strict" or rule.min is None else ", or all that it asks"
    return f"{each}{measure} per inhabitant: {limits} of the ratio of the totals{floor}"


def schedule(rule: ScheduleSpec, lang: Lang) -> str:
    """« échéancier : engagements, au plus 2021 : 60 M€ ; paiements étalés en 30 %, 50 % et 20 % »"""
    french = lang is Lang.FR
    parts = []
    if rule.commitments:
        parts.append(
            ("engagements, au plus " if french else "commitments, at most ") + _years(rule.commitments, lang)
        )
    if rule.profile:
        shares = listed([format_rate(share, lang) for share in rule.profile], lang)
        parts.append(f"paiements étalés en {shares}" if french else f"payments spread as {shares}")
    if rule.payments:
        parts.append(
            ("paiements, au plus " if french else "payments, at most ") + _years(rule.payments, lang)
        )
    if rule.advance_max is not None:
        share = format_rate(rule.advance_max, lang)
        parts.append(f"avance d'au plus {share}" if french else f"an advance of at most {share}")
    if rule.before_end_max is not None:
        share = format_rate(rule.before_end_max, lang)
        parts.append(
            f"au plus {share} avant la fin du projet" if french else f"at most {share} before the end"
        )
    where = of_dossiers(rule.where, lang)
    head = f"échéancier{where}" if french else f"schedule{where}"
    year = _year(rule, lang)
    return f"{head}{year}{' : ' if french else ': '}" + (" ; " if french else "; ").join(parts)


def _year(rule: ScheduleSpec, lang: Lang) -> str:
    if isinstance(rule.year, int):
        return f", tout en {rule.year}" if lang is Lang.FR else f", all in {rule.year}"
    column = words.column(rule.year.column).in_(lang)
    return f", par année ({column})" if lang is Lang.FR else f", by year ({column})"


def _years(amounts: Mapping[int, int], lang: Lang) -> str:
    return listed([f"{format_cents(cents, lang)} ({year})" for year, cents in amounts.items()], lang)
