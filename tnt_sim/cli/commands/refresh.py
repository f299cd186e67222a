"""`tnt-sim refresh`: the table of a project read again, with what changes before anything is written."""

from __future__ import annotations

import re
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from tnt_sim.cli.answer import OutputOptions, TableOptions
from tnt_sim.cli.api_reading import ApiOptions, build_answer, describe_reading, read_dossiers
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
from tnt_sim.errors import UsageError
from tnt_sim.i18n.command_words import quote_argument
from tnt_sim.i18n.message import Lang, _

if TYPE_CHECKING:
    import polars as pl

    from tnt_sim.exchange.demarche_reading import DossierReading, ReadingSource
    from tnt_sim.ingest.intake.answers import IntakeAnswers
    from tnt_sim.reporting.reading_document import ApiReading
    from tnt_sim.scenario.spec import ScenarioSpec, SourceSpec


def refresh(
    folder: ProjectFolderArgument,
    output: OutputOptions,
    *,
    apply: ApplyOption = False,
    reading: TableOptions,
    api: ApiOptions,
) -> int:
    """Read the table of a project again, or its procedure, show what changes, and write it with --apply."""
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
    api.check()
    procedure = _find_procedure(source, api, scenario)
    command = build_refresh_command(folder)
    answers = merge_answers(_read_answers(folder), reading.parse())
    quiet = output.quiet or output.as_json
    with (
        nullcontext()
        if procedure is None
        else read_dossiers(table.parent, procedure, api, tongue, quiet=quiet) as dossiers
    ):
        entry = None if dossiers is None else describe_reading(dossiers)
        files = (
            {} if dossiers is None or entry is None else _import_again(dossiers, entry.read_at, table, tongue)
        )
        read = read_table(table, answers, command, tree, data=files.get(table))
        document = compare_copies(
            _read_copy(folder / copy), read.intake, str(scenario), summarise(read, tongue), applied=apply,
            reading=entry,
        )  # fmt: skip
        if apply:
            copies = build_copy_files(read, tongue, command, copy)
            files |= {folder / name: data for name, data in copies.items()}
            files[scenario] = _update_source(scenario.read_bytes(), source, read.intake.sha256, entry)
            try:
                put_all(files)
            except OSError as error:
                raise build_write_error(quote_path(folder), error) from error
            if dossiers is not None:
                dossiers.close()
    run = get_invocation().format_command(f"run {quote_argument(scenario.as_posix())}")
    words = "".join(f" {quote_argument(word)}" for word in api.format_arguments()) if entry else ""
    follow = [run] if apply else [f"{command}{words}{reading.format_arguments()} --apply"]
    output.show(
        build_report(document, read.questions, read.unread),
        document,
        tongue,
        build_hint_lines(follow, tongue),
    )
    return 0


def _find_procedure(source: SourceSpec, api: ApiOptions, scenario: Path) -> ReadingSource | None:
    """Return the procedure to read again, None where the table alone is read.

    The address must be typed, so that no token goes to an address that only a file gives.
    """
    if api.from_api is None:
        return None
    if source.api is None or source.demarche is None:
        text = _('"{scenario}": its applications were not read from an API. Start with: {command}',
                 scenario=scenario, command="tnt-sim import --from-api URL --demarche N")  # fmt: skip
        raise UsageError(text, code="usage.from-api")
    if api.from_api != source.api or api.demarche not in (None, source.demarche):
        text = _('the applications were read at {api}, procedure {demarche}: give this address, or import anew.',
                 api=source.api, demarche=str(source.demarche))  # fmt: skip
        raise UsageError(text, code="usage.from-api")
    from tnt_sim.exchange.demarche_reading import ReadingSource

    return ReadingSource(source.api, source.demarche)


def _import_again(dossiers: DossierReading, read_at: str, table: Path, lang: Lang) -> dict[Path, bytes]:
    """Return the files of an import of the dossiers as they are now, by the mapping beside the table."""
    from tnt_sim.api.imports import MAPPING, TIMEZONE, read_mapping
    from tnt_sim.ingest.forms.form_import import import_form
    from tnt_sim.ingest.forms.form_reader import parse_answer
    from tnt_sim.reporting.reports.form_import import build_import_tables, encode_import

    answer = build_answer(dossiers, read_at)
    form, layout = parse_answer(next(iter(answer.values())), str(table.parent / next(iter(answer))))
    imported = import_form(form, layout, read_mapping(table.parent / MAPPING), timezone=TIMEZONE)
    tables = build_import_tables(imported, lang, TIMEZONE)
    written = encode_import(imported, tables, parquet=table.suffix == ".parquet") | answer
    return {table.parent / name: data for name, data in written.items()}


def _update_source(text: bytes, source: SourceSpec, sha256: str, entry: ApiReading | None) -> bytes:
    """Return a scenario with the new hash of its table, and when the procedure was read."""
    text = text.replace(source.sha256.encode(), sha256.encode())
    if entry is None or source.read_at is None:
        return text
    before = re.escape(source.read_at.encode())
    return re.sub(rb"(read_at:\s*[\"']?)" + before, rb"\g<1>" + entry.read_at.encode(), text)


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
