"""Build the 2019 DETR, DSIL and DSID dossiers and the split tables of their envelopes.

Source: list of local-government projects subsidised by the State's investment grants, « DGCL, traitement
CGET/ANCT », Licence Ouverte 2.0, as ``projects_detr_dsil_2018_2019.csv``; the 24,811 rows of 2019.

Run with ``uv run python scenarios/build/detr_dsil_2019.py SOURCE.csv`` once ``territories-2021.parquet`` is
there. It writes ``detr-dsil-2019.parquet``, ``detr-2019-departments.csv``, ``dsil-2019-departments.csv`` and
``dsid-2019-departments.csv`` into ``scenarios/data``, and prints the amounts for the scenario.

- No row is dropped or corrected. ``requested`` is the grant really given: the list holds no amount asked.
- ``applicant_type`` from ``level``: commune → ``commune``, departement → ``departement``, epci → ``epci``, or
  ``metropole`` for the SIREN of a métropole of the 2021 map. ``commune`` is filled for communes only.
- In text, every run of white space or control characters (newline, tab, U+2028 …) becomes one space, and the
  ends are trimmed; nothing else changes. An absent text is ``""``.
- Money is read as decimal text into integer cents, never through a float.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl

DATA = Path(__file__).resolve().parent.parent / "data"
MAP = Path(__file__).resolve().parents[2] / "tnt_sim" / "data" / "territories-2021.parquet"
FUNDS = ("detr", "dsil", "dsid")
FUND_PERCENT = 65
DEPARTMENT_PERCENT = 70
TYPES = {"commune": "commune", "epci": "epci", "departement": "departement"}


def clean(column: str) -> pl.Expr:
    """Text on one line: white space and control characters become single spaces; null becomes ``""``."""
    blank = r"[\s\p{Cc}\p{Zl}\p{Zp}\x{00A0}\x{202F}]+"
    return pl.col(column).fill_null("").str.replace_all(blank, " ").str.strip_chars(" ")


def cents(column: str) -> pl.Expr:
    """Exact integer cents of a decimal text with at most two decimals; null elsewhere (checked in build)."""
    pattern = r"^(\d+)(?:\.(\d{1,2}))?$"
    euros = pl.col(column).str.extract(pattern, 1).cast(pl.Int64)
    decimals = pl.col(column).str.extract(pattern, 2).fill_null("").str.pad_end(2, "0").cast(pl.Int64)
    return euros * 100 + decimals


def build(source: Path, territories: Path) -> pl.DataFrame:
    """The dossiers of 2019 in the canonical columns (money in ``_cents``), in the order of the source."""
    raw = pl.read_csv(source, infer_schema=False).filter(pl.col("year") == "2019")
    metropoles = pl.read_parquet(territories).filter(pl.col("type").is_in(["epci-METRO", "epci-MET69"]))
    is_metropole = (pl.col("level") == "epci") & pl.col("beneficiary_code").is_in(
        metropoles["code"].to_list()
    )
    table = raw.select(
        pl.col("project_id").alias("dossier"),
        clean("description").alias("title"),
        pl.col("fund").str.to_lowercase().alias("envelope"),
        clean("beneficiary").alias("applicant"),
        pl.col("beneficiary_code").alias("applicant_id"),
        pl.when(is_metropole)
        .then(pl.lit("metropole"))
        .otherwise(pl.col("level").replace_strict(TYPES))
        .alias("applicant_type"),
        "department",
        pl.when(pl.col("level") == "commune").then("beneficiary_code").otherwise(pl.lit("")).alias("commune"),
        pl.col("population").cast(pl.Int64, strict=True),
        cents("cost").alias("cost_cents"),
        cents("grant").alias("requested_cents"),
        clean("category").alias("category"),
        pl.col("rate").fill_null(""),
    )
    unread = table.filter(pl.col("cost_cents").is_null() | pl.col("requested_cents").is_null())
    if unread.height:
        raise ValueError(f"{source}: {unread.height} amounts are not decimals with at most two decimals")
    return table


def fund_cents(table: pl.DataFrame, fund: str) -> int:
    """65 % of what the fund granted, rounded down to the cent."""
    return int(table.filter(pl.col("envelope") == fund)["requested_cents"].sum()) * FUND_PERCENT // 100


def departments(table: pl.DataFrame, fund: str) -> pl.DataFrame:
    """Split table (group, amount) of a fund: 70 % of what each department received, floor to the cent."""
    totals = (
        table.filter(pl.col("envelope") == fund)
        .group_by(pl.col("department").alias("group"))
        .agg(pl.col("requested_cents").sum() * DEPARTMENT_PERCENT // 100)
        .sort("group")
    )
    amounts = [f"{value // 100}.{value % 100:02d}" for value in totals["requested_cents"]]
    return totals.select("group", pl.Series("amount", amounts))


if __name__ == "__main__":
    frame = build(Path(sys.argv[1]), MAP)
    frame.write_parquet(DATA / "detr-dsil-2019.parquet", compression="zstd", compression_level=19)
    print(f"detr-dsil-2019.parquet: {frame.height} rows, requested {frame['requested_cents'].sum()} cents")
    for name in FUNDS:
        departments(frame, name).write_csv(DATA / f"{name}-2019-departments.csv", line_terminator="\n")
        print(f"{name}: {fund_cents(frame, name)} cents ({FUND_PERCENT} %)")
    print("programme:", sum(fund_cents(frame, name) for name in FUNDS), "cents")
