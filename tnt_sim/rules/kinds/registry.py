"""The rule kinds in force, built in or of other packages, and the sentence and formula of any rule.

Another package registers a kind as an entry point of the group `tnt_sim.rule_kinds`, under its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from tnt_sim.domain.field_types import write_number
from tnt_sim.extensions import load_extensions
from tnt_sim.i18n.message import Lang
from tnt_sim.rules.expressions.text import capitalise
from tnt_sim.rules.kind_support.rule_kind import RuleKind
from tnt_sim.rules.kind_support.rule_spec import RuleSpec
from tnt_sim.rules.kind_support.text import describe_left_out, describe_mode
from tnt_sim.rules.kinds.coverage.kind import COVERAGE
from tnt_sim.rules.kinds.decide.kind import DECIDE
from tnt_sim.rules.kinds.equity.kind import EQUITY
from tnt_sim.rules.kinds.exclusive.kind import EXCLUSIVE
from tnt_sim.rules.kinds.limit.kind import LIMIT
from tnt_sim.rules.kinds.linear.kind import LINEAR
from tnt_sim.rules.kinds.order.kind import ORDER
from tnt_sim.rules.kinds.requires.kind import REQUIRES
from tnt_sim.rules.kinds.schedule.kind import SCHEDULE
from tnt_sim.rules.kinds.share.kind import SHARE
from tnt_sim.rules.kinds.together.kind import TOGETHER

BUILT_IN = (LIMIT, SHARE, DECIDE, COVERAGE, EXCLUSIVE, REQUIRES, TOGETHER, ORDER, SCHEDULE, EQUITY, LINEAR)
"""The kinds of this package, in the order of the scenario's schema and of the rule book."""

GROUP = "tnt_sim.rule_kinds"
"""The group of entry points under which other packages register theirs."""


@cache
def load_rule_kinds() -> Mapping[str, RuleKind]:
    """Return every rule kind by name: the built-in ones, then those of other packages by name."""
    kinds = {kind.name: kind for kind in BUILT_IN}
    return MappingProxyType(kinds | load_extensions(GROUP, RuleKind, kinds))


def describe_rule(rule: Any, lang: Lang) -> str:
    """Return the sentence of a rule: « Pour chaque département, le montant accordé ne dépasse pas … »"""
    text = capitalise(load_rule_kinds()[rule.kind].describe(rule, lang))
    if isinstance(rule, RuleSpec):
        text += describe_mode(rule, lang) + describe_left_out(rule, lang)
    return text


def format_rule_formula(rule: Any) -> str:
    """Return the formula of a rule, followed by the price of violating it where there is one."""
    text = load_rule_kinds()[rule.kind].format_formula(rule)
    if text and isinstance(rule, RuleSpec) and rule.penalty is not None and not rule.report:
        unit = "pair" if rule.counts_pairs else "distance"
        per = "" if rule.penalty.per == "1" else f" / {rule.penalty.per}"
        text += f" (− {write_number(rule.penalty.cost)}{per} · {unit})"
    return text
