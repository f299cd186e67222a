"""Wording of selectors, measures and bounds, and the parts of formulas shared by the kinds of rule.

« l'enveloppe est « appels » et la population dépasse 500 000 »
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from tnt_sim.domain.field_types import write_cents, write_number, write_rate
from tnt_sim.domain.money import MoneyError, parse_cents, parse_decimal
from tnt_sim.i18n.lists import format_list
from tnt_sim.i18n.message import Lang, Text, _, _p
from tnt_sim.i18n.numbers import format_cents, format_day, format_number, get_currency
from tnt_sim.i18n.parameters import Names
from tnt_sim.rules.expressions import column_text
from tnt_sim.rules.expressions.selectors import Selector, describe

_COMPARE = {
    "min": (_("is at least"), _("are at least")),
    "max": (_("is at most"), _("are at most")),
    "above": (_("is above"), _("are above")),
    "below": (_("is below"), _("are below")),
}
_DAYS = {
    "from": _("on or after"),
    "until": _("no later than"),
    "before": _("before"),
    "after": _("after"),
}
_FALLS = _("is")
_LISTS = {
    "has": (_("contains"), _("contain"), _("or")),
    "has_all": (_("contains"), _("contain"), _("and")),
    "only": (_("contains only"), _("contain only"),
             _("and")),
}  # fmt: skip
_DATES = {"decision": _("the day of the decision"),
          "year_start": _("1 January of the year")}  # fmt: skip
_SPANS = {"month": "mois", "months": "mois", "day": "jour", "days": "jours", "year": "an", "years": "ans"}
_OPTIONS = ("exact", "allow_absent")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_MONEY = frozenset(
    {"cost", "base", "requested", "min_grant", "committed", "invoices", "other_state", "other_public",
     "other_private"}
)  # fmt: skip


def describe_selector(mapping: Mapping[str, object], lang: Lang, word: str = "") -> str:
    """Return the conditions of a selector joined by « et » (all must be satisfied), in the language.

    `word` is put before each condition in French.

    >>> describe_selector({"population": {"above": "500000"}, "department": ["01", "2A"]}, Lang.FR, "si")
    'si la population dépasse 500\\u202f000 et si le département est « 01 » ou « 2A »'
    """
    alone = len(mapping) == 1
    pieces = [_describe_condition(key, wanted, lang, is_single=alone) for key, wanted in mapping.items()]
    if word and lang is Lang.FR:
        pieces = [f"{word} {part}" for part in pieces]
    return format_list(pieces, lang, most=len(pieces))


def _describe_condition(key: str, wanted: Any, lang: Lang, *, is_single: bool) -> str:
    if key in ("any", "all") and isinstance(wanted, list):
        join = {"any": _(", or "), "all": _(" and ")}[key].in_(lang)
        text = join.join(describe_selector(part, lang) for part in wanted)
        return text if is_single else f"({text})"
    if key == "not" and isinstance(wanted, dict):
        return _negate_sentence(describe_selector(wanted, lang), lang)
    tests = dict(wanted) if isinstance(wanted, dict) else {"in": wanted}
    denied = tests.pop("not") if isinstance(tests.get("not"), dict) else None
    pieces = []
    if tests:
        words_of = _describe_tests(key, tests, column_text.is_plural(key), lang)
        pieces.append(f"{column_text.describe_column(key).in_(lang)} {_translate_and(lang).join(words_of)}")
    if denied is not None:
        pieces.append(_negate_sentence(_describe_condition(key, denied, lang, is_single=True), lang))
    return _translate_and(lang).join(pieces)


def _translate_and(lang: Lang) -> str:
    return _(" and ").in_(lang)


def _negate_sentence(text: str, lang: Lang) -> str:
    return _("it is not true that ({condition})", condition=text).in_(lang)


def _translate_is(many: bool, lang: Lang) -> str:
    return (_p("verb", "are") if many else _p("verb", "is")).in_(lang)


def _describe_tests(key: str, tests: Mapping[str, Any], many: bool, lang: Lang) -> list[str]:
    """Return the predicates of one column in words."""
    rest = {test: bound for test, bound in tests.items() if test not in _OPTIONS}
    result = []
    if isinstance(rest.get("from"), str) and isinstance(rest.get("until"), str):
        first, last = _format_day(rest.pop("from"), lang), _format_day(rest.pop("until"), lang)
        result.append(_("{falls} between {first} and {last}", falls=_FALLS, first=first, last=last).in_(lang))
    return result + [_describe_test(key, test, bound, many, lang) for test, bound in rest.items()]


def _describe_test(key: str, test: str, bound: Any, many: bool, lang: Lang) -> str:
    if test == "in":
        return f"{_translate_is(many, lang)} {_format_alternatives(key, bound, lang)}"
    if test == "not":
        return _describe_not(key, bound, many, lang)
    if test == "empty":
        return _describe_empty(str(bound) == "true", many, lang)
    if test in _COMPARE:
        return f"{_COMPARE[test][many].in_(lang)} {_describe_bound(key, bound, lang)}"
    if test in _DAYS:
        return f"{_translate_is(many, lang)} {_DAYS[test].in_(lang)} {_describe_moment(bound, lang)}"
    if test in _LISTS:
        one, several, word = _LISTS[test]
        verb = (several if many else one).in_(lang)
        return f"{verb} {_format_values(key, bound, lang, word.in_(lang))}"
    return f"{test} {bound}"


def _describe_not(key: str, bound: Any, many: bool, lang: Lang) -> str:
    if lang is Lang.EN:
        return f"{'are' if many else 'is'} not {_format_values(key, bound, lang, 'or')}"
    verb = "ne sont" if many else "n’est"
    names = [_quote_value(key, part, lang) for part in _wrap_in_list(bound)]
    return f"{verb} pas {names[0]}" if len(names) == 1 else f"{verb} ni {', ni '.join(names)}"


def _describe_empty(nothing: bool, many: bool, lang: Lang) -> str:
    if nothing:
        return (_("are empty") if many else _("is empty")).in_(lang)
    return (_("are not empty") if many else _("is not empty")).in_(lang)


def _wrap_in_list(bound: Any) -> Sequence[Any]:
    return bound if isinstance(bound, list) else [bound]


def _format_alternatives(key: str, wanted: Any, lang: Lang) -> str:
    return _format_values(key, wanted, lang, _("or").in_(lang))


def _format_values(key: str, bound: Any, lang: Lang, word: str) -> str:
    return format_list(
        [_quote_value(key, part, lang) for part in _wrap_in_list(bound)], lang, word=f" {word} "
    )


def _quote_value(key: str, value: Any, lang: Lang) -> str:
    told = column_text.describe_value(key, str(value)).in_(lang)
    return Names([told]).in_(lang)


def _describe_bound(key: str, bound: Any, lang: Lang) -> str:
    """Return a bound in words: a value, or another column multiplied and increased."""
    if not isinstance(bound, dict):
        return _format_number(key, str(bound), lang)
    text = column_text.describe_column(str(bound.get("column", ""))).in_(lang)
    if "times" in bound:
        text = f"{_format_number('', str(bound['times']), lang)} × {text}"
    return text + (f" + {_format_number(key, str(bound['plus']), lang)}" if "plus" in bound else "")


def _describe_moment(bound: Any, lang: Lang) -> str:
    """Return a date bound in words: « 24 mois après le jour de la décision »."""
    the = "le " if lang is Lang.FR else ""
    if not isinstance(bound, dict):
        return the + _format_day(str(bound), lang)
    if "column" in bound:
        text = column_text.describe_column(str(bound["column"])).in_(lang)
    else:
        date = str(bound.get("date", ""))
        text = _DATES[date].in_(lang) if date in _DATES else the + _format_day(date, lang)
    if "plus" in bound:
        span = str(bound["plus"])
        side = _("before") if span.startswith("-") else _("after")
        text = f"{_format_span(span.removeprefix('-'), lang)} {side.in_(lang)} {text}"
    return text


def _format_number(key: str, text: str, lang: Lang) -> str:
    """Return an amount in euros for a money column, else a localised number, else the text as written."""
    try:
        if key in _MONEY or get_currency().symbol in text:
            return format_cents(parse_cents(text), lang)
        return text if "%" in text else format_number(parse_decimal(text), lang)
    except MoneyError:
        return text


def _format_day(text: str, lang: Lang) -> str:
    return format_day(text, lang) if _ISO.fullmatch(text) else text


def _format_span(text: str, lang: Lang) -> str:
    number, __, unit = text.partition(" ")
    return f"{number}\u00a0{_SPANS.get(unit, unit)}" if lang is Lang.FR else text


SENSE: Mapping[str, Text] = MappingProxyType({"maximise": _("maximise"), "minimise": _("minimise")})

MEASURE: Mapping[str, Text] = MappingProxyType(
    {
        "granted": _("the amount granted"),
        "cost": _("the cost of the funded applications"),
        "base": _("the eligible cost of the funded applications"),
        "requested": _("the amount asked by funded applications"),
        "leverage": _("the cost less the amount granted"),
        "dossiers": _("the number of funded applications"),
        "projects": _("the number of funded projects"),
        "applicants": _("the number of funded applicants"),
        "score": _("the sum of the funded applications' scores"),
        "population": _("the population of the funded applicants"),
        "inhabitants": _("the inhabitants of the communes reached"),
        "changed": _("the number of applications changed since the reference list"),
    }
)


def describe_measure(name: str) -> Text:
    """Return a measure in words; its own name in quotes when it is not built in."""
    return MEASURE.get(name) or _('"{name}"', name=name)


MAX_NAMES = 5


def describe_if_clause(where: Selector, lang: Lang) -> str:
    """Return « si l'enveloppe est « a » et si la note dépasse 10 »."""
    text = describe_selector(where.root, lang, "si")
    return text if lang is Lang.FR else f"if {text}"


def describe_where_clause(where: Selector, lang: Lang) -> str:
    """Return « où l'enveloppe est « a » et où la note dépasse 10 »."""
    text = describe_selector(where.root, lang, "où")
    return text if lang is Lang.FR else f"where {text}"


def describe_for_each(
    by: str | Sequence[str] | None, lang: Lang, groups: str | Sequence[str] | None = None
) -> str:
    """Return `pour chaque département de la carte, `, or nothing without `by`."""
    if by is None:
        return ""
    names = [by] if isinstance(by, str) else list(by)
    labels = format_list([column_text.describe_bare_column(name).in_(lang) for name in names], lang)
    return _("for each {labels}, ", labels=labels + describe_groups(groups, lang)).in_(lang)


def describe_groups(groups: str | Sequence[str] | None, lang: Lang) -> str:
    """Return which groups count, after their column: « de la carte »."""
    if groups is None:
        return ""
    if groups == "map":
        return _(" of the map").in_(lang)
    if groups == "present":
        return _(" that has an eligible application").in_(lang)
    quoted = [Names([name]).in_(lang) for name in groups]
    return _(" among {names}", names=format_list(quoted, lang, most=len(quoted))).in_(lang)


def describe_selected_dossiers(where: Selector | None, lang: Lang) -> str:
    """Return « (dossiers où l'enveloppe est « a ») », or nothing without `where`."""
    if where is None:
        return ""
    word = "dossiers" if lang is Lang.FR else "applications"
    return f" ({word} {describe_where_clause(where, lang)})"


def describe_scope(
    by: str | tuple[str, ...] | None,
    where: Selector | None,
    lang: Lang,
    dossiers: Sequence[str] | None = None,
    groups: str | Sequence[str] | None = None,
) -> str:
    """Return the dossiers of a rule: « pour chaque lot, parmi les dossiers où …, », or "" for all."""
    if dossiers is not None:
        return _("among {dossiers}, ", dossiers=format_dossiers(dossiers, lang)).in_(lang)
    some = ""
    if where is not None:
        some = _("among the applications {condition}, ", condition=describe_where_clause(where, lang)).in_(
            lang
        )
    return describe_for_each(by, lang, groups) + some


def describe_bounds(low: str | None, high: str | None, lang: Lang) -> str:
    """Return two bounds after a colon: « entre … et … », « au moins … », « au plus … »."""
    if low is not None and high is not None:
        return _("between {low} and {high}", low=low, high=high).in_(lang)
    if low is not None:
        return _("at least {low}", low=low).in_(lang)
    if high is not None:
        return _("at most {high}", high=high).in_(lang)
    return _("no bound").in_(lang)


def describe_bound_predicate(low: str | None, high: str | None, lang: Lang) -> str:
    """Return two bounds as the predicate of a singular subject: « ne dépasse pas 10 000 € »."""
    if low is not None and high is not None:
        return _(" stays between {low} and {high}", low=low, high=high).in_(lang)
    if low is not None:
        return _(" is at least {low}", low=low).in_(lang)
    if high is not None:
        return _(" does not exceed {high}", high=high).in_(lang)
    return _(": no bound").in_(lang)


def format_dossiers(names: Sequence[str], lang: Lang) -> str:
    """Return some dossiers by their numbers: « D-1, D-2 et D-3 », shortened after a few."""
    return format_list(list(names), lang, MAX_NAMES)


def describe_complement(label: str, lang: Lang) -> str:
    """Return a noun after « de », contracted: « du coût », « des factures », « de l'assiette »."""
    if lang is Lang.EN:
        return f"of {label}"
    for article, joined in (("les ", "des "), ("le ", "du ")):
        if label.startswith(article):
            return joined + label.removeprefix(article)
    return f"de {label}"


def capitalise(text: str) -> str:
    """Return a sentence with its first letter in capitals."""
    return text[:1].upper() + text[1:]


_TERMS: Mapping[str, str] = MappingProxyType(
    {
        "granted": "g_i",
        "dossiers": "x_i",
        "leverage": "(cost_i·x_i − g_i)",
        "projects": "[project: x_i = 1]",
        "applicants": "[applicant: x_i = 1]",
        "changed": "[x_i ≠ reference_i]",
        "population": "population_a·[applicant a: x_i = 1]",
        "inhabitants": "population_c·[i reaches commune c: x_i = 1]",
    }
)
_MAX_LISTED = 4
NARROW = "\u202f"
_LIST_COLUMNS = frozenset({"members", "tags", "requires"})


def format_money(cents: int) -> str:
    """Return an amount in the scenario's notation without trailing zeros: `88 M€`, `16 000 €`."""
    for scale, factor, step in (("M", 100_000_000, 100_000), ("k", 100_000, 10_000)):
        if cents % step == 0 and cents >= factor:
            return f"{write_number(Fraction(cents, factor))} {get_currency().build_unit(scale)}"
    text = write_cents(cents).replace(".00 ", " ")
    whole, mark, rest = text.partition("." if "." in text else " ")
    return f"{int(whole):,}".replace(",", NARROW) + mark + rest


def _format_term(measure: str) -> str:
    return _TERMS.get(measure, f"{measure}_i·x_i")


def _format_sum(inside: Sequence[str], term: str) -> str:
    conditions = ", ".join(part for part in inside if part)
    return f"Σ{{{conditions}}} {term}" if conditions else f"Σ {term}"


def _format_selector(where: Selector | None) -> str:
    return "" if where is None else describe(where.root)


def _format_groups(
    by: str | Sequence[str], groups: str | Sequence[str] | None, where: Selector | None
) -> str:
    """Return the set of groups that a rule names: `{01 ; 2A}`, `{department_i | i eligible}`, the latter `∪ map`.

    Committed dossiers are eligible, and those refused by decision too. Empty where nothing is named.
    """
    if groups is None:
        return ""
    if not isinstance(groups, str):
        return "{" + " ; ".join(groups) + "}"
    cells = f"{by}_i" if isinstance(by, str) else f"({', '.join(f'{name}_i' for name in by)})"
    conditions = ", ".join(part for part in ("i eligible", _format_selector(where)) if part)
    return f"{{{cells} | {conditions}}}" + (" ∪ map" if groups == "map" else "")


def _format_quantifier(by: str | Sequence[str] | None, groups: str = "") -> tuple[str, str]:
    """Return the quantifier and the restriction of a sum: `∀ d ∈ {01 ; 2A} : ` and `department = d`."""
    if by is None:
        return "", ""
    names = [by] if isinstance(by, str) else list(by)
    marks = [chr(ord("d") + k) for k in range(len(names))]
    pairs = list(zip(names, marks, strict=True))
    inside = (f"{name} {'∋' if name in _LIST_COLUMNS else '='} {mark}" for name, mark in pairs)
    letters = ", ".join(marks)
    if groups:
        letters = (f"({letters})" if len(marks) > 1 else letters) + f" ∈ {groups}"
    return f"∀ {letters} : ", ", ".join(inside)


def _format_bounds(low: str | None, middle: str, high: str | None) -> str:
    left = "" if low is None else f"{low} ≤ "
    right = "" if high is None else f" ≤ {high}"
    return left + middle + right


def _format_optional_rate(rate: Fraction | None) -> str | None:
    return None if rate is None else write_rate(rate)
