"""Audit of a list made by hand, for Python users."""

from __future__ import annotations

from tnt_sim.analysis.audit import audit as analysis
from tnt_sim.analysis.audit.audit import AuditResult
from tnt_sim.api.study_files import Pages, with_files


class Audit(Pages, AuditResult):
    """Selection compared with the rules and the optimum, with its page and workbook."""


audit = with_files(analysis.audit, Audit)
