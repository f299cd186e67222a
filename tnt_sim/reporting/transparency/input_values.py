"""Item 2 of a sheet: each value of the dossier that the decision reads, with the cell where it stands.

A value that the map of France gave, a default for an empty cell, and a commitment of the register say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import polars as pl

from tnt_sim.domain.field_types import convert_to_fraction
from tnt_sim.domain.money import MoneyError, parse_decimal
from tnt_sim.domain.portfolio import get_table_column
from tnt_sim.i18n.message import Bilingual, Lang, _, _n
from tnt_sim.i18n.numbers import format_amount, format_day, format_number
from tnt_sim.ingest.map_completion import FILLED
from tnt_sim.reporting.transparency.read_columns import READ_ORDER
from tnt_sim.reporting.transparency.sheet_page import SheetItem, SheetLine
from tnt_sim.reporting.transparency.sheet_source import SheetSource
from tnt_sim.rules.expressions import column_text
from tnt_sim.rules.expressions.comparisons import convert_to_local_days
from tnt_sim.rules.linear_terms import BoolArray
from tnt_sim.scenario.decision_register import COMMITTED_FROM

LABELS = {
    "requires": _("other applications that it needs"),
    "variant_of": _("group of variants of one project"),
    "filed_at": _("the filing date"),
}
_NOT_GIVEN = _("not given")
_COUNTED = frozenset({"requires"})
"""Columns whose content names other applications: they are counted."""


def build_input_values(source: SheetSource, read: dict[str, BoolArray]) -> dict[int, list[SheetLine]]:
    """Return the lines of the data of each dossier, by row.

    Parameters
    ----------
    read : by column the dossiers of which it is read, bool (n,)
    """
    lines: dict[int, list[SheetLine]] = {row: [] for row in source.rows.tolist()}
    places = _Places(source)
    for name in sorted(read, key=lambda name: (READ_ORDER.get(name, len(READ_ORDER)), name)):
        rows = source.rows[read[name][source.rows]]
        label = describe_label(name, source)
        values = format_cells(source, name, rows)
        for row, value in zip(rows.tolist(), values, strict=True):
            if places.is_given(row, name) and (value or name not in ("committed", "envelope")):
                shown = value or _NOT_GIVEN.in_(source.lang)
                origin = places.locate_cell(row, name, is_blank=not value)
                lines[row].append(SheetLine(SheetItem.DATA, f"data.{name}", label, shown, origin))
    for file in _list_files(source):
        for row in source.rows[
            source.problem.case.table["_source"].to_numpy()[source.rows] == file[0]
        ].tolist():
            lines[row].append(file[1])
    return lines


def describe_label(name: str, source: SheetSource) -> str:
    """Return what a column is called: by the title of its measure, else in words, without its article."""
    lang, title = source.lang, source.measured.get(name, "")
    if title:
        return title
    text = LABELS.get(name) or (
        column_text.describe_column(name)
        if name in column_text.COLUMN
        else Bilingual(*(name.replace("_", " "),) * 2)
    )
    written = text.in_(lang)
    bare = column_text.describe_bare_column(name).in_(lang) if name in column_text.COLUMN else written
    chosen = written if column_text.is_plural(name) else bare
    chosen = chosen.removeprefix("les ").removeprefix("the ")
    return chosen[:1].upper() + chosen[1:]


def format_cells(source: SheetSource, name: str, rows: np.ndarray) -> list[str]:
    """Return the cells of a column of some dossiers as a reader writes them, "" where they are empty."""
    cells = source.shown_cells[get_table_column(name)].gather(rows)
    if name in _COUNTED:
        return [
            _n("{n} other application", "{n} other applications", n=len(cell)).in_(source.lang)
            if len(cell)
            else ""
            for cell in cells
        ]
    if name == "variant_of":
        return [_("yes").in_(source.lang) if cell else "" for cell in cells]
    if cells.dtype == pl.List:
        return [", ".join(cell) for cell in cells.to_list()]
    if cells.dtype in (pl.Datetime, pl.Date):
        cells = convert_to_local_days(cells, source.problem.case.timezone)
    written = {cell: _format_cell(name, cell, source) for cell in cells.unique().to_list()}
    return [written[cell] for cell in cells.to_list()]


def _format_cell(name: str, cell: object, source: SheetSource) -> str:
    lang = source.lang
    if cell is None or cell == "":
        return ""
    if name != get_table_column(name) and isinstance(cell, int):
        return format_amount(cell, lang)
    if hasattr(cell, "isoformat"):
        return format_day(cell.isoformat(), lang)
    if isinstance(cell, str):
        tree = source.problem.case.tree
        if name == "envelope" and cell in tree.ids:
            return tree.titles[tree.get_node(cell)] or cell
        words = column_text.describe_value(name, cell).in_(lang)
        return _format_measured(cell, lang) if name in source.measured else words
    exact: Fraction | None = convert_to_fraction(cell)
    return str(cell) if exact is None else format_number(exact, lang)


def _format_measured(cell: str, lang: Lang) -> str:
    """Return the cell of a text column that a measure reads as a number, as its language writes it."""
    try:
        return format_number(parse_decimal(cell), lang)
    except MoneyError:
        return cell


class _Places:
    """Where the cells of the dossiers stand; what they share is written once."""

    def __init__(self, source: SheetSource) -> None:
        portfolio, lang = source.problem.case.portfolio, source.lang
        table, self.source, self.sources = portfolio.table, source, portfolio.sources
        self.row, self.file = table["_row"].to_list(), table["_source"].to_list()
        self.dossier = table["dossier"].to_list()
        self.filled = {
            name.removeprefix(FILLED): table[name].to_list()
            for name in table.columns
            if name.startswith(FILLED)
        }
        self.map = _("the map of {year}", year=str(source.problem.case.map_year)).in_(lang)
        register = source.problem.scenario.files.get(COMMITTED_FROM)
        self.register = None if register is None else _("register {file}", file=register).in_(lang)
        self.heads = [
            {name: self._describe_column(k, name) for name in (*file.headers, *file.letters)}
            for k, file in enumerate(self.sources)
        ]
        self.templates = [
            _("{file}, line {number}", file=file.path, number="{}").in_(lang) for file in self.sources
        ]

    def _describe_column(self, k: int, name: str) -> str:
        file, lang = self.sources[k], self.source.lang
        if name in file.letters:
            sheet = file.sheet or ""
            return _(
                '{file}, sheet "{sheet}", cell {letters}',
                file=file.path,
                sheet=sheet,
                letters=file.letters[name],
            ).in_(lang)
        return _(', column "{header}"', header=file.headers[name]).in_(lang)

    def is_given(self, row: int, name: str) -> bool:
        """Return whether a value came from the file, the map or the register, and is no default."""
        if name in self.heads[self.file[row]] or (name == "committed" and self.register is not None):
            return True
        return name in self.filled and self.filled[name][row]

    def locate_cell(self, row: int, name: str, *, is_blank: bool) -> str:
        """Return the cell of a dossier, or what gave its value."""
        if name == "committed" and self.register is not None:
            return self.register
        if not is_blank and self.filled.get(name, _NEVER)[row if name in self.filled else 0]:
            return self.map
        k = self.file[row]
        head = self.heads[k][name]
        if name in self.sources[k].letters:
            return f"{head}{self.row[row]}"
        return f"{self.templates[k].format(self.row[row])}{head}"


_NEVER = (False,)


def _list_files(source: SheetSource) -> Iterator[tuple[int, SheetLine]]:
    """Yield the line of each file of dossiers: its name and its hash."""
    entries = {entry.path: entry.sha256 for entry in source.run.data.inputs}
    for k, file in enumerate(source.problem.case.portfolio.sources):
        label = _("File of the applications").in_(source.lang)
        origin = source.locate_field("inputs") if file.path in entries else ""
        origin = source.join_origins(f"SHA-256 {file.sha256}", origin)
        yield k, SheetLine(SheetItem.DATA, "data.file", label, file.path, origin)
