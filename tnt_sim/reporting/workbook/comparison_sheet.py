"""Sheet « Comparaison »: two runs side by side, with the applications that enter, leave or change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import polars as pl

from tnt_sim.engine.stored_run import StoredDocument, StoredRun
from tnt_sim.i18n.message import Text, _
from tnt_sim.reporting.renderers.xlsx import Paper, Styles, add_sheet, set_up, write_text
from tnt_sim.reporting.text.vocabulary import INHABITANTS
from tnt_sim.reporting.workbook.dossier_sheet import NAMES, SheetColumn, convert_to_euros, write_table
from tnt_sim.reporting.workbook.parameters import list_parameters, write_value

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from tnt_sim.reporting.renderers.column_sheet import ColumnSheet

ENTERS, LEAVES, CHANGES = _("enters"), _("leaves"), _("changes")
_WIDTHS = (14, 40, 26, 17, 17, 17, 12)
_TOTALS = (
    ("amount_cents", _("Envelope")),
    ("granted_cents", _("Granted")),
    ("unspent_cents", _("Left")),
    ("n_dossiers", _("Applications filed")),
    ("n_eligible", _("Eligible applications")),
    ("n_funded", _("Funded applications")),
)
_PEOPLE = ("inhabitants", INHABITANTS)
"""Row shown only if both scenarios name a map."""


def write_comparison(
    book: Workbook, styles: Styles, run: StoredRun, other: StoredRun, paper: Paper, name: str
) -> None:
    """Write the second run against the first: inputs, totals, envelopes, applications.

    Differences are formulas.
    """
    lang = paper.lang
    colon = _(": ").in_(lang)
    sheet = add_sheet(book, name)
    for k, width in enumerate(_WIDTHS):
        sheet.set_column(k, k, width)
    write_text(sheet, 0, 0, _("Comparison").in_(lang), styles.title)
    sheet.set_row(0, 24)
    write_text(sheet, 1, 0, f"A{colon}{run.name} · {run.title}", styles.soft)
    write_text(sheet, 2, 0, f"B{colon}{other.name} · {other.title}", styles.soft)
    row = _write_parameters(sheet, styles, run, other, paper, 4)
    row = _write_totals(sheet, styles, run.data, other.data, paper, row + 1)
    row = _write_envelopes(sheet, styles, run, other, paper, row + 1)
    _write_dossiers(sheet, styles, run, other, paper, row + 1)
    set_up(sheet, Paper(paper.title, paper.foot, lang, repeat=None))


def _write_heads(
    sheet: Worksheet, styles: Styles, row: int, title: Text, paper: Paper, *, difference: bool = True
) -> int:
    """Write the title and headers of a part; return the row of its first line."""
    write_text(sheet, row, 0, title.in_(paper.lang), styles.section)
    named = ["", "", "", "A", "B", *([_("Difference").in_(paper.lang)] if difference else [])]
    for k, head in enumerate(named):
        sheet.write_string(row + 1, k, head, styles.get_head_format(right=k > 2))
    return row + 2


def _write_parameters(
    sheet: Worksheet, styles: Styles, stored: StoredRun, other: StoredRun, paper: Paper, row: int
) -> int:
    title = _("Parameters that differ")
    at = _write_heads(sheet, styles, row, title, paper, difference=False)
    own, theirs = ({p.path: p for p in list_parameters(run.tree, paper.lang)} for run in (stored, other))
    differ = [path for path in {**own, **theirs} if _get_text(own, path) != _get_text(theirs, path)]
    for path in differ:
        write_text(sheet, at, 0, (own.get(path) or theirs[path]).label, styles.get_cell_formats("text")[0])
        for k in (1, 2):
            sheet.write_blank(at, k, None, styles.get_cell_formats("text")[0])
        for k, known in ((3, own), (4, theirs)):
            if path in known:
                write_value(sheet, styles, at, k, known[path], paper.lang, {})
            else:
                write_text(sheet, at, k, "–", styles.get_cell_formats("text", align="right")[0])
        at += 1
    if not differ:
        same = _("none: something else differs")
        write_text(sheet, at, 0, same.in_(paper.lang), styles.soft)
        at += 1
    return at


def _get_text(known: Mapping[str, Any], path: str) -> str:
    return known[path].text if path in known else "–"


def _write_totals(
    sheet: Worksheet, styles: Styles, own: StoredDocument, other: StoredDocument, paper: Paper, row: int
) -> int:
    at = _write_heads(sheet, styles, row, _("Totals"), paper)
    known = own.inhabitants is not None and other.inhabitants is not None
    for key, title in (*_TOTALS, *([_PEOPLE] if known else [])):
        _write_pair(
            sheet,
            styles,
            at,
            (title.in_(paper.lang), ""),
            getattr(own, key),
            getattr(other, key),
            money=key.endswith("_cents"),
        )
        at += 1
    return at


def _write_envelopes(
    sheet: Worksheet, styles: Styles, stored: StoredRun, other: StoredRun, paper: Paper, row: int
) -> int:
    at = _write_heads(sheet, styles, row, _("Granted by envelope"), paper)
    own, theirs = ({entry.id: entry for entry in run.envelopes} for run in (stored, other))
    for name in {**own, **theirs}:
        known = own.get(name) or theirs[name]
        granted = [run[name].granted_cents if name in run else None for run in (own, theirs)]
        _write_pair(sheet, styles, at, (name, known.title), *granted, money=True)
        at += 1
    return at


def _write_pair(
    sheet: Worksheet, styles: Styles, row: int, names: tuple[str, str], left: Any, other: Any, *, money: bool
) -> None:
    kind = "money" if money else "count"
    style = styles.get_cell_formats(kind)[0]
    for k, text in enumerate((*names, "")):
        write_text(sheet, row, k, text, styles.get_cell_formats("text")[0])
    for k, value in ((3, left), (4, other)):
        if value is None:
            sheet.write_blank(row, k, None, style)
        else:
            sheet.write_number(row, k, value / 100 if money else value, style)
    apart = (other or 0) - (left or 0)
    sheet.write_formula(row, 5, f"=ROUND(E{row + 1}-D{row + 1},2)", style, apart / 100 if money else apart)


def list_moves(stored: StoredRun, other: StoredRun) -> pl.DataFrame:
    """Return the applications whose grant differs, in the order of the first run.

    Columns: dossier, title, applicant, a_cents, b_cents.
    """
    columns = ("dossier", "title", "applicant", "granted_cents")
    mine, theirs = (run.table.filter("funded").select(columns) for run in (stored, other))
    both = mine.join(
        theirs, on="dossier", how="full", coalesce=True, suffix="_b", maintain_order="left_right"
    )
    apart = both.filter(pl.col("granted_cents").ne_missing(pl.col("granted_cents_b")))
    return apart.select(
        "dossier",
        pl.coalesce("title", "title_b").alias("title"),
        pl.coalesce("applicant", "applicant_b").alias("applicant"),
        pl.col("granted_cents").alias("a_cents"),
        pl.col("granted_cents_b").alias("b_cents"),
    )


def _write_dossiers(
    sheet: ColumnSheet, styles: Styles, run: StoredRun, other: StoredRun, paper: Paper, row: int
) -> None:
    lang, apart = paper.lang, list_moves(run, other)
    n_in, n_out = apart["a_cents"].null_count(), apart["b_cents"].null_count()
    title = _(
        "Applications: {n_in} enter, {n_out} leave, {height} change their amount",
        n_in=n_in,
        n_out=n_out,
        height=apart.height - n_in - n_out,
    )
    write_text(sheet, row, 0, title.in_(lang), styles.section)
    names = {key: text.in_(lang) for key, text in NAMES.items()}
    words = [_classify_move(a, b).in_(lang) for a, b in apart.select("a_cents", "b_cents").iter_rows()]
    columns = [
        SheetColumn(names["dossier"], "text", apart["dossier"].to_list(), 14),
        SheetColumn(names["title"], "text", apart["title"].to_list(), 40, wrap=True),
        SheetColumn(names["applicant"], "text", apart["applicant"].to_list(), 26, wrap=True),
        SheetColumn("A", "money", convert_to_euros(apart["a_cents"]), 17),
        SheetColumn("B", "money", convert_to_euros(apart["b_cents"]), 17),
        SheetColumn(_("Difference").in_(lang), "money", [None] * apart.height, 17),
        SheetColumn(_("Move").in_(lang), "text", words, 12),
    ]
    write_table(sheet, styles, columns, row + 1, None, lang)
    for at, (a, b) in enumerate(apart.select("a_cents", "b_cents").iter_rows(), start=row + 2):
        value = ((b or 0) - (a or 0)) / 100
        sheet.write_formula(
            at, 5, f"=ROUND(N(E{at + 1})-N(D{at + 1}),2)", styles.get_cell_formats("money")[0], value
        )
    sheet.autofilter(row + 1, 0, row + 1 + max(apart.height, 1), len(columns) - 1)


def _classify_move(a: int | None, b: int | None) -> Text:
    if a is None:
        return ENTERS
    return LEAVES if b is None else CHANGES
