"""Renderers: HTML pages, workbooks and terminal lines."""
