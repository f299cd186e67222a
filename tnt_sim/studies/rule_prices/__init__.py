"""Prices of the restrictions that a planner could lift."""
