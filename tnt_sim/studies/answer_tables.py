"""Columns of the tables of answers: each is declared once, and every output and every group of rows has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from tnt_sim.i18n.message import Text, _
from tnt_sim.i18n.parameters import Listed
from tnt_sim.reporting.report_tree import Cell, Column, Kind, Output, Paragraph, Table, Words
from tnt_sim.reporting.text.vocabulary import label_dossier


@dataclass(frozen=True, slots=True)
class Col[Row]:
    """A column: its head, and how it reads its cell from a row.

    Attributes
    ----------
    outputs : where it appears
    optional : a terminal that is too narrow drops it
    sparse : left out where no row has a value
    """

    head: Words
    read: Callable[[Row], Cell]
    kind: Kind = Kind.TEXT
    outputs: Output = Output.ALL
    optional: bool = False
    sparse: bool = False


class NamedDossier(Protocol):
    """A row about an application."""

    @property
    def dossier(self) -> str:
        """Its number."""

    @property
    def title(self) -> str:
        """Its title, or nothing."""


DOSSIER: Sequence[Col[NamedDossier]] = (
    Col(_("Application"), lambda row: label_dossier(row.dossier, row.title), outputs=Output.PAGE),
    Col(_("Application"), lambda row: row.dossier, outputs=Output.TERMINAL | Output.SHEET),
    Col(_("Title"), lambda row: row.title or "", outputs=Output.TERMINAL | Output.SHEET),
)
"""The columns that name an application: a page has its title first, other outputs the number that is typed."""


def build_table[Row](
    columns: Iterable[Col[Row]],
    rows: Sequence[Row],
    *,
    most: int = 20,
    outputs: Output = Output.ALL,
    as_cards: bool = False,
) -> Table:
    """Return a table of some rows."""
    read = [(col, [col.read(row) for row in rows]) for col in columns]
    cells = [
        Column(col.head, values, col.kind, col.outputs, col.optional)
        for col, values in read
        if not col.sparse or any(values)
    ]
    return Table(cells, most=most, outputs=outputs, as_cards=as_cards)


def list_names(say: Callable[[Text], Text], names: Sequence[str], most: int = 8) -> list[Paragraph]:
    """Return a sentence that names some rows, the rest counted; none without names."""
    return [Paragraph(say(Listed(names, most)))] if names else []
