"""Scenarios from mappings and data frames: what they read, refuse, and write, and that they are those of files."""

from __future__ import annotations

import datetime as dt
import inspect
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.demo_project import write_demo
from support.shipped import PROGRAMMES, SCENARIOS
from support.tiny_scenario import tiny

import tnt_sim as tnt
from tnt_sim.api.building.argument_scenario import encode_table
from tnt_sim.engine.run_folder.replay import verify_run
from tnt_sim.errors import InputError
from tnt_sim.ingest.frames import read_frame
from tnt_sim.ingest.portfolio_reader import read_dossiers
from tnt_sim.ingest.tables.raw_table import ReadOptions
from tnt_sim.scenario.spec import ScenarioSpec

FRAME = pl.DataFrame(
    {
        "dossier": ["A", "B", "C", "D"],
        "Montant": [800.0, 500.5, 20.0, 300.0],
        "Note": [12, 15, 3, 9],
        "dép": ["35", "22", "35", "22"],
    }
)
COLUMNS = {"requested": "Montant", "score": "Note", "department": "dép"}
LIMIT = {"kind": "limit", "measure": "dossiers", "by": "department", "max": 1}


def build(df: Any = FRAME, **changes: Any) -> tnt.Scenario:
    """The programme of these tests, with some arguments changed."""
    keys: dict[str, Any] = {
        "envelopes": "1 k€", "rules": [LIMIT], "objective": [{"maximise": {"score": 1}}], "columns": COLUMNS,
    }  # fmt: skip
    return tnt.Scenario.from_frame(df, **(keys | changes))


def list_defects(**changes: Any) -> list[tuple[str, str]]:
    """(place, code) of each defect."""
    with pytest.raises(InputError) as refused:
        build(**changes)
    return [
        (", ".join(str(place) for place in one.places if str(place)), one.code)
        for one in refused.value.defects
    ]


def list_funded(scenario: tnt.Scenario) -> dict[str, int]:
    table = scenario.solve().dossiers.filter(pl.col("granted_cents") > 0)
    return dict(table.select("dossier", "granted_cents").rows())


@pytest.fixture
def example(tmp_path: Path) -> tnt.Scenario:
    return write_demo(tmp_path)


def test_a_frame_is_decided() -> None:
    """15 + 3 points of B and C: A would need 800 of the 1000, and one dossier of each department is allowed."""
    assert list_funded(build()) == {"B": 50050, "C": 2000}
    assert list_funded(build(rules=())) == {"B": 50050, "D": 30000, "C": 2000}


@pytest.mark.parametrize(
    ("column", "money"),
    [
        (["800", "500,50 €", "20", "0,3 k€"], "euros"),
        ([Decimal("800.00"), Decimal("500.50"), Decimal("20.00"), Decimal("300.00")], "euros"),
        ([80000, 50050, 2000, 30000], "cents"),
        ([80000.0, 50050.0, 2000.0, 30000.0], "cents"),
    ],
)
def test_the_unit_and_type_of_amounts_do_not_change_the_scenario(column: list[Any], money: Any) -> None:
    df = FRAME.with_columns(pl.Series("Montant", column))
    assert build(df, money=money).sha256 == build().sha256


def test_pandas_and_lazy_frames_are_those_of_polars() -> None:
    frame = FRAME.to_pandas()
    frame.index = [9, 9, 3, 1]
    assert build(frame).sha256 == build().sha256
    assert build(FRAME.lazy()).sha256 == build().sha256
    frame.loc[3, "Montant"] = float("nan")
    assert list_defects(df=frame) == [("df:2 [C]", "grant-needs")]


def test_all_defects_come_in_one_pass_at_their_argument_or_row() -> None:
    df = pl.DataFrame(
        {"dossier": ["A", "A", "C"], "Montant": [1.005, 2, -3], "Note": ["x", "2", "3"], "dép": ["35"] * 3}
    )
    rules = [{"kind": "limt"}, {"kind": "limit", "measure": "granted", "mox": 3}]
    assert list_defects(df=df, envelopes={"id": "p", "amount": "12 zz"}, rules=rules) == [
        ("envelopes.amount", "money"),
        ("rules[0].kind", "unknown_value"),
        ("rules[1].mox", "unknown_key"),
        ("df:0 [A]", "money"),
        ("df:2 [C]", "money_negative"),
        ("df:0 [A]", "number"),
        ("df:0 [A], df:1 [A]", "duplicate_dossier"),
    ]


@pytest.mark.parametrize(
    ("changes", "place", "code"),
    [
        ({"objective": {"maximise": {"scor": 1}}}, "objective[0].maximise.scor", "unknown-measure"),
        ({"columns": {"requested": "Montan"}}, "df", "missing_column"),
        ({"df": FRAME.drop("dossier")}, "df", "missing_column"),
        ({"df": FRAME.with_columns(pl.Series("Montant", [0.305, 0.1 + 0.2, 1.0, 1.0]))}, "df:0 [A]", "money"),
        ({"df": FRAME.with_columns(x=pl.lit([1, 2]))}, "df", "column_type"),
        ({"money": "cents"}, "df:1 [B]", "money"),
        ({"rules": [{**LIMIT, "where": {"region": object()}}]}, "rules[0].where.region", "wrong_type"),
        ({"rules": [{**LIMIT, "id": "a"}, {**LIMIT, "id": "a"}]}, "rules[1], rules[0]", "duplicate_id"),
        ({"reference": "before.csv"}, "reference", "file_missing"),
        ({"tables": {"x.csv": FRAME}}, "tables['x.csv']", "file"),
        ({"envelopes": -1}, "envelopes.amount", "money_negative"),
    ],
)
def test_a_defect_names_its_argument(changes: dict[str, Any], place: str, code: str) -> None:
    assert (place, code) in list_defects(**changes)


def test_what_is_no_frame_or_unit_is_an_error_of_use() -> None:
    for changes in ({"df": {"dossier": ["A"]}}, {"money": "francs"}, {"rules": LIMIT}):
        with pytest.raises(tnt.UsageError):
            build(**changes)
    with pytest.raises(tnt.UsageError):
        tnt.Scenario.from_dict({"dossiers": [{"file": "a.csv"}, {"file": "b.csv"}]}, FRAME)


def test_columns_of_pandas_that_mix_types_are_named() -> None:
    frame = FRAME.to_pandas()
    frame["mixed"] = [1, "a", None, [2]]
    assert list_defects(df=frame) == [("df", "column_type")]


def test_values_of_python_are_those_of_the_file() -> None:
    keys: dict[str, Any] = {
        "objective": {"maximise": {"score": Fraction(1)}}, "envelopes": Decimal("1000.00"),
        "date": dt.date(2026, 1, 31), "solver": {"time_limit": 20},
    }  # fmt: skip
    texts = {
        "objective": [{"maximise": {"score": "1"}}], "envelopes": {"id": "programme", "amount": "1 000 €"},
        "date": "2026-01-31", "solver": {"time_limit": "20 s"},
    }  # fmt: skip
    assert build(**keys).resolve() == build(**texts).resolve()


def test_the_arguments_are_the_keys_of_a_scenario() -> None:
    arguments = set(inspect.signature(tnt.Scenario.from_frame).parameters)
    ours = {"df", "envelopes", "columns", "money", "read", "tables", "folder"}
    assert arguments - ours == set(ScenarioSpec.model_fields) - {
        "schema_version", "programme", "dossiers", "committed_from"
    }  # fmt: skip


def test_a_written_scenario_reads_back_with_the_same_hash(tmp_path: Path) -> None:
    scenario = build(title="Essai")
    text = scenario.to_yaml(tmp_path / "x" / "essai.yaml")
    again = tnt.read_scenario(tmp_path / "x" / "essai.yaml")
    assert again.sha256 == scenario.sha256
    assert again.portfolio.table.equals(scenario.portfolio.table)
    assert (tmp_path / "x" / "essai.yaml").read_text(encoding="utf-8") == text == scenario.to_yaml()
    assert len(list((tmp_path / "x").iterdir())) == 2
    scenario.to_yaml(tmp_path / "x" / "essai.yaml")
    other = scenario.with_({"programme.amount": "2 k€"})
    with pytest.raises(tnt.UsageError, match=r"essai\.yaml"):
        other.to_yaml(tmp_path / "x" / "essai.yaml")
    other.to_yaml(tmp_path / "x" / "essai.yaml", overwrite=True)
    assert tnt.read_scenario(tmp_path / "x" / "essai.yaml").sha256 == other.sha256 != scenario.sha256


def test_a_mapping_is_the_file_that_it_was_read_from(example: tnt.Scenario, tmp_path: Path) -> None:
    mapping = example.to_dict()
    again = tnt.Scenario.from_dict(mapping, folder=example.root)
    assert again.sha256 == example.sha256
    assert again.solve().document["allocation_sha256"] == example.solve().document["allocation_sha256"]
    example.to_yaml(tmp_path / "inside.yaml")
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".csv"] == []
    assert tnt.read_scenario(tmp_path / "inside.yaml").sha256 == example.sha256
    example.to_yaml(tmp_path / "data" / "deeper.yaml")
    assert tnt.read_scenario(tmp_path / "data" / "deeper.yaml").sha256 == example.sha256


def test_the_frame_of_a_mapping_replaces_its_file(example: tnt.Scenario) -> None:
    frame = pl.read_csv(example.root / "data" / "dossiers.csv", infer_schema=False)
    found = tnt.Scenario.from_dict(example.to_dict(), frame)
    assert list_funded(found) == list_funded(example)
    rows = found.portfolio.table.drop("_row")
    assert rows.equals(example.portfolio.table.select(rows.columns))


def test_a_mapping_names_its_keys(example: tnt.Scenario) -> None:
    mapping = example.to_dict() | {"rules": [{**LIMIT, "id": "a", "max": "x"}]}
    with pytest.raises(tnt.ScenarioError) as refused:
        tnt.Scenario.from_dict(mapping, folder=example.root)
    assert [str(one.places[0]) for one in refused.value.defects] == ["mapping.rules[0].max"]


SHIPPED = [SCENARIOS / f"{name}.yaml" for name in PROGRAMMES]
SMALL = {"demat-ads", "motifs", "tnt-2021-11"}


@pytest.mark.parametrize(
    "path",
    [pytest.param(one, id=one.stem, marks=() if one.stem in SMALL else pytest.mark.slow) for one in SHIPPED],
)
def test_every_shipped_scenario_survives_the_round(path: Path, tmp_path: Path) -> None:
    scenario = tnt.read_scenario(path)
    again = tnt.Scenario.from_dict(scenario.to_dict(), folder=scenario.root)
    again.to_yaml(tmp_path / "again.yaml")
    scenario.to_yaml(tmp_path / "copied.yaml")
    hashes = {again.sha256, *(tnt.read_scenario(tmp_path / f"{n}.yaml").sha256 for n in ("again", "copied"))}
    assert hashes == {scenario.sha256}


def test_a_saved_run_has_what_its_verification_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tnt-sim.toml").write_text("", encoding="utf-8")
    scenario = build(id="essai").with_({"programme.amount": "900 €"})
    folder = scenario.solve().save()
    assert folder.relative_to("runs/essai").name == f"essai-{scenario.sha256[:8]}"
    assert verify_run(folder).ok
    assert {entry["kind"] for entry in tnt.open_run(folder).document["inputs"]} == {"scenario", "dossiers"}
    moved = tmp_path / "elsewhere"
    (tmp_path / "runs").rename(moved)
    assert verify_run(moved / "essai" / folder.name).ok
    table = next((moved / "essai").glob("applications-*.csv"))
    table.write_bytes(table.read_bytes().replace(b"500.50", b"500.51"))
    assert [one.code for one in verify_run(moved / "essai" / folder.name).defects] == ["input"]
    assert not (tmp_path / "runs").exists()


def test_every_way_in_works_without_a_file(tmp_path: Path) -> None:
    scenario = build(uncertain=[{"id": "a", "event": "withdrawn", "probability": "20 %"}])
    richer = {"programme.amount": "2 k€"}
    assert list_funded(scenario.with_(richer)) == {"A": 80000, "B": 50050}
    assert scenario.session().solve(richer).document["n_funded"] == 2
    assert scenario.analyse.sweep(stop="2 k€", steps=3).document["points"]
    assert scenario.analyse.rule_prices().table("prices").height == 1
    assert tnt.ensemble(scenario, 6, workers=2).dossiers.height == 4
    assert tnt.compare(scenario, scenario.with_(richer)).document["changes"]
    found = scenario.solve()
    assert found.report.html(tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    assert found.export.csv(tmp_path / "list.csv").exists()
    assert scenario.validate()["n_eligible"] == 4


def test_a_contradiction_is_left_to_the_answer_that_explains_it() -> None:
    scenario = build(rules=[{**LIMIT, "max": 1, "min": 2, "floor": "strict"}])
    with pytest.raises(tnt.ScenarioError):
        scenario.solve()


def test_side_tables_may_be_frames(tmp_path: Path) -> None:
    shares = pl.DataFrame({"group": ["22", "35"], "amount": [500.5, 400]})
    tree = {"id": "p", "amount": 1000, "split": {"by": "department", "table": "keys.csv"}}
    scenario = build(envelopes=tree, rules=(), tables={"keys.csv": shares})
    assert list_funded(scenario) == {"B": 50050, "C": 2000}
    scenario.to_yaml(tmp_path / "a.yaml")
    assert tnt.read_scenario(tmp_path / "a.yaml").sha256 == scenario.sha256


TEXTS = st.text(st.sampled_from("aé=+-@'\";,;\t | 0123.,'#€\u00a0"), max_size=6).map(str.strip)


DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2199, 12, 31))
INSTANTS = st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2050, 1, 1))
ROWS = st.tuples(
    TEXTS, st.integers(0, 10**9), st.none() | st.decimals(-999, 999, places=3), st.none() | DAYS,
    st.none() | INSTANTS, TEXTS, st.none() | st.floats(-1e6, 1e6).map(lambda value: round(value, 4)),
)  # fmt: skip


@settings(deadline=None)
@given(rows=st.lists(ROWS, min_size=1, max_size=8))
def test_the_table_of_a_frame_holds_its_cells(
    rows: list[tuple[Any, ...]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    frame = pl.DataFrame(
        [(f"D{k}", *row) for k, row in enumerate(rows)],
        schema={
            "dossier": pl.String, "title": pl.String, "requested_cents": pl.Int64, "score": pl.Decimal(12, 3),
            "start": pl.Date, "filed_at": pl.Datetime("us"), "tags": pl.String, "own": pl.Float64,
        },
        orient="row",
    )  # fmt: skip
    read = read_frame(frame, "df", columns={})
    file = tmp_path_factory.mktemp("table") / "table.csv"
    file.write_bytes(encode_table(read))
    options = ReadOptions(delimiter=",", encoding="utf-8", decimal=".")
    again = read_dossiers(file, shown_as="t", read=options).table.sort("_row")
    first = read.portfolio.table.sort("_row")
    for name in read.columns:
        if name != "own":
            assert first[name].equals(again[name], null_equal=True), name
    assert [float(text or "nan") for text in again["own"]] == pytest.approx(
        [float(value if value not in (None, "") else "nan") for value in first["own"]],
        rel=0,
        abs=0,
        nan_ok=True,
    )
    assert again["_row"].to_list() == [row + 2 for row in first["_row"].to_list()]


def test_numbers_of_python_have_bounds(tmp_path: Path) -> None:
    scenario = tnt.Scenario.from_data(tiny(tmp_path))
    with pytest.raises(tnt.UsageError, match="1e999999999"):
        scenario.add("r", granted={"1": "1e999999999"}, max="1 €")
    keys = {**scenario.to_dict(), "programme": {"id": "p", "amount": Decimal("1e999999999")}}
    with pytest.raises(tnt.ScenarioError, match=r"mapping\.programme\.amount"):
        tnt.Scenario.from_dict(keys, folder=tmp_path)


def test_a_rule_over_an_unknown_application_is_refused_at_once(tmp_path: Path) -> None:
    scenario = tnt.Scenario.from_data(tiny(tmp_path))
    with pytest.raises(tnt.ScenarioError, match=r"r\.funded — .*« 12 »"):
        scenario.add("r", funded={"1": 1, "12": 1}, max="1")
    with pytest.raises(AttributeError, match=r"'curve'.*by_department, by_envelope.*margin"):
        _ = scenario.solve().plot.curve
