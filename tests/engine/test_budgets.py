"""The time that a clock keeps for what follows the search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.clocks import StepClock
from support.tiny_scenario import tiny

from tnt_sim.analysis.extend import step_effects
from tnt_sim.engine import budgets
from tnt_sim.engine import optimise as optimise_module
from tnt_sim.engine.budgets import BUDGETS, Clock, ReadingPace
from tnt_sim.engine.solve import solve
from tnt_sim.prove import tie_break_proofs
from tnt_sim.solve.methods.tie_break import find_canonical_point


def stop_clock(monkeypatch: pytest.MonkeyPatch) -> StepClock:
    """A clock that stands still."""
    return StepClock(tick=0.0).install(monkeypatch)


def test_the_answer_of_an_analysis_gets_time_in_proportion_to_its_dossiers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop_clock(monkeypatch)
    clock = Clock(60.0)
    assert clock.hold_back_answer(0).deadline.seconds_left == 60.0
    assert clock.hold_back_answer(1_000_000).deadline.seconds_left == 60.0 - BUDGETS.answer_seconds
    assert clock.hold_back_answer(500_000).deadline.seconds_left == 60.0 - BUDGETS.answer_seconds / 2
    assert clock.hold_back_answer(10**9).deadline.seconds_left == 60.0 * (1 - BUDGETS.result_share)
    assert clock.hold_back_answer(10).seconds is clock.seconds
    free = Clock(None)
    assert free.hold_back_answer(1_000_000) is free


@pytest.mark.parametrize(("worked", "expected"), [(4.0, 2.5), (20.0, 1.0), (0.05, 1.0)])
def test_a_machine_that_works_for_others_gets_more_time_for_the_answer(
    worked: float, expected: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten seconds of reading with so many processor seconds; few of them tell nothing."""
    steps = stop_clock(monkeypatch)
    clock = Clock(60.0)
    began = clock._processor_began
    monkeypatch.setattr(budgets.time, "process_time", lambda: began + worked)
    steps.tick, steps.readings = 1.0, 9  # the next reading of the clock is ten seconds later
    clock.begin()
    assert (clock.reading_seconds, clock.slowdown) == (10.0, pytest.approx(expected))
    steps.tick = 0.0
    clock.begin()
    assert clock.slowdown == pytest.approx(expected)


def test_a_decision_gets_time_for_its_files_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """What reading took, before the clock too, as many times as asked, and a share of the limit at most."""
    steps = stop_clock(monkeypatch)
    clock = Clock(60.0, {"read": 1.5})
    steps.tick, steps.readings = 1.0, 1  # the next reading of the clock is two seconds later
    clock.begin()
    assert clock.reading_seconds == 3.5
    stop_clock(monkeypatch)
    clock = Clock(60.0)
    clock.reading_seconds = 3.5
    assert clock.hold_back(0.25).seconds_left == 60.0 - 3.5
    assert clock.hold_back(0.25, BUDGETS.run_readings).seconds_left == 60.0 - 7.0
    assert clock.hold_back(0.25, 10.0).seconds_left == 45.0


def test_the_pace_of_reading_is_that_of_a_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    pace = ReadingPace()
    monkeypatch.setattr(budgets.time, "process_time", lambda: pace.processor_began + 4.0)
    monkeypatch.setattr(budgets.time, "perf_counter", lambda: pace.began + 10.0)
    assert pace.compute_slowdown() == pytest.approx(2.5)
    monkeypatch.setattr(budgets.time, "process_time", lambda: pace.processor_began + 0.05)
    assert pace.compute_slowdown() == 1.0


@pytest.mark.parametrize(("worked", "allowed"), [(0.0, BUDGETS.list_proof_seconds), (2.0, 2.0)])
def test_the_proof_of_the_list_works_as_long_as_its_decision(
    worked: float, allowed: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In processor seconds: a search that finds nothing costs as much as the decision at most."""
    now, given = [0.0], list[float]()
    monkeypatch.setattr("tnt_sim.deadline.processor", lambda: now[0])

    def break_ties(*asked: Any, **how: Any) -> Any:
        now[0] += worked
        return find_canonical_point(*asked, **how)

    def prove_list(*asked: Any) -> None:
        given.append(asked[-1].seconds_left)

    monkeypatch.setattr(optimise_module, "find_canonical_point", break_ties)
    monkeypatch.setattr(tie_break_proofs, "_prove_list", prove_list)
    solve(tiny(tmp_path), cross_check="never", method="direct")
    assert given == [pytest.approx(allowed)]


@pytest.mark.parametrize(
    ("worked", "allowed"), [(0.0, step_effects.LEAST_SECONDS), (20.0, 4.0), (900.0, 10.0)]
)
def test_what_axes_would_do_with_more_takes_a_fifth_of_the_decision(
    worked: float, allowed: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In processor seconds, so that a busy machine leaves no axis out."""
    scenario, given = tiny(tmp_path), list[float]()
    result, optimise = solve(scenario), optimise_module.optimise
    monkeypatch.setattr("tnt_sim.deadline.processor", lambda: 0.0)

    def optimise_step(*asked: Any, clock: Clock, **how: Any) -> Any:
        given.append(clock.deadline.seconds_left)
        return optimise(*asked, clock=clock, **how)

    monkeypatch.setattr(step_effects, "optimise", optimise_step)
    found = step_effects.compute_step_gains(scenario, result, worked, None)
    assert given == [pytest.approx(allowed)] * 2
    assert found is not None
    assert (found.missing, len(found.axes)) == ([], 2)
