"""Questions to a scenario, each declared once: its verb, method, options, document, tables and page."""
