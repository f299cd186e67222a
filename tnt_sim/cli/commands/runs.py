"""`tnt-sim runs`: the run folders of a project, and the kept inputs that none of them needs any more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tnt_sim.cli.answer import OutputOptions
from tnt_sim.cli.console import ask, build_hint_lines, can_ask, print_note
from tnt_sim.cli.invocation import get_invocation
from tnt_sim.cli.options import parse_lang
from tnt_sim.i18n.command_words import quote_argument
from tnt_sim.i18n.message import N_, _

if TYPE_CHECKING:
    from tnt_sim.engine.run_folder.run_list import KeptInput, ListedRun
    from tnt_sim.reporting.reports.run_list import RunsDocument

RunsArgument = Annotated[
    Path, typer.Argument(metavar=N_("[FOLDER]"), help=N_("The folder of the project."), show_default=False)
]
PruneOption = Annotated[
    bool,
    typer.Option("--prune", help=N_("Shows the kept inputs that no run needs, and asks to remove them.")),
]
YesOption = Annotated[bool, typer.Option("--yes", help=N_("With --prune: removes them without asking."))]


def runs(
    output: OutputOptions,
    folder: RunsArgument = Path(),
    *,
    prune: PruneOption = False,
    yes: YesOption = False,
) -> int:
    """List the runs of a project, and with --prune remove kept inputs to which nothing refers."""
    from tnt_sim.engine.run_folder.run_list import (
        find_free_inputs,
        find_runs_folder,
        list_runs,
        remove_free_inputs,
    )
    from tnt_sim.reporting.reports.run_list import build_report, describe_free

    tongue = parse_lang(output.lang)
    place = find_runs_folder(folder)
    listed = list_runs(place)
    free = find_free_inputs(place) if prune else None
    if free and yes:
        free = remove_free_inputs(place, free)
    document = _build_document(place, listed, free, removed=bool(free) and yes)
    follow = f"runs {quote_argument(folder.as_posix())} --prune --yes"
    is_asked = bool(free) and not (yes or output.as_json or output.quiet) and can_ask()
    hint = [get_invocation().format_command(follow)] if free and not (yes or is_asked) else []
    output.show(build_report(document), document, tongue, build_hint_lines(hint, tongue))
    if free and is_asked and ask(_("Remove these files?"), tongue):
        removed = _build_document(place, [], remove_free_inputs(place, free), removed=True)
        print_note(describe_free(removed.free_inputs or (), pruned=True).in_(tongue))
    return 0


def _build_document(
    place: Path, listed: Sequence[ListedRun], free: Sequence[KeptInput] | None, *, removed: bool
) -> RunsDocument:
    from tnt_sim.reporting.reports.run_list import KeptFile, RunsDocument

    return RunsDocument(
        status="pruned" if removed else "listed",
        folder=str(place),
        runs=listed,
        free_inputs=None
        if free is None
        else [KeptFile(path=str(one.file), size_bytes=one.size_bytes) for one in free],
    )
