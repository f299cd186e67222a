"""Stored allocation: robust reading of Parquet and CSV, and comparison with the recomputed table."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.errors import Defect, Defects, Place
from tnt_sim.i18n.message import MessageParameter, Text, _, _p
from tnt_sim.i18n.parameters import Items, Names
from tnt_sim.verify.allocation_reading import Allocation
from tnt_sim.verify.run_files import (
    MAX_DIFFERENCES,
    build_rewritten_defect,
    build_unreadable_defect,
    hash_file,
    limit_reading_time,
    read_file,
)

AWARDS = {"dossier": pl.String(), "funded": pl.Boolean(), "granted_cents": pl.Int64()}
MOST_ROWS = 5_000_000
"""Most rows of one decision: a few bytes of Parquet may declare any number."""
_ENDS = (b"PAR1", b"PAR1")


def read_parquet(file: Path, defects: Defects) -> pl.DataFrame | None:
    """Read allocation.parquet; None, with a defect, if it cannot be read."""
    data = read_file(file)
    if len(data) < 12 or (data[:4], data[-4:]) != _ENDS:
        defects.entries.append(build_unreadable_defect(file, _("it is truncated or is not a Parquet file")))
        return None
    try:
        rows = pl.scan_parquet(io.BytesIO(data)).select(pl.len()).collect().item()
        if rows > MOST_ROWS:
            sentence = _("it has {rows} rows; {most_rows} at most are read", rows=rows, most_rows=MOST_ROWS)
            defects.entries.append(build_unreadable_defect(file, sentence))
            return None
        return pl.read_parquet(io.BytesIO(data))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        lines = str(error).splitlines() or [type(error).__name__]
        defects.entries.append(build_unreadable_defect(file, lines[0][:200]))
        return None


def has_columns(table: pl.DataFrame, wanted: Mapping[str, Any], defects: Defects) -> bool:
    """Whether a table has the required columns with their types; each missing one is recorded in `defects`."""
    lost = [name for name, dtype in wanted.items() if table.schema.get(name) != dtype]
    for name in lost:
        defects.add(
            "allocation",
            _('allocation.parquet has no column "{name}" ({wanted}).', name=name, wanted=wanted[name]),
        )
    return not lost


def extract_allocation(known: pl.Series, table: pl.DataFrame, defects: Defects) -> Allocation | None:
    """Return the stored awards in the order of `known`; None, with defects, unless each dossier appears once."""
    if not has_columns(table, AWARDS, defects):
        return None
    empty = [name for name in AWARDS if table[name].null_count()]
    if empty:
        defects.add(
            "allocation",
            _("allocation.parquet has empty cells ({empty}).", empty=", ".join(empty)),
        )
        return None
    stored = table["dossier"]
    if stored.equals(known):  # the usual order; `known` names each dossier once
        return _build_allocation(table)
    doubled = stored.filter(stored.is_duplicated())
    absent = known.filter(~known.is_in(stored.implode()))
    strange = stored.filter(~stored.is_in(known.implode()))
    for names, fault in (
        (doubled, _("stands twice in the allocation")),
        (absent, _("is missing from the allocation")),
        (strange, _("is not an application of the scenario")),
    ):
        for name in names.unique().sort()[:MAX_DIFFERENCES]:
            defects.add("allocation", _('application "{name}" {fault}.', name=name, fault=fault))
    if doubled.len() or absent.len() or strange.len():
        return None
    ordered = pl.DataFrame({"dossier": known}).join(
        table.select(AWARDS.keys()), on="dossier", how="left", maintain_order="left"
    )
    return _build_allocation(ordered)


def _build_allocation(table: pl.DataFrame) -> Allocation:
    return Allocation(
        table["funded"].to_numpy().astype(np.bool_), table["granted_cents"].to_numpy().astype(np.int64)
    )


def compare_cells(stored: pl.DataFrame, again: pl.DataFrame, file: Path) -> list[Defect]:
    """Return defects, at most `MAX_DIFFERENCES`: cells of a stored table that differ from the recomputed ones."""
    if stored.equals(again, null_equal=True) and stored.schema == again.schema:
        return []
    if list(stored.schema.items()) != list(again.schema.items()):
        return [_build_columns_defect(stored, again, file)]
    if stored.height != again.height or not stored["dossier"].equals(again["dossier"], null_equal=True):
        return [_build_rows_defect(stored["dossier"].to_list(), again["dossier"].to_list(), file)]
    cells = (
        (name, row)
        for name in again.columns
        for row in np.flatnonzero(stored[name].ne_missing(again[name]).to_numpy()).tolist()
    )
    return [
        _build_cell_defect(file, again["dossier"][row], name, stored[name][row], again[name][row])
        for name, row in islice(cells, MAX_DIFFERENCES)
    ]


def compare_csv(file: Path, encode: Callable[[], Iterable[bytes]]) -> list[Defect]:
    """Return the defects of allocation.csv; `encode` yields the bytes that it should have, in parts.

    Hashes are compared first, so that a file without defects is never whole in memory.
    """
    digest = hashlib.sha256()
    for part in encode():
        digest.update(part)
    if digest.hexdigest() == hash_file(file):
        return []
    again = b"".join(encode()).decode()
    try:
        lines = csv.reader(io.StringIO(read_file(file).decode("utf-8"), newline=""), strict=True)
        rows = list(limit_reading_time(lines, file))
    except (ValueError, csv.Error) as error:
        return [build_unreadable_defect(file, str(error))]
    wanted = list(csv.reader(io.StringIO(again, newline="")))
    header = wanted[0]
    if not rows or rows[0] != header:
        return [_build_header_defect(rows[0] if rows else [], header, file)]
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(header):
            return [_build_row_length_defect(file, number, len(row), len(header))]
    names, known = ([row[0] for row in table[1:]] for table in (rows, wanted))
    if names != known:
        return [_build_rows_defect(names, known, file)]
    defects = [
        _build_cell_defect(file, one[0], header[k], one[k], other[k])
        for one, other in zip(rows, wanted, strict=True)
        for k in range(len(header))
        if one[k] != other[k]
    ]
    return defects[:MAX_DIFFERENCES] or [build_rewritten_defect(file)]


def _build_cell_defect(file: Path, dossier: str, column: str, stored: Any, again: Any) -> Defect:
    return Defect(
        f"{file.name}:{column}",
        _(
            '{file_name} says {stored} for "{column}"; reading again gives {reread}.',
            file_name=file.name,
            stored=_format_value(stored),
            column=column,
            reread=_format_value(again),
        ),
        (Place(file=file.name, dossier=dossier),),
    )


def _format_value(value: Any) -> MessageParameter:
    if value is None:
        return "—"
    text = str(value.to_list() if isinstance(value, pl.Series) else value)
    text = text if len(text) <= 100 else f"{text[:97]}…"
    return Names([text]) if isinstance(value, str) else text


def _build_columns_defect(stored: pl.DataFrame, again: pl.DataFrame, file: Path) -> Defect:
    one = [f"{name} ({dtype})" for name, dtype in stored.schema.items()]
    other = [f"{name} ({dtype})" for name, dtype in again.schema.items()]
    return _build_header_defect(one, other, file)


def _build_header_defect(stored: list[str], again: list[str], file: Path) -> Defect:
    difference = _describe_difference(stored, again)
    return Defect(
        f"{file.name}:columns",
        _(
            "the columns of {file} are not those of a run ({difference}).",
            file=file.name,
            difference=difference,
        ),
        (Place(file=file.name),),
    )


def _build_rows_defect(stored: list[Any], again: list[str], file: Path) -> Defect:
    difference = _describe_difference([str(name) for name in stored], again)
    return Defect(
        f"{file.name}:rows",
        _(
            "the rows of {file} are not the applications of the run, one a row and in order ({difference}).",
            file=file.name,
            difference=difference,
        ),
        (Place(file=file.name),),
    )


def _describe_difference(stored: list[str], again: list[str]) -> Text:
    """Describe what a list of names lacks, has in excess or has twice."""
    counts, known = Counter(stored), set(again)
    sides = (
        (_p("names", "missing"), [name for name in again if name not in counts]),
        (_p("names", "too many"), [name for name in counts if name not in known]),
        (_p("names", "twice"), [name for name, count in counts.items() if count > 1 and name in known]),
    )
    items = [_("{what}: {names}", what=what, names=Items(names[:5])) for what, names in sides if names]
    return _("{sentences}", sentences=Items(items, ";")) if items else _("another order")


def _build_row_length_defect(file: Path, number: int, observed: int, wanted: int) -> Defect:
    return Defect(
        f"{file.name}:rows",
        _(
            "row {number} has {observed} cells, and {wanted} are needed.",
            number=number,
            observed=observed,
            wanted=wanted,
        ),
        (Place(file=file.name, row=number),),
    )
