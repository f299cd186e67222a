"""Reporting: sentences, terminal pages, HTML, PDF, workbooks, charts and exports."""
