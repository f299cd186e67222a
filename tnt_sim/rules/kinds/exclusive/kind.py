"""The rule kind `exclusive`: its words and its record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from tnt_sim.i18n.message import Lang, Text, _, _n
from tnt_sim.rules.expressions.text import (
    _MAX_LISTED,
    _format_quantifier,
    _format_selector,
    _format_sum,
    describe_scope,
)
from tnt_sim.rules.kind_support.rule_kind import RuleKind
from tnt_sim.rules.kinds.exclusive.check import add_exclusive_rows
from tnt_sim.rules.kinds.exclusive.rule import Exclusive, ExclusiveSpec, compile_exclusive

LABEL = _("exclusive")

EXAMPLE = "rules: [{id: variantes, kind: exclusive, dossiers: [D-1, D-2], max: 1}]"

KEYS: Mapping[str, Text] = MappingProxyType(
    {
        "max": _("how many may be funded; 1 without it"),
    }
)


def describe_exclusive(rule: ExclusiveSpec, lang: Lang) -> str:
    """Return « pour chaque membre, au plus 1 dossier est financé »."""
    whom = describe_scope(rule.by, rule.where, lang, rule.dossiers)
    most = _n(
        "at most {n} application is funded",
        "at most {n} applications are funded",
        n=rule.max,
    )
    return whom + most.in_(lang)


def format_exclusive_formula(rule: ExclusiveSpec) -> str:
    """Return `∀ d : Σ{members ∋ d} x_i ≤ 1`."""
    if rule.dossiers is not None:
        return f"{_format_named_sum(rule.dossiers)} ≤ {rule.max}"
    every, group = _format_quantifier(rule.by)
    return f"{every}{_format_sum([group, _format_selector(rule.where)], 'x_i')} ≤ {rule.max}"


def _format_named_sum(names: Sequence[str]) -> str:
    shown = [f"x_{name}" for name in names[:_MAX_LISTED]] + (["…"] if len(names) > _MAX_LISTED else [])
    return " + ".join(shown)


EXCLUSIVE = RuleKind(
    name="exclusive",
    spec=ExclusiveSpec,
    compile_rule=compile_exclusive,
    second_reading={Exclusive: add_exclusive_rows},
    label=LABEL,
    describe=describe_exclusive,
    format_formula=format_exclusive_formula,
    example=EXAMPLE,
    keys=KEYS,
)
