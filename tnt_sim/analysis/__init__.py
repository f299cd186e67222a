"""Analyses of a decision or a scenario: explanation, marginal values, conflicts, sweeps, uncertainty.

Each analysis asks questions of the form "what would the optimum be if …" and re-optimises, or uses
an exact bound that makes the solve unnecessary.
"""
