"""Wording shared by the kinds of rule: bounds, penalties, modes."""

from __future__ import annotations

from tnt_sim.domain.money import MoneyError, parse_cents, parse_decimal
from tnt_sim.i18n.message import Lang, _, _p
from tnt_sim.i18n.numbers import format_cents, format_number, format_rate
from tnt_sim.rules.kind_support.rule_spec import MONEY_MEASURES, RuleSpec, ShareOfAmount

_IS, _ARE = _p("text", "is"), _("are")
_IS_FUNDED, _ARE_FUNDED = _("is funded"), _("are funded")


def describe_penalty_unit(rule: RuleSpec, lang: Lang) -> str:
    """Return what a penalty is counted by: « pour 1 k€ d'écart », « par manquement »."""
    assert rule.penalty is not None
    per = rule.penalty.per
    if rule.counts_pairs:
        if per == "1":
            return "par manquement" if lang is Lang.FR else "for each breach"
        return f"pour {per} manquements" if lang is Lang.FR else f"for {per} breaches"
    if per == "1":
        return "par unité d'écart" if lang is Lang.FR else "for each unit of distance"
    return f"pour {per} d'écart" if lang is Lang.FR else f"for each {per} of distance"


def describe_mode(rule: RuleSpec, lang: Lang) -> str:
    """Return the end of the sentence of a rule: a full stop, the penalty, or that it is only reported."""
    french = lang is Lang.FR
    if rule.report:
        return " (pour information)." if french else " (report only)."
    if rule.penalty is None:
        return "."
    cost = format_number(rule.penalty.cost, lang)
    per = describe_penalty_unit(rule, lang)
    stage = rule.penalty.stage
    if french:
        return f" ; sinon, pénalité de {cost} {per}, à l'étape {stage} de l'objectif."
    return f"; else a penalty of {cost} {per}, in stage {stage} of the objective."


def describe_bound(bound: str | ShareOfAmount | None, measure: str, lang: Lang) -> str | None:
    """Return a bound of a limit in words: an amount, a number, or a share of an envelope's amount."""
    if bound is None:
        return None
    if isinstance(bound, ShareOfAmount):
        share = format_rate(bound.share, lang)
        if lang is Lang.FR:
            return f"{share} du montant de « {bound.of_amount} »"
        return f'{share} of the amount of "{bound.of_amount}"'
    try:
        if measure in MONEY_MEASURES or "€" in bound:
            return format_cents(parse_cents(bound), lang)
        return format_number(parse_decimal(bound), lang)
    except MoneyError:
        return bound
