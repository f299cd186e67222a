"""Audit of a list made by hand, for Python users."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tnt_sim.analysis.audit import audit as analysis
from tnt_sim.analysis.audit.audit import AuditResult
from tnt_sim.api.study_files import Pages, with_files

if TYPE_CHECKING:
    from tnt_sim.reporting.report_tree import Report


class Audit(Pages, AuditResult):
    """Selection compared with the rules and the optimum, with its page and workbook."""

    own_table = "dossiers"

    def build_report(self) -> Report:
        """Return the report that a page or a workbook shows, with the picture of the list."""
        from tnt_sim.reporting.reports.audit import build_report

        return build_report(self.data, self.problem, self.allocation)


audit = with_files(analysis.audit, Audit)
