"""A false clock: it stands still until it is read, so that steps can be counted instead of seconds."""

from __future__ import annotations

import pytest

from tnt_sim import deadline


class StepClock:
    """A clock that advances by `tick` seconds at each reading.

    After `limit` seconds every deadline set at its start has passed; `readings_after(limit)` then counts how often
    it was still read, which is how many steps were still made.
    """

    def __init__(self, tick: float = 0.001) -> None:
        self.tick = tick
        self.readings = 0

    def __call__(self) -> float:
        self.readings += 1
        return self.readings * self.tick

    def readings_after(self, seconds: float) -> int:
        """Readings after that many seconds of this clock."""
        return max(0, self.readings - round(seconds / self.tick))

    def install(self, monkeypatch: pytest.MonkeyPatch) -> StepClock:
        """Give this clock to every deadline that is made from here on, and processor time one of its own."""
        monkeypatch.setattr(deadline, "monotonic", self)
        monkeypatch.setattr(deadline, "processor", StepClock(self.tick))
        return self
