"""Audit of a list made by hand, for Python users."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from tnt_sim.analysis.audit import audit as analysis
from tnt_sim.analysis.audit.audit import AuditResult
from tnt_sim.studies.answer_files import Pages, with_files

if TYPE_CHECKING:
    from tnt_sim.reporting.plots.audit_plots import AuditPlots
    from tnt_sim.reporting.report_tree import Report


class Audit(Pages, AuditResult):
    """Selection compared with the rules and the optimum, with its page and workbook."""

    own_table = "dossiers"

    @cached_property
    def plot(self) -> AuditPlots:
        """Its chart: `inversions`, the better applications that the list leaves out.

        Examples
        --------
        >>> _ = Path("liste.csv").write_text("dossier\\nE-01\\n", encoding="utf-8")
        >>> scenario.analyse.audit("liste.csv").plot
        <Charts of an audit: inversions>
        """
        from tnt_sim.reporting.charts.theme import import_altair

        import_altair()
        from tnt_sim.reporting.plots.audit_plots import AuditPlots

        return AuditPlots(self.problem, self.allocation, self.data.inversions, self.lang)

    def build_report(self) -> Report:
        """Return the report that a page or a workbook shows, with the picture of the list."""
        from tnt_sim.reporting.reports.audit import build_report

        return build_report(self.data, self.problem, self.allocation)


audit = with_files(analysis.audit, Audit)
