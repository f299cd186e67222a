"""Build ``scenarios/data/rural-broadband.csv``: SYNTHETIC applications of an invented programme in dollars.

Counties and amounts are drawn at random; only the names of the six states exist.

Run with ``uv run python scenarios/build/rural_broadband.py``. The file is the same, byte for byte, on any machine.
"""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import io
from pathlib import Path

from synthetic import EURO, Draw, cost_for, sizes

TARGET = Path(__file__).resolve().parent.parent / "data" / "rural-broadband.csv"
SEED = 20260701
COLUMNS = (
    "dossier", "title", "applicant", "us_state", "envelope", "households", "cost", "requested", "score",
    "filed_at", "synthetic",
)  # fmt: skip
N_APPLICATIONS, DOLLARS = 36, 9_400_000
STATES = ("Idaho", "Montana", "Nebraska", "North Dakota", "South Dakota", "Wyoming")
FIRST = ("Cedar", "Elk", "Prairie", "Stone", "Willow", "Copper", "Aspen", "Antelope", "Juniper", "Badger")
LAST = ("Fork", "Ridge", "Creek", "Flats", "Butte", "Hollow")
WORKS = {
    "last-mile": ("Fiber to farms", "Fixed wireless for ranches", "Fiber along county roads"),
    "anchors": ("Library and school links", "Clinic and town hall links"),
}


def build() -> bytes:
    """The CSV file: UTF-8, comma, line feed; money in dollars with two decimals."""
    draw = Draw(SEED)
    names = draw.shuffled([f"{first} {last} County" for first in FIRST for last in LAST])
    rows: list[dict[str, str | int]] = []
    for name, amount in zip(names[:N_APPLICATIONS], sizes(draw, N_APPLICATIONS, DOLLARS, 0.6), strict=True):
        home = "anchors" if draw.unit() < 0.3 else "last-mile"
        rows.append(
            {
                "title": draw.pick(WORKS[home]), "applicant": f"{name} (fictional)", "us_state": draw.pick(STATES),
                "envelope": home, "households": 40 + draw.below(900),
                "cost": dollars(cost_for(draw, amount, (50, 60, 75))), "requested": dollars(amount),
                "score": draw.score(70.0, 12.0, 20.0, 100.0),
                "filed_at": draw.moment(dt.date(2026, 3, 1), dt.date(2026, 5, 31), timed=0.0),
                "synthetic": "yes",
            }
        )  # fmt: skip
    rows.sort(key=lambda row: str(row["filed_at"]))
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for number, row in enumerate(rows, start=1):
        writer.writerow(row | {"dossier": f"RB-{number:03d}"})
    return text.getvalue().encode()


def dollars(cents: int) -> str:
    """Cents as a decimal text in dollars."""
    return f"{cents // EURO}.{cents % EURO:02d}"


if __name__ == "__main__":
    content = build()
    TARGET.write_bytes(content)
    lines = content.count(b"\n") - 1
    print(f"{TARGET.name}: {{rows: {lines}, sha256: {hashlib.sha256(content).hexdigest()}}}")
