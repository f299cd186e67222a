"""The currency of a table of another country, and which mark its decimals have, as its cells prove."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache

import polars as pl

from tnt_sim.i18n.numbers import CURRENCIES, EURO, Currency
from tnt_sim.ingest.intake.sheets import Sheet

_SHARED = frozenset({"F", "R"})
"""Symbols of one letter, which stand for other things too; their currencies are known by their code."""
_DIGITS = r"[0-9][0-9.,'\u2019 \u00a0\u202f]*(?:[.,:]?[-–—])?"
_SPACE = "[ \u00a0\u202f]*"
_POINT_DECIMALS = re.compile(r"\d{1,3}(?:,\d{3}){2,}|\d{1,3}(?:,\d{3})+\.\d+|\d+\.\d{1,2}")
_COMMA_DECIMALS = re.compile(r"\d{1,3}(?:\.\d{3}){2,}|\d{1,3}(?:[. \u00a0\u202f]\d{3})+,\d+|\d+,\d{1,2}")


@cache
def _list_signs() -> dict[str, Currency]:
    """Return the currency of each symbol and code; a symbol of several countries is that of the first."""
    signs = {one.symbol: one for one in reversed(list(CURRENCIES.values())) if one.symbol not in _SHARED}
    return signs | dict(CURRENCIES)


@cache
def _compile_amount() -> re.Pattern[str]:
    signs = "|".join(re.escape(sign) for sign in sorted(_list_signs(), key=len, reverse=True))
    return re.compile(rf"(?P<before>{signs})?{_SPACE}{_DIGITS}{_SPACE}(?P<after>{signs})?")


def find_currency(sheets: Sequence[Sheet]) -> Currency | None:
    """Return the currency that most amounts with a sign have; None for the euro, and where none has a sign.

    The place of the sign is that of the cells.
    """
    counts: Counter[tuple[str, str]] = Counter()
    for sheet in sheets:
        for column in sheet.texts:
            for text, n in column.value_counts().iter_rows():
                match = _compile_amount().fullmatch(text)
                if match and bool(match["before"]) != bool(match["after"]):
                    counts[match["before"] or match["after"], "before" if match["before"] else "after"] += n
    if not counts:
        return None
    (sign, place), __ = max(counts.items(), key=lambda pair: (pair[1], pair[0]))
    known = _list_signs()[sign]
    if known == EURO:
        return None
    is_certain = sum(one.symbol == known.symbol for one in CURRENCIES.values()) == 1 or sign == known.code
    if is_certain and known.place == place:
        return known
    return Currency(known.symbol, known.code if is_certain else "", place, known.minor_unit)


def find_decimal(texts: Iterable[str], currency: Currency) -> str | None:
    """Return the mark of decimals that amounts prove; None where nothing does, or two do.

    >>> find_decimal(["£18,400", "£1,250,000"], CURRENCIES["GBP"])
    '.'
    """
    signs = "|".join(re.escape(sign) for sign in (currency.symbol, currency.code) if sign)
    bare = [re.sub(rf"^(?:{signs}){_SPACE}|{_SPACE}(?:{signs})$", "", text) for text in texts]
    point = any(_POINT_DECIMALS.fullmatch(text) for text in bare)
    comma = any(_COMMA_DECIMALS.fullmatch(text) for text in bare)
    return None if point == comma else "." if point else ","


def simplify_amounts(text: pl.Series, currency: Currency, decimal: str | None) -> pl.Series:
    """Return amounts and counts without their sign, and without the marks of thousands that `decimal` proves."""
    signs = "|".join(re.escape(sign) for sign in (currency.symbol, currency.code) if sign)
    bare = text.str.replace(rf"^(?:{signs}){_SPACE}([0-9])", "${1}").str.replace(
        rf"([0-9]){_SPACE}(?:{signs})$", "${1}"
    )
    bare = bare.str.replace(r"([0-9])[.,:][-–—]$", "${1}")
    if decimal is None:
        return bare
    marks = rf"[{',' if decimal == '.' else '.'}'\u2019 \u00a0\u202f]"
    grouped = bare.str.contains(rf"^[0-9]{{1,3}}(?:{marks}[0-9]{{3}})+(?:[{decimal}][0-9]+)?$").fill_null(
        value=False
    )
    return bare.str.replace_all(marks, "").zip_with(grouped, bare)
