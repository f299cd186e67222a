"""Rules that aim at a figure of the whole programme, in words: coverage, schedule, equity."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from tnt_sim.errors import Lang, Text
from tnt_sim.money import format_cents, format_rate, parse_decimal, parse_rate
from tnt_sim.rules.coverage import CoverageSpec
from tnt_sim.rules.equity import EquitySpec
from tnt_sim.rules.rulespec import RuleSpec
from tnt_sim.rules.schedule import ScheduleSpec
from tnt_sim.rules.select import Selector
from tnt_sim.view import words
from tnt_sim.view.figures import listed, number
from tnt_sim.view.link_words import is_pair
from tnt_sim.view.phrase import bounds, for_each, of_dossiers, scope, stays, which


def per_words(rule: RuleSpec, lang: Lang) -> str:
    """What a penalty is for: « pour 1 k€ d'écart », « par manquement »."""
    assert rule.penalty is not None
    per = rule.penalty.per
    if is_pair(rule):
        if per == "1":
            return "par manquement" if lang is Lang.FR else "for each breach"
        return f"pour {per} manquements" if lang is Lang.FR else f"for {per} breaches"
    if per == "1":
        return "par unité d'écart" if lang is Lang.FR else "for each unit of distance"
    return f"pour {per} d'écart" if lang is Lang.FR else f"for each {per} of distance"


def coverage(rule: CoverageSpec, lang: Lang) -> str:
    """« parmi les communes d'au plus 3 500 habitants, au moins 10 % ont un dossier financé (…) »"""
    french = lang is Lang.FR
    by = words.column(rule.covered_by).in_(lang)
    low, high = _share_or_count(rule.min, lang), _share_or_count(rule.max, lang)
    all_of_them = low is not None and high is None and low == format_rate(Fraction(1), lang)
    limits = str(low) if all_of_them else bounds(low, high, lang)
    units, dossiers = units_words(rule.units, lang), of_dossiers(rule.where, lang)
    people = rule.measure == "population"
    already = ""
    if rule.already is not None:
        place = (("dans", "in") if not people else ("dans une unité de", "in a unit of"))[not french]
        verb = ("", "") if people else ("figurent déjà ", "stand already ")
        file = f"« {rule.already} »" if french else f'"{rule.already}"'
        already = f"{', ou ' if french else ', or '}{verb[not french]}{place} {file}"
    if french:
        whom = f"parmi les habitants des {units}" if people else f"parmi les {units}"
        have = "vivent là où il y a" if people else "ont"
        return f"{whom}, {limits} {have} un dossier financé{dossiers}, d'après {by}{already}"
    whom = f"among the inhabitants of the {units}" if people else f"among the {units}"
    have = "live where there is" if people else "have"
    return f"{whom}, {limits} {have} a funded dossier{dossiers}, going by {by}{already}"


_UNITS = {
    "commune": Text("communes", "communes"),
    "epci": Text("EPCI", "EPCI"),
    "metropole": Text("métropoles", "métropoles"),
    "departement": Text("départements", "departments"),
    "region": Text("régions", "regions"),
}
_SIZES = {
    "above": Text("de plus de {} habitants", "above {} inhabitants"),
    "below": Text("de moins de {} habitants", "below {} inhabitants"),
    "min": Text("d'au moins {} habitants", "of at least {} inhabitants"),
    "max": Text("d'au plus {} habitants", "of at most {} inhabitants"),
}


def units_words(units: Selector, lang: Lang) -> str:
    """Which units of the map: « communes, EPCI et métropoles de plus de 3 500 habitants »."""
    rest = dict(units.root)
    types = rest.pop("type", None)
    names = types if isinstance(types, list) else [types]
    if types is None or any(str(name) not in _UNITS for name in names):
        rest, text = dict(units.root), "unités de la carte" if lang is Lang.FR else "units of the map"
    else:
        text = listed([_UNITS[str(name)].in_(lang) for name in names], lang)
    size = rest.get("population")
    if isinstance(size, dict) and set(size) <= _SIZES.keys():
        rest.pop("population")
        parts = [
            _SIZES[test].in_(lang).format(number(parse_decimal(str(bound)), lang))
            for test, bound in size.items()
        ]
        text += f" {listed(parts, lang)}"
    if rest:
        text += f" {which(Selector(rest), lang)}"
    return text


def _share_or_count(bound: str | None, lang: Lang) -> str | None:
    if bound is None:
        return None
    return (
        format_rate(parse_rate(bound), lang)
        if bound.rstrip().endswith("%")
        else number(parse_decimal(bound), lang)
    )


def equity(rule: EquitySpec, lang: Lang) -> str:
    """« pour chaque département, le montant accordé par habitant ne dépasse pas 150 % de la moyenne … »"""
    french = lang is Lang.FR
    low = None if rule.min is None else format_rate(rule.min, lang)
    high = None if rule.max is None else format_rate(rule.max, lang)
    measure = words.measure(rule.measure).in_(lang)
    limits = stays(low, high, lang)
    every = ""
    if rule.groups == "map":
        every = " de la carte" if french else " of the map"
    each = for_each(rule.by, lang).removesuffix(", ") + every + ", " + scope(None, rule.where, lang)
    lowered = rule.floor != "strict" and rule.min is not None
    if french:
        floor = ", ou tout ce que ses dossiers peuvent atteindre" if lowered else ""
        whole = "" if low is None and high is None else " de la moyenne de l'ensemble"
        return f"{each}{measure} par habitant{limits}{whole}{floor}"
    floor = ", or all that its dossiers can reach" if lowered else ""
    whole = "" if low is None and high is None else " of the mean of all"
    return f"{each}{measure} per inhabitant{limits}{whole}{floor}"


def schedule(rule: ScheduleSpec, lang: Lang) -> str:
    """« année par année : engagements d'au plus 60 M€ en 2021 ; chaque subvention est payée à 30 % … »"""
    french = lang is Lang.FR
    parts = []
    if rule.commitments:
        most = _years(rule.commitments, lang)
        parts.append(
            f"les engagements ne dépassent pas {most}" if french else f"commitments stay within {most}"
        )
    if rule.profile:
        parts.append(_profile(rule, lang))
    if rule.payments:
        most = _years(rule.payments, lang)
        parts.append(f"les paiements ne dépassent pas {most}" if french else f"payments stay within {most}")
    if rule.advance_max is not None:
        share = format_rate(rule.advance_max, lang)
        parts.append(
            f"la première année paie au plus {share}" if french else f"the first year pays at most {share}"
        )
    if rule.before_end_max is not None:
        share = format_rate(rule.before_end_max, lang)
        parts.append(
            f"au plus {share} sont payés avant l'année de fin du projet"
            if french
            else f"at most {share} is paid before the year in which the project ends"
        )
    return f"{scope(None, rule.where, lang)}{_year(rule, lang)}{(' ; ' if french else '; ').join(parts)}"


def _profile(rule: ScheduleSpec, lang: Lang) -> str:
    french = lang is Lang.FR
    told = []
    for k, share in enumerate(rule.profile):
        if k == 0:
            when = "l'année de la décision" if french else "in the year of the decision"
        elif french:
            when = "un an après" if k == 1 else f"{k} ans après"
        else:
            when = "a year later" if k == 1 else f"{k} years later"
        told.append(f"{format_rate(share, lang)} {when}")
    shares = listed(told, lang, most=len(told))
    return f"une subvention se paie à {shares}" if french else f"a grant is paid {shares}"


def _year(rule: ScheduleSpec, lang: Lang) -> str:
    if isinstance(rule.year, int):
        return f"tout est décidé en {rule.year} : " if lang is Lang.FR else f"all is decided in {rule.year}: "
    column = words.column(rule.year.column).in_(lang)
    return f"d'après l'année ({column}) : " if lang is Lang.FR else f"by the year ({column}): "


def _years(amounts: Mapping[int, int], lang: Lang) -> str:
    word = "en" if lang is Lang.FR else "in"
    return listed([f"{format_cents(cents, lang)} {word} {year}" for year, cents in amounts.items()], lang)
