"""All sheets as one file that is searched by number and project, and stays readable without a script."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from urllib.parse import quote

from tnt_sim.i18n.message import Lang, _, _n
from tnt_sim.reporting.renderers.html import read_asset
from tnt_sim.reporting.transparency.sheet import DossierSheet
from tnt_sim.reporting.transparency.sheet_line import SheetHead, SheetLine
from tnt_sim.reporting.transparency.sheet_page import (
    build_page_start,
    describe_programme,
    render_entry,
    render_items,
    render_law,
    render_notices,
    render_title,
)

MANY = 3
"""Sheets from which on the page of all states once what all share."""


def iterate_collection(sheets: Sequence[DossierSheet], lang: Lang) -> Iterator[str]:
    """Yield the pieces of the page of all sheets: search, links, what all share, then each sheet."""
    script = read_asset("sheets.js")
    title = escape(_("Explanation sheets").in_(lang))
    yield build_page_start(title, lang, script)
    yield f'<main class="all">\n<h1>{title}</h1>\n'
    yield from _render_search(len(sheets), lang)
    yield f'<nav aria-label="{title}"><ul class="index" id="index">\n'
    yield from (_render_link(sheet) for sheet in sheets)
    yield "</ul></nav>\n"
    shared = select_shared(sheets)
    if sheets:
        yield from _render_shared(sheets[0].head, shared)
    common = frozenset(shared)
    for sheet in sheets:
        own = [entry for entry in sheet.lines if entry not in common]
        yield f'<article id="{build_anchor(sheet.dossier)}">\n{render_title(sheet.head, 2)}\n'
        yield f'<p class="decision">{escape(sheet.head.decision)}</p>\n'
        yield "\n".join(render_items(own, lang, 3)) + "\n</article>\n"
    yield f"</main>\n<script>{script}</script>\n</body>\n</html>\n"


def select_shared(sheets: Sequence[DossierSheet]) -> list[SheetLine]:
    """Return the lines that every sheet has, in their order: the page of all states them once."""
    if len(sheets) < MANY:
        return []
    common = set(sheets[0].lines).intersection(*(sheet.lines for sheet in sheets[1:]))
    return [entry for entry in sheets[0].lines if entry in common]


def _render_shared(head: SheetHead, shared: Sequence[SheetLine]) -> Iterator[str]:
    """Yield the programme, its notices, and the lines that hold for all applications."""
    yield f'<section class="shared">\n<p class="where">{escape(describe_programme(head))}</p>\n'
    yield f"{render_notices(head)}\n"
    if shared:
        yield f"<h2>{escape(_('For all applications').in_(head.lang))}</h2>\n<dl>"
        yield "\n".join(map(render_entry, shared))
        yield "</dl>"
    yield f"{render_law(head)}\n</section>\n"


def _render_search(n_sheets: int, lang: Lang) -> Iterable[str]:
    """Yield the field of the search, which a script shows, and the number of sheets."""
    label = escape(_("Number or project").in_(lang))
    count = escape(_n("{n} sheet", "{n} sheets", n=n_sheets).in_(lang))
    yield f'<form class="search" id="search" hidden role="search"><label for="q">{label}</label>'
    yield '<input id="q" type="search" autocomplete="off" aria-controls="index"></form>\n'
    yield f'<p id="count" role="status">{count}</p>\n'


def _render_link(sheet: DossierSheet) -> str:
    name = escape(sheet.head.project)
    own = escape(sheet.dossier)
    return (
        f'<li><a href="#{quote(build_anchor(sheet.dossier))}">{own}{f" – {name}" if name else ""}</a></li>\n'
    )


def build_anchor(dossier: str) -> str:
    """Return the anchor of a sheet in the page of all."""
    return "d-" + escape("".join(one if one.isalnum() or one in "-_." else "_" for one in dossier))
