"""A run folder is checked again from its raw inputs; every corruption is caught and named."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tnt_sim.engine.run_folder.replay import verify_run
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.errors import DataError
from tnt_sim.scenario.load import load_scenario

SCENARIO = """schema_version: 1
id: petit
programme:
  id: tout
  amount: 3 000 €
  envelopes:
    - {id: a, amount: 1 800 €}
    - {id: b, amount: 1 200 €, ring_fenced: true}
dossiers: [{file: table.csv}]
eligibility: [{id: taille, require: {population: {min: 50}}, reason: Trop petit}]
grants:
  - {where: {kind: souple}, mode: range, round: 10 €}
  - {mode: all_or_nothing, max_rate: 80 %}
rules:
  - {id: plafond, kind: limit, measure: granted, by: department, max: 1 500 €}
  - {id: part, kind: share, measure: granted, where: {department: 02}, min: 20 %}
  - {id: cabinet, kind: decide, fund: [7], refuse: [8], reason: arbitrage, author: cabinet}
objective: [{maximise: {score: 1}}, {maximise: {dossiers: 1}}]
"""
TABLE = "dossier,envelope,department,population,cost,requested,min_grant,score,kind,committed\n" + "".join(
    f"{k},{'ab'[k % 2]},0{1 + k % 3},{40 + 10 * k},{1000 + 37 * k}.50,{300 + 61 * k}.25,"
    f"{100 + k},{k % 5}.5,{'souple' if k % 4 == 0 else 'ferme'},{'250.10' if k == 5 else ''}\n"
    for k in range(1, 13)
)


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    (folder / "tnt-sim.toml").write_text("", encoding="utf-8")
    (folder / "table.csv").write_text(TABLE, encoding="utf-8")
    (folder / "petit.yaml").write_text(SCENARIO, encoding="utf-8")
    return write_run(solve(load_scenario(folder / "petit.yaml"), cross_check="never"), None)


def copy(run_dir: Path, target: Path) -> Path:
    """The project in another place, without the copies of its inputs: verification needs nothing else."""
    shutil.copytree(run_dir.parent.parent, target / "project", ignore=shutil.ignore_patterns("inputs"))
    return target / "project" / "runs" / run_dir.name


def codes(run: Path) -> set[str]:
    return {defect.code for defect in verify_run(run).defects}


def test_a_fresh_run_verifies_wherever_the_project_lies(run_dir: Path, tmp_path: Path) -> None:
    assert verify_run(run_dir).ok
    assert verify_run(copy(run_dir, tmp_path)).ok


Change = Callable[[pl.DataFrame], pl.DataFrame]


def change_allocation(run: Path, change: Change) -> None:
    path = run / "allocation.parquet"
    change(pl.read_parquet(path)).write_parquet(path)


def add_cents(dossier: str, cents: int) -> Change:
    here = pl.col("dossier") == dossier
    return lambda table: table.with_columns(
        pl.when(here)
        .then(pl.col("granted_cents") + cents)
        .otherwise(pl.col("granted_cents"))
        .alias("granted_cents")
    )


def test_one_cent_is_seen_and_the_rule_named(run_dir: Path, tmp_path: Path) -> None:
    funded = pl.read_parquet(run_dir / "allocation.parquet").filter("funded")
    for k, dossier in enumerate(funded["dossier"].to_list()):
        run = copy(run_dir, tmp_path / str(k))
        change_allocation(run, add_cents(dossier, -1))
        found = codes(run)
        assert found & {"grant:amount", "committed"}, (dossier, found)
        assert "summary:allocation_sha256" in found


def test_swaps_drops_and_doubles_are_seen(run_dir: Path, tmp_path: Path) -> None:
    table = pl.read_parquet(run_dir / "allocation.parquet")
    generator = random.Random(0)
    for k in range(30):
        run = copy(run_dir, tmp_path / str(k))
        i, j = generator.sample(range(table.height), 2)
        kind = k % 3
        if kind == 0 and table["granted_cents"][i] != table["granted_cents"][j]:
            cents, funded = table["granted_cents"].to_list(), table["funded"].to_list()
            cents[i], cents[j] = cents[j], cents[i]
            funded[i], funded[j] = funded[j], funded[i]
            changed = table.with_columns(pl.Series("granted_cents", cents), pl.Series("funded", funded))
        elif kind == 1:
            changed = table.filter(pl.int_range(pl.len()) != i)
        else:
            changed = pl.concat([table, table[i]])
        changed.write_parquet(run / "allocation.parquet")
        assert codes(run), (k, i, j)


@pytest.mark.parametrize(
    "path",
    [
        ("granted_cents",), ("unspent_cents",), ("n_funded",), ("allocation_sha256",), ("amount_cents",),
        ("envelopes", 1, "granted_cents"), ("envelopes", 0, "unspent_cents"), ("rules", 0, "num"),
        ("rules", 1, "holds"), ("objective", 0, "value"), ("scenario_sha256",), ("inputs", 0, "sha256"),
    ],
)  # fmt: skip
def test_every_figure_of_the_summary_is_checked(
    run_dir: Path, tmp_path: Path, path: tuple[str | int, ...]
) -> None:
    run = copy(run_dir, tmp_path)
    summary = json.loads((run / "summary.json").read_text())
    if path[0] == "inputs":
        data = next(k for k, entry in enumerate(summary["inputs"]) if entry["kind"] != "scenario")
        path = ("inputs", data, "sha256")
    place: Any = summary
    for step in path[:-1]:
        place = place[step]
    old = place[path[-1]]
    place[path[-1]] = not old if isinstance(old, bool) else old + 1 if isinstance(old, int) else f"{old}0"
    (run / "summary.json").write_text(json.dumps(summary))
    assert codes(run)


def test_a_changed_input_is_named(run_dir: Path, tmp_path: Path) -> None:
    run = copy(run_dir, tmp_path)
    table = run.parent.parent / "table.csv"
    table.write_text(table.read_text().replace("ferme", "fermé", 1), encoding="utf-8")
    report = verify_run(run)
    assert [defect.code for defect in report.defects] == ["input"]
    assert report.defects[0].hint is not None
    assert "table.csv" in report.defects[0].text.fr


def test_a_changed_scenario_is_seen(run_dir: Path, tmp_path: Path) -> None:
    run = copy(run_dir, tmp_path)
    resolved = run / "scenario.resolved.yaml"
    resolved.write_text(resolved.read_text().replace("max: 1 500 €", "max: 1 600 €"), encoding="utf-8")
    assert codes(run) == {"scenario", "file:scenario.resolved.yaml"}


def test_a_folder_that_is_no_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="n'est pas un dossier de calcul"):
        verify_run(tmp_path)


def test_csv_and_parquet_say_the_same(run_dir: Path, tmp_path: Path) -> None:
    run = copy(run_dir, tmp_path)
    path = run / "allocation.csv"
    path.write_text(path.read_text().replace("250.10", "250.11"), encoding="utf-8")
    assert codes(run) == {"allocation.csv:committed", "allocation.csv:granted", "file:allocation.csv"}
