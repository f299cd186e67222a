"""Workbooks of departments filled in and put together again; what stands against each other is named."""

from __future__ import annotations

import io
import json
import shutil
from pathlib import Path

import polars as pl
import pytest
from python_calamine import CalamineWorkbook
from support.run_folders.awkward_run import edited, make_run

from tnt_sim.cli.main import main
from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.engine.solve import solve
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.errors import DataError
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.reports.decision_table import build_decision_table
from tnt_sim.reporting.workbook.department_workbook import (
    CONFLICTS,
    LAYER,
    TABLE,
    build_department_workbook,
    build_extracts,
    build_file_name,
    consolidate_choices,
    read_choices,
    render_layer_yaml,
)
from tnt_sim.scenario.load import load_scenario


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> StoredRun:
    return open_stored(make_run(tmp_path_factory.mktemp("consolidate")))


@pytest.fixture
def books(run: StoredRun, tmp_path: Path) -> dict[str, Path]:
    """The workbook of each department as sent."""
    found = {}
    for part in build_extracts(build_decision_table(run), "department"):
        path = tmp_path / build_file_name(run, part)
        path.write_bytes(build_department_workbook(run, part, Lang.FR))
        found[part.group] = path
    return found


def filled(book: Path, cells: dict[str, dict[str, str]]) -> Path:
    """The workbook with cells of dossiers replaced: `{dossier: {column letter: value}}`; in place."""
    rows = (
        CalamineWorkbook.from_filelike(io.BytesIO(book.read_bytes())).get_sheet_by_name("Choix").to_python()
    )
    at = {str(row[0]): k for k, row in enumerate(rows, start=1)}
    placed = {
        f"{letter}{at[dossier]}": value for dossier, some in cells.items() for letter, value in some.items()
    }
    edited(book, "Choix", placed).replace(book)
    return book


def test_untouched_workbooks_decide_nothing(books: dict[str, Path]) -> None:
    found = consolidate_choices([read_choices(path) for path in books.values()])
    assert found.conflicts == ()
    assert found.groups == ("01", "69")
    assert {one.choice for one in found.choices} == {"follow"}
    assert render_layer_yaml(found).endswith("schema_version: 1\nrules: []\n")


def test_choices_become_a_layer_that_the_scenario_takes(run: StoredRun, books: dict[str, Path]) -> None:
    filled(books["01"], {"E-6": {"K": "refuser"}, "01": {"K": "Retenir", "M": "urgent"}})
    filled(books["69"], {"0123": {"L": "500.5"}, "E-8": {"K": "attendre"}})
    found = consolidate_choices([read_choices(path) for path in books.values()])
    assert found.conflicts == ()
    root = run.folder.parents[1]
    (root / "choix.yaml").write_text(render_layer_yaml(found), encoding="utf-8")
    text = (
        (root / "s.yaml")
        .read_text(encoding="utf-8")
        .replace("all_or_nothing, max_rate", "range, min: 1 €, max_rate")
    )
    (root / "t.yaml").write_text("overrides: [choix.yaml]\n" + text, encoding="utf-8")
    result = solve(load_scenario(root / "t.yaml"), cross_check="never")
    told = {row["dossier"]: row for row in result.dossiers.iter_rows(named=True)}
    assert (told["0123"]["granted_cents"], told["0123"]["reason_code"]) == (50_050, "decided")
    assert (told["01"]["funded"], told["01"]["reason_code"]) == (True, "decided")
    for dossier, word in (("E-6", "Refus, 01"), ("E-8", "Mise en attente, 69")):
        assert (told[dossier]["funded"], told[dossier]["reason_code"]) == (False, "decided")
        assert word in told[dossier]["reason"]


def test_conflicts_are_named_and_decide_nothing(
    books: dict[str, Path], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    filled(books["01"], {"E-6": {"K": "refuser", "L": "10"}, "01": {"K": "retenir", "L": "700.01"},
                         "E-7": {"K": "retenir"}, "1": {"K": "attendre"}})  # fmt: skip
    shutil.copy(books["69"], books["69"].with_name("copie.xlsx"))
    filled(books["69"], {"0124": {"K": "refuser"}})
    code = main(
        ["import", str(tmp_path), "--consolidate", "--out", str(tmp_path / "out"), "--strict", "--json"]
    )
    said = json.loads(capsys.readouterr().out)
    assert "error" not in said, said
    assert (code, said["status"], said["choices"]) == (
        3, "conflicts", {"fund": 1, "refuse": 0, "wait": 1, "follow": 4},
    )  # fmt: skip
    assert sorted((one["code"], one["places"][0].rpartition(" ")[2]) for one in said["conflicts"]) == [
        ("above-requested", "[01]"), ("amount-without-fund", "[E-6]"), ("two-choices", "[0124]"),
    ]  # fmt: skip
    table = pl.read_csv(tmp_path / "out" / TABLE, infer_schema=False)
    marked = table.filter(pl.col("status") == "conflict")["dossier"].to_list()
    assert sorted(marked) == ["01", "0124", "E-6"]
    assert pl.read_csv(tmp_path / "out" / CONFLICTS, infer_schema=False).height == 4
    layer = (tmp_path / "out" / LAYER).read_text(encoding="utf-8")
    assert "E-7" in layer
    assert "E-6" not in layer
    assert (
        main(["import", str(tmp_path), "--consolidate", "--out", str(tmp_path / "out"), "--lang", "en"]) == 0
    )
    assert "several choices for this application" in capsys.readouterr().out


def test_more_than_its_own_envelope(books: dict[str, Path]) -> None:
    filled(books["01"], {"E-6": {"K": "retenir"}, "E-7": {"K": "retenir"}})
    found = consolidate_choices([read_choices(books["01"])])
    (only,) = found.conflicts
    assert only.code == "own-envelope"
    assert "« loc/01 » : 3\u202f900,55\xa0€ choisis pour 2\u202f500\xa0€." in only.text.fr


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"01": {"K": "retenri"}}, "choices-word {name} (Choix!K{row}) — « retenri » n'est pas un choix."),
        (
            {"01": {"L": "beaucoup"}},
            "choices-amount {name} (Choix!L{row}) — « beaucoup » n'est pas un montant",
        ),
        ({"01": {"L": "-5"}}, "un montant est positif"),
        ({"01": {"L": "5.001"}}, "en centimes entiers"),
        ({"01": {"A": ""}}, "choices-number {name} (Choix!A{row}) — cette ligne n'a pas de numéro"),
    ],
)
def test_cells_that_cannot_be_taken(
    books: dict[str, Path], cells: dict[str, dict[str, str]], told: str
) -> None:
    rows = CalamineWorkbook.from_path(books["01"]).get_sheet_by_name("Choix").to_python()
    row = next(k for k, line in enumerate(rows, start=1) if line[0] == "01")
    with pytest.raises(DataError) as error:
        read_choices(filled(books["01"], cells))
    assert told.format(name=books["01"].name, row=row) in str(error.value)


def test_workbooks_that_are_not_ours(run: StoredRun, books: dict[str, Path], tmp_path: Path) -> None:
    from tnt_sim.reporting.workbook.workbook import build_workbook

    (tmp_path / "other.xlsx").write_bytes(build_workbook(run, Lang.FR))
    with pytest.raises(DataError, match="pas un classeur de choix"):
        read_choices(tmp_path / "other.xlsx")
    with pytest.raises(DataError, match="disposition 2"):
        read_choices(edited(books["01"], "_tnt", {"B1": "2"}))
    with pytest.raises(DataError, match="l'en-tête « Choix » est attendu ici"):
        read_choices(edited(books["01"], "Choix", {"K1": "Avis"}))
    mixed = edited(books["69"], "_tnt", {"B4": "0" * 64 + "f"})
    with pytest.raises(DataError, match="un seul calcul"):
        consolidate_choices([read_choices(books["01"]), read_choices(mixed)])


def test_rows_that_were_taken_out(books: dict[str, Path]) -> None:
    one = edited(books["01"], "_tnt", {"B8": "9"})
    (only,) = consolidate_choices([read_choices(one)]).conflicts
    assert only.text.fr == "9 dossiers envoyés, 5 rendus."


def test_an_empty_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", str(tmp_path), "--consolidate"]) == 2
    assert "ne contient pas de classeur" in capsys.readouterr().err
