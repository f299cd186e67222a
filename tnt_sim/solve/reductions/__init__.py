"""Exact reductions of a model: fixing, projection, merging, tightening, cuts."""
