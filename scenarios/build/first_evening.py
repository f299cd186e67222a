"""Build ``scenarios/premier-soir.xlsx``: 300 real digital projects of 2019, in a workbook as an office keeps it.

A title above the header, columns in the ministry's words, a total, a note of the source. The projects are those of
``scenarios/data/detr-dsil-2019.parquet`` whose title speaks of digital services, the first in order
of their numbers.

Run with ``uv run python scenarios/build/first_evening.py``. The same xlsxwriter writes the same bytes.
"""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import polars as pl
import xlsxwriter

SCENARIOS = Path(__file__).resolve().parent.parent
TARGET, SOURCE = SCENARIOS / "premier-soir.xlsx", SCENARIOS / "data" / "detr-dsil-2019.parquet"
N_PROJECTS = 300
DIGITAL = r"(?i)num[ée]ri|informati|t[ée]l[ée]phoni|fibre|wifi|site internet|cybers"
HEADERS = (
    "id_projet", "exercice", "code_dep", "code_beneficiaire", "beneficiaire", "dotation", "population",
    "categorie", "description", "cout_total_ht", "montant_sub", "taux_sub",
)  # fmt: skip


def build() -> bytes:
    """The workbook: two lines above the header, a total below the projects, then the source."""
    table = (
        pl.read_parquet(SOURCE).filter(pl.col("title").str.contains(DIGITAL)).sort("dossier").head(N_PROJECTS)
    )
    assert table.height == N_PROJECTS
    data = io.BytesIO()
    book = xlsxwriter.Workbook(data, {"in_memory": True})
    book.set_properties({"created": dt.datetime(2026, 1, 1), "title": "Projets numériques 2019"})
    sheet = book.add_worksheet("Projets 2019")
    sheet.write(0, 0, "Projets numériques 2019")
    sheet.write_row(2, 0, HEADERS)
    columns = [
        table["dossier"], pl.repeat(2019, N_PROJECTS, eager=True), table["department"], table["applicant_id"],
        table["applicant"], table["envelope"].str.to_uppercase(), table["population"], table["category"],
        table["title"], table["cost_cents"] / 100, table["requested_cents"] / 100, table["rate"].cast(pl.Float64),
    ]  # fmt: skip
    for number, column in enumerate(columns):
        sheet.write_column(3, number, ["" if value is None else value for value in column.to_list()])
    end = 3 + N_PROJECTS + 1
    sheet.write(end, 0, "TOTAL")
    sheet.write(end, HEADERS.index("montant_sub"), table["requested_cents"].sum() / 100)
    sheet.write(end + 2, 0, "Source : DGCL, Licence Ouverte 2.0")
    book.close()
    return data.getvalue()


if __name__ == "__main__":
    TARGET.write_bytes(build())
    print(f"{TARGET}: {TARGET.stat().st_size} bytes")
