"""The wheel alone, outside the clone: its examples, their copy, and a decision of one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from support.paths import ROOT

from tnt_sim.engine.stored_run import hash_code


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The content of the wheel, in a folder that Python may import from."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return folder / "site"


def run_module(installed: Path, folder: Path, *words: str) -> str:
    code = f"import sys; sys.path[:0] = [{str(installed)!r}]; from tnt_sim.cli.main import main; sys.exit(main())"
    variables = {key: value for key, value in os.environ.items() if not key.startswith("TNT_SIM")}
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=folder, env=variables, capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_examples_come_out_of_the_wheel_and_one_is_decided(installed: Path, tmp_path: Path) -> None:
    listed = json.loads(run_module(installed, tmp_path, "examples", "--json"))["examples"]
    shipped = {path.name for kind in ("*.yaml", "*.xlsx") for path in (ROOT / "scenarios").glob(kind)}
    assert {one["file"] for one in listed} == shipped
    run_module(installed, tmp_path, "examples", "motifs", "tnt-2021", "--out", ".")
    decided = json.loads(run_module(installed, tmp_path, "run", "motifs.yaml", "--json"))
    assert decided["proof"] == "PROVED"
    summary = json.loads((tmp_path / decided["run_dir"] / "summary.json").read_text(encoding="utf-8"))
    assert summary["provenance"]["code_sha256"] == hash_code(), "a wheel and a clone are the same program"


@pytest.mark.slow
def test_the_wheel_holds_no_tool_and_no_test(installed: Path) -> None:
    names = {path.name for path in installed.iterdir()}
    assert {name for name in names if not name.endswith(".dist-info")} == {"tnt_sim"}
    assert not (installed / "tnt_sim" / "examples" / "build").exists()
    assert (installed / "tnt_sim" / "py.typed").is_file()
