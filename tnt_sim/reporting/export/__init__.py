"""Exports of a decision: administrative tables, SCDL open data, Pabulib, CSV, Parquet."""
