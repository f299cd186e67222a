"""The time that a clock keeps for what follows the search."""

from __future__ import annotations

import pytest
from support.clocks import StepClock

from tnt_sim.engine import budgets
from tnt_sim.engine.budgets import BUDGETS, Clock, ReadingPace


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
