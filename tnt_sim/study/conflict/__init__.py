"""Why nothing fits: minimal sets of rules that clash, and the cheapest repairs."""

from tnt_sim.study.conflict.finding import Clash, Conflict, conflict, conflict_of
from tnt_sim.study.conflict.repair import Repair

__all__ = ["Clash", "Conflict", "Repair", "conflict", "conflict_of"]
