"""Codes as forms and spreadsheets give them: read where only one code can be meant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

import polars as pl

from tnt_sim.formats.convert import wrong_check_digit
from tnt_sim.formats.raw import SPACES
from tnt_sim.formats.synonyms import normalised
from tnt_sim.territory import territory

_WHOLE_FLOAT = r"^[0-9]+\.0$"


def read(name: str, text: pl.Series, map_year: int) -> pl.Series:
    """The codes of a canonical column in the text of a form; what is not understood stays as it is."""
    if name == "department":
        return _by_value(text, lambda value: _department(value, map_year))
    if name == "region":
        return _by_value(text, lambda value: _region(value, map_year))
    if name == "commune":
        return _nothing(_padded(_plain(text), 5))
    if name == "epci":
        return _nothing(_plain(_first_number(text, 9)))
    if name == "applicant_id":
        return _nothing(_identifier(text))
    return text


def _nothing(text: pl.Series) -> pl.Series:
    """A code of 0 is what spreadsheets put where there is none."""
    return text.set(text == "0", "")


def repaired(text: pl.Series, read_as: pl.Series) -> pl.Series:
    """Where a number was given and another one read: a lost zero, a « .0 » too many."""
    return text.str.contains(r"^[0-9]+(?:\.0)?$") & (text != read_as) & (read_as != "")


def _by_value(text: pl.Series, convert: Callable[[str], str]) -> pl.Series:
    learnt = {value: code for value in text.unique() if (code := convert(value)) != value}
    return text.replace(learnt) if learnt else text


@cache
def _names(level: str, map_year: int) -> Mapping[str, str]:
    table = territory(map_year).table.filter(pl.col("level") == level)
    return {normalised(name): code for name, code in table.select("name", "code").iter_rows()}


def _department(value: str, map_year: int) -> str:
    head = value.strip(SPACES)
    if len(head) == 1 and head.isdigit():
        return f"0{head}"
    for length in (3, 2):
        code, rest = head[:length].upper(), head[length:].lstrip(SPACES)
        if code in _codes("department", map_year) and (not rest or rest[0] in "-–—:"):
            return code
    return _names("department", map_year).get(normalised(value), value)


def _region(value: str, map_year: int) -> str:
    head = value.strip(SPACES).removeprefix("R")
    code, rest = head[:2], head[2:].lstrip(SPACES)
    if code in _codes("region", map_year) and (not rest or rest[0] in "-–—:"):
        return code
    return _names("region", map_year).get(normalised(value), value)


@cache
def _codes(level: str, map_year: int) -> frozenset[str]:
    table = territory(map_year).table.filter(pl.col("level") == level)
    return frozenset(table["code"].to_list())


def _plain(text: pl.Series) -> pl.Series:
    """Numbers without the « .0 » that a spreadsheet or a script left behind."""
    floats = text.str.contains(_WHOLE_FLOAT)
    return text.str.strip_suffix(".0").zip_with(floats, text) if floats.any() else text


def _padded(text: pl.Series, length: int) -> pl.Series:
    short = text.str.contains(rf"^[0-9]{{{length - 1}}}$")
    return text.str.zfill(length).zip_with(short, text) if short.any() else text


def _first_number(text: pl.Series, length: int) -> pl.Series:
    found = text.str.extract(rf"^\s*([0-9]{{{length}}})\s*[-–—:]", 1)
    return found.fill_null(text)


def _identifier(text: pl.Series) -> pl.Series:
    """SIRET and SIREN without spaces; a lost leading zero is put back where the check digit then is right."""
    grouped = text.str.contains(rf"^[0-9][0-9{SPACES}]+[0-9]$") & text.str.contains(rf"[{SPACES}]")
    if grouped.any():
        text = text.str.replace_all(rf"[{SPACES}]", "").zip_with(grouped, text)
    text = _first_number(_plain(text), 9)
    for length in (9, 14):
        short = text.str.contains(rf"^[0-9]{{{length - 1}}}$")
        if short.any():
            padded = text.str.zfill(length)
            right = short & ~_wrong(padded, length)
            text = padded.zip_with(right, text)
    return text


def wrong_digits(text: pl.Series) -> pl.Series:
    """Which SIREN and SIRET have a wrong check digit, La Poste's own rule known."""
    values = text.unique()
    bad = values.filter(_wrong(values, 9) | _wrong(values, 14))
    return text.is_in(bad.implode()) if len(bad) else text != text


def _wrong(text: pl.Series, length: int) -> pl.Series:
    fits = text.str.contains(rf"^[0-9]{{{length}}}$").fill_null(value=False)
    nothing = pl.Series("bad", [False]).new_from_index(0, len(text))
    numbers = text.filter(fits)
    return nothing.scatter(fits.arg_true(), wrong_check_digit(numbers, length)) if len(numbers) else nothing
