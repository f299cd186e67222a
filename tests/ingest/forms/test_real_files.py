"""The files as the ministry and the service publish them: read whole, their known defects found, with counts."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path

import polars as pl
import pytest
from support.paths import ROOT

from tnt_sim.cli.main import main
from tnt_sim.ingest.forms.form_import import Imported, import_form
from tnt_sim.ingest.forms.form_reader import read_form

DATA = ROOT.parent / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the public data are not beside the project")


def read(name: str) -> Imported:
    form, layout = read_form(DATA / name, shown_as=name)
    return import_form(form, layout)


def counts(done: Imported, code: str) -> dict[str, int]:
    """Findings of a kind by column."""
    own = done.quality.findings.filter(pl.col("code") == code)
    return dict(own.group_by("column", maintain_order=True).len().iter_rows())


def no_cost(done: Imported) -> int:
    return counts(done, "missing").get("cost", 0) + counts(done, "zero_amount").get("cost", 0)


def test_the_workbook_of_2019() -> None:
    done = read("dgcl/projets_dotations_investissement_2019.xlsx")
    assert (done.mapping.format, done.table.height) == ("dotations", 24_811)
    assert done.table["requested_cents"].sum() == 170_797_894_565
    assert no_cost(done) == 2
    assert counts(done, "grant_above_cost") == {"requested": 2}
    assert counts(done, "rate_above_cap") == {"requested": 50}
    assert counts(done, "rate_rounded") == {"requested": 77}
    assert counts(done, "spelling") == {"categorie": 676 + 1 + 95}
    assert done.cells["cost"] == "J"


@pytest.mark.slow
def test_the_ods_of_2018() -> None:
    done = read("dgcl/Projets_DI_2018.ods")
    assert (done.mapping.format, done.table.height) == ("dotations", 26_295)
    assert no_cost(done) == 9
    # A cost of three decimals, which may be thousands.
    assert counts(done, "unreadable") == {"cost": 1}
    assert counts(done, "grant_above_cost") == {"requested": 2}
    assert counts(done, "rate_above_cap") == {"requested": 26}
    assert counts(done, "applicant_off_map") == {"applicant_type": 859}
    assert counts(done, "error_cell") == {"levier": 8}


def test_the_merged_list_of_both_years() -> None:
    began = time.perf_counter()
    done = read("dgcl/projects_detr_dsil_2018_2019.csv")
    assert time.perf_counter() - began < 20
    assert done.table.height == 51_106
    assert no_cost(done) == 11
    assert counts(done, "grant_above_cost") == {"requested": 4}
    assert counts(done, "rate_above_cap") == {"requested": 76}
    assert counts(done, "applicant_off_map") == {"applicant_type": 859}


def test_the_fonds_vert_list(tmp_path: Path) -> None:
    done = read("fonds_vert/fonds_vert_2023_source.csv")
    assert (done.mapping.format, done.table.height) == ("fonds-vert", 10_782)
    assert counts(done, "renumbered") == {"dossier": 81}
    assert counts(done, "missing")["commune"] == 827
    assert done.table["dossier"].is_unique().all()
    assert done.table["requested_cents"].sum() == 195_635_488_400
    file = str(DATA / "fonds_vert/fonds_vert_2023_source.csv")
    assert main(["import", file, "--out", str(tmp_path / "o"), "--quiet"]) == 0
    assert main(["new", str(tmp_path / "p"), "--from", str(tmp_path / "o" / "dossiers.csv"), "--json"]) == 0


def test_the_graphql_dossier() -> None:
    done = read("demarche/dossier_data.json")
    row = done.table.row(0, named=True)
    assert (row["dossier"], row["state"]) == ("5522885577", "en_construction")
    assert (row["cost_cents"], row["requested_cents"], row["base_cents"]) == (25_688_800, 234_990, None)
    assert (row["commune"], row["department"], row["envelope"]) == ("67449", "67", "DETR")
    assert (row["applicant"], row["applicant_id"]) == ("COMMUNE DE SCHIRRHEIN", "21670449400014")
    assert row["applicant_type"] == "commune"
    assert (row["start"], row["end"]) == (dt.date(2025, 1, 15), dt.date(2025, 5, 16))
    assert row["filed_at"] == dt.datetime(2024, 10, 16, 8, 9, 32, tzinfo=dt.UTC)
    assert row["title"] == "Réfection du toit de l'école"
    written = done.table.select(pl.exclude(pl.List)).write_csv()
    for person in ("Gulhar", "Alban", "alban.gulhar", "Le-Maire", "01 23 45 67 89", "icham"):
        assert person not in written


def test_a_form_without_dossiers_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(DATA / "demarche/demarche_data_with_revision.json")
    assert main(["import", file, "--out", str(tmp_path / "o"), "--quiet"]) == 3
    assert "aucun dossier" in capsys.readouterr().err


@pytest.mark.parametrize("file", sorted((DATA / "pabulib").glob("*.pb")), ids=lambda file: file.stem)
def test_a_pabulib_file_is_read_whole(file: Path, tmp_path: Path) -> None:
    done = read(f"pabulib/{file.name}")
    meta = dict(
        line.split(";", 1) for line in file.read_text(encoding="utf-8").splitlines() if line.count(";") == 1
    )
    assert done.table.height == int(meta["num_projects"])
    assert done.table["requested_cents"].equals(done.table["cost_cents"].alias("requested_cents"))
    assert done.quality.count_by_code() == {}
