"""Numbers, amounts and days as each language writes them; exact, or marked « ≈ » where they are rounded.

Amounts are whole cents and rates are fractions: no float is formatted. The signs and the months are those of CLDR,
and a test compares them with Babel (decision 0091); a minus is U+2212.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from types import MappingProxyType

from tnt_sim.i18n.language import Lang

NO_BREAK = "\u00a0"
THIN_NO_BREAK = "\u202f"
MINUS = "\u2212"
_TEN_THOUSAND, _MILLION = 1_000_000, 100_000_000
_SCALES = {"": 100, "k": 100_000, "M": _MILLION}
_SIGNS: Mapping[Lang, Mapping[int, str]] = MappingProxyType(
    {
        Lang.FR: {ord(","): THIN_NO_BREAK, ord("."): ",", ord("-"): MINUS},
        Lang.EN: {ord("-"): MINUS},
    }
)
"""The signs of a language in place of the comma, the point and the minus of Python."""
_MONTHS: Mapping[Lang, Sequence[str]] = MappingProxyType(
    {
        Lang.FR: (
            "janvier", "février", "mars", "avril", "mai", "juin",
            "juillet", "août", "septembre", "octobre", "novembre", "décembre",
        ),
        Lang.EN: (
            "January", "February", "March", "April", "May", "June",
            "July", "August", "September", "October", "November", "December",
        ),
    }
)  # fmt: skip
_EURO_WORD = re.compile(r"(?<![-\w])euros?(?![-\w])")


@dataclass(frozen=True, slots=True)
class Currency:
    """The money of a scenario.

    Parameters
    ----------
    symbol : « € », « £ », « CHF »
    code : its three letters, also read in amounts, or ""
    place : "before" or "after" the digits, or None for the place that each language gives the euro
    minor_unit : decimals of an amount, 0 to 2
    """

    symbol: str
    code: str = ""
    place: str | None = None
    minor_unit: int = 2

    @property
    def step_cents(self) -> int:
        """Return the smallest amount, in hundredths: 1, 10 or 100."""
        return int(10 ** (2 - self.minor_unit))

    def add_to(self, number: str, scale: str, lang: Lang) -> str:
        """Write a number with the scale and the symbol: « 1,2 M€ », €1.2M, CHF 1.2M."""
        if self.place == "before" or (self.place is None and lang is Lang.EN):
            sign, digits = (MINUS, number[1:]) if number.startswith(MINUS) else ("", number)
            space = "" if unicodedata.category(self.symbol[-1]) == "Sc" else NO_BREAK
            return f"{sign}{self.symbol}{space}{digits}{scale}"
        return f"{number}{NO_BREAK}{self.build_unit(scale)}"

    def build_unit(self, scale: str) -> str:
        """Return the unit of an amount in thousands or millions: « k€ », « M CHF »."""
        space = NO_BREAK if scale and unicodedata.category(self.symbol[0]) != "Sc" else ""
        return f"{scale}{space}{self.symbol}"


EURO = Currency("€", "EUR")
CURRENCIES: Mapping[str, Currency] = MappingProxyType(
    {
        one.code: one
        for one in (
            EURO,
            Currency("$", "AUD", "before"),
            Currency("R$", "BRL", "before"),
            Currency("$", "CAD", "before"),
            Currency("CHF", "CHF", "before"),
            Currency("Kč", "CZK", "after"),
            Currency("kr", "DKK", "after"),
            Currency("£", "GBP", "before"),
            Currency("Ft", "HUF", "after"),
            Currency("₪", "ILS", "before"),
            Currency("₹", "INR", "before"),
            Currency("¥", "JPY", "before", 0),
            Currency("₩", "KRW", "before", 0),
            Currency("DH", "MAD", "after"),
            Currency("kr", "NOK", "before"),
            Currency("zł", "PLN", "after"),
            Currency("lei", "RON", "after"),
            Currency("kr", "SEK", "after"),
            Currency("$", "USD", "before"),
            Currency("FCFA", "XAF", "after", 0),
            Currency("FCFA", "XOF", "after", 0),
            Currency("F", "XPF", "after", 0),
            Currency("R", "ZAR", "before"),
        )
    }
)
"""Currencies that a scenario may name by their code alone."""


class _Session:
    """The currency of this process, and whether a scenario has chosen it.

    Sentences are written where they are shown, far from any scenario, so that the currency cannot travel with
    each amount; one process shows one currency only (decision 0063).
    """

    currency: Currency = EURO
    chosen: bool = False


def get_currency() -> Currency:
    """Return the currency in which this process reads and shows amounts."""
    return _Session.currency


def choose_currency(currency: Currency) -> bool:
    """Read and show amounts in `currency` from now on; return False where another one is already chosen."""
    if _Session.chosen and _Session.currency != currency:
        return False
    _Session.currency, _Session.chosen = currency, True
    return True


@contextmanager
def release_currency_on_error() -> Iterator[None]:
    """Let another currency be chosen if a scenario fails; the present one stays, to show what is wrong in it."""
    chosen = _Session.chosen
    try:
        yield
    except BaseException:
        _Session.chosen = chosen
        raise


def reset_released_currency() -> None:
    """Return to the euro where no scenario that holds has chosen a currency."""
    if not _Session.chosen:
        _Session.currency = EURO


def set_currency(currency: Currency | None) -> None:
    """Replace the currency without any check; None for the state at the start: the euro, not chosen."""
    _Session.currency, _Session.chosen = currency or EURO, currency is not None


@contextmanager
def open_currency_session() -> Iterator[None]:
    """Begin without a currency, as a process does, and return to the present one at the end."""
    before = _Session.currency, _Session.chosen
    set_currency(None)
    try:
        yield
    finally:
        _Session.currency, _Session.chosen = before


def localise_currency(template: str) -> str:
    """Return a sentence whose « € » and « euro » are the currency of this process."""
    symbol = _Session.currency.symbol
    return template if symbol == EURO.symbol else _EURO_WORD.sub(symbol, template).replace("€", symbol)


@lru_cache(maxsize=10_000)
def _format_exact(value: Fraction | int, lang: Lang, least_decimals: int = 0) -> str:
    """Write a fraction that has a finite decimal form, with all its decimals."""
    decimals, number = least_decimals, value.numerator * 10**least_decimals
    while number % value.denominator:
        decimals, number = decimals + 1, number * 10
    exact = Decimal(f"{number // value.denominator}e-{decimals}")
    return f"{exact:,.{decimals}f}".translate(_SIGNS[lang])


def format_integer(number: int | None, lang: Lang) -> str:
    """Return a whole number with grouped thousands, or a dash for None."""
    return "–" if number is None else _format_exact(number, lang)


def format_number(value: Fraction, lang: Lang, decimals: int = 6) -> str:
    """Return a number with at most `decimals` decimals, and « ≈ » in front of one that is rounded.

    A smaller number has as many decimals as its first three digits need.
    """
    small = abs(value)
    while small and small * 10 ** (decimals - 2) < 1 and (small * 10**decimals).denominator != 1:
        decimals += 1
    rounded = Fraction(round(value * 10**decimals), 10**decimals)
    return ("" if rounded == value else "≈") + _format_exact(rounded, lang)


def format_rounded(value: float, lang: Lang, decimals: int) -> str:
    """Write a measured number with exactly `decimals` decimals.

    >>> format_rounded(0.98, Lang.FR, 3), format_rounded(1200.5, Lang.EN, 1)
    ('0,980', '1,200.5')
    """
    return _format_exact(Fraction(round(Fraction(value) * 10**decimals), 10**decimals), lang, decimals)


def format_cents(cents: int, lang: Lang, *, scale: str = "", decimals: bool = False) -> str:
    """Write an amount exactly: ``1 234,56 €`` or ``€1,234.56``; whole euros have no decimals.

    `scale` is "", ``k`` or ``M``; in thousands and millions all existing decimals are written. With
    `decimals`, whole amounts have those of the currency too.
    """
    value, currency = Fraction(cents, _SCALES[scale]), _Session.currency
    least = currency.minor_unit if decimals or (not scale and value.denominator != 1) else 0
    return currency.add_to(_format_exact(value, lang, least), scale, lang)


def format_rate(rate: Fraction, lang: Lang, *, decimals: int = 2) -> str:
    """Write a rate as a percentage, rounded half-even to at most `decimals` decimals."""
    text = _format_exact(Fraction(round(rate * 100 * 10**decimals), 10**decimals), lang)
    return f"{text}{THIN_NO_BREAK}%" if lang is Lang.FR else f"{text}%"


def join_figures(text: str) -> str:
    """Return a written text in which no line breaks within an amount.

    >>> join_figures("2 parts de 297 000 € au plus").replace(THIN_NO_BREAK, "_").replace(NO_BREAK, "~")
    '2 parts de 297_000~€ au plus'
    """
    grouped = re.sub(r"(?<=\d) (?=\d{3}(?!\d))", THIN_NO_BREAK, text)
    return re.sub(rf"(?<=\d) (?=[kM]?{re.escape(_Session.currency.symbol)}|%)", NO_BREAK, grouped)


def format_day(iso: str, lang: Lang) -> str:
    """Return a day in full: « 22 novembre 2021 », 22 November 2021.

    >>> format_day("2021-11-01", Lang.FR), format_day("2021-11-01", Lang.EN)
    ('1er novembre 2021', '1 November 2021')
    """
    day = date.fromisoformat(iso[:10])
    number = "1er" if day.day == 1 and lang is Lang.FR else str(day.day)
    return f"{number} {_MONTHS[lang][day.month - 1]} {day.year}"


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


_PER: Mapping[Lang, Sequence[tuple[str, int]]] = MappingProxyType(
    {
        Lang.FR: (("€", 1), ("k€", 1_000), ("M€", 1_000_000)),
        Lang.EN: (("€", 1), ("€k", 1_000), ("€M", 1_000_000)),
    }
)
"""Units of a price: the first one in which it is at least 1."""


def format_price_per_euro(price: Fraction, lang: Lang) -> str:
    """Return a price per euro in the unit that makes it readable: « 87,5 / M€ »."""
    units = _PER[lang]
    unit, euros = next((pair for pair in units if abs(price) * pair[1] >= 1), units[-1 if price else 0])
    return f"{format_significant(price * euros, lang)} / {localise_currency(unit)}"


def localise_amounts(value: str, lang: Lang) -> str:
    """Return a value of a scenario with its amounts as people write them.

    >>> localise_amounts("50000.00 €", Lang.FR)
    '50\\u202f000\\xa0€'
    """
    amount = re.compile(rf"(?<![\d.,])(\d+(?:\.\d{{1,2}})?) {re.escape(_Session.currency.symbol)}(?!\w)")
    return amount.sub(lambda found: format_cents(int(Fraction(found[1]) * 100), lang), value)


def format_short_amount(cents: int | None, lang: Lang) -> str:
    """Return an amount to the tenth of k€ or M€, « 12,3 k€ », « 88 M€ », and exactly below 10 000 €.

    >>> format_short_amount(8_799_999_200, Lang.FR), format_short_amount(800, Lang.FR)
    ('88\\xa0M€', '8\\xa0€')
    """
    if cents is None:
        return "–"
    size = abs(cents)
    scale, factor = "k", 100_000
    if size < _TEN_THOUSAND:
        return format_cents(cents, lang)
    if size >= _MILLION - factor // 20:
        scale, factor = "M", _MILLION
    tenths = Fraction(round(Fraction(size * 10, factor)), 10)
    return _Session.currency.add_to(_format_exact(tenths if cents > 0 else -tenths, lang), scale, lang)


def format_round_amount(cents: int, lang: Lang) -> str:
    """Return an amount in M€ or k€ where that is exact: « 88 M€ », « 1,22 M€ », « 60 k€ »; else to the cent.

    >>> format_round_amount(8_800_000_000, Lang.FR), format_round_amount(122_000_000, Lang.EN)
    ('88\\xa0M€', '€1.22M')
    >>> format_round_amount(123_456, Lang.FR)
    '1\\u202f234,56\\xa0€'
    """
    for scale, factor, parts in (("M", _MILLION, 100), ("k", 100_000, 10)):
        if cents >= factor and parts * cents % factor == 0:
            return format_cents(cents, lang, scale=scale)
    return format_cents(cents, lang)


def format_amounts(column: Sequence[int | None], lang: Lang) -> list[str]:
    """Return a column of exact amounts, all with cents when one has some, so that digits align."""
    decimals = any(cents is not None and cents % 100 for cents in column)
    return ["–" if cents is None else format_cents(cents, lang, decimals=decimals) for cents in column]


def format_short_amounts(cents: Sequence[int | None], lang: Lang) -> list[str]:
    """Return amounts in k€ or M€ if that distinguishes them, otherwise exactly."""
    short = [format_short_amount(value, lang) for value in cents]
    return short if len(set(short)) == len(set(cents)) else format_amounts(cents, lang)


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
