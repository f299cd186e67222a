"""The same awkward cells, in each kind of file: the same findings, each at its own sheet and cell."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.form_exports import as_csv, book, imported, ods_book
from support.table_files import ods, ods_rows

from tnt_sim.errors import InputError
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.reports.form_import import build_import_tables

HEAD = ["dossier", "title", "applicant_id", "department", "state", "cost", "requested", "title"]
BODY = [
    ["01", "NA", "21010053000018", "01", "Accepté", "1.234", "10", "null"],
    ["02", "1E5", "21010053000019", "2A", "Perdu", "100", "1 000,5", ""],
    ["02", "x", "2101005300001", "1", "En instruction", "cent", "20", "y"],
    ["03", "=1+1", "", "975", "Classé sans suite", "50", "60", "z"],
]
BUILT = {
    "d.csv": as_csv(HEAD, BODY),
    "d.xlsx": book({"Dossiers": [HEAD, *BODY]}),
    "d.ods": ods_book({"Dossiers": [HEAD, *BODY]}),
}


@pytest.mark.parametrize("name", BUILT)
def test_the_same_findings_whatever_the_file(tmp_path: Path, name: str) -> None:
    done = imported(tmp_path, name, BUILT[name])
    told = done.quality.count_by_code()
    wanted = {"unreadable": 2, "duplicate_number": 1, "check_digit": 1, "code_length": 1, "code_repaired": 1,
              "unknown_value": 1, "grant_above_cost": 2}  # fmt: skip
    assert {code: told.get(code, 0) for code in wanted} == wanted
    table = done.table
    assert table["title"].to_list()[:2] == ["NA", "1E5"]
    assert table["dossier"].to_list() == ["01", "02", "02", "03"]
    assert table["state"].to_list() == ["accepte", "Perdu", "en_instruction", "sans_suite"]
    assert table["requested_cents"].to_list() == [1_000, 100_050, 2_000, 6_000]
    findings = build_import_tables(done, Lang.FR, "Europe/Paris")[1]
    cells = findings.filter(findings["code"] == "unreadable")
    assert cells["row"].to_list() == ["2", "4"]
    if name != "d.csv":
        assert cells["cell"].to_list() == ["Dossiers!F2", "Dossiers!F4"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (ods(ods_rows([["dossier"]]), manifest="<manifest:encryption-data/>"), "protégé par un mot de passe"),
        (ods(ods_rows([["dossier", "requested"]])), "aucun dossier"),
        (
            ods(ods_rows([["Couleur", "Taille"], ["rouge", 3.0]])),
            "aucun champ ne semble porter le numéro de dossier",
        ),
    ],
)
def test_ods_files_that_are_refused(tmp_path: Path, data: bytes, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        imported(tmp_path, "d.ods", data)
    assert expected in str(caught.value)
    assert all(defect.hint for defect in caught.value.defects)
