"""The workbook: cached values that follow from the cells, text that runs nothing, sheets that anyone can open."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from support.run_folders.awkward_run import SCENARIO, TABLE, make_run
from support.workbook_pages import pages

from tnt_sim.analysis.equity.list_equity import compute_equity
from tnt_sim.analysis.explain.explanation import explain
from tnt_sim.analysis.shared.decided_run import of_run
from tnt_sim.cli.main import main
from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.xlsx import check_rows, choose_sheet_name
from tnt_sim.reporting.reports.decision_table import build_decision_table
from tnt_sim.reporting.reports.equity import label_class
from tnt_sim.reporting.workbook.department_workbook import (
    CHOICES,
    KEYS,
    build_department_workbook,
    build_extracts,
    build_file_name,
)
from tnt_sim.reporting.workbook.dossier_sheet import NAMES
from tnt_sim.reporting.workbook.workbook import build_workbook

SHEETS = {
    Lang.FR: [
        "Lisez-moi",
        "Synthèse",
        "a",
        "loc-01",
        "loc-69",
        "Dossiers",
        "Réserve",
        "Équité",
        "Paramètres",
    ],
    Lang.EN: ["Read me", "Summary", "a", "loc-01", "loc-69", "Dossiers", "Reserve", "Equity", "Parameters"],
}
_NS = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_SUMIFS = re.compile(r"(SUM|COUNT)IFS\((.*)\)")


def formulas(data: bytes, number: int) -> dict[str, str]:
    """Cell → formula of the nth sheet."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        root = ElementTree.fromstring(package.read(f"xl/worksheets/sheet{number}.xml"))
    return {
        cell.get("r", ""): formula.text or ""
        for cell in root.iter(f"{_NS}c")
        if (formula := cell.find(f"{_NS}f")) is not None
    }


@pytest.fixture(scope="module")
def fr(stored: StoredRun) -> bytes:
    return build_workbook(stored, Lang.FR)


@pytest.mark.parametrize("lang", Lang)
def test_sheets_and_totals(stored: StoredRun, lang: Lang) -> None:
    found = pages(build_workbook(stored, lang))
    assert list(found) == SHEETS[lang]
    summary = found[SHEETS[lang][1]]
    first = summary[8]
    assert (first[0], first[1]) == (1, 5)
    assert round(first[5] * 100) == stored.summary["granted_cents"]
    assert first[7:10] == [9, 7, 5]
    assert [row[2].strip() for row in summary[8:13]][3].startswith("loc/01")


def test_the_sheet_of_equity_has_every_class(stored: StoredRun, fr: bytes) -> None:
    equity = compute_equity(stored.table, stored.spec)
    rows = pages(fr)["Équité"]
    for entry in (equity.total, *equity.classes):
        name = label_class(entry).in_(Lang.FR)
        [row] = [
            row
            for row in rows
            if row[0] == name and row[1:4] == [entry.n_dossiers, entry.n_eligible, entry.n_funded]
        ]
        assert round(row[6] * 100) == entry.granted_cents
        assert (row[8] or 0) == entry.inhabitants
    for index in equity.indices:
        assert any(row[2:4] == [float(round(index.gini, 3)), float(round(index.theil, 3))] for row in rows)


def test_sums_are_formulas_over_the_dossiers(stored: StoredRun, fr: bytes) -> None:
    """Each SUMIFS and COUNTIFS, worked out here over the cells of « Dossiers », gives its cached value."""
    found, names = pages(fr), list(pages(fr))
    head, *body = found["Dossiers"]
    columns = {name: [row[k] for row in body] for k, name in enumerate(head)}
    n_checked = 0
    for number, name in enumerate(names, start=1):
        for cell, text in formulas(fr, number).items():
            match = _SUMIFS.fullmatch(text)
            if match is None:
                continue
            value = _worked_out(match[1], match[2], columns, found[name])
            assert value == pytest.approx(_at(found[name], cell), abs=1e-6), (name, cell, text)
            n_checked += 1
    assert n_checked >= 4 * len(stored.envelopes) + 3 * 3


def _worked_out(kind: str, text: str, columns: dict[str, list[Any]], page: list[list[Any]]) -> float:
    terms = text.split(",")
    amounts = columns[_column(terms.pop(0))] if kind == "SUM" else [1] * len(columns["Numéro"])
    kept = [True] * len(amounts)
    for name, test in zip(terms[::2], terms[1::2], strict=True):
        cells = columns[_column(name)]
        kept = [old and _holds(cell, test, page) for old, cell in zip(kept, cells, strict=True)]
    return float(sum(float(a or 0) for a, keep in zip(amounts, kept, strict=True) if keep))


def _column(text: str) -> str:
    match = re.fullmatch(r"Dossiers\[(.*)\]", text)
    assert match is not None, text
    return match[1]


def _holds(cell: Any, test: str, page: list[list[Any]]) -> bool:
    match = re.fullmatch(r'"(>=|<=)"&(.+)', test)
    if match is None:
        return bool(cell == (test.strip('"') if test.startswith('"') else _at(page, test)))
    bound = float(match[2]) if match[2].isdigit() else _at(page, match[2])
    return bool(cell >= bound if match[1] == ">=" else cell <= bound)


def _at(page: list[list[Any]], cell: str) -> Any:
    match = re.fullmatch(r"\$?([A-Z]+)(\d+)", cell)
    assert match is not None, cell
    return page[int(match[2]) - 1][ord(match[1]) - 65]


def test_every_formula_is_ours(fr: bytes) -> None:
    """Titles and names that look like formulas are text: the only formulas are those that we write."""
    ours = re.compile(r"=?(SUMIFS|COUNTIFS|ROUND|IF|SUM)\(|[D-K]9$")
    for number in range(1, len(pages(fr)) + 1):
        for cell, text in formulas(fr, number).items():
            assert ours.match(text), (number, cell, text)
            assert "LIEN" not in text
    titles = [row[1] for row in pages(fr)["Dossiers"]]
    assert '=LIEN("http")' in titles
    assert "-5 % de CO2" in titles


def test_no_formula_lacks_its_value(fr: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(fr)) as package:
        for name in package.namelist():
            if name.startswith("xl/worksheets/sheet"):
                page = package.read(name).decode()
                assert page.count("<f>") == len(re.findall(r"</f><v>[^<]+</v>", page)), name


def test_it_prints_on_a4_with_its_headers(fr: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(fr)) as package:
        names = list(pages(fr))
        for number, name in enumerate(names, start=1):
            page = package.read(f"xl/worksheets/sheet{number}.xml").decode()
            assert 'paperSize="9"' in page, name
            assert 'orientation="landscape"' in page, name
            assert 'fitToPage="1"' in page, name
        titles = package.read("xl/workbook.xml").decode()
        assert "Dossiers!$1:$1" in titles
        dossiers = package.read(f"xl/worksheets/sheet{names.index('Dossiers') + 1}.xml").decode()
    assert 'state="frozen"' in dossiers
    assert "<oddHeader>" in dossiers
    assert "=Exports &amp;&amp; Cie" in dossiers


def test_the_reserve_list(fr: bytes, stored: StoredRun) -> None:
    page = pages(fr)["Réserve"]
    assert page[4][:2] == [1, "01"]
    assert round(page[4][5] * 100) == int(stored.table["reserve_cents"].sum()) > 0


def test_two_runs_side_by_side(stored: StoredRun, tmp_path: Path) -> None:
    more = SCENARIO.replace("9 000 €", "9 500 €").replace("max: 3 500 €", "max: 2 500 €")
    other = open_stored(
        make_run(tmp_path / "b", more, TABLE.replace("2500.00,1900.55,4", "2500.00,1900.55,40"))
    )
    book = pages(build_workbook(stored, Lang.FR, other))
    assert "Comparaison" in book
    page = book["Comparaison"]
    shown = {row[0]: row for row in page if row and row[0]}
    assert [round(value, 2) for value in shown["Enveloppe p : montant"][3:5]] == [9000, 9500]
    moves = {row[0]: row[6] for row in page if len(row) > 6 and row[6]}
    before, after = (set(run.table.filter("funded")["dossier"]) for run in (stored, other))
    assert {name for name, move in moves.items() if move == "entre"} == after - before
    assert {name for name, move in moves.items() if move == "sort"} == before - after
    assert after != before
    total = sum(row[5] for row in page if len(row) > 6 and row[6] in ("entre", "sort", "change"))
    apart = other.summary["granted_cents"] - stored.summary["granted_cents"]
    assert round(total * 100) == apart


def test_names_of_sheets() -> None:
    taken: set[str] = set()
    names = [
        choose_sheet_name(wanted, taken) for wanted in ("loc/01", "LOC-01", "x" * 40, "x" * 40, "'", "[a]:*?")
    ]
    assert names[:2] == ["loc-01", "LOC-01 (2)"]
    assert all(0 < len(name) <= 31 for name in names)
    assert len({name.casefold() for name in names}) == len(names)


def test_too_many_rows_for_a_sheet() -> None:
    with pytest.raises(UsageError, match="--format parquet"):
        check_rows(1_000_001)


def test_a_run_too_long_for_a_workbook_is_refused_before_it_is_read(
    stored: StoredRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tnt_sim.reporting.workbook.dossier_sheet.MAX_DOSSIERS", stored.table.height - 1)
    monkeypatch.setattr("tnt_sim.engine.run_folder.run_access.check_run", pytest.fail)
    assert main(["report", str(stored.folder), "--out", str(tmp_path / "a.xlsx"), "--lang", "en"]) == 2
    assert "--format parquet" in capsys.readouterr().err
    with pytest.raises(UsageError, match="--format parquet"):
        build_workbook(stored, Lang.EN)


def test_headers_are_distinct() -> None:
    for lang in Lang:
        names = [text.in_(lang).casefold() for text in NAMES.values()]
        assert len(set(names)) == len(names)


def test_a_column_of_the_planner_named_like_ours(tmp_path: Path) -> None:
    table = TABLE.replace(",avis", ",accordé", 1)
    run = open_stored(make_run(tmp_path, table=table))
    head = pages(build_workbook(run, Lang.FR))["Dossiers"][0]
    assert "accordé (2)" in head


def test_each_dossier_stands_in_one_department_workbook(stored: StoredRun) -> None:
    """Each dossier in one workbook; own envelopes with their amount; choices as data, their keys beside."""
    found = build_extracts(build_decision_table(stored), "department")
    assert [part.group for part in found] == ["01", "69"]
    listed: list[str] = []
    for part in found:
        book = pages(build_department_workbook(stored, part, Lang.FR))
        assert list(book) == ["Choix", "Enveloppes", KEYS]
        head, *body = book["Choix"]
        assert head == [
            "Numéro", "Demandeur", "Intitulé", "Enveloppe", "Assiette", "Demandé", "Proposé", "Montant proposé",
            "Taux", "Motif", "Choix", "Montant retenu", "Remarque",
        ]  # fmt: skip
        assert {row[10] for row in body} == {"suivre"}
        listed += [row[0] for row in body]
        keys = dict(book[KEYS])
        assert (keys["layout"], keys["group"], keys["run"]) == ("1", part.group, stored.name)
        assert {f"choice.{key}" for key in CHOICES} <= set(keys)
        own = {row[0]: row for row in book["Enveloppes"][1:-1]}
        assert own[f"loc/{part.group}"][2] == 2500
        assert own["a"][2] == ""
        total = book["Enveloppes"][-1]
        assert round(total[3] * 100) == round(total[4] * 100) == int(part.table["granted_cents"].sum())
        assert build_file_name(stored, part) == f"{stored.name}-{part.group}.xlsx"
    assert sorted(listed) == sorted(stored.table["dossier"])


def test_what_would_fund_each_dossier(tmp_path: Path) -> None:
    run_dir = make_run(tmp_path)
    document = explain(of_run(run_dir), everyone=True).data
    found = pages(build_workbook(open_stored(run_dir), Lang.FR, explanation=document))
    assert "Explications" in found
    head, *rows = found["Dossiers"]
    why, change = head.index("Motif"), head.index("Ce qui le ferait retenir")
    told = {row[0]: (row[why], row[change] if change < len(row) else None) for row in rows}
    for entry in document.dossiers:
        shown = told[entry.dossier]
        assert shown[0] == entry.sentence
        assert bool(shown[1]) == any(one.status != "undefined" for one in entry.changes)
    listed = [row for row in found["Explications"] if row and row[0] in ("1", "2", "–")]
    assert len(listed) == len(document.reserve)
