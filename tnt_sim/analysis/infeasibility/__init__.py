"""Infeasibility analysis: minimal conflicts (IIS) of a scenario, and the cheapest repairs."""

from __future__ import annotations

from tnt_sim.analysis.infeasibility.minimal_conflicts import Clash, Conflict, conflict, find_conflict
from tnt_sim.analysis.infeasibility.repair_cost import RuleRepair

__all__ = ["Clash", "Conflict", "RuleRepair", "conflict", "find_conflict"]
