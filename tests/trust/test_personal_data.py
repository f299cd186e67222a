"""What a table says of people stays in it: messages quote no address, and no cell that they are not about."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from tnt_sim.cli.main import main
from tnt_sim.errors import DataError, Defect, Place, TntError
from tnt_sim.i18n.message import Bilingual, Lang
from tnt_sim.ingest.portfolio_reader import read_dossiers, read_plain

NAME, ADDRESS = "Jeanne Martin-Duval", "jeanne.martin@mairie-exemple.fr"
HEAD = "dossier;title;applicant;contact;requested;score;filed_at;population\n"


def said(folder: Path, text: str, columns: dict[str, str] | None = None) -> str:
    path = folder / "d.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_dossiers(path, shown_as="d.csv", columns=columns or {})
    return "\n".join(defect.line(lang) for defect in caught.value.defects for lang in Lang) + str(
        caught.value
    )


ROW = f"A;Projet de {NAME};{NAME};{ADDRESS};10;1;2021-01-01;5\n"
BROKEN = {
    "ragged": HEAD + ROW + f"{NAME};{ADDRESS};x\n",
    "quote": HEAD + f'B;"{NAME} {ADDRESS}" x;;;1;1;;\n',
    "unclosed": HEAD + f'B;"{NAME} {ADDRESS};;;1;1;;\n',
    "doubled": HEAD + ROW + ROW,
    "money": HEAD + ROW.replace(";10;", ";n.c.;"),
    "date": HEAD + ROW.replace("2021-01-01", "hier"),
    "no number": HEAD + ROW.replace("A;", ";", 1),
    "total": HEAD + ROW + ROW.replace("A;", "TOTAL;", 1),
}


@pytest.mark.parametrize("name", BROKEN)
def test_no_other_cell_is_quoted(tmp_path: Path, name: str) -> None:
    text = said(tmp_path, BROKEN[name])
    assert NAME not in text
    assert "@" not in text


@pytest.mark.parametrize("column", ["dossier", "requested", "score", "filed_at", "population"])
def test_an_address_in_a_typed_column_is_masked(tmp_path: Path, column: str) -> None:
    cells = dict(zip(HEAD.strip().split(";"), ROW.strip().split(";"), strict=True)) | {column: ADDRESS}
    second = cells | {"dossier": ADDRESS, "requested": "x"}
    text = said(tmp_path, HEAD + "".join(";".join(row.values()) + "\n" for row in (cells, second)))
    assert "jeanne" not in text
    assert "mairie-exemple" not in text
    assert "…@…" in text


def test_an_address_as_a_header_or_in_a_column_name(tmp_path: Path) -> None:
    text = said(tmp_path, f"{ADDRESS};{ADDRESS};x\n1;2;3\n", {"dossier": ADDRESS[:-1]})
    assert "jeanne" not in text


@pytest.mark.parametrize(
    "address", [ADDRESS, "O'Neil+x@a.b", "prénom.nom@éducation.gouv.fr", "x_y%z@localhost", ADDRESS.upper()]
)
def test_every_defect_and_error_is_masked(address: str) -> None:
    text = Bilingual(f"« {address} » est faux.", f'"{address}" is wrong.')
    defect = Defect("x", text, (Place(file="d.csv", row=2, dossier=address),), text)
    for shown in (defect.line(Lang.FR), defect.line(Lang.EN), str(TntError(text)), TntError(text).text.en):
        assert address not in shown
        assert "…@…" in shown


def test_marks_that_are_no_address_stay() -> None:
    assert Defect("x", Bilingual("« @SUM(A1) » et « @ »", "@")).text.fr == "« @SUM(A1) » et « @ »"


def test_a_column_of_names_taken_for_numbers_is_not_quoted(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text(HEAD + "".join(ROW.replace("A;", f"A{k};", 1) for k in range(9)))
    _, defects = read_dossiers(tmp_path / "d.csv", shown_as="d.csv").read_numbers("applicant")
    assert NAME not in "".join(defect.line(Lang.FR) for defect in defects)
    assert defects


def test_log_and_page_of_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "demo"
    assert main(["new", str(folder)]) == 0
    table = folder / "data/dossiers.csv"
    rows = read_plain(table, shown_as="d").drop("_row")
    rows.with_columns(applicant=pl.lit(NAME), contact=pl.lit(ADDRESS)).write_csv(table)
    capsys.readouterr()
    assert main(["run", str(folder / "scenario.yaml")]) == 0
    shown = capsys.readouterr()
    run = next((folder / "runs").glob("*-*"))
    for text in (shown.out, shown.err, (run / "solver.log").read_text(), (run / "summary.json").read_text()):
        assert NAME not in text
        assert ADDRESS not in text


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("column", ["dossier", "title", "requested", "extra"])
def test_a_terminal_is_never_told_what_to_do(tmp_path: Path, suffix: str, column: str) -> None:
    cells = {"dossier": "A", "title": "t", "requested": "5", "extra": "e"}
    cells[column] += "\x1b[2J\x9b1m"
    path = tmp_path / f"d.{suffix}"
    table = pl.DataFrame({name: [cell] for name, cell in cells.items()})
    table.write_csv(path) if suffix == "csv" else table.write_parquet(path)
    with pytest.raises(DataError) as caught:
        read_dossiers(path, shown_as="d")
    text = "".join(defect.line(lang) for defect in caught.value.defects for lang in Lang)
    assert f"colonne « {column} » : caractère invisible U+001B. Effacez-le de la cellule." in text
    assert "\x1b" not in text
    assert "\x9b" not in text
