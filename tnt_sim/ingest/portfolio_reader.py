"""Reading of dossier tables (CSV, XLSX, ODS, Parquet, Pabulib) into one strict `Portfolio`.

`read_dossiers` reads one file, `join` combines several. Columns that are not canonical are kept when a rule
can use their type, and otherwise reported. A total at the foot of a spreadsheet is detected and refused:
read as a dossier, it would request as much as all others together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from tnt_sim.domain.portfolio import (
    CANONICAL,
    DECIMAL_TYPE,
    INSTANT_TYPE,
    MAX_PLACES,
    ColumnKind,
    Portfolio,
    Source,
    convert_to_instants,
    get_table_column,
    sort_by_rank,
)
from tnt_sim.errors import DataError, Defect, Defects, Place
from tnt_sim.i18n.message import _
from tnt_sim.ingest.tables.cell_types import (
    check_identifiers,
    format_typed_column,
    has_text,
    read_code,
    read_decimal,
    read_integer,
    read_list,
    read_text,
)
from tnt_sim.ingest.tables.date_cells import read_when
from tnt_sim.ingest.tables.headers import Resolved, check_marks, resolve, select_headed
from tnt_sim.ingest.tables.importers import list_added_suffixes, load_importers
from tnt_sim.ingest.tables.money_cells import read_cents, read_money
from tnt_sim.ingest.tables.raw_table import (
    Duplicates,
    HiddenRows,
    RawColumn,
    RawTable,
    ReadOptions,
    Reporter,
    Rounding,
    describe_column,
    format_letters,
    shorten_value,
)
from tnt_sim.ingest.tables.zip_packages import refuse, refuse_legacy

__all__ = [
    "Duplicates",
    "HiddenRows",
    "ReadOptions",
    "Rounding",
    "join",
    "read_bytes",
    "read_dossiers",
    "read_plain",
    "read_raw",
]


def read_further(column: RawColumn, report: Reporter, timezone: str) -> pl.Series | None:
    """Return a further column as text, numbers, days, instants or lists of text.

    Returns None, with a warning, for other types.
    """
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
    where = describe_column(column)
    text = _("{where}: type {dtype}, which no rule can read; it is set aside.", where=where, dtype=str(dtype))
    report.warn("column_type", text, None, pl.Series([], dtype=pl.Boolean))
    return None


def _is_integer(inner: object) -> bool:
    return isinstance(inner, pl.DataType) and inner.is_integer()


def join(portfolios: Sequence[Portfolio]) -> Portfolio:
    """Combine several files into one portfolio in rank order; a dossier in two of them is refused.

    A further column with two types becomes text; where a file lacks a column it is empty.
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
    table = pl.concat(_align_schemas(tables, timezone), how="vertical")
    warnings = tuple(warning for portfolio in portfolios for warning in portfolio.warnings)
    joined = Portfolio(table, tuple(sources), timezone, warnings)
    _refuse_doubles(joined)
    return replace(joined, table=sort_by_rank(table, timezone))


def _align_schemas(tables: list[pl.DataFrame], timezone: str) -> list[pl.DataFrame]:
    """Return the tables with the same columns, in the same order and types."""
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
                columns.append(convert_to_instants(name, table.schema[name], timezone).alias(name))
            elif dtype != table.schema[name]:
                columns.append(format_typed_column(table[name]).alias(name))
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
        places = tuple(joined.locate(index, "dossier") for index in indices[:MAX_PLACES])
        text = _('the application "{dossier}" is in several files.', dossier=dossier)
        defects.append(Defect("duplicate_dossier", text, places))
    if len(rows) > MAX_PLACES:
        more = len(rows) - MAX_PLACES
        text = _("further applications in several files: {more}.", more=more)
        first = list(rows.values())[MAX_PLACES][0]
        defects.append(Defect("duplicate_dossier", text, (joined.locate(first, "dossier"),)))
    raise DataError(defects)


LABEL = r"(?i)^\s*(sous[- ]?)?tota(l|ux)(\s+(g[ée]n[ée]ral|g[ée]n[ée]raux))?\s*:?\s*$"
_SOUNDS = r"(?i)^\s*(sous[- ]?)?(grand\s+)?tota(l|ux)"
_FEWEST_ABOVE = 2


def find_totals(column: RawColumn, columns: Mapping[str, pl.Series], report: Reporter) -> list[int]:
    """Return the rows that are totals, each recorded as a defect.

    A row is a total if it is named so, or if it is the last, has no number, and equals the sum of the
    others.
    """
    dossiers = columns["dossier"]
    totals = dossiers.str.contains(LABEL).arg_true().to_list()
    last = len(dossiers) - 1
    if last >= _FEWEST_ABOVE and last not in totals:
        unnamed = dossiers[last] == "" or dossiers.str.contains(_SOUNDS)[last]
        if unnamed and _is_sum(columns, last):
            totals.append(last)
    for index in totals[:MAX_PLACES]:
        _record_total_row(column, index, dossiers[index], report)
    return totals


def _is_sum(columns: Mapping[str, pl.Series], last: int) -> bool:
    """Return whether the last row has amounts and each of them is the sum of those above it."""
    filled = [
        series
        for name, series in columns.items()
        if CANONICAL[name] is ColumnKind.MONEY and series[last] is not None
    ]
    return bool(filled) and all(series[last] == series.head(last).sum() != 0 for series in filled)


def _record_total_row(column: RawColumn, index: int, dossier: str, report: Reporter) -> None:
    text = _("this row is a total, not an application.")
    if dossier:
        text = _('this row is a total ("{dossier}"), not an application.', dossier=shorten_value(dossier))
    report.defects.add(
        "total_row",
        text,
        report.locate_cell(index, column),
        hint=_("Delete it from the table."),
    )


MAX_FILE_BYTES = 4 << 30
_DEFAULT_TYPE = "autre"
_DEFAULT_STATE = "en_instruction"
"""State of every dossier of a table without the column; an empty cell of an existing column stays empty."""
_ZERO_DEFAULT = ("other_state", "other_public", "other_private")


def read_dossiers(
    path: Path,
    *,
    shown_as: str,
    columns: Mapping[str, str] | None = None,
    read: ReadOptions = ReadOptions(),
    timezone: str = "Europe/Paris",
) -> Portfolio:
    """Read the dossiers of one file as a strict table.

    Parameters
    ----------
    path : the file; its suffix gives the format
    shown_as : the path as messages show it
    columns : header of the file, by canonical name
    read : options of reading
    timezone : IANA name, for days and for date-times without offset
    """
    data = read_bytes(path, shown_as)
    raw = read_raw(data, path, shown_as, read)
    return build_portfolio(raw, hashlib.sha256(data).hexdigest(), columns or {}, read, timezone)


def build_portfolio(
    raw: RawTable,
    sha256: str,
    columns: Mapping[str, str],
    read: ReadOptions,
    timezone: str,
    *,
    in_cents: bool = False,
) -> Portfolio:
    """Return the cells of a table as dossiers.

    Parameters
    ----------
    raw : the cells
    sha256 : hash of the file that holds them
    columns : header of the table, by canonical name
    read : options of reading
    timezone : IANA name, for days and for date-times without offset
    in_cents : whether every column of amounts holds whole cents
    """
    report = Reporter(raw, Defects())
    resolved = resolve(select_headed(raw.columns, report), columns, report)
    if in_cents:
        money = (name for name in resolved.canonical if CANONICAL[name] is ColumnKind.MONEY)
        resolved = replace(resolved, in_cents=frozenset(money))
    check_marks(resolved, raw.marks, read.header_row, report)
    table = _build_typed_table(resolved, report, read, timezone)
    table = _resolve_duplicates(table, report, read)
    report.defects.raise_if_any(DataError)
    names = {column.header: column for column in resolved.extra} | dict(resolved.canonical)
    at = {name: format_letters(column.position) for name, column in names.items()} if raw.cells else {}
    headers = {name: column.header for name, column in names.items()}
    source = Source(raw.shown_as, sha256, table.height, raw.sheet, at, headers)
    warnings = (*raw.warnings, *report.warnings)
    return Portfolio(sort_by_rank(table, timezone), (source,), timezone, warnings)


def read_plain(path: Path, *, shown_as: str, read: ReadOptions = ReadOptions()) -> pl.DataFrame:
    """Read a small side table with the same strictness, every cell as text; ``_row`` is the row in the file."""
    raw = read_raw(read_bytes(path, shown_as), path, shown_as, read)
    report = Reporter(raw, Defects())
    retained = select_headed(raw.columns, report)
    check_marks(Resolved({}, frozenset(), tuple(retained)), raw.marks, read.header_row, report)
    report.defects.raise_if_any(DataError)
    return pl.DataFrame(
        [*(read_text(column).alias(column.header) for column in retained), raw.rows.alias("_row")]
    )


def build_folder_error(shown_as: str) -> DataError:
    """Return the error for a folder given in place of a file."""
    return refuse(
        "no_file", shown_as, _("this is a folder: give a file.")
    )  # fmt: skip


def read_bytes(path: Path, shown_as: str) -> bytes:
    """Return the bytes of a file."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise refuse("too_large", shown_as, _("the file is too large."))
        return path.read_bytes()
    except FileNotFoundError:
        raise refuse("no_file", shown_as, _("there is no such file.")) from None
    except IsADirectoryError:
        raise build_folder_error(shown_as) from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise refuse(
            "no_file",
            shown_as,
            _("the file cannot be read ({why}).", why=why),
        ) from None


def read_raw(data: bytes, path: Path, shown_as: str, read: ReadOptions) -> RawTable:
    """Return the cells of a file unchanged, by the importer of its suffix."""
    suffix = path.suffix.lower()
    refuse_legacy(data, suffix, shown_as)
    importer = load_importers().get(suffix)
    if importer is None:
        known = ", ".join((".csv", ".xlsx", ".ods", ".parquet", *list_added_suffixes()))
        raise refuse(
            "unknown_format",
            shown_as,
            _('the format "{suffix}" is not read.', suffix=suffix),
            _("Formats read: {known}.", known=known),
        )
    return importer.read(data, shown_as, read)


def _build_typed_table(
    resolved: Resolved, report: Reporter, read: ReadOptions, timezone: str
) -> pl.DataFrame:
    """Return every canonical column in its type with defaults filled in, then the further columns."""
    result: dict[str, pl.Series] = {}
    dossier = resolved.canonical.get("dossier")
    if dossier is not None:
        result["dossier"] = read_code(dossier, "dossier", report)
        report.dossiers = result["dossier"]
    for name, column in resolved.canonical.items():
        if name != "dossier":
            cents = name in resolved.in_cents
            result[name] = _read(name, column, cents, report, read, timezone)
    if dossier is not None:
        _check_dossiers(dossier, result, report)
    if "applicant_id" in result:
        check_identifiers(resolved.canonical["applicant_id"], result["applicant_id"], report)
    n_rows = len(report.table.rows)
    series = [
        _build_default_column(name, n_rows) if name not in result else result[name] for name in CANONICAL
    ]
    canonical = pl.DataFrame(
        [one.alias(get_table_column(name)) for name, one in zip(CANONICAL, series, strict=True)]
    )
    further = [read_further(column, report, timezone) for column in resolved.extra]
    extra = [one for one in further if one is not None]
    places = [
        report.table.rows.alias("_row"),
        pl.Series("_source", [0], dtype=pl.UInt16).new_from_index(0, n_rows),
    ]
    return _fill_defaults(canonical).hstack([*extra, *places])


def _read(
    name: str, column: RawColumn, cents: bool, report: Reporter, read: ReadOptions, timezone: str
) -> pl.Series:
    match CANONICAL[name]:
        case ColumnKind.MONEY:
            return read_cents(column, name, report) if cents else read_money(column, name, report, read)
        case ColumnKind.TEXT:
            if column.typed is not None and not has_text(column.typed.dtype):
                report.record_column_type("text", column, name, _("text expected"), None)
            return read_text(column)
        case ColumnKind.CODE:
            return read_code(column, name, report)
        case ColumnKind.LIST:
            return read_list(column, name, report)
        case ColumnKind.INTEGER:
            return read_integer(column, name, report, read)
        case ColumnKind.DECIMAL:
            return read_decimal(column, name, report, read)
        case ColumnKind.WHEN:
            return read_when(column, name, report, timezone)


def _build_default_column(name: str, n_rows: int) -> pl.Series:
    empty: dict[ColumnKind, tuple[object, pl.DataType]] = {
        ColumnKind.MONEY: (None, pl.Int64()),
        ColumnKind.INTEGER: (None, pl.Int64()),
        ColumnKind.DECIMAL: (None, DECIMAL_TYPE),
        ColumnKind.WHEN: (None, pl.Date()),
        ColumnKind.LIST: ([], pl.List(pl.String)),
    }
    text = _DEFAULT_STATE if name == "state" else ""
    value, dtype = empty.get(CANONICAL[name], (text, pl.String()))
    return pl.Series(name, [value], dtype=dtype).new_from_index(0, n_rows)


def _fill_defaults(table: pl.DataFrame) -> pl.DataFrame:
    """Fill the default values into empty cells."""
    members = pl.when((pl.col("members").list.len() == 0) & (pl.col("commune") != ""))
    return table.with_columns(
        pl.when(pl.col("project") == "").then("dossier").otherwise("project").alias("project"),
        members.then(pl.concat_list("commune")).otherwise("members").alias("members"),
        *(pl.col(f"{name}_cents").fill_null(0) for name in _ZERO_DEFAULT),
        pl.col("applicant_type").replace("", _DEFAULT_TYPE),
    )


def _check_dossiers(column: RawColumn, columns: Mapping[str, pl.Series], report: Reporter) -> None:
    dossiers = columns["dossier"]
    empty = (dossiers == "").scatter(find_totals(column, columns, report), False)
    if empty.any():
        why = _('column "dossier": empty cell.')
        hint = _("Give a number to each row.")
        report.record_cells("dossier_empty", column, empty, lambda __: (why, hint), "dossier")


def _resolve_duplicates(table: pl.DataFrame, report: Reporter, read: ReadOptions) -> pl.DataFrame:
    """Refuse dossiers on several rows, or keep the last row of each with a warning."""
    doubled = table["dossier"].is_duplicated() & (table["dossier"] != "")
    if not doubled.any():
        return table
    groups = table.filter(doubled).group_by("dossier", maintain_order=True).agg("_row")
    if read.duplicates is Duplicates.LAST:
        retained = table.unique("dossier", keep="last", maintain_order=True)
        n = table.height - retained.height
        text = _("rows set aside, as a later row has the same application: {n}.", n=n)
        report.warn("duplicates", text, None, doubled & ~table["dossier"].is_last_distinct())
        return retained
    for dossier, rows in groups.head(MAX_PLACES).iter_rows():
        _record_duplicate(
            report.defects,
            dossier,
            [replace(report.locate_table(), row=row, dossier=dossier) for row in rows],
        )
    if groups.height > MAX_PLACES:
        more = groups.height - MAX_PLACES
        text = _("further applications on several rows: {more}.", more=more)
        report.defects.add("duplicate_dossier", text, report.locate_table())
    return table


def _record_duplicate(defects: Defects, dossier: str, places: Sequence[Place]) -> None:
    rows = ", ".join(str(place.row) for place in places[:10]) + (", …" if len(places) > 10 else "")
    text = _('the application "{dossier}" is on several rows: {rows}.', dossier=dossier, rows=rows)
    hint = _("Keep one, or declare read: {{duplicates: last}}.")
    defects.add("duplicate_dossier", text, *places[:MAX_PLACES], hint=hint)
