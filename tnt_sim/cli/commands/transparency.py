"""`tnt-sim transparency`: a sheet for each dossier that says how the decision on it came about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tnt_sim.cli.answer import STOPPED, OutputOptions
from tnt_sim.cli.commands.export import UnprovenOption, build_solving, warn
from tnt_sim.cli.commands.run import format_path
from tnt_sim.cli.console import INTERRUPTED_AND_TOLD, build_hint, format_arguments
from tnt_sim.cli.invocation import read_locale
from tnt_sim.cli.options import (
    ForceOption,
    ProjectOption,
    RunArgument,
    SolveOption,
    WordingOption,
    parse_lang,
    parse_seconds,
)
from tnt_sim.i18n.message import N_, Lang

if TYPE_CHECKING:
    from tnt_sim.engine.stored_run import StoredRun
    from tnt_sim.reporting.text.legal_wording import LegalWording
    from tnt_sim.reporting.transparency.folder import TransparencyDocument

FolderOption = Annotated[
    Path,
    typer.Option(
        "--out",
        metavar=N_("FOLDER"),
        help=N_("The folder to write; it keeps its other files."),
        show_default=False,
    ),
]
PdfOption = Annotated[
    list[str] | None,
    typer.Option(
        "--pdf",
        metavar="ID",
        help=N_("An application whose sheet is written as PDF too; may be repeated."),
        show_default=False,
    ),
]
LimitOption = Annotated[
    str | None,
    typer.Option(
        "--time-limit",
        metavar=N_("DURATION"),
        help=N_('When to stop: 300, "5 min"; the same command then goes on from there.'),
        show_default=False,
    ),
]


ArchiveOption = Annotated[
    Path | None,
    typer.Option(
        "--archive",
        metavar=N_("FILE"),
        help=N_("A zip of run, documents, entry of the register and hashes, for the archives."),
        show_default=False,
    ),
]


def transparency(
    run_dir: RunArgument,
    output: OutputOptions,
    out: FolderOption,
    pdf: PdfOption = None,
    project: ProjectOption = None,
    time_limit: LimitOption = None,
    force: ForceOption = False,
    wording: WordingOption = None,
    archive: ArchiveOption = None,
    unproven: UnprovenOption = False,
    solve: SolveOption = False,
) -> int:
    """Write for each application how the decision on it came about, as a sheet for the applicant."""
    from tnt_sim.deadline import Deadline

    deadline = Deadline(parse_seconds(time_limit))
    tongue = parse_lang(output.lang, read_locale([run_dir]))
    from tnt_sim.engine.run_folder.atomic_write import check_target
    from tnt_sim.engine.run_folder.run_access import open_stored, refuse_act
    from tnt_sim.reporting.text.legal_wording import load_wording
    from tnt_sim.reporting.transparency.folder import build_report, choose_wording, write_transparency

    if archive is not None:
        check_target(archive, replace=force)
    texts = choose_wording(out) if wording is None else load_wording(wording)
    solving = build_solving(time_limit, wanted=True) if solve else None
    run = open_stored(run_dir, project, tongue, solving, for_act=True)
    refuse_act(run, unproven=unproven)
    warn(run, tongue)
    document = write_transparency(
        run, out, tongue, pdf=pdf or (), deadline=deadline, replace=force, wording=texts
    )
    if archive is not None and document.complete:
        _put_archive(run, project, out, document, archive, texts)
    hint = build_hint("transparency", tongue, f"{format_arguments(run_dir)} --sheets {format_arguments(out)}")
    output.show(build_report(document, format_path(out)), document, tongue, hint)
    return _choose_exit_code(document)


def _put_archive(
    run: StoredRun,
    project: Path | None,
    folder: Path,
    document: TransparencyDocument,
    target: Path,
    wording: LegalWording,
) -> None:
    """Write the archive package of a folder that is complete."""
    from tnt_sim.engine.run_folder.atomic_write import put_file
    from tnt_sim.reporting.transparency.folder import MANIFEST
    from tnt_sim.reporting.transparency.programme.archive import build_archive, read_documents
    from tnt_sim.verify.input_files import project_of

    root = project or project_of(run.folder, run.summary)
    files = read_documents(folder, [MANIFEST, *(entry.path for entry in document.files)])
    put_file(target, build_archive(run, root, files, Lang(document.language), wording))


def _choose_exit_code(document: TransparencyDocument) -> int:
    """Return the exit code of what was written: 0 if it is complete."""
    if document.stopped_by == "interrupt":
        return INTERRUPTED_AND_TOLD
    return 0 if document.complete else STOPPED
