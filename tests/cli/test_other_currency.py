"""A scenario in another currency: the same answers, whole units of it, and no « € » anywhere."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

import tnt_sim as tnt
from tnt_sim.cli.main import main
from tnt_sim.errors import ScenarioError
from tnt_sim.i18n.numbers import get_currency, set_currency
from tnt_sim.ingest.tables.pabulib import read_pb, render_scenario


@pytest.fixture(autouse=True)
def own_currency() -> Iterator[None]:
    set_currency(None)
    yield
    set_currency(None)


def write_demo(folder: Path, currency: str, symbol: str) -> Path:
    """Write the demonstration project with its amounts in a currency."""
    assert main(["new", str(folder), "--lang", "en"]) == 0
    scenario = folder / "scenario.yaml"
    lines = [line.partition("  # ")[0] for line in scenario.read_text().splitlines() if line[:1] != "#"]
    text = "\n".join(lines).replace("€400,000", "400,000").replace("€", symbol)
    scenario.write_text(text + f"\ncurrency: {currency}\n")
    return scenario


def call(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    capsys.readouterr()
    assert main([str(word) for word in words]) == 0
    return capsys.readouterr().out


@pytest.fixture
def euro_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    scenario = write_demo(tmp_path / "euro", "EUR", "€")
    return dict(json.loads(call(capsys, "run", scenario, "--out", tmp_path / "a", "--json")))


@pytest.mark.parametrize(("currency", "symbol"), [("GBP", "£"), ('{symbol: "Kr.", place: after}', "Kr.")])
def test_the_allocation_is_that_of_the_same_amounts_in_euros(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    euro_run: dict[str, object],
    currency: str,
    symbol: str,
) -> None:
    scenario = write_demo(tmp_path / "own", currency, symbol)
    own = json.loads(call(capsys, "run", scenario, "--out", tmp_path / "b", "--json"))
    for key in ("allocation_sha256", "granted_cents", "n_funded", "objective"):
        assert own[key] == euro_run[key]


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_no_page_line_or_sheet_shows_the_euro(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], lang: str
) -> None:
    scenario = write_demo(tmp_path / "own", "GBP", "£")
    shown = [call(capsys, verb, scenario, "--lang", lang) for verb in ("validate", "show")]
    shown.append(call(capsys, "run", scenario, "--out", tmp_path / "b", "--lang", lang))
    (folder,) = (tmp_path / "b").glob("*-*")
    shown.append(call(capsys, "explain", folder, "E-24", "--lang", lang))
    for name in ("page.html", "book.xlsx"):
        call(capsys, "report", folder, "--out", tmp_path / name, "--lang", lang)
    shown.append((tmp_path / "page.html").read_text())
    with zipfile.ZipFile(io.BytesIO((tmp_path / "book.xlsx").read_bytes())) as book:
        shown += [book.read(name).decode() for name in book.namelist() if name.endswith(".xml")]
    shown += [path.read_text() for path in folder.iterdir() if path.suffix in (".json", ".yaml", ".csv")]
    assert "£" in "".join(shown)
    assert [text for text in shown if "€" in text] == []


def test_grants_in_a_currency_without_decimals_are_whole(tmp_path: Path) -> None:
    """A rate of 33.3% of each cost, rounded down to a whole yen, as computed here."""
    scenario = write_demo(tmp_path / "own", "JPY", "¥")
    text = scenario.read_text().replace("max_rate: 80%", "max_rate: 33.3%")
    scenario.write_text(text)
    table = tnt.read_scenario(scenario).solve().to_dataframe()
    funded = table.filter(pl.col("funded"))
    assert funded.height > 5
    expected = [
        min(requested, cost * 333 // 1000) // 100 * 100
        for requested, cost in funded.select("requested_cents", "cost_cents").iter_rows()
    ]
    assert funded["granted_cents"].to_list() == expected


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("XYZ", "no currency that is known by its code"),
        ('{symbol: "DT", minor_unit: 3}', "amounts have two decimals at most, not 3"),
        ('{symbol: "k"}', "looks like a part of a number"),
        ('{symbol: "x1"}', "looks like a part of a number"),
        ("{symbol: £, place: above}", "above"),
        ("{symbol: '.'}", "has neither a letter nor the sign of a currency"),
        ("", '"currency" is empty'),
    ],
)
def test_a_currency_that_cannot_be_held_is_refused_in_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], written: str, told: str
) -> None:
    scenario = write_demo(tmp_path / "own", written, "")
    assert main(["validate", str(scenario), "--lang", "en"]) == 3
    said = capsys.readouterr().err
    assert told in said
    assert "scenario.yaml:" in said


def test_an_amount_in_yen_with_decimals_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = write_demo(tmp_path / "own", "JPY", "¥")
    assert main(["validate", str(scenario), "--lang", "en", "--set", "programme.amount=1200000.50"]) == 3
    assert "an amount in ¥ has no decimals" in capsys.readouterr().err
    table = scenario.parent / "data" / "dossiers.csv"
    table.write_text(table.read_text().replace(",90000,72000,", ",90000,72000.50,"))
    assert main(["validate", str(scenario), "--lang", "en"]) == 3
    assert "an amount in ¥ has no decimals" in capsys.readouterr().err


def test_two_currencies_do_not_meet_in_one_process(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pounds = write_demo(tmp_path / "pounds", "GBP", "£")
    euros = write_demo(tmp_path / "euros", "EUR", "€")
    tnt.read_scenario(pounds)
    with pytest.raises(ScenarioError, match="GBP") as caught:
        tnt.read_scenario(euros)
    assert caught.value.defects[0].code == "currency"
    assert main(["compare", str(pounds), str(euros), "--lang", "en"]) == 3
    assert "in EUR" in capsys.readouterr().err


def test_a_format_that_holds_euros_refuses_another_currency(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = write_demo(tmp_path / "own", "GBP", "£")
    call(capsys, "run", scenario, "--out", tmp_path / "b")
    (folder,) = (tmp_path / "b").glob("*-*")
    assert (
        main(["export", str(folder), "--format", "turgot", "--out", str(tmp_path / "t.csv"), "--lang", "en"])
        == 2
    )
    assert '"turgot" holds amounts in EUR' in capsys.readouterr().err
    call(capsys, "export", folder, "--format", "pabulib", "--out", tmp_path / "t.pb")
    assert "currency;GBP" in (tmp_path / "t.pb").read_text()


def test_a_scenario_that_fails_does_not_choose_the_currency_of_the_session(tmp_path: Path) -> None:
    pounds = write_demo(tmp_path / "pounds", "GBP", "£")
    euros = write_demo(tmp_path / "euros", "EUR", "€")
    pounds.write_text(pounds.read_text() + "unknown: 1\n")
    with pytest.raises(ScenarioError, match="unknown"):
        tnt.read_scenario(pounds)
    tnt.read_scenario(euros)
    assert get_currency().code == "EUR"


def test_a_scenario_from_another_process_does_not_change_the_currency_of_the_session(tmp_path: Path) -> None:
    sent = pickle.dumps(tnt.read_scenario(write_demo(tmp_path / "pounds", "GBP", "£")))
    set_currency(None)
    pickle.loads(sent)
    assert get_currency().code == "GBP"
    set_currency(None)
    tnt.read_scenario(write_demo(tmp_path / "euros", "EUR", "€"))
    with pytest.raises(ScenarioError, match="GBP"):
        pickle.loads(sent)
    assert get_currency().code == "EUR"


def test_the_note_of_a_pabulib_file_names_its_currency_and_no_other() -> None:
    lines = ["META", "key;value", "num_projects;1", "budget;100", "currency;PLN", "PROJECTS"]
    pb = read_pb("\n".join([*lines, "project_id;cost;votes;name", "1;50;3;x", ""]).encode(), "a.pb")
    note = next(line for line in render_scenario(pb, "a.pb").splitlines() if line.startswith("note:"))
    assert "PLN" in note
    assert "€" not in note
