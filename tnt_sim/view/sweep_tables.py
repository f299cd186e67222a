"""The tables of a sweep, the same for the terminal, the page, the sheets and data frames."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from tnt_sim.errors import Lang, Text
from tnt_sim.view.figures import amounts, count, short_amount
from tnt_sim.view.sweep_words import (
    CURVES,
    NOTHING,
    PEOPLE,
    REACHED,
    Document,
    amount_texts,
    has_list,
    holds,
    price_text,
    top_envelopes,
    value_text,
)
from tnt_sim.view.words import PROOF

AMOUNT = Text("Montant", "Amount")
_FIGURES = ("granted_cents", "left_cents", "n_funded", "n_new", "population", "inhabitants", "n_departments")


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as people read them; `left` says which columns are words and stand to the left."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: Sequence[bool]

    @property
    def right(self) -> tuple[int, ...]:
        """The columns of figures."""
        return tuple(k for k, words in enumerate(self.left) if not words)


def curve_table(document: Document, curve: str, points: Sequence[Mapping[str, Any]], lang: Lang) -> Table:
    """What each amount buys, on one curve."""
    nested = curve == "nested" and document["free"]
    header = [
        AMOUNT.in_(lang),
        *(goal["goal"] for goal in document["goals"]),
        Text("Dossiers", "Dossiers").in_(lang),
        PEOPLE.in_(lang),
        *([REACHED.in_(lang)] if holds(document, "inhabitants") else []),
        Text("Dép.", "Dept.").in_(lang),
        Text("Accordé", "Granted").in_(lang),
        Text("Entrent", "Enter").in_(lang),
        (Text("Prix", "Price") if nested else Text("Sortent", "Leave")).in_(lang),
        Text("Preuve", "Proof").in_(lang),
    ]
    names = amount_texts([point["amount_cents"] for point in points], lang)
    rows = [
        [name, *_curve_row(document, point, curve, k > 0, lang)]
        for k, (name, point) in enumerate(zip(names, points, strict=True))
    ]
    return Table(header, rows, [False] * (len(header) - 1) + [True])


def _curve_row(
    document: Document, point: Mapping[str, Any], curve: str, later: bool, lang: Lang
) -> list[str]:
    entry, reached = point[curve], holds(document, "inhabitants")
    if not has_list(point, curve):
        return [*["–"] * (len(document["goals"]) + 6 + reached), NOTHING[entry["status"]].in_(lang)]
    nested = curve == "nested" and document["free"]
    change = price_text(document, point, lang) if nested else _moved(entry["left"], later, lang)
    return [
        *(value_text(goal, lang) for goal in entry["objective"]),
        count(entry["n_funded"], lang),
        count(entry["population"], lang),
        *([count(entry["inhabitants"], lang)] if reached else []),
        count(entry["n_departments"], lang),
        short_amount(entry["granted_cents"], lang),
        _moved(entry["entered"], later, lang),
        change,
        PROOF[entry["proof"]].in_(lang) if entry["proof"] else "–",
    ]


def _moved(names: Sequence[str], later: bool, lang: Lang) -> str:
    return count(len(names), lang) if later else "–"


def figure_table(document: Document, curve: str, lang: Lang) -> Table | None:
    """Dossiers, people, departments, and what is granted and left, exactly, by amount."""
    points = [point for point in document["points"] if has_list(point, curve)]
    if not points:
        return None
    counted = {
        "n_funded": Text("Dossiers", "Dossiers"),
        "n_new": Text("dont nouveaux", "of these new"),
        "population": PEOPLE,
        **({"inhabitants": REACHED} if holds(document, "inhabitants") else {}),
        "n_departments": Text("Départements", "Departments"),
    }
    header = [AMOUNT, *counted.values(), Text("Accordé", "Granted"), Text("Non dépensé", "Unspent")]
    granted = amounts([point[curve]["granted_cents"] for point in points], lang)
    left = amounts([point[curve]["left_cents"] for point in points], lang)
    rows = [
        [name, *(count(point[curve][key], lang) for key in counted), granted[k], left[k]]
        for k, (name, point) in enumerate(
            zip(amount_texts([p["amount_cents"] for p in points], lang), points, strict=True)
        )
    ]
    return Table([text.in_(lang) for text in header], rows, [False] * len(header))


def envelope_table(curve: str, points: Sequence[Mapping[str, Any]], lang: Lang) -> Table | None:
    """Dossiers and money by amount, for each envelope just under the programme."""
    points = [point for point in points if has_list(point, curve)]
    if not points:
        return None
    tops = [entry["id"] for entry in top_envelopes(points[0][curve])]
    header = [AMOUNT.in_(lang), *(cell for name in tops for cell in (name, ""))]
    rows = []
    for text, point in zip(amount_texts([p["amount_cents"] for p in points], lang), points, strict=True):
        entries = {entry["id"]: entry for entry in point[curve]["envelopes"]}
        cells = [text]
        for name in tops:
            cells += [
                count(entries[name]["n_funded"], lang),
                short_amount(entries[name]["granted_cents"], lang),
            ]
        rows.append(cells)
    return Table(header, rows, [False] * len(header))


def envelope_tables(
    document: Document, points: Sequence[Mapping[str, Any]], lang: Lang
) -> list[tuple[str, Table]]:
    """The table by envelope of each curve, with its title; one for both curves where they are the same."""
    about = Text("Par enveloppe : dossiers financés et accordé", "By envelope: dossiers funded and granted")
    found = [(curve, envelope_table(curve, points, lang)) for curve in CURVES if document[curve]]
    tables = [(curve, table) for curve, table in found if table is not None]
    if len(tables) > 1 and tables[0][1].rows == tables[1][1].rows:
        both = Text(", sur les deux courbes", ", on both curves")
        return [(about.in_(lang) + both.in_(lang), tables[0][1])]
    if len(tables) == 1:
        return [(about.in_(lang), tables[0][1])]
    names = {"free": Text(" (libre)", " (free)"), "nested": Text(" (promesses tenues)", " (promises kept)")}
    return [(about.in_(lang) + names[curve].in_(lang), table) for curve, table in tables]


def dossier_table(document: Document, lang: Lang, most: int) -> Table:
    """The dossiers that change, by the amount from which they stay funded."""
    curve = "free" if document["free"] else "nested"
    key = f"{curve}_from_cents"
    known = sorted(
        document["dossiers"],
        key=lambda row: (row[key] is None, row[key] or 0, row["envelope"], row["dossier"]),
    )
    header = [
        Text("Dossier", "Dossier"),
        Text("Intitulé", "Title"),
        Text("Enveloppe", "Envelope"),
        Text("Accordé", "Granted"),
        Text("Financé à partir de", "Funded from"),
    ]
    rows = [
        [
            row["dossier"],
            row["title"],
            row["envelope"],
            short_amount(row["granted_cents"], lang),
            short_amount(row[key], lang)
            if row[key] is not None
            else Text("va et vient", "in and out").in_(lang),
        ]
        for row in known[:most]
    ]
    return Table([text.in_(lang) for text in header], rows, [True, True, True, False, False])


def point_frame(document: Document) -> pl.DataFrame:
    """One row for each amount and curve; amounts in cents, values as exact text."""
    rows = []
    for point in document["points"]:
        for curve in CURVES:
            entry = point[curve]
            if entry is None:
                continue
            goals = entry["objective"]
            row: dict[str, Any] = {
                "amount_cents": point["amount_cents"],
                "curve": curve,
                "status": entry["status"],
                "proof": entry["proof"],
            }
            for number, goal in enumerate(document["goals"], start=1):
                found = goals[number - 1] if goals else {}
                row[f"goal_{number}"] = goal["goal"]
                row[f"value_{number}"], row[f"bound_{number}"] = found.get("value"), found.get("bound")
            row |= {key: entry.get(key) for key in _FIGURES}
            row["n_entered"], row["n_left"] = (len(entry.get(key, [])) for key in ("entered", "left"))
            for key in ("price_of_nesting", "price_goal"):
                row[key] = point[key] if curve == "nested" else None
            row["width_cents"] = entry["width_cents"]
            rows.append(row)
    return pl.DataFrame(rows, infer_schema_length=None)


def envelope_frame(document: Document) -> pl.DataFrame:
    """One row for each amount, curve and envelope; `envelope_cents` is what the envelope has written there."""
    return pl.DataFrame(
        [
            {
                "amount_cents": point["amount_cents"],
                "curve": curve,
                "id": entry["id"],
                "parent": entry["parent"],
                "title": entry["title"],
                "envelope_cents": entry["amount_cents"],
                "effective_cents": entry["effective_cents"],
                "granted_cents": entry["granted_cents"],
                "n_funded": entry["n_funded"],
            }
            for point in document["points"]
            for curve in CURVES
            if has_list(point, curve)
            for entry in point[curve]["envelopes"]
        ],
        infer_schema_length=None,
    )


def dossier_frame(document: Document) -> pl.DataFrame:
    """One row for each dossier that some amount changes."""
    schema: dict[str, Any] = {
        "dossier": pl.String,
        "title": pl.String,
        "envelope": pl.String,
        "granted_cents": pl.Int64,
        "free_from_cents": pl.Int64,
        "nested_from_cents": pl.Int64,
        "free_at_cents": pl.List(pl.Int64),
        "nested_at_cents": pl.List(pl.Int64),
    }
    return pl.DataFrame(document["dossiers"], schema=schema)


def step_frame(document: Document) -> pl.DataFrame:
    """One row for each step of the exact curve; empty without `exact`."""
    return pl.DataFrame(document["steps"] or {"amount_cents": [], "value": []})
