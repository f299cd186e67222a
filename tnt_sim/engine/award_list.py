"""Award list: the dossier table with decisions, as written to CSV and Parquet."""

from __future__ import annotations

import re
from collections.abc import Iterator

import polars as pl

from tnt_sim.domain.portfolio import CANONICAL, ColumnKind, get_table_column

FORMULA_PREFIX = ("=", "+", "-", "@", "\t", "\r", "\n")
"""First characters of cells that spreadsheets evaluate as formulas."""

DECISION = ("eligible", "funded", "granted", "reason_code", "reason")
GUARD = "'"
CSV_ROWS = 50_000
"""Rows that are text at once: those of a million dossiers would take 700 MB."""
_CUT_BEFORE = r"([;\t\r\n])([=+\-@\t])"
_RISKY = f"^([{''.join(re.escape(mark) for mark in FORMULA_PREFIX)}])"
INSTANT = "%Y-%m-%dT%H:%M:%S%.f%:z"


def convert_to_csv(table: pl.DataFrame, timezone: str) -> pl.DataFrame:
    """Convert the table to text columns for CSV: canonical columns in the fixed order, then the decision.

    Amounts are in euros with two decimals and a dot. Lists are joined by ``;``. Date-times carry the offset
    of `timezone`. Text that a spreadsheet would evaluate as a formula is prefixed by ``'``.
    """
    money = {"granted": "granted_cents"}
    columns = select_canonical_columns(table, timezone)
    decision = []
    for name in DECISION:
        if name in money:
            decision.append(format_euros(money[name]).alias(name))
        elif name in ("eligible", "funded"):
            decision.append(_format_flag(name).alias(name))
        else:
            decision.append(_guard_column(table, name).alias(name))
    if "step" in table.columns:
        decision.append(guard_formulas(pl.col("step")).alias("step"))
    if "reserve_rank" in table.columns:
        decision.append(pl.col("reserve_rank").cast(pl.String))
        decision.append(format_euros("reserve_cents").alias("reserve"))
    return table.select(*columns, *decision)


def encode_csv(table: pl.DataFrame, timezone: str) -> Iterator[bytes]:
    """Yield the bytes of the CSV file of a table, some rows at a time; see `convert_to_csv`."""
    for start in range(0, max(1, table.height), CSV_ROWS):
        cells = convert_to_csv(table.slice(start, CSV_ROWS), timezone)
        yield cells.write_csv(include_header=not start).encode()


def select_canonical_columns(table: pl.DataFrame, timezone: str) -> list[pl.Expr]:
    """Return the canonical columns that the table has, as text for CSV, in the fixed order."""
    kinds = CANONICAL.items()
    return [
        _format_column(table, name, kind, timezone)
        for name, kind in kinds
        if get_table_column(name) in table.columns
    ]


def select_parquet_columns(table: pl.DataFrame) -> pl.DataFrame:
    """Return the typed columns for Parquet, amounts in integer cents; columns on row sources are dropped."""
    return table.select(name for name in table.columns if not name.startswith("_"))


def _format_column(table: pl.DataFrame, name: str, kind: ColumnKind, timezone: str) -> pl.Expr:
    if table[get_table_column(name)].null_count() == table.height:
        return pl.lit(None, pl.String).alias(name)
    if kind is ColumnKind.MONEY:
        return format_euros(f"{name}_cents").alias(name)
    if kind is ColumnKind.LIST:
        return guard_formulas(pl.col(name).list.join(";")).alias(name)
    if kind is ColumnKind.WHEN:
        return _format_date(table.schema[name], name, timezone).alias(name)
    if kind is ColumnKind.DECIMAL:
        return format_decimal(name).alias(name)
    if kind is ColumnKind.INTEGER:
        return pl.col(name).cast(pl.String).alias(name)
    return _guard_column(table, name).alias(name)


def _guard_column(table: pl.DataFrame, name: str) -> pl.Expr:
    """Guard a text column; one pass finds whether any cell needs it, a third of the time of guarding."""
    text = pl.col(name)
    if table[name].str.contains(f"{_RISKY}|{_CUT_BEFORE}").any():
        return guard_formulas(text)
    return pl.when(text != "").then(text)


def format_euros(column: str) -> pl.Expr:
    """Convert cents to text such as « 1234.56 », exactly, with integer division only."""
    cents = pl.col(column)
    size = cents.abs()
    sign = pl.when(cents < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    rest = (size % 100).cast(pl.String).str.zfill(2)
    return pl.concat_str(sign, (size // 100).cast(pl.String), pl.lit("."), rest)


def _format_flag(column: str) -> pl.Expr:
    return pl.when(pl.col(column)).then(pl.lit("true")).otherwise(pl.lit("false"))


def _format_date(dtype: pl.DataType, name: str, timezone: str) -> pl.Expr:
    if isinstance(dtype, pl.Datetime):
        return pl.col(name).dt.convert_time_zone(timezone).dt.strftime(INSTANT)
    return pl.col(name).cast(pl.String)


def format_decimal(name: str) -> pl.Expr:
    """Convert a decimal column to text without trailing zeros."""
    text = pl.col(name).cast(pl.String)
    trimmed = text.str.strip_chars_end("0").str.strip_chars_end(".")
    return pl.when(text.str.contains(".", literal=True)).then(trimmed).otherwise(text)


def guard_formulas(text: pl.Expr) -> pl.Expr:
    """Prefix text by ``'`` wherever a spreadsheet could read a formula, also where it may split the cell.

    A spreadsheet that expects ``;`` splits cells there, and at line breaks of cells that it no longer treats
    as quoted.
    """
    cut = pl.when(text != "").then(text).str.replace_all(_CUT_BEFORE, f"${{1}}{GUARD}${{2}}")
    return cut.str.replace(_RISKY, f"{GUARD}${{1}}")
