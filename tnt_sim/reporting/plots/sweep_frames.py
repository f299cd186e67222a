"""Tidy frames of the charts of a sweep: one row per amount and curve, envelope or entry, amounts in euros."""

from __future__ import annotations

from fractions import Fraction

import polars as pl

from tnt_sim.analysis.sweep.document import CURVES, SweepDocument
from tnt_sim.i18n.message import Capitalised, Lang, Text, _
from tnt_sim.i18n.numbers import format_round_amount
from tnt_sim.reporting.plots.drawing.chart_words import make_unique
from tnt_sim.reporting.reports.sweep_pictures import list_bands
from tnt_sim.reporting.text.sweep import CURVE, list_top_envelopes, select_lists

REACHED: dict[str, Text] = {
    "n_funded": _("funded applications"),
    "population": _("population of the applicants"),
    "n_departments": _("departments reached"),
}
"""Figures of a list that an index compares, with their words."""


def build_curve_frame(document: SweepDocument, lang: Lang) -> pl.DataFrame:
    """Return one row per curve and amount with a list, and every exact step of the free curve where it is known.

    Columns: `curve`, `name`, `amount`, `value`, `n_funded`, `granted`, `left`.

    Raises
    ------
    ValueError
        If no amount has a list.
    """
    rows = [
        {
            "curve": curve,
            "name": CURVE[curve].in_(lang),
            "amount": point.amount_cents / 100,
            "value": float(Fraction(entry.objective[0].value)),
            "n_funded": entry.n_funded,
            "granted": entry.granted_cents / 100,
        }
        for curve in CURVES
        for point, entry in select_lists(document, curve)
    ]
    if not rows:
        raise ValueError("no amount has a list: there is nothing to draw")
    steps = document.steps
    if steps is not None and steps.amount_cents:
        exact = [
            {
                "curve": "free",
                "name": CURVE["free"].in_(lang),
                "amount": cents / 100,
                "value": float(Fraction(value)),
                "n_funded": n_funded,
                "granted": granted / 100,
            }
            for cents, value, n_funded, granted in zip(
                steps.amount_cents, steps.value, steps.n_funded, steps.granted_cents, strict=True
            )
        ]
        known = {row["amount"] for row in exact}
        rows = [*exact, *(row for row in rows if row["curve"] != "free" or row["amount"] not in known)]
    frame = pl.DataFrame(rows).sort("curve", "amount", maintain_order=True)
    return frame.with_columns((pl.col("amount") - pl.col("granted")).round(2).alias("left"))


def has_two_curves(frame: pl.DataFrame, measure: str) -> bool:
    """Whether the free and the nested curve differ somewhere in a measure."""
    free, nested = (
        frame.filter(pl.col("curve") == curve).select("amount", measure).rows()
        for curve in ("free", "nested")
    )
    return bool(free) and bool(nested) and not set(nested) <= set(free)


def build_band_frame(document: SweepDocument) -> pl.DataFrame:
    """Return where the value is only known within limits: `amount`, `until`, `low`, `high`."""
    rows = [(low / 100, high / 100, least, most) for low, high, least, most in list_bands(document)]
    schema = dict.fromkeys(("amount", "until", "low", "high"), pl.Float64)
    return pl.DataFrame(rows, schema=schema, orient="row")


def build_figure_frame(document: SweepDocument, lang: Lang) -> pl.DataFrame:
    """Return one row per figure and amount: `figure`, `name`, `amount`, `value`, `index` (100 at the smallest)."""
    lists = select_lists(document, document.first_curve)
    rows = []
    for key, text in REACHED.items():
        values = [getattr(entry, key) for _point, entry in lists]
        if not values or not values[0] or None in values:
            continue
        rows += [
            {
                "figure": key,
                "name": Capitalised(text).in_(lang),
                "amount": point.amount_cents / 100,
                "value": value,
                "index": 100.0 * value / values[0],
            }
            for (point, _entry), value in zip(lists, values, strict=True)
        ]
    if not rows:
        raise ValueError("no amount funds an application: there is nothing to draw")
    return pl.DataFrame(rows)


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
