"""One broken file per fault: a clear sentence with the place and the remedy, and nothing written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from support.form_exports import ASKED, LABELS, answer, as_csv, book, demarche_sheets, imported, rows
from support.table_files import packed, repacked, xlsx

from tnt_sim.cli.main import main
from tnt_sim.errors import DataError, InputError
from tnt_sim.i18n.message import Lang
from tnt_sim.ingest.forms.form_reader import read_form
from tnt_sim.ingest.forms.mapping import FormMapping


def said(
    tmp_path: Path, name: str, data: bytes | str, mapping: FormMapping | None = None, **more: Any
) -> str:
    """The defects of a broken file as French lines; English ones must be there too."""
    with pytest.raises(InputError) as caught:
        imported(tmp_path, name, data, mapping, **more)
    assert all(defect.line(Lang.EN) for defect in caught.value.defects)
    return "\n".join(defect.line(Lang.FR) for defect in caught.value.defects)


def told(tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, data: bytes, *flags: str) -> str:
    """What the command says of a broken file; nothing is written and the exit code is 3."""
    (tmp_path / name).write_bytes(data)
    out = tmp_path / "out"
    assert main(["import", str(tmp_path / name), "--out", str(out), "--quiet", *flags]) == 3
    assert not out.exists()
    return capsys.readouterr().err


EXPORT = as_csv(LABELS, rows()).decode()
CP1252 = EXPORT.encode("cp1252")


@pytest.mark.parametrize(
    ("data", "flags", "expected"),
    [
        (CP1252, (), "Ajoutez --encoding cp1252"),
        (
            CP1252 + EXPORT.encode(),
            (),
            "deux encodages dans un fichier : UTF-8 à la ligne 5, cp1252 à la ligne 1",
        ),
        (EXPORT.encode() + b"\x00", (), "octet nul"),
        (EXPORT.encode("utf-16"), (), "UTF-16"),
        (EXPORT.replace(",", "|").encode(), (), 'Ajoutez --delimiter "|"'),
        (EXPORT.encode(), ("--delimiter", ";"), 'Ajoutez --delimiter ","'),
        (EXPORT.encode() + b"1004,x\n", (), "2 cellules au lieu de"),
        (EXPORT.encode() + b'"1004', (), "guillemet ouvert et jamais refermé"),
        (EXPORT.splitlines()[0].encode(), (), "l'export n'a aucun dossier"),
        (b"", (), "pas de ligne 1"),
        (b"Couleur;Taille\nrouge;3\n", (), "aucun champ ne semble porter le numéro de dossier"),
    ],
)
def test_each_faulty_text_file_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes, flags: tuple[str, ...], expected: str
) -> None:
    found = told(tmp_path, capsys, "d.csv", data, *flags)
    assert expected in found
    assert "d.csv" in found


def _formula(_: Any, page: Any) -> None:
    page.write_formula("B2", "=1+1", None, 2)


def _merged(workbook: Any, page: Any) -> None:
    page.merge_range("A3:A4", "x", workbook.add_format())


TABLE = [["dossier", "requested", "title"], ["A", 10.0, "x"], ["B", 20.0, "y"], ["C", 30.0, "z"]]
BOMB = packed({"[Content_Types].xml": "<x/>", "xl/workbook.xml": b" " * 30_000_000})
XXE = repacked(
    xlsx(TABLE), sheet1=lambda text: text.replace("<worksheet", "<!DOCTYPE x [<!ENTITY a 'b'>]><worksheet", 1)
)
OLE = bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 600


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        (
            "d.xlsx",
            xlsx(TABLE, edit=_formula),
            ("(Feuille1!B2)", "formule dans une colonne de montants", "Collez"),
        ),
        ("d.xlsx", xlsx(TABLE, edit=_merged), ("(Feuille1!A3)", "cellules fusionnées A3:A4", "Défusionnez")),
        ("d.xlsx", book({"Un": TABLE, "Deux": TABLE}), ("le classeur a 2 feuilles", 'Ajoutez --sheet "Un"')),
        ("d.xlsx", OLE, ("protégé par un mot de passe", "Retirez le mot de passe")),
        ("d.xls", OLE, ("l'ancien format .xls", ".xlsx")),
        ("d.xlsm", xlsx(TABLE), ("macros", "Enregistrez le fichier")),
        ("d.xlsx", BOMB, ("démesuré",)),
        ("d.xlsx", XXE, ("type de document (DTD)",)),
        ("d.xlsx", b"PK\x03\x04 no", ("abîmé",)),
        ("d.xlsx", xlsx(TABLE[:1]), ("aucun dossier", "Vérifiez le filtre")),
        ("d.doc", b"x", ("le format « .doc » n'est pas lu", ".csv")),
    ],
)
def test_each_faulty_workbook_is_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, data: bytes, expected: tuple[str, ...]
) -> None:
    found = told(tmp_path, capsys, name, data)
    assert all(part in found for part in expected), found


def test_an_error_cell_in_an_amount_is_refused_with_its_cell(tmp_path: Path) -> None:
    broken = repacked(
        xlsx(TABLE), sheet1=lambda text: text.replace('<c r="B3"><v>20</v>', '<c r="B3" t="e"><v>#REF!</v>')
    )
    found = said(tmp_path, "d.xlsx", broken)
    assert "(Feuille1!B3)" in found
    assert "#REF!" in found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{", "d.json:1:2"),
        ("[1]", "ni dossier ni démarche"),
        ("{}", "ni dossier ni démarche"),
        ('{"data": null, "errors": [{"message": "timeout"}]}', "« timeout »"),
        ('{"dossier": {"number": 1, "number": 2}}', "« number » figure deux fois"),
        ('{"dossier": {"number": NaN}}', "« NaN »"),
        ("[" * 100_000, "niveaux"),
        (answer(), "aucun dossier"),
    ],
)
def test_each_faulty_json_is_refused_at_its_place(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in said(tmp_path, "d.json", text)


PB = "META\nkey;value\nbudget;100\nPROJECTS\nproject_id;cost;name\n1;60;Banc\nVOTES\nvoter_id;vote\n1;1\n"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda text: text.replace("PROJECTS\n", ""), "la section PROJECTS manque"),
        (
            lambda text: text.replace("budget;", "budgett;"),
            "pas de « budget ». Vouliez-vous dire « budgett »",
        ),
        (lambda text: text.replace("100", "beaucoup"), "« beaucoup »"),
        (lambda text: text.replace("60", "-"), "p.pb:6 — « cost »"),
        (lambda text: text.replace("cost", "prix"), "pas de colonne « cost »"),
        (lambda text: text.replace("1;60;Banc", "1;60"), "p.pb:6 — 2 cellules au lieu de 3"),
        (lambda text: text.replace("1;60;Banc\n", ""), "aucun projet"),
        (lambda text: "bonjour\n" + text, "« bonjour » vient avant META"),
        (lambda text: text.replace("budget;100", "budget;100\nbudget;5"), "« budget » figure deux fois"),
    ],
)
def test_each_faulty_pabulib_file_is_refused_at_its_place(
    tmp_path: Path, change: Callable[[str], str], expected: str
) -> None:
    assert expected in said(tmp_path, "p.pb", change(PB))


def test_a_format_that_does_not_read_the_file(tmp_path: Path) -> None:
    assert "--format turgot ne lit pas les fichiers .json" in said(
        tmp_path, "d.json", answer(), format_name="turgot"
    )


def test_another_form_and_fields_that_are_gone(tmp_path: Path) -> None:
    mapping = imported(tmp_path, "d.csv", as_csv(LABELS, rows())).mapping
    other = b"id_projet;nom_terr;cout_total;montant_sub\n1;Ain;10;5\n"
    assert "ce n'est pas l'export de ce formulaire" in said(tmp_path, "e.csv", other, mapping)
    renamed = [label.replace(ASKED, "Montant de l'aide sollicitée (en euros)") for label in LABELS]
    found = said(tmp_path, "e.csv", as_csv(renamed, rows()), mapping)
    assert f"le champ « {ASKED} », attendu pour « requested », n'est plus dans l'export" in found
    assert "Mettez « Montant de l'aide sollicitée (en euros) » à sa place" in found


def test_a_mapping_that_is_wrong_is_told_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.yaml").write_text(
        'mapping_version: 1\nformat: demarche\ncolumns:\n  coast: {from: "X"}\nduplicate: last\n',
        encoding="utf-8",
    )
    found = told(tmp_path, capsys, "d.csv", EXPORT.encode(), "--mapping", str(tmp_path / "m.yaml"))
    assert "m.yaml:5" in found
    assert "« duplicates »" in found
    (tmp_path / "m.yaml").write_text("mapping_version: 1\nformat: demarche\ncolumns:\n  coast: {from: x}\n")
    found = told(tmp_path, capsys, "d.csv", EXPORT.encode(), "--mapping", str(tmp_path / "m.yaml"))
    assert "m.yaml:4" in found
    assert "« cost »" in found


def test_hidden_rows_are_read_and_said(tmp_path: Path) -> None:
    def hide(_: Any, page: Any) -> None:
        page.set_row(2, None, None, {"hidden": True})

    done = imported(tmp_path, "d.xlsx", xlsx(TABLE, edit=hide))
    assert done.table.height == 3
    assert [note.code for note in done.form.notes] == ["hidden_rows"]


def test_a_sheet_of_a_workbook_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(tmp_path, capsys, "d.xlsx", book(demarche_sheets()), "--sheet", "Dosiers")
    assert "Vouliez-vous dire « Dossiers »" in found


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (("--format", "turgo"), "« turgot »"),
        (("--constant", "enveloppe=x"), "« envelope »"),
        (("--constant", "envelope"), "COLONNE=VALEUR"),
        (("--control-requested", "beaucoup"), "--control-requested"),
        (("--lang", "de"), "--lang"),
    ],
)
def test_flags_that_cannot_be(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], flags: tuple[str, ...], expected: str
) -> None:
    (tmp_path / "d.csv").write_bytes(EXPORT.encode())
    assert main(["import", str(tmp_path / "d.csv"), "--out", str(tmp_path / "o"), "--quiet", *flags]) == 2
    assert expected in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


def test_a_folder_of_others_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "d.csv").write_bytes(EXPORT.encode())
    (tmp_path / "o").mkdir()
    (tmp_path / "o" / "lettre.txt").write_text("x")
    assert main(["import", str(tmp_path / "d.csv"), "--out", str(tmp_path / "o"), "--quiet"]) == 2
    assert "n'est pas un dossier d'import" in capsys.readouterr().err


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read_form(tmp_path, shown_as="ici")
    assert "c'est un dossier" in caught.value.defects[0].text.fr


def test_a_column_that_is_not_recognised_is_said(tmp_path: Path) -> None:
    body = "Clef;Coût global;Aide\nA-1;1000;450,25\nA-2;2000;900\n"
    (tmp_path / "d.csv").write_text(body, encoding="utf-8")
    run = ["import", str(tmp_path / "d.csv"), "--out", str(tmp_path / "out")]
    assert main(run) == 3
    places = ["--column", "dossier=Clef", "--column", "requested=aide", "--column", "cost=Coût global"]
    assert main([*run, *places, "--quiet"]) == 0
    table = pl.read_csv(tmp_path / "out" / "dossiers.csv", infer_schema=False)
    assert table.select("dossier", "cost", "requested").rows() == [
        ("A-1", "1000.00", "450.25"), ("A-2", "2000.00", "900.00"),
    ]  # fmt: skip
    (tmp_path / "out" / "dossiers.csv").unlink()
    assert main([*run, "--quiet"]) == 0, "the mapping keeps what was said"


def test_a_remedy_can_be_typed_as_it_stands(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "d.csv").write_text("Couleur;N°\nrouge;3\n", encoding="utf-8")
    assert main(["import", str(tmp_path / "d.csv"), "--out", str(tmp_path / "out")]) == 3
    told = capsys.readouterr().err
    assert '--column dossier="N°"' in told
    assert "….." not in told
    run = ["import", str(tmp_path / "d.csv"), "--out", str(tmp_path / "out"), "--column"]
    assert main([*run, "dossier=Couleurs"]) == 3
    assert "Vouliez-vous dire « Couleur » ?" in capsys.readouterr().err
    assert main([*run, "dosier=N°"]) == 2
    assert "Vouliez-vous dire « dossier » ?" in capsys.readouterr().err


def test_what_is_blocking_is_corrected_before_a_scenario(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "d.csv").write_text("dossier;requested\nA;12 euros environ\n", encoding="utf-8")
    assert main(["import", str(tmp_path / "d.csv"), "--out", str(tmp_path / "out")]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "1 défaut bloquant : corrigez-le dans le fichier (quality.csv dit où), puis importez" in told
    assert "Ensuite : tnt-sim import" in told


def test_sheets_are_quoted_as_the_language_does(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "d.xlsx").write_bytes(book({"A": [["x"], ["1"]], "B": [["x"], ["1"]]}))
    assert main(["import", str(tmp_path / "d.xlsx"), "--lang", "en"]) == 3
    told = capsys.readouterr().err
    assert '"A", "B"' in told
    assert '--sheet "A"' in told
