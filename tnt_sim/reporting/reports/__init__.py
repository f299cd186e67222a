"""Reports of results: lines for the terminal, notebook fragments, pages and workbooks."""
