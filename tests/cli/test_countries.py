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
