"""What TAB proposes in bash, zsh and fish: verbs, scenarios, run folders, the paths of `--set`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.lanes import seeds

from tnt_sim.cli import options as complete
from tnt_sim.cli import project_templates as templates


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("demo/data", "demo/runs/exemple-1a2b3c4d/inner", "autre"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "demo/scenario.yaml").write_text(templates.FRENCH.scenario, encoding="utf-8")
    (tmp_path / "demo/data/dossiers.csv").write_text("dossier\n", encoding="utf-8")
    (tmp_path / "demo/runs/exemple-1a2b3c4d/summary.json").write_text("{}", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def proposed(shell: str, line: str) -> str:
    """What the shell's own protocol gets for a line that ends where TAB was pressed."""
    words = line.split(" ")
    asked = {
        "bash": {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)},
        "zsh": {"_TYPER_COMPLETE_ARGS": line},
        "fish": {"_TYPER_COMPLETE_ARGS": line, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    done = subprocess.run(
        [sys.executable, "-c", "from tnt_sim.cli.main import main; main()"],
        env={**os.environ, "_TNT_SIM_COMPLETE": f"complete_{shell}", **asked},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("shell", seeds(["bash", "zsh", "fish"], 1))
def test_each_shell_proposes_verbs_files_and_keys(shell: str, project: Path) -> None:
    assert "validate" in proposed(shell, "tnt-sim val")
    assert "demo/scenario.yaml" in proposed(shell, "tnt-sim run demo/s")
    assert "rules.part-communes.min=" in proposed(shell, "tnt-sim run demo/scenario.yaml --set rules.part")
    assert "demo/runs/exemple-1a2b3c4d" in proposed(shell, "tnt-sim explain demo/runs/")


def test_proposals_say_what_they_are_in_one_line_of_the_language(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for lang, verb, option in (
        ("fr", "Explique pourquoi un dossier", "La durée du calcul"),
        ("en", "Explains why an application", "The duration of the run"),
    ):
        monkeypatch.setenv("TNT_SIM_LANG", lang)
        lines = (
            proposed("fish", "tnt-sim exp").splitlines() + proposed("fish", "tnt-sim run --ti").splitlines()
        )
        assert all(line.count("\t") == 1 for line in lines), lines
        assert [
            line for line in lines if line.startswith(("explain\t" + verb, "--time-limit\t" + option))
        ] == [
            lines[0],
            lines[-1],
        ]


def test_files_and_folders(project: Path) -> None:
    assert complete.list_scenario_files("") == ["autre/", "demo/"]
    assert complete.list_scenario_files("demo/") == ["demo/data/", "demo/runs/", "demo/scenario.yaml"]
    assert complete.list_tables("demo/data/") == ["demo/data/dossiers.csv"]
    assert complete.list_scenario_files("nowhere/x") == []
    assert complete.run_folders("demo/runs/") == ["demo/runs/exemple-1a2b3c4d"]
    assert complete.run_folders("demo/runs/exemple-1a2b3c4d/") == []


def test_runs_are_looked_for_where_they_are(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project / "demo")
    assert complete.run_folders("") == ["runs/exemple-1a2b3c4d"]


class Context:
    """A line as the parser leaves it: nothing but loose words."""

    def __init__(self, *words: str) -> None:
        self.params: dict[str, str | None] = {"scenario": None}
        self.args = list(words)


def test_paths_of_set(project: Path) -> None:
    line = Context("demo/scenario.yaml")
    assert "programme.amount=" in complete.set_paths(line, "p")
    assert complete.set_paths(line, "envelopes.num") == ["envelopes.numerique.amount="]
    assert complete.set_paths(line, "programme.amount=9") == []
    assert complete.set_paths(Context(), "rules.") == []
    assert complete.set_paths(Context("absent.yaml"), "rules.") == []
