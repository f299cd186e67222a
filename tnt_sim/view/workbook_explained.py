"""The sheet « Explications »: what each rule does, and who would enter in which order, with what it would take."""

from __future__ import annotations

from typing import Any

from tnt_sim.errors import Text
from tnt_sim.view.report.explained import Explained
from tnt_sim.view.sheet import Paper, Styles, set_up, write_text
from tnt_sim.view.workbook_dossiers import NAMES, SheetColumn, set_widths, write_table

EXPLAINED = Text("Explications", "Explanations")


def write_explained(book: Any, styles: Styles, found: Explained, paper: Paper) -> None:
    """The sheet of an explanation."""
    lang = paper.lang
    sheet = book.add_worksheet(EXPLAINED.in_(lang))
    write_text(sheet, 0, 0, EXPLAINED.in_(lang), styles.title)
    sheet.set_row(0, 24)
    row = 1
    for text in found.notes:
        write_text(sheet, row, 0, text, styles.soft)
        row += 1
    row = _rules(sheet, styles, found, paper, row + 1)
    write_text(sheet, row, 0, Text("Qui entrerait, dans l'ordre", "Who would enter, in order").in_(lang),
               styles.section)  # fmt: skip
    names = {key: NAMES[key].in_(lang) for key in ("dossier", "envelope", "requested")}
    heads = (Text("Rang", "Rank").in_(lang), names["dossier"], names["envelope"], names["requested"],
             Text("Il manque", "Missing").in_(lang), NAMES["change"].in_(lang))  # fmt: skip
    widths = (28, 14, 16, 16, 16, 100)
    cells = list(zip(*found.reserve, strict=True)) or [()] * len(heads)
    columns = [
        SheetColumn(head, "text", list(values), width, wrap=k == 5)
        for k, (head, values, width) in enumerate(zip(heads, cells, widths, strict=True))
    ]
    write_table(sheet, styles, columns, row + 1, None, lang)
    set_widths(sheet, columns)
    set_up(sheet, Paper(paper.title, paper.foot, lang, repeat=row + 1))


def _rules(sheet: Any, styles: Styles, found: Explained, paper: Paper, row: int) -> int:
    """Who would enter and leave without each rule; the row after them."""
    if not found.rules:
        return row
    heads = (
        Text("Sans la règle…", "Without the rule…"),
        Text("entreraient", "would enter"),
        Text("sortiraient", "would leave"),
    )
    write_text(sheet, row, 0, Text("Ce que fait chaque règle", "What each rule does").in_(paper.lang),
               styles.section)  # fmt: skip
    for column, head in enumerate(heads):
        sheet.write_string(row + 1, column, head.in_(paper.lang), styles.head())
    for at, rule in enumerate(found.rules, start=row + 2):
        for column, text in enumerate(rule):
            write_text(sheet, at, column, text, styles.cell("text", wrap=True)[0])
    return row + 3 + len(found.rules)
