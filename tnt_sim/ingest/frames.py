"""Data frames of polars and pandas as strict tables of dossiers; defects name the argument and the row.

Rows count from 0, as in the frame. Amounts are in euros, as numbers or text, or in whole cents. A float counts as
the cent that it is within a millionth of, and is refused where there is none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from tnt_sim.disk import encode_parquet
from tnt_sim.domain.portfolio import CANONICAL, Portfolio, get_table_column
from tnt_sim.errors import DataError, Defects, Place, UsageError
from tnt_sim.i18n.message import _
from tnt_sim.ingest.portfolio_reader import build_portfolio
from tnt_sim.ingest.tables.parquet import read_parquet
from tnt_sim.ingest.tables.raw_table import RawColumn, RawTable, ReadOptions, strip_cells, strip_header

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

    type Frame = pl.DataFrame | pl.LazyFrame | pd.DataFrame

type MoneyUnit = Literal["euros", "cents"]


@dataclass(frozen=True, slots=True)
class FrameTable:
    """A frame that was read.

    Attributes
    ----------
    portfolio : the dossiers, with the rows of the frame in `_row`
    names : canonical columns that the frame has
    """

    portfolio: Portfolio
    names: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the table that come from the frame: canonical ones, then further ones."""
        return (*map(get_table_column, self.names), *self.portfolio.extra_columns)


def read_frame(
    frame: Frame,
    shown_as: str,
    *,
    columns: Mapping[str, str],
    money: MoneyUnit = "euros",
    read: ReadOptions = ReadOptions(),
    timezone: str = "Europe/Paris",
) -> FrameTable:
    """Read the dossiers of a frame.

    Parameters
    ----------
    frame : one row for each dossier
    shown_as : the argument, as messages name it
    columns : column of the frame, by canonical name
    money : unit of the columns of amounts; `requested_cents` and the like are in cents always
    read : options of reading
    timezone : IANA name, for days and for date-times without offset
    """
    if money not in ("euros", "cents"):
        raise UsageError(_('money must be "euros" or "cents", not "{money}".', money=str(money)))
    raw = _build_raw_table(convert_to_polars(frame, shown_as), shown_as)
    raw = replace(raw, columns=tuple(_simplify_column(column, money) for column in raw.columns))
    portfolio = build_portfolio(raw, "", columns, read, timezone, in_cents=money == "cents")
    _refuse_lists(portfolio, shown_as)
    return FrameTable(portfolio, _list_names(raw, columns))


def _list_names(raw: RawTable, columns: Mapping[str, str]) -> tuple[str, ...]:
    """Return the canonical columns that a table has, by their names, those in cents or those of the mapping."""
    headers = {column.header for column in raw.columns}
    mapped = {name: strip_header(header) for name, header in columns.items()}
    return tuple(
        name
        for name in CANONICAL
        if any(mapped.get(one, one) in headers for one in (name, get_table_column(name)))
    )


def convert_to_polars(frame: Frame, shown_as: str) -> pl.DataFrame:
    """Return a frame of polars or pandas as one of polars; the index of pandas is left out."""
    if isinstance(frame, pl.LazyFrame):
        return frame.collect()
    if isinstance(frame, pl.DataFrame):
        return frame
    if type(frame).__module__.partition(".")[0] != "pandas" or not hasattr(frame, "columns"):
        text = _(
            '"{argument}" must be a data frame of polars or pandas, not {kind}.',
            argument=shown_as,
            kind=type(frame).__name__,
        )
        raise UsageError(text)
    defects = Defects()
    result: dict[str, pl.Series] = {}
    for position, header in enumerate(map(str, frame.columns)):
        if header in result:
            text = _('the header "{header}" appears twice.', header=header)
            defects.add(
                "duplicate_header",
                text,
                Place(file=shown_as),
                hint=_("Rename or remove one of the columns."),
            )
        else:
            result[header] = _convert_pandas_column(header, frame.iloc[:, position], shown_as, defects)
    defects.raise_if_any(DataError)
    return pl.DataFrame(list(result.values()))


def _convert_pandas_column(header: str, values: Any, shown_as: str, defects: Defects) -> pl.Series:
    """Return a column of pandas; NaN and NaT are empty cells."""
    try:
        series: Any = pl.from_pandas(values, nan_to_null=True)
        return pl.Series(header, series)
    except (pl.exceptions.PolarsError, TypeError, ValueError, OverflowError) as error:
        text = _(
            'column "{header}": its cells have no common type ({why}).',
            header=header,
            why=str(error).splitlines()[0][:100],
        )
        hint = _('Convert it first, for example df["{header}"].astype(str).', header=header)
        defects.add("column_type", text, Place(file=shown_as), hint=hint)
        return pl.Series(header, [None] * len(values), dtype=pl.String)


def _build_raw_table(frame: pl.DataFrame, shown_as: str) -> RawTable:
    """Return the cells of a frame as those of a Parquet file; rows count from 0."""
    odd = [name for name, dtype in frame.schema.items() if dtype == pl.Object]
    if odd:
        defects = Defects()
        for name in odd:
            text = _('column "{header}": cells of Python objects are not read.', header=name)
            hint = _("Convert it to text, numbers or days.")
            defects.add("column_type", text, Place(file=shown_as), hint=hint)
        defects.raise_if_any(DataError)
    raw = read_parquet(encode_parquet(frame, compression="uncompressed"), shown_as)
    return replace(raw, rows=pl.int_range(frame.height, dtype=pl.UInt32, eager=True).alias("_row"))


def _simplify_column(column: RawColumn, money: MoneyUnit) -> RawColumn:
    """Return a column whose floats, where all are whole, are integers, and whose text is as files keep it.

    Floats that should be cents become cells of their own, so that each defect has its row.
    """
    typed = column.typed
    if typed is None:
        return replace(column, text=strip_cells(column.text))
    if not typed.dtype.is_float():
        return column
    filled = typed.drop_nulls()
    nothing = pl.Series("text", [None], dtype=pl.String).new_from_index(0, len(typed))
    if not len(filled):
        return replace(column, typed=None, text=nothing.fill_null(""))
    is_whole = bool((filled.is_finite() & (filled.round() == filled) & (filled.abs() < 2**53)).all())
    if is_whole:
        return replace(column, typed=typed.cast(pl.Int64))
    if money == "cents" or column.header.endswith("_cents"):
        text = nothing.zip_with(typed.is_not_null(), nothing.fill_null(""))
        return replace(column, typed=None, text=text, numbers=typed.cast(pl.Float64))
    return column


def _refuse_lists(portfolio: Portfolio, shown_as: str) -> None:
    """Refuse lists in columns of the planner's own, which a table of text cannot hold."""
    defects = Defects()
    for name in portfolio.extra_columns:
        if isinstance(portfolio.table.schema[name], pl.List):
            text = _(
                'column "{header}": a list is read in the columns members, requires and tags alone.',
                header=name,
            )
            hint = _("Join its items into one text, or give it one of these names.")
            defects.add("column_type", text, Place(file=shown_as), hint=hint)
    defects.raise_if_any(DataError)
