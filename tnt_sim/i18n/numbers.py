"""Figures of documents in words: exact where there is room, with « ≈ » where they are rounded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from tnt_sim.domain.money import format_cents, format_rate, parse_cents, parse_decimal
from tnt_sim.i18n.message import Lang
from tnt_sim.rules.expressions.column_text import format_integer, format_number

NO_BREAK = "\u00a0"
_AMOUNT = re.compile(r"(?<![\d.,])(\d+(?:\.\d{1,2})?) €")
_TEN_THOUSAND_EUROS, _MILLION_EUROS = 1_000_000, 100_000_000


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
    return _AMOUNT.sub(lambda found: format_cents(parse_cents(found[1]), lang), value)


def format_short_amount(cents: int | None, lang: Lang) -> str:
    """Return an amount in few characters: « 88,0 M€ », « 12,3 k€ », and exact euros below 10 000 €.

    >>> format_short_amount(8_799_999_200, Lang.FR), format_short_amount(800, Lang.FR)
    ('88,0\\xa0M€', '8\\xa0€')
    """
    if cents is None:
        return "–"
    size = abs(cents)
    unit, factor = "k€", 100_000
    if size < _TEN_THOUSAND_EUROS:
        return format_cents(cents, lang)
    if size >= _MILLION_EUROS - factor // 20:
        unit, factor = "M€", _MILLION_EUROS
    return _format_tenths(Fraction(cents, factor), unit, lang)


def format_round_amount(cents: int, lang: Lang) -> str:
    """Return an amount in M€ or k€ where that is exact: « 88 M€ », « 1,22 M€ », « 60 k€ »; else to the cent.

    >>> format_round_amount(8_800_000_000, Lang.FR), format_round_amount(122_000_000, Lang.EN)
    ('88\\xa0M€', '€1.22M')
    >>> format_round_amount(123_456, Lang.FR)
    '1\\u202f234,56\\xa0€'
    """
    for unit, factor, parts in (("M€", _MILLION_EUROS, 100), ("k€", 100_000, 10)):
        if cents >= factor and parts * cents % factor == 0:
            value = format_number(Fraction(cents, factor), lang)
            return f"{value}{NO_BREAK}{unit}" if lang is Lang.FR else f"€{value}{unit.removesuffix('€')}"
    return format_cents(cents, lang)


def _format_tenths(value: Fraction, unit: str, lang: Lang) -> str:
    tenths = round(abs(value) * 10)
    whole = f"{tenths // 10:,}"
    sign = "\u2212" if value < 0 else ""
    if lang is Lang.FR:
        return f"{sign}{whole.replace(',', chr(0x202F))},{tenths % 10}{NO_BREAK}{unit}"
    return f"{sign}€{whole}.{tenths % 10}{unit.removesuffix('€')}"


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


def format_count(number: int, fr: tuple[str, str], en: tuple[str, str], lang: Lang) -> str:
    """Return « 1 dossier », « 2 dossiers »: French uses the plural from 2 on, English for all but 1."""
    if lang is Lang.FR:
        return f"{format_integer(number, lang)}{NO_BREAK}{fr[abs(number) >= 2]}"
    return f"{format_integer(number, lang)} {en[number != 1]}"


def format_unlisted_count(number: int, lang: Lang) -> str:
    """Return « 3 autres : --json »: how many more there are than a list shows, and where to find them."""
    others = format_count(number, ("autre", "autres"), ("more", "more"), lang)
    return f"{others} : --json" if lang is Lang.FR else f"{others}: --json"


def format_decimal(text: str | None, lang: Lang) -> str:
    """Return an exact decimal of a document, with at most six decimals."""
    if text is None:
        return "–"
    return format_number(parse_decimal(text), lang)


def format_percentage(text: str | None, lang: Lang) -> str:
    """Return a rate of a document as a percentage with at most two decimals."""
    return "–" if text is None else format_rate(parse_decimal(text), lang)


def format_euros(text: str | None, lang: Lang) -> str:
    """Return an exact decimal number of euros as an amount, with « ≈ » where it is no whole number of cents."""
    if text is None:
        return "–"
    cents = parse_decimal(text) * 100
    about = "" if cents.denominator == 1 else "≈"
    return about + format_cents(round(cents), lang)
