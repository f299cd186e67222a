"""The page of a sweep: one HTML file that asks for nothing outside, with its pictures and a table beside each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from importlib.util import find_spec
from typing import Any

import jinja2
from markupsafe import Markup

from tnt_sim.errors import Lang, Text
from tnt_sim.view.chart_theme import svg
from tnt_sim.view.charts import sweep_chart
from tnt_sim.view.report.page import policy
from tnt_sim.view.sweep_tables import Table, curve_table, dossier_table, envelope_tables, figure_table
from tnt_sim.view.sweep_words import (
    ABOUT,
    CURVE,
    CURVES,
    Document,
    has_list,
    heading,
    meaning,
    people_notes,
    verdict,
)
from tnt_sim.view.tables import SYNTHETIC
from tnt_sim.view.words import long_day

MOST_DOSSIERS = 400
MOST_OPEN_ROWS = 40
_TITLES = {
    "curve": Text("La courbe", "The curve"),
    "figures": Text("En chiffres", "In figures"),
    "ladder": Text("Les dossiers qui entrent", "The dossiers that enter"),
    "envelopes": Text("Par enveloppe", "By envelope"),
}
_STYLE = """
figure { margin: .5rem 0 1rem; overflow-x: auto; } figure svg { max-width: 100%; height: auto; }
main > ul { max-width: 62rem; }
summary { cursor: pointer; color: var(--soft); padding: .35rem 0; }
@media (max-width: 40rem) {
  figure svg { max-width: none; min-width: 42rem; }
  tbody th { min-width: 0; white-space: nowrap; } td:nth-child(2):not(.n) { min-width: 14rem; }
}
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """A table with its caption, as the template takes it."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: Sequence[bool]

    @property
    def folded(self) -> bool:
        """Whether it is too long to stand open between the pictures."""
        return len(self.rows) > MOST_OPEN_ROWS


def sweep_html(document: Document, lang: Lang, *, pictures: Mapping[str, str] | None = None) -> str:
    """The page; `pictures` are SVG texts by kind, drawn here where Altair is installed and none are given."""
    drawn = pictures_of(document, lang) if pictures is None else pictures
    style = (files("tnt_sim") / "view" / "report" / "assets" / "style.css").read_text(
        encoding="utf-8"
    ) + _STYLE
    day = long_day(document["date"]).in_(lang) if document["date"] else ""
    about = [
        document["scenario"],
        ABOUT.in_(lang),
        Text(f"décision au {day}", f"as of {day}").in_(lang) if day else "",
    ]
    return _template().render(
        lang=lang.value,
        policy=policy("", (style,)),
        style=Markup(style),
        title=document["title"] or document["scenario"],
        about=" · ".join(part for part in about if part),
        synthetic=SYNTHETIC.in_(lang) if document["synthetic"] else "",
        verdict=verdict(document).in_(lang),
        heading=heading(document, lang),
        meaning=meaning(document, lang),
        parts=_parts(document, drawn, lang),
        people_note=" ".join(note.in_(lang) for note in people_notes(document)),
        foot=f"tnt-sim · {document['scenario_sha256'][:16]}",
    )


def pictures_of(document: Document, lang: Lang) -> dict[str, str]:
    """Every picture as SVG text; none where Altair is not installed."""
    return (
        {kind: svg(sweep_chart(document, kind, lang)) for kind in kinds_of(document)} if has_charts() else {}
    )


def kinds_of(document: Document) -> list[str]:
    """The pictures that a document has something for: none for less than two amounts."""
    curve = "free" if document["free"] else "nested"
    if sum(has_list(point, curve) for point in document["points"]) < 2:
        return []
    return [kind for kind in _TITLES if kind != "ladder" or document["dossiers"]]


def has_charts() -> bool:
    """Whether the extra `charts` is installed."""
    return find_spec("altair") is not None and find_spec("vl_convert") is not None


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(
        (files("tnt_sim") / "view" / "assets" / "sweep.html").read_text(encoding="utf-8")
    )


def _parts(document: Document, pictures: Mapping[str, str], lang: Lang) -> list[dict[str, Any]]:
    """Each picture with the table that says the same."""
    tables: dict[str, list[Shown | None]] = {
        "curve": [_curve(document, curve, lang) for curve in CURVES if document[curve]],
        "figures": [_figures(document, lang)],
        "ladder": [_dossiers(document, lang)],
        "envelopes": [
            _captioned(title, table) for title, table in envelope_tables(document, document["points"], lang)
        ],
    }
    parts = []
    for kind, title in _TITLES.items():
        found = [table for table in tables[kind] if table is not None]
        if kind in pictures or found:
            picture = Markup(pictures[kind]) if kind in pictures else ""
            said = title.in_(lang)
            parts.append({"title": said, "alt": said, "picture": picture, "tables": found})
    return parts


def _curve(document: Document, curve: str, lang: Lang) -> Shown | None:
    points = [point for point in document["points"] if point[curve]]
    return _captioned(CURVE[curve].in_(lang), curve_table(document, curve, points, lang)) if points else None


def _figures(document: Document, lang: Lang) -> Shown | None:
    table = figure_table(document, "free" if document["free"] else "nested", lang)
    caption = Text("Ce que chaque montant atteint", "What each amount reaches")
    return None if table is None else _captioned(caption.in_(lang), table)


def _dossiers(document: Document, lang: Lang) -> Shown | None:
    if not document["dossiers"]:
        return None
    n, most = len(document["dossiers"]), MOST_DOSSIERS
    more = Text(f", les {most} premiers sur {n}", f", the first {most} of {n}").in_(lang) if n > most else ""
    caption = Text(
        "Dossiers qui changent d'un montant à l'autre", "Dossiers that change from one amount to another"
    )
    return _captioned(caption.in_(lang) + more, dossier_table(document, lang, most))


def _captioned(caption: str, table: Table) -> Shown:
    return Shown(caption, table.header, table.rows, table.left)
