"""Columns of the tables of answers: each is declared once, and every output and every group of rows has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from tnt_sim.i18n.message import Text
from tnt_sim.i18n.parameters import Listed
from tnt_sim.reporting.report_tree import Cell, Column, Kind, Output, Paragraph, Table, Words


@dataclass(frozen=True, slots=True)
class Col[Row]:
    """A column: its head, and how it reads its cell from a row.

    Attributes
    ----------
    outputs : where it appears
    optional : a terminal that is too narrow drops it
    """

    head: Words
    read: Callable[[Row], Cell]
    kind: Kind = Kind.TEXT
    outputs: Output = Output.ALL
    optional: bool = False


def build_table[Row](
    columns: Iterable[Col[Row]],
    rows: Sequence[Row],
    *,
    most: int = 20,
    outputs: Output = Output.ALL,
    as_cards: bool = False,
) -> Table:
    """Return a table of some rows."""
    cells = [
        Column(col.head, [col.read(row) for row in rows], col.kind, col.outputs, col.optional)
        for col in columns
    ]
    return Table(cells, most=most, outputs=outputs, as_cards=as_cards)


def list_names(say: Callable[[Text], Text], names: Sequence[str], most: int = 8) -> list[Paragraph]:
    """Return a sentence that names some rows, the rest counted; none without names."""
    return [Paragraph(say(Listed(names, most)))] if names else []
