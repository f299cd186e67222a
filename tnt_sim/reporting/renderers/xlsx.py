"""Style of our workbooks: few formats, A4 landscape, repeated headers, and no text read as a formula."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from tnt_sim.engine.award_list import FORMULA_PREFIX
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.i18n.numbers import NO_BREAK, get_currency
from tnt_sim.reporting.report_tree import (
    SYNTHETIC,
    Callout,
    Column,
    Kind,
    Listing,
    Node,
    Output,
    Paragraph,
    Report,
    Section,
    Table,
    convert_to_number,
    write_words,
)

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

    from tnt_sim.reporting.renderers.column_sheet import CellValue, ColumnSheet

FONT, SIZE = "Arial", 10
INK, SOFT, LINE, SHADE, INPUT = "#1F2933", "#5B6770", "#C9D1D7", "#E9EDF0", "#FFF8DC"
MAX_ROWS = 1_000_000
MAX_TEXT = 32_767
_FIXED = datetime(2000, 1, 1, tzinfo=UTC)
_FORBIDDEN = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_LONGEST_NAME = 31


@dataclass(frozen=True, slots=True)
class Paper:
    """Texts of a printed page: header, footer, language, and the rows repeated on each page."""

    title: str
    foot: str
    lang: Lang
    repeat: int | None = None


def create_workbook(stream: io.BytesIO, title: str, comment: str, day: date | None) -> Workbook:
    """Create a workbook in memory that converts no text to a formula, number or link, and is deterministic."""
    import xlsxwriter

    from tnt_sim.reporting.renderers.column_sheet import ColumnSheet

    book = xlsxwriter.Workbook(
        stream,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "default_format_properties": {"font_name": FONT, "font_size": SIZE, "font_color": INK},
        },
    )
    book.worksheet_class = ColumnSheet
    made = datetime(day.year, day.month, day.day, tzinfo=UTC) if day else _FIXED
    book.set_properties({"title": title, "comments": comment, "author": "tnt-sim", "created": made})
    return book


def add_sheet(book: Workbook, name: str) -> ColumnSheet:
    """Add a sheet to a workbook that `create_workbook` made."""
    sheet: Any = book.add_worksheet(name)
    return sheet  # type: ignore[no-any-return]


def close(book: Workbook, stream: io.BytesIO) -> bytes:
    """Return the bytes of a finished workbook."""
    book.close()
    return stream.getvalue()


def set_up(sheet: Worksheet, paper: Paper, *, n_pages: int = 0) -> None:
    """Set A4 landscape, one page wide, header and footer; `n_pages` high, 0 for any."""
    sheet.set_paper(9)
    sheet.set_landscape()
    sheet.fit_to_pages(1, n_pages)
    sheet.set_margins(left=0.5, right=0.5, top=0.75, bottom=0.7)
    page = _("page &P of &N").in_(paper.lang)
    # The space keeps a title that begins with digits from being read as a font size.
    sheet.set_header(f'&L&"{FONT},Bold"&9 {_escape_header(paper.title)[:180]}')
    sheet.set_footer(f'&L&"{FONT},Regular"&8 {_escape_header(paper.foot)[:180]}&R&"{FONT},Regular"&8 {page}')
    sheet.hide_gridlines(2)
    if paper.repeat is not None:
        sheet.repeat_rows(paper.repeat)


def _escape_header(text: str) -> str:
    """Escape `&`, which is a command in page headers."""
    return text.replace("&", "&&")


def check_rows(n_rows: int) -> None:
    """Check the number of rows against the limit of a sheet."""
    if n_rows <= MAX_ROWS:
        return
    raise UsageError(
        _(
            "a sheet holds {max_rows} rows at most, the decision has {n_rows}. Export it with "
            "--format parquet or csv.",
            max_rows=MAX_ROWS,
            n_rows=n_rows,
        ),
        code="usage.rows",
    )


def choose_sheet_name(wanted: str, taken: set[str]) -> str:
    r"""Return a valid sheet name: at most 31 characters, no `[]:*?/\`, unique whatever the case."""
    plain = _FORBIDDEN.sub("-", wanted).strip("' ") or "-"
    name, number = plain[:_LONGEST_NAME], 2
    while name.casefold() in taken or name.casefold() in ("history", "historique"):
        tail = f" ({number})"
        name, number = plain[: _LONGEST_NAME - len(tail)] + tail, number + 1
    taken.add(name.casefold())
    return name


def write_text(
    sheet: Worksheet, row: int, column: int, text: str, style: Format, risky: Format | None = None
) -> None:
    """Write a text cell; a text too long for a cell ends with "…"."""
    text = shorten_text(text)
    sheet.write_string(
        row, column, text, risky if risky is not None and text.startswith(FORMULA_PREFIX) else style
    )


def write_column(
    sheet: ColumnSheet, row: int, column: int, values: Sequence[CellValue], style: tuple[Format, Format]
) -> None:
    """Write the cells of one column downwards, from the left column to the right; empty ones stay empty."""
    cut = [shorten_text(value) if isinstance(value, str) else value for value in values]
    sheet.write_column_cells(row, column, cut, style, lambda text: text.startswith(FORMULA_PREFIX))


def shorten_text(text: str) -> str:
    """Return the text of a cell: one that is too long ends with "…"."""
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def build_money_format(lang: Lang, scale: str = "") -> str:
    """Return the number format of amounts in the currency of this process; with a scale, in thousands or millions.

    >>> build_money_format(Lang.EN), build_money_format(Lang.EN, "k")
    ('"€"#,##0.00', '"€"#,##0.0,"k"')
    """
    currency = get_currency()
    decimals = f".{'0' * currency.minor_unit}" if currency.minor_unit else ""
    number = "#,##0.0" + {"k": ",", "M": ",,"}[scale] if scale else f"#,##0{decimals}"
    before, after = currency.add_to("0", scale, lang).split("0")
    first = f'"{before.strip(NO_BREAK)}"{NO_BREAK * before.endswith(NO_BREAK)}' if before else ""
    last = f'{NO_BREAK * after.startswith(NO_BREAK)}"{after.strip(NO_BREAK)}"' if after else ""
    return first + number + last


class Styles:
    """Formats of one workbook, each created once."""

    def __init__(self, book: Workbook, lang: Lang) -> None:
        self._book = book
        self._formats: dict[tuple[tuple[str, object], ...], Format] = {}
        self.lang = lang
        french = lang is Lang.FR
        self.numbers = {
            "text": "General",
            "figure": "General",
            "money": build_money_format(lang),
            "short": f"[>=999950]{build_money_format(lang, 'M')};[>=10000]{build_money_format(lang, 'k')};"
            + build_money_format(lang),
            "rate": "0.0\u202f%" if french else "0.0%",
            "rate-or-blank": "0.0\u202f%;;" if french else "0.0%;;",
            "percent": "0.00",
            "count": "#,##0",
            "decimal": "#,##0.######",
            "day": "dd/mm/yyyy" if french else "yyyy-mm-dd",
        }

    def get_format(self, **options: object) -> Format:
        """Return the format with these options, always the same object."""
        key = tuple(sorted(options.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format({"valign": "top", **options})
        return self._formats[key]

    def get_cell_formats(
        self, kind: str, decimals: int = 2, /, *, wrap: bool = False, **more: object
    ) -> tuple[Format, Format]:
        """Return the formats of a column's cells: the usual one, and one for text that looks like a formula."""
        number = self.numbers[kind]
        if kind == "percent" and decimals != 2:
            number = "0." + "0" * decimals
        align = {"align": "right"} if kind not in ("text", "day") else {"align": "left", "indent": 1}
        options = {
            "num_format": number,
            "text_wrap": wrap,
            "bottom": 7,
            "bottom_color": LINE,
            **align,
            **more,
        }
        plain = self.get_format(**options)
        return plain, self.get_format(**options, quote_prefix=True) if kind in ("text", "figure") else plain

    def get_head_format(self, *, right: bool = False) -> Format:
        """Return the format of a table header."""
        return self.get_format(
            bold=True, bg_color=SHADE, bottom=1, top=1, text_wrap=True, valign="vcenter",
            align="right" if right else "left",
            indent=0 if right else 1,
        )  # fmt: skip

    def get_total_format(self, kind: str) -> Format:
        """Return the format of a total."""
        return self.get_format(bold=True, top=1, bottom=1, num_format=self.numbers[kind])

    @property
    def title(self) -> Format:
        """Return the format of a sheet title."""
        return self.get_format(bold=True, font_size=16)

    @property
    def section(self) -> Format:
        """Return the format of a section title."""
        return self.get_format(bold=True, font_size=12)

    @property
    def soft(self) -> Format:
        """Return the format of a remark."""
        return self.get_format(font_color=SOFT)

    @property
    def words(self) -> Format:
        """Return the format of a paragraph."""
        return self.get_format(text_wrap=True)


_FORMATS = {
    Kind.TEXT: "text",
    Kind.FIGURE: "figure",
    Kind.MONEY: "money",
    Kind.ROUND_MONEY: "money",
    Kind.COUNT: "count",
    Kind.DECIMAL: "decimal",
    Kind.RATE: "rate",
}


def build_report_workbook(report: Report, lang: Lang) -> bytes:
    """Return the workbook of a report: its sentences on a first sheet, then one sheet per table."""
    stream = io.BytesIO()
    title = write_words(report.title, lang, Output.SHEET)
    foot = " · ".join(f"{name} {text[:12]}" for name, text in report.foot.items())
    book = create_workbook(stream, title, foot, report.day)
    styles, paper, taken = Styles(book, lang), Paper(title, foot, lang), set[str]()
    cover = add_sheet(book, choose_sheet_name(_("Read me").in_(lang), taken))
    cover.set_column(0, 0, 110)
    write_text(cover, 0, 0, title, styles.title)
    lines = [report.subject, *([SYNTHETIC] if report.synthetic else []), *_list_sentences(report.nodes)]
    lines += [_("{name}: {text}", name=name, text=text) for name, text in report.foot.items()]
    for row, text in enumerate(lines, start=2):
        write_text(cover, row, 0, write_words(text, lang, Output.SHEET), styles.words)
    set_up(cover, paper)
    for node in report.nodes:
        if isinstance(node, Listing):
            _write_listing(book, styles, node, paper, taken)
        elif isinstance(node, Section):
            for table in _list_tables(node):
                _write_table(book, styles, node, table, paper, taken)
    return close(book, stream)


def _list_tables(section: Section) -> list[Table]:
    return [node for node in section.nodes if isinstance(node, Table) and node.outputs & Output.SHEET]


def _list_sentences(nodes: Sequence[Node]) -> list[Any]:
    """Return the sentences that stand beside no table."""
    result: list[Any] = []
    for node in nodes:
        if isinstance(node, Paragraph | Callout):
            result.append(node.text)
        elif isinstance(node, Section) and not _list_tables(node):
            inner = _list_sentences(node.nodes)
            result += [node.title, *inner] if inner or not node.nodes else []
    return result


def _write_listing(book: Workbook, styles: Styles, listing: Listing, paper: Paper, taken: set[str]) -> None:
    sheet = add_sheet(book, choose_sheet_name(write_words(listing.name, paper.lang, Output.SHEET), taken))
    sheet.set_column(0, 0, 90)
    sheet.set_column(1, 1, 40)
    for row, (text, remark) in enumerate(listing.lines):
        write_text(sheet, row, 0, text, styles.get_format(), styles.get_format(quote_prefix=True))
        write_text(sheet, row, 1, remark, styles.soft)
    set_up(sheet, paper)


def write_columns(
    sheet: ColumnSheet, styles: Styles, row: int, columns: Sequence[Column], lang: Lang
) -> None:
    """Write the headers of columns in a row, and their cells below, and set the widths of the columns."""
    for k, column in enumerate(columns):
        right = not column.is_text
        sheet.write_string(
            row, k, write_words(column.head, lang, Output.SHEET), styles.get_head_format(right=right)
        )
        sheet.set_column(k, k, 18 if right else 28)
        values = [convert_to_number(value, column.kind) for value in column.values[:MAX_ROWS]]
        texts = [value.write(lang, Output.SHEET) if isinstance(value, Text) else value for value in values]
        write_column(sheet, row + 1, k, texts, styles.get_cell_formats(_FORMATS[column.kind]))


def _write_table(
    book: Workbook, styles: Styles, section: Section, table: Table, paper: Paper, taken: set[str]
) -> None:
    title = write_words(table.caption or section.title, paper.lang, Output.SHEET)
    name = write_words(table.name, paper.lang, Output.SHEET) or title
    sheet = add_sheet(book, choose_sheet_name(name, taken))
    write_text(sheet, 0, 0, title, styles.title)
    sentences = [node for node in section.nodes if isinstance(node, Paragraph | Callout)]
    for row, node in enumerate(sentences, start=2):
        write_text(sheet, row, 0, write_words(node.text, paper.lang, Output.SHEET), styles.soft)
    row = 2 + len(sentences) + bool(sentences)
    columns = table.select_columns(Output.SHEET)
    write_columns(sheet, styles, row, columns, paper.lang)
    if table.n_rows:
        sheet.autofilter(row, 0, row + min(table.n_rows, MAX_ROWS), len(columns) - 1)
        sheet.freeze_panes(row + 1, 1)
    set_up(sheet, Paper(paper.title, paper.foot, paper.lang, repeat=row))
