"""The rule kind `waiting_period`: its words and its record."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tnt_sim.i18n.message import Bilingual, Lang, Text
from tnt_sim.i18n.numbers import format_integer
from tnt_sim.rules.expressions import column_text
from tnt_sim.rules.expressions.text import describe_scope
from tnt_sim.rules.kind_support.rule_kind import RuleKind
from tnt_sim_example.waiting_period.check import add_waiting_period_rows
from tnt_sim_example.waiting_period.rule import WaitingPeriod, WaitingPeriodSpec, compile_waiting_period

LABEL = Bilingual("délai de carence", "waiting period")
EXAMPLE = "rules: [{id: carence, kind: waiting_period, days: 365}]"
KEYS: Mapping[str, Text] = MappingProxyType(
    {
        "days": Bilingual("le nombre de jours", "the number of days"),
        "date": Bilingual("la colonne de la date", "the column of the date"),
    }
)


def describe_waiting_period(rule: WaitingPeriodSpec, lang: Lang) -> str:
    """Return the sentence of a waiting period: its groups, its days and its date."""
    whom = describe_scope(rule.by, rule.where, lang)
    days = format_integer(rule.days, lang)
    column = column_text.describe_column(rule.date).in_(lang)
    if lang is Lang.FR:
        return f"{whom}deux dossiers financés sont séparés d’au moins {days} jours, d’après {column}"
    return f"{whom}two funded applications are at least {days} days apart, by {column}"


def format_waiting_period_formula(rule: WaitingPeriodSpec) -> str:
    """Return `∀ applicant_id : |filed_at_i − filed_at_j| < 365 ⇒ x_i + x_j ≤ 1`."""
    return f"∀ {rule.by} : |{rule.date}_i − {rule.date}_j| < {rule.days} ⇒ x_i + x_j ≤ 1"


WAITING_PERIOD = RuleKind(
    name="waiting_period",
    spec=WaitingPeriodSpec,
    compile_rule=compile_waiting_period,
    second_reading={WaitingPeriod: add_waiting_period_rows},
    label=LABEL,
    describe=describe_waiting_period,
    format_formula=format_waiting_period_formula,
    example=EXAMPLE,
    keys=KEYS,
)
