"""Exact combinatorial kernels over integer arrays: they know neither scenarios nor solvers."""
