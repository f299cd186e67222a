"""Formulas with the scenario's numbers: what each entry says of x and g.

x_i is 1 when dossier i is funded, else 0; g_i is its grant in euros. Σ{…} sums over the dossiers in the braces, in
the scenario's own notation for selectors; a column's value for dossier i is column_i. [ … ] is 1 when what it
holds is true. The notation is the same in both languages.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from tnt_sim.programme import EnvelopeSpec
from tnt_sim.rules.cap_spec import CapSpec
from tnt_sim.rules.coverage import CoverageSpec
from tnt_sim.rules.decide import DecideSpec
from tnt_sim.rules.eligibility import EligibilitySpec
from tnt_sim.rules.equity import EquitySpec
from tnt_sim.rules.grant_spec import BracketsSpec, FormulaSpec, GrantSpec, MoneyColumn
from tnt_sim.rules.limit import LimitSpec, ShareOfAmount
from tnt_sim.rules.order import OrderSpec
from tnt_sim.rules.relation import ExclusiveSpec, RequiresSpec
from tnt_sim.rules.rulespec import RuleSpec
from tnt_sim.rules.schedule import ScheduleSpec
from tnt_sim.rules.select import Selector, describe
from tnt_sim.rules.share import ShareSpec
from tnt_sim.rules.together import TogetherSpec
from tnt_sim.scalars import write_cents, write_number, write_rate
from tnt_sim.view.link_words import is_pair

_TERMS: Mapping[str, str] = MappingProxyType(
    {
        "granted": "g_i",
        "dossiers": "x_i",
        "leverage": "(cost_i·x_i − g_i)",
        "projects": "[project: x_i = 1]",
        "applicants": "[applicant: x_i = 1]",
        "population": "population_a·[applicant a: x_i = 1]",
        "inhabitants": "population_c·[i reaches commune c: x_i = 1]",
    }
)
_SHOWN = 4
NARROW = "\u202f"
_LISTS = frozenset({"members", "tags", "requires"})


def money(cents: int) -> str:
    """An amount in the scenario's notation, without idle zeros: `88 M€`, `16 000 €`."""
    for unit, factor, step in (("M€", 100_000_000, 100_000), ("k€", 100_000, 10_000)):
        if cents % step == 0 and cents >= factor:
            return f"{write_number(Fraction(cents, factor))} {unit}"
    text = write_cents(cents).replace(".00 ", " ")
    whole, mark, rest = text.partition("." if "." in text else " ")
    return f"{int(whole):,}".replace(",", NARROW) + mark + rest


def rule_formula(rule: Any) -> str:
    """A rule's formula; what breaking it costs comes after it."""
    write = RULE_FORMULAS.get(str(rule.kind))
    text = "" if write is None else write(rule)
    if text and isinstance(rule, RuleSpec) and rule.penalty is not None and not rule.report:
        unit = "pair" if is_pair(rule) else "distance"
        per = "" if rule.penalty.per == "1" else f" / {rule.penalty.per}"
        text += f" (− {write_number(rule.penalty.cost)}{per} · {unit})"
    return text


def _term(measure: str) -> str:
    return _TERMS.get(measure, f"{measure}_i·x_i")


def _sum(inside: Sequence[str], term: str) -> str:
    conditions = ", ".join(part for part in inside if part)
    return f"Σ{{{conditions}}} {term}" if conditions else f"Σ {term}"


def _where(where: Selector | None) -> str:
    return "" if where is None else describe(where.root)


def _each(by: str | tuple[str, ...] | None) -> tuple[str, str]:
    """The quantifier and what a sum is restricted to: `∀ d : ` and `department = d`."""
    if by is None:
        return "", ""
    names = [by] if isinstance(by, str) else list(by)
    marks = [chr(ord("d") + k) for k in range(len(names))]
    pairs = list(zip(names, marks, strict=True))
    inside = (f"{name} {'∋' if name in _LISTS else '='} {mark}" for name, mark in pairs)
    return f"∀ {', '.join(marks)} : ", ", ".join(inside)


def _between(low: str | None, middle: str, high: str | None) -> str:
    left = "" if low is None else f"{low} ≤ "
    right = "" if high is None else f" ≤ {high}"
    return left + middle + right


def _rate(rate: Fraction | None) -> str | None:
    return None if rate is None else write_rate(rate)


def _limit(rule: LimitSpec) -> str:
    every, group = _each(rule.by)
    low, high = _bound(rule.min), _bound(rule.max)
    total = _sum([group, _where(rule.where)], _term(rule.measure))
    if low is not None and rule.by is not None and rule.floor != "strict":
        low = f"min({low} ; demand)"
    return every + _between(low, total, high)


def _bound(bound: str | ShareOfAmount | None) -> str | None:
    if isinstance(bound, ShareOfAmount):
        return f"{write_rate(bound.share)} · amount({bound.of_amount})"
    return bound


def _share(rule: ShareSpec) -> str:
    every, group = _each(rule.by)
    top = _sum([group, _where(rule.whole), _where(rule.where)], _term(rule.measure))
    bottom = _sum(["" if rule.pooled else group, _where(rule.whole)], _term(rule.of_measure or rule.measure))
    low, high = _rate(rule.min), _rate(rule.max)
    if low is None and high is None:
        return f"{every}{top} / {bottom}"
    return every + _between(low and f"{low} · {bottom}", top, high and f"{high} · {bottom}")


def _decide(rule: DecideSpec) -> str:
    parts = [f"x_{name} = 1" for name in rule.fund[:_SHOWN]] + (["…"] if len(rule.fund) > _SHOWN else [])
    parts += [f"x_{name} = 0" for name in rule.refuse[:_SHOWN]] + (["…"] if len(rule.refuse) > _SHOWN else [])
    parts += [f"g_{name} = {money(cents)}·x_{name}" for name, cents in list(rule.amounts.items())[:_SHOWN]]
    return " ; ".join(parts)


def _exclusive(rule: ExclusiveSpec) -> str:
    if rule.dossiers is not None:
        return f"{_plus(rule.dossiers)} ≤ {rule.max}"
    every, group = _each(rule.by)
    return f"{every}{_sum([group, _where(rule.where)], 'x_i')} ≤ {rule.max}"


def _plus(names: Sequence[str]) -> str:
    shown = [f"x_{name}" for name in names[:_SHOWN]] + (["…"] if len(names) > _SHOWN else [])
    return " + ".join(shown)


def _requires(rule: RequiresSpec) -> str:
    least = rule.at_least if rule.at_least is not None else len(rule.need)
    factor = "" if least == 1 else f"{least}·"
    left = [f"{factor}x_{name} ≤ {_plus(rule.need)}" for name in rule.dossiers[:_SHOWN]]
    return " ; ".join(left) + (" ; …" if len(rule.dossiers) > _SHOWN else "")


def _together(rule: TogetherSpec) -> str:
    if rule.dossiers is not None:
        return _plus(rule.dossiers).replace(" + ", " = ")
    every, group = _each(rule.by)
    inside = ", ".join(part for part in (group, _where(rule.where)) if part)
    return f"{every}x_i = x_j {{{inside}}}"


def _order(rule: OrderSpec) -> str:
    every, group = _each(rule.by)
    inside = ", ".join(part for part in (group, _where(rule.where)) if part)
    braces = f" {{{inside}}}" if inside else ""
    if rule.skip:
        return f"{every}x_i = [least_i ≤ amount − Σ{{{_before(rule, 'j', 'i')}}} g_j]{braces}"
    return f"{every}{_before(rule, 'i', 'j')} ⇒ x_j ≤ x_i{braces}"


def _before(rule: OrderSpec, i: str, j: str) -> str:
    """That i is strictly before j: `score_i > score_j`, with the order of filing where ties follow it."""
    column, high = rule.first_come or rule.rank, rule.best == "high"
    if rule.ties_used == "free":
        return f"{column}_{i} {'>' if high else '<'} {column}_{j}"
    ties = [key for key in ("filed_at", "dossier") if key != column]

    def key(mark: str) -> str:
        return ", ".join([f"{'−' if high else ''}{column}_{mark}", *(f"{name}_{mark}" for name in ties)])

    return f"({key(i)}) < ({key(j)})"


def _coverage(rule: CoverageSpec) -> str:
    """`10 % · |U| ≤ |{u ∈ U : ∃ i : x_i = 1, u = applicant_id_i or u ∈ fc.csv}|, U = {type: commune}`"""
    where = _where(rule.where)
    link = "∈" if rule.covered_by in _LISTS else "="
    named = f"∃ i{f' ({where})' if where else ''} : x_i = 1, u {link} {rule.covered_by}_i"
    already = "" if rule.already is None else f" or u ∈ {rule.already}"
    sized = "|{}|" if rule.measure == "units" else "population({})"
    low, high = [
        None if bound is None else bound + (f" · {sized.format('U')}" if "%" in bound else "")
        for bound in (rule.min, rule.max)
    ]
    reached = sized.format(f"{{u ∈ U : {named}{already}}}")
    return f"{_between(low, reached, high)}, U = {{{_where(rule.units)}}}"


def _equity(rule: EquitySpec) -> str:
    mark = "d"
    term = _term(rule.measure)
    where = _where(rule.where)
    one = f"{_sum([f'{rule.by} = {mark}', where], term)} / population_{mark}"
    ratio = f"({_sum([where], term)} / Σ population)"
    low, high = _rate(rule.min), _rate(rule.max)
    return f"∀ {mark} : " + _between(low and f"{low} · {ratio}", one, high and f"{high} · {ratio}")


def _schedule(rule: ScheduleSpec) -> str:
    fixed = isinstance(rule.year, int)
    year = "" if isinstance(rule.year, int) else rule.year.column
    where = _where(rule.where)

    def granted(when: int) -> str:
        return _sum([where] if fixed else [f"{year} = {when}", where], "g_i")

    parts = [f"{granted(key)} ≤ {money(cents)}" for key, cents in rule.commitments.items()]
    for key, cents in rule.payments.items():
        paid = [
            f"{write_rate(share)}·{granted(key - k)}"
            for k, share in enumerate(rule.profile)
            if not fixed or key - k == rule.year
        ]
        parts.append(f"{' + '.join(paid) or '0 €'} ≤ {money(cents)}")
    if rule.before_end_max is not None:
        parts.append(f"Σ (paid_i before end_i − {write_rate(rule.before_end_max)})⁺·g_i ≤ 0")
    return " ; ".join(parts)


RULE_FORMULAS: Mapping[str, Callable[[Any], str]] = MappingProxyType(
    {
        "limit": _limit,
        "share": _share,
        "decide": _decide,
        "exclusive": _exclusive,
        "requires": _requires,
        "together": _together,
        "order": _order,
        "coverage": _coverage,
        "schedule": _schedule,
        "equity": _equity,
    }
)
"""Every kind of rule with what writes its formula."""


def eligibility_formula(entry: EligibilitySpec) -> str:
    """`envelope: a ∧ ¬(population: {min: 3500}) ⇒ x_i = 0`"""
    where = _where(entry.where)
    return f"{f'{where} ∧ ' if where else ''}¬({describe(entry.require.root)}) ⇒ x_i = 0"


def grant_formula(grant: GrantSpec) -> str:
    """`g_i ∈ {0, min(requested_i ; base_i ; 50 % · base_i)}`"""
    most = [_asked(grant.formula), "base_i"]
    if grant.max_rate is not None:
        most.append(_max_rate(grant))
    if grant.max is not None:
        most.append(_limit_of(grant.max))
    least = ["min_grant_i"]
    if grant.min_rate is not None:
        least.append(f"{write_rate(grant.min_rate)}·base_i")
    if grant.min is not None:
        least.append(_limit_of(grant.min))
    top = f"min({' ; '.join([*most, 'caps'])})"
    bottom = least[0] if len(least) == 1 else f"max({' ; '.join(least)})"
    if grant.mode == "all_or_nothing":
        return f"g_i ∈ {{0 ; {top}}}, {bottom} ≤ g_i"
    if grant.mode == "range":
        step = "" if grant.round <= 1 else f", g_i ∈ {money(grant.round)}·ℕ"
        return f"g_i = 0 or {bottom} ≤ g_i ≤ {top}{step}"
    menu = " ; ".join(level if "%" not in level else f"{level}·base_i" for level in grant.levels)
    same = f", one level for each {grant.by}" if grant.by else ""
    return f"g_i ∈ {{0 ; {menu}}}, {bottom} ≤ g_i ≤ {top}{same}"


def _asked(formula: FormulaSpec | None) -> str:
    if formula is None:
        return "requested_i"
    parts = [money(formula.flat)] if formula.flat else []
    for part in formula.per:
        units = f"{part.column}_i" if part.up_to is None else f"min({part.column}_i ; {part.up_to})"
        parts.append(f"{money(part.amount)}·{units}")
    flat = " + ".join(parts) or "0 €"
    return f"requested_i ; {flat}" + ("" if formula.max is None else f" ; {money(formula.max)}")


def _max_rate(grant: GrantSpec) -> str:
    rate = grant.max_rate
    if isinstance(rate, BracketsSpec):
        parts = [
            f"{write_rate(b.rate)} {'beyond' if b.up_to is None else f'up to {money(b.up_to)}'}"
            for b in rate.brackets
        ]
        text = f"({', '.join(parts)})·base_i"
    else:
        text = f"{write_rate(rate or Fraction(0))}·base_i"
    for bonus in grant.bonus:
        where = _where(bonus.where)
        top = "" if bonus.up_to is None else f", ≤ {write_rate(bonus.up_to)}·base_i"
        text += f" + {write_rate(bonus.rate)}·base_i" + (f" [{where}]" if where else "") + top
    return text


def _limit_of(limit: int | MoneyColumn) -> str:
    return f"{limit.column}_i" if isinstance(limit, MoneyColumn) else money(limit)


def cap_formula(cap: CapSpec) -> str:
    """`∀ p : Σ{project = p} g_i + other_state_p ≤ 80 % · base_p`"""
    full = cap.filled()
    where = _where(full.where)
    left = " + ".join(["Σ{project = p} g_i", *(f"{name}_p" for name in full.counting)])
    if isinstance(full.max, Fraction):
        of = " − ".join([f"{full.of or 'base'}_p", *(f"{name}_p" for name in full.less)])
        right = f"{write_rate(full.max)} · {f'({of})' if full.less else of}"
    elif isinstance(full.max, MoneyColumn):
        right = f"{full.max.column}_p"
    else:
        right = money(full.max or 0)
    return f"∀ p{f' ({where})' if where else ''} : {left} ≤ {right}"


def envelope_formula(spec: EnvelopeSpec, giver: str | None = None) -> str:
    """`Σ{envelope: a} g_i ≤ 30 M€ + free_tnt`; `giver` is the envelope above whose free money may come on top."""
    total = f"Σ{{envelope: {spec.id}}} g_i"
    if spec.amount is None:
        return ""
    right = money(spec.amount)
    if spec.reserve is not None or spec.overprogram is not None:
        less = "" if spec.reserve is None else f" − {write_rate(spec.reserve)}"
        more = "" if spec.overprogram is None else f" + {write_rate(spec.overprogram)}"
        right += f" · (1{less}{more})"
    if giver is not None:
        right += f" + free_{giver}"
    if spec.transfers is not None:
        right += " + in − out"
    low = None if spec.min_use is None else f"{write_rate(spec.min_use)} · {money(spec.amount)}"
    text = _between(low, total, right)
    if spec.min_dossiers is not None or spec.max_dossiers is not None:
        low, high = [None if n is None else str(n) for n in (spec.min_dossiers, spec.max_dossiers)]
        text += " ; " + _between(low, f"Σ{{envelope: {spec.id}}} x_i", high)
    return text


def goal_formula(name: str, weight: str) -> str:
    """One term of a stage: `10·Σ x_i`."""
    factor = "" if weight == "1" else f"{weight}·"
    if "." in name or name in ("smallest", "changed"):
        return f"{factor}{name}"
    return f"{factor}Σ {_term(name)}"
