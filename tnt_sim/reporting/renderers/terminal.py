"""Tables and paragraphs as styled terminal lines; nothing is truncated, in a narrow terminal or a pipe."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text as Line

GAP = "  "
_FRENCH_SIGNS = re.compile(r" (?=[:;?!»%€])|(?<=«) ")


def render_grid(
    rows: Sequence[Sequence[str]],
    *,
    header: Sequence[str] = (),
    right: Sequence[int] = (),
    styles: Sequence[str] | None = None,
    indent: int = 2,
) -> list[Line]:
    """Align rows in columns.

    Parameters
    ----------
    rows, header : cells of equal number; the header is dimmed
    right : columns aligned to the right
    styles : one style per row
    """
    all_items = [*([header] if header else []), *rows]
    if not all_items:
        return []
    widths = [max(cell_len(row[k]) for row in all_items) for k in range(len(all_items[0]))]
    lines = []
    for number, row in enumerate(all_items):
        heading = bool(header) and number == 0
        cells = [_pad(cell, widths[k], k in right) for k, cell in enumerate(row)]
        text = " " * indent + GAP.join(cells)
        style = "dim" if heading else styles[number - bool(header)] if styles else ""
        lines.append(Line(text.rstrip(" "), style=style))
    return lines


def render_wrapped_grid(
    rows: Sequence[Sequence[str]], width: int, *, header: Sequence[str] = (), right: Sequence[int] = ()
) -> list[Line]:
    """Write a table whose last column is a sentence, wrapped within its column if there is room."""
    heads = render_grid([row[:-1] for row in rows], header=header[:-1], right=right)
    lines = heads[:1] if header else []
    whole = max((line.cell_len for line in heads), default=0) + len(GAP)
    for head, row in zip(heads[len(lines) :], rows, strict=True):
        first = head.plain + " " * (whole - head.cell_len)
        lines += wrap_paragraph(row[-1], width, first=first)
    return lines


def measure_width(lines: Sequence[Line]) -> int:
    """Return the width of the longest line, in terminal cells."""
    return max((line.cell_len for line in lines), default=0)


def wrap_paragraph(text: str, width: int, *, first: str = "", style: str = "") -> list[Line]:
    """Wrap a sentence at spaces; words, ids and amounts are never broken."""
    wrapped = textwrap.wrap(
        _FRENCH_SIGNS.sub("\u00a0", text),
        max(width, 40),
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [Line(line, style=style) for line in wrapped or [first]]


def _pad(cell: str, width: int, right: bool) -> str:
    space = " " * (width - cell_len(cell))
    return space + cell if right else cell + space
