"""The rule kind `together`: its words and its record."""

from __future__ import annotations

from tnt_sim.i18n.message import Lang, _
from tnt_sim.rules.expressions.text import _format_quantifier, _format_selector, describe_scope
from tnt_sim.rules.kind_support.rule_kind import RuleKind
from tnt_sim.rules.kind_support.text import format_related_dossiers
from tnt_sim.rules.kinds.exclusive.kind import _format_named_sum
from tnt_sim.rules.kinds.together.check import add_together_rows
from tnt_sim.rules.kinds.together.rule import Together, TogetherSpec, compile_together

LABEL = _("together")

EXAMPLE = "rules: [{id: lots, kind: together, by: lot}]"


def describe_together(rule: TogetherSpec, lang: Lang) -> str:
    """Return « pour chaque lot, tous les dossiers sont financés, ou aucun »."""
    whom = describe_scope(rule.by, rule.where, lang, rule.dossiers)
    if rule.dossiers is None and rule.where is None:
        return whom + _("all applications are funded, or none").in_(lang)
    return whom + _("all are funded, or none").in_(lang)


def format_together_formula(rule: TogetherSpec) -> str:
    """Return `∀ d : x_i = x_j {lot = d}`, or `x_A = x_B = x_C` for named dossiers."""
    if rule.dossiers is not None:
        return _format_named_sum(rule.dossiers).replace(" + ", " = ")
    every, group = _format_quantifier(rule.by)
    return f"{every}x_i = x_j{format_related_dossiers(rule, group, _format_selector(rule.where))}"


TOGETHER = RuleKind(
    name="together",
    spec=TogetherSpec,
    compile_rule=compile_together,
    second_reading={Together: add_together_rows},
    label=LABEL,
    describe=describe_together,
    format_formula=format_together_formula,
    example=EXAMPLE,
)
