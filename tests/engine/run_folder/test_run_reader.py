"""Reading a run folder for export: sealed files only, each dossier in its envelope."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from tnt_sim.documents import dump_document
from tnt_sim.engine.run_folder.run_access import open_stored
from tnt_sim.engine.stored_run import NODE, StoredRun, read_document
from tnt_sim.errors import DataError, UsageError, VerificationError
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.export.formats import FORMATS, ExportOptions, export_bytes
from tnt_sim.verify.verification import CLAIMED

FILES = (
    "scenario.resolved.yaml",
    "allocation.parquet",
    "allocation.csv",
    "certificate.json",
    "summary.json",
    "solver.log",
)


@pytest.mark.parametrize("name", FILES)
def test_a_changed_file_is_refused(run_dir: Path, tmp_path: Path, name: str) -> None:
    copy = shutil.copytree(run_dir, tmp_path / "run")
    data = (copy / name).read_bytes()
    (copy / name).write_bytes(data.replace(b"0", b"1", 1) if b"0" in data else data + b"x")
    with pytest.raises(VerificationError) as caught:
        open_stored(copy)
    assert name in "\n".join(defect.line(Lang.FR) for defect in caught.value.defects)


@pytest.mark.parametrize("name", FILES[:-2])
def test_a_missing_file_is_refused(run_dir: Path, tmp_path: Path, name: str) -> None:
    copy = shutil.copytree(run_dir, tmp_path / "run")
    (copy / name).unlink()
    with pytest.raises(VerificationError, match=f"« {name} » manque"):
        open_stored(copy)


def test_the_typed_document_is_the_file(stored: StoredRun) -> None:
    assert json.dumps(dump_document(stored.data)) == json.dumps(stored.summary)


@pytest.mark.parametrize("value", ["12", 1.5, None, True, []])
def test_a_value_of_another_kind_is_refused_by_name(stored: StoredRun, value: object) -> None:
    first, *others = stored.summary["envelopes"]
    envelopes = [{**first, "granted_cents": value}, *others]
    with pytest.raises(VerificationError, match=r"«.envelopes\.0\.granted_cents.» manque"):
        read_document({**stored.summary, "envelopes": envelopes})


def test_no_run_at_all(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="il n'y a pas de dossier"):
        open_stored(tmp_path / "nowhere")
    with pytest.raises(DataError, match="n'est pas un dossier de calcul"):
        open_stored(tmp_path)
    (tmp_path / "summary.json").write_text('{"scenario_sha256": "x"}', encoding="utf-8")
    with pytest.raises(DataError, match="ne contient pas de décision"):
        open_stored(tmp_path)


def test_a_run_can_be_read_away_from_its_project(run_dir: Path, tmp_path: Path, stored: StoredRun) -> None:
    copy = shutil.copytree(run_dir, tmp_path / "elsewhere" / "run")
    assert open_stored(copy).table.equals(stored.table)


def test_dossiers_stand_in_their_envelopes(stored: StoredRun) -> None:
    """Sums over the placed dossiers are the document's, for every envelope."""
    assert [entry.id for entry in stored.envelopes] == ["p", "a", "loc", "loc/01", "loc/69"]
    assert (stored.ends, stored.depths) == ((5, 2, 5, 4, 5), (0, 1, 1, 2, 2))
    for k, entry in enumerate(stored.envelopes):
        under = stored.table.filter((pl.col(NODE) >= k) & (pl.col(NODE) < stored.ends[k]))
        assert int(under["granted_cents"].sum()) == entry.granted_cents
        assert under.height == entry.n_dossiers


@pytest.mark.parametrize("name", FORMATS)
def test_acts_want_a_proof(stored: StoredRun, name: str) -> None:
    """What tells people or accounts is refused of a run not shown to be the best, unless that is assumed."""
    loose = replace(stored, verification=replace(stored.checked, optimal=CLAIMED))
    info = {"nomAttribuant": "x", "idAttribuant": "17690001900015"} if name == "scdl" else {}
    asked = ExportOptions(FORMATS[name].suffixes[0], Lang.FR, info=info)
    if FORMATS[name].is_act:
        with pytest.raises(UsageError, match="rien ne démontre ici"):
            export_bytes(loose, name, asked)
        assert export_bytes(loose, name, replace(asked, unproven=True))
    else:
        assert export_bytes(loose, name, asked)
