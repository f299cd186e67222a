"""What `show --model` says of a model that no exact kernel settles."""

from __future__ import annotations

from pathlib import Path

import pytest

from tnt_sim.reporting.reports.model_size import ModelTold, measure_model
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem

TABLE = "dossier,cost,requested\n1,20000,20000\n2,30000,30000\n"
TEXT = """schema_version: 1
id: mots
programme: {id: tout, amount: 9 k€}
dossiers: [{file: table.csv}]
grants: [{mode: range, min_rate: 20 %, max_rate: 50 %}]
objective: [{maximise: {dossiers: 1, granted: 0.001}}]
"""


def told(folder: Path, text: str) -> ModelTold:
    (folder / "table.csv").write_text(TABLE, encoding="utf-8")
    (folder / "mots.yaml").write_text(text, encoding="utf-8")
    return measure_model(compile_problem(load_scenario(folder / "mots.yaml")))


@pytest.mark.parametrize(
    ("change", "method", "why"),
    [
        (("grants", "grants"), "direct", "ranges leave more than 400,000 possible amounts"),
        (("50 %}", "50 %, round: 1 k€}"), "tree", "the caps on money form a tree"),
        (("0.001}}]", "0.001}, tolerance: 1 %}]"), "direct", "a goal has a tolerance"),
    ],
)
def test_why_a_model_goes_the_way_it_goes(
    tmp_path: Path, change: tuple[str, str], method: str, why: str
) -> None:
    found = told(tmp_path, TEXT.replace(*change))
    assert found.method == method
    assert found.why.en.startswith(why)
