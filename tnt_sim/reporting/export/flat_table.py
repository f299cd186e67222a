"""Flat table for an export: named columns of one kind each, written as CSV or as a worksheet.

The module also lists what an accountant or a publisher should check in an export, by application,
with what to do.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import polars as pl

from tnt_sim.engine.award_list import format_euros, guard_formulas
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.i18n.message import Lang, Text, _n
from tnt_sim.ingest.tables.cell_types import select_wrong_identifiers
from tnt_sim.reporting.renderers.xlsx import (
    Paper,
    Styles,
    add_sheet,
    close,
    create_workbook,
    set_up,
    write_column,
)
from tnt_sim.reporting.reports.decision_table import DECISION, ApplicantDecision, build_decision_table

if TYPE_CHECKING:
    from xlsxwriter.worksheet import Worksheet

_SIRET = r"^[0-9]{14}$"
_NAMED = 20


def select_without_siret(table: pl.DataFrame) -> pl.Series:
    """Return which rows have no 14-digit SIRET for their applicant, Boolean (n,)."""
    return ~table["applicant_id"].fill_null("").str.contains(_SIRET)


def list_siret_remarks(run: StoredRun) -> list[Text]:
    """List the newly funded applications without a SIRET, and those with a wrong check digit."""
    table = build_decision_table(run).filter(pl.col(DECISION) == ApplicantDecision.FUNDED.value)
    absent = select_without_siret(table)
    remarks = []
    if absent.any():
        remarks.append(
            _n(
                '"Tiers" is not a SIRET of 14 digits for {n} application: {names}. Complete applicant_id '
                "in the table, or the line before it is entered.",
                '"Tiers" is not a SIRET of 14 digits for {n} applications: {names}. Complete '
                "applicant_id in the table, or the line before it is entered.",
                n=int(absent.sum()),
                names=_format_names(table.filter(absent)),
            )
        )
    return remarks + list_check_digit_remarks(table)


def list_check_digit_remarks(table: pl.DataFrame) -> list[Text]:
    """List the applications whose SIRET has a wrong check digit; the exception for La Poste is applied."""
    wrong = ~select_without_siret(table) & select_wrong_identifiers(table["applicant_id"].fill_null(""))
    if not wrong.any():
        return []
    return [
        _n(
            "The SIRET has a wrong check digit for {n} application: {names}. Check it on "
            "annuaire-entreprises.data.gouv.fr.",
            "The SIRET has a wrong check digit for {n} applications: {names}. Check it on "
            "annuaire-entreprises.data.gouv.fr.",
            n=int(wrong.sum()),
            names=_format_names(table.filter(wrong)),
        )
    ]


def list_missing_date_remarks(dossiers: pl.DataFrame) -> list[Text]:
    """List the earlier commitments without a date of their own."""
    if not dossiers.height:
        return []
    names = _format_names(dossiers)
    return [
        _n(
            "No day of agreement for {n} application committed before: {names}. The day of the "
            "decision is written, since the schema wants a day; give a column notified_at or "
            "dateConvention in the table.",
            "No day of agreement for {n} applications committed before: {names}. The day of the "
            "decision is written, since the schema wants a day; give a column notified_at or "
            "dateConvention in the table.",
            n=dossiers.height,
            names=names,
        )
    ]


def _format_names(table: pl.DataFrame) -> str:
    names = table["dossier"].head(_NAMED).to_list()
    more = table.height - len(names)
    return ", ".join(names) + (f", … (+{more})" if more else "")


BOM = "\ufeff".encode()


class CellKind(StrEnum):
    """Kind of the cells of a column."""

    TEXT = "text"
    MONEY = "money"
    """Integer cents, written as euros with two decimals."""
    RATE = "rate"
    """Float, 0.5 for 50 %."""
    PERCENT = "percent"
    """Float, 0.5 for 50 %, written as 50.00."""
    COUNT = "count"
    DAY = "day"


class CsvStyle(StrEnum):
    """CSV dialect: for a French Excel (`;`, decimal comma, BOM) or international (`,`, decimal point)."""

    FR = "fr"
    INTL = "intl"


@dataclass(frozen=True, eq=False)
class FlatColumn:
    """One column: header, kind, cells, and its width in a worksheet."""

    header: str
    kind: CellKind
    values: pl.Series
    width: float = 14
    decimals: int = 2


@dataclass(frozen=True, slots=True)
class FlatText:
    """A text about the whole table: below it in a worksheet, a column of each row in CSV."""

    header: str
    text: str


@dataclass(frozen=True, eq=False)
class Flat:
    """Table with the texts printed above and below it.

    Attributes
    ----------
    columns : of equal length
    title : above each printed page
    foot : below each printed page, left
    total : whether a worksheet ends with the sums of its amounts
    closing : text about the whole table
    """

    columns: Sequence[FlatColumn]
    title: Text
    foot: str
    total: bool = False
    closing: FlatText | None = None

    @property
    def height(self) -> int:
        """Return the number of rows."""
        return len(self.columns[0].values)


def encode_csv(flat: Flat, style: CsvStyle) -> bytes:
    """Write the table as CSV; text that a spreadsheet would read as a formula is prefixed by ``'``."""
    columns = list(flat.columns)
    if flat.closing is not None:
        text = pl.Series("closing", [flat.closing.text], dtype=pl.String).new_from_index(0, flat.height)
        columns.append(FlatColumn(flat.closing.header, CellKind.TEXT, text))
    cells = pl.DataFrame([_format_column(column).alias(f"{k}") for k, column in enumerate(columns)])
    return encode_frame(
        cells.rename({f"{k}": column.header for k, column in enumerate(columns)}),
        [column.header for column in columns if column.kind not in (CellKind.TEXT, CellKind.DAY)],
        style,
    )


def encode_frame(cells: pl.DataFrame, numeric: Sequence[str], style: CsvStyle) -> bytes:
    """Write text columns as CSV; in the French style, numeric ones get a decimal comma."""
    french = style is CsvStyle.FR
    if french:
        cells = cells.with_columns(pl.col(name).str.replace(".", ",", literal=True) for name in numeric)
    stream = io.BytesIO()
    cells.write_csv(stream, separator=";" if french else ",")
    return (BOM if french else b"") + stream.getvalue()


def _format_column(column: FlatColumn) -> pl.Series:
    values = column.values
    name = values.name or "values"
    cell = pl.col(name)
    match column.kind:
        case CellKind.MONEY:
            cell = format_euros(name)
        case CellKind.PERCENT:
            return _format_decimals(values * 100, column.decimals)
        case CellKind.RATE:
            return _format_decimals(values, column.decimals + 2)
        case CellKind.TEXT:
            cell = guard_formulas(cell.cast(pl.String))
        case CellKind.COUNT | CellKind.DAY:
            cell = cell.cast(pl.String)
    return pl.DataFrame(values.alias(name)).select(cell).to_series()


def _format_decimals(values: pl.Series, decimals: int) -> pl.Series:
    texts = {value: f"{value:.{decimals}f}" for value in values.drop_nulls().unique().to_list()}
    return values.replace_strict(texts, default=None, return_dtype=pl.String)


def build_sheet_workbook(flat: Flat, name: str, lang: Lang, day: date | None) -> bytes:
    """Write the table as a workbook of one sheet, headers in the first row, ready to print."""
    stream = io.BytesIO()
    book = create_workbook(stream, flat.title.in_(lang), flat.foot, day)
    styles = Styles(book, lang)
    sheet = add_sheet(book, name)
    for k, column in enumerate(flat.columns):
        sheet.set_column(k, k, column.width)
        sheet.write_string(
            0,
            k,
            column.header,
            styles.get_head_format(right=column.kind not in (CellKind.TEXT, CellKind.DAY)),
        )
        write_column(
            sheet, 1, k, _convert_cells(column), styles.get_cell_formats(column.kind, column.decimals)
        )
        if flat.total:
            _write_total(sheet, styles, flat.height, k, column)
    if flat.closing is not None:
        _write_closing(sheet, styles, flat, flat.closing.text)
    sheet.autofilter(0, 0, max(flat.height, 1), len(flat.columns) - 1)
    sheet.freeze_panes(1, 0)
    set_up(sheet, Paper(flat.title.in_(lang), flat.foot, lang, repeat=0))
    return close(book, stream)


def _write_closing(sheet: Worksheet, styles: Styles, flat: Flat, text: str) -> None:
    """Write the text about the whole table below it, over the width of its columns."""
    row = max(flat.height, 1) + 3
    width = sum(column.width for column in flat.columns)
    sheet.set_row(row, 15 * (int(len(text) / width) + 2))
    sheet.merge_range(row, 0, row, len(flat.columns) - 1, "", styles.get_format(text_wrap=True))
    sheet.write_string(row, 0, text, styles.get_format(text_wrap=True))


def _convert_cells(column: FlatColumn) -> list[Any]:
    """Return the cells for a worksheet: euros and rates are numbers."""
    values = column.values.to_list()
    if column.kind is CellKind.MONEY:
        return [None if cents is None else cents / 100 for cents in values]
    if column.kind is CellKind.PERCENT:
        return [None if rate is None else round(rate * 100, column.decimals) for rate in values]
    return values


def _write_total(sheet: Worksheet, styles: Styles, height: int, k: int, column: FlatColumn) -> None:
    """Write the total of a column: the sum of amounts, nothing for other kinds."""
    if column.kind is not CellKind.MONEY:
        sheet.write_string(height + 1, k, "" if k else "Total", styles.get_total_format("text"))
        return
    from xlsxwriter.utility import xl_rowcol_to_cell

    first, last = xl_rowcol_to_cell(1, k), xl_rowcol_to_cell(max(height, 1), k)
    cents = int(column.values.sum() or 0)
    sheet.write_formula(height + 1, k, f"=SUM({first}:{last})", styles.get_total_format("money"), cents / 100)
