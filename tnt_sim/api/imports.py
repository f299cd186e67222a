"""Import of form exports for Python users: applications, data-quality findings, and files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from tnt_sim.documents import dump_document
from tnt_sim.errors import DataError, Defect, Place
from tnt_sim.i18n.message import Lang, _
from tnt_sim.ingest.forms.form_import import Imported, import_form, update_mapping
from tnt_sim.ingest.forms.form_reader import read_form
from tnt_sim.ingest.forms.mapping import Control, FormMapping, to_text
from tnt_sim.ingest.intake.answers import IntakeAnswers
from tnt_sim.ingest.tables.raw_table import ReadOptions
from tnt_sim.reporting.renderers.html import render_report_fragment
from tnt_sim.reporting.reports.form_import import (
    build_import_document,
    build_import_tables,
    build_report,
    write_import,
)
from tnt_sim.reporting.reports.import_document import FormImportDocument
from tnt_sim.scenario.yaml.nodes import to_tree, walk
from tnt_sim.scenario.yaml.reader import read_yaml
from tnt_sim.scenario.yaml.schema_errors import validate_model

MAPPING = "mapping.yaml"
TIMEZONE = "Europe/Paris"


@dataclass(frozen=True, slots=True, eq=False)
class Import:
    """Result of an import, before anything is written.

    Attributes
    ----------
    imported : applications, findings and mapping
    data : the answer, whose JSON form is `document`, without files
    findings : one row per finding, with its position and remedy
    lang : language of the sentences
    """

    imported: Imported = field(repr=False)
    data: FormImportDocument = field(repr=False)
    findings: pl.DataFrame
    lang: Lang

    @property
    def document(self) -> Mapping[str, Any]:
        """Return the document of `tnt-sim import --json`, without files."""
        return dump_document(self.data)

    def __repr__(self) -> str:
        return f"<Import of {self.data.n_dossiers} applications, {self.findings.height} findings>"

    def to_dataframe(self, backend: str = "polars") -> Any:
        """Return the applications; amounts in integer cents."""
        return self.imported.table if backend == "polars" else self.imported.table.to_pandas()

    def save(self, folder: Path | str) -> dict[str, Path]:
        """Write `dossiers.csv`, `quality.csv` and `mapping.yaml` into a folder and return their paths."""
        place = Path(folder)
        tables = build_import_tables(self.imported, self.lang, TIMEZONE)
        texts = {MAPPING: to_text(update_mapping(self.imported))}
        return write_import(place, self.imported, tables, texts, parquet=False)

    def _repr_html_(self) -> str:
        return render_report_fragment(build_report(self.data), self.lang)


def import_file(
    file: Path | str,
    *,
    format_name: str | None = None,
    mapping: Path | str | None = None,
    constants: Mapping[str, str] | None = None,
    rows: int | None = None,
    lang: Lang | str = Lang.FR,
) -> Import:
    """Read an export of démarches-simplifiées, Turgot, Grist… as applications.

    Parameters
    ----------
    format_name : layout of the file; by default recognised from the file
    mapping : a reviewed `mapping.yaml`; by default guessed
    constants : values for all rows, by canonical column
    rows : expected height of the table
    lang : language of the sentences

    Raises
    ------
    DataError
        If the file cannot be read, lacks a mapped field, or has another number of rows.

    Examples
    --------
    >>> _ = Path("depots.csv").write_text("Numéro,Montant demandé\\n1,100 €\\n", encoding="utf-8")
    >>> tnt.import_file("depots.csv").to_dataframe().height
    1
    """
    tongue = Lang(lang)
    form, layout = read_form(Path(file), shown_as=str(file), format_name=format_name, read=ReadOptions())
    used = None if mapping is None else read_mapping(Path(mapping))
    done = import_form(form, layout, used, control=Control(rows=rows), constants=constants, timezone=TIMEZONE)
    __, findings = build_import_tables(done, tongue, TIMEZONE)
    return Import(done, build_import_document(done, findings, tongue), findings, tongue)


def read_mapping(path: Path) -> FormMapping:
    """Read a mapping from its file.

    Raises
    ------
    DataError
        If the file is empty or invalid.
    """
    node = read_yaml(path, str(path))
    if node is None:
        text = _("the file is empty.")
        hint = _("Delete it: it will be guessed again.")
        raise DataError([Defect("mapping_empty", text, (Place(file=str(path)),), hint)])
    return validate_model(FormMapping, to_tree(node), dict(walk(node)))


def read_answers(path: Path) -> IntakeAnswers:
    """Read what a planner has said of a table; nothing where there is no file.

    Raises
    ------
    DataError
        If the file is invalid.
    """
    node = read_yaml(path, str(path)) if path.is_file() else None
    return IntakeAnswers() if node is None else validate_model(IntakeAnswers, to_tree(node), dict(walk(node)))
