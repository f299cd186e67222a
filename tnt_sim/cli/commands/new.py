"""`tnt-sim new`: a scenario folder that validates and runs, from an example or from a table of applications."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tnt_sim.cli.answer import OutputOptions, TableOptions
from tnt_sim.cli.console import build_hint_lines, print_note
from tnt_sim.cli.intake_project import (
    SCENARIO_FILE,
    ReadFile,
    build_files,
    build_refresh_command,
    describe_columns,
    get_page_name,
    read_table,
    summarise,
)
from tnt_sim.cli.invocation import get_invocation
from tnt_sim.cli.options import (
    FolderArgument,
    FromOption,
    parse_lang,
)
from tnt_sim.cli.project_templates import build_dossiers_csv, get_templates
from tnt_sim.disk import build_write_error, put_all, quote_path
from tnt_sim.errors import Defect, TntError, UsageError
from tnt_sim.i18n.command_words import quote_argument
from tnt_sim.i18n.message import Lang, _

if TYPE_CHECKING:
    from tnt_sim.reporting.command_documents import NewDocument
    from tnt_sim.reporting.report_tree import Report


def new(
    folder: FolderArgument,
    output: OutputOptions,
    *,
    table: FromOption = None,
    reading: TableOptions,
) -> int:
    """Create a project: a complete example, or a scenario from your table of applications."""
    tongue = parse_lang(output.lang)
    _refuse_occupied(folder)
    answers = reading.parse()
    read: ReadFile | None = None
    if table is not None:
        refresh = build_refresh_command(folder)
        read = read_table(table, answers, refresh)
        files: Mapping[str, bytes] = build_files(read, folder, table, tongue, refresh)
    elif answers != type(answers)():
        raise UsageError(
            _("--sheet, --encoding and --header-row go with --from TABLE."),
            code="usage.table",
        )
    else:
        files = {name: text.encode() for name, text in _build_example(tongue).items()}
    _write(folder, files)
    remaining = _collect_defects(folder / SCENARIO_FILE)
    document = _build_document(folder, read, remaining, tongue)
    hint = build_hint_lines(_list_next_commands(document, folder, tongue), tongue)
    output.show(_build_report(document, read), document, tongue, hint)
    if not output.as_json:
        for defect in remaining:
            print_note(_("To correct: {defect}", defect=defect.describe(tongue)).in_(tongue))
    return 0


def _build_report(document: NewDocument, read: ReadFile | None) -> Report:
    """Return the report of the folder, with the review of its table."""
    from tnt_sim.reporting.reports import intake_review
    from tnt_sim.reporting.reports.new_project import build_report

    review = None if read is None else intake_review.build_report(read.intake, read.questions, read.unread)
    return build_report(document, review)


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    try:
        put_all({folder / name: data for name, data in files.items()})
    except OSError as error:
        remedy = _("Choose another folder.")
        raise build_write_error(quote_path(folder), error, remedy, usage="usage.folder") from error


def _refuse_occupied(folder: Path) -> None:
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    raise UsageError(
        _(
            '"{folder}" exists and is not empty: nothing is written there. Choose another name.',
            folder=folder,
        ),
        code="usage.folder",
    )


def _build_example(lang: Lang) -> dict[str, str]:
    templates = get_templates(lang)
    return {
        "tnt-sim.toml": templates.project,
        SCENARIO_FILE: templates.scenario,
        "data/dossiers.csv": build_dossiers_csv(lang),
        "README.md": templates.readme.format(title=templates.title, note=templates.synthetic),
    }


def _collect_defects(scenario: Path) -> tuple[Defect, ...]:
    """List what still prevents the new scenario from running."""
    from tnt_sim.scenario.load import load_scenario
    from tnt_sim.scenario.problem import compile_problem

    try:
        compile_problem(load_scenario(scenario))
    except TntError as error:
        return error.defects_found()
    return ()


def _build_document(
    folder: Path, read: ReadFile | None, remaining: tuple[Defect, ...], lang: Lang
) -> NewDocument:
    from tnt_sim.reporting.command_documents import NewDefect, NewDocument

    review, left_out = ([], []) if read is None else describe_columns(read.intake)
    return NewDocument(
        scenario=str(folder / SCENARIO_FILE),
        status="valid" if not remaining else "to_review",
        review=[one.in_(lang) for one in review],
        left_out=left_out,
        defects=[NewDefect(code=d.code, message=d.text.in_(lang)) for d in remaining],
        intake=None if read is None else summarise(read, lang),
    )


def _list_next_commands(document: NewDocument, folder: Path, lang: Lang) -> list[str]:
    """List what to type next; the planner first reads the review page and writes the envelope."""
    scenario = quote_argument(Path(document.scenario).as_posix())
    run = get_invocation().format_command(f"run {scenario}")
    if not document.review:
        return [run]
    page = (folder / get_page_name(lang)).as_posix()
    read = _("open {page}; write the amount in {file}", page=page, file=document.scenario).in_(lang)
    return [read, run]
