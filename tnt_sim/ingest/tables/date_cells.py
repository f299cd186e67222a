"""Dates and date-times from text, workbook cells and typed columns; plain numbers are never read as dates.

Days written in words, « 15 janvier 2025 », as démarches-simplifiées shows them, are read too.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, timedelta

import polars as pl

from tnt_sim.domain.portfolio import INSTANT_TYPE, convert_to_instants
from tnt_sim.i18n.message import Text, _
from tnt_sim.ingest.tables.headers import normalise_header
from tnt_sim.ingest.tables.raw_table import RawColumn, Reporter, describe_column, quote_cell

_MONTHS = (
    "janvier", "fevrier", "mars", "avril", "mai", "juin", "juillet", "aout", "septembre", "octobre",
    "novembre", "decembre",
)  # fmt: skip
_SERIAL = re.compile(r"[2-7][0-9]{4}")
_SWAPPED = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_WORDS = r"^[0-9]{1,2}(?:er)? \p{L}+\.? [0-9]{4}(?: [0-9]{1,2}[:h][0-9]{2})?$"


def with_french_days(column: RawColumn) -> RawColumn:
    """Return the column with French days in ISO form; texts that are no day are unchanged."""
    held = column.text.str.contains(_WORDS).fill_null(value=False)
    if not held.any():
        return column
    learnt = {text: _convert_to_iso(text) for text in column.text.filter(held).unique()}
    return replace(column, text=column.text.replace({text: day for text, day in learnt.items() if day}))


def _convert_to_iso(text: str) -> str | None:
    day, month, year, *clock = text.split()
    name = normalise_header(month)
    if name not in _MONTHS:
        return None
    whole = f"{year}-{_MONTHS.index(name) + 1:02}-{int(day.removesuffix('er')):02}"
    if not clock:
        return whole
    hour, minute = clock[0].replace("h", ":").split(":")
    return f"{whole}T{int(hour):02}:{minute}"


_DAYS = ((r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "%Y-%m-%d"), (r"^[0-9]{2}/[0-9]{2}/[0-9]{4}$", "%d/%m/%Y"))
_LOCAL = (
    (
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?$",
        "%Y-%m-%dT%H:%M:%S%.f",
    ),
    (r"^[0-9]{2}/[0-9]{2}/[0-9]{4}T[0-9]{2}:[0-9]{2}(?::[0-9]{2})?$", "%d/%m/%YT%H:%M:%S%.f"),
)
_OFFSET = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?"
    r" ?(?:[Zz]|[+-][0-9]{2}:?[0-9]{2})$"
)
_FORMS = _('Write "2021-11-22", "2021-11-22T14:30" or "22/11/2021 14:30".')
_FIRST_YEAR, _LAST_YEAR = 1900, 2199


@dataclass(frozen=True, eq=False)
class _ParsedDates:
    """Meaning of each cell of a column: a day, an instant, or neither."""

    days: pl.Series
    instants: pl.Series


def read_when(column: RawColumn, name: str, report: Reporter, timezone: str) -> pl.Series:
    """Return a Date series when every filled cell is a day, else Datetime("us", "UTC")."""
    result = _read_typed(column, timezone) if column.typed is not None else _parse_cells(column, timezone)
    if result is None:
        report.record_column_type("date", column, name, _("dates expected"), _FORMS)
        return pl.Series(name, [None], dtype=pl.Date).new_from_index(0, len(column.text))
    bad = column.select_filled() & result.days.is_null() & result.instants.is_null()
    if bad.any():
        report.record_cells(
            "date", column, bad, lambda index: _explain_date(column, index, name, timezone), name
        )
    years = result.days.dt.year().fill_null(result.instants.dt.year())
    far = ((years < _FIRST_YEAR) | (years > _LAST_YEAR)).fill_null(value=False)
    if far.any():
        report.record_cells("date", column, far, lambda index: _explain_far_date(column, index, name), name)
    if result.instants.null_count() == len(result.instants):
        return result.days.alias(name)
    midnight = result.days.to_frame("day").select(convert_to_instants("day", pl.Date(), timezone)).to_series()
    return result.instants.fill_null(midnight).alias(name)


def _parse_cells(column: RawColumn, timezone: str) -> _ParsedDates:
    text = column.text
    days = _parse(text, _DAYS)
    moments = _convert_to_instants(_parse_local(text), timezone).fill_null(_parse_offset(text))
    if column.moments is not None and column.days is not None:
        whole = column.days & column.moments.is_not_null()
        days = days.fill_null(column.moments.set(~whole, None).cast(pl.Date))
        moments = moments.fill_null(_convert_to_instants(column.moments.set(whole, None), timezone))
    return _ParsedDates(days, moments)


def _parse(text: pl.Series, forms: tuple[tuple[str, str], ...], *, moment: bool = False) -> pl.Series:
    """Return the cells that have one of the forms and are in the calendar; null elsewhere."""
    dtype: pl.DataType = pl.Datetime("us") if moment else pl.Date()
    result = pl.Series("when", [None], dtype=dtype).new_from_index(0, len(text))
    for pattern, form in forms:
        fits = text.str.contains(pattern).fill_null(value=False)
        if not fits.any():
            continue
        cells = text.set(~fits, None)
        if moment:
            cells = cells.str.replace(r"^([^:]*:[0-9]{2})$", "${1}:00")
            read = cells.str.to_datetime(form, time_unit="us", strict=False)
        else:
            read = cells.str.to_date(form, strict=False)
        result = result.fill_null(read)
    return result


def _parse_local(text: pl.Series) -> pl.Series:
    """Return date-times without offset, as the clock shows them."""
    return _parse(text.str.replace(" ", "T", literal=True), _LOCAL, moment=True)


def _parse_offset(text: pl.Series) -> pl.Series:
    """Return date-times that state their offset, as instants."""
    nothing = pl.Series("when", [None], dtype=INSTANT_TYPE).new_from_index(0, len(text))
    fits = text.str.contains(_OFFSET).fill_null(value=False)
    if not fits.any():
        return nothing
    cells = text.set(~fits, None).str.replace(" ", "T", literal=True).str.replace(" ", "", literal=True)
    cells = cells.str.replace(r"[Zz]$", "+00:00").str.replace(r"([+-][0-9]{2})([0-9]{2})$", "${1}:${2}")
    cells = cells.str.replace(r"T([0-9]{2}:[0-9]{2})([+-])", "T${1}:00${2}")
    return cells.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%z", time_unit="us", time_zone="UTC", strict=False)


def _convert_to_instants(local: pl.Series, timezone: str) -> pl.Series:
    """Return local times as instants; null where the clock shows them twice or never."""
    placed = local.dt.replace_time_zone(timezone, ambiguous="null", non_existent="null")
    return placed.dt.convert_time_zone("UTC")


def _read_typed(column: RawColumn, timezone: str) -> _ParsedDates | None:
    """Return the days or instants of a typed column; None when it has neither."""
    series = column.typed
    assert series is not None
    no_day = pl.Series("day", [None], dtype=pl.Date).new_from_index(0, len(series))
    no_instant = pl.Series("when", [None], dtype=INSTANT_TYPE).new_from_index(0, len(series))
    if series.dtype == pl.Date:
        return _ParsedDates(series, no_instant)
    if not isinstance(series.dtype, pl.Datetime):
        return None
    micro = series.dt.cast_time_unit("us")
    if series.dtype.time_zone is not None:
        return _ParsedDates(no_day, micro.dt.convert_time_zone("UTC"))
    return _ParsedDates(no_day, _convert_to_instants(micro, timezone))


def _explain_date(column: RawColumn, index: int, name: str, timezone: str) -> tuple[Text, Text | None]:
    where, displayed = describe_column(column, name), quote_cell(column, index)
    if column.numbers is not None and column.numbers[index] is not None:
        text = _("{where}: the number {displayed} is not a date.", where=where, displayed=displayed)
        return text, _("Format the cell as a date.")
    cell = column.text[index]
    if column.typed is not None or (cell is not None and _parse_local(pl.Series([cell]))[0] is not None):
        text = _(
            '{where}: "{displayed}" does not exist or exists twice in the zone {timezone}.',
            where=where,
            displayed=displayed,
            timezone=timezone,
        )
        return text, _('Write the offset: "…+01:00".')
    text = _('{where}: "{displayed}" is not a date that is read.', where=where, displayed=displayed)
    return text, _suggest_day(cell or "") or _FORMS


def _suggest_day(cell: str) -> Text | None:
    """Return the day behind a number of days of a spreadsheet, or behind a month and a day that are swapped."""
    if _SERIAL.fullmatch(cell):
        day = date(1899, 12, 30) + timedelta(days=int(cell))
        return _("As a number of days of a spreadsheet it is {day}: write {day}.", day=day.isoformat())
    swapped = _SWAPPED.fullmatch(cell)
    if swapped is None or not 1 <= int(swapped[1]) <= 12 < int(swapped[2]) <= 31:
        return None
    day_text = f"{swapped[3]}-{int(swapped[1]):02}-{int(swapped[2]):02}"
    return _("The month seems to come first: write {day}.", day=day_text)


def _explain_far_date(column: RawColumn, index: int, name: str) -> tuple[Text, Text | None]:
    where, text = describe_column(column, name), quote_cell(column, index)
    return _(
        '{where}: "{cell}" is not between {first_year} and {last_year}.',
        where=where,
        cell=text,
        first_year=_FIRST_YEAR,
        last_year=_LAST_YEAR,
    ), _("Correct the year, or empty the cell.")
