"""Alternatives under an order: dossiers that no list near the best can hold are settled, and the order stands."""

from __future__ import annotations

from pathlib import Path

import pytest

import tnt_sim as tnt
from tnt_sim.scenario.scenario import ScenarioData

TEXT = """schema_version: 1
id: s
date: 2026-03-31
programme: {{id: p, amount: 100.50 €}}
dossiers: [{{file: d.csv}}]
rules: [{{id: r, kind: order, rank: note, best: high{ties}}}]
objective: [{{maximise: {{score: 1}}}}]
"""
ROWS = """dossier,requested,note,score
A,50.25,9.5,5
B,50.25,9.5,5
C,50.25,7.25,5
D,80.75,5,0.5
E,30.5,3,0.25
"""


@pytest.mark.parametrize("ties", ["", ", ties: rank"])
def test_refused_dossiers_stay_in_the_order(tmp_path: Path, ties: str) -> None:
    (tmp_path / "d.csv").write_text(ROWS, encoding="utf-8")
    (tmp_path / "s.yaml").write_text(TEXT.format(ties=ties), encoding="utf-8")
    asked: ScenarioData = tnt.Scenario.from_yaml(tmp_path / "s.yaml")
    found = tnt.alternatives(asked, within="60 %", count=3, steer=False)
    lists = {tuple(one.funded.tolist()) for one in found.result.allocations}
    one = (True, False, False, False, False)
    other = (False, True, False, False, False)
    both = (True, True, False, False, False)
    assert lists == ({one, both} if ties else {one, other, both})
    assert found.result.out.any()
