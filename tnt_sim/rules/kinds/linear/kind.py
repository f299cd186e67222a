"""The rule kind `linear`: its words and its record."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tnt_sim.domain.field_types import write_number
from tnt_sim.i18n.message import Lang, Text, _, _n
from tnt_sim.rules.expressions.text import _MAX_LISTED, _format_bounds, describe_bound_predicate
from tnt_sim.rules.kind_support.rule_kind import RuleKind
from tnt_sim.rules.kind_support.text import describe_bound
from tnt_sim.rules.kinds.linear.check import add_linear_rows, add_priced_linear_rows
from tnt_sim.rules.kinds.linear.rule import Linear, LinearSpec, compile_linear

LABEL = _("weighted sum")

EXAMPLE = "rules: [{id: binome, kind: linear, granted: {D-1: 1, D-2: 1}, max: 150 k€}]"

KEYS: Mapping[str, Text] = MappingProxyType(
    {
        "granted": _("coefficient of the amount granted to each application, in euros"),
        "funded": _("coefficient of each application that is funded"),
    }
)


def describe_linear(rule: LinearSpec, lang: Lang) -> str:
    """Return the sentence of a weighted sum: how many dossiers it names, and its bounds."""
    measure = "granted" if rule.granted else "dossiers"
    low, high = (describe_bound(bound, measure, lang) for bound in (rule.min, rule.max))
    subject = _n(
        "the weighted sum of {n} named application",
        "the weighted sum of {n} named applications",
        n=len({*rule.granted, *rule.funded}),
    )
    return subject.in_(lang) + describe_bound_predicate(low, high, lang)


def format_linear_formula(rule: LinearSpec) -> str:
    """Return `2·g_D-1 + g_D-2 − x_D-3 ≤ 150 k€`."""
    terms = [(value, f"g_{name}") for name, value in rule.granted.items()]
    terms += [(value, f"x_{name}") for name, value in rule.funded.items()]
    total = "".join(
        f" {'−' if value < 0 else '+'} {'' if abs(value) == 1 else write_number(abs(value)) + '·'}{symbol}"
        for value, symbol in terms[:_MAX_LISTED]
    )
    more = " + …" if len(terms) > _MAX_LISTED else ""
    return _format_bounds(rule.min, (total + more).removeprefix(" + ").strip(), rule.max)


LINEAR = RuleKind(
    name="linear",
    spec=LinearSpec,
    compile_rule=compile_linear,
    second_reading={Linear: add_linear_rows},
    priced_reading={Linear: add_priced_linear_rows},
    label=LABEL,
    describe=describe_linear,
    format_formula=format_linear_formula,
    example=EXAMPLE,
    keys=KEYS,
)
