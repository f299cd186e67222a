"""Reconciliation of a run with an accounting export, for Python users."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from tnt_sim.analysis.reconcile.document import ReconcileDocument
from tnt_sim.analysis.reconcile.run_reconciliation import RunReconciliation
from tnt_sim.i18n.message import Lang
from tnt_sim.studies.answer_files import Pages


@dataclass(frozen=True, eq=False)
class ReconciledRun(Pages):
    """The decisions of a run and the lines of an accounting export, each in one list, with page and workbook."""

    answer: RunReconciliation
    lang: Lang

    def __repr__(self) -> str:
        return f"<Reconciliation of {self.decisions.height} decisions and {self.lines.height} lines>"

    @property
    def data(self) -> ReconcileDocument:
        """The answer, whose JSON form is `document`."""
        return self.answer.document

    @property
    def decisions(self) -> pl.DataFrame:
        """One row per funded application: its list, its lines, their sum and the difference, in integer cents."""
        return self.answer.reconciliation.decisions

    @property
    def lines(self) -> pl.DataFrame:
        """One row per line of the export: its amount in integer cents, its application and its list."""
        return self.answer.reconciliation.lines
