"""All sheets as one file that is searched by number and project, and stays readable without a script."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from urllib.parse import quote

from tnt_sim.i18n.message import Lang, _, _n
from tnt_sim.reporting.renderers.html import read_asset
from tnt_sim.reporting.transparency.sheet import DossierSheet
from tnt_sim.reporting.transparency.sheet_page import build_page_start, render_article


def iterate_collection(sheets: Sequence[DossierSheet], lang: Lang) -> Iterator[str]:
    """Yield the pieces of the page of all sheets: the search, the list of links, then each sheet."""
    script = read_asset("sheets.js")
    title = _("Explanation sheets").in_(lang)
    about = sheets[0].head if sheets else None
    yield build_page_start(escape(title), lang, script)
    yield f'<main class="all">\n<h1>{escape(title)}</h1>\n'
    if about is not None:
        where = " · ".join(part for part in (about.programme, about.day) if part)
        yield f'<p class="where">{escape(where)}</p>\n'
    yield from _render_search(len(sheets), lang)
    yield f'<nav aria-label="{escape(title)}"><ul class="index" id="index">\n'
    yield from (_render_link(sheet) for sheet in sheets)
    yield "</ul></nav>\n"
    for sheet in sheets:
        yield render_article(sheet.head, sheet.lines, 2, f' id="{build_anchor(sheet.dossier)}"') + "\n"
    yield f"</main>\n<script>{script}</script>\n</body>\n</html>\n"


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
