"""Batches in Python: the store of the command, its tables in polars and DuckDB, and each case again."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

import tnt_sim as tnt
from tnt_sim.cli import project_templates
from tnt_sim.cli.main import main
from tnt_sim.errors import UsageError

MATRIX = {"programme.amount": ["1 M€", "1.2 M€"], "rules.part-communes.min": ["10 %", "90 %"]}
FILE = """\
base: scenario.yaml
matrix:
  programme.amount: [1 M€, 1.2 M€]
  rules.part-communes.min: [10 %, 90 %]
"""


@pytest.fixture
def example(tmp_path: Path) -> tnt.Scenario:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "dossiers.csv").write_text(project_templates.build_dossiers_csv(), encoding="utf-8")
    (tmp_path / "scenario.yaml").write_text(project_templates.FRENCH.scenario, encoding="utf-8")
    (tmp_path / "tnt-sim.toml").write_text(project_templates.FRENCH.project, encoding="utf-8")
    (tmp_path / "lot.yaml").write_text(FILE, encoding="utf-8")
    return tnt.read_scenario(tmp_path / "scenario.yaml")


def read_stored(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in (folder / "runs").glob("*.parquet")}


def test_a_matrix_a_file_and_the_command_write_the_same_store(example: tnt.Scenario, tmp_path: Path) -> None:
    by_matrix = tnt.batch(example, tmp_path / "a", matrix=MATRIX, executor="serial")
    by_file = tnt.batch(tmp_path / "lot.yaml", tmp_path / "b", executor="serial")
    options = ["--out", str(tmp_path / "c"), "--executor", "serial", "--quiet"]
    assert main(["batch", str(tmp_path / "lot.yaml"), *options]) == 0
    assert read_stored(tmp_path / "a") == read_stored(tmp_path / "b") == read_stored(tmp_path / "c")
    names = [{file.name for file in (tmp_path / one).iterdir()} for one in "abc"]
    assert names[0] == names[1] == names[2]
    assert (by_matrix.status, by_file.n_cases) == ("done", 4)
    assert tnt.open_batch(tmp_path / "c").cases.equals(by_file.cases)


def test_cases_are_those_of_scenarios_solved_alone(example: tnt.Scenario, tmp_path: Path) -> None:
    many = tnt.batch(example, tmp_path / "a", matrix=MATRIX, executor="serial")
    cases = many.to_dataframe(euros=True)
    assert cases.height == 4
    for place, row in enumerate(cases.iter_rows(named=True)):
        alone = example.with_({path: row[path] for path in MATRIX}).solve()
        assert row["n_funded"] == alone.document["n_funded"]
        assert row["granted"] * 100 == alone.document["granted_cents"]
        assert row["value"] == float(alone.document["objective"][0]["value"])
        again = many.solve(place)
        assert again.document["allocation_sha256"] == row["allocation_sha256"]
        assert many.scenario(row["name"]).sha256 == row["scenario_sha256"]
        grants = many.table("grants").filter(pl.col("name") == row["name"])
        funded = alone.table().filter("funded").select("dossier", "granted_cents")
        assert dict(grants.select("dossier", "granted_cents").iter_rows()) == dict(funded.iter_rows())
    top = many.table("envelopes").filter(pl.col("envelope") == "programme")
    assert top["granted_cents"].to_list() == many.cases["granted_cents"].to_list()
    often = many.table("dossiers")
    assert often["n_funded_in"].sum() == many.cases["n_funded"].sum()
    assert many.totals["n_cases"].sum() == 4
    assert many.to_dataframe("pandas", labels="fr").shape == cases.shape


def test_duckdb_counts_what_polars_counts(example: tnt.Scenario, tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    many = tnt.batch(example, tmp_path / "it's a lot", matrix=MATRIX, executor="serial")
    found = many.sql("select name, n_funded from cases").pl()
    assert dict(found.iter_rows()) == dict(many.cases.select("name", "n_funded").iter_rows())
    sums = many.sql("select name, sum(granted_cents)::bigint from grants group by name").fetchall()
    assert dict(sums) == dict(many.cases.select("name", "granted_cents").iter_rows())
    query = "select sum(granted_cents)::bigint from envelopes where id = 'programme'"
    assert many.connect().sql(query).fetchall() == [(many.cases["granted_cents"].sum(),)]


def test_a_batch_goes_on_and_another_one_is_refused(example: tnt.Scenario, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"rien à reprendre|nothing to resume"):
        tnt.batch(example, tmp_path / "a", matrix=MATRIX, executor="serial", resume=True)
    shares: list[float] = []

    def tell(_phase: str, share: float) -> None:
        shares.append(share)

    tnt.batch(example, tmp_path / "a", matrix=MATRIX, executor="serial", progress=tell)
    assert shares == [0.25, 0.5, 0.75, 1.0]
    again = tnt.batch(example, tmp_path / "a", matrix=MATRIX, executor="serial", resume=True, progress=tell)
    assert (len(shares), again.cases.height) == (4, 4)
    with pytest.raises(UsageError):
        tnt.batch(example, tmp_path / "a", executor="serial")
    with pytest.raises(UsageError, match=r"another batch|autre série"):
        tnt.open_batch(tmp_path / "a", example)
    with pytest.raises(UsageError, match="open_batch"):
        tnt.open_batch(tmp_path / "a").scenario(0)
    assert tnt.open_batch(tmp_path / "a", example, matrix=MATRIX).solve(3).document["n_funded"] == 13


def test_scenarios_have_names_and_faults_are_told(example: tnt.Scenario, tmp_path: Path) -> None:
    poor = example.with_({"programme.amount": "1 M€"})
    tight = example.with_({"rules.part-communes.min": "100 %"})
    names = ["as it is", "poor", "tight"]
    many = tnt.batch([example, poor, tight], tmp_path / "a", names=names, executor="serial")
    assert many.cases["name"].to_list() == names
    assert many.cases["programme.amount"].to_list() == [None, "1 M€", None]
    assert many.solve("poor").document["n_funded"] == 16
    with pytest.raises(ValueError, match="names 0"):
        many.scenario("rich")
    with pytest.raises(ValueError, match="from 0 to 2"):
        many.scenario(3)
    with pytest.raises(UsageError, match="2"):
        tnt.batch([example, poor], tmp_path / "b", names=["one"], executor="serial")
    with pytest.raises(tnt.ScenarioError):
        tnt.batch(example, tmp_path / "b", matrix={"programme.amount": ["cent"]}, executor="serial")
    with pytest.raises(tnt.ScenarioError, match=r"programme\.amount"):
        tnt.batch(example, tmp_path / "b", matrix={"programme.amount": []}, executor="serial")
    with pytest.raises(UsageError):
        tnt.open_batch(tmp_path)
    assert repr(many) == "<Batch of 3 cases: 3 done, 0 failed>"
    assert many.report.html(tmp_path / "lot.html").read_text(encoding="utf-8").startswith("<!doctype html>")
