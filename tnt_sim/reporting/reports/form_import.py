"""Report of a form import: data-quality findings, the document of `--json`, the page, and the files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl
from rich.text import Text as Line

from tnt_sim.disk import encode_parquet
from tnt_sim.domain.portfolio import CANONICAL, get_table_column
from tnt_sim.engine.award_list import guard_formulas, select_canonical_columns
from tnt_sim.i18n.message import Lang, _, _n
from tnt_sim.i18n.numbers import format_integer
from tnt_sim.ingest.forms.form_import import Imported
from tnt_sim.ingest.forms.layouts import LAYOUTS
from tnt_sim.ingest.forms.mapping import SOURCE_ROW, From
from tnt_sim.reporting.renderers.terminal import render_grid, render_nodes, wrap_paragraph
from tnt_sim.reporting.reports.import_document import ColumnSource, FormChange, FormImportDocument
from tnt_sim.reporting.reports.quality import build_findings_table, build_quality, build_quality_entry
from tnt_sim.reporting.run_folder.atomic_write import put_files

_MOST_CHANGES, _MOST_LEFT = 12, 12
_MEND = _("Correct in the file what is blocking (quality.csv says where), then: ")


def build_import_tables(imported: Imported, lang: Lang, timezone: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the applications as text for CSV, and every finding with its position and sentence."""
    table = imported.table
    further = [name for name in table.columns if name not in _list_own_names()]
    texts = [*select_canonical_columns(table, timezone), *(_format_column(table, name) for name in further)]
    findings = build_findings_table(
        imported.quality, table["dossier"], table[SOURCE_ROW], lang,
        cells=imported.cells, sheet=imported.form.raw.sheet,
    )  # fmt: skip
    return table.select(texts), findings


def _list_own_names() -> set[str]:
    return {get_table_column(name) for name in CANONICAL}


def _format_column(table: pl.DataFrame, name: str) -> pl.Expr:
    return (
        guard_formulas(pl.col(name)).alias(name)
        if table.schema[name] == pl.String
        else pl.col(name).cast(pl.String)
    )


def build_import_document(imported: Imported, findings: pl.DataFrame, lang: Lang) -> FormImportDocument:
    """Return the document of `import --json`, without the files."""
    quality = build_quality_entry(imported.quality, findings, lang)
    mapping, form = imported.mapping, imported.form
    taken = {source.from_ for source in (*mapping.columns.values(), *mapping.keep.values())}
    left = [one for one in form.fields if one.name not in taken]
    layout = LAYOUTS[mapping.format]
    return FormImportDocument(
        status="to_review" if mapping.to_review() or quality.n_error or imported.changes else "clean",
        file=form.raw.shown_as,
        sheet=form.raw.sheet,
        sha256=form.sha256,
        format=mapping.format,
        format_title=layout.title.in_(lang),
        form=form.form or mapping.form,
        revision=form.revision or mapping.revision,
        n_read=imported.n_read,
        n_dossiers=imported.table.height,
        excluded=imported.excluded,
        mapping_guessed=imported.guessed,
        n_to_review=mapping.to_review(),
        columns=_list_columns(mapping.columns),
        kept=_list_columns(mapping.keep),
        constants=mapping.constants,
        left_out=[one.name for one in left if not one.person],
        left_out_personal=[one.name for one in left if one.person],
        changes=[
            FormChange(what=one.what, label=one.label, column=one.column, text=one.text.in_(lang))
            for one in imported.changes
        ],
        quality=quality,
        notes=[note.line(lang) for note in form.notes],
    )


def _list_columns(sources: Mapping[str, From]) -> list[ColumnSource]:
    return [
        ColumnSource(column=name, field=one.from_, id=one.id, review=one.review)
        for name, one in sources.items()
    ]


def render_import(document: FormImportDocument, lang: Lang, width: int) -> list[Line]:
    """Write the page of `import`."""
    french = lang is Lang.FR
    head = f"✔ {document.file} : {document.format_title}"
    lines = [Line(head, style="bold green" if not document.quality.n_error else "bold yellow")]
    lines += render_grid(_list_totals(document, lang), right=(1,))
    for reason, n in document.excluded.items():
        rows = _n("{n} row set aside", "{n} rows set aside", n=n)
        lines += wrap_paragraph(_("{rows}: {reason}", rows=rows, reason=reason).in_(lang), width, first="  ")
    lines += [Line(""), Line("Colonnes reprises" if french else "Columns taken", style="bold")]
    lines += _render_mapping(document, lang)
    lines += _render_excluded_fields(document, lang, width)
    if document.changes:
        title = "Le formulaire a changé" if french else "The form has changed"
        lines += [Line(""), Line(title, style="bold")]
        texts = [change.text for change in document.changes]
        lines += [
            part for text in texts[:_MOST_CHANGES] for part in wrap_paragraph(text, width, first="  - ")
        ]
        if len(texts) > _MOST_CHANGES:
            more = len(texts) - _MOST_CHANGES
            lines.append(Line(f"  … et {more} autres" if french else f"  … and {more} more"))
    lines += [Line(""), Line("État des données" if french else "State of the data", style="bold")]
    lines += render_nodes(build_quality(document.quality), lang, width)
    for note in document.notes:
        lines += wrap_paragraph(note, width, first="! ", style="yellow")
    return [*lines, *_render_files(document, lang)] if document.files is not None else lines


def _list_totals(document: FormImportDocument, lang: Lang) -> list[tuple[str, str]]:
    french = lang is Lang.FR
    quality = document.quality
    named = (
        ("Lignes lues", "Rows read", document.n_read),
        ("Dossiers gardés", "Dossiers kept", document.n_dossiers),
        ("Colonnes reprises", "Columns taken", len(document.columns)),
        ("Colonnes gardées en plus", "Further columns kept", len(document.kept)),
        ("Correspondances à relire", "Mappings to review", document.n_to_review),
        ("Défauts bloquants", "Blocking findings", quality.n_error),
        ("Points à vérifier", "Points to check", quality.n_warning),
        ("Pour information", "For information", quality.n_info),
    )
    return [(fr if french else en, format_integer(n, lang)) for fr, en, n in named]


def _render_mapping(document: FormImportDocument, lang: Lang) -> list[Line]:
    french = lang is Lang.FR
    review = "à relire" if french else "to review"
    quoted = "« {} »" if french else '"{}"'
    rows = [
        (one.column, "←", quoted.format(one.field), review if one.review else "") for one in document.columns
    ]
    rows += [(name, "=", value, "") for name, value in document.constants.items()]
    return render_grid(rows)


def _render_excluded_fields(document: FormImportDocument, lang: Lang, width: int) -> list[Line]:
    french = lang is Lang.FR
    personal, others = len(document.left_out_personal), document.left_out
    lines = []
    if personal:
        left = _n(
            "{n} field that names a person is not taken.",
            "{n} fields that name a person are not taken.",
            n=personal,
        )
        lines += wrap_paragraph(left.in_(lang), width, first="  ")
    if others:
        named = ", ".join(f"« {name} »" if french else f'"{name}"' for name in others[:_MOST_LEFT])
        more = ", …" if len(others) > _MOST_LEFT else ""
        said = f"Non repris ({len(others)}) : " if french else f"Not taken ({len(others)}): "
        lines += wrap_paragraph(said + named + more, width, first="  ")
    return lines


def _render_files(document: FormImportDocument, lang: Lang) -> list[Line]:
    french = lang is Lang.FR
    lines = [Line(""), Line("Fichiers écrits" if french else "Files written", style="bold")]
    words = {
        "dossiers": ("la table, à corriger avant un scénario", "the table, to be mended before a scenario")
        if document.quality.n_error
        else ("la table propre, prête pour un scénario", "the clean table, ready for a scenario"),
        "quality": ("chaque constat avec sa ligne et son remède", "every finding with its row and remedy"),
        "mapping": (
            "la correspondance, à relire puis à réutiliser",
            "the mapping, to review, then to use again",
        ),
        "scenario": ("un scénario prêt à calculer", "a scenario ready to run"),
    }
    rows = [(path, words[name][0 if french else 1]) for name, path in (document.files or {}).items()]
    lines += render_grid(rows)
    then = _MEND if document.quality.n_error else _("Next: ")
    lines.append(Line(then.in_(lang) + (document.next or ""), style="bold"))
    return lines


def write_import(
    folder: Path, imported: Imported, tables: tuple[pl.DataFrame, pl.DataFrame], texts: Mapping[str, str],
    *, parquet: bool,
) -> dict[str, Path]:  # fmt: skip
    """Write the tables and texts, all or none, creating the folder; return their paths.

    Raises
    ------
    UsageError, TntError
        If the folder cannot be written, or the disk is full.
    """
    dossiers, findings = tables
    name = "dossiers.parquet" if parquet else "dossiers.csv"
    files = {name: encode_parquet(imported.table) if parquet else dossiers.write_csv().encode()}
    files |= {"quality.csv": findings.write_csv().encode()}
    files |= {file: text.encode() for file, text in texts.items()}
    return {path.stem: path for path in put_files(folder, files, replace=True)}
