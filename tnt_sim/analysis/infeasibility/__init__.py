"""analysis/infeasibility/__init__.py."""

from __future__ import annotations

from tnt_sim.analysis.infeasibility.minimal_conflicts import Clash, Conflict, conflict, conflict_of
from tnt_sim.analysis.infeasibility.repair import Repair

__all__ = ["Clash", "Conflict", "Repair", "conflict", "conflict_of"]
