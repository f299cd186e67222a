"""The project of `tnt-sim new` as its files, for tests that need no command."""

from __future__ import annotations

from pathlib import Path

import tnt_sim as tnt
from tnt_sim.cli import project_templates


def write_demo(folder: Path) -> tnt.Scenario:
    """Write the French demonstration into a folder, and read its scenario."""
    (folder / "data").mkdir()
    (folder / "data" / "dossiers.csv").write_text(project_templates.build_dossiers_csv(), encoding="utf-8")
    (folder / "scenario.yaml").write_text(project_templates.FRENCH.scenario, encoding="utf-8")
    return tnt.read_scenario(folder / "scenario.yaml")
