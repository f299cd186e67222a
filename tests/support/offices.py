# ruff: noqa: E501
"""Tables as forty offices and more keep them, each with what must be read, written by hand.

Every office is invented; the shapes, words, marks and mistakes are those of real ones. A case met in practice
is added here, with its rows and what they mean.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import xlsxwriter

from support.form_exports import ods_book

Rows = Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Office:
    """One table of one office.

    Attributes
    ----------
    name : the case in a few words
    suffix : format of the file
    sheets : rows of each sheet, as written; empty cells are None or ""
    numbers : the applications that must be read, in order
    requested : euros of each, "" for nothing
    header_row : the row of the headers
    sheet : the sheet that must be chosen
    columns : header that must be found for each canonical name
    aside : code of each row that must be set aside or asked about, by its number, titles and headers apart
    asks : codes of the questions that must be there
    cells : cells that must stand in the copy, by (number, column)
    merged, hidden_rows, hidden_columns, hidden_sheets, formulas, percent : what a workbook adds to its cells
    encoding, delimiter, end, pad : of a text file; `pad` fills short rows
    """

    name: str
    suffix: str
    sheets: Mapping[str, Rows]
    numbers: Sequence[str]
    requested: Sequence[str]
    header_row: int = 1
    sheet: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    aside: Mapping[int, str] = field(default_factory=dict)
    asks: frozenset[str] = frozenset()
    cells: Mapping[tuple[str, str], str] = field(default_factory=dict)
    merged: Sequence[str] = ()
    hidden_rows: Sequence[int] = ()
    hidden_columns: Sequence[str] = ()
    hidden_sheets: Sequence[str] = ()
    formulas: Mapping[str, tuple[str, Any]] = field(default_factory=dict)
    encoding: str = "utf-8"
    delimiter: str = ";"
    end: str = "\r\n"
    pad: bool = True

    @property
    def n_cells(self) -> int:
        """The cells that the office filled, in all sheets."""
        return sum(
            value is not None and str(value).strip() != ""
            for rows in self.sheets.values()
            for row in rows
            for value in row
        ) + sum(1 for _ in self.formulas)

    def write(self) -> bytes:
        """The bytes of the file."""
        if self.suffix == ".xlsx":
            return self._write_workbook()
        if self.suffix == ".ods":
            return ods_book({name: [list(row) for row in rows] for name, rows in self.sheets.items()})
        return self._write_text()

    def _write_text(self) -> bytes:
        (rows,) = self.sheets.values()
        width = max(map(len, rows))
        stream = io.StringIO()
        writer = csv.writer(stream, delimiter=self.delimiter, lineterminator=self.end)
        for row in rows:
            filled = ["" if value is None else str(value) for value in row]
            writer.writerow(filled + [""] * (width - len(filled)) if self.pad else filled)
        return stream.getvalue().encode(self.encoding)

    def _write_workbook(self) -> bytes:
        buffer = io.BytesIO()
        with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
            day = book.add_format({"num_format": "dd/mm/yyyy"})
            for name, rows in self.sheets.items():
                page = book.add_worksheet(name)
                for r, row in enumerate(rows):
                    for c, value in enumerate(row):
                        _write_cell(page, r, c, value, day)
                if name in self.hidden_sheets:
                    page.hide()
                elif name == (self.sheet or next(iter(self.sheets))):
                    page.activate()
                    page.set_first_sheet()
                    for row in self.hidden_rows:
                        page.set_row(row - 1, None, None, {"hidden": True})
                    for letter in self.hidden_columns:
                        page.set_column(f"{letter}:{letter}", None, None, {"hidden": True})
                    for cell, (formula, value) in self.formulas.items():
                        page.write_formula(cell, formula, None, value)
                    for area in self.merged:
                        _merge(page, area, rows, day)
        return buffer.getvalue()


def _write_cell(page: Any, r: int, c: int, value: Any, day: Any) -> None:
    if isinstance(value, dt.date):
        page.write_datetime(r, c, dt.datetime(value.year, value.month, value.day), day)
    elif isinstance(value, str):
        if value:
            page.write_string(r, c, value)
    elif value is not None:
        page.write_number(r, c, value)


def _merge(page: Any, area: str, rows: Rows, day: Any) -> None:
    first, last = area.split(":")
    r, c = _place(first)
    value = rows[r][c] if c < len(rows[r]) else None
    page.merge_range(area, "", None)
    _write_cell(page, r, c, value, day)
    assert last


def _place(cell: str) -> tuple[int, int]:
    return int(cell[1:]) - 1, ord(cell[0]) - ord("A")


HEAD = ["N° dossier", "Intitulé", "Montant demandé"]
THREE = [["D1", "Mairie", 1000], ["D2", "École", 2500.5], ["D3", "Voirie", 300]]
NUMBERS = ("D1", "D2", "D3")
EUROS = ("1000.00", "2500.50", "300.00")


def _xlsx(name: str, rows: Rows, **more: Any) -> Office:
    more.setdefault("numbers", NUMBERS)
    more.setdefault("requested", EUROS)
    return Office(name, ".xlsx", {"Feuil1": rows}, **more)


def _csv(name: str, rows: Rows, **more: Any) -> Office:
    more.setdefault("numbers", NUMBERS)
    more.setdefault("requested", EUROS)
    return Office(name, ".csv", {"": rows}, **more)


TEXT_THREE = [["D1", "Mairie", "1 000,00"], ["D2", "École", "2 500,50"], ["D3", "Voirie", "300"]]
DDT = [
    ["PRÉFECTURE DE LA DRÔME"],
    ["Programmation DETR – DSIL 2026"],
    ["Mise à jour du 12/03/2026"],
    [],
    [None, "Porteur", None, None, "Opération", None, None, None, "Instruction"],
    ["N°", "Collectivité", "Population DGF", "Dép.", "Intitulé de l’opération", "Coût HT", "Montant subventionnable",
     "Subvention sollicitée", "Note /20", "Avis DDT"],
    [1, "Valence", 64000, 26, "Gymnase", "120 000,50 €", 100000, 40000, "15/20", "Favorable"],
    [2, "Die", 4900, 26, "Médiathèque", "80 000 €", 80000, 20000, "12/20", "favorable"],
    [3, "Crest", 8600, 26, "Voirie", "10 000 €", 9000, 3000, "8/20", "Défavorable"],
    [4, "Nyons", 6700, 26, "École", "50 000 €", 45000, 12000, "14,5/20", "FAVORABLE"],
    ["TOTAL", None, None, None, None, None, None, 75000],
    [],
    ["Source : DDT de la Drôme, mars 2026"],
]  # fmt: skip


def build_offices() -> list[Office]:
    """Every office of the corpus."""
    return [
        *_list_shapes(),
        *_list_totals(),
        *_list_units(),
        *_list_numbers(),
        *_list_words(),
        *_list_texts(),
        *_list_mistakes(),
        *list_countries(),
    ]


def list_countries() -> list[Office]:
    """Tables of five other countries; SYNTHETIC: every applicant and amount is invented."""
    return [
        _csv(
            "a British table",
            [["Ref", "Council", "Project title", "Population", "Total project cost", "Grant requested", "Score"],
             ["CF-01", "Ashby", "Library", "18,400", "£1,250,000.00", "£400,000", "71.5"],
             ["CF-02", "Barrow Hill", "Bus shelters", "2,150", "£96,200.50", "£48,100.25", "64"],
             ["CF-03", "Coldstream Moor", "Town hall", "640", "£18,400", "£9,200", "58"]],
            numbers=("CF-01", "CF-02", "CF-03"), requested=("400000.00", "48100.25", "9200.00"), delimiter=",",
            columns={"dossier": "Ref", "applicant": "Council", "title": "Project title", "cost": "Total project cost",
                     "requested": "Grant requested", "population": "Population", "score": "Score"},
            cells={("CF-01", "population"): "18400", ("CF-03", "cost"): "18400.00", ("CF-02", "cost"): "96200.50"},
        ),
        _xlsx(
            "a Swiss table",
            [["Beitragsgesuche 2026"], [],
             ["Gesuchsnummer", "Gemeinde", "Projekttitel", "Einwohner", "Gesamtkosten (CHF)", "Beantragter Beitrag",
              "Punkte"],
             ["G-1", "Oberau", "Schulhaus", "1'820", "CHF 1'234'567.50", "CHF 400'000.-", 17],
             ["G-2", "Niedertal", "Dorfplatz", "940", "CHF 80'000.00", "CHF 40'000.50", 12.5],
             ["G-3", "Seewil", "Bibliothek", "12'005", "CHF 9'500", "CHF 950.–", 15]],
            numbers=("G-1", "G-2", "G-3"), requested=("400000.00", "40000.50", "950.00"), header_row=3,
            columns={"dossier": "Gesuchsnummer", "applicant": "Gemeinde", "title": "Projekttitel",
                     "population": "Einwohner", "cost": "Gesamtkosten (CHF)", "requested": "Beantragter Beitrag",
                     "score": "Punkte"},
            cells={("G-1", "cost"): "1234567.50", ("G-3", "population"): "12005"},
        ),
        _xlsx(
            "a Japanese table",
            [["Project no.", "Municipality", "Project name", "Inhabitants", "Total budget", "Amount requested"],
             ["J1", "Aonuma", "Community centre", "48,120", "¥3,200,000", "¥1,200,000"],
             ["J2", "Kurosato", "School bus", "7,905", "¥950,000", "¥475,000"],
             ["J3", "Shiromori", "Benches", "812", "¥9,800", "¥4,900"]],
            numbers=("J1", "J2", "J3"), requested=("1200000.00", "475000.00", "4900.00"),
            columns={"dossier": "Project no.", "applicant": "Municipality", "title": "Project name",
                     "population": "Inhabitants", "cost": "Total budget", "requested": "Amount requested"},
            cells={("J2", "population"): "7905", ("J3", "cost"): "9800.00"},
        ),
        _csv(
            "a Norwegian table",
            [["Saksnummer", "Kommune", "Prosjekttittel", "Innbyggere", "Totalkostnad", "Søknadsbeløp", "Poeng"],
             ["26/101", "Furuvik", "Svømmehall", "4 310", "kr 1 250 000,00", "kr 500 000,00", "31,5"],
             ["26/102", "Granlia", "Skolevei", "998", "kr 84 500,50", "kr 42 250,25", "28"],
             ["26/103", "Bjørkås", "Bibliotek", "12 400", "kr 18 400", "kr 9 200", "30"]],
            numbers=("26/101", "26/102", "26/103"), requested=("500000.00", "42250.25", "9200.00"),
            columns={"dossier": "Saksnummer", "applicant": "Kommune", "title": "Prosjekttittel",
                     "population": "Innbyggere", "cost": "Totalkostnad", "requested": "Søknadsbeløp", "score": "Poeng"},
            cells={("26/101", "population"): "4310", ("26/102", "cost"): "84500.50", ("26/101", "score"): "31.5"},
        ),
        _csv(
            "a Brazilian table",
            [["Protocolo", "Município", "Título do projeto", "População", "Custo total", "Valor solicitado",
              "Pontuação"],
             ["P-1", "Serra Clara", "Creche", "21.340", "R$ 1.234.567,50", "R$ 400.000,00", "8,5"],
             ["P-2", "Boa Lagoa", "Praça", "3.205", "R$ 80.000,00", "R$ 40.000,50", "7"],
             ["P-3", "Rio Manso", "Ponte", "18.400", "R$ 9.500", "R$ 4.750", "9,25"]],
            numbers=("P-1", "P-2", "P-3"), requested=("400000.00", "40000.50", "4750.00"), encoding="cp1252",
            columns={"dossier": "Protocolo", "applicant": "Município", "title": "Título do projeto",
                     "population": "População", "cost": "Custo total", "requested": "Valor solicitado",
                     "score": "Pontuação"},
            cells={("P-1", "population"): "21340", ("P-3", "cost"): "9500.00", ("P-3", "score"): "9.25"},
        ),
    ]  # fmt: skip


def _list_shapes() -> list[Office]:
    """Titles, merged heads, totals, notes, several sheets."""
    return [
        _xlsx("plain", [HEAD, *THREE], columns={"dossier": "N° dossier", "requested": "Montant demandé"}),
        Office(
            "a whole workbook of a préfecture", ".xlsx",
            {"Récapitulatif": [["Dispositif", "Montant"], ["DETR", 60000], ["DSIL", 15000]], "Programmation": DDT},
            ("1", "2", "3", "4"), ("40000.00", "20000.00", "3000.00", "12000.00"), header_row=6, sheet="Programmation",
            columns={
                "applicant": "Collectivité", "population": "Population DGF", "department": "Dép.",
                "title": "Intitulé de l’opération", "cost": "Coût HT", "base": "Montant subventionnable",
                "requested": "Subvention sollicitée", "score": "Note /20",
            },
            aside={11: "total", 13: "note"}, merged=("A1:J1", "A2:J2", "B5:D5", "E5:H5"),
            cells={("1", "cost"): "120000.50", ("4", "score"): "14.5", ("2", "Avis DDT"): "favorable"},
            asks=frozenset({"opinion"}),
        ),
        _xlsx("one title", [["Dossiers 2026"], HEAD, *THREE], header_row=2),
        _xlsx("title and blank lines", [["Dossiers"], [], [], HEAD, *THREE], header_row=4),
        _xlsx("header on line twelve", [*([f"Ligne {k}"] for k in range(11)), HEAD, *THREE], header_row=12),
        _xlsx("total at the foot", [HEAD, *THREE, ["Total", None, 3800.5]], aside={5: "total"}),
        _xlsx("total in the middle of the row", [HEAD, *THREE, [None, "TOTAL GÉNÉRAL", 3800.5]], aside={5: "total"}),
        _xlsx("total above the applications", [HEAD, ["TOTAL", None, 3800.5], *THREE], aside={2: "total"}),
        _xlsx("total without a name", [HEAD, *THREE, [None, None, 3800.5]], aside={5: "total"}),
        _xlsx(
            "wrong total", [HEAD, *THREE, ["TOTAL", None, 9999]], aside={5: "wrong_total"},
            asks=frozenset({"wrong_total"}),
        ),
        _xlsx(
            "a total of amounts that are no whole cents",
            [HEAD, ["D1", "Mairie", 0.336], ["D2", "École", 0.336], ["D3", "Voirie", 0.336], ["TOTAL", None, 1.008]],
            requested=("0.34", "0.34", "0.34"), aside={5: "total"},
        ),
        _xlsx(
            "sub-totals and titles between the lines",
            [HEAD, ["Arrondissement de Die"], ["D1", "Mairie", 1000], ["Sous-total Die", None, 1000],
             ["Arrondissement de Nyons"], *THREE[1:], ["Sous-total Nyons", None, 2800.5], ["TOTAL", None, 3800.5]],
            aside={2: "section", 4: "total", 5: "section", 8: "total", 9: "total"},
        ),
        _xlsx(
            "a project named after a total", [HEAD, ["D1", "Total rénovation", 1000], *THREE[1:]],
            cells={("D1", "title"): "Total rénovation"},
        ),
        _xlsx(
            "notes below", [HEAD, *THREE, [], ["(1) hors taxes"], ["* sous réserve", "voir courrier"]],
            aside={6: "note", 7: "note"},
        ),
        _xlsx("header printed again", [HEAD, *THREE[:2], HEAD, THREE[2]], aside={4: "repeated_header"}),
        _xlsx("column numbers below the header", [HEAD, [1, 2, 3], *THREE], aside={2: "numbering"}),
        _xlsx("letters below the header", [HEAD, ["(a)", "(b)", "(c)"], *THREE], aside={2: "numbering"}),
        _xlsx("units below the header", [HEAD, ["n°", "texte", "€ HT"], *THREE], aside={2: "units"}),
        _xlsx(
            "a small table below", [HEAD, *THREE, [], [], ["DETR", "Reste", 10], ["DSIL", "Reste", 20]],
            aside={7: "below", 8: "below"},
        ),
        _xlsx(
            "heads of parts below",
            [["N° dossier", "Intitulé", "Montants", None], [None, None, "Coût total", "Subvention demandée"],
             ["D1", "Mairie", 5000, 1000], ["D2", "École", 9000, 2500.5], ["D3", "Voirie", 900, 300]],
            header_row=2, merged=("C1:D1", "A1:A2", "B1:B2"),
            columns={"cost": "Coût total", "requested": "Subvention demandée", "title": "Intitulé"},
        ),
        _xlsx(
            "the same part under two heads",
            [["N° dossier", "Intitulé", "Demandé", None, "Accordé", None],
             [None, None, "Montant", "Taux", "Montant", "Taux"],
             ["D1", "Mairie", 1000, "40 %", None, None], ["D2", "École", 2500.5, "50 %", None, None],
             ["D3", "Voirie", 300, "30 %", 200, "20 %"]],
            header_row=2, merged=("C1:D1", "E1:F1"), columns={"requested": "Demandé – Montant"},
            cells={("D1", "Demandé – Taux"): "0.4"},
        ),
        _xlsx(
            "a column beside the table", [[None, *HEAD], *([None, *row] for row in THREE)],
            columns={"dossier": "N° dossier"},
        ),
        _xlsx("empty lines between", [HEAD, THREE[0], [], THREE[1], [], [], THREE[2]]),
        Office(
            "the table on the second sheet", ".xlsx",
            {"Lisez-moi": [["Mode d'emploi"], ["Remplir la feuille suivante"]], "Liste": [HEAD, *THREE]},
            NUMBERS, EUROS, sheet="Liste",
        ),
        Office(
            "a hidden sheet with more lines", ".xlsx",
            {"2026": [HEAD, *THREE], "2025": [HEAD, *([f"A{k}", "x", k] for k in range(1, 9))]},
            NUMBERS, EUROS, sheet="2026", hidden_sheets=("2025",),
        ),
        Office(
            "one sheet for each arrondissement", ".xlsx",
            {"Die": [HEAD, *THREE], "Nyons": [HEAD, ["D9", "Pont", 5]]}, NUMBERS, EUROS, sheet="Die",
            asks=frozenset({"other_sheet"}),
        ),
        Office("an ODS workbook", ".ods", {"Liste": [["Titre"], HEAD, *THREE]}, NUMBERS, EUROS, header_row=2, sheet="Liste"),
    ]  # fmt: skip


def _list_totals() -> list[Office]:
    """Totals that look like applications, and tables that are not the one that is read."""
    bare = [["Projet", "Commune", "Montant demandé"], ["Mairie", "Die", 1000], ["École", "Crest", 2500.5]]
    bare += [["Voirie", "Nyons", 300]]
    lines = ("L2", "L3", "L4")
    return [
        _xlsx("a total without a column of numbers", [*bare, ["TOTAL", None, 3800.5]], numbers=lines, aside={5: "total"}),
        _xlsx(
            "a wrong total without a column of numbers", [*bare, ["Total général", None, 1]], numbers=lines,
            aside={5: "wrong_total"}, asks=frozenset({"wrong_total"}),
        ),
        _xlsx(
            "sub-totals without a column of numbers",
            [*bare[:2], ["Sous-total Die", None, 1000], *bare[2:], ["Sous-total autres", None, 2800.5],
             ["TOTAL", None, 3800.5]],
            numbers=("L2", "L4", "L5"), aside={3: "total", 6: "total", 7: "total"},
        ),
        _xlsx(
            "a total with half a name, without a column of numbers", [*bare, ["Département", None, 3800.5]],
            numbers=lines, aside={5: "unclear"}, asks=frozenset({"unclear_lines"}),
        ),
        _xlsx(
            "a project named after a total, without a column of numbers",
            [bare[0], ["Total rénovation", "Die", 1000], *bare[2:]], numbers=lines,
        ),
        _xlsx(
            "applications of the Somme",
            [[*HEAD, "Département"], *([*row, "Somme"] for row in THREE), ["Somme", None, 3800.5, None]],
            aside={5: "total"},
        ),
        _xlsx(
            "an application of the Somme without number", [["Porteur", *HEAD], *(["Somme", *row] for row in THREE[:2]),
             ["Somme", None, *THREE[2][1:]]],
            numbers=("D1", "D2", "L4"), asks=frozenset({"no_number"}),
        ),
        _xlsx("a total with the number of lines", [HEAD, *THREE, [3, "TOTAL", 3800.5]], aside={5: "total"}),
        _xlsx(
            "a wrong total with the number of lines", [HEAD, *THREE, ["3 dossiers", "TOTAL", 1]], aside={5: "unclear"},
            asks=frozenset({"unclear_lines"}),
        ),
        _xlsx(
            "a total in the column of numbers, among titles",
            [HEAD, ["Drôme"], *THREE[:2], ["Isère"], THREE[2], ["Les deux départements", None, 3800.5], ["*", "provisoire"]],
            numbers=NUMBERS, aside={2: "section", 5: "section", 7: "total", 8: "note"},
        ),
        _xlsx(
            "another table below", [HEAD, *THREE, [], ["Complément"], [HEAD[0], HEAD[2], "Coût total"], ["E1", 700, 9000]],
            aside={6: "note", 7: "other_table", 8: "other_table"}, asks=frozenset({"other_table"}),
        ),
        _xlsx(
            "another table above", [HEAD, ["D9", "Pont", 5], [], [*HEAD, "Coût total"], *([*row, 9000] for row in THREE)],
            header_row=4, aside={1: "other_table", 2: "other_table"}, asks=frozenset({"other_table"}),
        ),
        Office(
            "another year with other columns", ".xlsx",
            {"2025": [[*HEAD[:2], "Subvention demandée"], ["A1", "Pont", 5]], "2026": [HEAD, *THREE]},
            NUMBERS, EUROS, sheet="2026", asks=frozenset({"other_sheet"}),
        ),
        _xlsx(
            "a number that is already that of a line that stands twice",
            [HEAD, THREE[0], ["D1", "École", 2500.5], ["D1-L3", "Voirie", 300]], numbers=("D1", "D1-L3-L3", "D1-L3"),
            asks=frozenset({"duplicate_number"}),
        ),
    ]  # fmt: skip


def _list_units() -> list[Office]:
    """Thousands and millions that do not stand in the header of the amounts."""
    rows = [["D1", "a", 12.5], ["D2", "b", 3.2], ["D3", "c", 100]]
    euros, asks = ("12500.00", "3200.00", "100000.00"), frozenset({"unit"})
    return [
        _xlsx("thousands in a row of units", [HEAD, ["n°", "texte", "k€"], *rows], requested=euros, aside={2: "units"}, asks=asks),
        _xlsx("thousands in a title", [["Demandes (en milliers d’euros)"], HEAD, *rows], requested=euros, header_row=2, asks=asks),
        _xlsx("thousands without euros", [[*HEAD[:2], "Montant demandé (en milliers)"], *rows], requested=euros),
        _xlsx(
            "thousands in a head above",
            [[None, None, "Montants en k€", None], [*HEAD, "Coût total"], *([*row, 200] for row in rows)],
            requested=euros, header_row=2, merged=("C1:D1",), cells={("D1", "cost"): "200000.00"}, asks=asks,
        ),
        _xlsx("a sum in a title", [["Projets de plus de 100 k€"], HEAD, *THREE], header_row=2),
        _xlsx(
            "a unit of its own under a title in thousands", [["Montants en k€"], [*HEAD[:2], "Montant demandé (€)"], *THREE],
            header_row=2,
        ),
        _xlsx(
            "amounts that may be thousands or euros",
            [HEAD, ["D1", "a", "1.234"], ["D2", "b", "12.500"], ["D3", "c", "7.000"]], requested=("", "", ""),
            cells={("D2", "Montant demandé"): "12.500"}, asks=frozenset({"unread_amounts"}),
        ),
    ]  # fmt: skip


def _list_numbers() -> list[Office]:
    """Amounts, rates, notes and days as they are written."""
    money = ["N° dossier", "Intitulé", "Coût total", "Montant demandé"]
    return [
        _xlsx(
            "amounts as text",
            [HEAD, ["D1", "a", "12 345,60 €"], ["D2", "b", "1 000 €"], ["D3", "c", "7\u202f000,00"]],
            requested=("12345.60", "1000.00", "7000.00"),
        ),
        _xlsx(
            "amounts in thousands",
            [["N° dossier", "Intitulé", "Montant demandé (k€)"], ["D1", "a", 12.5], ["D2", "b", "3,2"], ["D3", "c", 100]],
            requested=("12500.00", "3200.00", "100000.00"),
        ),
        _xlsx(
            "amounts with words", [HEAD, ["D1", "a", "1000 euros"], ["D2", "b", "2 500,50 € HT"], ["D3", "c", "300 EUR"]],
        ),
        _xlsx(
            "dashes for nothing", [money, ["D1", "a", "-", 1000], ["D2", "b", 9000, 2500.5], ["D3", "c", "néant", 300]],
            cells={("D1", "cost"): "", ("D2", "cost"): "9000.00"},
        ),
        _xlsx(
            "cents of a formula", [HEAD, ["D1", "a", 1000.0000001], ["D2", "b", 2500.4999999], ["D3", "c", 300]],
        ),
        _xlsx(
            "a formula in the amounts", [HEAD, ["D1", "a", None], *THREE[1:]], formulas={"C2": ("=500*2", 1000)},
        ),
        _xlsx(
            "notes out of twenty", [[*HEAD, "Note (sur 20)"], *([*row, f"{k},5/20"] for k, row in enumerate(THREE, 10))],
            columns={"score": "Note (sur 20)"}, cells={("D1", "score"): "10.5"},
        ),
        _xlsx(
            "rates as numbers and as text", [[*HEAD, "Taux"], [*THREE[0], 0.4], [*THREE[1], "45 %"], [*THREE[2], 0.8]],
            cells={("D1", "Taux"): "0.4", ("D2", "Taux"): "0.45", ("D3", "Taux"): "0.8"},
        ),
        _xlsx(
            "rates of a hundred", [[*HEAD, "Taux (%)"], [*THREE[0], 40], [*THREE[1], 45.5], [*THREE[2], 80]],
            cells={("D1", "Taux (%)"): "0.4", ("D2", "Taux (%)"): "0.455"},
        ),
        _xlsx(
            "days in three ways",
            [[*HEAD, "Date de dépôt"], [*THREE[0], dt.date(2026, 1, 15)], [*THREE[1], "22/01/2026"],
             [*THREE[2], "1er février 2026"]],
            columns={"filed_at": "Date de dépôt"},
            cells={("D1", "filed_at"): "2026-01-15", ("D2", "filed_at"): "2026-01-22", ("D3", "filed_at"): "2026-02-01"},
        ),
        _xlsx(
            "inhabitants with a space",
            [[*HEAD, "Population"], [*THREE[0], "1 234"], [*THREE[1], "12 000 hab."], [*THREE[2], 560]],
            cells={("D1", "population"): "1234", ("D2", "population"): "12000", ("D3", "population"): "560"},
        ),
        _xlsx(
            "departments in words",
            [[*HEAD, "Département"], [*THREE[0], "01 - Ain"], [*THREE[1], "Isère"], [*THREE[2], 1]],
            cells={("D1", "department"): "01", ("D2", "department"): "38", ("D3", "department"): "01"},
        ),
    ]  # fmt: skip


def _list_words() -> list[Office]:
    """Headers and values in the words of each office."""
    return [
        _xlsx(
            "no number at all", [["Commune", "Projet", "Subvention demandée"], *(row for row in THREE)],
            numbers=("L2", "L3", "L4"), columns={"applicant": "Commune", "title": "Projet"},
            asks=frozenset({"no_number_column"}),
        ),
        _xlsx(
            "headers in capitals", [["N°", "INTITULE DE L'OPERATION", "SUBVENTION SOLLICITEE (EN EUROS)"], *THREE],
            columns={"title": "INTITULE DE L'OPERATION", "requested": "SUBVENTION SOLLICITEE (EN EUROS)"},
        ),
        _xlsx(
            "headers on two lines", [["N°\ndossier", "Intitulé du\nprojet", "Montant\ndemandé"], *THREE],
            columns={"dossier": "N° dossier", "title": "Intitulé du projet", "requested": "Montant demandé"},
        ),
        _xlsx(
            "English headers", [["Ref", "Project name", "Amount requested"], *THREE],
            columns={"dossier": "Ref", "title": "Project name", "requested": "Amount requested"},
        ),
        _xlsx(
            "amounts granted alone", [["N° dossier", "Intitulé", "Subvention accordée"], *THREE],
            columns={"requested": "Subvention accordée"}, asks=frozenset({"as_granted"}),
        ),
        _xlsx(
            "two amounts requested",
            [["N° dossier", "Intitulé", "Montant demandé", "Subvention sollicitée DSIL"], *([*row, 5] for row in THREE)],
            columns={"requested": "Montant demandé"}, asks=frozenset({"rivals"}),
        ),
        _xlsx(
            "states in words", [[*HEAD, "État"], [*THREE[0], "En instruction"], [*THREE[1], "Refusé"], [*THREE[2], "Accepté"]],
            cells={("D1", "state"): "en_instruction", ("D2", "state"): "refuse", ("D3", "state"): "accepte"},
        ),
        _xlsx(
            "a state of its own",
            [[*HEAD, "Statut"], [*THREE[0], "En instruction"], [*THREE[1], "Attente pièces"], [*THREE[2], "Accepté"]],
            cells={("D2", "state"): ""}, asks=frozenset({"unknown_values"}),
        ),
        _xlsx(
            "funds in several spellings", [[*HEAD, "Dispositif"], [*THREE[0], "DETR"], [*THREE[1], "Detr "], [*THREE[2], "DETR"]],
            cells={("D2", "envelope"): "DETR"},
        ),
        _xlsx(
            "opinions that need a question",
            [[*HEAD, "Avis SP"], [*THREE[0], "F"], [*THREE[1], "Défavorable"], [*THREE[2], "Favorable"]],
            asks=frozenset({"opinion"}), cells={("D1", "Avis SP"): "F"},
        ),
        _xlsx(
            "columns of persons",
            [[*HEAD, "Nom du contact", "Courriel"], *([*row, "Dupont", "a@b.fr"] for row in THREE)],
        ),
        _xlsx(
            "columns of its own", [[*HEAD, "Couleur", "Surface"], *([*row, "rouge", k] for k, row in enumerate(THREE, 1))],
            asks=frozenset({"further_columns"}), cells={("D3", "Surface"): "3"},
        ),
    ]  # fmt: skip


def _list_texts() -> list[Office]:
    """Text files of several programs."""
    return [
        _csv("a CSV of Excel", [HEAD, *TEXT_THREE], encoding="cp1252"),
        _csv("a CSV with a byte order mark", [HEAD, *TEXT_THREE], encoding="utf-8-sig"),
        _csv("a CSV of an old Mac", [HEAD, *TEXT_THREE], encoding="mac-roman", end="\r"),
        _csv("text with tabs in UTF-16", [HEAD, *TEXT_THREE], encoding="utf-16", delimiter="\t"),
        _csv("a CSV with commas", [HEAD, *TEXT_THREE], delimiter=","),
        _csv("a CSV with bars", [HEAD, *TEXT_THREE], delimiter="|", end="\n"),
        _csv(
            "a CSV with titles that are short", [["Export du 12/03"], [], HEAD, *TEXT_THREE, ["TOTAL", "", "3800,50"]],
            header_row=3, pad=False, aside={7: "total"},
        ),
        _csv(
            "a CSV with titles filled up", [["Export du 12/03"], ["Programme 119"], HEAD, *TEXT_THREE], header_row=3,
            encoding="cp1252",
        ),
        _csv(
            "line breaks in cells", [HEAD, ["D1", "Mairie\net école", "1 000,00"], *TEXT_THREE[1:]],
        ),
    ]  # fmt: skip


def _list_side_by_side() -> list[Office]:
    """Tables beside one another, and tables with an empty column in them that are one."""
    budget = [["DETR", 5000], ["DSIL", 900]]
    apart = frozenset({"table_beside"})
    return [
        _xlsx(
            "a table of envelopes beside",
            [[*HEAD, None, "Enveloppe", "Montant"], *([*row, None, *one] for row, one in zip(THREE, [*budget, []], strict=True))],
            asks=apart,
        ),
        _xlsx(
            "a longer table of envelopes beside",
            [[*HEAD, None, "Enveloppe", "Montant"], *([*row, None, f"E{k}", k] for k, row in enumerate(THREE)),
             *([None, None, None, None, f"F{k}", k] for k in range(5))],
            asks=apart,
        ),
        _xlsx(
            "a list of another fund beside",
            [[*HEAD, None, *HEAD], *([*row, None, f"E{k}", "Autre", k] for k, row in enumerate(THREE))], asks=apart,
        ),
        _xlsx(
            "a table beside with its header on another line",
            [HEAD, [*THREE[0], None, "Commune", "Population"], [*THREE[1], None, "Die", 4900], [*THREE[2], None, "Crest", 8600]],
            asks=apart,
        ),
        _xlsx(
            "an empty column within the table",
            [[*HEAD, None, "Zone", "Logements"], *([*row, None, "x", k] for k, row in enumerate(THREE))],
            cells={("D3", "Zone"): "x", ("D3", "Logements"): "2"},
        ),
        _xlsx(
            "opinions after an empty column, one not given yet",
            [[*HEAD, None, "Avis", "Surface"], *([*row, None, "Favorable", 5] for row in THREE[:2]), THREE[2]],
            cells={("D1", "Avis"): "Favorable", ("D2", "Surface"): "5", ("D3", "Avis"): ""},
        ),
        _xlsx(
            "the rest of the list after an empty column, not filled on the last line",
            [["N°", "Intitulé", "Montant", None, "Commune", "Note définitive", "Avis"],
             *([f"D{k}", f"Projet {k}", 1000 + k, None, *([f"Commune {k}", 10 + k, "Favorable"] if k < 8 else [])] for k in range(9))],
            numbers=[f"D{k}" for k in range(9)], requested=[f"{1000 + k}.00" for k in range(9)],
            columns={"score": "Note définitive", "applicant": "Commune"}, asks=frozenset({"columns_apart", "no_score"}),
            cells={("D7", "score"): "17", ("D7", "Avis"): "Favorable", ("D8", "score"): ""},
        ),
        _xlsx(
            "amounts after an empty column, not filled on each line",
            [["N°", "Intitulé", "Note", None, "Commune", "Montant demandé", "Coût total"],
             *([f"D{k}", f"Projet {k}", 10 + k, None, *([f"Commune {k}", 1000 + k, 3000 + k] if k < 6 else [])] for k in range(9))],
            numbers=[f"D{k}" for k in range(9)], requested=[f"{1000 + k}.00" if k < 6 else "" for k in range(9)],
            columns={"requested": "Montant demandé", "cost": "Coût total"}, asks=frozenset({"columns_apart", "no_amount"}),
        ),
        _xlsx(
            "amounts after an empty column, filled on few lines",
            [["N°", "Intitulé", "Note", None, "Commune", "Montant demandé"],
             *([f"D{k}", f"Projet {k}", 10 + k, None, *([f"Commune {k}", 1000 + k] if k < 3 else [])] for k in range(9))],
            numbers=[f"D{k}" for k in range(9)], requested=[f"{1000 + k}.00" if k < 3 else "" for k in range(9)],
            asks=frozenset({"columns_apart", "no_amount"}),
        ),
        _xlsx(
            "points of each criterion beside",
            [[*HEAD, None, "Critère", "Points"], *([f"D{k}", f"Projet {k}", 1000 + k, None, *([f"Critère {k}", 5] if k < 3 else [])] for k in range(9))],
            numbers=[f"D{k}" for k in range(9)], requested=[f"{1000 + k}.00" for k in range(9)], asks=apart,
        ),
        _xlsx(
            "a table of envelopes beside with as many lines",
            [[*HEAD, None, "Enveloppe", "Montant disponible"], *([*row, None, f"E{k}", 900] for k, row in enumerate(THREE))],
            asks=frozenset({"columns_apart"}),
        ),
        _csv(
            "a CSV of two tables side by side",
            [[*HEAD, "", *HEAD], *([*row, "", f"E{k}", "Autre", k] for k, row in enumerate(TEXT_THREE))], asks=apart,
        ),
    ]  # fmt: skip


def _list_mistakes() -> list[Office]:
    """Mistakes that must be told."""
    return [
        _xlsx(
            "an amount in words", [HEAD, *THREE[:2], ["D3", "c", "à préciser"]], requested=("1000.00", "2500.50", ""),
            asks=frozenset({"unreadable"}),
        ),
        _xlsx(
            "a number that stands twice", [HEAD, THREE[0], ["D2", "École", 2500.5], ["D2", "Crèche", 300]],
            numbers=("D1", "D2", "D2-L4"), asks=frozenset({"duplicate_number"}),
        ),
        _xlsx("a line that stands twice", [HEAD, *THREE, THREE[1]], aside={5: "copy"}),
        _xlsx(
            "names that the program keeps for itself",
            [[*HEAD, "_x", "__", "requested_cents", "source_row"], *([*row, "x", "y", 5, 9] for row in THREE)],
            cells={("D1", "x (source)"): "x", ("D1", "Colonne (source)"): "y", ("D1", "requested_cents (source)"): "5"},
        ),
        _xlsx(
            "a line without number", [HEAD, THREE[0], [None, "École", 2500.5], THREE[2]], numbers=("D1", "L3", "D3"),
            asks=frozenset({"no_number"}),
        ),
        _xlsx(
            "a number not stated", [HEAD, *THREE[:2], ["Non renseigné", "Voirie", 300]],
            numbers=("D1", "D2", "Non renseigné"),
        ),
        _xlsx("a number alone", [HEAD, *THREE, ["D4", None, None]], aside={5: "bare_number"}, asks=frozenset({"unclear_lines"})),
        _xlsx(
            "an application without an envelope",
            [[*HEAD, "Dispositif"], [*THREE[0], "DETR"], THREE[1], [*THREE[2], "detr"]], asks=frozenset({"no_envelope"}),
            cells={("D2", "envelope"): "sans-enveloppe", ("D1", "envelope"): "DETR", ("D3", "envelope"): "DETR"},
        ),
        _xlsx(
            "an application without a score", [[*HEAD, "Note /20"], [*THREE[0], 14], THREE[1], [*THREE[2], "12,5"]],
            asks=frozenset({"no_score"}), cells={("D1", "score"): "14", ("D2", "score"): "", ("D3", "score"): "12.5"},
        ),
        _xlsx(
            "scores on two scales", [[*HEAD, "Note"], [*THREE[0], "15/20"], [*THREE[1], "8/10"], [*THREE[2], "9/10"]],
            asks=frozenset({"unread_score"}),
        ),
        _xlsx(
            "an application without an amount", [HEAD, *THREE[:2], ["D3", "c", None]], requested=("1000.00", "2500.50", ""),
            asks=frozenset({"no_amount"}),
        ),
        _xlsx(
            "codes that begin with zeros", [[*HEAD, "Code interne"], *([*row, f"00{k}"] for k, row in enumerate(THREE))],
            cells={("D1", "Code interne"): "000", ("D3", "Code interne"): "002"},
        ),
        _xlsx(
            "opinions in grades", [[*HEAD, "Avis"], [*THREE[0], "Très favorable"], [*THREE[1], "FAVORABLE"], [*THREE[2], "réservé"]],
            asks=frozenset({"opinion_order", "opinion_reserved"}),
        ),
        _xlsx(
            "opinions in letters", [[*HEAD, "Avis du comité"], *([*row, "CAB"[k]] for k, row in enumerate(THREE))],
            asks=frozenset({"opinion_order"}),
        ),
        _xlsx(
            "hidden columns", [[*HEAD, "Zone"], *([*row, "x"] for row in THREE)], hidden_columns=("D",),
            asks=frozenset({"hidden_columns"}), cells={("D1", "Zone"): "x"},
        ),
        *_list_side_by_side(),
        _xlsx("hidden lines", [HEAD, *THREE], hidden_rows=(3,), asks=frozenset({"hidden_lines"})),
        _xlsx(
            "a column without header", [HEAD, *([*row, "x"] for row in THREE)], asks=frozenset({"no_header"}),
            cells={("D1", "Colonne D"): "x"},
        ),
        _xlsx(
            "an applicant merged over two lines",
            [[*HEAD, "Demandeur"], [*THREE[0], "Die"], [*THREE[1], None], [*THREE[2], "Crest"]], merged=("D2:D3",),
            cells={("D2", "applicant"): "Die", ("D3", "applicant"): "Crest"},
        ),
        _xlsx(
            "an amount merged over two lines", [HEAD, THREE[0], ["D2", "École", None], THREE[2]], merged=("C2:C3",),
            requested=("1000.00", "", "300.00"),
        ),
        _xlsx(
            "a negative amount", [HEAD, *THREE[:2], ["D3", "c", -300]], requested=("1000.00", "2500.50", ""),
            asks=frozenset({"unreadable"}),
        ),
        _xlsx(
            "an error in a cell", [[*HEAD, "Coût total"], [*THREE[0], 5000], [*THREE[1], 9000], [*THREE[2], None]],
            formulas={"D4": ("=1/0", "#DIV/0!")}, cells={("D3", "cost"): ""}, asks=frozenset({"unreadable"}),
        ),
    ]  # fmt: skip
