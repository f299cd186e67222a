"""Tidy frames of the charts of a sweep: one row per amount and curve, envelope or entry, amounts in euros."""

from __future__ import annotations

import polars as pl

from tnt_sim.analysis.sweep.document import SweepDocument
from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import format_round_amount
from tnt_sim.reporting.plots.drawing.chart_words import make_unique
from tnt_sim.reporting.text.sweep import list_top_envelopes, select_lists


def build_entry_frame(document: SweepDocument, lang: Lang) -> pl.DataFrame:
    """Return one row per entry: the amount where a dossier enters, its grant and its envelope."""
    known = {entry.dossier: entry for entry in document.dossiers}
    curve = document.first_curve
    rows = [
        {
            "amount": point.amount_cents / 100,
            "label": format_round_amount(point.amount_cents, lang),
            "dossier": name,
            "title": known[name].title,
            "envelope": known[name].envelope,
            "granted": known[name].granted_cents / 100,
        }
        for point, entry in select_lists(document, curve)[1:]
        for name in entry.entered
    ]
    schema = {
        "amount": pl.Float64, "label": pl.String, "dossier": pl.String, "title": pl.String,
        "envelope": pl.String, "granted": pl.Float64,
    }  # fmt: skip
    return pl.DataFrame(rows, schema=schema)


def build_envelope_curves(document: SweepDocument) -> pl.DataFrame:
    """Return one row per envelope just below the programme and amount: what it has, and what it grants.

    Raises
    ------
    ValueError
        If no amount has a list.
    """
    lists = select_lists(document, document.first_curve)
    if not lists:
        raise ValueError("no amount has a list: there is nothing to draw")
    tops = list_top_envelopes(lists[-1][1])
    ids = [one.id for one in tops]
    names = dict(zip(ids, make_unique([one.title or one.id for one in tops], ids), strict=True))
    return pl.DataFrame(
        [
            {
                "envelope": entry.id,
                "name": names[entry.id],
                "amount": point.amount_cents / 100,
                "available": None if entry.effective_cents is None else entry.effective_cents / 100,
                "granted": entry.granted_cents / 100,
            }
            for point, found in lists
            for entry in found.envelopes
            if entry.id in names
        ],
        schema_overrides={"available": pl.Float64},
    )
