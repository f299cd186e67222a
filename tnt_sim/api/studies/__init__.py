"""Answers of the studies, with their page and workbook."""
