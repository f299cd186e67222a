"""Sheets that list applications: one per envelope, the reserve, and « Explications » (effects of the rules)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

import polars as pl

from tnt_sim.engine.stored_run import NODE, StoredRun
from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.reporting.renderers.xlsx import (
    SOFT,
    Paper,
    Styles,
    add_sheet,
    choose_sheet_name,
    set_up,
    write_text,
)
from tnt_sim.reporting.reports.decision_table import BASE, RATE
from tnt_sim.reporting.reports.envelope_table import MOST_CHILDREN, Outlet, get_figure, list_columns
from tnt_sim.reporting.reports.explanation import Explained
from tnt_sim.reporting.workbook.dossier_sheet import (
    NAMES,
    SheetColumn,
    convert_to_euros,
    format_flags,
    set_widths,
    write_table,
)
from tnt_sim.reporting.workbook.summary_sheet import SumFormulas, convert_figure, write_figure

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

EXPLAINED = _("Explanations")


def write_explained(book: Workbook, styles: Styles, explained: Explained, paper: Paper) -> None:
    """Write the sheet of an explanation."""
    lang = paper.lang
    sheet = add_sheet(book, EXPLAINED.in_(lang))
    write_text(sheet, 0, 0, EXPLAINED.in_(lang), styles.title)
    sheet.set_row(0, 24)
    row = 1
    for text in explained.notes:
        write_text(sheet, row, 0, text, styles.soft)
        row += 1
    row = _write_rules(sheet, styles, explained, paper, row + 1)
    write_text(sheet, row, 0, _("Who would enter, in order").in_(lang),
               styles.section)  # fmt: skip
    names = {key: NAMES[key].in_(lang) for key in ("dossier", "envelope", "requested")}
    heads = (_("Rank").in_(lang), names["dossier"], names["envelope"], names["requested"],
             _("Missing").in_(lang), NAMES["change"].in_(lang))  # fmt: skip
    widths = (28, 14, 16, 16, 16, 100)
    cells = list(zip(*explained.reserve, strict=True)) or [()] * len(heads)
    columns = [
        SheetColumn(head, "text", list(values), width, wrap=k == 5)
        for k, (head, values, width) in enumerate(zip(heads, cells, widths, strict=True))
    ]
    write_table(sheet, styles, columns, row + 1, None, lang)
    set_widths(sheet, columns)
    set_up(sheet, Paper(paper.title, paper.foot, lang, repeat=row + 1))


def _write_rules(sheet: Worksheet, styles: Styles, explained: Explained, paper: Paper, row: int) -> int:
    """Write who would enter and leave without each rule; return the row after them."""
    if not explained.rules:
        return row
    heads = (
        _("Without the rule…"),
        _("would enter"),
        _("would leave"),
    )
    write_text(sheet, row, 0, _("What each rule does").in_(paper.lang),
               styles.section)  # fmt: skip
    for column, head in enumerate(heads):
        sheet.write_string(row + 1, column, head.in_(paper.lang), styles.get_head_format())
    for at, rule in enumerate(explained.rules, start=row + 2):
        for column, text in enumerate(rule):
            write_text(sheet, at, column, text, styles.get_cell_formats("text", wrap=True)[0])
    return row + 3 + len(explained.rules)


MOST_SHEETS = 40
"""Most envelopes with a sheet each; beyond, there are none and the filters of « Dossiers » serve."""
_TOP = 6
_FIRST = 3


def select_envelopes(run: StoredRun) -> list[int]:
    """Return the envelopes that get a sheet: those with applications; the parts of a large split share one."""
    placed = run.table[NODE].drop_nulls().unique().sort().to_list()
    children = Counter(entry.parent for entry in run.envelopes)
    at = {entry.id: k for k, entry in enumerate(run.envelopes)}
    result: dict[int, None] = {}
    for node in placed:
        parent = run.envelopes[node].parent
        crowded = parent is not None and children[parent] > MOST_CHILDREN
        result[at[parent] if crowded else node] = None
    return sorted(result) if len(result) <= MOST_SHEETS else []


def write_envelopes(
    book: Workbook, styles: Styles, run: StoredRun, table: pl.DataFrame, paper: Paper, taken: set[str]
) -> None:
    """Write a sheet per envelope: figures as formulas over « Dossiers », and its applications, funded first."""
    for node in select_envelopes(run):
        under = table.filter((pl.col(NODE) >= node) & (pl.col(NODE) < run.ends[node]))
        sheet = add_sheet(book, choose_sheet_name(run.envelopes[node].id, taken))
        _write_head(sheet, styles, run, node, paper.lang)
        ordered = under.sort("funded", descending=True, maintain_order=True)
        columns = list(_build_list_columns(ordered, paper.lang))
        write_table(sheet, styles, columns, _TOP, None, paper.lang)
        set_widths(sheet, columns)
        sheet.autofilter(_TOP, 0, _TOP + max(ordered.height, 1), len(columns) - 1)
        sheet.freeze_panes(_TOP + 1, 1)
        title = f"{run.get_title(node)} – {paper.title}"
        set_up(sheet, Paper(title, paper.foot, paper.lang, repeat=_TOP))


def _write_head(sheet: Worksheet, styles: Styles, run: StoredRun, node: int, lang: Lang) -> None:
    from xlsxwriter.utility import xl_rowcol_to_cell

    entry, sums = run.envelopes[node], SumFormulas(lang)
    write_text(sheet, 0, 0, run.get_title(node), styles.title)
    sheet.set_row(0, 24)
    why = entry.unspent_because if entry.unspent_cents else ""
    write_text(sheet, 1, 0, why or "", styles.soft)
    first, last = str(node + 1), str(run.ends[node])
    label = styles.get_format(font_color=SOFT, align="right")
    columns = list_columns(Outlet.WORKBOOK, [entry])
    cells = {column.key: xl_rowcol_to_cell(4, at) for at, column in enumerate(columns, start=_FIRST)}
    for at, column in enumerate(columns, start=_FIRST):
        value = convert_figure(column, get_figure(entry, column.key))
        if value is None:
            continue
        number = styles.numbers["money" if column.is_money else "count"]
        style = styles.get_format(num_format=number, align="right", bold=True)
        sheet.write_string(3, at, column.head.in_(lang), label)
        formula = sums.build_formula(column.key, first, last, cells.__getitem__)
        write_figure(sheet, 4, at, formula, value, style)


def _build_list_columns(table: pl.DataFrame, lang: Lang) -> Iterator[SheetColumn]:
    """Yield the columns of a list."""
    names = {key: text.in_(lang) for key, text in NAMES.items()}
    yield SheetColumn(names["dossier"], "text", table["dossier"].to_list(), 13)
    yield SheetColumn(names["applicant"], "text", table["applicant"].to_list(), 26, wrap=True)
    yield SheetColumn(names["title"], "text", table["title"].to_list(), 42, wrap=True)
    yield SheetColumn(names["base"], "money", convert_to_euros(table[BASE]), 16)
    yield SheetColumn(names["requested"], "money", convert_to_euros(table["requested_cents"]), 16)
    yield SheetColumn(names["granted"], "money", convert_to_euros(table["granted_cents"]), 16)
    yield SheetColumn(names["rate"], "rate", table[RATE].to_list(), 9)
    yield SheetColumn(names["funded"], "text", format_flags(table["funded"], lang), 9)
    yield SheetColumn(names["reason"], "text", table["reason"].to_list(), 60, wrap=True)


def write_reserve(book: Workbook, styles: Styles, run: StoredRun, paper: Paper, name: str) -> None:
    """Write the reserve list in its order, or why there is none."""
    lang = paper.lang
    sheet = add_sheet(book, name)
    write_text(sheet, 0, 0, _("Reserve list").in_(lang), styles.title)
    sheet.set_row(0, 24)
    listed = run.table.filter(pl.col("reserve_rank").is_not_null()).sort("reserve_rank") if (
        "reserve_rank" in run.table.columns) else run.table.clear()  # fmt: skip
    write_text(sheet, 1, 0, _describe_reserve(run, listed.height).in_(lang), styles.soft)
    set_up(sheet, Paper(paper.title, paper.foot, lang, repeat=3 if listed.height else None))
    if not listed.height:
        return
    names = {key: text.in_(lang) for key, text in NAMES.items()}
    columns = [
        SheetColumn(_("Rank").in_(lang), "count", listed["reserve_rank"].to_list(), 7),
        SheetColumn(names["dossier"], "text", listed["dossier"].to_list(), 13),
        SheetColumn(names["applicant"], "text", listed["applicant"].to_list(), 28, wrap=True),
        SheetColumn(names["title"], "text", listed["title"].to_list(), 50, wrap=True),
        SheetColumn(names["envelope"], "text", listed["envelope"].to_list(), 16),
        SheetColumn(_("Would get").in_(lang), "money", convert_to_euros(listed["reserve_cents"]), 16),
    ]
    write_table(sheet, styles, columns, 3, None, lang)
    set_widths(sheet, columns)
    sheet.freeze_panes(4, 2)
    last = 4 + listed.height
    sheet.write_string(last, 1, "Total", styles.get_total_format("text"))
    total = int(listed["reserve_cents"].sum()) / 100
    sheet.write_formula(last, 5, f"=SUM(F5:F{last})", styles.get_total_format("money"), total)


def _describe_reserve(run: StoredRun, n_listed: int) -> Text:
    held = any(entry.reserved_cents for entry in run.envelopes)
    if n_listed:
        return _("To fund in this order if the reserve is freed; nothing is promised to these applications.")
    if held:
        return _("Money is held in reserve, but no application can take it.")
    return _("No envelope of this scenario has a reserve.")
