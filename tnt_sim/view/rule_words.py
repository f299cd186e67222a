"""Rules in words: one sentence each, with its numbers, French and English."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from tnt_sim.errors import Lang, Text
from tnt_sim.money import MoneyError, format_cents, format_rate, parse_cents, parse_decimal
from tnt_sim.rules.decide import DecideSpec
from tnt_sim.rules.limit import LimitSpec, ShareOfAmount
from tnt_sim.rules.rulespec import RuleSpec
from tnt_sim.rules.share import ShareSpec
from tnt_sim.view import link_words, target_words, words
from tnt_sim.view.figures import listed, number, plural
from tnt_sim.view.phrase import capitalised, for_each, of_dossiers, scope, stays, which


def rule_words(rule: Any, lang: Lang) -> str:
    """« Pour chaque département, le montant accordé ne dépasse pas 297 000 €. »"""
    write = RULE_WORDS.get(str(rule.kind))
    if write is None:
        return Text(f"Règle de genre « {rule.kind} ».", f'A rule of kind "{rule.kind}".').in_(lang)
    return capitalised(write(rule, lang)) + (mode_words(rule, lang) if isinstance(rule, RuleSpec) else "")


def mode_words(rule: RuleSpec, lang: Lang) -> str:
    """How the sentence ends: a full stop, what breaking the rule costs, or that it is only reported."""
    french = lang is Lang.FR
    if rule.report:
        return " (pour information)." if french else " (report only)."
    if rule.penalty is None:
        return "."
    cost = number(rule.penalty.cost, lang)
    per = target_words.per_words(rule, lang)
    stage = rule.penalty.stage
    if french:
        return f" ; sinon, pénalité de {cost} {per}, à l'étape {stage} de l'objectif."
    return f"; else a penalty of {cost} {per}, in stage {stage} of the objective."


def _limit(rule: LimitSpec, lang: Lang) -> str:
    low, high = (bound_words(bound, rule.measure, lang) for bound in (rule.min, rule.max))
    measure = words.measure(rule.measure).in_(lang)
    text = f"{scope(rule.by, rule.where, lang)}{measure}{stays(low, high, lang)}"
    if rule.min is not None and rule.by is not None and rule.floor != "strict":
        text += (
            ", ou tout ce que le groupe peut recevoir s'il demande moins"
            if lang is Lang.FR
            else ", or all that the group can take where it asks for less"
        )
    return text


def _share(rule: ShareSpec, lang: Lang) -> str:
    low = format_rate(rule.min, lang) if rule.min is not None else None
    high = format_rate(rule.max, lang) if rule.max is not None else None
    limits = stays(low, high, lang)
    top, bottom = (words.measure(name).in_(lang) for name in (rule.measure, rule.of_measure or rule.measure))
    french = lang is Lang.FR
    if rule.pooled:
        return _pooled_share(rule, top, bottom, limits, lang)
    if top == bottom and rule.where is not None:
        whom, part = scope(rule.by, rule.whole, lang), which(rule.where, lang)
        comma = "" if low is None and high is None else ","
        if french:
            those = "des dossiers" if rule.whole is None else "de ceux"
            return f"{whom}la part {those} {part}, dans {bottom}{comma}{limits}"
        those = "the dossiers" if rule.whole is None else "those"
        return f"{whom}the part of {those} {part}, in {bottom}{comma}{limits}"
    top += of_dossiers(rule.where, lang)
    bottom += of_dossiers(rule.whole, lang)
    if french:
        return f"{for_each(rule.by, lang)}le rapport entre {top} et {bottom}{limits}"
    return f"{for_each(rule.by, lang)}the ratio of {top} to {bottom}{limits}"


def _pooled_share(rule: ShareSpec, top: str, bottom: str, limits: str, lang: Lang) -> str:
    """« pour chaque zone, la part du groupe dans le nombre de dossiers financés, tous groupes réunis, … »"""
    whom = for_each(rule.by, lang)
    if top == bottom and rule.where is None:
        if lang is Lang.FR:
            return f"{whom}la part du groupe dans {bottom}, tous groupes réunis,{limits}"
        return f"{whom}the part of the group in {bottom}, over all groups together,{limits}"
    top += of_dossiers(rule.where, lang)
    if lang is Lang.FR:
        return f"{whom}le rapport entre {top} et {bottom}, tous groupes réunis,{limits}"
    return f"{whom}the ratio of {top} to {bottom}, over all groups together,{limits}"


def _decide(rule: DecideSpec, lang: Lang) -> str:
    french = lang is Lang.FR
    parts = []
    if rule.fund:
        parts.append(_named(len(rule.fund), rule.fund, ("retenu", "retenus"), "funded", lang))
    if rule.refuse:
        parts.append(_named(len(rule.refuse), rule.refuse, ("refusé", "refusés"), "refused", lang))
    if rule.amounts:
        given = [f"{name} {format_cents(cents, lang)}" for name, cents in rule.amounts.items()]
        parts.append(("montants fixés : " if french else "stated amounts: ") + listed(given, lang))
    if french:
        why = f" Motif : {rule.reason}." if rule.reason else ""
        who = f" Décidé par : {rule.author}." if rule.author else ""
        return f"Décision : {' ; '.join(parts)}.{why}{who}"
    why = f" Reason: {rule.reason}." if rule.reason else ""
    who = f" Decided by: {rule.author}." if rule.author else ""
    return f"Decision: {'; '.join(parts)}.{why}{who}"


def _named(n: int, names: tuple[str, ...], fr: tuple[str, str], en: str, lang: Lang) -> str:
    some = listed(names, lang, 5)
    if lang is Lang.FR:
        return f"{plural(n, ('dossier ' + fr[0], 'dossiers ' + fr[1]), ('', ''), lang)} ({some})"
    return f"{plural(n, ('', ''), ('dossier', 'dossiers'), lang)} {en} ({some})"


def bound_words(bound: str | ShareOfAmount | None, measure: str, lang: Lang) -> str | None:
    """A bound of a limit: an amount in full, a number, or a share of an envelope's amount."""
    if bound is None:
        return None
    if isinstance(bound, ShareOfAmount):
        share = format_rate(bound.share, lang)
        if lang is Lang.FR:
            return f"{share} du montant de « {bound.of_amount} »"
        return f'{share} of the amount of "{bound.of_amount}"'
    try:
        if measure in _MONEY or "€" in bound:
            return format_cents(parse_cents(bound), lang)
        return number(parse_decimal(bound), lang)
    except MoneyError:
        return bound


_MONEY = frozenset({"granted", "cost", "base", "requested", "leverage"})

RULE_WORDS: Mapping[str, Callable[[Any, Lang], str]] = MappingProxyType(
    {
        "limit": _limit,
        "share": _share,
        "decide": _decide,
        "exclusive": link_words.exclusive,
        "requires": link_words.requires,
        "together": link_words.together,
        "order": link_words.order,
        "coverage": target_words.coverage,
        "schedule": target_words.schedule,
        "equity": target_words.equity,
    }
)
"""Every kind of rule with what writes its sentence; a test holds it against the grammar."""
