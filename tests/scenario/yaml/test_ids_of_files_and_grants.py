"""Grants and dossier files that have an id merge by it, and can be named by `--set`."""

from __future__ import annotations

from pathlib import Path

from tnt_sim.engine.solve import solve
from tnt_sim.scenario.load import load_scenario

BASE = """id: b
programme: {id: p, amount: 100 €}
dossiers: [{id: first, file: a.csv}, {id: second, file: b.csv, off: true}]
grants: [{id: half, off: true, max_rate: 50 %}, {id: whole, max_rate: 100 %}]
objective: [{maximise: {dossiers: 1}}]
"""


def written(folder: Path) -> Path:
    (folder / "a.csv").write_text("dossier,cost,requested\na,40,40\n", encoding="utf-8")
    (folder / "b.csv").write_text("dossier,cost,requested\nb,30,30\n", encoding="utf-8")
    (folder / "base.yaml").write_text(BASE, encoding="utf-8")
    return folder / "base.yaml"


def granted(path: Path, *sets: str) -> int:
    return int(solve(load_scenario(path, list(sets)), cross_check="never").document["granted_cents"])


def test_one_entry_is_switched_by_its_name(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert granted(path) == 40_00
    assert granted(path, "dossiers.second.off=false") == 70_00
    assert granted(path, "grants.half.off=false") == 20_00


def test_entries_of_a_file_that_extends_are_merged_by_it(tmp_path: Path) -> None:
    written(tmp_path)
    more = tmp_path / "more.yaml"
    more.write_text("extends: base.yaml\nid: m\ndossiers: [{id: second, off: false}]\n", encoding="utf-8")
    assert granted(more) == 70_00
    alone = tmp_path / "alone.yaml"
    alone.write_text("extends: base.yaml\nid: o\ndossiers: [{file: b.csv}]\n", encoding="utf-8")
    assert granted(alone) == 30_00
