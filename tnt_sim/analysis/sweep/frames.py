"""Tables of a sweep for Python users: amounts in integer cents, values as exact text."""

from __future__ import annotations

import polars as pl

from tnt_sim.analysis.sweep.document import CURVES, FundedCurvePoint, SweepDocument
from tnt_sim.documents import dump_document

_TOTAL_KEYS = (
    "granted_cents",
    "left_cents",
    "n_funded",
    "n_new",
    "population",
    "inhabitants",
    "n_departments",
)


def build_point_frame(document: SweepDocument) -> pl.DataFrame:
    """Return one row per amount and curve; amounts in cents, values as exact text."""
    rows = []
    for point in document.points:
        for curve in CURVES:
            entry = point.get_curve(curve)
            if entry is None:
                continue
            row: dict[str, str | int | None] = {
                "amount_cents": point.amount_cents,
                "curve": curve,
                "status": entry.status.value,
                "proof": None if entry.proof is None else entry.proof.value,
            }
            for k, goal in enumerate(document.goals):
                stage = entry.objective[k] if entry.objective else None
                row[f"goal_{k + 1}"] = goal.goal
                row[f"value_{k + 1}"] = None if stage is None else stage.value
                row[f"bound_{k + 1}"] = None if stage is None else stage.bound
            at_amount = point.get_list(curve)
            row |= dict.fromkeys(_TOTAL_KEYS) if at_amount is None else _list_totals(at_amount)
            row["n_entered"], row["n_left"] = (
                (0, 0) if at_amount is None else (len(at_amount.entered), len(at_amount.left))
            )
            row["price_of_nesting"] = point.price_of_nesting if curve == "nested" else None
            row["price_goal"] = point.price_goal if curve == "nested" else None
            row["width_cents"] = entry.width_cents
            rows.append(row)
    return pl.DataFrame(rows, infer_schema_length=None)


def _list_totals(at_amount: FundedCurvePoint) -> dict[str, int | None]:
    return {key: getattr(at_amount, key) for key in _TOTAL_KEYS}


def build_envelope_frame(document: SweepDocument) -> pl.DataFrame:
    """Return one row per amount, curve and envelope; `envelope_cents` is the envelope's amount there."""
    return pl.DataFrame(
        [
            {
                "amount_cents": point.amount_cents,
                "curve": curve,
                "id": entry.id,
                "parent": entry.parent,
                "title": entry.title,
                "envelope_cents": entry.amount_cents,
                "effective_cents": entry.effective_cents,
                "granted_cents": entry.granted_cents,
                "n_funded": entry.n_funded,
            }
            for point in document.points
            for curve in CURVES
            if (found := point.get_list(curve)) is not None
            for entry in found.envelopes
        ],
        infer_schema_length=None,
    )


def build_dossier_frame(document: SweepDocument) -> pl.DataFrame:
    """Return one row per dossier that some amount changes."""
    first = ("dossier", "title", "envelope", "granted_cents", "free_from_cents", "nested_from_cents")
    return document.dossier_table.select(*first, "free_at_cents", "nested_at_cents")


def build_step_frame(document: SweepDocument) -> pl.DataFrame:
    """Return one row per step of the exact curve; empty without `exact`."""
    steps = document.steps
    return pl.DataFrame({"amount_cents": [], "value": []} if steps is None else dump_document(steps))
