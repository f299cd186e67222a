"""Label, sentence, formula, example and keys of `linear`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tnt_sim.domain.field_types import write_number
from tnt_sim.i18n.message import Lang, Text, _, _n
from tnt_sim.rules.expressions.text import _MAX_LISTED, _format_bounds, describe_bound_predicate
from tnt_sim.rules.kind_support.text import describe_bound
from tnt_sim.rules.kinds.linear.rule import LinearSpec

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
