"""A deadline ends when its clock says so, and no part of a work ends later than the whole."""

from __future__ import annotations

import math

import pytest
from support.clocks import StepClock

from tnt_sim.deadline import Deadline, DeadlineExpired


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
