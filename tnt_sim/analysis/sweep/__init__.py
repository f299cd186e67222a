"""Sweep of an envelope amount: the optimal value as a function of the right-hand side, with proven bounds."""
