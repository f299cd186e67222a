"""`tnt-sim export`: a decision in the format of another tool."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tnt_sim.cli.answer import OutputOptions
from tnt_sim.cli.commands.run import format_path
from tnt_sim.cli.console import build_hint, format_arguments, print_note
from tnt_sim.cli.invocation import read_locale
from tnt_sim.cli.options import (
    ForceOption,
    ProjectOption,
    RunArgument,
    SolveLimitOption,
    SolveOption,
    WordingOption,
    parse_lang,
    parse_seconds,
)
from tnt_sim.cli.source_notes import print_changes
from tnt_sim.errors import UsageError, suggest_name
from tnt_sim.i18n.message import N_, NO_TEXT, Lang, _

if TYPE_CHECKING:
    from tnt_sim.engine.run_folder.run_access import Solving
    from tnt_sim.engine.stored_run import StoredRun
    from tnt_sim.reporting.command_documents import WrittenDocument

GROUPS = ("department", "region")
FormatOption = Annotated[
    str,
    typer.Option(
        "--format",
        metavar=N_("NAME"),
        help="xlsx, csv, parquet, demarche, turgot, scdl, pabulib, publipostage, arrete, chorus.",
    ),
]
TargetOption = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar=N_("FILE"),
        help=N_("The file to write, or the folder with --by; beside the run by default."),
    ),
]
ByOption = Annotated[
    str | None,
    typer.Option(
        "--by", metavar="department|region", help=N_("One workbook of choices for each department or region.")
    ),
]
StyleOption = Annotated[
    str, typer.Option("--csv-style", metavar="fr|intl", help=N_("The CSV: fr (French Excel) or intl."))
]
InfoOption = Annotated[
    list[str] | None,
    typer.Option(
        "--info", metavar=N_("KEY=VALUE"), help=N_("What scdl and chorus ask and the run does not know.")
    ),
]
UnprovenOption = Annotated[
    bool,
    typer.Option(
        "--unproven", help=N_("Writes an act even without a proof of the optimum; it then says so.")
    ),
]


def export(
    run_dir: RunArgument,
    output: OutputOptions,
    name: FormatOption = "xlsx",
    out: TargetOption = None,
    by: ByOption = None,
    csv_style: StyleOption = "fr",
    info: InfoOption = None,
    force: ForceOption = False,
    unproven: UnprovenOption = False,
    wording: WordingOption = None,
    solve: SolveOption = False,
    time_limit: SolveLimitOption = None,
    project: ProjectOption = None,
) -> int:
    """Write a decision in another tool's format: démarche, Turgot, SCDL, letters…"""
    tongue = parse_lang(output.lang, read_locale([run_dir]))
    from tnt_sim.engine.run_folder.atomic_write import check_target, put_file
    from tnt_sim.engine.run_folder.run_access import open_stored
    from tnt_sim.reporting.export.flat_table import CsvStyle
    from tnt_sim.reporting.export.formats import ExportOptions, export_bytes, require_format
    from tnt_sim.reporting.text.legal_wording import load_wording

    if by is not None:
        return _write_by_group(run_dir, name, by, out, project, tongue, output, force=force)
    usual = require_format(name).suffixes[0]
    suffix = out.suffix.lower() if out is not None and out.suffix else usual
    texts = None if wording is None else load_wording(wording)
    style, pairs = CsvStyle(_style(csv_style)), parse_pairs(info or ())
    options = ExportOptions(suffix, tongue, style, pairs, unproven, texts)
    chosen, solving = require_format(name), build_solving(time_limit, wanted=solve)
    told = tongue if chosen.is_told or chosen.is_act else None  # a refusal of an act uses this language
    run = open_stored(run_dir, project, told, solving, for_act=chosen.is_act)
    target = out if out is not None else build_sibling_path(run_dir, _build_file_name(run, name, suffix))
    if not target.suffix:
        target = target.with_name(target.name + suffix)
    data = export_bytes(run, name, options)
    check_target(target, replace=force)
    put_file(target, data)
    remarks = [one.in_(tongue) for one in require_format(name).remarks(run, options)]
    print_written(run, "export", name, [target], tongue, output, remarks)
    return 0


def _write_by_group(
    run_dir: Path,
    name: str,
    by: str,
    out: Path | None,
    project: Path | None,
    lang: Lang,
    output: OutputOptions,
    *,
    force: bool,
) -> int:
    """Write one workbook per department or region, in a folder."""
    _check_workbook(name)
    from tnt_sim.engine.run_folder.atomic_write import put_files
    from tnt_sim.engine.run_folder.run_access import open_stored
    from tnt_sim.reporting.reports.decision_table import build_decision_table
    from tnt_sim.reporting.workbook.department_workbook import (
        build_department_workbook,
        build_extracts,
        build_file_name,
    )

    run = open_stored(run_dir, project, lang)
    _check_by(by, run)
    folder = out if out is not None else build_sibling_path(run_dir, f"{run.name}-{by}")
    data = {
        build_file_name(run, part): build_department_workbook(run, part, lang)
        for part in build_extracts(build_decision_table(run), by)
    }
    files = put_files(folder, data, replace=force)
    print_written(run, "export", f"xlsx by {by}", files, lang, output)
    return 0


def build_solving(time_limit: str | None, *, wanted: bool) -> Solving | None:
    """Return the request of `--solve` and `--time-limit`."""
    from tnt_sim.engine.run_folder.run_access import Solving

    seconds = parse_seconds(time_limit)
    if not wanted and seconds is not None:
        raise UsageError(_("--time-limit goes with --solve."), code="usage.time-limit")
    return Solving(seconds) if wanted else None


def _check_by(by: str, run: StoredRun) -> None:
    place = run.spec.place_column
    groups = GROUPS if place is None else (place,)
    if by not in groups:
        hint = suggest_name(by, groups) or NO_TEXT
        raise UsageError(
            _('--by is department or region, not "{by}". {hint}', by=by, hint=hint)
            if place is None
            else _('--by is "{place}" in this scenario, not "{by}". {hint}', place=place, by=by, hint=hint),
            code="usage.by",
        )


def _check_workbook(name: str) -> None:
    if name != "xlsx":
        raise UsageError(
            _("--by writes workbooks: --format xlsx."),
            code="usage.by",
        )


def _style(text: str) -> str:
    if text in ("fr", "intl"):
        return text
    raise UsageError(
        _('--csv-style is fr or intl, not "{typed}".', typed=text),
        code="usage.csv-style",
    )


NOT_RETOLD = _(
    "The data of the run are no longer there, or have changed: its sentences stay in the scenario's language."
)


def parse_pairs(texts: Sequence[str]) -> dict[str, str]:
    """Parse `KEY=VALUE` texts."""
    result: dict[str, str] = {}
    for text in texts:
        key, mark, value = text.partition("=")
        if not mark or not key.strip() or result.get(key.strip(), value.strip()) != value.strip():
            raise UsageError(
                _('--info "{typed}": write KEY=VALUE, once for each key.', typed=text),
                code="usage.info",
            )
        result[key.strip()] = value.strip()
    return result


def build_sibling_path(run_dir: Path, name: str) -> Path:
    """Return a path next to the run folder, which itself holds only the run."""
    return run_dir.resolve().parent / name


def _build_file_name(run: StoredRun, name: str, suffix: str) -> str:
    """Return `<run>-<format>.<suffix>`, without repetition if format and suffix are the same word."""
    return f"{run.name}{suffix}" if suffix == f".{name}" else f"{run.name}-{name}{suffix}"


def print_written(
    run: StoredRun,
    command: Literal["report", "export"],
    name: str,
    files: Sequence[Path],
    lang: Lang,
    output: OutputOptions,
    remarks: Sequence[str] = (),
) -> None:
    """Report what was written, as a page or as a document."""
    from tnt_sim.reporting.reports.written_files import build_report

    warn(run, lang)
    document = _build_document(run, command, name, files, remarks)
    hint = build_hint(command, lang, format_arguments(format_path(run.folder)))
    output.show(build_report(document), document, lang, hint)
    if not (output.as_json or output.quiet):
        for remark in remarks:
            print_note(f"! {remark}")


def warn(run: StoredRun, lang: Lang) -> None:
    """Warn about what was not verified of a run, or not shown."""
    from tnt_sim.reporting.text.verification import get_mention

    words = get_mention(run.checked.record)
    if words is not None:
        print_note(_("Warning. {warning}", warning=words).in_(lang))
    if run.lang is not lang and not run.checked.rules.is_shown:
        print_note(NOT_RETOLD.in_(lang))
    print_changes([run.checked], lang)


def _build_document(
    run: StoredRun,
    command: Literal["report", "export"],
    name: str,
    files: Sequence[Path],
    remarks: Sequence[str],
) -> WrittenDocument:
    from tnt_sim.reporting.command_documents import WrittenDocument, WrittenFile

    return WrittenDocument(
        command=command,
        scenario=run.spec.id,
        scenario_sha256=run.data.scenario_sha256,
        allocation_sha256=run.data.allocation_sha256,
        publishable=run.publishable,
        verification=run.checked.record,
        format=name,
        n_dossiers=run.table.height,
        granted_cents=run.data.granted_cents,
        files=[
            WrittenFile(path=format_path(file), sha256=hashlib.sha256(file.read_bytes()).hexdigest())
            for file in files
        ],
        remarks=remarks,
    )
