"""A deadline ends when its clock says so, and no part of a work ends later than the whole."""

from __future__ import annotations

import math
import threading
import time

import pytest
from support.clocks import StepClock

from tnt_sim import deadline as deadlines
from tnt_sim.deadline import (
    Cancellation,
    Deadline,
    DeadlineExpired,
    ProcessorClock,
    read_processor_time,
)


def test_no_limit_never_ends() -> None:
    deadline = Deadline(None)
    assert not deadline.expired
    assert deadline.seconds_left == math.inf
    assert deadline.limit_seconds is None
    deadline.check()


def test_it_ends_when_its_clock_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = StepClock(tick=1.0).install(monkeypatch)
    deadline = Deadline(3.0)
    steps = 0
    while not deadline.expired:
        steps += 1
    assert steps == 2
    assert clock.readings_after(4.0) == 0
    with pytest.raises(DeadlineExpired):
        deadline.check()


def test_a_part_never_ends_later_than_the_whole() -> None:
    now = [0.0]
    whole = Deadline(10.0, lambda: now[0])
    assert whole.tighten(20.0).seconds_left == 10.0
    assert whole.tighten(None).seconds_left == 10.0
    assert whole.tighten(4.0).seconds_left == 4.0
    assert whole.take_share(0.5).seconds_left == 5.0
    now[0] = 11.0
    assert whole.tighten(5.0).expired
    assert whole.seconds_left == 0.0


def test_a_negative_limit_has_expired() -> None:
    assert Deadline(-1.0).expired


def test_work_is_limited_whatever_else_the_machine_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """A part may end by the processor's clock, and ends with the whole, by its own, at the latest."""
    now, worked = [0.0], [100.0]
    monkeypatch.setattr("tnt_sim.deadline.processor", lambda: worked[0])
    part = Deadline(60.0, lambda: now[0]).tighten(2.0, read_processor_time)
    now[0] = 50.0  # others had the machine
    assert (part.expired, part.seconds_left, part.tighten(30.0).seconds_left) == (False, 2.0, 2.0)
    half, later = part.take_share(0.5), part.extend(20.0)
    worked[0] = 101.0
    assert (half.expired, part.expired, part.seconds_left) == (True, False, 1.0)
    worked[0] = 102.0
    assert part.expired
    with pytest.raises(DeadlineExpired):
        part.check()
    assert (later.expired, later.seconds_left) == (False, 20.0)
    now[0] = 80.0
    assert later.expired


def test_processor_seconds_are_those_of_the_thread_that_works() -> None:
    """A thread that waits, and one that works beside it, cost a computation nothing."""
    clock = ProcessorClock()
    busy = threading.Thread(target=work)
    busy.start()
    busy.join()
    spent: list[float] = []
    other = threading.Thread(target=lambda: spent.append(clock()))
    before = clock()
    other.start()
    other.join()
    work()
    assert before <= spent[0] < clock(), "any thread reads it, and only the work of its own advances it"
    if hasattr(time, "pthread_getcpuclockid"):
        assert before - clock._started < WORK_SECONDS, "the work of another thread is not counted"


WORK_SECONDS = 0.05


def work() -> None:
    until = time.thread_time() + WORK_SECONDS
    while time.thread_time() < until:
        pass


def test_a_solver_that_reads_the_clock_gets_the_seconds_of_a_slow_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock, now = ProcessorClock(), [0.0]
    monkeypatch.setattr(clock.__class__, "_read_processor", lambda _: clock._started + now[0])
    monkeypatch.setattr(deadlines.time, "perf_counter", lambda: clock._began + 3 * now[0])
    deadline = Deadline(5.0, clock)
    assert deadline.clock_seconds == pytest.approx(5.0), "nothing is measured yet"
    now[0] = 2.0
    assert (deadline.seconds_left, deadline.clock_seconds) == (pytest.approx(3.0), pytest.approx(9.0))
    assert Deadline(3.0, lambda: 0.0).clock_seconds == 3.0
    assert Deadline(None, clock).clock_seconds == math.inf


def test_a_cancelled_computation_has_no_processor_seconds_left() -> None:
    switch = Cancellation()
    deadline = Deadline(5.0, ProcessorClock(switch))
    assert not deadline.expired
    switch.cancel()
    assert deadline.expired
    assert deadline.clock_seconds == 0.0
