"""Tables that stand side by side on one sheet, told apart by the empty columns between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from tnt_sim.ingest.forms.form_table import filter_column
from tnt_sim.ingest.intake.header_words import Role, identify_header, identify_role
from tnt_sim.ingest.intake.sheets import Sheet
from tnt_sim.ingest.intake.table_search import TableFound, find_table, is_number

_NAMING = {"dossier", "title", "applicant"}
_OF_APPLICATIONS = {*_NAMING, "requested", "score", "state"}
"""Columns of a list of applications, which a table of envelopes beside it seldom has."""


def split_side_by_side(sheet: Sheet, header_row: int | None = None) -> list[Sheet]:
    """Return the tables of a sheet that stand side by side, each as a sheet of its own columns; else the sheet.

    Columns after an empty one are another table if they repeat the names of the applications and another
    header, if they have no header on the line of the first table but one of their own, or if they name each of
    their lines, with a number, on more or fewer lines than the first table and are not the rest of its columns. In
    doubt they belong to the first.

    Parameters
    ----------
    sheet : the cells of the sheet
    header_row : row of the headers as the planner says, if so
    """
    table = find_table(sheet, header_row)
    if table is None or not table.header_rows:
        return [sheet]
    blocks = list(iterate_blocks(sheet, table.header_rows[0]))
    if len(blocks) < 2:
        return [sheet]
    tables = [find_table(_select_columns(sheet, block)) for block in blocks]
    merits = [(False, False, 0, 0) if other is None else other.merit for other in tables]
    main = blocks[merits.index(max(merits))]
    others = [
        block
        for block, other in zip(blocks, tables, strict=True)
        if block is not main and other is not None and _is_other_table(table, main, block, other)
    ]
    if not others:
        return [sheet]
    beside = {column for block in others for column in block}
    rest = [column for column in range(len(sheet.raw.columns)) if column not in beside]
    return [_select_columns(sheet, columns) for columns in (rest, *others)]


def iterate_blocks(sheet: Sheet, first: int) -> Iterator[list[int]]:
    """Yield the runs of columns that have a cell at or below a row, without an empty column in them."""
    block: list[int] = []
    for column, filled in enumerate(sheet.filled[first:].any(axis=0).tolist()):
        if filled:
            block.append(column)
        elif block:
            yield block
            block = []
    if block:
        yield block


def _select_columns(sheet: Sheet, columns: Sequence[int]) -> Sheet:
    """Return some columns of a sheet, and the rows that have a cell in them."""
    rows = pl.Series("kept", sheet.filled[:, list(columns)].any(axis=1))
    cells = tuple(filter_column(sheet.raw.columns[column], rows) for column in columns)
    return replace(sheet, raw=replace(sheet.raw, columns=cells, rows=sheet.raw.rows.filter(rows)))


def _is_other_table(table: TableFound, main: Sequence[int], block: Sequence[int], other: TableFound) -> bool:
    if len(block) < 2:
        return False
    if table.invented.issuperset(block):
        return other.n_known > 0
    shared = _list_names(table, main) & _list_names(table, block)
    if len(shared) > 1 and shared & _NAMING:
        return True
    if _is_rest_of_list(table, main, block):
        return False
    return _has_lines_of_its_own(table, main, block)


def _list_names(table: TableFound, columns: Sequence[int]) -> set[str]:
    """Return the canonical names of the headers of some columns."""
    known = [identify_header(table.labels[column]) for column in columns]
    return {found[0] for found in known if found is not None}


def _is_rest_of_list(table: TableFound, main: Sequence[int], block: Sequence[int]) -> bool:
    """Return whether a block is the rest of the list: it has, on its lines, what the main one lacks, or opinions.

    It is not where it has a line beside which the main one has nothing, or, unless it gives the amounts
    requested, where it is filled on half of the lines or less.
    """
    lacking = (_list_names(table, block) - _list_names(table, main)) & _OF_APPLICATIONS
    judged = any(identify_role(table.labels[column]) is Role.OPINION for column in block)
    filled = table.sheet.filled[table.first :]
    here, there = (filled[:, list(columns)].any(axis=1) for columns in (block, main))
    if not (lacking or judged) or (here & ~there).any():
        return False
    return "requested" in lacking or int(here.sum()) * 2 > int(there.sum())


def _has_lines_of_its_own(table: TableFound, main: Sequence[int], block: Sequence[int]) -> bool:
    """Return whether a block names each of its lines, with a number, and has more or fewer than the main one."""
    filled = table.sheet.filled[table.first :]
    here, there = (filled[:, list(columns)].mean(axis=1) > 0.5 for columns in (block, main))
    n_here, n_there = int(here.sum()), int(there.sum())
    if n_here < 2 or n_here == n_there or not here[:n_here].all():
        return False
    names = table.sheet.texts[block[0]].slice(table.first).filter(pl.Series(here)).to_list()
    if len(set(names)) < n_here or any(not name or is_number(name) for name in names):
        return False
    numbers = [table.sheet.texts[column].slice(table.first).filter(pl.Series(here)) for column in block[1:]]
    return any(np.all([is_number(text) for text in column.to_list()]) for column in numbers)
