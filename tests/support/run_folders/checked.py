"""What the check says of a run folder."""

from __future__ import annotations

import shutil
from pathlib import Path

from tnt_sim.engine.run_folder.replay import verify_run
from tnt_sim.i18n.message import Lang


def copied(run: Path, folder: Path) -> Path:
    """The project of a run in another place, without the copies of its inputs; its run folder there."""
    shutil.copytree(run.parent.parent, folder / "projet", ignore=shutil.ignore_patterns("inputs"))
    return folder / "projet" / "runs" / run.name


def said(run: Path, lang: Lang = Lang.FR, project: Path | None = None) -> list[str]:
    return [defect.line(lang) for defect in verify_run(run, project).defects]


def codes(run: Path) -> list[str]:
    return [defect.code for defect in verify_run(run).defects]
