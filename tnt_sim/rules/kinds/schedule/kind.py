"""The rule kind `schedule`: its words and its record."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tnt_sim.domain.field_types import write_rate
from tnt_sim.i18n.lists import format_list
from tnt_sim.i18n.message import Lang, Text, _, _n
from tnt_sim.i18n.numbers import format_rate
from tnt_sim.i18n.parameters import Items, Money, Rate
from tnt_sim.rules.expressions import column_text
from tnt_sim.rules.expressions.text import _format_selector, _format_sum, describe_scope, format_money
from tnt_sim.rules.kind_support.rule_kind import RuleKind
from tnt_sim.rules.kinds.schedule.check import add_priced_schedule_rows, add_schedule_rows
from tnt_sim.rules.kinds.schedule.rule import Schedule, ScheduleSpec, compile_schedule

LABEL = _("schedule")

EXAMPLE = (
    "rules: [{id: cp, kind: schedule, year: {column: year}, commitments: {2021: 60 M€, 2022: 28 M€}, "
    "profile: [30 %, 50 %, 20 %], payments: {2021: 30 M€, 2022: 50 M€}, advance_max: 30 %, "
    "before_end_max: 80 %}]"
)

KEYS: Mapping[str, Text] = MappingProxyType(
    {
        "year": _("the year of the decision: a number, or {{column: …}}"),
        "commitments": _("commitments allowed, year by year"),
        "profile": _("the shares paid in the first year, the next…"),
        "payments": _("payments allowed, year by year"),
        "advance_max": _("the share of the first year, at most"),
        "before_end_max": _("the share paid before the year of the end, at most"),
    }
)


def format_schedule_formula(rule: ScheduleSpec) -> str:
    """Return the rows by year: `Σ{year = 2026} g_i ≤ 60 M€ ; 30 %·Σ{year = 2026} g_i ≤ 20 M€`."""
    fixed = isinstance(rule.year, int)
    year = "" if isinstance(rule.year, int) else rule.year.column
    where = _format_selector(rule.where)

    def format_granted_sum(when: int) -> str:
        return _format_sum([where] if fixed else [f"{year} = {when}", where], "g_i")

    pieces = [
        f"{format_money(0) if fixed and key != rule.year else format_granted_sum(key)} ≤ {format_money(cents)}"
        for key, cents in rule.commitments.items()
    ]
    for key, cents in rule.payments.items():
        paid = [
            f"{write_rate(share)}·{format_granted_sum(key - k)}"
            for k, share in enumerate(rule.profile)
            if not fixed or key - k == rule.year
        ]
        pieces.append(f"{' + '.join(paid) or format_money(0)} ≤ {format_money(cents)}")
    if rule.before_end_max is not None:
        early = f"(paid_i before end_i − {write_rate(rule.before_end_max)})⁺·g_i"
        pieces.append(f"{_format_sum([where], early)} ≤ {format_money(0)}")
    return " ; ".join(pieces)


def describe_schedule(rule: ScheduleSpec, lang: Lang) -> str:
    """Return « année par année : engagements d'au plus 60 M€ en 2021 ; … »."""
    pieces = []
    if rule.commitments:
        most = _format_amounts_by_year(rule.commitments, lang)
        pieces.append(_("commitments stay within {most}", most=most))
    if rule.profile:
        pieces.append(_describe_profile(rule, lang))
    if rule.payments:
        pieces.append(_("payments stay within {most}", most=_format_amounts_by_year(rule.payments, lang)))
    if rule.advance_max is not None:
        pieces.append(_("the first year pays at most {share}", share=Rate(rule.advance_max)))
    if rule.before_end_max is not None:
        pieces.append(
            _(
                "at most {share} is paid before the year in which the project ends",
                share=Rate(rule.before_end_max),
            )
        )
    years = Items(pieces, ";").in_(lang)
    return f"{describe_scope(None, rule.where, lang)}{_describe_year(rule, lang)}{years}"


def _describe_profile(rule: ScheduleSpec, lang: Lang) -> Text:
    entries = []
    for k, share in enumerate(rule.profile):
        when = _n("a year later", "{n} years later", n=k) if k else _("in the year of the decision")
        entries.append(f"{format_rate(share, lang)} {when.in_(lang)}")
    return _("a grant is paid {shares}", shares=format_list(entries, lang, most=len(entries)))


def _describe_year(rule: ScheduleSpec, lang: Lang) -> str:
    if isinstance(rule.year, int):
        return _("all is decided in {year}: ", year=rule.year).in_(lang)
    return _("by the year ({column}): ", column=column_text.describe_column(rule.year.column)).in_(lang)


def _format_amounts_by_year(amounts: Mapping[int, int], lang: Lang) -> str:
    return format_list(
        [
            _("{amount} in {year}", amount=Money(cents), year=year).in_(lang)
            for year, cents in amounts.items()
        ],
        lang,
    )


SCHEDULE = RuleKind(
    name="schedule",
    spec=ScheduleSpec,
    compile_rule=compile_schedule,
    second_reading={Schedule: add_schedule_rows},
    priced_reading={Schedule: add_priced_schedule_rows},
    label=LABEL,
    describe=describe_schedule,
    format_formula=format_schedule_formula,
    example=EXAMPLE,
    keys=KEYS,
)
