"""XLSX and ODS tables: good ones, and one broken workbook per fault."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from pathlib import Path
from typing import Any

import pytest
from support.paths import ROOT
from support.table_files import faults, ods, ods_cell, ods_rows, packed, read, repacked, xlsx

from tnt_sim.ingest.portfolio_reader import read_dossiers
from tnt_sim.ingest.tables.raw_table import ReadOptions

HEAD = ["dossier", "requested", "filed_at", "department", "applicant_id"]
PASTE = "Collez la valeur à la place de la formule."
DGCL = ROOT.parent / "shared" / "data" / "dgcl"


def one(folder: Path, data: bytes, name: str = "d.xlsx", **options: Any) -> str:
    found = faults(folder, name, data, **options)
    assert len(found) == 1, found
    return found[0]


def test_typed_cells_are_read_as_written(tmp_path: Path) -> None:
    rows = [
        [*HEAD, "note", "vu"],
        [10000000.0, 1234.56, dt.date(2021, 11, 22), "01", 21350001700010.0, 12.5, True],
        ["01234", "1 234,5 €", dt.datetime(2021, 11, 22, 14, 30), 75.0, 35238.0, "abc", None],
    ]
    found = read(tmp_path, "d.xlsx", xlsx(rows))
    table = found.table
    assert table["dossier"].to_list() == ["10000000", "01234"]
    assert table["requested_cents"].to_list() == [123456, 123450]
    assert [str(at)[:16] for at in table["filed_at"]] == ["2021-11-21 23:00", "2021-11-22 13:30"]
    assert table["department"].to_list() == ["01", "75"]
    assert table["applicant_id"].to_list() == ["21350001700010", "35238"]
    assert table["note"].to_list() == ["12.5", "abc"]
    assert table["vu"].to_list() == ["true", ""]
    assert str(found.locate(1, "requested")) == "d.xlsx (Feuille1!B3) [01234]"
    assert str(found.locate(1, "note")) == "d.xlsx (Feuille1!F3) [01234]"


def test_dates_of_the_1904_calendar(tmp_path: Path) -> None:
    rows = [["dossier", "filed_at"], ["A", dt.date(2021, 11, 22)]]
    for old in (False, True):
        table = read(tmp_path, "d.xlsx", xlsx(rows, date_1904=old)).table
        assert table["filed_at"].to_list() == [dt.date(2021, 11, 22)]


def test_a_table_that_does_not_begin_in_the_corner(tmp_path: Path) -> None:
    rows = [[], [], [None, "dossier", "cost"], [None, "A", "x"]]
    assert one(tmp_path, xlsx(rows), header_row=3) == (
        "money d.xlsx (Feuille1!C4) [A] — colonne « cost » : « x » n'est pas lu comme un montant : ce n'est pas "
        "un nombre. Écrivez « 1 234,56 € », « 1234.56 », « 12,5 k€ » ou « 88 M€ »."
    )
    assert faults(tmp_path, "d.xlsx", xlsx([["Titre", None], *rows[2:]]))[-1] == (
        "missing_column d.xlsx (Feuille1) — il manque la colonne « dossier ». "
        "Elle est à la ligne 2 : déclarez read: {header_row: 2}."
    )


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        (
            "department",
            1.0,
            "code_zero d.xlsx (Feuille1!B2) [A] — colonne « department » : « 1 » : le zéro de gauche est perdu. "
            "Mettez la cellule au format texte et écrivez « 01 ».",
        ),
        (
            "applicant_id",
            2135000170001.0,
            "code_length d.xlsx (Feuille1!B2) [A] — colonne « applicant_id » : le nombre 2135000170001 n'a pas "
            "2, 3, 5, 9 ou 14 chiffres. Mettez la colonne au format texte et écrivez le code en entier.",
        ),
        (
            "commune",
            12.5,
            "code d.xlsx (Feuille1!B2) [A] — colonne « commune » : « 12.5 » n'est pas un code. "
            "Mettez la colonne au format texte et écrivez le code en entier.",
        ),
        (
            "envelope",
            dt.date(2021, 1, 2),
            "code d.xlsx (Feuille1!B2) [A] — colonne « envelope » : « 2021-01-02 00:00:00 » n'est pas un code. "
            "Mettez la colonne au format texte et écrivez le code en entier.",
        ),
        (
            "filed_at",
            44522.0,
            "date d.xlsx (Feuille1!B2) [A] — colonne « filed_at » : le nombre 44522 n'est pas une date. "
            "Mettez la cellule au format date.",
        ),
        (
            "requested",
            1.005,
            "money d.xlsx (Feuille1!B2) [A] — colonne « requested » : « 1.005 » n'est pas lu comme un montant : "
            "plus de deux décimales d'euro. Corrigez la cellule, ou déclarez read: {rounding: nearest}.",
        ),
        (
            "requested",
            -1.0,
            "money_negative d.xlsx (Feuille1!B2) [A] — colonne « requested » : « -1 » : un montant ne peut pas "
            "être négatif. Retirez le signe moins, ou videz la cellule.",
        ),
        (
            "requested",
            True,
            "money d.xlsx (Feuille1!B2) [A] — colonne « requested » : « true » n'est pas lu comme un montant : ce "
            "n'est pas un nombre. Écrivez « 1 234,56 € », « 1234.56 », « 12,5 k€ » ou « 88 M€ ».",
        ),
        (
            "population",
            12.5,
            "integer d.xlsx (Feuille1!B2) [A] — colonne « population » : « 12.5 » n'est pas un nombre entier "
            "positif ou nul. Écrivez un nombre entier, par exemple 4200, ou videz la cellule.",
        ),
    ],
)
def test_cells_that_are_refused(tmp_path: Path, column: str, value: object, expected: str) -> None:
    assert one(tmp_path, xlsx([["dossier", column], ["A", value]])) == expected


def test_floats_within_a_millionth_of_a_cent(tmp_path: Path) -> None:
    rows = [["dossier", "requested"], ["A", 0.1 + 0.2], ["B", 1234.5600000000001], ["C", 300_000_000.01]]
    assert read(tmp_path, "d.xlsx", xlsx(rows)).table["requested_cents"].to_list() == [
        30,
        123456,
        30_000_000_001,
    ]
    rounded = read(tmp_path, "d.xlsx", xlsx([["dossier", "cost"], ["A", 0.125]]), rounding="nearest")
    assert rounded.table["cost_cents"].to_list() == [12]


def test_the_sheet_to_read_is_named_or_refused(tmp_path: Path) -> None:
    rows = [["dossier"], ["A"]]
    assert one(tmp_path, xlsx(rows, sheets=("Un", "Deux"))) == (
        'several_sheets d.xlsx — le classeur a 2 feuilles : « Un », « Deux ». Déclarez read: {sheet: "Un"}.'
    )
    assert len(read(tmp_path, "d.xlsx", xlsx(rows, sheets=("Un", "Deux")), sheet="Un")) == 1
    assert len(read(tmp_path, "d.xlsx", xlsx(rows, sheets=("Dossiers", "Avis")))) == 1
    assert one(tmp_path, xlsx(rows, sheets=("Un", "Deux")), sheet="Deus") == (
        "unknown_sheet d.xlsx — la feuille « Deus » n'existe pas. Vouliez-vous dire « Deux » ?"
    )
    assert one(tmp_path, xlsx([])) == (
        "no_header d.xlsx (Feuille1) — la feuille n'a pas de ligne 1, où sont attendus les en-têtes."
    )

    def hide(book: Any, _: Any) -> None:
        book.worksheets()[1].activate()
        book.worksheets()[0].hide()

    found = read(tmp_path, "d.xlsx", xlsx(rows, sheets=("Dossiers", "Avis"), edit=hide))
    assert [warning.code for warning in found.warnings] == ["hidden_sheet"]


def test_formulas_and_errors(tmp_path: Path) -> None:
    def edit(_: Any, page: Any) -> None:
        page.write_formula("B2", "=1+1", None, 2)
        page.write_formula("B3", "=1+1", None, "")
        page.write_formula("C3", "=A1", None, "")
        page.write_formula("C2", '="x"', None, "x")
        page.write_formula("D2", "=1/0", None, "#DIV/0!")

    rows = [["dossier", "requested", "avis", "note"], ["A"], ["B"]]
    found = faults(tmp_path, "d.xlsx", xlsx(rows, edit=edit))
    assert found == [
        "formula d.xlsx (Feuille1!B2) — colonne « requested » : formule dans une colonne de montants : "
        f"la valeur enregistrée peut être périmée. {PASTE}",
        "formula d.xlsx (Feuille1!B3) — colonne « requested » : formule dans une colonne de montants : "
        f"la valeur enregistrée peut être périmée. {PASTE}",
        "error_cell d.xlsx (Feuille1!D2) — colonne « note » : la cellule vaut « #DIV/0! ». Corrigez la formule.",
        f"formula d.xlsx (Feuille1!C3) — colonne « avis » : formule jamais calculée. {PASTE}",
    ]


def test_an_error_alone_below_the_data(tmp_path: Path) -> None:
    edit = lambda _, page: page.write_formula("B9", "=1/0", None, "#DIV/0!")  # noqa: E731
    found = faults(tmp_path, "d.xlsx", xlsx([["dossier", "avis"], ["A", "x"]], edit=edit))
    assert found[0].startswith("error_cell d.xlsx (Feuille1!B9)")


def test_merged_and_hidden(tmp_path: Path) -> None:
    rows = [["dossier", "title"], ["A", "x"], ["B", "y"], ["C", "z"]]
    merged = xlsx(rows, edit=lambda _, page: page.merge_range("B3:B4", "y"))
    assert one(tmp_path, merged) == (
        "merged_cells d.xlsx (Feuille1!B3) — cellules fusionnées B3:B4. "
        "Défusionnez-les et remplissez chaque cellule."
    )

    def hide(_: Any, page: Any) -> None:
        page.set_row(1, None, None, {"hidden": True})
        page.set_row(2, None, None, {"hidden": True})
        page.set_column(1, 1, None, None, {"hidden": True})

    assert one(tmp_path, xlsx(rows, edit=hide)) == (
        "hidden_rows d.xlsx (Feuille1) — lignes masquées ou filtrées, que personne ne voit : 2-3. Affichez-les, "
        "ôtez le filtre, supprimez-les, ou déclarez read: {hidden_rows: keep}."
    )
    kept = read(tmp_path, "d.xlsx", xlsx(rows, edit=hide), hidden_rows="keep")
    assert [warning.text.fr for warning in kept.warnings] == [
        "lignes masquées, lues comme les autres : 2-3.",
        "colonnes masquées, lues comme les autres : title.",
    ]


def test_a_merged_title_above_the_headers_is_no_fault(tmp_path: Path) -> None:
    edit = lambda _, page: page.merge_range("A1:B1", "Titre")  # noqa: E731
    assert (
        len(read(tmp_path, "d.xlsx", xlsx([[], ["dossier", "b"], ["A", "x"]], edit=edit), header_row=2)) == 1
    )


def test_files_that_are_refused(tmp_path: Path) -> None:
    good = xlsx([["dossier"], ["A"]])
    save = "Enregistrez le fichier au format .xlsx, .ods ou .csv."
    assert one(tmp_path, good, "d.xlsm") == (
        f"macro_file d.xlsm — un classeur .xlsm peut contenir des macros ; il n'est pas lu. {save}"
    )
    assert one(tmp_path, good, "d.xls") == f"legacy_file d.xls — l'ancien format .xls n'est pas lu. {save}"
    assert one(tmp_path, bytes.fromhex("d0cf11e0a1b11ae1") + b"x" * 600) == (
        "encrypted d.xlsx — le classeur est protégé par un mot de passe, ou c'est un ancien fichier .xls. "
        "Retirez le mot de passe ou enregistrez-le au format .xlsx."
    )
    locked = ods(ods_rows([["dossier"]]), manifest="<manifest:encryption-data/>")
    assert one(tmp_path, locked, "d.ods") == (
        "encrypted d.ods — le classeur est protégé par un mot de passe. Retirez le mot de passe."
    )
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        parts: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    assert one(tmp_path, packed({**parts, "xl/vbaProject.bin": b"x"})) == (
        f"macro_file d.xlsx — le classeur contient des macros ; il n'est pas lu. {save}"
    )
    assert one(tmp_path, b"dossier;a\n").startswith("damaged d.xlsx — ce fichier contient du texte : ")
    assert one(tmp_path, b"PK dossier;a\n").startswith(
        "damaged d.xlsx — le classeur est abîmé ou n'en est pas un ("
    )
    assert one(tmp_path, packed({"a.xml": "<a/>"})) == (
        "damaged d.xlsx — ce n'est ni un classeur .xlsx ni un classeur .ods."
    )
    assert one(tmp_path, good[: len(good) // 2]).startswith("damaged d.xlsx — ")


def test_bombs_and_document_types(tmp_path: Path) -> None:
    good = xlsx([["dossier"], ["A"]])
    swollen = repacked(good, sheet1=lambda xml: xml + " " * 4_000_000)
    assert one(tmp_path, swollen).startswith(
        "zip_bomb d.xlsx — le classeur, une fois décompressé, est démesuré ("
    )
    entity = '<!DOCTYPE a [<!ENTITY e "x">]>'
    with_type = repacked(good, sheet1=lambda xml: xml.replace("<worksheet", entity + "<worksheet", 1))
    assert one(tmp_path, with_type) == (
        "xml_doctype d.xlsx — la partie xl/worksheets/sheet1.xml déclare un type de document (DTD), "
        "ce qui est refusé. Enregistrez le fichier au format .xlsx, .ods ou .csv."
    )
    other = repacked(good, sheet1=lambda xml: xml.replace("UTF-8", "UTF-7", 1))
    assert one(tmp_path, other).startswith(
        "damaged d.xlsx — la partie xl/worksheets/sheet1.xml n'est pas en UTF-8."
    )
    far = repacked(
        good, sheet1=lambda xml: xml.replace('r="A2"', 'r="XFD1048576"', 1).replace('r="2"', 'r="1048576"', 1)
    )
    assert one(tmp_path, far).startswith(
        "too_many_cells d.xlsx — une feuille s'étend jusqu'à XFD1048576 : plus de 20000000 cellules. Supprimez"
    )
    stray = repacked(
        good, sheet1=lambda xml: xml.replace('r="A2"', 'r="XFD300"', 1).replace('r="2"', 'r="300"', 1)
    )
    assert "s'étend jusqu'à XFD300, mais n'a que 2 cellules écrites." in one(tmp_path, stray)
    hidden = repacked(good, sheet1=lambda xml: xml.replace('<c r="A2"', "<c r='XFD1048576'", 1))
    assert "too_many_cells" in one(tmp_path, hidden)
    body = ods_rows([["dossier"]]) + (
        '<table:table-row table:number-rows-repeated="1048000">'
        + ods_cell("A", 'table:number-columns-repeated="16384"')
        + "</table:table-row>"
    )
    assert one(tmp_path, ods(body), "d.ods").startswith("too_many_cells d.ods — une feuille s'étend jusqu'à ")


def test_broken_xml_is_an_error_and_no_traceback(tmp_path: Path) -> None:
    good = xlsx([["dossier", "requested"], ["A", 5]])
    for part in ("sheet1", "workbook", "sharedStrings", "styles"):
        for cut in (50, 120, 300):
            broken = repacked(good, **{part: lambda xml, cut=cut: xml[:-cut]})
            assert all(
                line.split()[0] in ("damaged", "missing_column", "no_header")
                for line in faults(tmp_path, "d.xlsx", broken)
            )


def test_ods_cells_and_faults(tmp_path: Path) -> None:
    rows = [HEAD, ["A", 1234.56, dt.date(2021, 11, 22), "01", "35238"], ["B", "12,5 k€", None, "2A", None]]
    found = read(tmp_path, "d.ods", ods(ods_rows(rows)))
    assert found.table["requested_cents"].to_list() == [123456, 1250000]
    assert found.table["filed_at"].to_list() == [dt.date(2021, 11, 22), None]
    assert str(found.locate(0, "requested")) == "d.ods (Dossiers!B2) [A]"
    formula = 'table:formula="of:=1+1"'
    broken = (
        ods_rows([["dossier", "requested", "avis"]])
        + f"<table:table-row>{ods_cell('A')}{ods_cell(2.0, formula)}"
        + f"{ods_cell('#REF!', formula + ' calcext:value-type="error"')}</table:table-row>"
        + f"<table:table-row>{ods_cell('B')}{ods_cell(5)}{ods_cell('x', formula)}</table:table-row>"
    )
    assert faults(tmp_path, "d.ods", ods(broken)) == [
        "formula d.ods (Dossiers!B2) — colonne « requested » : formule dans une colonne de montants : "
        f"la valeur enregistrée peut être périmée. {PASTE}",
        "error_cell d.ods (Dossiers!C2) — colonne « avis » : la cellule vaut « #REF! ». Corrigez la formule.",
    ]
    merged = ods_rows([["dossier", "b"]]) + (
        f"<table:table-row>{ods_cell('A', 'table:number-rows-spanned="2"')}{ods_cell('x')}</table:table-row>"
    )
    assert "cellules fusionnées A2:A3." in one(tmp_path, ods(merged), "d.ods")
    hidden = (
        ods_rows([["dossier"]])
        + f'<table:table-row table:visibility="filter">{ods_cell("A")}</table:table-row>'
    )
    assert "que personne ne voit : 2." in one(tmp_path, ods(hidden), "d.ods")


@pytest.mark.skipif(not DGCL.is_dir(), reason="the shared data are not here")
def test_the_ministry_s_own_workbooks() -> None:
    path = DGCL / "projets_dotations_investissement_2019.xlsx"
    columns = {
        "dossier": "id_projet", "department": "id_dep", "population": "pop19", "cost": "cout_total",
        "requested": "montant_sub",
    }  # fmt: skip
    options = ReadOptions(sheet="Projets_dotations_investissement_2019", rounding="nearest")  # type: ignore[arg-type]
    found = read_dossiers(path, shown_as="x", columns=columns, read=options)
    assert len(found) == 24_811
    assert {warning.code for warning in found.warnings} == {"rounded"}
