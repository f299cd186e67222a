"""Nothing outside the project is opened: not by what a scenario extends, nor by its data files or side tables."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tnt_sim.cli.invocation import detect_language
from tnt_sim.errors import InputError
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.load import load_scenario

SCENARIO = """\
schema_version: 1
id: essai
{top}programme:
  id: p
  amount: 1 k€
{split}dossiers: [{{file: {file}}}]
rules:
  - {{id: c, kind: coverage, units: {{type: commune}}, covered_by: commune, already: {already}, max: 1}}
"""
PLACES = (
    "../out.csv",
    "{out}",
    "link.csv",
    "folder/out.csv",
    "https://exemple.fr/out.csv",
    "//serveur/out.csv",
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in which `d.csv` is its own; `link.csv` and `folder` lead out of it."""
    out, folder = tmp_path / "out", tmp_path / "projet"
    out.mkdir()
    folder.mkdir()
    (tmp_path / "out.csv").write_text("dossier\nA\n")
    (out / "out.csv").write_text("dossier,granted,code,group,amount\nA,1,01001,x,1\n")
    (folder / "d.csv").write_text("dossier,commune,requested\nA,01001,5\n")
    (folder / "link.csv").symlink_to(out / "out.csv")
    (folder / "folder").symlink_to(out)
    return folder


def codes(project: Path, **named: str) -> set[str]:
    values = {"top": "", "split": "", "file": "d.csv", "already": "d.csv"} | named
    path = project / "s.yaml"
    path.write_text(SCENARIO.format(**values), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_scenario(path)
    assert all(defect.places for defect in caught.value.defects)
    return {defect.code for defect in caught.value.defects}


@pytest.mark.parametrize("key", ["file", "already", "reference", "table", "previous"])
@pytest.mark.parametrize("written", PLACES)
def test_every_file_stays_inside(project: Path, key: str, written: str) -> None:
    where = f"'{written.format(out=project.parent / 'out/out.csv')}'"
    split = f"  split: {{by: department, groups: present, table: d.csv, {key}: {where}, change: 5 %}}\n"
    named = {
        "file": {"file": where},
        "already": {"already": where},
        "reference": {"top": f"reference: {where}\n"},
        "table": {"split": split.replace("table: d.csv, ", "").replace(", change: 5 %", "")},
        "previous": {"split": split},
    }[key]
    assert codes(project, **named) <= {"path", "path_outside"}


@pytest.mark.parametrize(
    "top", ["extends: ../out.yaml\n", "overrides: [../out.yaml]\n", "extends: link.yaml\n"]
)
def test_yaml_files_stay_inside(project: Path, top: str) -> None:
    (project.parent / "out.yaml").write_text("title: dehors\n")
    (project / "link.yaml").symlink_to(project.parent / "out.yaml")
    assert codes(project, top=top) == {"path_outside"}


@pytest.mark.parametrize("base", ["/dev/zero", "../out.yaml", "pipe.yaml", "https://exemple.fr/x.yaml"])
def test_the_language_of_an_error_opens_nothing_outside(project: Path, base: str) -> None:
    (project.parent / "out.yaml").write_text("locale: en\n")
    os.mkfifo(project / "pipe.yaml")
    (project / "s.yaml").write_text(f"extends: {base}\n", encoding="utf-8")
    assert detect_language(["run", str(project / "s.yaml")]) is Lang.FR
    assert detect_language(["run", str(project / "pipe.yaml")]) is Lang.FR


def test_a_device_or_a_pipe_is_no_file(project: Path) -> None:
    os.mkfifo(project / "pipe.csv")
    assert codes(project, file="pipe.csv") == {"file"}
