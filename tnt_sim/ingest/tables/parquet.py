"""Parquet files as raw columns: text as text, every other type unchanged."""

from __future__ import annotations

import datetime as dt
import io

import polars as pl

from tnt_sim.errors import DataError, Defect, Place
from tnt_sim.i18n.message import _
from tnt_sim.ingest.tables.raw_table import SPACES, RawColumn, RawTable, strip_header
from tnt_sim.ingest.tables.zip_packages import refuse

MAX_ROWS = 20_000_000
MAX_CELLS = 500_000_000
_PER_DAY = {"ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
_FIRST_DAY, _LAST_DAY = (
    (day - dt.date(1970, 1, 1)).days for day in (dt.date(1, 1, 1), dt.date(9999, 12, 31))
)


def read_parquet(data: bytes, shown_as: str) -> RawTable:
    """Read the columns of a Parquet file."""
    try:
        scan = pl.scan_parquet(io.BytesIO(data))
        n_rows, n_columns = int(scan.select(pl.len()).collect().item()), len(scan.collect_schema())
        if n_rows > MAX_ROWS:
            raise refuse(
                "too_many_rows",
                shown_as,
                _("{n_rows} rows: more than {max_rows} are not read.", n_rows=n_rows, max_rows=MAX_ROWS),
            )
        if (total := n_rows * n_columns) > MAX_CELLS:
            text = _("{total} cells: more than {max_cells} are not read.", total=total, max_cells=MAX_CELLS)
            raise refuse("too_many_cells", shown_as, text)
        frame = pl.read_parquet(io.BytesIO(data))
    except DataError:
        raise
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        raise _build_damage_error(shown_as, error) from None
    except BaseException as error:
        # A panic of the Rust reader is not an `Exception`; it means that the file is damaged.
        if type(error).__name__ != "PanicException":
            raise
        raise _build_damage_error(shown_as, error) from None
    _check_calendar(frame, shown_as)
    columns = tuple(_build_column(name, position, frame[name]) for position, name in enumerate(frame.columns))
    rows = pl.int_range(2, frame.height + 2, dtype=pl.UInt32, eager=True).alias("_row")
    return RawTable(shown_as, columns, rows)


def _check_calendar(frame: pl.DataFrame, shown_as: str) -> None:
    """Refuse days and instants outside the calendar, which cannot even be displayed."""
    for name, dtype in frame.schema.items():
        if not isinstance(dtype, pl.Date | pl.Datetime):
            continue
        per_day = _PER_DAY[dtype.time_unit] if isinstance(dtype, pl.Datetime) else 1
        days = frame[name].to_physical().cast(pl.Int64) // per_day
        strange = ((days < _FIRST_DAY) | (days > _LAST_DAY)).fill_null(value=False)
        if strange.any():
            row = int(strange.arg_true()[0]) + 2
            text = _(
                'column "{strip_header}": a date outside the calendar (years 1 to 9999).',
                strip_header=strip_header(name),
            )
            hint = _("Correct it, then write it again.")
            raise DataError([Defect("date", text, (Place(file=shown_as, row=row),), hint)])


def _build_damage_error(shown_as: str, error: BaseException) -> DataError:
    why = str(error).splitlines()[0][:100] if str(error) else type(error).__name__
    return refuse(
        "damaged", shown_as, _("the Parquet file cannot be read ({why}).", why=why), _("Write it again."),
    )  # fmt: skip


def _build_column(name: str, position: int, series: pl.Series) -> RawColumn:
    if isinstance(series.dtype, pl.Categorical | pl.Enum):
        series = series.cast(pl.String)
    if series.dtype == pl.Null:
        series = series.cast(pl.String)
    if series.dtype == pl.String:
        return RawColumn(strip_header(name), position, series.fill_null("").str.strip_chars(SPACES))
    nothing = pl.Series("text", [None], dtype=pl.String).new_from_index(0, len(series))
    return RawColumn(strip_header(name), position, nothing, typed=series)
