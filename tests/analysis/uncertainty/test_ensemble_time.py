"""An ensemble under its time limit, and lists that break a rule in some draw."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.clocks import StepClock

import tnt_sim as tnt
from tnt_sim.analysis.shared.executors import Execution, executor
from tnt_sim.analysis.uncertainty import draw_task as one
from tnt_sim.analysis.uncertainty import runner as run
from tnt_sim.cli.main import main
from tnt_sim.deadline import Deadline
from tnt_sim.engine.result import SolveOutcome
from tnt_sim.i18n.message import Lang
from tnt_sim.parallel import JobOutcome
from tnt_sim.reporting.renderers.terminal import render_report
from tnt_sim.reporting.reports.uncertainty import build_report
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import Problem

HEAD = """\
schema_version: 1
id: sort
date: 2026-01-01
programme: {id: p, amount: 11 k€}
dossiers: [{file: d.csv}]
objective: [{maximise: {score: 1}}]
solver: {time_limit: 30 s}
"""
COSTS = (3606, 2971, 4120, 3345, 2240, 5010, 3888, 2930)
GONE = "uncertain: [{id: c, event: withdrawn, probability: 30 %}]\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    rows = [f"D{k},{'01' if k % 2 else '02'},{c},{2 * c},{8 + 3 * k % 11}" for k, c in enumerate(COSTS)]
    (tmp_path / "d.csv").write_text("\n".join(["dossier,department,requested,cost,score", *rows]) + "\n")
    path = tmp_path / "s.yaml"
    path.write_text(HEAD + GONE, encoding="utf-8")
    return path


def told(found: tnt.Ensemble, lang: Lang = Lang.FR) -> str:
    return " ".join(" ".join(line.plain for line in render_report(build_report(found), lang, 110)).split())


def slowly(
    file: Path, monkeypatch: pytest.MonkeyPatch, draws: int = 40, seconds: float | None = None
) -> tnt.Ensemble:
    """Drawn while each answer takes a second."""
    now = [0.0]
    clock = SimpleNamespace(monotonic=lambda: now[0], perf_counter=lambda: now[0])
    monkeypatch.setattr(run, "time", clock)
    monkeypatch.setattr(one, "time", clock)
    StepClock(tick=0.0).install(monkeypatch)

    def tick(phase: str, share: float) -> None:
        now[0] += 1

    return tnt.ensemble(file, draws=draws, workers=1, sensitivity=5, time_limit=seconds, tell=tick)


def test_the_scenario_s_time_limit_is_that_of_the_whole(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = slowly(file, monkeypatch)
    assert list(found.draws.solved) == list(range(20))  # two thirds of 30 s
    assert list(found.draws.read) == list(range(10))  # the rest, in the draws that were decided
    assert found.draws.mixed == [{}]
    assert found.fixed_lists[0].name == "plan"
    assert (found.summary()["status"], found.summary()["stopped_by"]) == ("stopped", "time")
    assert "arrêté par la limite de temps après 20 tirages sur 40" in told(found)
    assert "20 tirages sur 40, et les listes lues dans 10" in told(found)
    assert "stopped by the time limit after 20 of 40 draws" in told(found, Lang.EN)


def test_a_longer_limit_is_asked_for(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = slowly(file, monkeypatch, seconds=90)
    assert (found.n_draws, len(found.draws.read), len(found.draws.mixed[0])) == (40, 40, 5)
    assert (found.summary()["status"], found.summary()["stopped_by"]) == ("done", None)
    assert "limite de temps" not in told(found)


def test_lists_that_are_not_read_everywhere_are_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = slowly(file, monkeypatch, draws=18)
    assert (found.n_draws, len(found.draws.read)) == (18, 12)
    assert found.summary()["stopped_by"] == "time"
    assert "18 tirages (graine 0)" in told(found)
    assert "18 tirages sur 18, et les listes lues dans 12" in told(found)


def test_solvers_are_given_what_is_left(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert one.build_clock(math.inf).limit_seconds is None
    seen = []

    def asked(problem: object, *options: object, clock: object) -> object:
        seen.append(clock)
        return real(problem, *options, clock=clock)  # type: ignore[arg-type]

    real = one.optimise
    monkeypatch.setattr(one, "optimise", asked)
    sample = one.Sample(file.resolve(), (), load_scenario(file).sha256, 2, 0, "lhs")
    one.run_task(one.DrawTask(sample, 0, until=time.monotonic() + 50))
    assert 0 < seen[0].limit_seconds <= 50


def test_no_draw_in_time_is_exit_5(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["ensemble", str(file), "--draws", "30", "--time-limit", "0.001 s"]
    for workers in ("1", "2"):
        assert main([*words, "--workers", workers, "--json"]) == 5
        document = json.loads(capsys.readouterr().out)
        assert (document["status"], document["n_draws"], document["robust"]) == ("stopped", 0, {})
    assert main([*words, "--workers", "1"]) == 5
    assert "0 tirage sur 30" in capsys.readouterr().out


def test_a_list_that_breaks_a_rule_is_not_named_best(file: Path) -> None:
    rule = "rules: [{id: r, kind: limit, measure: granted, where: {department: 02}, min: 5 k€}]\n"
    some = GONE.replace("probability: 30 %", "where: {dossier: [D0, D2, D3]}, probability: 10 %")
    file.write_text(HEAD + rule + some, encoding="utf-8")
    found = tnt.ensemble(file, draws=30, workers=1)
    best = max(found.fixed_lists, key=lambda each: each.risk.mean)
    assert best.holds < 1
    steady = {each.name for each in found.fixed_lists if each.holds == 1}
    assert steady
    assert set(found.robust.values()) <= steady
    assert "que de listes qui respectent les règles dans tous les tirages" in told(found)
    file.write_text(HEAD + GONE, encoding="utf-8")
    found = tnt.ensemble(file, draws=30, workers=1)
    assert len(found.steady) == len(found.fixed_lists)
    assert "que de listes qui respectent" not in told(found)


def test_a_draw_whose_search_did_not_end_is_left_out(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its list may not be its best; nor is it a draw in which nothing is allowed. Here it has no limits either."""
    monkeypatch.setattr(one, "compute_optimum_limits", lambda *_: None)
    whole = tnt.ensemble(file, draws=6, workers=1)
    asked = one.optimise
    stopped = iter([True, False, True])

    def ask(problem: Problem, *options: Any, **how: Any) -> SolveOutcome:
        answer = asked(problem, *options, **how)
        return replace(answer, claimed=False) if next(stopped, False) else answer

    monkeypatch.setattr(one, "optimise", ask)
    found = tnt.ensemble(file, draws=6, workers=1)
    assert found.draws.numbers == [1, 3, 4, 5]
    assert found.values == [whole.values[k] for k in (1, 3, 4, 5)]
    assert (found.draws.n_infeasible, found.summary()["n_failed"]) == (0, 2)
    assert "La meilleure liste n'a pas été trouvée dans 2 tirages sur 6" in told(found)
    assert "The best list was not found in 2 of 6 draws" in told(found, Lang.EN)
    assert "aucune répartition" not in told(found)


def test_workers_that_are_not_awake_in_time_are_not_waited_for(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = list[float]()

    def asleep(*_: Any, deadline: Deadline) -> Iterator[JobOutcome]:
        ends.append(deadline.seconds_left)
        yield from ()

    monkeypatch.setattr("tnt_sim.analysis.shared.executors.run_in_processes", asleep)
    found = tnt.ensemble(file, draws=6, workers=2, time_limit=30.0)
    assert 0 < ends[0] <= 20.0  # draws have two thirds
    assert (found.summary()["status"], found.summary()["stopped_by"], found.n_draws) == ("stopped", "time", 0)


@pytest.mark.parametrize(("limit", "serial"), [(None, False), (10.0, True), (600.0, False)])
def test_no_workers_start_where_they_would_take_the_limit(limit: float | None, serial: bool) -> None:
    """A second of imports is too much of 10 s; of ten minutes it is not, unless the scenario is large."""
    workers = Execution(executor("processes", 2), 2)
    chosen = run.choose_draw_execution(workers, limit, 0.5)
    assert (chosen.is_serial, chosen.n_workers) == (serial, 1 if serial else 2)
    assert run.choose_draw_execution(workers, limit, 60.0).is_serial is (limit is not None)
    elsewhere = replace(workers, is_local=False)
    assert run.choose_draw_execution(elsewhere, limit, 60.0) is elsewhere


def test_a_short_limit_gives_the_draws_of_no_limit(file: Path) -> None:
    """The default is this process for a limit of 8 s and several without one: the draws are equal."""
    free = file.with_name("free.yaml")
    free.write_text(file.read_text(encoding="utf-8").replace("solver: {time_limit: 30 s}\n", ""))
    short, full = tnt.ensemble(file, 4, time_limit=8.0), tnt.ensemble(free, 4)
    assert short.draws.stopped_by is None
    assert short.dossiers.equals(full.dossiers)
