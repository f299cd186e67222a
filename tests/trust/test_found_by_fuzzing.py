"""Inputs that once escaped as exceptions of other libraries: each is now a located error of the house."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from tnt_sim.engine.solve import solve
from tnt_sim.errors import DataError, InputError, TntError
from tnt_sim.ingest.portfolio_reader import read_dossiers
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem

SCENARIO = """\
schema_version: 1
id: essai
programme: {id: p, amount: 1 k€}
dossiers: [{file: d.csv}]
"""


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("rules: [{id: r, kind: together, by: []}]", "by-empty"),
        ("rules: [{id: r, kind: limit, measure: granted, by: [], max: 1 €}]", "by-empty"),
        ("grants: [{mode: levels, levels: [" + "1" * 400 + "]}]", "level"),
        ("reference: " + "x" * 400 + ".csv", "path"),
        ("extends: " + "x" * 400 + ".yaml", "path"),
        ("timezone: 88 M€", "timezone"),
        ("timezone: posix/Europe/Paris", "timezone"),
        ("timezone: localtime", "timezone"),
    ],
)
def test_each_scenario_found_is_refused_at_its_line(tmp_path: Path, line: str, code: str) -> None:
    (tmp_path / "d.csv").write_text("dossier;requested\nA;5\nB;6\n")
    (tmp_path / "s.yaml").write_text(SCENARIO + line + "\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        compile_problem(load_scenario(tmp_path / "s.yaml"))
    (defect,) = caught.value.defects
    assert (defect.code, defect.places[0].line) == (code, 5)


def test_a_text_of_the_map_compared_with_a_number(tmp_path: Path) -> None:
    rule = "{id: r, kind: coverage, units: {name: {min: 3}}, covered_by: commune, max: 1}"
    (tmp_path / "d.csv").write_text("dossier;requested;commune\nA;5;01001\n")
    text = f"{SCENARIO}territory: {{year: 2021}}\nrules: [{rule}]\n"
    (tmp_path / "s.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        compile_problem(load_scenario(tmp_path / "s.yaml"))
    (defect,) = caught.value.defects
    assert (defect.code, defect.places[0].line) == ("not-numeric", 6)


FAR = pl.Series([2**62, 0]).cast(pl.Datetime("ms"))


@pytest.mark.parametrize("name", ["filed_at", "title", "extra"])
@pytest.mark.parametrize(
    "values", [FAR, FAR.dt.replace_time_zone("UTC"), pl.Series([2**30, 0]).cast(pl.Date)]
)
def test_days_that_no_calendar_has(tmp_path: Path, name: str, values: pl.Series) -> None:
    path = tmp_path / "d.parquet"
    pl.DataFrame({"dossier": ["A", "B"], name: values}).write_parquet(path)
    with pytest.raises(DataError) as caught:
        read_dossiers(path, shown_as="d.parquet")
    (defect,) = caught.value.defects
    assert (defect.code, defect.places[0].row) == ("date", 2)


@pytest.mark.parametrize(
    ("goal", "rule", "code"),
    [
        ("{dossiers: " + "9" * 40 + "}", "", "too-large"),
        ("{dossiers: 0.000000001}", "penalty: {cost: 99999999999999}", "model"),
    ],
)  # fmt: skip
def test_weights_that_leave_64_bits(tmp_path: Path, goal: str, rule: str, code: str) -> None:
    (tmp_path / "t.csv").write_text("dossier,requested\nA,10\nB,20\n", encoding="utf-8")
    text = "schema_version: 1\nid: x\nprogramme: {id: p, amount: 25 €}\ndossiers: [{file: t.csv}]\n"
    text += f"objective: [{{maximise: {goal}}}]\n"
    if rule:
        text += f"rules: [{{id: a, kind: limit, measure: dossiers, max: 1, {rule}}}]\n"
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(TntError) as caught:
        solve(load_scenario(tmp_path / "x.yaml"), cross_check="never")
    assert code in [caught.value.code, *(defect.code for defect in caught.value.defects_found())]


def test_types_without_text(tmp_path: Path) -> None:
    path = tmp_path / "d.parquet"
    spans = [dt.timedelta(days=1), None]
    pl.DataFrame({"dossier": ["A", "B"], "title": spans}).write_parquet(path)
    with pytest.raises(DataError) as caught:
        read_dossiers(path, shown_as="d.parquet")
    assert [defect.code for defect in caught.value.defects] == ["text"]


def test_further_columns_that_no_rule_reads_are_set_aside_and_said(tmp_path: Path) -> None:
    path = tmp_path / "d.parquet"
    odd = {
        "span": [dt.timedelta(1), None],
        "whole": [{"a": 1}, None],
        "raw": [b"x", None],
        "lists": [[1.5], None],
    }
    at = pl.Series([dt.datetime(2021, 7, 1, 12), None])
    pl.DataFrame({"dossier": ["A", "B"], **odd, "seen": at, "open": [True, None]}).write_parquet(path)
    found = read_dossiers(path, shown_as="d.parquet")
    assert found.extra_columns == ("seen", "open")
    assert [warning.code for warning in found.warnings] == ["column_type"] * 4
    assert found.table["open"].to_list() == ["true", ""]
    assert str(found.table["seen"][0]) == "2021-07-01 10:00:00+00:00"
