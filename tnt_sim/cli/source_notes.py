"""Notes of `validate` and `run` on a table that has changed since its copy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tnt_sim.cli.console import print_note
from tnt_sim.cli.intake_project import build_refresh_command
from tnt_sim.i18n.message import Lang, _

if TYPE_CHECKING:
    from tnt_sim.scenario.spec import ScenarioSpec


def print_source_notes(scenario: Path, spec: ScenarioSpec, lang: Lang, *, gone: bool = False) -> None:
    """Say on stderr which originals differ from what was read, and with `gone` which ones are not there."""
    from tnt_sim.scenario.source_files import SourceState, find_changed_sources

    for changed in find_changed_sources(spec, scenario.parent):
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
