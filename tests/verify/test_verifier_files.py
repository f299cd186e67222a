"""What `verify --export` writes is enough for a stranger, and tells a proof that is none."""

from __future__ import annotations

import json
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from support.run_folders.below_optimum import BELOW
from support.run_folders.mutations import load
from support.run_folders.small_runs import project, solved

from tnt_sim.cli.main import main
from tnt_sim.engine.result import build_own_verification
from tnt_sim.engine.run_folder.replay import verify_run
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.kernel.cap_tree.caps import CapTreeNode
from tnt_sim.scenario.load import load_scenario
from tnt_sim.verify.verification import Means


def run_verifier(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the exported verifier, in a Python without packages."""
    command = [sys.executable, "-I", "-S", str(folder / "verifier.py")]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run of four applications, with its certificate."""
    return write_run(solve(load_scenario(project(BELOW, tmp_path / "one")), cross_check="never"))


def test_a_stranger_repeats_the_proof(run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify_run(run).optimal.means in (Means.SUMS, Means.LIST)
    out = tmp_path / "out"
    assert main(["verify", str(run), "--export", str(out), "--lang", "en"]) == 0
    assert sorted(path.name for path in out.iterdir()) == ["certificate.json", "rows.json", "verifier.py"]
    assert "python verifier.py" in capsys.readouterr().err
    told = run_verifier(out)
    assert told.stdout.splitlines() == [
        'shown: no allocation within the rows has more of "score" than 8',
        'shown: no allocation as good has less of "granted" than 100',
        "shown: no allocation as good, which grants as little, goes before this one",
    ]
    assert told.returncode == 0


def test_a_stranger_sees_a_claim_that_nothing_shows(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["verify", str(run), "--export", str(out), "--quiet"]) == 0
    rows = json.loads((out / "rows.json").read_text("utf-8"))
    rows["claims"][0]["rows"][0]["upper"] += 1  # what the list reaches itself
    (out / "rows.json").write_text(json.dumps(rows), "utf-8")
    assert run_verifier(out).returncode == 1
    assert run_verifier(out).stdout.startswith("not shown: ")


def test_a_faulty_kernel_shows_nothing_by_sums_or_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault in the search and in its replay alike: every tree of caps has one unit less than it should."""
    sound = CapTreeNode.__init__

    def take_one(self: CapTreeNode, row: int, cap: int, *rest: Any, **named: Any) -> None:
        sound(self, row, max(0, cap - 1), *rest, **named)

    with monkeypatch.context() as fault:
        fault.setattr(CapTreeNode, "__init__", take_one)
        folder = write_run(solve(load_scenario(project(BELOW, tmp_path / "one")), cross_check="never"))
        assert load(folder)["proof"] == "PROVED"
        assert Fraction(load(folder)["objective"][0]["value"]) == 5, "the best list is worth 8"
        faulty = verify_run(folder)
        assert (faulty.ok, faulty.optimal.means) == (True, Means.KERNEL), "only the kernel repeats it"
        assert not faulty.optimal.is_shown
    assert not verify_run(folder).ok


@pytest.mark.parametrize("name", ["links", "money", "years", "steps"])
def test_a_result_says_of_itself_what_verify_says_of_its_folder(name: str, tmp_path: Path) -> None:
    result = solved(name, tmp_path)
    fresh, checked = build_own_verification(result), verify_run(write_run(result))
    assert (fresh.optimal, fresh.first) == (checked.optimal, checked.first)
    assert (fresh.rows, fresh.changes) == (checked.rows, checked.changes)


def test_each_step_has_its_proof(made: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert main(["verify", str(made["steps"]), "--export", str(out), "--quiet"]) == 0
    steps = sorted(out.iterdir())
    assert [step.name for step in steps] == [f"step-{k}" for k in range(1, len(steps) + 1)]
    assert len(steps) > 1
    for step in steps:
        told = run_verifier(step)
        assert told.stdout.count("shown: ") == len(told.stdout.splitlines()) > 1
        assert told.returncode == 0
