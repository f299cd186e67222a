"""The rule kind `decide`: its words and its record."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tnt_sim.i18n.lists import format_list
from tnt_sim.i18n.message import Lang, Text, _, _n
from tnt_sim.i18n.numbers import format_cents
from tnt_sim.i18n.parameters import Items
from tnt_sim.rules.expressions.text import _MAX_LISTED, format_money
from tnt_sim.rules.kind_support.rule_kind import RuleKind
from tnt_sim.rules.kinds.decide.check import add_decision_rows
from tnt_sim.rules.kinds.decide.rule import compile_decide
from tnt_sim.rules.offers.decisions import DecideSpec, Decisions

LABEL = _("decision")

EXAMPLE = (
    "rules: [{id: arbitrage, kind: decide, fund: [D-6], refuse: [D-7], amounts: {D-6: 50 k€}, reason:"
    " arbitrage, author: cabinet}]"
)

KEYS: Mapping[str, Text] = MappingProxyType(
    {
        "fund": _("the applications that are funded"),
        "refuse": _("the applications that are refused"),
        "amounts": _("amounts that are set, by application"),
    }
)


def describe_decide(rule: DecideSpec, lang: Lang) -> str:
    """Return the sentence of a decision: funded, refused and stated amounts, with reason and author."""
    decisions = []
    if rule.fund:
        n, some = len(rule.fund), format_list(rule.fund, lang, 5)
        decisions.append(
            _n(
                "{n} application funded ({names})",
                "{n} applications funded ({names})",
                n=n,
                names=some,
            )
        )
    if rule.refuse:
        n, some = len(rule.refuse), format_list(rule.refuse, lang, 5)
        decisions.append(
            _n(
                "{n} application refused ({names})",
                "{n} applications refused ({names})",
                n=n,
                names=some,
            )
        )
    if rule.amounts:
        given = [f"{name} {format_cents(cents, lang)}" for name, cents in rule.amounts.items()]
        decisions.append(_("stated amounts: {amounts}", amounts=format_list(given, lang)))
    sentences = [_("Decision: {decisions}.", decisions=Items(decisions, ";"))]
    if rule.reason:
        sentences.append(_("Reason: {reason}.", reason=rule.reason))
    if rule.author:
        sentences.append(_("Decided by: {author}.", author=rule.author))
    return Items(sentences, "").in_(lang)


def format_decide_formula(rule: DecideSpec) -> str:
    """Return `x_A = 1 ; x_B = 0 ; g_C = 10 k€·x_C`, shortened after a few dossiers."""
    pieces = [f"x_{name} = 1" for name in rule.fund[:_MAX_LISTED]] + (
        ["…"] if len(rule.fund) > _MAX_LISTED else []
    )
    pieces += [f"x_{name} = 0" for name in rule.refuse[:_MAX_LISTED]] + (
        ["…"] if len(rule.refuse) > _MAX_LISTED else []
    )
    pieces += [
        f"g_{name} = {format_money(cents)}·x_{name}"
        for name, cents in list(rule.amounts.items())[:_MAX_LISTED]
    ]
    return " ; ".join(pieces)


DECIDE = RuleKind(
    name="decide",
    spec=DecideSpec,
    compile_rule=compile_decide,
    second_reading={Decisions: add_decision_rows},
    label=LABEL,
    describe=describe_decide,
    format_formula=format_decide_formula,
    example=EXAMPLE,
    keys=KEYS,
)
