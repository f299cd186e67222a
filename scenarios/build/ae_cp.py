"""Build ``scenarios/data/ae-cp-dossiers.csv``: SYNTHETIC projects and the year in which each would be decided.

Bodies and inhabitants are those of the 2021 map; projects, amounts, scores and years are drawn at random.

Run with ``uv run python scenarios/build/ae_cp.py``. The file is the same, byte for byte, on any machine.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
from pathlib import Path

import polars as pl
from synthetic import EURO, Atlas, Draw, cost_for, sizes

DATA = Path(__file__).resolve().parent.parent / "data"
TARGET = DATA / "ae-cp-dossiers.csv"
MAP = Path(__file__).resolve().parents[2] / "tnt_sim" / "data" / "territories-2021.parquet"
SEED = 20211231
COLUMNS = (
    "dossier", "applicant", "applicant_id", "applicant_type", "department", "region", "population", "year", "cost",
    "requested", "score", "filed_at", "end", "synthetic",
)  # fmt: skip
N_PROJECTS, EUROS = 500, 120_000_000
Row = dict[str, str | int | None]


def build(territories: Path = MAP) -> bytes:
    """The CSV file: UTF-8, comma, line feed; money in euros with two decimals."""
    draw, atlas = Draw(SEED), Atlas(pl.read_parquet(territories))
    towns = [body for body in atlas.communes if int(body["population"] or 0) > 10_000]
    bodies = draw.shuffled(atlas.epci + atlas.metropoles + atlas.departements + towns)[:N_PROJECTS]
    rows: list[Row] = []
    for body, amount in zip(bodies, sizes(draw, N_PROJECTS, EUROS, 0.8), strict=True):
        row: Row = {name: body.get(name, "") for name in COLUMNS}
        early = draw.unit() < 0.65
        first, last = ((3, 1), (9, 30)) if early else ((10, 1), (12, 15))
        year = 2021 if early else 2022
        rows.append(
            row
            | {
                "year": year,
                "end": draw.moment(dt.date(year + 1, 1, 1), dt.date(year + 2, 12, 31), timed=0.0),
                "cost": euros(cost_for(draw, amount, (40, 50, 60, 75))),
                "requested": euros(amount), "score": draw.score(12.0, 2.5), "synthetic": "oui",
                "filed_at": draw.moment(dt.date(2021, *first), dt.date(2021, *last)),
            }
        )  # fmt: skip
    rows.sort(key=lambda row: str(row["filed_at"]))
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for number, row in enumerate(rows, start=1):
        writer.writerow(row | {"dossier": f"P-{number:03d}"})
    return text.getvalue().encode()


def euros(cents: int) -> str:
    """Cents as a decimal text in euros."""
    return f"{cents // EURO}.{cents % EURO:02d}"


if __name__ == "__main__":
    content = build()
    TARGET.write_bytes(content)
    lines = content.count(b"\n") - 1
    print(f"{TARGET.name}: {{rows: {lines}, sha256: {hashlib.sha256(content).hexdigest()}}}")
