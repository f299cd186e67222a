"""Optimisation algorithms: lexicographic stages, exact kernels, heuristics, tie-break and cross-check."""
