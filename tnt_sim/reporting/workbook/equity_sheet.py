"""Sheet « Équité »: classes of applicants, money per inhabitant and indices, as the annex of the decision note."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tnt_sim.analysis.equity.list_equity import ListEquity, compute_equity
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.i18n.message import Text, _
from tnt_sim.reporting.renderers.xlsx import Paper, Styles, add_sheet, set_up, write_columns, write_text
from tnt_sim.reporting.report_tree import Column
from tnt_sim.reporting.reports.equity import (
    DIMENSION,
    INDICES,
    SPLITS,
    build_class_columns,
    build_index_columns,
    build_split_columns,
    describe_heads,
    describe_success,
    describe_total,
    list_remarks,
)

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook

EQUITY = _("Equity")
FIRST_WIDTH = 44


def write_equity(book: Workbook, styles: Styles, run: StoredRun, paper: Paper) -> None:
    """Write the sheet of equity."""
    lang, equity = paper.lang, compute_equity(run.table, run.spec)
    sheet = add_sheet(book, EQUITY.in_(lang))
    write_text(sheet, 0, 0, EQUITY.in_(lang), styles.title)
    sheet.set_row(0, 24)
    row = 1
    for text in (describe_total(equity), *list_remarks(equity)):
        write_text(sheet, row, 0, text.in_(lang), styles.soft)
        row += 1
    for title, sentences, columns in _list_parts(equity):
        row += 1
        write_text(sheet, row, 0, title.in_(lang), styles.section)
        row += 1
        for text in sentences:
            write_text(sheet, row, 0, text.in_(lang), styles.soft)
            row += 1
        write_columns(sheet, styles, row, columns, lang)
        row += 1 + len(columns[0].values)
    sheet.set_column(0, 0, FIRST_WIDTH)
    set_up(sheet, Paper(paper.title, paper.foot, lang, repeat=None))


def _list_parts(equity: ListEquity) -> Iterator[tuple[Text, Sequence[Text], Sequence[Column]]]:
    """Yield the title, sentences and columns of each table."""
    yield DIMENSION[""], (), build_class_columns([equity.total])
    for dimension in equity.dimensions:
        words = (describe_heads(equity, dimension), describe_success(equity, dimension))
        columns = build_class_columns(equity.list_classes(dimension))
        yield DIMENSION[dimension], [text for text in words if text is not None], columns
    if equity.indices:
        yield INDICES, (), build_index_columns(equity)
    if equity.splits:
        yield SPLITS, (), build_split_columns(equity)
