"""Verification: exact checks of allocations and of stored runs, without formulation and without any solver."""
