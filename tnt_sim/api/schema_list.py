"""List of the JSON Schemas: the name and the subject of each document."""

from __future__ import annotations

from tnt_sim.api.schemas import DOCUMENTS
from tnt_sim.i18n.message import _
from tnt_sim.reporting.report_tree import Column, Report, Table


def build_report() -> Report:
    """Return the list of the schemas."""
    columns = [Column("", list(DOCUMENTS)), Column("", [subject for __, subject in DOCUMENTS.values()])]
    return Report(title=_("JSON Schemas"), nodes=[Table(columns, most=len(DOCUMENTS))], bare=True)
