"""The sheet « Paramètres »: values that `tnt-sim run SCENARIO --from-xlsx FILE` takes back, changed or not."""

from __future__ import annotations

import hashlib
from typing import Any

from tnt_sim.errors import Lang, Text
from tnt_sim.view.parameters import Parameter, ParameterKind, as_number, parameters
from tnt_sim.view.run_reader import StoredRun
from tnt_sim.view.sheet import INPUT, LINE, Paper, Styles, set_up, write_text
from tnt_sim.view.workbook_dossiers import NO, YES

NAME = Text("Paramètres", "Parameters")
HEADER_ROW = 4
"""The row of the headers, the first is 1."""

HEADS = (
    Text("Paramètre", "Parameter"),
    Text("Valeur", "Value"),
    Text("Valeur du calcul", "Value of the run"),
    Text("Chemin (--set)", "Path (--set)"),
    Text("Intitulé", "Title"),
    Text("Texte", "Text"),
    Text("Sceau", "Seal"),
)
"""From column A. The text of the run's value and the seal are hidden."""

_WIDTHS = (46, 20, 20, 40, 60, 10, 10)
_N_SHOWN = 5
_HELP = Text(
    "Changez la colonne B, enregistrez, puis : tnt-sim run {file} --from-xlsx CLASSEUR.xlsx",
    "Change column B, save, then: tnt-sim run {file} --from-xlsx WORKBOOK.xlsx",
)


def seal(label: str, path: str, text: str) -> str:
    """What binds a label, its path and the value of the run: eight characters in the last column."""
    return hashlib.sha256(f"{label}\t{path}\t{text}".encode()).hexdigest()[:8]


def write_parameters(book: Any, styles: Styles, run: StoredRun, paper: Paper) -> None:
    """The sheet: labels, values to change, paths, and the seal that tells a row that was changed otherwise."""
    lang = paper.lang
    sheet = book.add_worksheet(NAME.in_(lang))
    for k, width in enumerate(_WIDTHS):
        sheet.set_column(k, k, width, None, {"hidden": k >= _N_SHOWN})
    write_text(sheet, 0, 0, NAME.in_(lang), styles.title)
    sheet.set_row(0, 24)
    file = next(
        (entry["path"] for entry in run.summary["inputs"] if entry["kind"] == "scenario"), "scenario.yaml"
    )
    write_text(sheet, 1, 0, _HELP.in_(lang).format(file=file), styles.soft)
    for k, head in enumerate(HEADS):
        sheet.write_string(HEADER_ROW - 1, k, head.in_(lang), styles.head(right=k in (1, 2)))
    for row, parameter in enumerate(parameters(run.tree, lang), start=HEADER_ROW):
        _row(sheet, styles, row, parameter, lang)
    sheet.freeze_panes(HEADER_ROW, 1)
    set_up(sheet, Paper(paper.title, paper.foot, lang, repeat=HEADER_ROW - 1))


def _row(sheet: Any, styles: Styles, row: int, parameter: Parameter, lang: Lang) -> None:
    plain = styles.cell("text")
    write_text(sheet, row, 0, parameter.label, *plain)
    write_text(sheet, row, 3, parameter.path, *plain)
    write_text(sheet, row, 4, parameter.about, *styles.cell("text", wrap=True))
    write_text(sheet, row, 5, parameter.text, *plain)
    write_text(sheet, row, 6, seal(parameter.label, parameter.path, parameter.text), *plain)
    for column, shade in ((1, {"bg_color": INPUT}), (2, {})):
        write_value(sheet, styles, row, column, parameter, lang, shade)
    if parameter.kind is ParameterKind.FLAG:
        choices = {"validate": "list", "source": [YES.in_(lang), NO.in_(lang)]}
        sheet.data_validation(row, 1, row, 1, choices)


def write_value(
    sheet: Any, styles: Styles, row: int, column: int, parameter: Parameter, lang: Lang, shade: dict[str, Any]
) -> None:
    """The value of a parameter in a cell: a number where it is one, yes or no for a switch."""
    number = as_number(parameter)
    if parameter.kind is ParameterKind.FLAG:
        text = (YES if parameter.text == "true" else NO).in_(lang)
        sheet.write_string(row, column, text, styles.cell("text", align="right", **shade)[0])
    elif number is None:
        write_text(sheet, row, column, parameter.text, *styles.cell("text", align="right", **shade))
    else:
        kind = "rate" if parameter.kind is ParameterKind.RATE else parameter.kind.value
        style = styles.cell(kind, **shade)[0]
        if kind == "rate":
            style = styles.made(num_format="0.00######%", align="right", bottom=7, bottom_color=LINE, **shade)
        sheet.write_number(row, column, number, style)
