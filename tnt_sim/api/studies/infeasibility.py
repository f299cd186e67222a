"""Conflicts of an infeasible scenario for Python users."""

from __future__ import annotations

from tnt_sim.analysis.infeasibility import minimal_conflicts
from tnt_sim.analysis.infeasibility.minimal_conflicts import ConflictResult
from tnt_sim.studies.answer_files import Pages, with_files


class Conflict(Pages, ConflictResult):
    """Explanation of an infeasible scenario, with its page and workbook."""

    own_table = "members"


conflict = with_files(minimal_conflicts.conflict, Conflict)
