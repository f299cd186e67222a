"""What a release is made of: one number, jobs that name what exists, and a description that needs no clone."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from support.paths import ROOT

import tnt_sim as tnt

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
JOBS = [
    *sorted((ROOT / ".github" / "workflows").glob("*.yml")), ROOT / ".gitlab-ci.yml",
    ROOT / ".pre-commit-config.yaml", ROOT / ".readthedocs.yaml",
]  # fmt: skip


def read(path: Path) -> Any:
    return YAML(typ="safe").load(path.read_text(encoding="utf-8"))


def test_every_place_has_the_same_number() -> None:
    number = PROJECT["tool"]["hatch"]["version"]["raw-options"]["fallback_version"]
    assert str(read(ROOT / "CITATION.cff")["version"]) == number
    assert str(read(ROOT / "publiccode.yml")["softwareVersion"]) == number
    assert tnt.__version__ == number


@pytest.mark.parametrize("path", JOBS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_job_is_yaml_and_names_what_exists(path: Path) -> None:
    assert read(path)
    text = path.read_text(encoding="utf-8")
    named = re.findall(r"(?<![\w./-])((?:\.ci|tools|docs|scenarios|tests)/[\w./-]+\w)", text)
    assert named or path.name == ".readthedocs.yaml"
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_the_supported_versions_are_the_same_everywhere() -> None:
    told = {
        line.rpartition(" ")[2] for line in PROJECT["project"]["classifiers"] if ":: Python :: 3." in line
    }
    tested = read(ROOT / ".github" / "workflows" / "ci.yml")["jobs"]["systems"]["strategy"]["matrix"][
        "python"
    ]
    assert set(tested) == told == {"3.12", "3.13", "3.14"}
    assert PROJECT["project"]["requires-python"] == f">={min(told)}"


def test_the_package_description_needs_no_clone() -> None:
    text = (ROOT / PROJECT["project"]["readme"]).read_text(encoding="utf-8")
    assert not re.search(r"\]\((?!https?://)", text), "a relative link"
    assert "example.org" not in text
    assert metadata("tnt-sim")["Description"].strip() == text.strip()


def test_the_lines_of_python_in_the_description_run(tmp_path: Path) -> None:
    text = (ROOT / PROJECT["project"]["readme"]).read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.S)
    code = code.replace("examples/tnt-2021.yaml", (ROOT / "scenarios" / "motifs.yaml").as_posix())
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path)
