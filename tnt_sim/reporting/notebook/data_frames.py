"""Tables of answers as analysts use them: euros for cents, typed numbers, headers in words."""

from __future__ import annotations

from typing import Any

import polars as pl

from tnt_sim.engine.result import convert_frame
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.notebook.tables import CENTS, EXACT, get_header

EUROS = pl.Decimal(20, 2)
"""Type of amounts in euros, which is exact."""


def convert_table(
    frame: pl.DataFrame, backend: str = "polars", *, euros: bool = False, labels: Lang | str | None = None
) -> Any:
    """Return a table for analysts; without `euros` and `labels` it is the table itself.

    Parameters
    ----------
    frame : the table, amounts in integer cents
    backend : `polars` or `pandas`
    euros : amounts in euros with two decimals, in columns without `_cents`, and figures that are text as numbers
    labels : language of the headers, `fr` or `en`. By default they are the names of the columns

    Raises
    ------
    ValueError
        If the backend or the language does not exist.
    """
    shaped = _convert_to_euros(frame) if euros else frame
    if labels is not None:
        shaped = shaped.rename(_list_headers(shaped.columns, Lang(labels)))
    return _convert_to_pandas(shaped) if backend == "pandas" and euros else convert_frame(shaped, backend)


def _convert_to_euros(frame: pl.DataFrame) -> pl.DataFrame:
    columns: list[pl.Expr] = []
    for name, dtype in frame.schema.items():
        bare = name.removesuffix(CENTS)
        column = pl.col(name)
        if bare != name:
            is_list = isinstance(dtype, pl.List)
            amounts = column.list.eval(_divide_cents(pl.element())) if is_list else _divide_cents(column)
            columns.append(amounts.alias(f"{bare}_euros" if bare in frame.columns else bare))
        elif name in EXACT and dtype == pl.String:
            columns.append(pl.lit(_parse_figures(frame[name])).alias(name))
        else:
            columns.append(column)
    return frame.select(columns)


def _divide_cents(cents: pl.Expr) -> pl.Expr:
    """Return cents as euros, exactly: the digits are those of the integer."""
    whole = cents.cast(pl.Int64)
    digits = whole.abs().cast(pl.String).str.zfill(3)
    sign = pl.when(whole < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    return pl.concat_str(sign, digits.str.head(-2), pl.lit("."), digits.str.tail(2)).cast(EUROS)


def _parse_figures(values: pl.Series) -> pl.Series:
    """Return figures written as text as floats; unchanged where one of them is no decimal."""
    figures = values.cast(pl.Float64, strict=False)
    return values if figures.null_count() > values.null_count() else figures


def _list_headers(names: list[str], lang: Lang) -> dict[str, str]:
    """Return the header of each column; the column's name beside it where two headers are equal."""
    headers = {name: get_header(name, lang) or name for name in names}
    words = list(headers.values())
    return {name: f"{word} ({name})" if words.count(word) > 1 else word for name, word in headers.items()}


def _convert_to_pandas(frame: pl.DataFrame) -> Any:
    """Return a data frame of pandas: euros as floats, whole numbers with empty cells as nullable integers."""
    decimals = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Decimal)]
    table = frame.with_columns(pl.col(decimals).cast(pl.Float64)).to_pandas()
    for name, dtype in frame.schema.items():
        if dtype.is_integer() and frame[name].null_count():
            table[name] = table[name].astype("Int64")
    return table
