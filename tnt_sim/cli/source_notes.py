"""Notes on files: what has changed since a copy or a run, and the columns that a run leaves out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tnt_sim.cli.console import print_note
from tnt_sim.i18n.message import Lang, _, _n
from tnt_sim.i18n.parameters import Items

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tnt_sim.scenario.scenario import ScenarioData
    from tnt_sim.scenario.spec import ScenarioSpec
    from tnt_sim.verify.verification import Verification


def print_source_notes(scenario: Path, spec: ScenarioSpec, lang: Lang, *, gone: bool = False) -> None:
    """Say on stderr which originals differ from what was read, and with `gone` which ones are not there."""
    from tnt_sim.scenario.source_files import SourceState, find_changed_sources

    for changed in find_changed_sources(spec, scenario.parent):
        from tnt_sim.cli.intake_project import build_refresh_command

        command = build_refresh_command(scenario.parent)
        if changed.state is SourceState.CHANGED:
            text = _(
                '"{path}" has changed since {copy} was read from it. To see what changes: {command}',
                path=changed.path, copy=changed.copy, command=command,
            )  # fmt: skip
            print_note(text.in_(lang))
        elif gone:
            text = _(
                '"{path}", from which {copy} was read, is not there any more.',
                path=changed.path,
                copy=changed.copy,
            )
            print_note(text.in_(lang))


def print_changes(verifications: Iterable[Verification | None], lang: Lang) -> None:
    """Say on stderr what has changed since the runs, and what was not replayed of them, each once."""
    for text in dict.fromkeys(note for one in verifications if one is not None for note in one.notes):
        print_note(text.in_(lang))


def print_lost_inputs(scenario: ScenarioData, run_dir: Path, lang: Lang) -> None:
    """Say on stderr which tables changed while a run was computed."""
    from tnt_sim.engine.run_folder.writer import list_lost_inputs

    names = list_lost_inputs(scenario, run_dir)
    if names:
        text = _(
            "{names} changed while the run was computed, and no copy of what it read could be kept: the run "
            "cannot be verified. Run it again.",
            names=Items(names),
        )
        print_note(text.in_(lang))


def print_personal_notes(scenario: ScenarioData, lang: Lang) -> None:
    """Say on stderr which columns look personal and stay out of the run."""
    from tnt_sim.engine.personal_columns import select_left_out

    names = select_left_out(scenario)
    if names:
        text = _n(
            "{n} column looks personal, and no rule reads it: {names}. The run leaves it out. To keep it, "
            "write its name in the scenario, `publisher: {{columns: […]}}`.",
            "{n} columns look personal, and no rule reads them: {names}. The run leaves them out. To keep one, "
            "write its name in the scenario, `publisher: {{columns: […]}}`.",
            n=len(names),
            names=Items(names),
        )
        print_note(text.in_(lang))
