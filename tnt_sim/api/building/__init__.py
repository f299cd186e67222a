"""Scenarios built from values of Python and data frames, and written to files."""
