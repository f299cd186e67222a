"""The rule kind `requires`: its words and its record."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.rules.expressions.text import _MAX_LISTED, format_dossiers
from tnt_sim.rules.kind_support.rule_kind import RuleKind
from tnt_sim.rules.kind_support.text import _ARE, _ARE_FUNDED, _IS, _IS_FUNDED
from tnt_sim.rules.kinds.exclusive.kind import _format_named_sum
from tnt_sim.rules.kinds.requires.check import add_requires_rows
from tnt_sim.rules.kinds.requires.rule import Requires, RequiresSpec, compile_requires, refuse_cycles

LABEL = _("requires")

EXAMPLE = "rules: [{id: socle, kind: requires, dossiers: [D-3], need: [D-4, D-5], at_least: 1}]"

KEYS: Mapping[str, Text] = MappingProxyType(
    {
        "need": _("those that are needed"),
        "at_least": _("how many of them; all without it"),
    }
)


def describe_requires(rule: RequiresSpec, lang: Lang) -> str:
    """Return « D-3 n'est financé que si D-4 et D-5 le sont »."""
    who = format_dossiers(rule.dossiers, lang)
    need = format_dossiers(rule.need, lang)
    verb = (_ARE_FUNDED if len(rule.dossiers) > 1 else _IS_FUNDED).in_(lang)
    if rule.at_least is None or rule.at_least >= len(rule.need):
        end = (_ARE if len(rule.need) > 1 else _IS).in_(lang)
        return _("{dossiers} {verb} only if {need} {end}", dossiers=who, verb=verb, need=need, end=end).in_(
            lang
        )
    return _(
        "{dossiers} {verb} only with at least {least} of {need}",
        dossiers=who,
        verb=verb,
        least=rule.at_least,
        need=need,
    ).in_(lang)


def format_requires_formula(rule: RequiresSpec) -> str:
    """Return `2·x_D-3 ≤ x_D-4 + x_D-5`, shortened after a few dossiers."""
    least = rule.at_least if rule.at_least is not None else len(rule.need)
    factor = "" if least == 1 else f"{least}·"
    left = [f"{factor}x_{name} ≤ {_format_named_sum(rule.need)}" for name in rule.dossiers[:_MAX_LISTED]]
    return " ; ".join(left) + (" ; …" if len(rule.dossiers) > _MAX_LISTED else "")


REQUIRES = RuleKind(
    name="requires",
    spec=RequiresSpec,
    compile_rule=compile_requires,
    second_reading={Requires: add_requires_rows},
    label=LABEL,
    describe=describe_requires,
    format_formula=format_requires_formula,
    example=EXAMPLE,
    keys=KEYS,
    refuse_clashes=refuse_cycles,
)
