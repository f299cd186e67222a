"""Build ``scenarios/data/cybersecurite-data.csv``: SYNTHETIC dossiers for two lines that did not exist.

Bodies and inhabitants are those of the 2021 map; dossiers, amounts, scores and dates are drawn at random.

Run with ``uv run python scenarios/build/cybersecurity.py``. The file is the same, byte for byte, on any machine.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
from pathlib import Path

import polars as pl
from synthetic import EURO, Atlas, Body, Draw, cost_for, sizes
from tnt_2021_worth import points_of, weighed

DATA = Path(__file__).resolve().parent.parent / "data"
TARGET = DATA / "cybersecurite-data.csv"
MAP = Path(__file__).resolve().parents[2] / "tnt_sim" / "data" / "territories-2021.parquet"
SEED = 20220601
COLUMNS = (
    "dossier", "title", "envelope", "applicant", "applicant_id", "applicant_type", "department", "region",
    "population", "cost", "requested", "score", "points", "filed_at", "state", "tags", "synthetic",
)  # fmt: skip
Row = dict[str, str | int | None]
CYBER = (
    "Parcours de cybersécurité",
    "Sauvegarde hors ligne et reprise d'activité",
    "Cellule d'alerte mutualisée",
)
OPEN = (
    "Portail de données ouvertes",
    "Entrepôt de données territoriales",
    "Charte et gouvernance de la donnée",
)
CYBER_RATES, OPEN_RATES = (40, 50, 60, 70), (50, 60, 80)


def line(
    draw: Draw,
    bodies: list[Body],
    name: str,
    prefix: str,
    titles: tuple[str, ...],
    euros: int,
    rates: tuple[int, ...],
) -> list[Row]:
    """The dossiers of one line, of exact total, in filing order."""
    rows: list[Row] = []
    for body, amount in zip(bodies, sizes(draw, len(bodies), euros, 0.7), strict=True):
        shared = draw.unit() < 0.25
        row: Row = {column: body.get(column, "") for column in COLUMNS}
        rows.append(
            row
            | {
                "title": f"{draw.pick(titles)} — {body['applicant']}", "envelope": name,
                "cost": cost_for(draw, amount, rates), "requested": amount, "score": draw.score(12.0, 2.5),
                "filed_at": draw.moment(dt.date(2021, 9, 1), dt.date(2021, 11, 20)), "state": "en_instruction",
                "tags": "mutualise" if shared else "", "synthetic": "oui",
            }
        )  # fmt: skip
    rows.sort(key=lambda row: str(row["filed_at"]))
    money, weighted = weighed(rows)
    for number, row in enumerate(rows, start=1):
        row["dossier"] = f"{prefix}-{number:03d}"
        row["points"] = points_of(row, money, weighted)
    return rows


def build(territories: Path = MAP) -> bytes:
    """The CSV file: UTF-8, comma, line feed; money in euros with two decimals."""
    atlas = Atlas(pl.read_parquet(territories))
    draw = Draw(SEED)
    towns = [body for body in atlas.communes if int(body["population"] or 0) > 2_000]
    groups = atlas.epci + atlas.metropoles + atlas.departements
    cyber = draw.shuffled(towns)[:120] + draw.shuffled(groups)[:80]
    data = draw.shuffled(towns)[:40] + draw.shuffled(groups)[:80]
    rows = [
        *line(Draw(SEED + 1), cyber, "cybersecurite", "CY", CYBER, 12_000_000, CYBER_RATES),
        *line(Draw(SEED + 2), data, "donnees", "DO", OPEN, 8_000_000, OPEN_RATES),
    ]
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(row | {name: euros(int(row[name] or 0)) for name in ("cost", "requested")})
    return text.getvalue().encode()


def euros(cents: int) -> str:
    """Cents as a decimal text in euros."""
    return f"{cents // EURO}.{cents % EURO:02d}"


if __name__ == "__main__":
    content = build()
    TARGET.write_bytes(content)
    lines = content.count(b"\n") - 1
    print(f"{TARGET.name}: {{rows: {lines}, sha256: {hashlib.sha256(content).hexdigest()}}}")
