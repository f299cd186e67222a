"""Build the FranceConnect tables: who is equipped already (SYNTHETIC), and every body that is not.

Of November 2021 only counts are published: 35 departments, 20 % of the large bodies (884 of 4,422) and, if the
total of 1,000 is right, 81 small communes. Which bodies they are is not known: they are drawn at random here.
The candidates are all the other bodies of the 2021 map (Etalab, INSEE, DGCL, Licence Ouverte 2.0).

Run with ``uv run python scenarios/build/franceconnect.py``. Both files are the same, byte for byte, anywhere.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl
from synthetic import Draw

DATA = Path(__file__).resolve().parent.parent / "data"
MAP = Path(__file__).resolve().parents[2] / "tnt_sim" / "data" / "territories-2021.parquet"
EQUIPPED = DATA / "franceconnect-2021-equipped.csv"
CANDIDATES = DATA / "franceconnect-2021-candidates.csv"
SEED = 20211122
LARGE = 3_500
KNOWN = {"departement": 35, "grande": 884, "petite": 81}


def bodies(territories: Path = MAP) -> pl.DataFrame:
    """Departments, EPCI and communes with a known population, with the class of each, in order."""
    nature = pl.col("type")
    kind = (
        pl.when(nature.is_in(["epci-METRO", "epci-MET69"]))
        .then(pl.lit("metropole"))
        .otherwise(nature.str.replace("-.*$", ""))
    )
    grade = (
        pl.when(nature == "departement")
        .then(pl.lit("departement"))
        .when(pl.col("population") > LARGE)
        .then(pl.lit("grande"))
        .otherwise(pl.lit("petite"))
    )
    kept = pl.read_parquet(territories).filter(
        (nature != "region") & pl.col("population").is_not_null() & (pl.col("region").fill_null("") != "")
    )
    return kept.select(
        "code", "name", kind.alias("kind"), grade.alias("grade"), "department", "population"
    ).sort("kind", "code")


def equipped(table: pl.DataFrame) -> pl.DataFrame:
    """The bodies drawn as equipped: as many of each class as are published."""
    drawn: list[str] = []
    for number, (grade, count) in enumerate(KNOWN.items(), start=1):
        codes = table.filter(pl.col("grade") == grade)["code"].to_list()
        drawn += sorted(Draw(SEED + number).shuffled(codes)[:count])
    return (
        pl.DataFrame({"code": drawn})
        .join(table, on="code", how="left", maintain_order="left")
        .select("code", "name", "kind", "grade", pl.lit("oui").alias("synthetic"))
    )


def candidates(table: pl.DataFrame, already: pl.DataFrame) -> pl.DataFrame:
    """One dossier for each body that is not equipped, numbered by its code."""
    return table.join(already, on="code", how="anti", maintain_order="left").select(
        pl.concat_str(pl.lit("FC-"), "code").alias("dossier"),
        pl.col("name").alias("applicant"),
        pl.col("code").alias("applicant_id"),
        pl.col("kind").alias("applicant_type"),
        pl.col("grade"),
        "department",
        "population",
        pl.lit("oui").alias("synthetic"),
    )


def build(territories: Path = MAP) -> dict[Path, bytes]:
    """The bytes of both files."""
    table = bodies(territories)
    already = equipped(table)
    frames = {EQUIPPED: already, CANDIDATES: candidates(table, already)}
    return {path: frame.write_csv(line_terminator="\n").encode() for path, frame in frames.items()}


if __name__ == "__main__":
    for path, content in build().items():
        path.write_bytes(content)
        rows = content.count(b"\n") - 1
        print(f"{path.name}: {{rows: {rows}, sha256: {hashlib.sha256(content).hexdigest()}}}")
