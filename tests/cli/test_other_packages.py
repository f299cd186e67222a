"""Packages that extend the program are looked for where they are needed, and nowhere else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.example_package import PROJECT, run_python, write_distribution
from support.tiny_scenario import tiny

NEEDED = {
    "tnt_sim.rule_kinds": ["validate", "tiny.yaml"],
    "tnt_sim.importers": ["validate", "tiny.yaml"],
    "tnt_sim.backends": ["run", "tiny.yaml", "--method", "direct"],
    "tnt_sim.exporters": ["export", "RUN", "--format", "csv"],
}
"""By group of entry points, a command that needs what packages register there."""


def test_the_example_package_has_something_for_each_group() -> None:
    assert PROJECT["entry-points"].keys() == NEEDED.keys()


@pytest.mark.parametrize("group", NEEDED)
def test_a_broken_package_stops_only_what_needs_it(group: str, tmp_path: Path) -> None:
    tiny(tmp_path)
    run = run_python(tmp_path, ["-m", "tnt_sim", "run", "tiny.yaml", "--json"])
    folder = json.loads(run.stdout)["run_dir"]
    name = {"tnt_sim.backends": "highs"}.get(group, "mine")
    write_distribution(tmp_path, "zz-broken", {group: {name: "missing:MISSING"}})
    assert run_python(tmp_path, ["-m", "tnt_sim", "--version"]).returncode == 0
    assert run_python(tmp_path, ["-c", "import tnt_sim"]).returncode == 0
    words = [folder if word == "RUN" else word for word in NEEDED[group]]
    done = run_python(tmp_path, ["-m", "tnt_sim", *words, "--lang", "en"])
    assert done.returncode == 2
    assert f"the package zz-broken ({group}: {name}) is refused" in done.stderr
    assert "Correct it, or uninstall it." in done.stderr
