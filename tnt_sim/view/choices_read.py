"""The workbook of one department read back: what was chosen of each dossier (layout 1, docs/decisions.md).

The columns stand where they were written, by letter; the hidden sheet `_tnt` says the run, the group, the words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tnt_sim.errors import DataError, Defects, Place, Text, did_you_mean
from tnt_sim.formats.options import HiddenRows, ReadOptions
from tnt_sim.formats.package import refuse
from tnt_sim.formats.raw import RawTable, found_text, letters
from tnt_sim.formats.table import read_bytes
from tnt_sim.formats.workbook import read_workbook
from tnt_sim.money import MoneyError, parse_cents
from tnt_sim.view.workbook_department import CHOICES, ENVELOPES, KEYS, LAYOUT, SHEET
from tnt_sim.view.workbook_dossiers import NAMES

NUMBER, ENVELOPE, REQUESTED, PROPOSED, CHOICE, CHOSEN, REMARK = 0, 3, 5, 7, 10, 11, 12
"""The columns of the sheet of choices, from 0."""
_OWN = 2
"""The column of the own amount in the sheet of envelopes."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a department chose for a dossier; amounts in cents, None where the cell is empty."""

    dossier: str
    envelope: str
    choice: str
    chosen_cents: int | None
    proposed_cents: int
    requested_cents: int | None
    remark: str
    group: str
    place: Place


@dataclass(frozen=True, slots=True)
class Choices:
    """One workbook: its keys, its choices, and the own amount of each envelope that has one."""

    shown_as: str
    keys: Mapping[str, str]
    choices: tuple[Choice, ...]
    own_cents: Mapping[str, int]

    @property
    def group(self) -> str:
        """The department, or the value of another column that the workbooks were cut by."""
        return self.keys["group"]


def read_choices(path: Path) -> Choices:
    """The choices of a workbook.

    Raises
    ------
    DataError
        It is no workbook of choices, or cells of it cannot be taken, each with sheet and cell.
    """
    data = read_bytes(path, path.name)
    keys = _keys(data, path.name)
    table = _sheet(data, path.name, SHEET)
    reading = _Reading(table, keys, Defects())
    reading.check_heads()
    reading.defects.raise_if_any(DataError)
    choices = tuple(found for k in range(len(table.rows)) if (found := reading.choice(k)) is not None)
    own = reading.own(_sheet(data, path.name, ENVELOPES))
    reading.defects.raise_if_any(DataError)
    return Choices(path.name, keys, choices, own)


def _keys(data: bytes, shown_as: str) -> dict[str, str]:
    """Key and value of the hidden sheet, the first row included."""
    try:
        table = read_workbook(data, shown_as, ReadOptions(sheet=KEYS))
    except DataError as error:
        if error.code != "unknown_sheet":
            raise
        raise _not_ours(shown_as) from None
    if len(table.columns) < 2:
        raise _not_ours(shown_as)
    names, values = table.columns[:2]
    rows = range(len(table.rows))
    keys = {names.header: values.header, **{found_text(names, k): found_text(values, k) for k in rows}}
    wanted = {
        "layout",
        "run",
        "allocation_sha256",
        "by",
        "group",
        "n_dossiers",
        *(f"choice.{key}" for key in CHOICES),
    }
    if not wanted <= set(keys) or not keys["n_dossiers"].isdecimal():
        raise _not_ours(shown_as)
    if keys["layout"] != LAYOUT:
        raise refuse(
            "choices", shown_as,
            f"ce classeur est de la disposition {keys['layout']}, et cette version lit la {LAYOUT}.",
            f"this workbook is of layout {keys['layout']}, and this version reads {LAYOUT}.",
            Text("Prenez la version de tnt-sim qui l'a écrit.", "Use the version of tnt-sim that wrote it."),
        )  # fmt: skip
    return keys


def _not_ours(shown_as: str) -> DataError:
    return refuse(
        "choices", shown_as, "ce n'est pas un classeur de choix.", "this is no workbook of choices.",
        Text(
            "Donnez les classeurs que `tnt-sim export DOSSIER --by department` a écrits, rendus remplis.",
            "Give the workbooks that `tnt-sim export RUN_DIR --by department` wrote, filled in.",
        ),
    )  # fmt: skip


def _sheet(data: bytes, shown_as: str, name: Text) -> RawTable:
    """A sheet under its French or its English name; rows that a filter hides are choices too."""
    for said in (name.fr, name.en):
        try:
            return read_workbook(data, shown_as, ReadOptions(sheet=said, hidden_rows=HiddenRows.KEEP))
        except DataError as error:
            if error.code != "unknown_sheet":
                raise
    raise _not_ours(shown_as)


@dataclass(frozen=True, slots=True)
class _Reading:
    """One sheet on its way to choices."""

    table: RawTable
    keys: Mapping[str, str]
    defects: Defects

    def check_heads(self) -> None:
        """The columns that are read stand where they were written."""
        found = {column.position: column.header for column in self.table.columns}
        for position, name in ((NUMBER, NAMES["dossier"]), (ENVELOPE, NAMES["envelope"]), (CHOICE, _CHOICE),
                               (CHOSEN, _CHOSEN)):  # fmt: skip
            if found.get(position) not in (name.fr, name.en):
                text = Text(
                    f"l'en-tête « {name.fr} » est attendu ici.", f'the header "{name.en}" is expected here.'
                )
                self._add("choices-header", 1, position, text, _RESTORE)

    def choice(self, index: int) -> Choice | None:
        """The choice of one row; None for a row without a number, or with a defect."""
        row, dossier = int(self.table.rows[index]), self._text(index, NUMBER)
        if not dossier:
            self._add("choices-number", row, NUMBER, _NO_NUMBER, _RESTORE)
            return None
        words = {self.keys[f"choice.{key}"].casefold(): key for key in CHOICES}
        said = self._text(index, CHOICE)
        if said.casefold() not in words:
            text = Text(f"« {said} » n'est pas un choix.", f'"{said}" is no choice.')
            self._add("choices-word", row, CHOICE, text, did_you_mean(said, words))
            return None
        before = len(self.defects.found)
        chosen, proposed, requested = (self._cents(index, k) for k in (CHOSEN, PROPOSED, REQUESTED))
        if len(self.defects.found) > before:
            return None
        return Choice(
            dossier, self._text(index, ENVELOPE), words[said.casefold()], chosen, proposed or 0, requested,
            self._text(index, REMARK), self.keys["group"], self._place(row, CHOICE, dossier),
        )  # fmt: skip

    def own(self, table: RawTable) -> dict[str, int]:
        """The own amount of each envelope that has one; the last row is the total."""
        other = _Reading(table, self.keys, self.defects)
        rows = range(len(table.rows))
        found = {other._text(k, 0): other._cents(k, _OWN) for k in rows}
        return {name: cents for name, cents in found.items() if cents is not None and name != "Total"}

    def _cents(self, index: int, position: int) -> int | None:
        row = int(self.table.rows[index])
        column = self.table.columns[position]
        place = (row, column.position)
        if self.table.marks.errors.get(place) or self.table.marks.formulas.get(place) is False:
            self._add("choices-amount", row, position, _NOT_CALCULATED)
            return None
        number = column.numbers[index] if column.numbers is not None else None
        text = found_text(column, index) if number is None else ""
        try:
            if number is not None:
                cents = parse_cents(repr(round(float(number), 2)))
                exact = abs(float(number) * 100 - cents) < 1e-4
            else:
                cents, exact = (parse_cents(text) if text else None), True  # type: ignore[assignment]
        except MoneyError as error:
            said = Text(
                f"« {text} » n'est pas un montant : {error.text.fr}.",
                f'"{text}" is no amount: {error.text.en}.',
            )
            self._add("choices-amount", row, position, said)
            return None
        if cents is not None and (cents < 0 or not exact):
            self._add("choices-amount", row, position, _ODD)
            return None
        return cents

    def _text(self, index: int, position: int) -> str:
        if position >= len(self.table.columns):
            return ""
        return found_text(self.table.columns[position], index) if position != REMARK else self._remark(index)

    def _remark(self, index: int) -> str:
        if len(self.table.columns) <= REMARK:  # taken out, as what nobody fills in may be
            return ""
        return str(self.table.columns[REMARK].text[index] or "").strip()

    def _place(self, row: int, position: int, dossier: str | None = None) -> Place:
        cell = f"{letters(position)}{row}"
        return Place(file=self.table.shown_as, sheet=self.table.sheet, cell=cell, dossier=dossier)

    def _add(self, code: str, row: int, position: int, text: Text, hint: Text | None = None) -> None:
        self.defects.add(code, text, self._place(row, position), hint=hint)


_CHOICE, _CHOSEN = Text("Choix", "Choice"), Text("Montant retenu", "Chosen amount")
_RESTORE = Text(
    "Ne déplacez ni colonne ni ligne : seules les colonnes Choix, Montant retenu et Remarque se remplissent.",
    "Move neither columns nor rows: only Choice, Chosen amount and Remark are filled in.",
)
_NO_NUMBER = Text("cette ligne n'a pas de numéro de dossier.", "this row has no dossier number.")
_NOT_CALCULATED = Text("cette cellule n'a pas de valeur calculée.", "this cell has no calculated value.")
_ODD = Text("un montant est positif et en centimes entiers.", "an amount is positive and of whole cents.")
