"""Marks, axes and style of the charts."""
