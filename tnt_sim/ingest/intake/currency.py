"""The currency of a table of another country, and which mark its decimals have, as its cells prove."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

import polars as pl

from tnt_sim.domain.portfolio import CANONICAL, ColumnKind
from tnt_sim.i18n.numbers import CURRENCIES, EURO, Currency
from tnt_sim.ingest.intake.header_units import find_header_sign, list_signs
from tnt_sim.ingest.intake.header_words import GRANTED, identify_header, strip_units
from tnt_sim.ingest.intake.table_search import TableFound
from tnt_sim.ingest.tables.headers import normalise_header

_DIGITS = r"[0-9][0-9.,'\u2019 \u00a0\u202f]*(?:[.,:]?[-–—])?"
_SPACE = "[ \u00a0\u202f]*"
_POINT_DECIMALS = re.compile(r"\d{1,3}(?:,\d{3}){2,}|\d{1,3}(?:,\d{3})+\.\d+|\d+\.\d{1,2}")
_COMMA_DECIMALS = re.compile(r"\d{1,3}(?:\.\d{3}){2,}|\d{1,3}(?:[. \u00a0\u202f]\d{3})+,\d+|\d+,\d{1,2}")


@cache
def _compile_amount() -> re.Pattern[str]:
    signs = "|".join(re.escape(sign) for sign in sorted(list_signs(), key=len, reverse=True))
    return re.compile(rf"(?P<before>{signs})?{_SPACE}{_DIGITS}{_SPACE}(?P<after>{signs})?")


@dataclass(frozen=True, slots=True)
class SignsFound:
    """The signs of currencies in the columns of amounts of a table.

    Attributes
    ----------
    currency : the one that the columns state; None where none does, or two do
    signs : every sign that a column states, else those of single cells
    """

    currency: Currency | None
    signs: tuple[str, ...]

    def list_others(self, currency: Currency) -> tuple[str, ...]:
        """Return the signs found that are not those of a currency."""
        return tuple(sign for sign in self.signs if list_signs()[sign].symbol != currency.symbol)


def find_signs(table: TableFound, chosen: Mapping[str, str]) -> SignsFound:
    """Return the currency that amounts have: in most cells of a column, else in its header.

    The place of the sign is that of the cells. `chosen` are headers by canonical name, as the planner says.
    """
    own = {normalise_header(header): name for name, header in chosen.items()}
    stated: list[str] = []
    single: list[str] = []
    places: Counter[tuple[str, str]] = Counter()
    for position, label in enumerate(table.labels):
        known = identify_header(label)
        name = own.get(normalise_header(label), known[0] if known else "")
        if CANONICAL.get(name) is not ColumnKind.MONEY and strip_units(label) not in GRANTED:
            continue
        cells = _count_signs(table.sheet.texts[position][table.first :])
        places.update(cells)
        n_filled = int(table.sheet.filled[table.first :, position].sum())
        by_sign: Counter[str] = Counter()
        for (sign, __), n in cells.items():
            by_sign[sign] += n
        most = [sign for sign, n in by_sign.items() if n * 2 > n_filled]
        header = None if position in table.scaled and "€" in label else find_header_sign(label)
        stated += most or ([header] if header else [])
        single += by_sign
    symbols = {list_signs()[sign].symbol for sign in stated}
    if len(symbols) != 1 or len({sign for sign in stated if sign in CURRENCIES}) > 1:
        return SignsFound(None, tuple(sorted(set(stated or single))))
    sign = min(stated, key=lambda one: (one not in CURRENCIES, one))
    return SignsFound(_build_currency(sign, places), (sign,))


def _build_currency(sign: str, places: Counter[tuple[str, str]]) -> Currency:
    """Return the currency of a sign, with the place that most cells give it."""
    known = list_signs()[sign]
    of_cells: Counter[str] = Counter()
    for (one, place), n in places.items():
        of_cells[place] += n * (list_signs()[one].symbol == known.symbol)
    most = max(of_cells.items(), key=lambda pair: (pair[1], pair[0]), default=("", 0))
    at = most[0] if most[1] else known.place
    is_certain = sum(one.symbol == known.symbol for one in CURRENCIES.values()) == 1 or sign in CURRENCIES
    if known == EURO or (is_certain and known.place == at):
        return known
    return Currency(known.symbol, known.code if is_certain else "", at, known.minor_unit)


def _count_signs(texts: pl.Series) -> Counter[tuple[str, str]]:
    """Count the amounts with a sign by the sign and its place."""
    counts: Counter[tuple[str, str]] = Counter()
    for text, n in texts.value_counts().iter_rows():
        match = _compile_amount().fullmatch(text)
        if match and bool(match["before"]) != bool(match["after"]):
            counts[match["before"] or match["after"], "before" if match["before"] else "after"] += n
    return counts


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
