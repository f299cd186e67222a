"""Seconds by phase, and what is left of a run's time."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from tnt_sim.deadline import Deadline
from tnt_sim.solve.backends.backend import Limits


@dataclass
class Clock:
    """Seconds by phase, and what is left of the run's limit.

    `reading_seconds` is what rules and dossiers took to be read together: what a machine takes to go through them.
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
    def until(cls, deadline: Deadline) -> Clock:
        """A clock of a part of the work, whose end is `deadline`."""
        clock = cls(deadline.limit_seconds)
        clock.deadline, clock._reads = deadline, False
        return clock

    def begin(self) -> None:
        """The inputs are read, rules and dossiers together: the limit counts from here, the first time only."""
        if self._reads:
            if self.limit_seconds is not None:
                self.reading_seconds = self.limit_seconds - self.deadline.seconds_left
            self.lap("read")
            self.deadline, self._reads = Deadline(self.limit_seconds), False

    def keeping_back(self, part: float) -> Deadline:
        """An earlier deadline that leaves time to tell a result: what reading took, `part` of the rest at most.

        Reasons, figures and sentences of a million dossiers take a second, which no deadline may cut.
        """
        left = self.deadline.limit_seconds
        if left is None:
            return self.deadline
        return self.deadline.within(left - min(self.reading_seconds, part * left))

    def share(self, part: float) -> Clock:
        """A clock of a part of the work that may take a part (0 to 1) of what is left; phases are counted here."""
        clock = Clock.until(self.deadline.share(part))
        clock.seconds = self.seconds
        return clock

    def lap(self, phase: str) -> None:
        """Close a phase."""
        now = time.perf_counter()
        self.seconds[phase] = round(self.seconds.get(phase, 0.0) + now - self.began, 4)
        self.began = now

    def limits(self, share: float = 1.0) -> Limits:
        """A share of what is left for a solver."""
        return Limits(self.deadline if share == 1.0 else self.deadline.share(share))
