"""Build ``tnt_sim/data/territories-20XX.parquet``: the map of a year, one row per territory.

Source: administrative division of France, ``@etalab/decoupage-administratif`` 1.1.1 (2021) and 6.0.0 (2026)
(Etalab, INSEE, DGCL), Licence Ouverte 2.0, as ``territoires_20XX.csv`` (code, name, type, department, region,
population, epci, siren).

Run with ``uv run python scenarios/build/territories.py SOURCE_20XX.csv``; the year is that of the file's name.
Every column is text (an absent value is null), but ``population``, an integer. Row order is that of the source.
``type`` is ``commune``,
``departement``, ``region`` or ``epci-CC``, ``epci-CA``, ``epci-CU``, ``epci-METRO``, ``epci-MET69``; a
region's ``code`` starts with ``R`` (``R84``), since ``01`` is both Ain and Guadeloupe.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

DATA = Path(__file__).resolve().parents[2] / "tnt_sim" / "data"
COLUMNS = ("code", "name", "type", "department", "region", "population", "epci", "siren")


def build(source: Path) -> pl.DataFrame:
    """Read the source table; raises ``ValueError`` if its columns or its keys are not those expected."""
    table = pl.read_csv(source, infer_schema=False)
    if tuple(table.columns) != COLUMNS:
        raise ValueError(f"{source}: columns {table.columns}, expected {list(COLUMNS)}")
    table = table.with_columns(pl.col("population").cast(pl.Int64, strict=True))
    if table.select("type", "code").is_duplicated().any():
        raise ValueError(f"{source}: two rows with one (type, code)")
    return table


if __name__ == "__main__":
    frame = build(Path(sys.argv[1]))
    target = DATA / f"territories-{Path(sys.argv[1]).stem[-4:]}.parquet"
    frame.write_parquet(target, compression="zstd", statistics=False)
    print(f"{target.name}: {frame.height} rows")
