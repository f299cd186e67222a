"""The sheet « Paramètres » read back: which values differ from those of a scenario, as `--set` texts.

A planner changes the column of values. A label, a path or a hidden cell that was changed is an error at its cell,
since the value may then stand beside another parameter's name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tnt_sim.disk import why_of
from tnt_sim.errors import DataError, Defects, Lang, Place, Text, did_you_mean
from tnt_sim.formats.options import HiddenRows, ReadOptions
from tnt_sim.formats.package import refuse
from tnt_sim.formats.raw import RawTable, letters
from tnt_sim.formats.workbook import read_workbook
from tnt_sim.money import MoneyError
from tnt_sim.view.parameters import Parameter, ParameterKind, as_number, as_text, exact, kind_of, parameters
from tnt_sim.view.workbook_dossiers import NO, YES
from tnt_sim.view.workbook_params import HEADER_ROW, HEADS, NAME, seal

LABEL, VALUE, PATH, TEXT, SEAL = 0, 1, 3, 5, 6
_FLAGS = {**dict.fromkeys((YES.fr, YES.en, "true", "vrai"), "true"),
          **dict.fromkeys((NO.fr, NO.en, "false", "faux"), "false")}  # fmt: skip


def changed_parameters(file: Path, tree: Mapping[str, Any]) -> list[str]:
    """The values of a workbook that are not those of a resolved scenario, as `PATH=VALUE`.

    Raises
    ------
    DataError
        Every cell that cannot be taken, each with sheet and cell.
    """
    shown_as = file.name
    table = _sheet(_bytes(file), shown_as)
    reading = _Reading(table, {p.path: p for p in parameters(tree, Lang.FR)}, Defects())
    reading.check_heads()
    reading.defects.raise_if_any(DataError)
    sets = [text for index in range(len(table.rows)) if (text := reading.row(index)) is not None]
    reading.defects.raise_if_any(DataError)
    return sets


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        missing = Text("ce fichier n'existe pas", "there is no such file")
        why = missing if isinstance(error, FileNotFoundError) else why_of(error)
        raise refuse(
            "unreadable",
            str(file),
            f"le classeur ne peut pas être lu : {why.fr}.",
            f"the workbook cannot be read: {why.en}.",
        ) from error


def _sheet(data: bytes, shown_as: str) -> RawTable:
    """The sheet under its French or its English name."""
    for name in (NAME.fr, NAME.en):
        options = ReadOptions(sheet=name, header_row=HEADER_ROW, hidden_rows=HiddenRows.KEEP)
        try:
            return read_workbook(data, shown_as, options)
        except DataError as error:
            if error.code != "unknown_sheet":
                raise
    raise refuse(
        "no-parameters",
        shown_as,
        f"le classeur n'a pas de feuille « {NAME.fr} ».",
        f'the workbook has no sheet "{NAME.en}".',
        Text(
            "Donnez un classeur que `tnt-sim report` ou `tnt-sim export --format xlsx` a écrit.",
            "Give a workbook that `tnt-sim report` or `tnt-sim export --format xlsx` wrote.",
        ),
    )


@dataclass(frozen=True, slots=True)
class _Reading:
    """One sheet on its way to `--set` texts."""

    table: RawTable
    known: Mapping[str, Parameter]
    defects: Defects

    def check_heads(self) -> None:
        """The columns stand where they were written."""
        found = {column.position: column.header for column in self.table.columns}
        for position, head in enumerate(HEADS):
            if found.get(position) not in (head.fr, head.en):
                text = Text(
                    f"l'en-tête « {head.fr} » est attendu ici.", f'the header "{head.en}" is expected here.'
                )
                place = Place(
                    file=self.table.shown_as, sheet=self.table.sheet, cell=f"{letters(position)}{HEADER_ROW}"
                )
                self.defects.add("parameter-header", text, place, hint=_RESTORE)

    def row(self, index: int) -> str | None:
        """The `PATH=VALUE` of one row; None when it changes nothing or has a defect."""
        label, path, text, mark = (self._text(index, k) for k in (LABEL, PATH, TEXT, SEAL))
        if not path and not mark:
            self._add("parameter-row", index, LABEL, _NOT_OURS)
            return None
        if seal(label, path, text) != mark:
            self._moved(index, label, path)
            return None
        if path not in self.known:
            said = Text(f"le scénario n'a pas de « {path} ».", f'the scenario has no "{path}".')
            self._add("parameter-path", index, PATH, said, did_you_mean(path, self.known))
            return None
        kind = ParameterKind.FLAG if path.endswith(".off") else self._kind(path, text)
        value = self._value(index, Parameter(path, label, kind, text))
        now = self.known[path]
        if value is None or exact(kind, value) == exact(now.kind, now.text):
            return None
        return f"{path}={value}"

    def _kind(self, path: str, text: str) -> ParameterKind:
        return self.known[path].kind if kind_of(text) is ParameterKind.NUMBER else kind_of(text)

    def _moved(self, index: int, label: str, path: str) -> None:
        """A label, a path or a hidden cell is not the one that was written beside the others."""
        ours = self.known.get(path)
        if ours is None:
            said = Text(f"le chemin « {path} » n'est pas connu.", f'the path "{path}" is unknown.')
            self._add("parameter-path", index, PATH, said, did_you_mean(path, self.known))
            return
        said = Text(
            f"« {label} » n'est pas le nom qui allait avec « {path} » : la ligne a été modifiée.",
            f'"{label}" is not the name that went with "{path}": the row was changed.',
        )
        self._add("parameter-label", index, LABEL, said, _RESTORE)

    def _value(self, index: int, was: Parameter) -> str | None:
        """The text of the value; the run's own text when the number is the one that was written."""
        column = self.table.columns[VALUE]
        place = (int(self.table.rows[index]), column.position)
        if self.table.marks.errors.get(place) or self.table.marks.formulas.get(place) is False:
            self._add("parameter-value", index, VALUE, _NOT_CALCULATED)
            return None
        number = column.numbers[index] if column.numbers is not None else None
        if number is not None and was.kind is not ParameterKind.FLAG:
            return self._of_number(index, was, float(number))
        text = self._text(index, VALUE) or self._odd(index)
        if was.kind is ParameterKind.FLAG:
            flag = _FLAGS.get(text.lower())
            if flag is None:
                self._add("parameter-value", index, VALUE, _NO_FLAG)
            return flag
        return self._of_text(index, was, text)

    def _of_number(self, index: int, was: Parameter, number: float) -> str | None:
        if number == as_number(was):
            return was.text
        try:
            text = as_text(was.kind, number)
        except MoneyError as error:
            self._refused(index, was, str(number), error)
            return None
        return self._not_negative(index, was, text)

    def _of_text(self, index: int, was: Parameter, text: str) -> str | None:
        if text == was.text:
            return text
        try:
            exact(was.kind, text)
        except MoneyError as error:
            self._refused(index, was, text, error)
            return None
        return self._not_negative(index, was, text)

    def _not_negative(self, index: int, was: Parameter, text: str) -> str | None:
        value = exact(was.kind, text)
        if was.kind is ParameterKind.NUMBER or isinstance(value, str) or value >= 0:
            return text
        said = Text(f"« {text} » est négatif.", f'"{text}" is negative.')
        self._add("parameter-value", index, VALUE, said)
        return None

    def _refused(self, index: int, was: Parameter, shown: str, error: MoneyError) -> None:
        head = f"« {shown} » : " if shown else ""
        said = Text(f"{head}{error.text.fr}.", f"{head}{error.text.en}.")
        hint = Text(f"La valeur du calcul était {was.text}.", f"The value of the run was {was.text}.")
        self._add("parameter-value", index, VALUE, said, hint)

    def _text(self, index: int, position: int) -> str:
        return self.table.columns[position].text[index] or ""

    def _odd(self, index: int) -> str:
        odd = self.table.columns[VALUE].odd
        return "" if odd is None else odd[index] or ""

    def _add(self, code: str, index: int, position: int, text: Text, hint: Text | None = None) -> None:
        cell = f"{letters(position)}{int(self.table.rows[index])}"
        place = Place(file=self.table.shown_as, sheet=self.table.sheet, cell=cell)
        self.defects.add(code, text, place, hint=hint)


_RESTORE = Text(
    "Ne changez que la colonne des valeurs ; écrivez au besoin un nouveau classeur avec `tnt-sim report`.",
    "Change the column of values only; if need be write a new workbook with `tnt-sim report`.",
)
_NOT_OURS = Text(
    "cette ligne n'est pas un paramètre du classeur.", "this row is no parameter of the workbook."
)
_NOT_CALCULATED = Text(
    "la formule de cette cellule n'a pas de valeur.", "the formula of this cell has no value."
)
_NO_FLAG = Text("« oui » ou « non » est attendu.", '"yes" or "no" is expected.')
