"""Build ``scenarios/data/territories-2021.parquet``: the map of 2021, one row per territory.

Source: administrative division of France, ``@etalab/decoupage-administratif`` 1.1.1 (Etalab, INSEE, DGCL),
Licence Ouverte 2.0, as ``territoires_2021.csv`` (code, name, type, department, region, population, epci,
siren).

Run with ``uv run python scenarios/build/territories.py SOURCE.csv``. Every column is text (an absent value
is null), but ``population``, an integer. Row order is that of the source. ``type`` is ``commune``,
``departement``, ``region`` or ``epci-CC``, ``epci-CA``, ``epci-CU``, ``epci-METRO``, ``epci-MET69``; a
region's ``code`` starts with ``R`` (``R84``), since ``01`` is both Ain and Guadeloupe.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

TARGET = Path(__file__).resolve().parent.parent / "data" / "territories-2021.parquet"
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
    frame.write_parquet(TARGET, compression="zstd", statistics=False)
    print(f"{TARGET.name}: {frame.height} rows")
