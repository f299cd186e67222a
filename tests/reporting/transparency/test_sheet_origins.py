"""Where the figures of a sheet come from: cells of a workbook, the map, a register, the steps of a programme."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import xlsxwriter

from tnt_sim.cli.main import main
from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.transparency.sheet import DossierSheet, build_sheets

HEADER = (
    "Numéro",
    "Montant demandé",
    "cost",
    "score",
    "commune",
    "applicant_type",
    "department",
    "population",
)
ROWS = (
    ("D-0", 5000, 9000, 11, "01004", "commune", "", ""),
    ("D-1", 1000, 2000, 9, "01004", "commune", "", ""),
    ("D-2", 1500, 4000, 8, "01007", "commune", "01", 1234),
    ("D-3", 900, 1000, 2, "01004", "commune", "", ""),
)
SCENARIO = """\
schema_version: 1
id: origins
title: Origins
date: 2021-06-01
locale: en
territory: {year: 2021, fill: [department, population]}
programme: {id: p, title: Programme, amount: 3 000 €}
dossiers:
  - file: table.xlsx
    columns: {dossier: Numéro, requested: Montant demandé}
    where: {score: {max: 10}}
rules:
  - {id: small, title: By department, kind: limit, measure: granted, by: department, max: 2 600 €}
eligibility:
  - {id: known, title: Known population, require: {population: {min: 1}}}
objective:
  - {maximise: {score: 2}}
"""


def write_project(folder: Path, rows: Sequence[Sequence[object]] = ROWS, text: str = SCENARIO) -> Path:
    """A scenario whose table is a workbook."""
    folder.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(folder / "table.xlsx") as book:
        sheet = book.add_worksheet("Demandes")
        for number, row in enumerate([HEADER, *rows]):
            sheet.write_row(number, 0, row)
    (folder / "plan.yaml").write_text(text, encoding="utf-8")
    return folder / "plan.yaml"


def read_sheets(scenario: Path, lang: Lang = Lang.EN) -> dict[str, DossierSheet]:
    """The sheets of a run of a scenario, by dossier."""
    assert main(["run", str(scenario), "--quiet"]) == 0
    (run_dir,) = (scenario.parent / "runs").glob("*-*")
    return {sheet.dossier: sheet for sheet in build_sheets(open_stored(run_dir, lang=lang), lang)}


def get_line(sheet: DossierSheet, key: str) -> tuple[str, str]:
    """Value and origin of the only line of a key."""
    (found,) = [(line.value, line.origin) for line in sheet.lines if line.key == key]
    return found


@pytest.fixture(scope="module")
def sheets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, DossierSheet]:
    """The sheets of the workbook."""
    return read_sheets(write_project(tmp_path_factory.mktemp("origins") / "plan"))


def test_a_value_of_a_workbook_has_its_cell(sheets: dict[str, DossierSheet]) -> None:
    assert get_line(sheets["D-1"], "data.requested") == ("€1,000", 'table.xlsx, sheet "Demandes", cell B3')
    assert get_line(sheets["D-3"], "data.score") == ("2", 'table.xlsx, sheet "Demandes", cell D5')


def test_a_value_of_the_map_says_so(sheets: dict[str, DossierSheet]) -> None:
    assert get_line(sheets["D-1"], "data.department") == ("01", "the map of 2021")
    value, origin = get_line(sheets["D-1"], "data.population")
    assert origin == "the map of 2021"
    assert int(value.replace(",", "")) > 1000
    assert get_line(sheets["D-2"], "data.population") == ("1,234", 'table.xlsx, sheet "Demandes", cell H4')


def test_a_criterion_is_its_figure_times_its_weight(sheets: dict[str, DossierSheet]) -> None:
    assert "D-0" not in sheets
    for dossier, __, __, score, *__ in ROWS[1:]:
        text = get_line(sheets[str(dossier)], "parameters.criterion.1")[0]
        assert f"Score: {score} × 2 = {int(str(score)) * 2}." in text


def test_a_rule_states_no_sum_with_one_other_applicant(sheets: dict[str, DossierSheet]) -> None:
    # D-1 and D-2 are funded: each has one other in the sum of the department, and D-3 has two
    for dossier, stated in (("D-1", False), ("D-2", False), ("D-3", True)):
        text = get_line(sheets[dossier], "parameters.rule.small")[0]
        assert ("2,500" in text) is stated, dossier
        assert "€2,600" in text


def test_a_grant_of_an_earlier_step_is_no_commitment_of_the_file(tmp_path: Path) -> None:
    text = SCENARIO + (
        "steps:\n"
        "  - {id: first, date: 2021-06-01, set: {programme.amount: 1 500 €}}\n"
        "  - {id: second, date: 2021-09-01}\n"
    )
    header = (*HEADER, "committed")
    folder = tmp_path / "plan"
    scenario = write_project(folder, text=text)
    with xlsxwriter.Workbook(folder / "table.xlsx") as book:
        sheet = book.add_worksheet("Demandes")
        for number, row in enumerate([header, *ROWS]):
            sheet.write_row(number, 0, row)
    told = read_sheets(scenario)
    steps = {
        name: line.value for name, one in told.items() for line in one.lines if line.key == "operations.step"
    }
    assert len(steps) == 2
    assert "first" in " ".join(steps.values())
    assert all(line.key != "data.committed" for one in told.values() for line in one.lines)
    for name in steps:
        assert get_line(told[name], "contribution.by_hand")[0].startswith("No")
        assert "Granted: €" in get_line(told[name], "operations.amount")[0]
