"""Build ``scenarios/data/demat-ads-2021.csv``: SYNTHETIC instructing centres that ask the Démat.ADS line.

No list of the centres subsidised is known. Bodies, members and inhabitants are those of the 2021 map; which
of them are centres, their dates and invoices are drawn at random. Some communes ask for themselves although they
belong to an EPCI that asks for all its members: « once per commune » then has something to decide.

Run with ``uv run python scenarios/build/demat_ads.py``. The file is the same, byte for byte, on any machine.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
from pathlib import Path

import polars as pl
from synthetic import EURO, Atlas, Body, Draw

DATA = Path(__file__).resolve().parent.parent / "data"
TARGET = DATA / "demat-ads-2021.csv"
MAP = Path(__file__).resolve().parents[2] / "tnt_sim" / "data" / "territories-2021.parquet"
SEED = 20211105
COLUMNS = (
    "dossier", "applicant", "applicant_id", "applicant_type", "department", "commune", "members", "n_communes",
    "population", "invoices", "filed_at", "synthetic",
)  # fmt: skip
Row = dict[str, str | int | None]
N_EPCI, N_ALONE, N_TWICE = 560, 180, 60


def rows(territories: Path = MAP) -> list[Row]:
    """The centres in filing order."""
    draw, atlas = Draw(SEED), Atlas(pl.read_parquet(territories))
    centres = draw.shuffled(atlas.epci + atlas.metropoles)[:N_EPCI]
    shared = {body["applicant_id"] for body in centres}
    large = [body for body in atlas.communes if int(body["population"] or 0) > 3_500]
    alone = draw.shuffled([body for body in large if body["epci"] not in shared])[:N_ALONE]
    twice = draw.shuffled([body for body in large if body["epci"] in shared])[:N_TWICE]
    table = [centre(draw, body, atlas) for body in [*centres, *alone, *twice]]
    table.sort(key=lambda row: str(row["filed_at"]))
    for number, row in enumerate(table, start=1):
        row["dossier"] = f"ADS-{number:03d}"
    return table


def centre(draw: Draw, body: Body, atlas: Atlas) -> Row:
    """One centre: its communes, and invoices that fall short of the fee in a fifth of cases."""
    communes = atlas.members.get(str(body["applicant_id"]), [str(body["commune"])])
    fee = min(4_000 + 400 * min(len(communes), 30), 16_000)
    percent = 60 + draw.below(40) if draw.unit() < 0.2 else 100 + draw.below(150)
    row: Row = {name: body.get(name, "") for name in COLUMNS}
    return row | {
        "members": ";".join(communes), "n_communes": len(communes), "invoices": fee * percent // 100 * EURO,
        "filed_at": filed(draw), "synthetic": "oui",
    }  # fmt: skip


def filed(draw: Draw) -> str:
    """Four in five before the first tranche closes, the others until the end of February 2022."""
    if draw.unit() < 0.8:
        return draw.moment(dt.date(2021, 5, 27), dt.date(2021, 11, 5))
    return draw.moment(dt.date(2021, 11, 6), dt.date(2022, 2, 28))


def build(territories: Path = MAP) -> bytes:
    """The CSV file: UTF-8, comma, line feed; invoices in euros."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows(territories):
        writer.writerow(row | {"invoices": int(row["invoices"] or 0) // EURO})
    return text.getvalue().encode()


if __name__ == "__main__":
    content = build()
    TARGET.write_bytes(content)
    lines = content.count(b"\n") - 1
    print(f"{TARGET.name}: {{rows: {lines}, sha256: {hashlib.sha256(content).hexdigest()}}}")
