"""The frame of what a notebook shows: one small style, scoped to it, for a light and for a dark page.

Its class is named twice in a selector so that it goes before the style that JupyterLab has for tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from rich.text import Text as Line

from tnt_sim.errors import Lang

PAGE_WIDTH = 110
"""Letters in a line of a page that a notebook shows."""

_STYLE = """\
.tnt{max-width:62rem;line-height:1.45;font-family:system-ui,"Segoe UI","Liberation Sans",Arial,sans-serif}
.tnt p{margin:.3rem 0}
.tnt h2{font-size:1em;font-weight:600;margin:.9rem 0 .2rem}
.tnt figure{margin:.4rem 0}
.tnt .scroll{overflow-x:auto}
.tnt.tnt table{border-collapse:collapse;margin:.4rem 0;font-size:.93em;width:auto;border:0}
.tnt caption{display:none}
.tnt.tnt tr>*{text-align:left;vertical-align:top;padding:.2rem 1.1rem .2rem 0;border:0;\
border-bottom:1px solid #8884;max-width:40rem;white-space:normal;background:none}
.tnt.tnt tr>td:not(.n){min-width:7rem}
.tnt.tnt thead tr>*{border-bottom:1px solid #888;font-weight:600;vertical-align:bottom}
.tnt.tnt tbody tr>th{font-weight:500}
.tnt.tnt tbody tr:nth-child(n){background:none}
.tnt.tnt tr>.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.tnt.tnt pre{white-space:pre;overflow-x:auto;font:.86em/1.35 ui-monospace,"Liberation Mono",Menlo,monospace;\
margin:.3rem 0;background:none}
.tnt .soft{opacity:.72;font-weight:400}
.tnt .mark{border-left:3px solid #b36b00;padding-left:.6rem}
.tnt .verdict{font-weight:600}"""


def framed(inner: str, lang: Lang) -> str:
    """HTML of ours, its texts escaped already, in the frame."""
    return f'<div class="tnt" lang="{lang.value}"><style>{_STYLE}</style>\n{inner}\n</div>'


def lines_html(lines: Sequence[Line], lang: Lang) -> str:
    """The lines of a page of the terminal, their emphasis kept, in the frame."""
    return framed(f"<pre>{chr(10).join(map(_styled, lines))}</pre>", lang)


def _styled(line: Line) -> str:
    """One line; what is bold or dim as a whole stays so."""
    text = escape(line.plain)
    style = str(line.style)
    if "bold" in style:
        return f"<strong>{text}</strong>"
    return f'<span class="soft">{text}</span>' if "dim" in style else text


def rows_html(heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """A table of texts, each escaped; `right` are the columns of figures; the first cell names its row."""
    marks = [' class="n"' if k in right else "" for k in range(len(heads))]
    top = "".join(
        f'<th scope="col"{mark}>{escape(head)}</th>' for head, mark in zip(heads, marks, strict=True)
    )
    lines = []
    for row in rows:
        first, *rest = (escape(cell) for cell in row)
        cells = "".join(f"<td{mark}>{cell}</td>" for cell, mark in zip(rest, marks[1:], strict=True))
        lines.append(f'<tr><th scope="row"{marks[0]}>{first}</th>{cells}</tr>')
    body = "\n".join(lines)
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead>\n<tbody>{body}</tbody></table></div>'
