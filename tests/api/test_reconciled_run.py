"""A run reconciled with accounting lines from Python: tables in cents, a page, a workbook, clear errors."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.tiny_scenario import HEAD, tiny

import tnt_sim as tnt
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve


@pytest.fixture
def run(tmp_path: Path) -> tnt.Run:
    table = "dossier,envelope,requested,score,applicant\nA-01,a,100,10,Foix\nA-02,a,50.25,9,Pamiers\n"
    return tnt.open_run(write_run(solve(tiny(tmp_path, HEAD, table)), tmp_path / "run"))


def test_tables_page_and_workbook(run: tnt.Run, tmp_path: Path) -> None:
    lines = tmp_path / "chorus.csv"
    lines.write_text(
        "Fournisseur;Libellé;Montant\nFoix;A-01;100\nPamiers;A-02;50,20\nX;;7\n", encoding="utf-8"
    )
    found = run.reconcile(lines)
    assert found.status == "differs"
    assert found.table("decisions").select("dossier", "difference_cents", "list").rows() == [
        ("A-01", 0, "matched"),
        ("A-02", -5, "other_amount"),
    ]
    assert found.table("lines")["cents"].to_list() == [10_000, 5_020, 700]
    assert found.table("totals").filter(list="all")["lines_cents"].item() == 15_720
    found.report.html(tmp_path / "page.html")
    assert "A-02" in (tmp_path / "page.html").read_text(encoding="utf-8")
    assert found.report.excel(tmp_path / "book.xlsx").stat().st_size > 0
    assert repr(found) == f"<Answer to reconcile of {run.run.spec.id}: 3 rows>"


def test_other_headers_are_named(run: tnt.Run, tmp_path: Path) -> None:
    lines = tmp_path / "own.csv"
    lines.write_text("Qui;Combien\nFoix;100\nPamiers;50,25\n", encoding="utf-8")
    with pytest.raises(tnt.DataError, match="amount"):
        run.reconcile(lines)
    assert run.reconcile(lines, {"amount": "Combien", "supplier": "Qui"}).status == "agrees"
