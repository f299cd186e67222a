"""Selectors in words: « l'enveloppe est « appels » et la population dépasse 500 000 »."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tnt_sim.errors import Lang, Text
from tnt_sim.money import MoneyError, format_cents, parse_cents, parse_decimal
from tnt_sim.rules import column_words as words
from tnt_sim.rules.column_words import listed

_COMPARE = {
    "min": (Text("atteint", "is at least"), Text("atteignent", "are at least")),
    "max": (Text("ne dépasse pas", "is at most"), Text("ne dépassent pas", "are at most")),
    "above": (Text("dépasse", "is above"), Text("dépassent", "are above")),
    "below": (Text("reste sous", "is below"), Text("restent sous", "are below")),
}
_DAYS = {
    "from": Text("au plus tôt", "on or after"),
    "until": Text("au plus tard", "no later than"),
    "before": Text("avant", "before"),
    "after": Text("après", "after"),
}
_FALLS = Text("tombe", "is")
_LISTS = {
    "has": (Text("contient", "contains"), Text("contiennent", "contain"), Text("ou", "or")),
    "has_all": (Text("contient", "contains"), Text("contiennent", "contain"), Text("et", "and")),
    "only": (Text("ne contient que", "contains only"), Text("ne contiennent que", "contain only"),
             Text("et", "and")),
}  # fmt: skip
_DATES = {"decision": Text("le jour de la décision", "the day of the decision"),
          "year_start": Text("le 1er janvier de l'année", "1 January of the year")}  # fmt: skip
_SPANS = {"month": "mois", "months": "mois", "day": "jour", "days": "jours", "year": "an", "years": "ans"}
_OPTIONS = ("exact", "allow_absent")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")
_MONEY = frozenset(
    {"cost", "base", "requested", "min_grant", "committed", "invoices", "other_state", "other_public",
     "other_private"}
)  # fmt: skip


def selector_words(mapping: Mapping[str, Any], lang: Lang, word: str = "") -> str:
    """Every condition of a selector, joined by « et » (all must hold); `word` stands before each one in French.

    >>> selector_words({"population": {"above": "500000"}, "department": ["01", "2A"]}, Lang.FR, "si")
    'si la population dépasse 500\\u202f000 et si le département est « 01 » ou « 2A »'
    """
    alone = len(mapping) == 1
    parts = [_condition(key, wanted, lang, alone=alone) for key, wanted in mapping.items()]
    if word and lang is Lang.FR:
        parts = [f"{word} {part}" for part in parts]
    return listed(parts, lang, most=len(parts))


def _condition(key: str, wanted: Any, lang: Lang, *, alone: bool) -> str:
    if key in ("any", "all") and isinstance(wanted, list):
        join = {"any": Text(", ou ", ", or "), "all": Text(" et ", " and ")}[key].in_(lang)
        text = join.join(selector_words(part, lang) for part in wanted)
        return text if alone else f"({text})"
    if key == "not" and isinstance(wanted, dict):
        return _denied(selector_words(wanted, lang), lang)
    tests = dict(wanted) if isinstance(wanted, dict) else {"in": wanted}
    denied = tests.pop("not") if isinstance(tests.get("not"), dict) else None
    parts = []
    if tests:
        words_of = _tests(key, tests, words.is_plural(key), lang)
        parts.append(f"{words.column(key).in_(lang)} {_and(lang).join(words_of)}")
    if denied is not None:
        parts.append(_denied(_condition(key, denied, lang, alone=True), lang))
    return _and(lang).join(parts)


def _and(lang: Lang) -> str:
    return " et " if lang is Lang.FR else " and "


def _denied(text: str, lang: Lang) -> str:
    return f"il n'est pas vrai que ({text})" if lang is Lang.FR else f"it is not true that ({text})"


def _is(many: bool, lang: Lang) -> str:
    return ("sont" if many else "est") if lang is Lang.FR else ("are" if many else "is")


def _tests(key: str, tests: Mapping[str, Any], many: bool, lang: Lang) -> list[str]:
    """The predicates of one column."""
    rest = {test: bound for test, bound in tests.items() if test not in _OPTIONS}
    found = []
    if isinstance(rest.get("from"), str) and isinstance(rest.get("until"), str):
        first, last = _day(rest.pop("from"), lang), _day(rest.pop("until"), lang)
        span = f"du {first} au {last}" if lang is Lang.FR else f"between {first} and {last}"
        found.append(f"{_FALLS.in_(lang)} {span}")
    return found + [_test(key, test, bound, many, lang) for test, bound in rest.items()]


def _test(key: str, test: str, bound: Any, many: bool, lang: Lang) -> str:
    if test == "in":
        return f"{_is(many, lang)} {_either(key, bound, lang)}"
    if test == "not":
        return _not(key, bound, many, lang)
    if test == "empty":
        return _empty(str(bound) == "true", many, lang)
    if test in _COMPARE:
        return f"{_COMPARE[test][many].in_(lang)} {_bound(key, bound, lang)}"
    if test in _DAYS:
        return f"{_is(many, lang)} {_DAYS[test].in_(lang)} {_moment(bound, lang)}"
    if test in _LISTS:
        one, several, word = _LISTS[test]
        verb = (several if many else one).in_(lang)
        return f"{verb} {_names(key, bound, lang, word.in_(lang))}"
    return f"{test} {bound}"


def _not(key: str, bound: Any, many: bool, lang: Lang) -> str:
    if lang is Lang.EN:
        return f"{'are' if many else 'is'} not {_names(key, bound, lang, 'or')}"
    verb = "ne sont" if many else "n'est"
    names = [_name(key, part, lang) for part in _listing(bound)]
    return f"{verb} pas {names[0]}" if len(names) == 1 else f"{verb} ni {', ni '.join(names)}"


def _empty(nothing: bool, many: bool, lang: Lang) -> str:
    if lang is Lang.EN:
        return f"{'are' if many else 'is'} {'' if nothing else 'not '}empty"
    if nothing:
        return "sont vides" if many else "est vide"
    return "ne sont pas vides" if many else "n'est pas vide"


def _listing(bound: Any) -> Sequence[Any]:
    return bound if isinstance(bound, list) else [bound]


def _either(key: str, wanted: Any, lang: Lang) -> str:
    return _names(key, wanted, lang, "ou" if lang is Lang.FR else "or")


def _names(key: str, bound: Any, lang: Lang, word: str) -> str:
    return listed([_name(key, part, lang) for part in _listing(bound)], lang, word=f" {word} ")


def _name(key: str, value: Any, lang: Lang) -> str:
    told = words.value(key, str(value)).in_(lang)
    return f"« {told} »" if lang is Lang.FR else f'"{told}"'


def _bound(key: str, bound: Any, lang: Lang) -> str:
    """A bound: a value, or another column times and plus something."""
    if not isinstance(bound, dict):
        return _number(key, str(bound), lang)
    text = words.column(str(bound.get("column", ""))).in_(lang)
    if "times" in bound:
        text = f"{_number('', str(bound['times']), lang)} × {text}"
    return text + (f" + {_number(key, str(bound['plus']), lang)}" if "plus" in bound else "")


def _moment(bound: Any, lang: Lang) -> str:
    """A day, another column, or a span after one of them: « 24 mois après le jour de la décision »."""
    the = "le " if lang is Lang.FR else ""
    if not isinstance(bound, dict):
        return the + _day(str(bound), lang)
    if "column" in bound:
        text = words.column(str(bound["column"])).in_(lang)
    else:
        date = str(bound.get("date", ""))
        text = _DATES[date].in_(lang) if date in _DATES else the + _day(date, lang)
    if "plus" in bound:
        span = str(bound["plus"])
        side = Text("avant", "before") if span.startswith("-") else Text("après", "after")
        text = f"{_span(span.removeprefix('-'), lang)} {side.in_(lang)} {text}"
    return text


def _number(key: str, text: str, lang: Lang) -> str:
    """An amount of a column of money in euros, a number with the marks of the language, else as written."""
    try:
        if key in _MONEY or "€" in text:
            return format_cents(parse_cents(text), lang)
        return text if "%" in text else words.number(parse_decimal(text), lang)
    except MoneyError:
        return text


def _day(text: str, lang: Lang) -> str:
    return words.long_day(text).in_(lang) if _ISO.fullmatch(text) else text


def _span(text: str, lang: Lang) -> str:
    number, _, unit = text.partition(" ")
    return f"{number}\u00a0{_SPANS.get(unit, unit)}" if lang is Lang.FR else text
