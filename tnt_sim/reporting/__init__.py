"""Reporting: sentences, terminal pages, HTML, PDF, workbooks, charts, exports and run folders."""
