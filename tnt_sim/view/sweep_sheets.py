"""A sweep as a workbook: the points, the envelopes, the dossiers that change, the exact steps."""

from __future__ import annotations

import io
from typing import Any

import polars as pl

from tnt_sim.errors import Lang, Text
from tnt_sim.view.sheet import MAX_ROWS, Paper, Styles, close, new_book, set_up, sheet_name, write_column
from tnt_sim.view.sweep_tables import dossier_frame, envelope_frame, point_frame, step_frame
from tnt_sim.view.sweep_words import Document, heading, meaning, verdict
from tnt_sim.view.tables import SYNTHETIC
from tnt_sim.view.words import INHABITANTS, PROOF

_NAMES = {
    "points": Text("Montants", "Amounts"),
    "envelopes": Text("Enveloppes", "Envelopes"),
    "dossiers": Text("Dossiers", "Dossiers"),
    "steps": Text("Paliers", "Steps"),
}
_HEADS = {
    "amount_cents": Text("Montant", "Amount"),
    "curve": Text("Courbe", "Curve"),
    "proof": Text("Preuve", "Proof"),
    "granted_cents": Text("Accordé", "Granted"),
    "left_cents": Text("Non dépensé", "Unspent"),
    "n_funded": Text("Dossiers financés", "Funded dossiers"),
    "n_new": Text("dont nouveaux", "of these new"),
    "population": Text("Population des porteurs", "Applicants' population"),
    "inhabitants": INHABITANTS,
    "n_departments": Text("Départements atteints", "Departments reached"),
    "n_entered": Text("Entrent", "Enter"),
    "n_left": Text("Sortent", "Leave"),
    "price_of_nesting": Text("Prix des promesses", "Price of the promises"),
    "price_goal": Text("… dans le but", "… in the goal"),
    "width_cents": Text("Écart en euros", "Gap in euros"),
    "id": Text("Enveloppe", "Envelope"),
    "parent": Text("Sous", "Under"),
    "title": Text("Intitulé", "Title"),
    "envelope_cents": Text("Montant de l'enveloppe", "Amount of the envelope"),
    "effective_cents": Text("Disponible", "Available"),
    "dossier": Text("Dossier", "Dossier"),
    "envelope": Text("Enveloppe", "Envelope"),
    "free_from_cents": Text("Libre : financé à partir de", "Free: funded from"),
    "nested_from_cents": Text("Promesses tenues : financé à partir de", "Promises kept: funded from"),
    "value": Text("Valeur", "Value"),
    "bound": Text("Borne", "Bound"),
}
_CELLS = {
    "free": Text("libre", "free"),
    "nested": Text("promesses tenues", "promises kept"),
    **{str(proof): text for proof, text in PROOF.items()},
}
_LEFT_OUT = ("status", "goal_")
_README = Text("Lisez-moi", "Read me")


def sweep_xlsx(document: Document, lang: Lang) -> bytes:
    """The workbook; amounts are numbers in euros, values as the planner's goals count them."""
    stream = io.BytesIO()
    title = document["title"] or document["scenario"]
    book = new_book(stream, title, document["scenario_sha256"], None)
    styles = Styles(book, lang)
    taken: set[str] = set()
    _readme(book.add_worksheet(sheet_name(_README.in_(lang), taken)), document, styles, title, lang)
    frames = {
        "points": point_frame(document),
        "envelopes": envelope_frame(document),
        "dossiers": dossier_frame(document),
        "steps": step_frame(document).head(MAX_ROWS),
    }
    for key, frame in frames.items():
        if frame.height:
            sheet = book.add_worksheet(sheet_name(_NAMES[key].in_(lang), taken))
            _sheet(sheet, frame, styles, document, lang)
            set_up(sheet, Paper(title, document["scenario_sha256"][:16], lang, 0))
    return close(book, stream)


def _readme(sheet: Any, document: Document, styles: Styles, title: str, lang: Lang) -> None:
    sheet.set_column(0, 0, 110)
    sheet.write_string(0, 0, title, styles.title)
    told = [SYNTHETIC.in_(lang)] if document["synthetic"] else []
    told += [verdict(document).in_(lang), heading(document, lang), *meaning(document, lang)]
    for row, text in enumerate(told, start=2):
        sheet.write_string(row, 0, text, styles.words)


def _sheet(sheet: Any, frame: pl.DataFrame, styles: Styles, document: Document, lang: Lang) -> None:
    """A frame as a sheet: cents become euros, texts of values numbers; lists of amounts are left out."""
    column = 0
    for name in frame.columns:
        values = frame[name]
        if isinstance(values.dtype, pl.List) or name.startswith(_LEFT_OUT):
            continue
        kind, cells = _cells(name, values)
        if name in ("curve", "proof"):
            cells = [_CELLS[cell].in_(lang) if cell in _CELLS else cell for cell in cells]
        sheet.write_string(0, column, _head(name, document, lang), styles.head(right=kind != "text"))
        write_column(sheet, 1, column, cells, styles.cell(kind))
        sheet.set_column(column, column, 40 if name == "title" else 16)
        column += 1
    sheet.freeze_panes(1, 1)
    sheet.autofilter(0, 0, frame.height, max(0, column - 1))


def _head(name: str, document: Document, lang: Lang) -> str:
    """The title of a column; those of a goal bear its name."""
    if name in _HEADS:
        return _HEADS[name].in_(lang)
    kind, _, number = name.rpartition("_")
    goal = str(document["goals"][int(number) - 1]["goal"])
    return goal if kind == "value" else f"{goal}{Text(' : borne', ': bound').in_(lang)}"


def _cells(name: str, values: pl.Series) -> tuple[str, list[Any]]:
    if name.endswith("_cents"):
        return "money", [None if cents is None else cents / 100 for cents in values.to_list()]
    if name.startswith(("value", "bound", "price_of_")):
        return "decimal", [None if text is None else float(text) for text in values.to_list()]
    if values.dtype.is_numeric():
        return "count", values.to_list()
    return "text", values.to_list()
