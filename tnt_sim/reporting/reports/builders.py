"""The builder of the report of each document."""

from __future__ import annotations

from tnt_sim.analysis.explain.document import ExplainDocument
from tnt_sim.analysis.reconcile.document import ReconcileDocument
from tnt_sim.analysis.sweep.document import SweepDocument
from tnt_sim.reporting.report_tree import Report
from tnt_sim.reporting.reports import (
    explanation,
    reconciliation,
    sweep,
)

type StudyDocument = ExplainDocument | SweepDocument | ReconcileDocument


def build_report(document: StudyDocument) -> Report:
    """Return the report of a document."""
    match document:
        case ExplainDocument():
            return explanation.build_report(document)
        case SweepDocument():
            return sweep.build_report(document)
        case ReconcileDocument():
            return reconciliation.build_report(document)
