"""Uncertainty analysis: Monte Carlo draws of uncertain inputs, each re-optimised, and their summary."""
