"""Reports as self-contained HTML pages and as notebook fragments.

A page begins with its answer: the verdict and the sentences before the first section. Then come the sections,
each picture beside its table, and the annexes, folded. A long table shows its first rows, and on a phone each row
of a wide table is a card.

The notebook style is scoped by a class, named twice in each selector so that it overrides
JupyterLab's table style, with light and dark variants.

Every text is escaped, and the Content-Security-Policy of a page allows its own style and no request.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape
from importlib.resources import files
from itertools import repeat

from tnt_sim.i18n.message import Lang, _, _n
from tnt_sim.i18n.parameters import Count
from tnt_sim.reporting.report_tree import (
    COLON,
    NARROW,
    SYNTHETIC,
    WIDE,
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
.tnt .verdict{font-weight:600}
.tnt figcaption strong,.tnt figcaption span{display:block}
.tnt figure>svg{max-width:100%;height:auto}"""


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
    head = f'<div class="scroll" tabindex="0"><table><thead><tr>{top}</tr></thead>'
    return f"{head}\n<tbody>{body}</tbody></table></div>"


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
OPEN_ROWS, OPEN_CARDS = 15, 3
"""Rows of a longer table that are shown before the others are unfolded; fewer where they are cards on a phone."""
MOST_FEW = 3
"""Rows beyond these that are not worth folding."""
PHONE_LETTERS, HALF_LETTERS, TABLET_LETTERS = 40, 66, 84
"""Letters of a row that a phone, half a page, and a tablet show side by side."""
WRAPPED_LETTERS = 22
"""Letters after which a text of a row is wrapped."""
MOST_SECTIONS_WITHOUT_CONTENTS = 2


def render_report_html(report: Report, lang: Lang) -> str:
    """Return the page of a report."""
    style = read_asset("style.css") + read_asset("answer.css")
    title = escape(write_words(report.title, lang))
    answer, others, annexes = _split_nodes(report.page or report.nodes)
    anchored = [(f"s{number}", node) for number, node in enumerate(others, start=1)]
    nodes = [(anchor, node, text) for anchor, node in anchored if (text := _render_part(node, anchor, lang))]
    folded = [text for node in annexes if (text := _render_annex(node, lang))]
    folded += [text for text in (_render_foot(report, lang),) if text]
    policy = escape(build_security_policy("", (style,)))
    pieces = [
        f'<!doctype html>\n<html lang="{lang.value}">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>",
        f"<h1>{title}</h1>",
        *_render_head(report, lang),
        _wrap("div", "answer", [_render_node(node, lang) for node in (*report.answer, *answer)]),
        _render_contents([(anchor, node) for anchor, node, _text in nodes], bool(folded), lang),
        *(text for _anchor, _node, text in nodes),
        _wrap("div", "annexes", folded, ' id="annexes"'),
        "</main>\n</body>\n</html>\n",
    ]
    return _number_labels("\n".join(part for part in pieces if part))


def _number_labels(page: str) -> str:
    """Number the regions that have the label of an earlier one, so that a reader of landmarks tells them apart."""
    seen: Counter[str] = Counter()

    def write(match: re.Match[str]) -> str:
        label = match[1]
        seen[label] += 1
        number = f" ({seen[label]})" if seen[label] > 1 else ""
        return f'role="region" aria-label="{label}{number}"'

    return re.sub(r'role="region" aria-label="([^"]*)"', write, page)


def render_report_fragment(report: Report, lang: Lang) -> str:
    """Return the report without its annexes in the notebook frame."""
    return wrap_in_frame(render_report_body(report, lang), lang)


def render_report_body(report: Report, lang: Lang) -> str:
    """Return the report without its annexes for a page with its own style."""
    title = f"<p><strong>{escape(write_words(report.title, lang))}</strong></p>"
    nodes = [node for node in report.nodes if not (isinstance(node, Section) and node.annex)]
    texts = [
        text
        for number, node in enumerate(nodes, start=1)
        if (text := _render_part(node, f"s{number}", lang, on_page=False))
    ]
    return "\n".join([title, *_render_head(report, lang), *texts])


def _split_nodes(nodes: Sequence[Node]) -> tuple[list[Node], list[Node], list[Section]]:
    """Return the sentences before the first part, the parts, and the annexes."""
    annexes = [node for node in nodes if isinstance(node, Section) and node.annex]
    others = [node for node in nodes if not (isinstance(node, Section) and node.annex)]
    n = next((k for k, node in enumerate(others) if not isinstance(node, Paragraph | Callout)), len(others))
    return others[:n], others[n:], annexes


def _wrap(tag: str, name: str, pieces: Sequence[str], more: str = "") -> str:
    inner = "\n".join(piece for piece in pieces if piece)
    return f'<{tag} class="{name}"{more}>\n{inner}\n</{tag}>' if inner else ""


def _render_contents(sections: Sequence[tuple[str, Node]], has_annexes: bool, lang: Lang) -> str:
    """Return the links to the sections of a page that has several."""
    links = [
        (anchor, write_words(node.title, lang))
        for anchor, node in sections
        if isinstance(node, Section) and not node.folded
    ]
    if len(links) <= MOST_SECTIONS_WITHOUT_CONTENTS:
        return ""
    links += [("annexes", _("Annexes").in_(lang))] if has_annexes else []
    items = "".join(f'<li><a href="#{anchor}">{escape(text)}</a></li>' for anchor, text in links)
    return f'<nav aria-label="{escape(_("Contents").in_(lang))}"><ul>{items}</ul></nav>'


def _render_head(report: Report, lang: Lang) -> list[str]:
    others = [words for words in report.about if not (report.subject and words in report.foot)]
    about = " · ".join(write_words(words, lang) for words in (report.subject, *others) if words)
    pieces = [f'<p class="soft">{escape(about)}</p>'] if about else []
    return [*pieces, f'<p class="mark">{escape(SYNTHETIC.in_(lang))}</p>'] if report.synthetic else pieces


def _render_part(node: Node, anchor: str, lang: Lang, *, on_page: bool = True) -> str:
    """Return a section with its heading, or any other node."""
    if not isinstance(node, Section):
        return _render_node(node, lang, on_page=on_page)
    inner = list(_render_inner(node, lang, on_page=on_page))
    if node.nodes and not inner:
        return ""
    title = escape(write_words(node.title, lang))
    if node.folded and on_page:
        return _write_folded(f'<h2 id="{anchor}">{title}</h2>', inner, "annex")
    head = f'<section aria-labelledby="{anchor}"><h2 id="{anchor}">{title}</h2>'
    return "\n".join([head, *inner, "</section>"])


def _render_annex(node: Section, lang: Lang) -> str:
    """Return an annex, folded."""
    inner = list(_render_inner(node, lang))
    return _write_folded(f"<h2>{escape(write_words(node.title, lang))}</h2>", inner, "annex") if inner else ""


def _write_folded(summary: str, inner: Sequence[str], name: str = "") -> str:
    marks = f' class="{name}"' if name else ""
    return "\n".join([f"<details{marks}><summary>{summary}</summary>", *inner, "</details>"])


def _render_inner(section: Section, lang: Lang, *, on_page: bool = True) -> Iterator[str]:
    """Yield the nodes of a section, a picture and the table after it side by side."""
    title = write_words(section.title, lang)
    nodes, k = section.nodes, 0
    while k < len(nodes):
        node, after = nodes[k], nodes[k + 1] if k + 1 < len(nodes) else None
        k += 1
        text = _render_node(node, lang, title, on_page=on_page)
        if not text:
            continue
        if on_page and isinstance(node, Chart) and isinstance(after, Table):
            table = _render_node(after, lang, title)
            k += 1
            tall = "" if _estimate_letters(after, lang) <= HALF_LETTERS else " tall"
            text = _wrap("div", f"pair{tall}", [text, f"<div>{table}</div>" if table else ""])
        yield text


def _render_node(node: Node, lang: Lang, title: str = "", *, on_page: bool = True) -> str:
    match node:
        case Paragraph():
            soft = ' class="soft"' if node.soft else ""
            return f"<p{soft}>{escape(node.mark + write_words(node.text, lang))}</p>"
        case Callout():
            mark = "mark" if node.tone is Tone.WARNING else "verdict"
            return f'<p class="{mark}">{escape(write_words(node.text, lang))}</p>'
        case Chart():
            return _render_chart(node, lang, on_page=on_page)
        case Table():
            return _render_table(node, title, lang, on_page=on_page) if node.outputs & Output.PAGE else ""
        case Listing():
            lines = (
                escape(text) + (f'  <span class="soft"># {escape(remark)}</span>' if remark else "")
                for text, remark in node.lines
            )
            return '<pre class="scroll" tabindex="0">' + "\n".join(lines) + "</pre>"
        case Section():
            inner = list(_render_inner(node, lang, on_page=on_page))
            if node.nodes and not inner:
                return ""
            return "\n".join([f"<h3>{escape(write_words(node.title, lang))}</h3>", *inner])


def _render_chart(chart: Chart, lang: Lang, *, on_page: bool) -> str:
    """Return a picture below its title, twice on a page: wide, and narrow for a phone."""
    wide = chart.draw(lang, WIDE)
    if not wide:
        return ""
    narrow = chart.draw(lang, NARROW) if on_page else wide
    if narrow == wide:
        drawn = wide.replace("<svg ", '<svg class="only" ', 1)
    else:
        drawn = wide + narrow.replace("<svg ", '<svg class="narrow" ', 1)
    finding, question = (escape(write_words(words, lang)) for words in (chart.finding, chart.question))
    caption = (f"<strong>{finding}</strong>" if finding else "") + (
        f"<span>{question}</span>" if question else ""
    )
    return f"<figure>{f'<figcaption>{caption}</figcaption>' if caption else ''}{drawn}</figure>"


def _estimate_letters(table: Table, lang: Lang) -> int:
    """Return the letters of the longest row of a table, texts counted where they wrap."""
    rows = range(min(table.n_rows, OPEN_ROWS))
    total = 0
    for column in table.select_columns(Output.PAGE):
        cells = [len(cell) for cell in column.format_values(lang, rows)]
        head = max(map(len, write_words(column.head, lang).split()), default=0)
        longest = max([*cells, head], default=0)
        total += 2 + (min(longest, WRAPPED_LETTERS) if column.is_text else longest)
    return total


def _render_table(table: Table, title: str, lang: Lang, *, on_page: bool) -> str:
    columns = table.select_columns(Output.PAGE)
    n_shown = min(table.n_rows, MOST_ROWS)
    caption = write_words(table.caption, lang) or title
    more = table.n_rows + table.n_unlisted - n_shown
    if more:
        left = _("{more} more rows in the workbook", more=Count(more)).in_(lang)
        caption = f"{caption} ({left})"
    letters = _estimate_letters(table, lang)
    cards = "" if letters <= PHONE_LETTERS and not table.narrow_cards else "cards"
    cards += " wider" if letters > TABLET_LETTERS else ""
    cards = cards if on_page else ""
    n_open = OPEN_CARDS if cards else OPEN_ROWS
    first = n_shown if n_shown <= n_open + MOST_FEW else n_open
    if table.folded:
        rows = _render_rows(columns, range(n_shown), caption, lang, cards=cards, named=False)
        return _write_folded(escape(caption), [rows])
    named = bool(write_words(table.caption, lang)) or bool(more)
    html = _render_rows(columns, range(first), caption, lang, cards=cards, named=named)
    if first == n_shown:
        return html
    rest = _render_rows(columns, range(first, n_shown), caption, lang, cards=cards, named=False)
    others = _n("{n} more row", "{n} more rows", n=n_shown - first).in_(lang)
    return f"{html}\n{_write_folded(escape(others), [rest])}"


def _render_rows(
    columns: Sequence[Column], rows: range, caption: str, lang: Lang, *, cards: str, named: bool
) -> str:
    """Return a table of some rows."""
    numeric = ["" if column.is_text else ' class="n"' for column in columns]
    heads = "".join(
        f'<th scope="col"{mark}>{escape(head)}</th>'
        if (head := write_words(column.head, lang))
        else "<td></td>"
        for column, mark in zip(columns, numeric, strict=True)
    )
    lines = []
    texts = [column.format_values(lang, rows) for column in columns]
    for cells in zip(*texts, strict=True):
        first, *rest = (escape(cell) for cell in cells)
        if cards:
            tail = "".join(map(_render_card_cell, rest, columns[1:], repeat(lang)))
        else:
            tail = "".join(f"<td{mark}>{cell}</td>" for cell, mark in zip(rest, numeric[1:], strict=True))
        lines.append(f'<tr><th scope="row"{numeric[0]}>{first or "–"}</th>{tail}</tr>')
    label = escape(f"{_('Table').in_(lang)} – {caption}")
    head = f"<caption>{escape(caption)}</caption>" if named else ""
    marks = f' class="{cards}"' if cards else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{label}"><table{marks}>'
        f"{head}<thead><tr>{heads}</tr></thead>\n<tbody>" + "\n".join(lines) + "</tbody></table></div>"
    )


def _render_card_cell(cell: str, column: Column, lang: Lang) -> str:
    """Return a cell with the head that a narrow screen shows before it; there an empty cell is not shown."""
    head = write_words(column.head, lang)
    label = escape(head + COLON.in_(lang)) if head else ""
    classes = [*([] if column.is_text else ["n"]), *(["none"] if cell in ("", "–") else [])]
    classes += ["long"] if len(cell) + len(head) > PHONE_LETTERS // 2 else []
    marks = f' class="{" ".join(classes)}"' if classes else ""
    return f'<td{marks} data-head="{label}">{cell}</td>'


def _render_foot(report: Report, lang: Lang) -> str:
    if not report.foot:
        return ""
    items = "".join(f"<dt>{escape(k)}</dt><dd><code>{escape(v)}</code></dd>" for k, v in report.foot.items())
    head = _("Sources and hashes").in_(lang)
    return _write_folded(f"<h2>{escape(head)}</h2>", [f'<dl class="sources">{items}</dl>'], "annex")
