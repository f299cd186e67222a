"""« Paramètres » written and read back: only changed values change a scenario, and each fault has its cell."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.run_folders.awkward_run import edited

from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.errors import DataError
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.workbook.parameters import (
    ParameterKind,
    convert_to_number,
    convert_to_text,
    infer_kind,
    list_parameters,
    read_changed_parameters,
)
from tnt_sim.reporting.workbook.workbook import build_workbook

PATHS = [
    "programme.amount", "envelopes.a.amount", "envelopes.a.reserve", "envelopes.loc.amount",
    "rules.villes.min", "rules.villes.off", "rules.ain.max", "rules.ain.off",
]  # fmt: skip


@pytest.fixture(params=Lang)
def book(stored: StoredRun, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    file = tmp_path / "p.xlsx"
    file.write_bytes(build_workbook(stored, request.param))
    return file


@pytest.fixture
def french(stored: StoredRun, tmp_path: Path) -> Path:
    file = tmp_path / "p.xlsx"
    file.write_bytes(build_workbook(stored, Lang.FR))
    return file


def test_what_can_be_changed(stored: StoredRun) -> None:
    assert [parameter.path for parameter in list_parameters(stored.tree, Lang.FR)] == PATHS


def test_nothing_changed_changes_nothing(stored: StoredRun, book: Path) -> None:
    assert read_changed_parameters(book, stored.tree) == []


def test_changes_come_back_as_sets(stored: StoredRun, french: Path) -> None:
    changed = edited(french, "Paramètres", {"B5": "9100.5", "B7": "0.125", "B9": "0.2", "B10": "oui"})
    assert read_changed_parameters(changed, stored.tree) == [
        "programme.amount=9100.50 €", "envelopes.a.reserve=12.5 %", "rules.villes.min=20 %",
        "rules.villes.off=true",
    ]  # fmt: skip


def test_text_is_read_as_the_scenario_writes_it(stored: StoredRun, french: Path) -> None:
    changed = edited(french, "Paramètres", {"B5": "9,1 k€", "B9": "20 %"})
    assert read_changed_parameters(changed, stored.tree) == [
        "programme.amount=9,1 k€",
        "rules.villes.min=20 %",
    ]


def test_the_workbook_says_what_is_run(stored: StoredRun, french: Path) -> None:
    """A value that the scenario changed since is set back to that of the workbook."""
    tree = {**stored.tree, "programme": {**stored.tree["programme"], "amount": "8 000 €"}}
    assert read_changed_parameters(french, tree) == ["programme.amount=9000.00 €"]


def test_every_fault_has_its_cell(stored: StoredRun, french: Path) -> None:
    texts = {"Enveloppe p : montant": "Autre chose", "envelopes.a.amount": "envelopes.b.amount"}
    cells = {"B7": "-0.1", "B8": "12.345", "B9": "", "B10": "peut-être", "B11": "beaucoup"}
    with pytest.raises(DataError) as caught:
        read_changed_parameters(edited(french, "Paramètres", cells, texts), stored.tree)
    found = {defect.places[0].cell: defect for defect in caught.value.defects}
    assert list(found) == ["A5", "D6", "B7", "B8", "B9", "B10", "B11"]
    assert {defect.places[0].sheet for defect in caught.value.defects} == {"Paramètres"}
    assert found["D6"].hint is not None
    assert "envelopes.a.amount" in found["D6"].hint.fr


def test_a_path_that_the_scenario_lost(stored: StoredRun, french: Path) -> None:
    tree = {**stored.tree, "rules": [rule for rule in stored.tree["rules"] if rule["id"] != "ain"]}
    with pytest.raises(DataError, match=r"le scénario n'a pas de « rules\.ain\.max »"):
        read_changed_parameters(french, tree)


def test_a_file_that_is_no_parameters_sheet_is_refused(
    stored: StoredRun, tmp_path: Path, french: Path
) -> None:
    with pytest.raises(DataError, match="ce fichier n'existe pas"):
        read_changed_parameters(tmp_path / "none.xlsx", stored.tree)
    (tmp_path / "x.xlsx").write_text("dossier;requested\n", encoding="utf-8")
    with pytest.raises(DataError):
        read_changed_parameters(tmp_path / "x.xlsx", stored.tree)
    with pytest.raises(DataError) as caught:
        read_changed_parameters(edited(french, "Paramètres", {}, {"Valeur": "Value?"}), stored.tree)
    assert caught.value.defects[0].places[0].cell == "B4"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("25 %", ParameterKind.RATE), ("10 k€", ParameterKind.MONEY), ("3 M", ParameterKind.MONEY),
        ("3", ParameterKind.NUMBER), ("1 234,56 €", ParameterKind.MONEY), ("0.25", ParameterKind.NUMBER),
    ],
)  # fmt: skip
def test_each_value_has_its_kind_of_parameter(text: str, kind: ParameterKind) -> None:
    assert infer_kind(text) is kind


@pytest.mark.parametrize("number", [0.07, 0.1, 0.333333, 1.0, 2.5, 0.0])
def test_numbers_come_back(stored: StoredRun, number: float) -> None:
    text = convert_to_text(ParameterKind.RATE, number)
    one = list_parameters(stored.tree, Lang.FR)[2]
    assert convert_to_number(type(one)(one.path, one.label, ParameterKind.RATE, text)) == number
    assert convert_to_text(ParameterKind.MONEY, 1234.56) == "1234.56 €"
