"""A run as the public reads it: no contact of a person, and no name of a natural person who applies.

The columns of what is published are listed here, in one place; no other column of a table reaches it, even if
the scenario reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import polars as pl

from tnt_sim.domain.portfolio import CANONICAL, ColumnKind
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.i18n.message import _
from tnt_sim.ingest.tables.personal_data import mask_contacts, select_marked_persons

PUBLIC_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "scdl": ("dossier", "title", "applicant", "applicant_id", "notified_at", "committed", "dateConvention"),
    "pabulib": ("dossier", "title", "applicant", "envelope", "cost", "requested", "score"),
    "arrete": ("dossier", "title", "applicant", "applicant_id", "envelope", "cost", "base"),
    "report": (
        "dossier", "title", "applicant", "applicant_type", "envelope", "department", "region", "population",
        "cost", "requested", "committed", "score", "state",
    ),
}  # fmt: skip
"""By output, the columns of the dossier table that it shows; figures of the decision are not listed."""

NATURAL_PERSON = _("natural person")
_TEXTS = ("title", "applicant", "reason")


def hide_persons(run: StoredRun) -> StoredRun:
    """Return the run without contacts and without the names of natural persons.

    The names stay if the scenario allows the column `applicant` under `publisher: {columns: […]}`.
    """
    named = _hide_names(run.table, run)
    return hide_contacts(replace(run, table=named))


def hide_contacts(run: StoredRun) -> StoredRun:
    """Return the run with « … » for e-mail addresses, telephone, social security and account numbers."""
    masked = [mask_contacts(pl.col(name)) for name in _TEXTS if name in run.table.columns]
    return replace(run, table=run.table.with_columns(masked))


def hide_in_table(table: pl.DataFrame, run: StoredRun) -> pl.DataFrame:
    """Return the table of dossiers that a run decided on, with contacts and names hidden in every text."""
    texts = [
        mask_contacts(pl.col(name))
        for name, dtype in table.schema.items()
        if dtype == pl.String and CANONICAL.get(name) is not ColumnKind.CODE and not name.startswith("_")
    ]
    return _hide_names(table, run).with_columns(texts)


def _hide_names(table: pl.DataFrame, run: StoredRun) -> pl.DataFrame:
    """Return a table in which natural persons who apply have no name."""
    if "applicant" not in table.columns or "applicant" in run.spec.publisher.columns:
        return table
    persons = select_marked_persons(table)
    if not persons.any():
        return table
    name = pl.when(persons).then(pl.lit(NATURAL_PERSON.in_(run.lang))).otherwise(pl.col("applicant"))
    return table.with_columns(name.alias("applicant"))
