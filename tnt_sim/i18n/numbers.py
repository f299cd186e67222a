"""Numbers, amounts and days as each language writes them; exact, or marked « ≈ » where they are rounded.

Babel knows the signs of each language and writes days; a minus is U+2212. Amounts are whole cents and rates are
fractions: no float is formatted. Babel is loaded by the first number, as it takes 30 ms.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from tnt_sim.i18n.language import Lang

if TYPE_CHECKING:
    from babel import Locale

NO_BREAK = "\u00a0"
THIN_NO_BREAK = "\u202f"
MINUS = "\u2212"
_AMOUNT = re.compile(r"(?<![\d.,])(\d+(?:\.\d{1,2})?) €")
_TEN_THOUSAND_EUROS, _MILLION_EUROS = 1_000_000, 100_000_000
_UNITS = {"€": 100, "k€": 100_000, "M€": _MILLION_EUROS}


@cache
def _load_locale(lang: Lang) -> Locale:
    from babel import Locale

    return Locale(str(lang))


@cache
def _load_signs(lang: Lang) -> dict[int, str]:
    """Load what a language writes for the comma, the point and the minus of Python's numbers."""
    signs = _load_locale(lang).number_symbols["latn"]
    return {ord(","): signs["group"], ord("."): signs["decimal"], ord("-"): MINUS}


@lru_cache(maxsize=10_000)
def _format_exact(value: Fraction | int, lang: Lang, least_decimals: int = 0) -> str:
    """Write a fraction that has a finite decimal form, with all its decimals."""
    decimals, number = least_decimals, value.numerator * 10**least_decimals
    while number % value.denominator:
        decimals, number = decimals + 1, number * 10
    exact = Decimal(f"{number // value.denominator}e-{decimals}")
    return f"{exact:,.{decimals}f}".translate(_load_signs(lang))


def _add_unit(number: str, unit: str, lang: Lang) -> str:
    """Write « 1,2 M€ » or €1.2M."""
    if lang is Lang.FR:
        return f"{number}{NO_BREAK}{unit}"
    sign, digits = (MINUS, number[1:]) if number.startswith(MINUS) else ("", number)
    return f"{sign}€{digits}{unit.removesuffix('€')}"


def format_integer(number: int | None, lang: Lang) -> str:
    """Return a whole number with grouped thousands, or a dash for None."""
    return "–" if number is None else _format_exact(number, lang)


def format_number(value: Fraction, lang: Lang, decimals: int = 6) -> str:
    """Return a number with at most `decimals` decimals, and « ≈ » in front of one that is rounded."""
    rounded = Fraction(round(value * 10**decimals), 10**decimals)
    return ("" if rounded == value else "≈") + _format_exact(rounded, lang)


def format_rounded(value: float, lang: Lang, decimals: int) -> str:
    """Write a measured number with exactly `decimals` decimals.

    >>> format_rounded(0.98, Lang.FR, 3), format_rounded(1200.5, Lang.EN, 1)
    ('0,980', '1,200.5')
    """
    return _format_exact(Fraction(round(Fraction(value) * 10**decimals), 10**decimals), lang, decimals)


def format_cents(cents: int, lang: Lang, *, unit: str = "€") -> str:
    """Write an amount exactly: ``1 234,56 €`` or ``€1,234.56``; whole euros have no decimals.

    `unit` is ``€``, ``k€`` or ``M€``; in k€ and M€ all existing decimals are written.
    """
    value = Fraction(cents, _UNITS[unit])
    least = 2 if unit == "€" and value.denominator != 1 else 0
    return _add_unit(_format_exact(value, lang, least), unit, lang)


def format_rate(rate: Fraction, lang: Lang, *, decimals: int = 2) -> str:
    """Write a rate as a percentage, rounded half-even to at most `decimals` decimals."""
    text = _format_exact(Fraction(round(rate * 100 * 10**decimals), 10**decimals), lang)
    return f"{text}{THIN_NO_BREAK}%" if lang is Lang.FR else f"{text}%"


def format_day(iso: str, lang: Lang) -> str:
    """Return a day in full: « 22 novembre 2021 », 22 November 2021.

    >>> format_day("2021-11-01", Lang.FR), format_day("2021-11-01", Lang.EN)
    ('1er novembre 2021', '1 November 2021')
    """
    from babel.dates import format_date

    text = format_date(date.fromisoformat(iso[:10]), "d MMMM y", locale=str(lang))
    return re.sub(r"^1 ", "1er ", text) if lang is Lang.FR else text


def format_amount(cents: int | None, lang: Lang) -> str:
    """Return an exact amount, or a dash for None."""
    return "–" if cents is None else format_cents(cents, lang)


def format_significant(value: Fraction, lang: Lang) -> str:
    """Return a number to three significant digits, whole digits kept: « 51,5 », « 0,0123 ».

    >>> format_significant(Fraction(515464, 10**4), Lang.FR), format_significant(Fraction(1, 81), Lang.EN)
    ('51,5', '0.0123')
    """
    decimals = 2
    while value and abs(value) * 10 ** (decimals - 2) < 1:
        decimals += 1
    while decimals and abs(value) >= 10 ** (3 - decimals):
        decimals -= 1
    return format_number(value, lang, decimals).removeprefix("≈")


def localise_amounts(value: str, lang: Lang) -> str:
    """Return a value of a scenario with its amounts as people write them.

    >>> localise_amounts("50000.00 €", Lang.FR)
    '50\\u202f000\\xa0€'
    """
    return _AMOUNT.sub(lambda found: format_cents(int(Fraction(found[1]) * 100), lang), value)


def format_short_amount(cents: int | None, lang: Lang) -> str:
    """Return an amount to the tenth of k€ or M€, « 12,3 k€ », « 88 M€ », and exactly below 10 000 €.

    >>> format_short_amount(8_799_999_200, Lang.FR), format_short_amount(800, Lang.FR)
    ('88\\xa0M€', '8\\xa0€')
    """
    if cents is None:
        return "–"
    size = abs(cents)
    unit, factor = "k€", 100_000
    if size < _TEN_THOUSAND_EUROS:
        return format_cents(cents, lang)
    if size >= _MILLION_EUROS - factor // 20:
        unit, factor = "M€", _MILLION_EUROS
    tenths = Fraction(round(Fraction(size * 10, factor)), 10)
    return _add_unit(_format_exact(tenths if cents > 0 else -tenths, lang), unit, lang)


def format_round_amount(cents: int, lang: Lang) -> str:
    """Return an amount in M€ or k€ where that is exact: « 88 M€ », « 1,22 M€ », « 60 k€ »; else to the cent.

    >>> format_round_amount(8_800_000_000, Lang.FR), format_round_amount(122_000_000, Lang.EN)
    ('88\\xa0M€', '€1.22M')
    >>> format_round_amount(123_456, Lang.FR)
    '1\\u202f234,56\\xa0€'
    """
    for unit, factor, parts in (("M€", _MILLION_EUROS, 100), ("k€", 100_000, 10)):
        if cents >= factor and parts * cents % factor == 0:
            return format_cents(cents, lang, unit=unit)
    return format_cents(cents, lang)


def format_amounts(column: Sequence[int | None], lang: Lang) -> list[str]:
    """Return a column of exact amounts, all with cents when one has some, so that digits align."""
    texts = [format_amount(cents, lang) for cents in column]
    if not any(cents is not None and cents % 100 for cents in column):
        return texts
    return [
        text if cents is None or cents % 100 else _with_cents(text, lang)
        for cents, text in zip(column, texts, strict=True)
    ]


def format_short_amounts(cents: Sequence[int | None], lang: Lang) -> list[str]:
    """Return amounts in k€ or M€ if that distinguishes them, otherwise exactly."""
    short = [format_short_amount(value, lang) for value in cents]
    return short if len(set(short)) == len(set(cents)) else format_amounts(cents, lang)


def _with_cents(text: str, lang: Lang) -> str:
    return text.replace(f"{NO_BREAK}€", f",00{NO_BREAK}€") if lang is Lang.FR else f"{text}.00"


def format_decimal(text: str | None, lang: Lang) -> str:
    """Return an exact decimal of a document, with at most six decimals."""
    if text is None:
        return "–"
    return format_number(Fraction(text), lang)


def format_percentage(text: str | None, lang: Lang) -> str:
    """Return a rate of a document as a percentage with at most two decimals."""
    return "–" if text is None else format_rate(Fraction(text), lang)


def format_euros(text: str | None, lang: Lang) -> str:
    """Return an exact decimal number of euros as an amount, with « ≈ » where it is no whole number of cents."""
    if text is None:
        return "–"
    cents = Fraction(text) * 100
    about = "" if cents.denominator == 1 else "≈"
    return about + format_cents(round(cents), lang)
