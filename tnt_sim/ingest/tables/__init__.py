"""Strict readers of table files, and of their cells as typed values."""
