"""Audit of a hand-made selection: rules broken, loss against the optimum, and swaps that recover it."""
