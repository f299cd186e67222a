"""Tables of five countries end in a decision in their own money, by two commands and no edit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.offices import Office, list_countries

from tnt_sim.cli.main import main

CURRENCIES = {
    "a British table": ("currency: GBP", "£"),
    "a Swiss table": ("currency: CHF", "CHF"),
    "a Japanese table": ("currency: JPY", "¥"),
    "a Norwegian table": ('currency: {symbol: "kr", place: before, minor_unit: 2}', "kr"),
    "a Brazilian table": ("currency: BRL", "R$"),
}


@pytest.mark.parametrize("office", list_countries(), ids=lambda office: office.name)
def test_a_table_of_another_country_ends_in_a_decision(
    office: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / f"table{office.suffix}").write_bytes(office.write())
    assert main(["new", "mine", "--from", f"table{office.suffix}", "--lang", "en", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["defects"], made["intake"]["cells_lost"], made["intake"]["cells_asked"]) == ([], 0, 0)
    written, symbol = CURRENCIES[office.name]
    assert written in (tmp_path / "mine" / "scenario.yaml").read_text()
    assert main(["run", "mine/scenario.yaml", "--lang", "en"]) == 0
    shown = capsys.readouterr().out
    assert symbol in shown
    assert "€" not in shown
    assert main(["refresh", "mine", "--lang", "en"]) == 0
    assert symbol in (tmp_path / "mine" / "review.html").read_text()
    assert "€" not in (tmp_path / "mine" / "review.html").read_text()


def test_two_signs_in_one_table_leave_the_cells_of_the_other_to_be_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An amount in euros among pounds is never read as pounds."""
    monkeypatch.chdir(tmp_path)
    rows = ["Ref;Project title;Grant requested", "A;x;£1,000.50", "B;y;£2,000.00", "C;z;900 €"]
    (tmp_path / "t.csv").write_text("\n".join(rows))
    assert main(["new", "mine", "--from", "t.csv", "--lang", "en", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert (made["intake"]["requested_cents"], made["intake"]["cells_asked"]) == (300_050, 1)


def make(
    capsys: pytest.CaptureFixture[str], folder: Path, rows: list[str]
) -> tuple[dict[str, object], str, str]:
    """Return what `new` says of a table in JSON, its scenario, and the questions of `refresh`."""
    (folder / "t.csv").write_text("\n".join(rows))
    assert main(["new", "mine", "--from", "t.csv", "--lang", "en", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)["intake"]
    assert main(["refresh", "mine", "--lang", "en"]) in (0, 3)
    shown = capsys.readouterr()
    return made, (folder / "mine" / "scenario.yaml").read_text(), " ".join((shown.out + shown.err).split())


@pytest.mark.parametrize(
    ("header", "cell", "written", "factor"),
    [
        ("Grant requested (£k)", "{n}", "currency: GBP", 1_000),
        ("Grant requested (£000)", "{n}", "currency: GBP", 1_000),
        ("Grant requested (£m)", "{n}", "currency: GBP", 1_000_000),
        ("Grant requested (£)", "{n}", "currency: GBP", 1),
        ("Grant requested GBP", "{n}", "currency: GBP", 1),
        ("Beantragter Betrag (k CHF)", "{n}", "currency: CHF", 1_000),
        ("Beantragter Betrag (in Tsd. CHF)", "{n}", "currency: CHF", 1_000),
        ("Gesuchter Beitrag (TCHF)", "CHF {n}", "currency: CHF", 1_000),
        ("Søknadsbeløp (i 1000 kr)", "{n} kr", 'currency: {symbol: "kr"', 1_000),
        ("Montant demandé (k€)", "{n}", "", 1_000),
        ("Amount requested (€000)", "{n}", "", 1_000),
    ],
)
def test_currency_and_scale_of_a_header_are_those_of_its_amounts(
    header: str,
    cell: str,
    written: str,
    factor: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [f"Ref;Project title;{header}", *(f"A{n};t{n};{cell.format(n=n)}" for n in (120, 240, 360))]
    made, scenario, asked = make(capsys, tmp_path, rows)
    assert made["requested_cents"] == 720 * factor * 100
    assert written in scenario
    assert ("currency:" in scenario) is bool(written)
    assert ("the cells have the sign of whole amounts" in asked) is (factor > 1 and cell != "{n}")


@pytest.mark.parametrize(
    "header", ["Grant requested ($MM)", "Valor solicitado (R$ mil)", "Grant requested ('000)"]
)
def test_a_scale_that_is_not_understood_is_asked_about_and_nothing_is_read(
    header: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made, __, asked = make(capsys, tmp_path, [f"Ref;Project title;{header}", "A;x;120", "B;y;240"])
    assert made["requested_cents"] == 0
    assert "perhaps in thousands or millions" in asked


@pytest.mark.parametrize(
    "rows",
    [
        ["Dossier;Intitulé;Montant demandé;Remarque", "A;x;12000,50;", "B;y;800;$ 500", "C;z;900;"],
        ["Dossier;Intitulé;Montant demandé;Remarque", "CAD001;x;12000,50;", "CAD002;y;800;", "CAD003;z;900;"],
    ],
)
def test_a_sign_outside_the_amounts_leaves_a_table_in_euros(
    rows: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made, scenario, asked = make(capsys, tmp_path, rows)
    assert made["requested_cents"] == 1_370_050
    assert "currency:" not in scenario
    assert "Which currency" not in asked


@pytest.mark.parametrize(
    "rows",
    [
        ["Ref;Project title;Total cost;Grant requested", "A;x;£20;12", "B;y;30;13", "C;z;40;14"],
        ["Ref;Project title;Total cost (£);Grant requested (€)", "A;x;20;12", "B;y;30;13"],
        ["Ref;Project title;Total cost (NOK);Grant requested (SEK)", "A;x;20;12", "B;y;30;13"],
    ],
)
def test_signs_that_do_not_agree_are_asked_about(
    rows: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    __, scenario, asked = make(capsys, tmp_path, rows)
    assert "currency:" not in scenario
    assert "Which currency are they in?" in asked


@pytest.mark.parametrize("line", [("All amounts in £000", "", ""), ("", "", "£k")])
def test_a_scale_above_or_below_the_header_holds_in_another_currency(
    line: tuple[str, str, str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = ["Ref;Project title;Grant requested", "A;x;120", "B;y;240"]
    rows.insert(0 if line[0] else 1, ";".join(line))
    made, scenario, __ = make(capsys, tmp_path, rows)
    assert made["requested_cents"] == 36_000_000
    assert "currency: GBP" in scenario
