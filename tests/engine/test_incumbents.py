"""Lists found before the optimum: each is read in integers, each is better than the one before."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from support import draws
from support.lanes import seeds

import tnt_sim as tnt
from tnt_sim.api.schemas import read_schema
from tnt_sim.cli.main import main
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.incumbent import Incumbent, IncumbentReader
from tnt_sim.engine.optimise import OptimiseOptions, optimise
from tnt_sim.formulation.formulate import formulate
from tnt_sim.formulation.linear_model import IntArray
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.solve.backends.backend import Limits
from tnt_sim.solve.reductions.reduction import translate_points
from tnt_sim.solve.reductions.restriction import Restriction

SCENARIO = """schema_version: 1
id: s
title: SYNTHETIC
programme: {{id: tout, amount: {amount} €}}
dossiers: [{{file: dossiers.csv}}]
rules:
  - {{id: theme, kind: limit, measure: granted, where: {{theme: sport}}, min: 150.05 €}}
  - {{id: part, kind: share, measure: dossiers, where: {{theme: sport}}, max: 60 %}}
objective: [{{{sense}: {goal}}}]
solver: {{cross_check: never}}
"""


def write(folder: Path, seed: int, sense: str = "maximise", goal: str = "{score: 1}") -> Path:
    dice = random.Random(seed)
    rows = [
        f"D{k:02},{dice.randint(20_00, 120_00) / 100:.2f},{draws.text(draws.score(dice.choice))},"
        f"{dice.choice(['sport', 'culture'])}"
        for k in range(40)
    ]
    (folder / "dossiers.csv").write_text(
        "\n".join(["dossier,requested,score,theme", *rows]) + "\n", encoding="utf-8"
    )
    path = folder / "s.yaml"
    path.write_text(SCENARIO.format(amount=dice.randint(600, 1500), sense=sense, goal=goal), encoding="utf-8")
    return path


def compiled(folder: Path, seed: int) -> Problem:
    return compile_problem(load_scenario(write(folder, seed)))


@pytest.mark.parametrize("seed", seeds(range(20), 4))
def test_each_list_is_better_and_within_the_claimed_bound(tmp_path: Path, seed: int) -> None:
    problem, heard = compiled(tmp_path, seed), list[Incumbent]()
    options = OptimiseOptions(method="direct", with_evidence=True)
    listening = replace(options, on_incumbent=heard.append)
    quiet, told = optimise(problem, options), optimise(problem, listening)
    assert quiet.allocation.granted_cents.tolist() == told.allocation.granted_cents.tolist()
    assert heard
    values = [one.value for one in heard]
    assert values == sorted(values)
    assert all(value <= told.values[0] for value in values)
    assert all(one.bound is None or one.bound >= told.values[0] for one in heard)
    assert all(0 < one.granted_cents <= problem.case.tree.written_cents[0] for one in heard)


def reader(problem: Problem, heard: list[Incumbent]) -> tuple[IncumbentReader, IntArray]:
    form = formulate(problem)
    answer = optimise(problem, OptimiseOptions(method="direct"))
    point = np.zeros(form.model.n_cols, dtype=np.int64)
    point[form.recovery.funded_columns] = answer.allocation.funded[form.recovery.candidate]
    assert form.model.is_feasible(point)
    return IncumbentReader(problem, form, heard.append), point


def test_a_point_that_breaks_a_rule_is_not_shown(tmp_path: Path) -> None:
    heard: list[Incumbent] = []
    listener, point = reader(compiled(tmp_path, 1), heard)
    listener.receive_point(np.ones_like(point), None)
    listener.receive_point(np.zeros(len(point) + 1), 3)
    assert heard == []


def test_points_that_come_too_fast_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[Incumbent] = []
    listener, best = reader(compiled(tmp_path, 1), heard)
    now = [10.0]
    monkeypatch.setattr("tnt_sim.engine.incumbent.time.perf_counter", lambda: now[0])
    fewer = best.copy()
    score = listener.form.stages[0].objective
    fewer[np.flatnonzero((best > 0) & (score > 0))[-1]] = 0
    listener.receive_point(fewer, None)
    n_first = len(heard)
    listener.receive_point(best.astype(np.float64) + 1e-7, None)
    assert len(heard) == n_first
    now[0] += 60
    listener.receive_point(None, int(score @ best) - 5)  # a bound below a known list is that list's value
    assert heard[-1].value == heard[-1].bound == listener.form.stages[0].to_value(int(score @ best))
    assert heard[-1].gap == 0


def test_points_of_a_smaller_model_are_heard_as_those_of_the_whole(tmp_path: Path) -> None:
    model = formulate(compiled(tmp_path, 1)).model
    upper = model.col_upper.copy()
    upper[:5] = 0
    small, inverse = Restriction().apply(model.with_bounds(model.col_lower, upper))
    heard: list[tuple[list[int], int]] = []
    limits = translate_points(
        Limits(on_point=lambda point, bound: heard.append((point.tolist(), bound))), inverse
    )
    limits.on_point(np.ones(small.n_cols), 7)
    assert heard == [([0] * 5 + [1] * (model.n_cols - 5), 7)]
    assert translate_points(Limits(), inverse) == Limits()


def test_events_are_lines_of_json(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path, 2)
    assert (
        main(["run", str(path), "--events", "--json", "--method", "direct", "--out", str(tmp_path / "runs")])
        == 0
    )
    printed = capfd.readouterr()
    schema = json.loads(read_schema("incumbent"))
    events = [json.loads(line) for line in printed.err.splitlines()]
    assert events
    for event in events:
        jsonschema.validate(event, schema)
    document = json.loads(printed.out)
    assert Fraction(events[-1]["value"]) <= Fraction(document["objective"][0]["value"])


def test_python_hears_them(tmp_path: Path) -> None:
    heard: list[Incumbent] = []
    result = tnt.read_scenario(write(tmp_path, 3)).solve(method="direct", on_incumbent=heard.append)
    assert heard
    assert heard[-1].value <= Fraction(result.document["objective"][0]["value"])


def test_a_least_goal_is_heard_from_above(tmp_path: Path) -> None:
    heard: list[Incumbent] = []
    problem = compile_problem(load_scenario(write(tmp_path, 4, "minimise", "{granted: 1}")))
    options = OptimiseOptions(method="direct", with_evidence=True, on_incumbent=heard.append)
    told = optimise(problem, options, clock=Clock(None))
    values = [one.value for one in heard]
    assert values == sorted(values, reverse=True)
    assert all(one.bound is None or one.bound <= told.values[0] <= one.value for one in heard)
