"""A sweep in the terminal: what each amount buys, free and nested, and what that means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text as Line

from tnt_sim.errors import Lang, Text
from tnt_sim.view.figures import count
from tnt_sim.view.grid import grid, paragraph
from tnt_sim.view.sweep_tables import curve_table, envelope_tables
from tnt_sim.view.sweep_words import (
    ABOUT,
    CURVE,
    CURVES,
    Document,
    heading,
    meaning,
    people_notes,
    verdict,
)
from tnt_sim.view.tables import SYNTHETIC
from tnt_sim.view.words import long_day

MOST_ROWS = 15


def sweep_lines(document: Document, *, lang: Lang, width: int) -> list[Line]:
    """The whole page of a sweep, line by line."""
    lines = _head(document, lang, width)
    for curve in CURVES:
        if document[curve] and any(point[curve] for point in document["points"]):
            lines += _section(CURVE[curve].in_(lang), _curve_lines(document, curve, lang))
    for title, table in envelope_tables(document, shown(document["points"]), lang):
        lines += _section(title, grid(table.rows, header=table.header, right=table.right))
    told = [line for text in meaning(document, lang) for line in paragraph(text, width, first="  ")]
    lines += _section(Text("Ce que cela veut dire", "What this means").in_(lang), told)
    notes = [paragraph(note.in_(lang), width, first="  ", style="dim") for note in people_notes(document)]
    lines += [Line(""), *(line for note in notes for line in note)] if notes else []
    for text in document["warnings"]:
        lines += paragraph(text, width, first="  ! ", style="yellow")
    if document["sweep_dir"]:
        where = Text("Dossier du balayage : ", "Sweep folder: ").in_(lang) + document["sweep_dir"]
        lines += [Line(""), Line(where)]
    return lines


def _head(document: Document, lang: Lang, width: int) -> list[Line]:
    lines = paragraph(document["title"] or document["scenario"], width, style="bold")
    day = long_day(document["date"]).in_(lang) if document["date"] else ""
    as_of = Text(f"décision au {day}", f"as of {day}").in_(lang) if day else ""
    parts = [part for part in (document["scenario"], ABOUT.in_(lang), as_of) if part]
    lines.append(Line(" · ".join(parts), style="dim"))
    if document["synthetic"]:
        lines += paragraph(SYNTHETIC.in_(lang), width, style="yellow")
    good = document["status"] == "optimal" and document["proof"] == "PROVED"
    mark, style = ("✔", "bold green") if good else ("!", "bold yellow")
    said = verdict(document).in_(lang)
    lines += [Line(""), *paragraph(said, width, first=f"{mark} ", style=style)]
    return [*lines, Line(""), *paragraph(heading(document, lang), width)]


def shown(points: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """At most a page of points, evenly spread, the ends among them."""
    if len(points) <= MOST_ROWS:
        return list(points)
    places = {round(k * (len(points) - 1) / (MOST_ROWS - 1)) for k in range(MOST_ROWS)}
    return [points[k] for k in sorted(places)]


def _curve_lines(document: Document, curve: str, lang: Lang) -> list[Line]:
    points = [point for point in document["points"] if point[curve]]
    few = shown(points)
    table = curve_table(document, curve, few, lang)
    lines = grid(table.rows, header=table.header, right=table.right)
    if len(few) < len(points):
        rest = count(len(points) - len(few), lang)
        more = Text(f"  … {rest} autres montants : --json, ou la page", f"  … {rest} more amounts: --json")
        lines.append(Line(more.in_(lang), style="dim"))
    if curve == "nested" and document["free"]:
        note = Text(
            "  Prix : ce que vaut de plus la répartition libre du même montant.",
            "  Price: what the free allocation of the same amount is worth more.",
        )
        lines.append(Line(note.in_(lang), style="dim"))
    return lines


def _section(title: str, lines: Sequence[Line]) -> list[Line]:
    return [Line(""), Line(title, style="bold"), *lines] if lines else []
