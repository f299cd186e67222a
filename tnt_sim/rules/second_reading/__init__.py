"""Rows written a second time, independently of the model, to check what the solvers were given."""
