"""Further sheets of a démarches-simplifiées workbook: companies, opinions, repeated blocks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import polars as pl

from tnt_sim.ingest.forms.form_table import FormField, FormTable, build_form, infer_kind
from tnt_sim.ingest.tables.headers import normalise_header
from tnt_sim.ingest.tables.raw_table import RawColumn, ReadOptions
from tnt_sim.ingest.tables.workbooks import read_workbook

MAIN, COMPANIES, OPINIONS = "Dossiers", "Etablissements", "Avis"
NOWHERE = -1
"""Position of a column that is not in the sheet of dossiers."""

_KEY = "dossier id"
_OF_APPLICANT = ("", "dossier", "etablissement", "demandeur")
_WANTED = (
    "etablissement siret", "entreprise siren", "entreprise raison sociale", "entreprise forme juridique",
    "entreprise forme juridique code", "etablissement code insee localite",
)  # fmt: skip


def with_further_sheets(
    table: FormTable, data: bytes, shown_as: str, names: Iterable[str], read: ReadOptions
) -> FormTable:
    """Add to the dossiers the company of each, its number of opinions, and a summary of each repeated block."""
    key = next((one for one in table.fields if normalise_header(one.label) == "id"), None)
    if key is None:
        return table
    ids = key.text
    for name in names:
        if normalise_header(name) == normalise_header(MAIN):
            continue
        sheet = build_form(read_workbook(data, shown_as, replace(read, sheet=name, header_row=1)), "")
        link = next((one for one in sheet.fields if normalise_header(one.label) == _KEY), None)
        if link is None or not len(sheet):
            continue
        if normalise_header(name) == normalise_header(COMPANIES):
            table = _with_companies(table, sheet, link.text, ids)
        elif normalise_header(name) == normalise_header(OPINIONS):
            table = table.with_fields([_build_count_field(link.text, ids, "Avis (nombre)")])
        else:
            table = table.with_fields(_build_block_fields(name, sheet, link, ids))
    return table


def _with_companies(table: FormTable, sheet: FormTable, links: pl.Series, ids: pl.Series) -> FormTable:
    """Add the applicant's company to its dossier; companies named in answers are left out."""
    field = next((one for one in sheet.fields if normalise_header(one.label) == "champ"), None)
    own = pl.Series([True]).new_from_index(0, len(links))
    if field is not None:
        said = field.text.str.to_lowercase()
        first = said.map_elements(normalise_header, return_dtype=pl.String)
        own = first.is_in(_OF_APPLICANT)
    there = {normalise_header(one.label) for one in table.fields}
    more = []
    for field_ in sheet.fields:
        name = normalise_header(field_.label)
        if name in _WANTED and name not in there:
            learnt = pl.DataFrame({"id": links, "value": field_.text}).filter(own).unique("id", keep="first")
            more.append(_build_joined_field(field_.label, ids, learnt))
    return table.with_fields(more)


def _build_joined_field(label: str, ids: pl.Series, learnt: pl.DataFrame) -> FormField:
    values = (
        ids.to_frame("id").join(learnt, on="id", how="left", maintain_order="left")["value"].fill_null("")
    )
    return _build_field(label, values)


def _build_field(label: str, values: pl.Series) -> FormField:
    column = RawColumn(label, NOWHERE, values.alias("text"))
    return FormField(label, label, column, infer_kind(column))


def _build_count_field(links: pl.Series, ids: pl.Series, label: str) -> FormField:
    counted = links.to_frame("id").group_by("id").len("n")
    return _build_joined_field(label, ids, counted.select("id", value=pl.col("n").cast(pl.String)))


def _build_block_fields(name: str, sheet: FormTable, link: FormField, ids: pl.Series) -> list[FormField]:
    """Return the number of lines of a block for each dossier, and the sum of each of its numeric columns."""
    result = [_build_count_field(link.text, ids, f"{name} (lignes)")]
    for field_ in sheet.fields:
        if (
            field_ is link
            or field_.kind != "number"
            or normalise_header(field_.label) in ("ligne", "dossier id")
        ):
            continue
        numbers = field_.text.str.replace_all(r"[ \u00a0\u202f]", "").str.replace(",", ".", literal=True)
        lines = pl.DataFrame({"id": link.text, "value": numbers.cast(pl.Decimal(38, 6), strict=False)})
        sums = lines.group_by("id").agg(pl.when(pl.col("value").count() > 0).then(pl.col("value").sum()))
        shown = pl.col("value").cast(pl.String).str.strip_chars_end("0").str.strip_suffix(".")
        text = sums.select("id", value=shown)
        result.append(_build_joined_field(f"{name} : {field_.label} (somme)", ids, text))
    return result
