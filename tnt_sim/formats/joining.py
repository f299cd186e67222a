"""Several dossier tables as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from tnt_sim.errors import DataError, Defect, Text
from tnt_sim.formats.convert import typed_text
from tnt_sim.portfolio import (
    CANONICAL,
    INSTANT_TYPE,
    MAX_PLACES,
    ColumnKind,
    Portfolio,
    Source,
    in_rank_order,
    instants,
)


def join(portfolios: Sequence[Portfolio]) -> Portfolio:
    """Several files as one portfolio, in rank order; a dossier in two of them is refused.

    A further column that has two types becomes text; where a file lacks one it is empty.
    """
    if len(portfolios) == 1:
        return portfolios[0]
    timezone = portfolios[0].timezone
    if any(portfolio.timezone != timezone for portfolio in portfolios):
        raise ValueError("portfolios of different timezones cannot be joined")
    tables = []
    sources: list[Source] = []
    for portfolio in portfolios:
        shift = pl.lit(len(sources), dtype=pl.UInt16)
        tables.append(portfolio.table.with_columns((pl.col("_source") + shift).alias("_source")))
        sources.extend(portfolio.sources)
    table = pl.concat(_one_schema(tables, timezone), how="vertical")
    warnings = tuple(warning for portfolio in portfolios for warning in portfolio.warnings)
    joined = Portfolio(table, tuple(sources), timezone, warnings)
    _refuse_doubles(joined)
    return replace(joined, table=in_rank_order(table, timezone))


def _one_schema(tables: list[pl.DataFrame], timezone: str) -> list[pl.DataFrame]:
    """The tables with the same columns, in the same order and types."""
    types: dict[str, pl.DataType] = {}
    for table in tables:
        for name, dtype in table.schema.items():
            known = types.setdefault(name, dtype)
            if known != dtype:
                types[name] = INSTANT_TYPE if CANONICAL.get(name) is ColumnKind.WHEN else pl.String()
    order = sorted(types, key=lambda name: name.startswith("_"))
    result = []
    for table in tables:
        columns: list[pl.Expr | pl.Series] = []
        for name in order:
            dtype = types[name]
            if name not in table.columns:
                empty = pl.lit("") if dtype == pl.String else pl.lit(None, dtype=dtype)
                columns.append(empty.alias(name))
            elif CANONICAL.get(name) is ColumnKind.WHEN and dtype != table.schema[name]:
                columns.append(instants(name, table.schema[name], timezone).alias(name))
            elif dtype != table.schema[name]:
                columns.append(typed_text(table[name]).alias(name))
            else:
                columns.append(pl.col(name))
        result.append(table.select(columns))
    return result


def _refuse_doubles(joined: Portfolio) -> None:
    doubled = joined.table["dossier"].is_duplicated().arg_true()
    if not len(doubled):
        return
    rows: dict[str, list[int]] = {}
    for index in doubled.to_list():
        rows.setdefault(joined.table["dossier"][index], []).append(index)
    defects: list[Defect] = []
    for dossier, indices in list(rows.items())[:MAX_PLACES]:
        places = tuple(joined.place(index, "dossier") for index in indices[:MAX_PLACES])
        text = Text(
            f"le dossier « {dossier} » est dans plusieurs fichiers.",
            f'the dossier "{dossier}" is in several files.',
        )
        defects.append(Defect("duplicate_dossier", text, places))
    if len(rows) > MAX_PLACES:
        more = len(rows) - MAX_PLACES
        text = Text(
            f"autres dossiers dans plusieurs fichiers : {more}.",
            f"further dossiers in several files: {more}.",
        )
        first = list(rows.values())[MAX_PLACES][0]
        defects.append(Defect("duplicate_dossier", text, (joined.place(first, "dossier"),)))
    raise DataError(defects)
