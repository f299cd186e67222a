"""Reports as self-contained HTML pages and as notebook fragments.

The notebook style is scoped by a class, named twice in each selector so that it overrides
JupyterLab's table style, with light and dark variants.

Every text is escaped, and the Content-Security-Policy of a page allows its own style and no request.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from html import escape
from importlib.resources import files
from itertools import repeat

from tnt_sim.i18n.message import Lang, _
from tnt_sim.i18n.numbers import format_integer
from tnt_sim.reporting.report_tree import (
    COLON,
    SYNTHETIC,
    Callout,
    Chart,
    Column,
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
.tnt .soft{opacity:.72;font-weight:400}
.tnt .mark{border-left:3px solid #b36b00;padding-left:.6rem}
.tnt .verdict{font-weight:600}"""


def wrap_in_frame(inner: str, lang: Lang) -> str:
    """Wrap escaped HTML in the notebook frame."""
    return f'<div class="tnt" lang="{lang.value}"><style>{_STYLE}</style>\n{inner}\n</div>'


def render_rows_html(heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Render a table of texts, each escaped; the first cell of a row is its header.

    `right` are the numeric columns.
    """
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


def build_security_policy(script: str, styles: Sequence[str]) -> str:
    """Return the Content-Security-Policy of a page: this script, these styles, and nothing else."""
    allowed = " ".join(_hash(text) for text in styles if text)
    runs = _hash(script) if script else "'none'"
    return f"default-src 'none'; script-src {runs}; style-src {allowed}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def read_asset(name: str) -> str:
    """Return the text of one file of `assets`."""
    return (files("tnt_sim") / "reporting" / "renderers" / "assets" / name).read_text(encoding="utf-8")


MOST_ROWS = 500
"""Most rows of a table on a page; the workbook has all."""
MOST_OPEN_ROWS = 40
"""Most rows of a table that is open when the page is opened."""
_PAGE_STYLE = """
figure { margin: .5rem 0 1rem; overflow-x: auto; } figure svg { max-width: 100%; height: auto; }
summary { cursor: pointer; color: var(--soft); padding: .35rem 0; }
@media (max-width: 40rem) {
  figure svg { max-width: none; min-width: 42rem; }
  tbody th { min-width: 0; white-space: nowrap; } td:nth-child(2):not(.n) { min-width: 14rem; }
}
"""


_CARD_STYLE = """
h1, dt { overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  .cards thead { display: none; }
  .cards, .cards caption, .cards tbody, .cards tr, .cards tbody th, .cards td {
    display: block; min-width: 0; text-align: left;
  }
  .cards tr { border-bottom: 1px solid #8884; padding: .5rem 0; }
  .cards tbody th, .cards td, .cards td:nth-child(2):not(.n) {
    border: 0; padding: .1rem 0; min-width: 0; white-space: normal; overflow-wrap: anywhere;
  }
  .cards td::before { content: attr(data-head); opacity: .72; } .cards .none { display: none; }
}
"""
"""Of a page with a table whose rows are cards on a narrow screen."""


def render_report_html(report: Report, lang: Lang) -> str:
    """Return the page of a report."""
    nodes = _render_nodes(report.nodes, lang)
    has_cards = any('<table class="cards">' in node for node in nodes)
    style = read_asset("style.css") + _PAGE_STYLE + (_CARD_STYLE if has_cards else "")
    title = escape(write_words(report.title, lang))
    pieces = [
        f'<!doctype html>\n<html lang="{lang.value}">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{escape(build_security_policy("", (style,)))}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>",
        f"<h1>{title}</h1>",
        *_render_head(report, lang),
        *nodes,
        _render_foot(report, lang),
        "</main>\n</body>\n</html>\n",
    ]
    return "\n".join(part for part in pieces if part)


def render_report_fragment(report: Report, lang: Lang) -> str:
    """Return the report without its annexes in the notebook frame."""
    return wrap_in_frame(render_report_body(report, lang), lang)


def render_report_body(report: Report, lang: Lang) -> str:
    """Return the report without its annexes for a page with its own style."""
    title = f"<p><strong>{escape(write_words(report.title, lang))}</strong></p>"
    nodes = [node for node in report.nodes if not (isinstance(node, Section) and node.annex)]
    return "\n".join([title, *_render_head(report, lang), *_render_nodes(nodes, lang)])


def _render_head(report: Report, lang: Lang) -> list[str]:
    about = " · ".join(write_words(words, lang) for words in (report.subject, *report.about) if words)
    pieces = [f'<p class="soft">{escape(about)}</p>'] if about else []
    return [*pieces, f'<p class="mark">{escape(SYNTHETIC.in_(lang))}</p>'] if report.synthetic else pieces


def _render_nodes(nodes: Sequence[Node], lang: Lang) -> list[str]:
    return [text for number, node in enumerate(nodes, start=1) if (text := _render_node(node, number, lang))]


def _render_node(node: Node, number: int, lang: Lang, title: str = "") -> str:
    match node:
        case Paragraph():
            soft = ' class="soft"' if node.soft else ""
            return f"<p{soft}>{escape(node.mark + write_words(node.text, lang))}</p>"
        case Callout():
            mark = "mark" if node.tone is Tone.WARNING else "verdict"
            return f'<p class="{mark}">{escape(write_words(node.text, lang))}</p>'
        case Chart():
            picture, alt = node.draw(lang), escape(write_words(node.alt, lang))
            return f'<figure role="img" aria-label="{alt}" tabindex="0">{picture}</figure>' if picture else ""
        case Table():
            return _render_table(node, title, lang) if node.outputs & Output.PAGE else ""
        case Listing():
            lines = (
                escape(text) + (f'  <span class="soft"># {escape(remark)}</span>' if remark else "")
                for text, remark in node.lines
            )
            return '<pre class="scroll" tabindex="0">' + "\n".join(lines) + "</pre>"
        case Section():
            title = write_words(node.title, lang)
            inner = [text for child in node.nodes if (text := _render_node(child, 0, lang, title))]
            if node.nodes and not inner:
                return ""
            head = f'<section aria-labelledby="s{number}"><h2 id="s{number}">{escape(title)}</h2>'
            return "\n".join([head, *inner, "</section>"])


def _render_table(table: Table, title: str, lang: Lang) -> str:
    columns = table.select_columns(Output.PAGE)
    displayed = range(min(table.n_rows, MOST_ROWS))
    more = table.n_rows - len(displayed)
    caption = write_words(table.caption, lang) or title
    if more:
        left = _("{more} more rows in the workbook", more=more).in_(lang)
        caption = f"{caption} ({left})"
    numeric = ["" if column.is_text else ' class="n"' for column in columns]
    heads = "".join(
        f'<th scope="col"{mark}>{escape(write_words(column.head, lang))}</th>'
        for column, mark in zip(columns, numeric, strict=True)
    )
    marks = ' class="cards"' if table.narrow_cards else ""
    rows = []
    texts = [column.format_values(lang, displayed) for column in columns]
    for cells in zip(*texts, strict=True):
        first, *rest = (escape(cell) for cell in cells)
        if table.narrow_cards:
            tail = "".join(map(_render_card_cell, rest, columns[1:], repeat(lang)))
        else:
            tail = "".join(f"<td{mark}>{cell}</td>" for cell, mark in zip(rest, numeric[1:], strict=True))
        rows.append(f'<tr><th scope="row"{numeric[0]}>{first}</th>{tail}</tr>')
    label = escape(f"{_('Table').in_(lang)} – {caption}")
    folded = table.n_rows > MOST_OPEN_ROWS
    head = "" if folded else f"<caption>{escape(caption)}</caption>"
    html = (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{label}"><table{marks}>'
        f"{head}<thead><tr>{heads}</tr></thead>\n<tbody>" + "\n".join(rows) + "</tbody></table></div>"
    )
    if not folded:
        return html
    n = format_integer(table.n_rows, lang)
    return f"<details><summary>{escape(caption)} ({n})</summary>\n{html}\n</details>"


def _render_card_cell(cell: str, column: Column, lang: Lang) -> str:
    """Return a cell with the head that a narrow screen shows before it; there an empty cell is not shown."""
    head = escape(write_words(column.head, lang) + COLON.in_(lang))
    classes = [*([] if column.is_text else ["n"]), *(["none"] if cell in ("", "–") else [])]
    marks = f' class="{" ".join(classes)}"' if classes else ""
    return f'<td{marks} data-head="{head}">{cell}</td>'


def _render_foot(report: Report, lang: Lang) -> str:
    if not report.foot:
        return ""
    items = "".join(f"<dt>{escape(k)}</dt><dd><code>{escape(v)}</code></dd>" for k, v in report.foot.items())
    head = _("Sources and hashes").in_(lang)
    title = f'<section aria-labelledby="foot"><h2 id="foot">{escape(head)}</h2>'
    return f'{title}<dl class="sources">{items}</dl></section>'
