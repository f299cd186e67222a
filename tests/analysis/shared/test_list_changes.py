"""Who enters, who leaves and whose amount changes, as columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tnt_sim.analysis.shared.list_distance import ListChange, list_changes
from tnt_sim.documents import dump_document
from tnt_sim.reporting.reports.study_report import build_change_table
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.verify.allocation_reading import Allocation

SCENARIO = """
schema_version: 1
id: s
title: Programme
date: 2026-01-01
dossiers: [{file: d.csv}]
programme: {id: e, amount: 20}
objective: [{maximise: {score: 1}}]
"""
TABLE = "dossier;title;requested;score\nA;Pont;10;3\nB;;10;2\nC;École;10;1\nD;Toit;10;1\n"


def test_changes_are_rows_of_a_table(tmp_path: Path) -> None:
    (tmp_path / "s.yaml").write_text(SCENARIO, encoding="utf-8")
    (tmp_path / "d.csv").write_text(TABLE, encoding="utf-8")
    problem = compile_problem(load_scenario(tmp_path / "s.yaml"))
    before, after = (
        Allocation(cents > 0, cents) for cents in (np.array([1000, 0, 505, 7]), np.array([900, 1000, 0, 7]))
    )
    found = list_changes(problem, before, after)
    assert [(one.dossier, one.before_cents, one.after_cents) for one in found.amount] == [("A", 1000, 900)]
    assert found.leave[0] == ListChange(dossier="C", title="École", before_cents=505, after_cents=0)
    assert dump_document(found)["enter"][0]["after_cents"] == 1000
    none = list_changes(problem, after, after)
    assert dump_document(none) == {"enter": [], "leave": [], "amount": []}
    table = build_change_table(found)
    columns = [column.values for column in table.columns]
    assert columns[0] == ["B", "École (C)", "Pont (A)"]
    assert columns[-2:] == [[0, 505, 1000], [1000, 0, 900]]
    assert not build_change_table(none).columns[0].values
