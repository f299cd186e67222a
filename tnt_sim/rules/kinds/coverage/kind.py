"""The rule kind `coverage`: its words and its record."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType

from tnt_sim.domain.money import parse_decimal, parse_rate
from tnt_sim.i18n.lists import format_list
from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.i18n.numbers import format_integer, format_number, format_rate
from tnt_sim.rules.expressions import column_text
from tnt_sim.rules.expressions.selectors import Selector
from tnt_sim.rules.expressions.text import (
    _LIST_COLUMNS,
    _format_bounds,
    _format_selector,
    describe_bounds,
    describe_selected_dossiers,
    describe_where_clause,
)
from tnt_sim.rules.kind_support.rule_kind import RuleKind
from tnt_sim.rules.kinds.coverage.check import add_coverage_rows, add_priced_coverage_rows
from tnt_sim.rules.kinds.coverage.rule import Coverage, CoverageSpec, compile_coverage

LABEL = _("coverage")

EXAMPLE = (
    "rules: [{id: petites, kind: coverage, units: {type: commune, population: {max: 3500}}, "
    "covered_by: applicant_id, already: fc.csv, measure: units, min: 10 %, report: true}]"
)

KEYS: Mapping[str, Text] = MappingProxyType(
    {
        "units": _("the territories to be reached, of the map"),
        "covered_by": _("the column that names an application's territory"),
        "already": _("a file of those that are reached already"),
        "measure": _("units (territories) or population"),
    }
)


def format_coverage_formula(rule: CoverageSpec) -> str:
    """Return `10 % · |U| ≤ |{u ∈ U : ∃ i : x_i = 1, u = applicant_id_i}|, U = {type: commune}`."""
    where = _format_selector(rule.where)
    link = "∈" if rule.covered_by in _LIST_COLUMNS else "="
    named = f"∃ i{f' ({where})' if where else ''} : x_i = 1, u {link} {rule.covered_by}_i"
    already = "" if rule.already is None else f" or u ∈ {rule.already}"
    sized = "|{}|" if rule.measure == "units" else "population({})"
    low, high = [
        None if bound is None else bound + (f" · {sized.format('U')}" if "%" in bound else "")
        for bound in (rule.min, rule.max)
    ]
    reached = sized.format(f"{{u ∈ U : {named}{already}}}")
    return f"{_format_bounds(low, reached, high)}, U = {{{_format_selector(rule.units)}}}"


def describe_coverage(rule: CoverageSpec, lang: Lang) -> str:
    """Return « parmi les communes d'au plus 3 500 habitants, au moins 10 % ont un dossier financé (…) »."""
    by = column_text.describe_column(rule.covered_by).in_(lang)
    low, high = _format_share_or_count(rule.min, lang), _format_share_or_count(rule.max, lang)
    all_of_them = low is not None and high is None and low == format_rate(Fraction(1), lang)
    limits = str(low) if all_of_them else describe_bounds(low, high, lang)
    units, dossiers = describe_units(rule.units, lang), describe_selected_dossiers(rule.where, lang)
    people = rule.measure == "population"
    if people:
        text = _(
            "among the inhabitants of the {units}, {limits} live where there is a funded application{dossiers}, "
            "going by {column}",
            units=units,
            limits=limits,
            dossiers=dossiers,
            column=by,
        )
    else:
        text = _(
            "among the {units}, {limits} have a funded application{dossiers}, going by {column}",
            units=units,
            limits=limits,
            dossiers=dossiers,
            column=by,
        )
    if rule.already is None:
        return text.in_(lang)
    if people:
        return _('{condition}, or in a unit of "{file}"', condition=text, file=rule.already).in_(lang)
    return _('{condition}, or stand already in "{file}"', condition=text, file=rule.already).in_(lang)


_UNITS = {
    "commune": _("communes"),
    "epci": _("EPCI"),
    "metropole": _("métropoles"),
    "departement": _("departments"),
    "region": _("regions"),
}

_SIZES = {
    "above": _("above {{}} inhabitants"),
    "below": _("below {{}} inhabitants"),
    "min": _("of at least {{}} inhabitants"),
    "max": _("of at most {{}} inhabitants"),
}


def describe_units(units: Selector, lang: Lang) -> str:
    """Return the units of the map in words: « communes, EPCI et métropoles de plus de 3 500 habitants »."""
    rest = dict(units.root)
    types = rest.pop("type", None)
    names = types if isinstance(types, list) else [types]
    if types is None or any(str(name) not in _UNITS for name in names):
        rest, text = dict(units.root), _("units of the map").in_(lang)
    else:
        text = format_list([_UNITS[str(name)].in_(lang) for name in names], lang)
    size = rest.get("population")
    if isinstance(size, dict) and set(size) <= _SIZES.keys():
        rest.pop("population")
        pieces = [
            _SIZES[test].in_(lang).format(format_number(parse_decimal(str(bound)), lang))
            for test, bound in size.items()
        ]
        text += f" {format_list(pieces, lang)}"
    if rest:
        text += f" {describe_where_clause(Selector(rest), lang)}"
    return text


def _format_share_or_count(bound: str | None, lang: Lang) -> str | None:
    if bound is None:
        return None
    return (
        format_rate(parse_rate(bound), lang)
        if bound.rstrip().endswith("%")
        else format_number(parse_decimal(bound), lang)
    )


def describe_reach(rule: Coverage, lang: Lang) -> str:
    """Say out of how many units a coverage counts: « 101 sur la carte, dont 35 déjà »."""
    whole, already = format_integer(rule.total, lang), format_integer(rule.terms.constant, lang)
    return _("{whole} on the map, {already} already", whole=whole, already=already).in_(lang)


COVERAGE = RuleKind(
    name="coverage",
    spec=CoverageSpec,
    compile_rule=compile_coverage,
    second_reading={Coverage: add_coverage_rows},
    priced_reading={Coverage: add_priced_coverage_rows},
    label=LABEL,
    describe=describe_coverage,
    format_formula=format_coverage_formula,
    example=EXAMPLE,
    keys=KEYS,
    describe_compiled=describe_reach,
)
