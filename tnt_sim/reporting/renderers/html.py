"""Notebook fragments, and studies as self-contained HTML pages or workbooks.

The notebook style is scoped by a class, named twice in each selector so that it overrides
JupyterLab's table style, with light and dark variants.

A study is titles, sentences, SVG charts and tables. Every text is escaped, and the
Content-Security-Policy of a page allows its own style and no request.
"""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from importlib.resources import files

from rich.text import Text as Line

from tnt_sim.i18n.message import Lang, Text
from tnt_sim.i18n.numbers import format_amount
from tnt_sim.reporting.renderers.xlsx import (
    Paper,
    Styles,
    choose_sheet_name,
    close,
    create_workbook,
    set_up,
    write_column,
    write_text,
)
from tnt_sim.reporting.text.vocabulary import SYNTHETIC
from tnt_sim.rules.expressions.column_text import format_integer

PAGE_WIDTH = 110
"""Characters per line in a notebook."""

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


def wrap_in_frame(inner: str, lang: Lang) -> str:
    """Wrap escaped HTML in the notebook frame."""
    return f'<div class="tnt" lang="{lang.value}"><style>{_STYLE}</style>\n{inner}\n</div>'


def render_terminal_html(lines: Sequence[Line], lang: Lang) -> str:
    """Render terminal lines in the notebook frame, with their emphasis."""
    return wrap_in_frame(f"<pre>{chr(10).join(map(_render_styled, lines))}</pre>", lang)


def _render_styled(row_text: Line) -> str:
    """Render one line; a line that is bold or dim as a whole stays so."""
    text = escape(row_text.plain)
    style = str(row_text.style)
    if "bold" in style:
        return f"<strong>{text}</strong>"
    return f'<span class="soft">{text}</span>' if "dim" in style else text


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
Cell = str | int | None


@dataclass(frozen=True, slots=True)
class ReportColumn:
    """One column of a table: header, kind (`text`, `money` in cents, `format_integer`) and values."""

    head: Text
    kind: str
    values: Sequence[Cell]


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a study: title, sentences, chart (SVG) and table."""

    title: Text
    words: Sequence[Text] = ()
    svg: str = ""
    columns: Sequence[ReportColumn] = ()

    @property
    def n_rows(self) -> int:
        """Return the number of rows of its table."""
        return len(self.columns[0].values) if self.columns else 0


@dataclass(frozen=True, slots=True)
class Study:
    """Content of a page or a workbook."""

    title: Text
    about: Sequence[Text]
    sections: Sequence[Section]
    synthetic: bool = False
    foot: Mapping[str, str] | None = None
    day: date | None = None


def render_study_html(study: Study, lang: Lang) -> str:
    """Return the page of a study."""
    style = read_asset("style.css")
    pieces = [
        f'<!doctype html>\n<html lang="{lang.value}">\n<head>\n<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{escape(build_security_policy("", (style,)))}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(study.title.in_(lang))}</title>\n<style>{style}</style>\n</head>\n<body>\n<main>",
        f"<h1>{escape(study.title.in_(lang))}</h1>",
        f'<p class="mark">{escape(SYNTHETIC.in_(lang))}</p>' if study.synthetic else "",
        *(f"<p>{escape(text.in_(lang))}</p>" for text in study.about),
        *(_render_section(section, number, lang) for number, section in enumerate(study.sections, start=1)),
        _render_foot(study, lang),
        "</main>\n</body>\n</html>\n",
    ]
    return "\n".join(part for part in pieces if part)


def render_study_fragment(study: Study, lang: Lang, n_sections: int) -> str:
    """Return the first sections in the notebook frame."""
    return wrap_in_frame(render_study_body(study, lang, n_sections), lang)


def render_study_body(study: Study, lang: Lang, n_sections: int) -> str:
    """Return the first sections for a page with its own style."""
    about = "<br>".join(escape(text.in_(lang)) for text in study.about)
    pieces = [
        f'<p><strong>{escape(study.title.in_(lang))}</strong><br><span class="soft">{about}</span></p>',
        f'<p class="mark">{escape(SYNTHETIC.in_(lang))}</p>' if study.synthetic else "",
    ]
    pieces += [
        _render_section(part, number, lang)
        for number, part in enumerate(study.sections[:n_sections], start=1)
    ]
    return "\n".join(part for part in pieces if part)


def _render_section(section: Section, number: int, lang: Lang) -> str:
    name = f"s{number}"
    pieces = [f'<section aria-labelledby="{name}"><h2 id="{name}">{escape(section.title.in_(lang))}</h2>']
    pieces += [f"<p>{escape(text.in_(lang))}</p>" for text in section.words]
    if section.svg:
        pieces.append(f"<figure>{section.svg}</figure>")
    if section.columns:
        pieces.append(_render_table(section, lang))
    return "\n".join([*pieces, "</section>"])


def _render_table(section: Section, lang: Lang) -> str:
    displayed = min(section.n_rows, MOST_ROWS)
    numeric = [' class="n"' if column.kind != "text" else "" for column in section.columns]
    heads = "".join(
        f'<th scope="col"{mark}>{escape(column.head.in_(lang))}</th>'
        for column, mark in zip(section.columns, numeric, strict=True)
    )
    texts = [
        [format_cell(value, column.kind, lang) for value in column.values[:displayed]]
        for column in section.columns
    ]
    rows = []
    for cells in zip(*texts, strict=True):
        first, *rest = (escape(cell) for cell in cells)
        tail = "".join(f"<td{mark}>{cell}</td>" for cell, mark in zip(rest, numeric[1:], strict=True))
        rows.append(f'<tr><th scope="row">{first}</th>{tail}</tr>')
    more = section.n_rows - displayed
    caption = escape(section.title.in_(lang))
    if more:
        left = Text(f"{more} autres lignes dans le classeur", f"{more} more rows in the workbook").in_(lang)
        caption = f"{caption} ({left})"
    label = escape(f"{Text('Tableau', 'Table').in_(lang)} – {section.title.in_(lang)}")
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{label}"><table>'
        f"<caption>{caption}</caption><thead><tr>{heads}</tr></thead>\n<tbody>"
        + "\n".join(rows)
        + "</tbody></table></div>"
    )


def format_cell(value: Cell, kind: str, lang: Lang) -> str:
    """Format a cell for reading."""
    if value is None:
        return "–"
    if isinstance(value, str):
        return value
    return format_amount(value, lang) if kind == "money" else format_integer(value, lang)


def _render_foot(study: Study, lang: Lang) -> str:
    if not study.foot:
        return ""
    items = "".join(f"<dt>{escape(k)}</dt><dd><code>{escape(v)}</code></dd>" for k, v in study.foot.items())
    head = Text("Sources et empreintes", "Sources and hashes").in_(lang)
    title = f'<section aria-labelledby="foot"><h2 id="foot">{escape(head)}</h2>'
    return f'{title}<dl class="sources">{items}</dl></section>'


def build_study_workbook(study: Study, lang: Lang) -> bytes:
    """Return the workbook of a study: a summary sheet, then one sheet per section."""
    stream = io.BytesIO()
    foot = " · ".join(f"{k} {v[:12]}" for k, v in (study.foot or {}).items())
    book = create_workbook(stream, study.title.in_(lang), foot, study.day)
    styles = Styles(book, lang)
    paper = Paper(study.title.in_(lang), foot, lang)
    taken: set[str] = set()
    cover = book.add_worksheet(choose_sheet_name(Text("Lisez-moi", "Read me").in_(lang), taken))
    cover.set_column(0, 0, 100)
    write_text(cover, 0, 0, study.title.in_(lang), styles.title)
    lines = [*([SYNTHETIC] if study.synthetic else []), *study.about]
    lines += [Text(f"{k} : {v}", f"{k}: {v}") for k, v in (study.foot or {}).items()]
    for row, text in enumerate(lines, start=2):
        write_text(cover, row, 0, text.in_(lang), styles.words)
    set_up(cover, paper)
    for section in study.sections:
        _write_sheet(book, styles, section, choose_sheet_name(section.title.in_(lang), taken), paper)
    return close(book, stream)


def _write_sheet(book: object, styles: Styles, section: Section, name: str, paper: Paper) -> None:
    sheet = book.add_worksheet(name)  # type: ignore[attr-defined]
    write_text(sheet, 0, 0, section.title.in_(paper.lang), styles.title)
    row = 2
    for text in section.words:
        write_text(sheet, row, 0, text.in_(paper.lang), styles.soft)
        row += 1
    row += bool(section.words)
    for k, column in enumerate(section.columns):
        right = column.kind != "text"
        sheet.write_string(row, k, column.head.in_(paper.lang), styles.get_head_format(right=right))
        sheet.set_column(k, k, 18 if right else 28)
        values = [
            cents / 100 if column.kind == "money" and isinstance(cents, int) else cents
            for cents in column.values
        ]
        write_column(sheet, row + 1, k, values, styles.get_cell_formats(column.kind))
    if section.n_rows:
        sheet.autofilter(row, 0, row + section.n_rows, len(section.columns) - 1)
        sheet.freeze_panes(row + 1, 1)
    set_up(sheet, Paper(paper.title, paper.foot, paper.lang, repeat=row))
