"""Reading of dossiers: from files as people have them to one strict `Portfolio`.

`portfolio_reader` reads the dossier tables of a scenario. `tables/` turns CSV, XLSX, ODS, Parquet and
Pabulib files into columns of cells and cells into typed values. `forms/` imports exports of application
forms through a mapping that a person reviews. `quality/` reports what is missing or odd in a table.
"""
