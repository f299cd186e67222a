"""What a user meets in an interpreter names an object in one short line, however large its scenario is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import tnt_sim as tnt
from tnt_sim.engine.session import SolverSession
from tnt_sim.scenario.problem import compile_problem

HEAD = """schema_version: 1
id: petit
date: 2026-03-31
programme: {id: p, amount: 60.50 €}
dossiers: [{file: d.csv}]
objective: [{maximise: {score: 1}}]
"""


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("petit")
    rows = "".join(f"D{k},{k}.25,{k}.5\n" for k in range(1, 301))
    (folder / "d.csv").write_text("dossier,requested,score\n" + rows, encoding="utf-8")
    (folder / "s.yaml").write_text(HEAD, encoding="utf-8")
    return tnt.Scenario.from_yaml(folder / "s.yaml")


def test_every_object_of_the_interface_is_named_in_one_short_line(scenario: Any, tmp_path: Path) -> None:
    richer = scenario.with_({"programme.amount": "70 €"})
    result, outcome = scenario.solve(), SolverSession(scenario).optimise()
    (tmp_path / "liste.csv").write_text("dossier\nD1\n", encoding="utf-8")
    run = tnt.open_run(result.save(tmp_path))
    objects = [
        scenario, scenario.portfolio, compile_problem(scenario), result, outcome, outcome.answer,
        tnt.Session(scenario), tnt.Session(scenario).solve(), result.explain("D1", "D300"),
        tnt.compare(scenario, richer), run, run.run,
        tnt.core(result.save(tmp_path / "a"), richer.solve().save(tmp_path / "b")),
        tnt.alternatives(scenario, within="1 %", count=2), tnt.audit(scenario, tmp_path / "liste.csv"),
        tnt.conflict(scenario), tnt.next_euro(scenario, rules=[]), tnt.prices(scenario),
        tnt.sweep(scenario, start="60 €", stop="70 €", steps=2), scenario.extend("70 €"),
        tnt.weights(scenario, ["score", "dossiers"]),
    ]  # fmt: skip
    names = [repr(one) for one in objects]
    assert [name for name in names if len(name) > 120 or "\n" in name] == []
    assert [type(one).__name__ for one, name in zip(objects, names, strict=True) if name[0] != "<"] == []
    assert names[3] == "<Result petit: optimal, proof PROVED, 10 funded>"
