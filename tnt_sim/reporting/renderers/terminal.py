"""Reports, tables and paragraphs as styled terminal lines; nothing is cut, and no word is broken.

A table that is too wide folds its headers and sentences, then takes the narrow forms of its columns, names before
amounts, then drops its optional columns, then becomes one card per row.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.text import Text as Line

from tnt_sim.i18n.lists import format_unlisted_count
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.report_tree import (
    COLON,
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
    Tone,
    write_words,
)

GAP = "  "
LEAST_TEXT = 16
"""Least width of a folded column of sentences."""
_LONG_LINE = 60
_APART = (Section, Listing)
MARKS = {
    Tone.GOOD: ("✔ ", "bold green"),
    Tone.BAD: ("✘ ", "bold red"),
    Tone.DOUBT: ("! ", "bold yellow"),
    Tone.BOUND: ("≈ ", "bold yellow"),
    Tone.PLAIN: ("", "bold"),
    Tone.WARNING: ("! ", "yellow"),
}
"""The mark and the style of a callout."""
_ROWS: Mapping[Tone | None, str] = {Tone.BAD: "red", Tone.WARNING: "yellow", Tone.PLAIN: "bold"}
_BRANCH = re.compile("[│├└─\u00a0 ]+")
"""The spaces or the lines of a tree before a name."""


_SPACE_IN_FIGURE = re.compile(r"(?<=\d) (?=\d{3}(?!\d)|[€%])")
_HELD = "\x1f"
"""Stands for a space at which no line is broken."""


def _wrap(text: str, width: int, first: str = "", others: str = "") -> list[str]:
    """Wrap a text at spaces, but not within a figure that a title writes with plain spaces, « 400 000 € »."""
    lines = textwrap.wrap(
        _SPACE_IN_FIGURE.sub(_HELD, text),
        width,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_HELD, " ") for line in lines]


def wrap_paragraph(text: str, width: int, *, first: str = "", style: str = "") -> list[Line]:
    """Wrap a sentence at spaces; words, ids and amounts are never broken."""
    wrapped = _wrap(text, max(width, 40), first, " " * len(first))
    return [Line(line, style=style) for line in wrapped or [first]]


def _pad(cell: str, width: int, right: bool) -> str:
    space = " " * (width - cell_len(cell))
    return space + cell if right else cell + space


def render_report(report: Report, lang: Lang, width: int) -> list[Line]:
    """Write a report without its annexes."""
    if report.bare:
        return render_nodes(report.nodes, lang, width)
    lines = wrap_paragraph(write_words(report.subject, lang, Output.TERMINAL), width, style="bold")
    about = " · ".join(write_words(words, lang, Output.TERMINAL) for words in (report.title, *report.about))
    lines += wrap_paragraph(about, width, style="dim")
    if report.synthetic:
        lines += wrap_paragraph(SYNTHETIC.in_(lang), width, style="yellow")
    return [*lines, Line(""), *render_nodes(report.nodes, lang, width)]


def render_nodes(nodes: Sequence[Node], lang: Lang, width: int) -> list[Line]:
    """Write parts of a report, with an empty line before and after each section and listing."""
    lines: list[Line] = []
    last: Node | None = None
    for node in nodes:
        if written := _render_node(node, lang, width):
            apart = last is not None and isinstance(last, _APART) | isinstance(node, _APART)
            lines += [Line("")] * apart + written
            last = node
    return lines


def _render_node(node: Node, lang: Lang, width: int) -> list[Line]:
    match node:
        case Paragraph():
            style = "dim" if node.soft else ""
            return wrap_paragraph(
                write_words(node.text, lang, Output.TERMINAL), width, first=node.mark, style=style
            )
        case Callout():
            mark, style = MARKS[node.tone]
            return wrap_paragraph(
                write_words(node.text, lang, Output.TERMINAL), width, first=mark, style=style
            )
        case Table() if node.outputs & Output.TERMINAL and node.n_rows:
            caption = write_words(node.caption, lang, Output.TERMINAL)
            head = wrap_paragraph(caption, width, first="  ", style="italic") if caption else []
            return head + _render_table(node, lang, width)
        case Listing():
            return _render_listing(node.lines)
        case Section() if not node.annex:
            inner = render_nodes(node.nodes, lang, width)
            title = wrap_paragraph(write_words(node.title, lang, Output.TERMINAL), width, style="bold")
            return title + inner if inner or not node.nodes else []
    return []


def _render_listing(rows: Sequence[tuple[str, str]]) -> list[Line]:
    """Write the lines of a file, their remarks below one another except those of long lines."""
    short = [len(text) for text, remark in rows if remark and len(text) <= _LONG_LINE]
    column = max(short, default=0) + len(GAP)
    lines = [Line(text) for text, _remark in rows]
    for rendered, (text, remark) in zip(lines, rows, strict=True):
        if remark:
            rendered.append(" " * max(len(GAP), column - len(text)) + f"# {remark}", style="dim")
    return lines


def _render_table(table: Table, lang: Lang, width: int) -> list[Line]:
    rows = _select_rows(table)
    columns = [_format_column(column, lang, rows) for column in table.select_columns(Output.TERMINAL)]
    if table.as_cards:
        lines = _render_cards(columns, lang, width)
    else:
        styles = [_ROWS.get(table.tones[row], "") for row in rows] if table.tones else ()
        lines = render_columns(columns, lang, width, styles)
    if rest := table.n_rows - len(rows) + table.n_unlisted:
        lines.append(Line(f"  … {format_unlisted_count(rest, lang)}", style="dim"))
    return lines


def _format_column(column: Column, lang: Lang, rows: Sequence[int]) -> GridColumn:
    return GridColumn(
        write_words(column.head, lang, Output.TERMINAL),
        column.format_values(lang, rows, Output.TERMINAL),
        right=not column.is_text,
        optional=column.optional,
        is_rank=column.kind is Kind.COUNT,
        narrow=None if column.narrow is None else _format_column(column.narrow, lang, rows),
        below=column.below,
        strong=column.strong,
    )


def _select_rows(table: Table) -> list[int]:
    """Select the first rows that a terminal lists, or rows evenly spread with both ends."""
    n, most = table.n_rows, table.most
    if n <= most or not table.spread:
        return list(range(min(n, most)))
    return sorted({round(k * (n - 1) / (most - 1)) for k in range(most)})


@dataclass(frozen=True, slots=True)
class GridColumn:
    """One column of texts for a terminal."""

    head: str
    cells: Sequence[str]
    right: bool = False
    optional: bool = False
    is_rank: bool = False
    narrow: GridColumn | None = None
    below: bool = False
    strong: bool = False

    @property
    def natural(self) -> int:
        """Return the width without folding."""
        return max(map(cell_len, [self.head, *self.cells]))

    @property
    def least(self) -> int:
        """Return the least width: a number is never folded, a sentence and a header at spaces only."""
        words = [self.head, *([] if self.right else self.cells)]
        whole = max((cell_len(word) for text in words for word in text.split(" ")), default=0)
        if self.right:
            return max(whole, *map(cell_len, self.cells), 0)
        return max(whole, min(self.natural, LEAST_TEXT))


def render_columns(
    columns: Sequence[GridColumn], lang: Lang, width: int, styles: Sequence[str] = ()
) -> list[Line]:
    """Align columns within a width; one card per row where that cannot be. `styles` are those of the rows."""
    below = [column for column in columns if column.below]
    for displayed in _list_narrower([column for column in columns if not column.below]):
        if (widths := _fit_widths(displayed, width - len(GAP))) is not None:
            break
    else:
        return _render_cards(columns, lang, width)
    header = [column.head for column in displayed]
    lines = _wrap_row(header, displayed, widths, style="dim") if any(header) else []
    for k, row in enumerate(zip(*(column.cells for column in displayed), strict=True)):
        lines += _wrap_row(row, displayed, widths, style=styles[k] if styles else "")
        for column in below:
            if column.cells[k]:
                lines += wrap_paragraph(column.cells[k], width, first=GAP * 2, style="dim")
    return lines


def _list_narrower(columns: list[GridColumn]) -> Iterator[list[GridColumn]]:
    """Yield the columns, with narrow names, with narrow amounts too, then with fewer optional ones."""
    yield columns
    yield [column if column.right else column.narrow or column for column in columns]
    columns = [column.narrow or column for column in columns]
    yield columns
    while any(column.optional for column in columns):
        last = max(k for k, column in enumerate(columns) if column.optional)
        columns = columns[:last] + columns[last + 1 :]
        yield columns


def _fit_widths(columns: Sequence[GridColumn], room: int) -> list[int] | None:
    """Share the room, the least width to each first; None where they do not fit."""
    room -= len(GAP) * (len(columns) - 1)
    natural, widths = [column.natural for column in columns], [column.least for column in columns]
    rest = room - sum(widths)
    if rest < 0:
        return None
    while rest and (narrow := [k for k, width in enumerate(widths) if width < natural[k]]):
        for k in narrow:
            more = min(natural[k] - widths[k], max(1, rest // len(narrow)), rest)
            widths[k] += more
            rest -= more
    return widths


def _wrap_row(
    row: Sequence[str], columns: Sequence[GridColumn], widths: Sequence[int], style: str = ""
) -> list[Line]:
    folded = [_wrap_cell(cell, width) for cell, width in zip(row, widths, strict=True)]
    lines = []
    for k in range(max(map(len, folded))):
        texts = [
            _pad(cell[k] if k < len(cell) else "", width, column.right)
            for cell, width, column in zip(folded, widths, columns, strict=True)
        ]
        lines.append(Line(GAP + GAP.join(texts).rstrip(" "), style=style))
    return lines


def _wrap_cell(text: str, width: int) -> list[str]:
    if cell_len(text) <= width:
        return [text]
    branch = _BRANCH.match(text)
    indent = branch[0].replace("├─", "│ ").replace("└─", "  ") if branch else ""
    return _wrap(text, width, others=indent)


def _render_cards(columns: Sequence[GridColumn], lang: Lang, width: int) -> list[Line]:
    """Write one card per row: the first cell, after its rank if that is the first, then a line per cell."""
    lines: list[Line] = []
    for row in zip(*(column.cells for column in columns), strict=True):
        named = list(zip(columns, row, strict=True))
        first = GAP
        if named[0][0].is_rank and len(named) > 1:
            first, named = f"{GAP}{row[0]}. ", named[1:]
        lines += wrap_paragraph(named[0][1], width, first=first)
        for column, cell in named[1:]:
            if cell and cell != "–":
                head = f"{column.head}{COLON.in_(lang)}" if column.head else ""
                style = "" if column.strong else "dim"
                lines += wrap_paragraph(f"{head}{cell}", width, first=" " * len(first) + GAP, style=style)
    return lines
