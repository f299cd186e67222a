"""A run does not depend on the machine around it, and leaves nothing behind when the disk refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support.lanes import first_of

from tnt_sim.cli.main import main

PLACES = (
    {"TZ": "UTC", "LC_ALL": "C"},
    {"TZ": "America/Adak", "LC_ALL": "tr_TR.UTF-8", "PYTHONHASHSEED": "7", "PYTHONIOENCODING": "ascii"},
    {"TZ": "Pacific/Kiritimati", "LC_ALL": "fr_FR.UTF-8", "LANG": "fr_FR.UTF-8"},
)


@pytest.fixture
def demo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Path:
    assert main(["new", str(tmp_path / "demo")]) == 0
    capsys.readouterr()
    return tmp_path / "demo"


def program(demo: Path, *words: str, before: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    code = f"import sys\n{before}\nfrom tnt_sim.cli.main import main\nsys.exit(main(sys.argv[1:]))"
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        cwd=demo, capture_output=True, encoding="utf-8", check=False, env={**os.environ, **env},
    )  # fmt: skip


@pytest.mark.drawn
def test_locale_time_zone_and_hash_seed_change_nothing(demo: Path) -> None:
    files: list[dict[str, bytes]] = []
    documents: list[dict[str, Any]] = []
    for place in first_of(PLACES, 2):
        done = program(demo, "run", "scenario.yaml", "--json", **place)
        assert done.returncode == 0, done.stderr
        document = json.loads(done.stdout)
        assert document.pop("seconds")
        documents.append(document)
        folder = demo / document["run_dir"]
        files.append(
            {name: (folder / name).read_bytes() for name in ("allocation.csv", "scenario.resolved.yaml")}
        )
    assert all(document == documents[0] for document in documents[1:])
    assert all(file == files[0] for file in files[1:])


FULL = """
import errno
from tnt_sim.engine.run_folder import writer as run_folder
fill = run_folder.fill
def refuse(file, data):
    if file.name == "summary.json":
        raise OSError(errno.ENOSPC, "No space left on device")
    return fill(file, data)
run_folder.fill = refuse
"""
SMALL = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (600, 600))"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "why"), [(FULL, "le disque est plein"), (SMALL, "le fichier dépasse la taille permise")]
)
def test_a_disk_that_refuses(demo: Path, before: str, why: str) -> None:
    """The earlier run stays whole, the new one is not there, and no scrap is left."""
    done = program(demo, "run", "scenario.yaml", before=before, PYTHONDONTWRITEBYTECODE="1")
    assert done.returncode in (1, 2)
    assert why in done.stderr
    assert "Traceback" not in done.stderr
    assert list((demo / "runs").glob("*-*")) == []
    assert program(demo, "run", "scenario.yaml").returncode == 0
    whole = {path.name: path.read_bytes() for path in next((demo / "runs").glob("*-*")).iterdir()}
    assert program(demo, "run", "scenario.yaml", before=before, PYTHONDONTWRITEBYTECODE="1").returncode in (
        1,
        2,
    )
    (folder,) = (demo / "runs").glob("*-*")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == whole
