"""What some runs have in common, told: core, borderline and exterior dossiers, and the change that moves each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.text import Text as Line

from tnt_sim.errors import Lang, Text
from tnt_sim.view.figures import count, rate, spoken
from tnt_sim.view.grid import grid, paragraph

Entry = Mapping[str, Any]
MOST_SHOWN = 30
_CLASSES = {
    "core": Text("noyau (retenus partout)", "core (funded in all)"),
    "borderline": Text("à la limite (retenus parfois)", "borderline (funded in some)"),
    "exterior": Text("extérieur (retenus nulle part)", "exterior (funded in none)"),
}


def core_lines(document: Entry, lang: Lang, width: int) -> list[Line]:
    """The runs, the counts, and the borderline dossiers with what moves them."""
    runs = document["runs"]
    lines = [Line(Text(f"{len(runs)} calculs", f"{len(runs)} runs").in_(lang), style="bold")]
    for number, run in enumerate(runs):
        told = " ; ".join(spoken(one, lang) for one in run["changes"]) or Text(
            "mêmes valeurs", "same values"
        ).in_(lang)
        told = Text("référence", "reference").in_(lang) if number == 0 else told
        if run["rules"] != "shown":
            told += Text(" (non vérifié)", " (not verified)").in_(lang)
        lines += paragraph(
            f"{run['run']} : {told}" if lang is Lang.FR else f"{run['run']}: {told}", width, first="  "
        )
    rows = [[_CLASSES[key].in_(lang), count(document["counts"].get(key, 0), lang)] for key in _CLASSES]
    lines += [Line(""), *grid(rows, right=(1,))]
    moving = [one for one in document["dossiers"] if one["class"] == "borderline"]
    if moving:
        header = (
            ("dossier", "indice", "ce qui le fait changer")
            if lang is Lang.FR
            else ("dossier", "index", "moved by")
        )
        cells = [
            [str(one["dossier"]), rate(one["core_index"], lang), _moved(one, lang)]
            for one in moving[:MOST_SHOWN]
        ]
        lines += [Line(""), *grid(cells, header=header, right=(1,))]
    if len(moving) > MOST_SHOWN:
        rest = count(len(moving) - MOST_SHOWN, lang)
        lines.append(
            Line(Text(f"  … et {rest} autres (voir --json)", f"  … and {rest} more (see --json)").in_(lang))
        )
    return lines


def _moved(one: Entry, lang: Lang) -> str:
    """« entre : programme.amount: 88 M€ → 90 M€ »"""
    if not one["moved_by"]:
        return Text("plusieurs changements à la fois", "several changes at once").in_(lang)
    enters, leaves = Text("entre", "enters").in_(lang), Text("sort", "leaves").in_(lang)
    return " ; ".join(
        f"{enters if move['funded'] else leaves}, {spoken(move['change'], lang)}" for move in one["moved_by"]
    )
