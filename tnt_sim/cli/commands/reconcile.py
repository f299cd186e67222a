"""`tnt-sim reconcile`: the grants of a run against the lines of an accounting export."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tnt_sim.cli.answer import STOPPED, RunStudyOptions
from tnt_sim.cli.commands.export import warn
from tnt_sim.cli.console import print_note
from tnt_sim.errors import UsageError, suggest_name
from tnt_sim.i18n.message import N_, NO_TEXT, Lang, _

LinesArgument = Annotated[
    Path,
    typer.Argument(
        metavar=N_("FILE"), help=N_("The export of Chorus: CSV, XLSX, ODS or Parquet."), show_default=False
    ),
]
HeaderOption = Annotated[
    list[str] | None,
    typer.Option(
        "--column",
        metavar=N_("NAME=HEADER"),
        help=N_(
            "Which header has amount, number (of the commitment), supplier_id, supplier, label, reference (of the "
            "application) or day."
        ),
    ),
]
LinesSheetOption = Annotated[
    str | None, typer.Option("--sheet", metavar=N_("SHEET"), help=N_("The sheet of the workbook."))
]
LinesEncodingOption = Annotated[
    str | None,
    typer.Option(
        "--encoding", metavar=N_("NAME"), help=N_("The encoding of the CSV, utf-8 or cp1252 (Excel).")
    ),
]
LinesHeaderRowOption = Annotated[
    int | None, typer.Option("--header-row", metavar="N", min=1, help=N_("The row of the headers."))
]
TableOption = Annotated[
    Path | None,
    typer.Option(
        "--table",
        metavar=N_("FILE"),
        help=N_("Also writes each line and each decision with its list: a name in .csv or .xlsx."),
    ),
]


def reconcile(
    options: RunStudyOptions,
    file: LinesArgument,
    column: HeaderOption = None,
    sheet: LinesSheetOption = None,
    encoding: LinesEncodingOption = None,
    header_row: LinesHeaderRowOption = None,
    table: TableOption = None,
) -> int:
    """Reconcile the grants of a run with the lines of an accounting export."""
    lang = options.choose_lang()
    columns = _parse_columns(column or [])
    if table is not None:
        _check_table(table, options.out, force=options.force)
    from tnt_sim.analysis.reconcile.run_reconciliation import reconcile_run
    from tnt_sim.engine.run_folder.run_access import open_stored
    from tnt_sim.ingest.tables.raw_table import ReadOptions
    from tnt_sim.reporting.reports.reconciliation import build_report

    run = open_stored(options.run_dir, options.project, lang, deadline=options.build_deadline())
    warn(run, lang)
    read = ReadOptions(sheet=sheet, encoding=encoding, header_row=header_row or 1)
    answer = reconcile_run(run, file, columns, read, options.seconds)
    document = answer.document
    if table is not None:
        from tnt_sim.reporting.export.reconciliation_table import build_reconciliation_table

        _write_table(table, build_reconciliation_table(answer.reconciliation, document.file, lang), lang)
    options.show(lambda: build_report(document), document, lang)
    if table is not None and not (options.quiet or options.as_json):
        print_note(_("Written: {file}", file=table).in_(lang))
    return STOPPED if document.status == "stopped" else 0


def _parse_columns(texts: list[str]) -> dict[str, str]:
    """Parse `NAME=HEADER` texts.

    Raises
    ------
    UsageError
        For another form, or a name that is not one of those.
    """
    names = ("amount", "number", "supplier_id", "supplier", "label", "reference", "day")
    columns: dict[str, str] = {}
    for text in texts:
        name, equals, header = text.partition("=")
        if not equals or name not in names or not header.strip():
            raise UsageError(
                _(
                    '--column "{typed}": write NAME=HEADER, where NAME is one of {names}. {hint}',
                    typed=text,
                    names=", ".join(names),
                    hint=suggest_name(name, names) or NO_TEXT,
                ),
                code="usage.column",
            )
        columns[name] = header.strip()
    return columns


def _check_table(table: Path, out: Path | None, *, force: bool) -> None:
    from tnt_sim.engine.run_folder.atomic_write import check_target

    if table.suffix.lower() not in (".csv", ".xlsx"):
        raise UsageError(
            _('--table "{name}": give a name that ends in .csv or .xlsx.', name=table.name),
            code="usage.table",
        )
    if out is not None and table.resolve() == out.resolve():
        raise UsageError(
            _('--table and --out both name "{name}": give two names.', name=table.name), code="usage.table"
        )
    check_target(table, replace=force)


def _write_table(table: Path, flat: object, lang: Lang) -> None:
    from tnt_sim.engine.run_folder.atomic_write import put_file
    from tnt_sim.reporting.export.flat_table import CsvStyle, Flat, build_sheet_workbook, encode_csv

    assert isinstance(flat, Flat)
    if table.suffix.lower() == ".csv":
        put_file(table, encode_csv(flat, CsvStyle.FR if lang is Lang.FR else CsvStyle.INTL))
    else:
        put_file(table, build_sheet_workbook(flat, _("Reconciliation").in_(lang), lang, None))
