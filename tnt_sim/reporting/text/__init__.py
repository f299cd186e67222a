"""Sentences of results in French and English."""
