"""Checks proofs exactly, with no solver and without the formulation's matrix."""
