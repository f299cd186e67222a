"""Explain a decision: why each application is funded or refused, and the smallest change that would fund it."""
