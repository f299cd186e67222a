"""Run folders: what is in them, the same bytes twice, and nothing of anybody else's ever touched."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from tnt_sim.cli.answer import OutputOptions, TableOptions
from tnt_sim.cli.commands.new import new
from tnt_sim.engine import solve as engine
from tnt_sim.engine.result import ResultData
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.errors import UsageError
from tnt_sim.scenario.load import load_scenario, with_steps
from tnt_sim.scenario.yaml.layers import load_tree
from tnt_sim.verify.run_replay import verify_run

FILES = {
    "allocation.csv",
    "allocation.parquet",
    "certificate.json",
    "scenario.resolved.yaml",
    "solver.log",
    "summary.json",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project") / "demo"
    new(folder, OutputOptions(as_json=True), reading=TableOptions())
    return folder


@pytest.fixture(scope="module")
def result(project: Path) -> ResultData:
    return engine.solve(load_scenario(project / "scenario.yaml"))


def test_files_names_and_figures(result: ResultData, project: Path) -> None:
    folder = write_run(result)
    sha = result.problem.scenario.sha256
    assert folder == project.resolve() / "runs" / f"exemple-{sha[:8]}"
    assert {file.name for file in folder.iterdir()} == FILES
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert summary["project"] == "../.."
    assert summary["run_dir"] == folder.name
    assert {entry["kind"] for entry in summary["inputs"]} == {"scenario", "dossiers"}
    assert {"tnt_sim", "python", "highspy", "polars"} <= set(summary["versions"])
    awards = pl.read_csv(folder / "allocation.csv", infer_schema=False)
    assert awards.height == 24
    total = sum(round(float(euros) * 100) for euros in awards["granted"])
    assert (
        total
        == summary["granted_cents"]
        == pl.read_parquet(folder / "allocation.parquet")["granted_cents"].sum()
    )


def test_the_resolved_scenario_is_the_same_scenario(result: ResultData, project: Path) -> None:
    folder = write_run(result)
    raw = replace(load_tree(folder / "scenario.resolved.yaml"), root=project.resolve())
    again = with_steps(raw, (), project.resolve())
    assert again.sha256 == result.problem.scenario.sha256
    assert verify_run(folder).ok


def test_the_same_run_gives_the_same_bytes(result: ResultData, project: Path, tmp_path: Path) -> None:
    again = engine.solve(load_scenario(project / "scenario.yaml"))
    one, other = write_run(result, tmp_path / "a"), write_run(again, tmp_path / "b")
    for name in FILES - {"solver.log", "summary.json"}:
        assert (one / name).read_bytes() == (other / name).read_bytes(), name
    first, second = (
        json.loads((folder / "summary.json").read_text(encoding="utf-8")) for folder in (one, other)
    )
    assert {**first, "seconds": None} == {**second, "seconds": None}


def test_replaced_whole_and_only_when_it_is_ours(result: ResultData, tmp_path: Path) -> None:
    folder = write_run(result, tmp_path)
    (folder / "note.txt").write_text("mine", encoding="utf-8")
    assert write_run(result, tmp_path) == folder
    assert {file.name for file in folder.iterdir()} == FILES
    (folder / "summary.json").unlink()
    with pytest.raises(UsageError, match="n'est pas un dossier de calcul"):
        write_run(result, tmp_path)
    assert (folder / "allocation.csv").exists()


def test_a_link_is_never_followed(result: ResultData, tmp_path: Path) -> None:
    real = write_run(result, tmp_path / "real")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / real.name).symlink_to(real, target_is_directory=True)
    with pytest.raises(UsageError):
        write_run(result, tmp_path / "other")


def test_a_place_that_cannot_be_written(result: ResultData, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        write_run(result, tmp_path / "file")
    assert "ne peut pas être écrit" in caught.value.text.fr
    assert "Choisissez un autre dossier avec --out." in caught.value.text.fr
