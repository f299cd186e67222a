"""Dispatch by kind of rule: the sentence of each rule in French and English, and its formula."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from tnt_sim.domain.field_types import write_number
from tnt_sim.domain.money import format_cents, format_rate
from tnt_sim.i18n.message import Lang, Text
from tnt_sim.i18n.numbers import plural
from tnt_sim.rules.expressions import text as expressions_text
from tnt_sim.rules.expressions.column_text import listed
from tnt_sim.rules.expressions.text import capitalised, for_each, is_pair, of_dossiers, scope, stays, which
from tnt_sim.rules.kind_support.rule_spec import RuleSpec
from tnt_sim.rules.kind_support.text import bound_words, mode_words
from tnt_sim.rules.kinds.coverage import text as coverage_text
from tnt_sim.rules.kinds.coverage.text import coverage_formula
from tnt_sim.rules.kinds.decide.text import decide_formula
from tnt_sim.rules.kinds.equity import text as equity_text
from tnt_sim.rules.kinds.equity.text import equity_formula
from tnt_sim.rules.kinds.exclusive import text as exclusive_text
from tnt_sim.rules.kinds.exclusive.text import exclusive_formula
from tnt_sim.rules.kinds.limit.rule import LimitSpec
from tnt_sim.rules.kinds.limit.text import limit_formula
from tnt_sim.rules.kinds.order import text as order_text
from tnt_sim.rules.kinds.order.text import order_formula
from tnt_sim.rules.kinds.requires import text as requires_text
from tnt_sim.rules.kinds.requires.text import requires_formula
from tnt_sim.rules.kinds.schedule import text as schedule_text
from tnt_sim.rules.kinds.schedule.text import schedule_formula
from tnt_sim.rules.kinds.share.rule import ShareSpec
from tnt_sim.rules.kinds.share.text import share_formula
from tnt_sim.rules.kinds.together import text as together_text
from tnt_sim.rules.kinds.together.text import together_formula
from tnt_sim.rules.offers.decisions import DecideSpec


def rule_words(rule: Any, lang: Lang) -> str:
    """Return the sentence of a rule: « Pour chaque département, le montant accordé ne dépasse pas … »"""
    write = RULE_WORDS.get(str(rule.kind))
    if write is None:
        return Text(f"Règle de genre « {rule.kind} ».", f'A rule of kind "{rule.kind}".').in_(lang)
    return capitalised(write(rule, lang)) + (mode_words(rule, lang) if isinstance(rule, RuleSpec) else "")


def _limit(rule: LimitSpec, lang: Lang) -> str:
    low, high = (bound_words(bound, rule.measure, lang) for bound in (rule.min, rule.max))
    measure = expressions_text.measure(rule.measure).in_(lang)
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
    top, bottom = (
        expressions_text.measure(name).in_(lang) for name in (rule.measure, rule.of_measure or rule.measure)
    )
    french = lang is Lang.FR
    if rule.pooled:
        return _pooled_share(rule, top, bottom, limits, lang)
    if top == bottom and rule.where is not None:
        whom, piece = scope(rule.by, rule.whole, lang), which(rule.where, lang)
        comma = "" if low is None and high is None else ","
        if french:
            those = "des dossiers" if rule.whole is None else "de ceux"
            return f"{whom}la part {those} {piece}, dans {bottom}{comma}{limits}"
        those = "the dossiers" if rule.whole is None else "those"
        return f"{whom}the part of {those} {piece}, in {bottom}{comma}{limits}"
    top += of_dossiers(rule.where, lang)
    bottom += of_dossiers(rule.whole, lang)
    if french:
        return f"{for_each(rule.by, lang)}le rapport entre {top} et {bottom}{limits}"
    return f"{for_each(rule.by, lang)}the ratio of {top} to {bottom}{limits}"


def _pooled_share(rule: ShareSpec, top: str, bottom: str, limits: str, lang: Lang) -> str:
    """Return « pour chaque zone, la part du groupe dans …, tous groupes réunis, … »."""
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
    pieces = []
    if rule.fund:
        pieces.append(_named(len(rule.fund), rule.fund, ("retenu", "retenus"), "funded", lang))
    if rule.refuse:
        pieces.append(_named(len(rule.refuse), rule.refuse, ("refusé", "refusés"), "refused", lang))
    if rule.amounts:
        given = [f"{name} {format_cents(cents, lang)}" for name, cents in rule.amounts.items()]
        pieces.append(("montants fixés : " if french else "stated amounts: ") + listed(given, lang))
    if french:
        why = f" Motif : {rule.reason}." if rule.reason else ""
        who = f" Décidé par : {rule.author}." if rule.author else ""
        return f"Décision : {' ; '.join(pieces)}.{why}{who}"
    why = f" Reason: {rule.reason}." if rule.reason else ""
    who = f" Decided by: {rule.author}." if rule.author else ""
    return f"Decision: {'; '.join(pieces)}.{why}{who}"


def _named(n: int, names: tuple[str, ...], fr: tuple[str, str], en: str, lang: Lang) -> str:
    some = listed(names, lang, 5)
    if lang is Lang.FR:
        return f"{plural(n, ('dossier ' + fr[0], 'dossiers ' + fr[1]), ('', ''), lang)} ({some})"
    return f"{plural(n, ('', ''), ('dossier', 'dossiers'), lang)} {en} ({some})"


RULE_WORDS: Mapping[str, Callable[[Any, Lang], str]] = MappingProxyType(
    {
        "limit": _limit,
        "share": _share,
        "decide": _decide,
        "exclusive": exclusive_text.exclusive,
        "requires": requires_text.requires,
        "together": together_text.together,
        "order": order_text.order,
        "coverage": coverage_text.coverage,
        "schedule": schedule_text.schedule,
        "equity": equity_text.equity,
    }
)
"""The function that writes the sentence of each kind; a test compares the keys with the grammar."""


def rule_formula(rule: Any) -> str:
    """Return the formula of a rule, followed by the price of violating it where there is one."""
    write = RULE_FORMULAS.get(str(rule.kind))
    text = "" if write is None else write(rule)
    if text and isinstance(rule, RuleSpec) and rule.penalty is not None and not rule.report:
        unit = "pair" if is_pair(rule) else "distance"
        per = "" if rule.penalty.per == "1" else f" / {rule.penalty.per}"
        text += f" (− {write_number(rule.penalty.cost)}{per} · {unit})"
    return text


RULE_FORMULAS: Mapping[str, Callable[[Any], str]] = MappingProxyType(
    {
        "limit": limit_formula,
        "share": share_formula,
        "decide": decide_formula,
        "exclusive": exclusive_formula,
        "requires": requires_formula,
        "together": together_formula,
        "order": order_formula,
        "coverage": coverage_formula,
        "schedule": schedule_formula,
        "equity": equity_formula,
    }
)
"""The function that writes the formula of each kind."""
