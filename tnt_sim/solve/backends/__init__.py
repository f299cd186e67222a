"""Solvers behind one interface: HiGHS, SciPy and the solvers of PuLP."""
