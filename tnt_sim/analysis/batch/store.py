"""Rows of a batch in its store: their columns, and how records become rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from tnt_sim.analysis.batch.document import BatchRecord
from tnt_sim.analysis.shared.result_store import SECONDS, Schema, read_rows
from tnt_sim.documents import dump_document

_ENVELOPE = pl.Struct(
    {
        "id": pl.String,
        "amount_cents": pl.Int64,
        "effective_cents": pl.Int64,
        "granted_cents": pl.Int64,
        "unspent_cents": pl.Int64,
        "n_funded": pl.Int64,
    }
)
SCHEMA: Schema = {
    "case_sha256": pl.String,
    "name": pl.String,
    "changes": pl.List(pl.String),
    "scenario_sha256": pl.String,
    "status": pl.String,
    "stopped_by": pl.String,
    "proof": pl.String,
    "publishable": pl.Boolean,
    "canonical": pl.Boolean,
    "method": pl.String,
    "amount_cents": pl.Int64,
    "granted_cents": pl.Int64,
    "unspent_cents": pl.Int64,
    "n_dossiers": pl.Int64,
    "n_eligible": pl.Int64,
    "n_funded": pl.Int64,
    "inhabitants": pl.Int64,
    "allocation_sha256": pl.String,
    "goals": pl.List(pl.String),
    "values": pl.List(pl.String),
    "bounds": pl.List(pl.String),
    "gap_money_cents": pl.List(pl.Int64),
    "envelopes": pl.List(_ENVELOPE),
    "dossier": pl.List(pl.String),
    "awarded_cents": pl.List(pl.Int64),
    "error_code": pl.String,
    "error": pl.String,
    "error_fr": pl.String,
}
"""Columns of `runs/`; `dossier` and `awarded_cents` are parallel lists of the funded applications."""


def build_table(records: Sequence[BatchRecord]) -> pl.DataFrame:
    """Return the rows of some records."""
    rows = [dump_document(record) for record in records]
    return pl.DataFrame(rows, schema={**SCHEMA, SECONDS: pl.Float64})


def read_runs(folder: Path) -> pl.DataFrame:
    """Return every record of a store so far, one row per case."""
    return read_rows(folder, SCHEMA)
