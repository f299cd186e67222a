"""The rule kind `share`: its words and its record."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.i18n.numbers import format_rate
from tnt_sim.rules.expressions import text as expressions_text
from tnt_sim.rules.expressions.text import (
    _format_bounds,
    _format_optional_rate,
    _format_quantifier,
    _format_selector,
    _format_sum,
    _format_term,
    describe_bound_predicate,
    describe_for_each,
    describe_scope,
    describe_selected_dossiers,
    describe_where_clause,
)
from tnt_sim.rules.kind_support.rule_kind import RuleKind
from tnt_sim.rules.kinds.share.check import add_priced_share_rows, add_share_rows
from tnt_sim.rules.kinds.share.clashes import refuse_share_clashes
from tnt_sim.rules.kinds.share.rule import Share, ShareSpec, compile_share

LABEL = _("share")

EXAMPLE = (
    "rules: [{id: quart, kind: share, measure: granted, where: {applicant_type: mutualisation}, of: "
    "{envelope: axe-3}, min: 25 %, penalty: {cost: 0.5, per: 1 k€}}]"
)

KEYS: Mapping[str, Text] = MappingProxyType(
    {
        "where": _("the numerator"),
        "of": _(
            "the denominator; all that are funded without it; all: with by, those of all groups together"
        ),
        "of_measure": _("another measure for the denominator"),
    }
)


def describe_share(rule: ShareSpec, lang: Lang) -> str:
    """Return the sentence of a share: its groups, the ratio and the bounds."""
    low = format_rate(rule.min, lang) if rule.min is not None else None
    high = format_rate(rule.max, lang) if rule.max is not None else None
    limits = describe_bound_predicate(low, high, lang)
    top, bottom = (
        expressions_text.describe_measure(name).in_(lang)
        for name in (rule.measure, rule.of_measure or rule.measure)
    )
    if rule.pooled:
        return _describe_pooled_share(rule, top, bottom, limits, lang)
    if top == bottom and rule.where is not None:
        whom, piece = describe_scope(rule.by, rule.whole, lang), describe_where_clause(rule.where, lang)
        comma = "" if low is None and high is None else ","
        text = (
            _("the part of the applications {condition}, in {whole}", condition=piece, whole=bottom)
            if rule.whole is None
            else _("the part of those {condition}, in {whole}", condition=piece, whole=bottom)
        )
        return f"{whom}{text.in_(lang)}{comma}{limits}"
    top += describe_selected_dossiers(rule.where, lang)
    bottom += describe_selected_dossiers(rule.whole, lang)
    ratio = _("the ratio of {part} to {whole}", part=top, whole=bottom).in_(lang)
    return f"{describe_for_each(rule.by, lang)}{ratio}{limits}"


def _describe_pooled_share(rule: ShareSpec, top: str, bottom: str, limits: str, lang: Lang) -> str:
    """Return « pour chaque zone, la part du groupe dans …, tous groupes réunis, … »."""
    whom = describe_for_each(rule.by, lang)
    if top == bottom and rule.where is None:
        text = _("the part of the group in {whole}, over all groups together,", whole=bottom)
        return f"{whom}{text.in_(lang)}{limits}"
    top += describe_selected_dossiers(rule.where, lang)
    text = _("the ratio of {part} to {whole}, over all groups together,", part=top, whole=bottom)
    return f"{whom}{text.in_(lang)}{limits}"


def format_share_formula(rule: ShareSpec) -> str:
    """Return `25 % · Σ g_i ≤ Σ{commune_rurale: true} g_i`."""
    all_text, group = _format_quantifier(rule.by)
    top = _format_sum(
        [group, _format_selector(rule.whole), _format_selector(rule.where)], _format_term(rule.measure)
    )
    bottom = _format_sum(
        ["" if rule.pooled else group, _format_selector(rule.whole)],
        _format_term(rule.of_measure or rule.measure),
    )
    low, high = _format_optional_rate(rule.min), _format_optional_rate(rule.max)
    if low is None and high is None:
        return f"{all_text}{top} / {bottom}"
    return all_text + _format_bounds(low and f"{low} · {bottom}", top, high and f"{high} · {bottom}")


SHARE = RuleKind(
    name="share",
    spec=ShareSpec,
    compile_rule=compile_share,
    second_reading={Share: add_share_rows},
    priced_reading={Share: add_priced_share_rows},
    label=LABEL,
    describe=describe_share,
    format_formula=format_share_formula,
    example=EXAMPLE,
    keys=KEYS,
    refuse_clashes=refuse_share_clashes,
)
