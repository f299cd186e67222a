"""Reading of a file to import as the fields of a form: reader, sheet and header row."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from tnt_sim.errors import DataError, Defect, Place
from tnt_sim.i18n.message import _
from tnt_sim.ingest.forms.demarche_api import read_graphql
from tnt_sim.ingest.forms.form_table import FormField, FormTable, build_form, infer_kind
from tnt_sim.ingest.forms.layouts import LAYOUTS, Layout, identify_layout
from tnt_sim.ingest.portfolio_reader import build_folder_error, read_bytes, read_raw
from tnt_sim.ingest.tables.csv_files import check_one_encoding
from tnt_sim.ingest.tables.headers import SYNONYMS, derive_names, normalise_header
from tnt_sim.ingest.tables.importers import PABULIB_SUFFIX, list_added_suffixes
from tnt_sim.ingest.tables.pabulib import build_table, read_pb
from tnt_sim.ingest.tables.raw_table import HiddenRows, RawColumn, RawTable, ReadOptions
from tnt_sim.ingest.tables.workbooks import list_sheets, read_workbook
from tnt_sim.ingest.tables.zip_packages import refuse

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


BOOKS = (".xlsx", ".ods")

_TEXTS = (".csv", ".txt", ".tsv")

KNOWN = (*_TEXTS, *BOOKS, ".parquet", ".json", PABULIB_SUFFIX)

_LOOK_AHEAD, _FEWEST = 20, 3


def read_form(
    path: Path, *, shown_as: str, format_name: str | None = None, read: ReadOptions = ReadOptions()
) -> tuple[FormTable, Layout]:
    """Return the rows of an export and its layout.

    Parameters
    ----------
    path : the file; its suffix decides how it is read
    shown_as : the path as messages show it
    format_name : the layout; recognised by its labels when None
    read : what the planner says of the file
    """
    if path.is_dir():
        raise build_folder_error(shown_as)
    suffix = path.suffix.lower()
    _check_suffix(suffix, shown_as)
    data = read_bytes(path, shown_as)
    digest = hashlib.sha256(data).hexdigest()
    if suffix == ".json":
        return parse_answer(data, shown_as, format_name)
    if suffix == PABULIB_SUFFIX:
        pb = _require_layout("pabulib", format_name, suffix, shown_as)
        return build_form(build_table(read_pb(data, shown_as)), digest), pb
    if format_name == "pabulib":
        raise _build_suffix_error("pabulib", suffix, shown_as)
    return _read_table_form(data, path, shown_as, LAYOUTS[format_name] if format_name else None, read)


def parse_answer(data: bytes, shown_as: str, format_name: str | None = None) -> tuple[FormTable, Layout]:
    """Return the dossiers of an answer of the API and their layout, as `read_form` does for its file."""
    layout = _require_layout("demarche", format_name, ".json", shown_as)
    return read_graphql(data, shown_as, hashlib.sha256(data).hexdigest()), layout


def _check_suffix(suffix: str, shown_as: str) -> None:
    """Refuse other formats by suffix; legacy and macro workbooks have messages of their own elsewhere."""
    known = (*KNOWN, *list_added_suffixes())
    if suffix in known or suffix.startswith(".xl"):
        return
    listed = ", ".join(known)
    raise refuse(
        "unknown_format",
        shown_as,
        _('the format "{suffix}" is not read.', suffix=suffix),
        _("Formats read: {listed}.", listed=listed),
    )


def _read_table_form(
    data: bytes, path: Path, shown_as: str, layout: Layout | None, read: ReadOptions
) -> tuple[FormTable, Layout]:
    """Read a text file, a workbook or a Parquet file: its sheet and header row, then its layout."""
    suffix = path.suffix.lower()
    names = list_sheets(data) if suffix in BOOKS else []
    if suffix in _TEXTS and read.encoding is None:
        check_one_encoding(data, shown_as)
    if names and read.sheet is None:
        read = replace(read, sheet=_choose_sheet(names, layout))
    read = replace(read, hidden_rows=HiddenRows.KEEP)
    raw = read_raw(data, path, shown_as, read)
    row = _find_header_row(raw, read)
    if row != read.header_row:
        read = replace(read, header_row=row)
        raw = read_raw(data, path, shown_as, read)
    form = build_form(raw, hashlib.sha256(data).hexdigest(), _build_header_notice(raw, row))
    if layout is None:
        layout = LAYOUTS[identify_layout(one.label for one in form.fields)]
    if layout.name == "demarche" and names:
        form = with_further_sheets(form, data, shown_as, names, read)
    return form, layout


def _require_layout(name: str, wanted: str | None, suffix: str, shown_as: str) -> Layout:
    if wanted not in (None, name):
        raise _build_suffix_error(str(wanted), suffix, shown_as)
    return LAYOUTS[name]


def _build_suffix_error(wanted: str, suffix: str, shown_as: str) -> DataError:
    text = _("--format {wanted} does not read {suffix} files.", wanted=wanted, suffix=suffix)
    hint = _("Leave out --format: the file shows it.")
    return DataError([Defect("format_suffix", text, (Place(file=shown_as),), hint)])


def _choose_sheet(names: Sequence[str], layout: Layout | None) -> str | None:
    """Return the sheet of the dossiers by its name, or the only sheet; None to let the reader decide."""
    if len(names) == 1:
        return names[0]
    layouts = [layout] if layout is not None else list(LAYOUTS.values())
    for one in layouts:
        for start in one.sheets:
            fitting = [name for name in names if normalise_header(name).startswith(start)]
            if len(fitting) == 1:
                return fitting[0]
    return names[0] if layout is not None and layout.name == "turgot" else None


def _find_header_row(raw: RawTable, read: ReadOptions) -> int:
    """Return the header row: the declared one, or one below it that contains far more known labels."""
    best, most = read.header_row, _count_known_labels(column.header for column in raw.columns)
    if read.header_row > 1 or most >= _FEWEST:
        return best
    for index in range(min(_LOOK_AHEAD, len(raw.rows))):
        n = _count_known_labels(_get_cell(column, index) for column in raw.columns)
        if n >= _FEWEST and n > most:
            best, most = int(raw.rows[index]), n
    return best


def _get_cell(column: RawColumn, index: int) -> str:
    return (column.text[index] or "") if column.typed is None else ""


_LABELS = frozenset(label for labels in SYNONYMS.values() for label in labels) | frozenset(
    label for layout in LAYOUTS.values() for label in layout.signature
)


def _count_known_labels(labels: Iterable[str]) -> int:
    return sum(any(name in _LABELS for name in derive_names(label)) for label in labels if label)


def _build_header_notice(raw: RawTable, row: int) -> tuple[Defect, ...]:
    if row == 1:
        return ()
    text = _("the headers were read in row {row}.", row=row)
    return (Defect("header_row", text, (Place(file=raw.shown_as, row=row, sheet=raw.sheet),)),)
