"""Infeasibility analysis: minimal conflicts (IIS) of a scenario, and the cheapest repairs."""
