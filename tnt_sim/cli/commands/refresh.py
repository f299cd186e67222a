"""`tnt-sim refresh`: the table of a project read again, with what changes before anything is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tnt_sim.cli.answer import OutputOptions, TableOptions
from tnt_sim.cli.console import build_hint_lines
from tnt_sim.cli.intake_project import (
    ANSWERS,
    SCENARIO_FILE,
    build_copy_files,
    build_refresh_command,
    merge_answers,
    read_table,
    summarise,
)
from tnt_sim.cli.invocation import get_invocation, read_locale
from tnt_sim.cli.options import (
    ApplyOption,
    ProjectFolderArgument,
    parse_lang,
)
from tnt_sim.disk import build_write_error, put_all, quote_path
from tnt_sim.documents import dump_document
from tnt_sim.errors import UsageError
from tnt_sim.i18n.command_words import quote_argument
from tnt_sim.i18n.message import _

if TYPE_CHECKING:
    import polars as pl

    from tnt_sim.ingest.intake.answers import IntakeAnswers
    from tnt_sim.scenario.spec import ScenarioSpec


def refresh(
    folder: ProjectFolderArgument,
    output: OutputOptions,
    *,
    apply: ApplyOption = False,
    reading: TableOptions,
) -> int:
    """Read the table of a project again, show what changes in the copy, and write it with --apply."""
    from tnt_sim.reporting.reports.refresh import build_report, compare_copies
    from tnt_sim.scenario.spec import SourceSpec

    scenario = folder / SCENARIO_FILE if folder.is_dir() else folder
    folder = scenario.parent
    tongue = parse_lang(output.lang, read_locale([scenario]))
    spec, tree = _read_spec(scenario)
    sources = [(entry.file, entry.source) for entry in spec.dossiers if isinstance(entry.source, SourceSpec)]
    if not sources:
        raise UsageError(
            _(
                '"{scenario}" names no table under dossiers: source, so there is nothing to read again.',
                scenario=scenario,
            ),
            code="usage.source",
        )
    copy, source = sources[0]
    table = folder / source.path
    stated = reading.parse()
    command = build_refresh_command(folder)
    read = read_table(table, merge_answers(_read_answers(folder), stated), command, tree)
    before = _read_copy(folder / copy)
    document = compare_copies(before, read.intake, str(scenario), summarise(read, tongue), applied=apply)
    if apply:
        files = {folder / name: data for name, data in build_copy_files(read, tongue, command, copy).items()}
        written = scenario.read_bytes().replace(source.sha256.encode(), read.intake.sha256.encode())
        files[scenario] = written
        try:
            put_all(files)
        except OSError as error:
            raise build_write_error(quote_path(folder), error) from error
    run = get_invocation().format_command(f"run {quote_argument(scenario.as_posix())}")
    follow = [run] if apply else [f"{command}{reading.format_arguments()} --apply"]
    output.show(
        build_report(document, read.questions, read.unread),
        dump_document(document),
        tongue,
        build_hint_lines(follow, tongue),
    )
    return 0


def _read_spec(scenario: Path) -> tuple[ScenarioSpec, object]:
    """Return the scenario, and the same as it is written, as mappings and lists."""
    from tnt_sim.scenario.spec import validate_scenario
    from tnt_sim.scenario.yaml.layers import load_tree

    raw = load_tree(scenario)
    return validate_scenario(raw.tree, raw.origins), raw.tree


def _read_answers(folder: Path) -> IntakeAnswers:
    """Return what the planner has said of the table so far, nothing where the file is gone."""
    from tnt_sim.api.imports import read_answers

    return read_answers(folder / ANSWERS)


def _read_copy(path: Path) -> pl.DataFrame:
    from tnt_sim.ingest.portfolio_reader import read_plain

    return read_plain(path, shown_as=str(path))
