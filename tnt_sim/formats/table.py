"""Reading dossier tables: CSV, XLSX, ODS and Parquet, each to one strict `Portfolio`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from tnt_sim.errors import DataError, Defects, Place, Text
from tnt_sim.formats import pabulib
from tnt_sim.formats.amounts import read_cents, read_money
from tnt_sim.formats.columns import Resolved, check_marks, headed, resolve
from tnt_sim.formats.convert import (
    check_identifiers,
    has_text,
    read_code,
    read_decimal,
    read_integer,
    read_list,
    read_text,
)
from tnt_sim.formats.csv_text import read_csv
from tnt_sim.formats.further import read_further
from tnt_sim.formats.joining import join
from tnt_sim.formats.options import Duplicates, HiddenRows, ReadOptions, Rounding
from tnt_sim.formats.package import refuse, refuse_legacy
from tnt_sim.formats.parquet import read_parquet
from tnt_sim.formats.raw import RawColumn, RawTable, Reporter, letters, shorten
from tnt_sim.formats.total_row import find_totals
from tnt_sim.formats.when import read_when
from tnt_sim.formats.workbook import read_workbook
from tnt_sim.portfolio import (
    CANONICAL,
    DECIMAL_TYPE,
    MAX_PLACES,
    ColumnKind,
    Portfolio,
    Source,
    in_rank_order,
    table_column,
)

__all__ = [
    "Duplicates", "HiddenRows", "ReadOptions", "Rounding",
    "join", "read_bytes", "read_dossiers", "read_plain", "read_raw",
]  # fmt: skip

MAX_FILE_BYTES = 4 << 30
_DEFAULT_TYPE = "autre"
_DEFAULT_STATE = "en_instruction"
"""The state of every dossier of a table without the column; an empty cell stays empty: not stated."""
_ZERO_DEFAULT = ("other_state", "other_public", "other_private")
_SUFFIXES = (".csv", ".txt", ".tsv", ".xlsx", ".ods", ".parquet")


def read_dossiers(
    path: Path,
    *,
    shown_as: str,
    columns: Mapping[str, str] | None = None,
    read: ReadOptions = ReadOptions(),
    timezone: str = "Europe/Paris",
) -> Portfolio:
    """The dossiers of one file as a strict table.

    Parameters
    ----------
    path : the file; its suffix says the format
    shown_as : the path as messages show it
    columns : canonical name → header of the file
    read : how the file is to be read
    timezone : IANA name, for days and for date-times without offset

    Raises
    ------
    DataError
        With every defect of the file.
    """
    data = read_bytes(path, shown_as)
    raw = read_raw(data, path, shown_as, read)
    report = Reporter(raw, Defects())
    resolved = resolve(headed(raw.columns, report), columns or {}, report)
    check_marks(resolved, raw.marks, read.header_row, report)
    table = _typed_table(resolved, report, read, timezone)
    table = _unique(table, report, read)
    report.defects.raise_if_any(DataError)
    names = {column.header: column for column in resolved.extra} | dict(resolved.canonical)
    at = {name: letters(column.position) for name, column in names.items()} if raw.cells else {}
    source = Source(shown_as, hashlib.sha256(data).hexdigest(), table.height, raw.sheet, at)
    warnings = (*raw.warnings, *report.warnings)
    return Portfolio(in_rank_order(table, timezone), (source,), timezone, warnings)


def read_plain(path: Path, *, shown_as: str, read: ReadOptions = ReadOptions()) -> pl.DataFrame:
    """A small side table, every cell as text, with the same strictness; ``_row`` says the row.

    Raises `DataError` as `read_dossiers`.
    """
    raw = read_raw(read_bytes(path, shown_as), path, shown_as, read)
    report = Reporter(raw, Defects())
    kept = headed(raw.columns, report)
    check_marks(Resolved({}, frozenset(), tuple(kept)), raw.marks, read.header_row, report)
    report.defects.raise_if_any(DataError)
    return pl.DataFrame(
        [*(read_text(column).alias(column.header) for column in kept), raw.rows.alias("_row")]
    )


def a_folder(shown_as: str) -> DataError:
    """What is said of a folder in the place of a file."""
    return refuse(
        "no_file", shown_as, "c'est un dossier : donnez un fichier.", "this is a folder: give a file."
    )  # fmt: skip


def read_bytes(path: Path, shown_as: str) -> bytes:
    """The bytes of a file; raises `DataError` for one that cannot be read, or is too large."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise refuse("too_large", shown_as, "le fichier est trop grand.", "the file is too large.")
        return path.read_bytes()
    except FileNotFoundError:
        raise refuse("no_file", shown_as, "le fichier n'existe pas.", "there is no such file.") from None
    except IsADirectoryError:
        raise a_folder(shown_as) from None
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise refuse(
            "no_file",
            shown_as,
            f"le fichier ne peut pas être lu ({why}).",
            f"the file cannot be read ({why}).",
        ) from None


def read_raw(data: bytes, path: Path, shown_as: str, read: ReadOptions) -> RawTable:
    """The cells of a file as they are, by the reader that its suffix asks for."""
    suffix = path.suffix.lower()
    refuse_legacy(data, suffix, shown_as)
    if suffix in (".xlsx", ".ods"):
        return read_workbook(data, shown_as, read)
    if suffix == ".parquet":
        return read_parquet(data, shown_as)
    if suffix == pabulib.SUFFIX:
        return pabulib.table_of(pabulib.read_pb(data, shown_as))
    if suffix not in _SUFFIXES:
        known = ".csv, .xlsx, .ods, .parquet"
        raise refuse(
            "unknown_format", shown_as, f"le format « {suffix} » n'est pas lu.",
            f'the format "{suffix}" is not read.', Text(f"Formats lus : {known}.", f"Formats read: {known}."),
        )  # fmt: skip
    if data.startswith((b"PK\x03\x04", b"PAR1")):
        real = ".parquet" if data.startswith(b"PAR1") else ".xlsx"
        raise refuse(
            "unknown_format", shown_as, "ce n'est pas un fichier de texte, malgré son nom.",
            "this is not a text file, whatever its name says.",
            Text(f"Donnez-lui son vrai suffixe ({real} ?).", f"Give it its true suffix ({real}?)."),
        )  # fmt: skip
    return read_csv(data, shown_as, read)


def _typed_table(resolved: Resolved, report: Reporter, read: ReadOptions, timezone: str) -> pl.DataFrame:
    """Every canonical column in its type, defaults filled, then the further columns."""
    found: dict[str, pl.Series] = {}
    dossier = resolved.canonical.get("dossier")
    if dossier is not None:
        found["dossier"] = read_code(dossier, "dossier", report)
        report.dossiers = found["dossier"]
    for name, column in resolved.canonical.items():
        if name != "dossier":
            cents = name in resolved.in_cents
            found[name] = _read(name, column, cents, report, read, timezone)
    if dossier is not None:
        _check_dossiers(dossier, found, report)
    if "applicant_id" in found:
        check_identifiers(resolved.canonical["applicant_id"], found["applicant_id"], report)
    n_rows = len(report.table.rows)
    series = [_default(name, n_rows) if name not in found else found[name] for name in CANONICAL]
    canonical = pl.DataFrame(
        [one.alias(table_column(name)) for name, one in zip(CANONICAL, series, strict=True)]
    )
    further = [read_further(column, report, timezone) for column in resolved.extra]
    extra = [one for one in further if one is not None]
    places = [
        report.table.rows.alias("_row"),
        pl.Series("_source", [0], dtype=pl.UInt16).new_from_index(0, n_rows),
    ]
    return _filled(canonical).hstack([*extra, *places])


def _read(
    name: str, column: RawColumn, cents: bool, report: Reporter, read: ReadOptions, timezone: str
) -> pl.Series:
    match CANONICAL[name]:
        case ColumnKind.MONEY:
            return read_cents(column, name, report) if cents else read_money(column, name, report, read)
        case ColumnKind.TEXT:
            if column.typed is not None and not has_text(column.typed.dtype):
                report.column("text", column, name, Text("du texte attendu", "text expected"), None)
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


def _default(name: str, n_rows: int) -> pl.Series:
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


def _filled(table: pl.DataFrame) -> pl.DataFrame:
    """The defaults of contract §1 in the empty cells."""
    members = pl.when((pl.col("members").list.len() == 0) & (pl.col("commune") != ""))
    return table.with_columns(
        pl.when(pl.col("project") == "").then("dossier").otherwise("project").alias("project"),
        members.then(pl.concat_list("commune")).otherwise("members").alias("members"),
        *(pl.col(f"{name}_cents").fill_null(0) for name in _ZERO_DEFAULT),
        pl.col("applicant_type").replace("", _DEFAULT_TYPE),
    )


def _check_dossiers(column: RawColumn, found: Mapping[str, pl.Series], report: Reporter) -> None:
    dossiers = found["dossier"]
    empty = (dossiers == "").scatter(find_totals(column, found, report), False)
    if empty.any():
        why = Text("colonne « dossier » : cellule vide.", 'column "dossier": empty cell.')
        hint = Text("Donnez un numéro à chaque ligne.", "Give a number to each row.")
        report.each("dossier_empty", column, empty, lambda _: (why, hint), "dossier")
    broken = dossiers.str.contains(r"[\t\r\n]")
    if broken.any():

        def say(index: int) -> tuple[Text, Text | None]:
            shown = shorten(dossiers[index])
            return Text(
                f"colonne « dossier » : « {shown} » contient une tabulation ou un saut de ligne.",
                f'column "dossier": "{shown}" holds a tab or a line break.',
            ), None

        report.each("dossier_characters", column, broken, say, "dossier")


def _unique(table: pl.DataFrame, report: Reporter, read: ReadOptions) -> pl.DataFrame:
    """Refuse dossiers on several rows, or keep the last row of each and say so."""
    doubled = table["dossier"].is_duplicated() & (table["dossier"] != "")
    if not doubled.any():
        return table
    groups = table.filter(doubled).group_by("dossier", maintain_order=True).agg("_row")
    if read.duplicates is Duplicates.LAST:
        kept = table.unique("dossier", keep="last", maintain_order=True)
        n = table.height - kept.height
        text = Text(
            f"lignes écartées, car une ligne plus bas porte le même dossier : {n}.",
            f"rows set aside, as a later row has the same dossier: {n}.",
        )
        report.warn("duplicates", text, None, doubled & ~table["dossier"].is_last_distinct())
        return kept
    for dossier, rows in groups.head(MAX_PLACES).iter_rows():
        _say_duplicate(
            report.defects, dossier, [replace(report.whole(), row=row, dossier=dossier) for row in rows]
        )
    if groups.height > MAX_PLACES:
        more = groups.height - MAX_PLACES
        text = Text(
            f"autres dossiers sur plusieurs lignes : {more}.", f"further dossiers on several rows: {more}."
        )
        report.defects.add("duplicate_dossier", text, report.whole())
    return table


def _say_duplicate(defects: Defects, dossier: str, places: Sequence[Place]) -> None:
    rows = ", ".join(str(place.row) for place in places[:10]) + (", …" if len(places) > 10 else "")
    text = Text(
        f"le dossier « {dossier} » est sur plusieurs lignes : {rows}.",
        f'the dossier "{dossier}" is on several rows: {rows}.',
    )
    hint = Text(
        "Gardez-en une, ou déclarez read: {duplicates: last}.",
        "Keep one, or declare read: {duplicates: last}.",
    )
    defects.add("duplicate_dossier", text, *places[:MAX_PLACES], hint=hint)
