"""Wording shared by the kinds of rule: bounds, penalties, modes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tnt_sim.domain.money import MoneyError, parse_cents, parse_decimal
from tnt_sim.i18n.message import Lang, Text, _, _p
from tnt_sim.i18n.numbers import format_cents, format_number, get_currency
from tnt_sim.i18n.parameters import Rate
from tnt_sim.rules.kind_support.rule_spec import MONEY_MEASURES, RuleSpec, ShareOfAmount

_IS, _ARE = _p("text", "is"), _("are")
_IS_FUNDED, _ARE_FUNDED = _("is funded"), _("are funded")


def describe_penalty_unit(rule: RuleSpec, lang: Lang) -> str:
    """Return what a penalty is counted by: « pour 1 k€ d'écart », « par manquement »."""
    assert rule.penalty is not None
    per = rule.penalty.per
    if rule.counts_pairs:
        text = (
            _("for each breach")
            if per == "1"
            else _("for {count} breaches", count=describe_bound(per, "", lang) or per)
        )
    elif per == "1":
        text = _("for each unit of distance")
    else:
        is_money = rule.figure_unit == "money" or getattr(rule, "measure", "") in MONEY_MEASURES
        distance = describe_bound(per, "granted" if is_money else "", lang) or per
        text = _("for each {distance} of distance", distance=distance)
    return text.in_(lang)


_LEFT_OUT: Mapping[str, Text] = MappingProxyType(
    {
        "fundable": _(
            " Applications that cannot be funded, or are refused by a decision, are outside this rule."
        ),
        "free": _(
            " Applications that cannot be funded, are committed, or are funded or refused by a decision are "
            "outside this rule."
        ),
    }
)
"""Applications outside a rule, by what it binds (`RuleSpec.binds`)."""


def describe_left_out(rule: RuleSpec, lang: Lang) -> str:
    """Return which dossiers are outside a rule of any kind; "" if it relates all."""
    return "" if rule.binds == "all" else _LEFT_OUT[rule.binds].in_(lang)


def format_related_dossiers(rule: RuleSpec, *conditions: str) -> str:
    """Return the applications that `x_i` and `x_j` run over: ` {department = d, free}`, or "" for all."""
    inside = ", ".join([*filter(None, conditions), *([] if rule.binds == "all" else [rule.binds])])
    return f" {{{inside}}}" if inside else ""


def describe_mode(rule: RuleSpec, lang: Lang) -> str:
    """Return the end of the sentence of a rule: a full stop, the penalty, or that it is only reported."""
    if rule.report:
        return _(" (report only).").in_(lang)
    if rule.penalty is None:
        return "."
    return _(
        "; else a penalty of {cost} {unit}, in stage {stage} of the objective.",
        cost=format_number(rule.penalty.cost, lang),
        unit=describe_penalty_unit(rule, lang),
        stage=rule.penalty.stage,
    ).in_(lang)


def describe_bound(bound: str | ShareOfAmount | None, measure: str, lang: Lang) -> str | None:
    """Return a bound of a limit in words: an amount, a number, or a share of an envelope's amount."""
    if bound is None:
        return None
    if isinstance(bound, ShareOfAmount):
        return _(
            '{share} of the amount of "{envelope}"', share=Rate(bound.share), envelope=bound.of_amount
        ).in_(lang)
    try:
        if measure in MONEY_MEASURES or get_currency().symbol in bound:
            return format_cents(parse_cents(bound), lang)
        return format_number(parse_decimal(bound), lang)
    except MoneyError:
        return bound
