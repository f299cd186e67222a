"""Reports of imports, of a form or of returned workbooks: findings, documents of `--json`, report trees, files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import polars as pl

from tnt_sim.disk import encode_parquet
from tnt_sim.domain.portfolio import CANONICAL, get_table_column
from tnt_sim.engine.award_list import guard_formulas, select_canonical_columns
from tnt_sim.engine.run_folder.atomic_write import put_files
from tnt_sim.i18n.message import Lang, Text, _, _n, _p
from tnt_sim.i18n.parameters import Count, Names
from tnt_sim.ingest.forms.form_import import Imported
from tnt_sim.ingest.forms.layouts import LAYOUTS
from tnt_sim.ingest.forms.mapping import SOURCE_ROW, From
from tnt_sim.reporting.report_tree import (
    Callout,
    Column,
    Kind,
    Paragraph,
    Report,
    Section,
    Table,
    Tone,
    Words,
)
from tnt_sim.reporting.reports.api_reading import build_reading
from tnt_sim.reporting.reports.import_document import (
    ColumnSource,
    ConsolidateDocument,
    FormChange,
    FormImportDocument,
)
from tnt_sim.reporting.reports.quality import build_findings_table, build_quality, build_quality_entry

_MOST_LEFT = 12


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


def build_report(document: FormImportDocument) -> Report:
    """Return the report of an import: what was kept, where each column comes from, and the findings."""
    changes = Table([Column(_("What has changed"), [change.text for change in document.changes])], most=12)
    return Report(
        title=_("Import"),
        subject=document.file,
        about=[document.format_title],
        nodes=[
            _build_verdict(document.quality.n_error),
            *build_reading(document.reading),
            _build_totals(document),
            *(Paragraph(_describe_excluded(reason, n)) for reason, n in document.excluded.items()),
            Section(_("Columns taken"), [_build_mapping(document), *_build_left_out(document)]),
            Section(_("The form has changed"), [changes]),
            Section(_("State of the data"), build_quality(document.quality)),
            *(Callout(note, Tone.WARNING) for note in document.notes),
            Section(_("Files written"), [_build_files(document)]),
        ],
        foot={"sha256": document.sha256},
    )


def _build_verdict(n_error: int) -> Callout:
    if not n_error:
        return Callout(_("The table can be used in a scenario."), Tone.GOOD)
    text = _n(
        "{n} blocking finding: correct it in the file (quality.csv says where), then import again.",
        "{n} blocking findings: correct them in the file (quality.csv says where), then import again.",
        n_error,
    )
    return Callout(text, Tone.BAD)


def _build_totals(document: FormImportDocument) -> Table:
    quality = document.quality
    totals = [
        (_("Rows read"), document.n_read),
        (_("Applications kept"), document.n_dossiers),
        (_("Columns taken"), len(document.columns)),
        (_("Further columns kept"), len(document.kept)),
        (_("Mappings to review"), document.n_to_review),
        (_("Blocking findings"), quality.n_error),
        (_("Points to check"), quality.n_warning),
        (_("For information"), quality.n_info),
    ]
    names = Column(_("Content"), [name for name, __ in totals])
    return Table([names, Column(_p("count", "Number"), [n for __, n in totals], Kind.COUNT)])


def _describe_excluded(reason: str, n: int) -> Text:
    return _n(
        "{n} row set aside: {reason}",
        "{n} rows set aside: {reason}",
        n,
        reason=reason,
    )


def _build_mapping(document: FormImportDocument) -> Table:
    """Return the source of each column: a field of the form, or one value for all rows."""
    rows: list[tuple[str, str, Words]] = [
        (one.column, one.field, _p("mapping", "to review") if one.review else "") for one in document.columns
    ]
    rows += [
        (one.column, one.field, _("further column, to review") if one.review else _("further column"))
        for one in document.kept
    ]
    rows += [(name, value, _("the same in all rows")) for name, value in document.constants.items()]
    return Table(
        [
            Column(_("Column"), [row[0] for row in rows]),
            Column(_("Source field or value"), [row[1] for row in rows]),
            Column(_("Remark"), [row[2] for row in rows]),
        ],
        most=len(rows),
    )


def _build_left_out(document: FormImportDocument) -> list[Paragraph]:
    n_personal, others = len(document.left_out_personal), document.left_out
    paragraphs = []
    if n_personal:
        personal = _n(
            "{n} field that names a person is not taken.",
            "{n} fields that name a person are not taken.",
            n=n_personal,
        )
        paragraphs.append(Paragraph(personal))
    if others:
        names = Names(others, most=_MOST_LEFT)
        paragraphs.append(Paragraph(_("Not taken ({count}): {names}", count=Count(len(others)), names=names)))
    return paragraphs


def _build_files(document: FormImportDocument) -> Table:
    words = {
        "dossiers": _("the table, to correct before use in a scenario")
        if document.quality.n_error
        else _("the clean table, ready for a scenario"),
        "quality": _("every finding with its row and remedy"),
        "mapping": _("the mapping, to review, then to reuse"),
        "scenario": _("a scenario ready to run"),
        "answer": _("the applications as the server gave them; the next reading starts from them"),
    }
    files = document.files or {}
    return Table(
        [Column(_("File"), list(files.values())), Column(_("Content"), [words[name] for name in files])]
    )


def build_choices_report(document: ConsolidateDocument) -> Report:
    """Return the report of `import --consolidate`: the choices, and those that contradict each other."""
    conflicts = document.conflicts
    return Report(
        title=_("Choices of the workbooks"),
        subject=document.run,
        nodes=[
            Callout(_describe_choices(document), Tone.DOUBT if conflicts else Tone.GOOD),
            Section(
                _("Contradictory choices"),
                [
                    Table(
                        [
                            Column(_("Place"), [", ".join(one.places) for one in conflicts]),
                            Column(_("Finding"), [one.message for one in conflicts]),
                        ]
                    )
                ],
            ),
            Section(_("Files written"), [Table([Column(_("File"), document.files)])]),
        ],
    )


def _describe_choices(document: ConsolidateDocument) -> Text:
    """Count workbooks and choices: « 2 classeurs : 3 retenus, 1 refusé, … »."""
    n, chosen = len(document.groups), document.choices
    return _n(
        "{n} workbook: {funded}, {refused}, {waiting}, {followed}",
        "{n} workbooks: {funded}, {refused}, {waiting}, {followed}",
        n,
        funded=_n(
            "{count} application funded",
            "{count} applications funded",
            chosen["fund"],
            count=Count(chosen["fund"]),
        ),
        refused=_n("{n} refused", "{n} refused", chosen["refuse"]),
        waiting=_("{n} waiting", n=Count(chosen["wait"])),
        followed=_("{n} as proposed", n=Count(chosen["follow"])),
    )


def encode_import(
    imported: Imported, tables: tuple[pl.DataFrame, pl.DataFrame], *, parquet: bool
) -> dict[str, bytes]:
    """Return the files of the applications and of the findings, by name."""
    dossiers, findings = tables
    name = "dossiers.parquet" if parquet else "dossiers.csv"
    return {
        name: encode_parquet(imported.table) if parquet else dossiers.write_csv().encode(),
        "quality.csv": findings.write_csv().encode(),
    }


def write_import(
    folder: Path, imported: Imported, tables: tuple[pl.DataFrame, pl.DataFrame], texts: Mapping[str, str],
    *, parquet: bool, answer: Mapping[str, bytes] = MappingProxyType({}),
) -> dict[str, Path]:  # fmt: skip
    """Write the tables and texts, all or none, creating the folder; return their paths.

    `answer` are the files of a reading at a server, of which the first is among the paths.
    """
    files = encode_import(imported, tables, parquet=parquet)
    files |= {file: text.encode() for file, text in texts.items()}
    put_files(folder, {**files, **answer}, replace=True)
    paths = {Path(name).stem: folder / name for name in files}
    if answer:
        paths["answer"] = folder / next(iter(answer))
    return paths
