"""Near-optimal allocations for Python users."""

from __future__ import annotations

from tnt_sim.analysis.alternatives import alternatives as analysis
from tnt_sim.analysis.alternatives.alternatives import AlternativesResult
from tnt_sim.api.study_files import Pages, with_files


class Alternatives(Pages, AlternativesResult):
    """Near-optimal allocations of a scenario, with their page and workbook."""

    own_table = "dossiers"


alternatives = with_files(analysis.alternatives, Alternatives)
