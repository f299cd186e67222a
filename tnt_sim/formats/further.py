"""The columns that no canonical name claims: kept in a type that a scenario can use, or set aside and said."""

from __future__ import annotations

import polars as pl

from tnt_sim.errors import Text
from tnt_sim.formats.convert import has_text, read_list, read_text
from tnt_sim.formats.raw import RawColumn, Reporter, label
from tnt_sim.formats.when import read_when


def read_further(column: RawColumn, report: Reporter, timezone: str) -> pl.Series | None:
    """Text, numbers, days, instants or lists of text; None for a type that no rule can read, with a warning."""
    typed, name = column.typed, column.header
    if typed is None:
        return read_text(column).alias(name)
    dtype = typed.dtype
    if dtype.is_numeric():
        return typed.alias(name)
    if isinstance(dtype, pl.Date | pl.Datetime):
        return read_when(column, name, report, timezone)
    if isinstance(dtype, pl.List) and (dtype.inner == pl.String or _is_integer(dtype.inner)):
        return read_list(column, name, report)
    if has_text(dtype):
        return read_text(column).alias(name)
    where = label(column)
    text = Text(
        f"{where.fr} : type {dtype}, qu'aucune règle ne sait lire ; elle est laissée de côté.",
        f"{where.en}: type {dtype}, which no rule can read; it is set aside.",
    )
    report.warn("column_type", text, None, pl.Series([], dtype=pl.Boolean))
    return None


def _is_integer(inner: object) -> bool:
    return isinstance(inner, pl.DataType) and inner.is_integer()
