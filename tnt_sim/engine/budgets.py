"""Time budget of a run: seconds spent by phase, and the deadline."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from tnt_sim.deadline import Deadline
from tnt_sim.solve.backends.backend import Limits


@dataclass
class Clock:
    """Seconds spent by phase, and the deadline of a run.

    Attributes
    ----------
    limit_seconds : limit of the run; None for no limit
    seconds : seconds spent, by phase
    deadline : when the run must end
    reading_seconds : time spent reading rules and dossiers, a measure of how fast this machine processes them
    """

    limit_seconds: float | None
    seconds: dict[str, float] = field(default_factory=dict)
    began: float = field(default_factory=time.perf_counter)
    deadline: Deadline = field(init=False)
    reading_seconds: float = field(default=0.0, init=False)
    _reads: bool = field(default=True, init=False)

    def __post_init__(self) -> None:
        self.deadline = Deadline(self.limit_seconds)

    @classmethod
    def from_deadline(cls, deadline: Deadline) -> Clock:
        """Create a clock for a part of the work that ends at `deadline`."""
        clock = cls(deadline.limit_seconds)
        clock.deadline, clock._reads = deadline, False
        return clock

    def begin(self) -> None:
        """Start the limit after the inputs were read; only the first call has an effect."""
        if self._reads:
            if self.limit_seconds is not None:
                self.reading_seconds = self.limit_seconds - self.deadline.seconds_left
            self.record_phase("read")
            self.deadline, self._reads = Deadline(self.limit_seconds), False

    def hold_back(self, fraction: float) -> Deadline:
        """Return an earlier deadline that leaves time to build the result.

        The time reserved is what reading took, at most the share `fraction` of the remaining time. Reasons,
        figures and sentences of a million dossiers take a second, which no deadline may cut.
        """
        left = self.deadline.limit_seconds
        if left is None:
            return self.deadline
        return self.deadline.tighten(left - min(self.reading_seconds, fraction * left))

    def take_share(self, fraction: float) -> Clock:
        """Create a clock with a share (0 to 1) of the remaining time; its phases are counted here."""
        clock = Clock.from_deadline(self.deadline.take_share(fraction))
        clock.seconds = self.seconds
        return clock

    def record_phase(self, phase: str) -> None:
        """End a phase and record its seconds."""
        now = time.perf_counter()
        self.seconds[phase] = round(self.seconds.get(phase, 0.0) + now - self.began, 4)
        self.began = now

    def build_limits(self, share: float = 1.0) -> Limits:
        """Return solver limits with a share of the remaining time."""
        return Limits(self.deadline if share == 1.0 else self.deadline.take_share(share))
