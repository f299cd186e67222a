"""Sheet « Paramètres »: editable amounts, bounds and switches, read back by `run --from-xlsx`.

Each row has a label, a value and its `--set` path. Reading returns the values that differ from the
scenario, as `--set` texts. Only the column of values may change: a label, path or hidden cell that
was changed is an error at its cell, since the value might then stand beside another parameter.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tnt_sim.disk import explain_refusal
from tnt_sim.domain.field_types import write_cents
from tnt_sim.domain.money import (
    MoneyError,
    convert_float_to_cents,
    list_signs,
    parse_cents,
    parse_decimal,
    parse_rate,
)
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.errors import DataError, Defects, Place, suggest_name
from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.i18n.numbers import get_currency
from tnt_sim.ingest.tables.raw_table import HiddenRows, RawTable, ReadOptions, format_letters
from tnt_sim.ingest.tables.workbooks import read_workbook
from tnt_sim.ingest.tables.zip_packages import refuse
from tnt_sim.reporting.renderers.xlsx import INPUT, LINE, Paper, Styles, add_sheet, set_up, write_text
from tnt_sim.reporting.workbook.dossier_sheet import NO, YES

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

BOUNDS = ("min", "max")
_LABELS = {
    "amount": _("Envelope {{name}}: amount"),
    "reserve": _("Envelope {{name}}: reserve"),
    "min_use": _("Envelope {{name}}: least use"),
    "min": _("Rule {{name}}: at least"),
    "max": _("Rule {{name}}: at most"),
    "off": _("Rule {{name}}: switched off"),
}


class ParameterKind(StrEnum):
    """Kind of a parameter's value."""

    MONEY = "money"
    RATE = "rate"
    NUMBER = "decimal"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value that a workbook may change.

    Attributes
    ----------
    path : `--set` path
    label : description in the workbook's language
    kind : kind of the value
    text : value as the scenario holds it
    about : its title, or its source
    """

    path: str
    label: str
    kind: ParameterKind
    text: str
    about: str = ""


def list_parameters(tree: Mapping[str, Any], lang: Lang) -> list[Parameter]:
    """List the parameters of a resolved scenario, in the order of its text."""
    return [
        *_list_envelope_parameters(tree["programme"], "programme", lang),
        *_list_rule_parameters(tree.get("rules") or (), lang),
    ]


def _list_envelope_parameters(envelope: Mapping[str, Any], path: str, lang: Lang) -> Iterator[Parameter]:
    name = str(envelope["id"])
    about = str(envelope.get("title") or "")
    kinds = {"amount": ParameterKind.MONEY, "reserve": ParameterKind.RATE, "min_use": ParameterKind.RATE}
    for key, kind in kinds.items():
        if envelope.get(key) is not None:
            label = _LABELS[key].in_(lang).format(name=name)
            yield Parameter(f"{path}.{key}", label, kind, str(envelope[key]), about)
    for child in envelope.get("envelopes") or ():
        yield from _list_envelope_parameters(child, f"envelopes.{child['id']}", lang)


def _list_rule_parameters(rules: Any, lang: Lang) -> Iterator[Parameter]:
    for rule in rules:
        name, about = str(rule["id"]), str(rule.get("title") or "")
        for key in BOUNDS:
            bound, path = rule.get(key), f"rules.{name}.{key}"
            if isinstance(bound, Mapping):
                bound, path = bound.get("share"), f"{path}.share"
            if bound is not None:
                label = _LABELS[key].in_(lang).format(name=name)
                yield Parameter(path, label, infer_kind(str(bound)), str(bound), about)
        off = "true" if str(rule.get("off", "false")).lower() == "true" else "false"
        yield Parameter(
            f"rules.{name}.off", _LABELS["off"].in_(lang).format(name=name), ParameterKind.FLAG, off, about
        )


def infer_kind(text: str) -> ParameterKind:
    """Infer the kind of a bound from its text: "25 %", "10 k€", 3."""
    if text.strip().endswith("%"):
        return ParameterKind.RATE
    amount = re.search(rf"{list_signs(get_currency())}|[kM]\s*$", text.strip())
    return ParameterKind.MONEY if amount else ParameterKind.NUMBER


def parse_exact(kind: ParameterKind, text: str) -> Fraction | str:
    """Parse a text exactly: cents, a fraction, a number, `true` or `false`."""
    match kind:
        case ParameterKind.MONEY:
            return Fraction(parse_cents(text))
        case ParameterKind.RATE:
            return parse_rate(text)
        case ParameterKind.NUMBER:
            return parse_decimal(text)
        case ParameterKind.FLAG:
            return text


def convert_to_number(parameter: Parameter) -> float | None:
    """Return the number shown in a cell; None if the text is not a number that can be read."""
    try:
        value = parse_exact(parameter.kind, parameter.text)
    except MoneyError:
        return None
    if isinstance(value, str):
        return None
    return float(value / 100) if parameter.kind is ParameterKind.MONEY else float(value)


def convert_to_text(kind: ParameterKind, number: float) -> str:
    """Write a cell's number as `--set` text."""
    if kind is ParameterKind.MONEY:
        cents = convert_float_to_cents(number)
        if cents is None:
            raise MoneyError("decimals")
        return write_cents(cents)
    plain = Decimal(repr(number))
    if kind is ParameterKind.RATE:
        return f"{_format_decimal(round(plain * 100, 10))} %"
    return _format_decimal(plain)


def _format_decimal(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


NAME = _("Parameters")
HEADER_ROW = 4
"""Row of the headers, counted from 1."""

HEADS = (
    _("Parameter"),
    _("Value"),
    _("Value of the run"),
    _("Path (--set)"),
    _("Title"),
    _("Text"),
    _("Seal"),
)
"""Headers from column A. The run's own text and the seal are hidden."""

_WIDTHS = (46, 20, 20, 40, 60, 10, 10)
_N_SHOWN = 5
_HELP = _("Change column B, save, then: tnt-sim run {{file}} --from-xlsx WORKBOOK.xlsx")


def seal(label: str, path: str, text: str) -> str:
    """Return an 8-character checksum of a label, its path and the run's value, for the last column."""
    return hashlib.sha256(f"{label}\t{path}\t{text}".encode()).hexdigest()[:8]


def write_parameters(book: Workbook, styles: Styles, run: StoredRun, paper: Paper) -> None:
    """Write the sheet: labels, editable values, paths, and the seal that reveals other changes of a row."""
    lang = paper.lang
    sheet = add_sheet(book, NAME.in_(lang))
    for k, width in enumerate(_WIDTHS):
        sheet.set_column(k, k, width, None, {"hidden": k >= _N_SHOWN})
    write_text(sheet, 0, 0, NAME.in_(lang), styles.title)
    sheet.set_row(0, 24)
    file = next((entry.path for entry in run.data.inputs if entry.kind == "scenario"), "scenario.yaml")
    write_text(sheet, 1, 0, _HELP.in_(lang).format(file=file), styles.soft)
    for k, head in enumerate(HEADS):
        sheet.write_string(HEADER_ROW - 1, k, head.in_(lang), styles.get_head_format(right=k in (1, 2)))
    for row, parameter in enumerate(list_parameters(run.tree, lang), start=HEADER_ROW):
        _write_row(sheet, styles, row, parameter, lang)
    sheet.freeze_panes(HEADER_ROW, 1)
    set_up(sheet, Paper(paper.title, paper.foot, lang, repeat=HEADER_ROW - 1))


def _write_row(sheet: Worksheet, styles: Styles, row: int, parameter: Parameter, lang: Lang) -> None:
    plain = styles.get_cell_formats("text")
    write_text(sheet, row, 0, parameter.label, *plain)
    write_text(sheet, row, 3, parameter.path, *plain)
    write_text(sheet, row, 4, parameter.about, *styles.get_cell_formats("text", wrap=True))
    write_text(sheet, row, 5, parameter.text, *plain)
    write_text(sheet, row, 6, seal(parameter.label, parameter.path, parameter.text), *plain)
    for column, shade in ((1, {"bg_color": INPUT}), (2, {})):
        write_value(sheet, styles, row, column, parameter, lang, shade)
    if parameter.kind is ParameterKind.FLAG:
        choices = {"validate": "list", "source": [YES.in_(lang), NO.in_(lang)]}
        sheet.data_validation(row, 1, row, 1, choices)


def write_value(
    sheet: Worksheet,
    styles: Styles,
    row: int,
    column: int,
    parameter: Parameter,
    lang: Lang,
    shade: dict[str, Any],
) -> None:
    """Write the value of a parameter: a number if possible, yes or no for a switch."""
    number = convert_to_number(parameter)
    if parameter.kind is ParameterKind.FLAG:
        text = (YES if parameter.text == "true" else NO).in_(lang)
        sheet.write_string(row, column, text, styles.get_cell_formats("text", align="right", **shade)[0])
    elif number is None:
        write_text(
            sheet, row, column, parameter.text, *styles.get_cell_formats("text", align="right", **shade)
        )
    else:
        kind = "rate" if parameter.kind is ParameterKind.RATE else parameter.kind.value
        style = styles.get_cell_formats(kind, **shade)[0]
        if kind == "rate":
            style = styles.get_format(
                num_format="0.00######%", align="right", bottom=7, bottom_color=LINE, **shade
            )
        sheet.write_number(row, column, number, style)


LABEL, VALUE, PATH, TEXT, SEAL = 0, 1, 3, 5, 6
_FLAGS = {**dict.fromkeys((YES.fr, YES.en, "true", "vrai"), "true"),
          **dict.fromkeys((NO.fr, NO.en, "false", "faux"), "false")}  # fmt: skip


def read_changed_parameters(file: Path, tree: Mapping[str, object]) -> list[str]:
    """Return the values of a workbook that differ from a resolved scenario, as `PATH=VALUE`."""
    shown_as = file.name
    table = _read_sheet(_read_bytes(file), shown_as)
    reading = _ParameterSheetReader(table, {p.path: p for p in list_parameters(tree, Lang.FR)}, Defects())
    reading.check_heads()
    reading.defects.raise_if_any(DataError)
    sets = [text for index in range(len(table.rows)) if (text := reading.read_row(index)) is not None]
    reading.defects.raise_if_any(DataError)
    return sets


def _read_bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        missing = _("there is no such file")
        why = missing if isinstance(error, FileNotFoundError) else explain_refusal(error)
        raise refuse(
            "unreadable",
            str(file),
            _("the workbook cannot be read: {why}.", why=why),
        ) from error


def _read_sheet(data: bytes, shown_as: str) -> RawTable:
    """Return the sheet by its French or English name."""
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
        _('the workbook has no sheet "{name}".', name=NAME),
        _("Give a workbook that `tnt-sim report` or `tnt-sim export --format xlsx` wrote."),
    )


@dataclass(frozen=True, slots=True)
class _ParameterSheetReader:
    """Reader of the sheet of parameters."""

    table: RawTable
    known: Mapping[str, Parameter]
    defects: Defects

    def check_heads(self) -> None:
        """Check that the columns are where they were written."""
        found = {column.position: column.header for column in self.table.columns}
        for position, head in enumerate(HEADS):
            if found.get(position) not in (head.fr, head.en):
                text = _('the header "{head}" is expected here.', head=head)
                place = Place(
                    file=self.table.shown_as,
                    sheet=self.table.sheet,
                    cell=f"{format_letters(position)}{HEADER_ROW}",
                )
                self.defects.add("parameter-header", text, place, hint=_RESTORE)

    def read_row(self, index: int) -> str | None:
        """Return the `PATH=VALUE` of one row; None if it changes nothing or has a defect."""
        label, path, text, mark = (self._read_text(index, k) for k in (LABEL, PATH, TEXT, SEAL))
        if not path and not mark:
            self._add("parameter-row", index, LABEL, _NOT_OURS)
            return None
        if seal(label, path, text) != mark:
            self._report_mismatch(index, label, path)
            return None
        if path not in self.known:
            said = _('the scenario has no "{path}".', path=path)
            self._add("parameter-path", index, PATH, said, suggest_name(path, self.known))
            return None
        kind = ParameterKind.FLAG if path.endswith(".off") else self._infer_kind(path, text)
        value = self._read_value(index, Parameter(path, label, kind, text))
        now = self.known[path]
        if value is None or parse_exact(kind, value) == parse_exact(now.kind, now.text):
            return None
        return f"{path}={value}"

    def _infer_kind(self, path: str, text: str) -> ParameterKind:
        return self.known[path].kind if infer_kind(text) is ParameterKind.NUMBER else infer_kind(text)

    def _report_mismatch(self, index: int, label: str, path: str) -> None:
        """Report a label, path or hidden cell that does not match the rest of its row."""
        ours = self.known.get(path)
        if ours is None:
            sentence = _('the path "{path}" is unknown.', path=path)
            self._add("parameter-path", index, PATH, sentence, suggest_name(path, self.known))
            return
        sentence = _(
            '"{label}" is not the name that went with "{path}": the row was changed.', label=label, path=path
        )
        self._add("parameter-label", index, LABEL, sentence, _RESTORE)

    def _read_value(self, index: int, was: Parameter) -> str | None:
        """Return the text of the value; the run's own text if the number is unchanged."""
        column = self.table.columns[VALUE]
        place = (int(self.table.rows[index]), column.position)
        if self.table.marks.errors.get(place) or self.table.marks.formulas.get(place) is False:
            self._add("parameter-value", index, VALUE, _NOT_CALCULATED)
            return None
        number = column.numbers[index] if column.numbers is not None else None
        if number is not None and was.kind is not ParameterKind.FLAG:
            return self._parse_number(index, was, float(number))
        text = self._read_text(index, VALUE) or self._get_odd_value(index)
        if was.kind is ParameterKind.FLAG:
            flag = _FLAGS.get(text.lower())
            if flag is None:
                self._add("parameter-value", index, VALUE, _NO_FLAG)
            return flag
        return self._parse_text(index, was, text)

    def _parse_number(self, index: int, was: Parameter, number: float) -> str | None:
        if number == convert_to_number(was):
            return was.text
        try:
            text = convert_to_text(was.kind, number)
        except MoneyError as error:
            self._report_error(index, was, str(number), error)
            return None
        return self._require_not_negative(index, was, text)

    def _parse_text(self, index: int, was: Parameter, text: str) -> str | None:
        if text == was.text:
            return text
        try:
            parse_exact(was.kind, text)
        except MoneyError as error:
            self._report_error(index, was, text, error)
            return None
        return self._require_not_negative(index, was, text)

    def _require_not_negative(self, index: int, was: Parameter, text: str) -> str | None:
        value = parse_exact(was.kind, text)
        if was.kind is ParameterKind.NUMBER or isinstance(value, str) or value >= 0:
            return text
        said = _('"{cell}" is negative.', cell=text)
        self._add("parameter-value", index, VALUE, said)
        return None

    def _report_error(self, index: int, was: Parameter, text: str, error: MoneyError) -> None:
        sentence = _("{error}.", error=error.text)
        if text:
            sentence = _('"{cell}": {error}.', cell=text, error=error.text)
        hint = _("The value of the run was {was}.", was=was.text)
        self._add("parameter-value", index, VALUE, sentence, hint)

    def _read_text(self, index: int, position: int) -> str:
        return self.table.columns[position].text[index] or ""

    def _get_odd_value(self, index: int) -> str:
        odd = self.table.columns[VALUE].odd
        return "" if odd is None else odd[index] or ""

    def _add(self, code: str, index: int, position: int, text: Text, hint: Text | None = None) -> None:
        cell = f"{format_letters(position)}{int(self.table.rows[index])}"
        place = Place(file=self.table.shown_as, sheet=self.table.sheet, cell=cell)
        self.defects.add(code, text, place, hint=hint)


_RESTORE = _("Change the column of values only; if need be write a new workbook with `tnt-sim report`.")
_NOT_OURS = _("this row is not a parameter of the workbook.")
_NOT_CALCULATED = _("the formula of this cell has no value.")
_NO_FLAG = _('"yes" or "no" is expected.')
