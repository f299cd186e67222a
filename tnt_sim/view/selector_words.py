"""Selectors in words: « l'enveloppe = appels, la population > 500 000 »."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tnt_sim.errors import Lang, Text
from tnt_sim.view import words
from tnt_sim.view.figures import listed

_SIGNS = {"min": "≥", "max": "≤", "above": ">", "below": "<"}
_DAYS = {
    "from": Text("à partir du", "from"),
    "until": Text("jusqu'au", "until"),
    "before": Text("avant le", "before"),
    "after": Text("après le", "after"),
}
_MOMENTS = {
    "from": Text("à partir de :", "from"),
    "until": Text("au plus tard :", "until"),
    "before": Text("avant :", "before"),
    "after": Text("après :", "after"),
}
_LISTS = {
    "has": Text("contient l'un de", "has one of"),
    "has_all": Text("contient", "has all of"),
    "only": Text("ne contient que", "has only"),
}
_DATES = {"decision": Text("le jour de la décision", "the day of the decision"),
          "year_start": Text("le 1er janvier de l'année", "1 January of the year")}  # fmt: skip
_SPANS = {"month": "mois", "months": "mois", "day": "jour", "days": "jours", "year": "an", "years": "ans"}
_NOTHING = Text("vide", "empty")
_SOMETHING = Text("renseigné", "given")
_WHOLE = re.compile(r"[0-9]{4,}")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}")


def selector_words(mapping: Mapping[str, Any], lang: Lang) -> str:
    """Every condition of a selector, joined by commas (all must hold).

    >>> selector_words({"population": {"above": "500000"}, "department": ["01", "2A"]}, Lang.FR)
    'la population > 500\\u202f000, le département = 01 ou 2A'
    """
    return ", ".join(_condition(key, wanted, lang) for key, wanted in mapping.items())


def _condition(key: str, wanted: Any, lang: Lang) -> str:
    if key in ("any", "all") and isinstance(wanted, list):
        word = {"any": (" ou ", " or "), "all": (" et ", " and ")}[key][lang is Lang.EN]
        return "(" + word.join(f"[{selector_words(part, lang)}]" for part in wanted) + ")"
    if key == "not" and isinstance(wanted, dict):
        return (
            f"pas ({selector_words(wanted, lang)})"
            if lang is Lang.FR
            else f"not ({selector_words(wanted, lang)})"
        )
    return f"{words.column(key).in_(lang)} {_wanted(wanted, lang)}"


def _wanted(wanted: Any, lang: Lang) -> str:
    if isinstance(wanted, list):
        return "= " + _either([str(part) for part in wanted], lang)
    if isinstance(wanted, dict):
        word = " et " if lang is Lang.FR else " and "
        return word.join(_test(test, bound, lang) for test, bound in wanted.items())
    return f"= {wanted}"


def _test(test: str, bound: Any, lang: Lang) -> str:
    french = lang is Lang.FR
    if test == "not":
        if isinstance(bound, str):
            return f"autre que {bound}" if french else f"other than {bound}"
        if isinstance(bound, list):
            return ("autre que " if french else "other than ") + _either([str(part) for part in bound], lang)
        return f"pas ({_wanted(bound, lang)})" if french else f"not ({_wanted(bound, lang)})"
    if test == "empty":
        return (_NOTHING if str(bound) == "true" else _SOMETHING).in_(lang)
    if test in _SIGNS:
        return f"{_SIGNS[test]} {_bound(bound, lang, _number)}"
    if test in _DAYS:
        head = _MOMENTS if isinstance(bound, dict) else _DAYS
        return f"{head[test].in_(lang)} {_bound(bound, lang, _day)}"
    names = [str(part) for part in bound] if isinstance(bound, list) else [str(bound)]
    return f"{_LISTS[test].in_(lang)} {listed(names, lang)}" if test in _LISTS else f"{test} {bound}"


def _either(names: list[str], lang: Lang) -> str:
    return listed(names, lang, word=" ou " if lang is Lang.FR else " or ")


def _bound(bound: Any, lang: Lang, write: Callable[[str, Lang], str]) -> str:
    """A bound: a value, another column, or a day with a span added."""
    if not isinstance(bound, dict):
        return write(str(bound), lang)
    text = ""
    if "column" in bound:
        text = words.column(str(bound["column"])).in_(lang)
    elif "date" in bound:
        date = str(bound["date"])
        text = _DATES[date].in_(lang) if date in _DATES else _day(date, lang)
    if "times" in bound:
        text = f"{bound['times']} × {text}"
    if "plus" in bound:
        text += f" + {_span(str(bound['plus']), lang)}"
    return text


def _number(text: str, lang: Lang) -> str:
    """A whole number with its thousands apart; anything else as it was written."""
    if not _WHOLE.fullmatch(text):
        return text
    return f"{int(text):,}".replace(",", "\u202f" if lang is Lang.FR else ",")


def _day(text: str, lang: Lang) -> str:
    return words.long_day(text).in_(lang) if _ISO.fullmatch(text) else text


def _span(text: str, lang: Lang) -> str:
    number, _, unit = text.partition(" ")
    return f"{number} {_SPANS.get(unit, unit)}" if lang is Lang.FR else text
