"""The year that a column gives: a number, a text of four digits, or the local year of a date."""

from __future__ import annotations

import polars as pl

from tnt_sim.errors import Text
from tnt_sim.rules.base import Case, Path
from tnt_sim.rules.columns import Kind, kind_of, unknown_column


def year_of(case: Case, column: str, path: Path) -> pl.Series | None:
    """The year of each dossier, Int64, null where the cell is empty or no year."""
    kind = kind_of(case, column)
    if kind is None:
        unknown_column(case, column, path)
        return None
    if kind in (Kind.LIST, Kind.MONEY):
        case.fault(
            "schedule-year",
            Text(f"la colonne « {column} » ne donne pas d'année.", f'the column "{column}" gives no year.'),
            path,
        )
        return None
    series = case.table[column]
    if kind is Kind.DATE:
        return year_literal(series, case.timezone)
    text = series.cast(pl.String).str.strip_chars().str.replace(r"[.,]0+$", "")
    return text.set(~text.str.contains(r"^\d{4}$").fill_null(value=False), None).cast(pl.Int64)


def year_literal(dates: pl.Series, timezone: str) -> pl.Series:
    """The local year of each date or instant, Int64."""
    if isinstance(dates.dtype, pl.Datetime):
        dates = dates.dt.convert_time_zone(timezone)
    return dates.dt.year().cast(pl.Int64)
