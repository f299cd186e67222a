"""Dispatch by kind of rule: the sentence of each rule in French and English, and its formula."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from tnt_sim.domain.field_types import write_number
from tnt_sim.domain.money import format_cents, format_rate
from tnt_sim.i18n.message import Lang, Text
from tnt_sim.i18n.numbers import format_count
from tnt_sim.rules.expressions import text as expressions_text
from tnt_sim.rules.expressions.column_text import format_list
from tnt_sim.rules.expressions.text import (
    capitalise,
    describe_bound_predicate,
    describe_for_each,
    describe_scope,
    describe_selected_dossiers,
    describe_where_clause,
    is_pair,
)
from tnt_sim.rules.kind_support.rule_spec import RuleSpec
from tnt_sim.rules.kind_support.text import describe_bound, describe_mode
from tnt_sim.rules.kinds.coverage import text as coverage_text
from tnt_sim.rules.kinds.coverage.text import format_coverage_formula
from tnt_sim.rules.kinds.decide.text import format_decide_formula
from tnt_sim.rules.kinds.equity import text as equity_text
from tnt_sim.rules.kinds.equity.text import format_equity_formula
from tnt_sim.rules.kinds.exclusive import text as exclusive_text
from tnt_sim.rules.kinds.exclusive.text import format_exclusive_formula
from tnt_sim.rules.kinds.limit.rule import LimitSpec
from tnt_sim.rules.kinds.limit.text import format_limit_formula
from tnt_sim.rules.kinds.order import text as order_text
from tnt_sim.rules.kinds.order.text import format_order_formula
from tnt_sim.rules.kinds.requires import text as requires_text
from tnt_sim.rules.kinds.requires.text import format_requires_formula
from tnt_sim.rules.kinds.schedule import text as schedule_text
from tnt_sim.rules.kinds.schedule.text import format_schedule_formula
from tnt_sim.rules.kinds.share.rule import ShareSpec
from tnt_sim.rules.kinds.share.text import format_share_formula
from tnt_sim.rules.kinds.together import text as together_text
from tnt_sim.rules.kinds.together.text import format_together_formula
from tnt_sim.rules.offers.decisions import DecideSpec


def describe_rule(rule: Any, lang: Lang) -> str:
    """Return the sentence of a rule: « Pour chaque département, le montant accordé ne dépasse pas … »"""
    write = RULE_WORDS.get(str(rule.kind))
    if write is None:
        return Text(f"Règle de genre « {rule.kind} ».", f'A rule of kind "{rule.kind}".').in_(lang)
    return capitalise(write(rule, lang)) + (describe_mode(rule, lang) if isinstance(rule, RuleSpec) else "")


def _describe_limit(rule: LimitSpec, lang: Lang) -> str:
    low, high = (describe_bound(bound, rule.measure, lang) for bound in (rule.min, rule.max))
    measure = expressions_text.describe_measure(rule.measure).in_(lang)
    text = f"{describe_scope(rule.by, rule.where, lang)}{measure}{describe_bound_predicate(low, high, lang)}"
    if rule.min is not None and rule.by is not None and rule.floor != "strict":
        text += (
            ", ou tout ce que le groupe peut recevoir s'il demande moins"
            if lang is Lang.FR
            else ", or all that the group can take where it asks for less"
        )
    return text


def _describe_share(rule: ShareSpec, lang: Lang) -> str:
    low = format_rate(rule.min, lang) if rule.min is not None else None
    high = format_rate(rule.max, lang) if rule.max is not None else None
    limits = describe_bound_predicate(low, high, lang)
    top, bottom = (
        expressions_text.describe_measure(name).in_(lang)
        for name in (rule.measure, rule.of_measure or rule.measure)
    )
    french = lang is Lang.FR
    if rule.pooled:
        return _describe_pooled_share(rule, top, bottom, limits, lang)
    if top == bottom and rule.where is not None:
        whom, piece = describe_scope(rule.by, rule.whole, lang), describe_where_clause(rule.where, lang)
        comma = "" if low is None and high is None else ","
        if french:
            those = "des dossiers" if rule.whole is None else "de ceux"
            return f"{whom}la part {those} {piece}, dans {bottom}{comma}{limits}"
        those = "the dossiers" if rule.whole is None else "those"
        return f"{whom}the part of {those} {piece}, in {bottom}{comma}{limits}"
    top += describe_selected_dossiers(rule.where, lang)
    bottom += describe_selected_dossiers(rule.whole, lang)
    if french:
        return f"{describe_for_each(rule.by, lang)}le rapport entre {top} et {bottom}{limits}"
    return f"{describe_for_each(rule.by, lang)}the ratio of {top} to {bottom}{limits}"


def _describe_pooled_share(rule: ShareSpec, top: str, bottom: str, limits: str, lang: Lang) -> str:
    """Return « pour chaque zone, la part du groupe dans …, tous groupes réunis, … »."""
    whom = describe_for_each(rule.by, lang)
    if top == bottom and rule.where is None:
        if lang is Lang.FR:
            return f"{whom}la part du groupe dans {bottom}, tous groupes réunis,{limits}"
        return f"{whom}the part of the group in {bottom}, over all groups together,{limits}"
    top += describe_selected_dossiers(rule.where, lang)
    if lang is Lang.FR:
        return f"{whom}le rapport entre {top} et {bottom}, tous groupes réunis,{limits}"
    return f"{whom}the ratio of {top} to {bottom}, over all groups together,{limits}"


def _describe_decide(rule: DecideSpec, lang: Lang) -> str:
    french = lang is Lang.FR
    pieces = []
    if rule.fund:
        pieces.append(
            _format_counted_dossiers(len(rule.fund), rule.fund, ("retenu", "retenus"), "funded", lang)
        )
    if rule.refuse:
        pieces.append(
            _format_counted_dossiers(len(rule.refuse), rule.refuse, ("refusé", "refusés"), "refused", lang)
        )
    if rule.amounts:
        given = [f"{name} {format_cents(cents, lang)}" for name, cents in rule.amounts.items()]
        pieces.append(("montants fixés : " if french else "stated amounts: ") + format_list(given, lang))
    if french:
        why = f" Motif : {rule.reason}." if rule.reason else ""
        who = f" Décidé par : {rule.author}." if rule.author else ""
        return f"Décision : {' ; '.join(pieces)}.{why}{who}"
    why = f" Reason: {rule.reason}." if rule.reason else ""
    who = f" Decided by: {rule.author}." if rule.author else ""
    return f"Decision: {'; '.join(pieces)}.{why}{who}"


def _format_counted_dossiers(n: int, names: tuple[str, ...], fr: tuple[str, str], en: str, lang: Lang) -> str:
    some = format_list(names, lang, 5)
    if lang is Lang.FR:
        return f"{format_count(n, ('dossier ' + fr[0], 'dossiers ' + fr[1]), ('', ''), lang)} ({some})"
    return f"{format_count(n, ('', ''), ('dossier', 'dossiers'), lang)} {en} ({some})"


RULE_WORDS: Mapping[str, Callable[[Any, Lang], str]] = MappingProxyType(
    {
        "limit": _describe_limit,
        "share": _describe_share,
        "decide": _describe_decide,
        "exclusive": exclusive_text.describe_exclusive,
        "requires": requires_text.describe_requires,
        "together": together_text.describe_together,
        "order": order_text.describe_order,
        "coverage": coverage_text.describe_coverage,
        "schedule": schedule_text.describe_schedule,
        "equity": equity_text.describe_equity,
    }
)
"""The function that writes the sentence of each kind; a test compares the keys with the grammar."""


def format_rule_formula(rule: Any) -> str:
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
        "limit": format_limit_formula,
        "share": format_share_formula,
        "decide": format_decide_formula,
        "exclusive": format_exclusive_formula,
        "requires": format_requires_formula,
        "together": format_together_formula,
        "order": format_order_formula,
        "coverage": format_coverage_formula,
        "schedule": format_schedule_formula,
        "equity": format_equity_formula,
    }
)
"""The function that writes the formula of each kind."""
