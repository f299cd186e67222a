"""Comparisons: inputs, totals, moves and their causes, regrets; against plain dictionaries and further solves."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest
from support.clocks import StepClock

import tnt_sim as tnt
from tnt_sim.cli.main import main
from tnt_sim.engine.result import ResultData
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.errors import NothingDecided, UsageError
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.load import load_scenario

SETS = ("programme.amount=52 k€", "rules.plafond.max=18 k€")


def result(folder: Path, *sets: str) -> ResultData:
    return solve(load_scenario(folder / "petit.yaml", sets))


def awards(found: ResultData) -> dict[str, int]:
    table = found.dossiers.filter("funded")
    return dict(zip(table["dossier"].to_list(), table["granted_cents"].to_list(), strict=True))


def test_inputs_totals_and_moves(folder: Path) -> None:
    one, two = result(folder), result(folder, *SETS)
    found = tnt.compare(one, two, names=["a", "b"])
    assert found.keys.to_dicts() == [
        {"path": "programme.amount", "a": "60000.00 €", "b": "52000.00 €"},
        {"path": "rules.plafond.max", "a": "30 k€", "b": "18 k€"},
    ]
    before, after = awards(one), awards(two)
    moved = found.moves["b"]
    assert set(moved.filter(move="enters")["dossier"]) == set(after) - set(before)
    assert set(moved.filter(move="leaves")["dossier"]) == set(before) - set(after)
    assert moved["change_cents"].sum() == sum(after.values()) - sum(before.values())
    totals = found.totals
    for dimension in ("", "region", "department", "applicant_type", "size_class"):
        part = totals.filter(dimension=dimension, side="b")
        assert part["granted_cents"].sum() == sum(after.values())
        assert part["n_funded"].sum() == len(after)
    root = totals.filter(dimension="envelope", group="p", side="a").row(0, named=True)
    assert (root["granted_cents"], root["n_funded"]) == (sum(before.values()), len(before))
    net = found.winners["b"].filter(dimension="department")
    assert net["net_cents"].sum() == moved["change_cents"].sum()
    assert (net["gained_cents"] + net["lost_cents"]).to_list() == net["net_cents"].to_list()


def test_certificates_of_runs_are_replayed_until_the_limit(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not replayed is a claim of the run, and no reason to refuse it."""
    runs = [
        write_run(result(folder, *some), folder / "runs" / name) for name, some in (("a", ()), ("b", SETS))
    ]
    shown = tnt.compare(*runs, attribute=False)
    assert [side.verification.optimal.is_shown for side in shown.sides] == [True, True]
    clock = StepClock().install(monkeypatch)
    claimed = tnt.compare(*runs, attribute=False, options={"time_limit": clock.tick})
    assert [side.verification.optimal.is_shown for side in claimed.sides] == [False, False]
    for name, moves in shown.moves.items():
        assert claimed.moves[name].equals(moves)


def test_each_move_has_its_cause_one_change_at_a_time(folder: Path) -> None:
    one, two = result(folder), result(folder, *SETS)
    found = tnt.compare(one, two, names=["a", "b"])
    before, after = awards(one), awards(two)
    alone = {text.partition("=")[0]: awards(result(folder, text)) for text in SETS}
    assert found.moves["b"].height
    (one_path, two_path) = alone
    other = {one_path: alone[two_path], two_path: alone[one_path]}
    for row in found.moves["b"].iter_rows(named=True):
        name = row["dossier"]
        makes = [p for p, told in alone.items() if told.get(name) == after.get(name) != before.get(name)]
        causes = makes or [path for path in alone if other[path].get(name) == before.get(name)]
        assert row["cause"] == (" + ".join(causes) or "together")
    single = tnt.compare(one, result(folder, SETS[0]), names=["a", "b"])
    assert set(single.moves["b"]["cause"]) <= {"programme.amount"}
    assert tnt.compare(one, two, attribute=False).why == {}


def test_three_changes_are_taken_away_one_by_one_too(folder: Path) -> None:
    sets = (*SETS, "envelopes.a.amount=22 k€")
    one, two = result(folder), result(folder, *sets)
    found = tnt.compare(one, two, names=["a", "b"])
    before, after = awards(one), awards(two)
    alone = {text.partition("=")[0]: awards(result(folder, text)) for text in sets}
    without = {
        text.partition("=")[0]: awards(result(folder, *(other for other in sets if other != text)))
        for text in sets
    }
    for row in found.moves["b"].iter_rows(named=True):
        name = row["dossier"]
        makes = {p for p in alone if alone[p].get(name) == after.get(name) != before.get(name)}
        causes = makes or {path for path in alone if without[path].get(name) == before.get(name)}
        assert set(row["cause"].split(" + ")) == (causes or {"together"})


def test_regrets_are_read_under_the_other_scenario(folder: Path) -> None:
    one, two = result(folder), result(folder, "programme.amount=80 k€")
    found = tnt.compare(one, two, names=["small", "large"])
    table = {(row["portfolio"], row["scenario"]): row for row in found.regrets.iter_rows(named=True)}
    assert one.reading is not None
    assert two.reading is not None
    gap = two.reading.values[0] - one.reading.values[0]
    assert Fraction(table["small", "large"]["regret"]) == gap > 0
    assert Fraction(table["small", "small"]["regret"]) == 0
    assert not table["large", "small"]["holds"]
    assert "envelope" in table["large", "small"]["broken"]
    worst = {row["portfolio"]: row for row in found.worst_regret.iter_rows(named=True)}
    assert Fraction(worst["small"]["worst_regret"]) == gap
    assert not worst["large"]["holds_everywhere"]
    assert worst["large"]["worst_regret"] is None  # nothing bounds what it costs where it cannot be done


def test_changed_dossiers_are_told_cell_by_cell(folder: Path) -> None:
    one = result(folder)
    data = folder / "dossiers.csv"
    lines = data.read_text(encoding="utf-8").splitlines()
    fields = lines[1].split(",")
    fields[5] = "20"
    data.write_text("\n".join([lines[0], ",".join(fields), *lines[3:], "D99,a,01,6000,3000,19"]) + "\n")
    found = tnt.compare(one, result(folder), names=["a", "b"])
    cells = {(row["dossier"], row["column"]) for row in found.cells["b"].iter_rows(named=True)}
    assert ("D99", "") in cells
    assert any(column == "score" for _, column in cells)
    assert set(found.moves["b"]["cause"]) <= {"dossiers"}


def test_run_folders_are_read_again_and_refused_when_they_lie(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = write_run(result(folder), folder / "runs")
    two = write_run(result(folder, *SETS), folder / "runs")
    out = folder / "c.html"
    assert main(["compare", str(one), str(two), "--json", "--out", str(out)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["command"] == "compare"
    assert {side["proof"] for side in told["sides"]} == {"PROVED"}
    assert {row["side"] for row in told["changes"]} == {two.name}
    assert 'lang="fr"' in out.read_text(encoding="utf-8")
    table = pl.read_parquet(two / "allocation.parquet")
    cents = pl.when(pl.col("funded")).then(pl.col("granted_cents") + 1).otherwise(pl.col("granted_cents"))
    table.with_columns(cents.alias("granted_cents")).write_parquet(two / "allocation.parquet")
    assert main(["compare", str(one), str(two)]) == 1
    assert "Traceback" not in capsys.readouterr().err


def test_every_output_of_a_comparison_says_the_same(folder: Path) -> None:
    found = tnt.compare(folder / "petit.yaml", result(folder, SETS[0]))
    assert [side.name for side in found.sides] == ["petit", "petit (2)"]
    found.to_html(folder / "c.html", "en")
    page = (folder / "c.html").read_text(encoding="utf-8")
    assert "Decisions compared" in page
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")
    found.to_excel(folder / "c.xlsx")
    assert (folder / "c.xlsx").read_bytes()[:2] == b"PK"
    found.to_parquet(folder / "c.parquet")
    assert pl.read_parquet(folder / "c.parquet").equals(found.to_dataframe())
    assert json.loads(found.to_json()) == json.loads(json.dumps(found.summary()))
    assert "<table>" in found._repr_html_()


def test_the_page_names_the_base_and_what_changed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "b.yaml").write_text("extends: petit.yaml\nid: autre\nprogramme: {amount: 52 k€}\n")
    assert main(["compare", str(folder / "petit.yaml"), str(folder / "b.yaml")]) == 0
    said = capsys.readouterr().out
    assert "irréalisable dans certains scénarios" in said
    assert "2 décisions ; référence : petit" in said
    assert "programme.amount" in said
    assert main(["compare", str(folder / "petit.yaml"), str(folder / "petit.yaml"), "--lang", "en"]) == 0
    assert "Same applications, same amounts" in capsys.readouterr().out


def test_a_wrong_option_or_file_is_refused_by_name(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match="de 2 à 20"):
        tnt.compare(folder / "petit.yaml")
    file = str(folder / "petit.yaml")
    assert main(["compare", file, file, "--out", str(folder / "c.doc")]) == 2
    assert ".html ou .xlsx" in capsys.readouterr().err
    assert main(["compare", file, str(folder / "absent.yaml")]) == 3
    assert "absent.yaml" in capsys.readouterr().err


def layer(folder: Path, name: str, text: str) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(f"extends: petit.yaml\nid: {name}\n{text}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["path", "dossier", "column"])
def test_a_side_called_like_a_column(folder: Path, name: str) -> None:
    found = tnt.compare(folder / "petit.yaml", layer(folder, name, "programme: {amount: 55 k€}"))
    assert [side.name for side in found.sides] == ["petit", f"{name} (2)"]
    assert found.keys["path"].to_list() == ["programme.amount"]
    assert found.to_json()


def test_a_side_where_nothing_fits(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nothing = layer(folder, "rien", "rules: [{id: plafond, min: 13.2 k€, max: 13.2 k€}]")
    with pytest.raises(NothingDecided):
        tnt.compare(folder / "petit.yaml", nothing)
    assert main(["compare", str(folder / "petit.yaml"), str(nothing)]) == 4
    said = capsys.readouterr().err
    assert "aucune répartition ne respecte" in said
    assert "infeasible" not in said.removesuffix(" (infeasible)\n")


def test_regrets_of_other_goals_have_no_greatest(folder: Path) -> None:
    """A loss in points of score and one in dossiers are not the same unit."""
    from tnt_sim.reporting.renderers.terminal import render_report

    other = layer(folder, "nombre", "objective: [{maximise: {dossiers: 1}}]")
    found = tnt.compare(folder / "petit.yaml", other, attribute=False)
    assert not found.one_goal
    assert found.worst_regret["worst_regret"].to_list() == [None, None]
    assert found.regrets["regret"].null_count() == 0
    said = " ".join(
        " ".join(line.plain for line in render_report(found.build_report(), Lang.FR, 100)).split()
    )
    assert "Les objectifs diffèrent" in said
    assert "Regret le plus grand" not in said
    same = tnt.compare(
        folder / "petit.yaml", layer(folder, "peu", "programme: {amount: 55 k€}"), attribute=False
    )
    assert same.one_goal


def test_names_are_as_many_as_sides(folder: Path) -> None:
    with pytest.raises(UsageError, match="pour 2 décisions"):
        tnt.compare(folder / "petit.yaml", folder / "petit.yaml", names=["a"])
