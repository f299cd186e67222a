"""Deadlines: one object, passed into every loop, that says when a computation must end."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Callable

monotonic: Callable[[], float] = time.perf_counter
"""A clock in seconds that never goes back. Tests replace it by a fake one."""
processor: Callable[[], float] = time.process_time
"""Seconds that this process has worked. Tests replace it by a fake one."""


def read_processor_time() -> float:
    """Return the seconds that this process has worked: a clock that stands still while others use the machine."""
    return processor()


class Cancellation:
    """A switch that ends a computation at once, from another thread.

    Deadlines on `read_clock` have expired as soon as `cancel` was called, whatever time they had left.

    Examples
    --------
    >>> switch = Cancellation()
    >>> deadline = Deadline(10.0, switch.read_clock)
    >>> switch.cancel()
    >>> deadline.expired, Deadline(10.0, switch.read_clock).expired
    (True, True)
    """

    __slots__ = ("is_cancelled",)

    def __init__(self) -> None:
        self.is_cancelled = False

    def cancel(self) -> None:
        """End the computations whose deadlines are on this clock."""
        self.is_cancelled = True

    def read_clock(self) -> float:
        """Return the time in seconds; after `cancel`, the end of all time."""
        return math.inf if self.is_cancelled else monotonic()


class ProcessorClock:
    """The processor seconds of the thread that makes it, and of the processes that this process waited for.

    Any thread may read it. A computation on it gets the same work done on a busy machine as on a quiet one.

    Parameters
    ----------
    cancellation : ends the clock; the end of all time is then read
    """

    __slots__ = ("_began", "_cancellation", "_started", "_thread")

    def __init__(self, cancellation: Cancellation | None = None) -> None:
        self._cancellation = cancellation
        find = getattr(time, "pthread_getcpuclockid", None)  # elsewhere all threads count
        self._thread: int | None = None if find is None else find(threading.get_ident())
        self._began, self._started = time.perf_counter(), self._read_processor()

    def __call__(self) -> float:
        """Return the seconds; after the cancellation, the end of all time."""
        cancelled = self._cancellation is not None and self._cancellation.is_cancelled
        return math.inf if cancelled else self._read_processor()

    def compute_slowdown(self) -> float:
        """Return the seconds that passed for each processor second so far, at least 1 and at most `MOST_SLOWDOWN`.

        Too few processor seconds tell nothing: then it is 1.
        """
        worked = self._read_processor() - self._started
        passed = time.perf_counter() - self._began
        return 1.0 if worked < LEAST_MEASURED else min(MOST_SLOWDOWN, max(1.0, passed / worked))

    def _read_processor(self) -> float:
        own = time.process_time() if self._thread is None else time.clock_gettime(self._thread)
        times = os.times()
        return own + times.children_user + times.children_system


LEAST_MEASURED = 0.1
"""Processor seconds from which they tell how fast this machine is."""
MOST_SLOWDOWN = 10.0
"""Most seconds on the clock that a solver which reads only the clock may take for each processor second."""


class DeadlineExpired(Exception):
    """The time of a computation is up; the caller that set the deadline keeps what was found before."""


class Deadline:
    """A point in time after which a computation ends with what it has found.

    A deadline is created once, where a user starts something, and passed down unchanged. A function that
    loops takes it as an argument and reads `expired` (or calls `check`) at least every 50 ms of work. A part
    of the work that may take less time gets `deadline.tighten(seconds)`, which never ends later. A part that
    may work so long, whatever else the machine does, gets `deadline.tighten(seconds, read_processor_time)`.

    Parameters
    ----------
    seconds : time left from now, at least 0; None for no limit
    clock : a clock in seconds that never goes back; `monotonic` by default

    Examples
    --------
    >>> Deadline(None).seconds_left
    inf
    >>> Deadline(10.0).tighten(0.0).expired
    True
    """

    __slots__ = ("_clock", "_ends")

    def __init__(self, seconds: float | None = None, clock: Callable[[], float] | None = None) -> None:
        self._clock = monotonic if clock is None else clock
        self._ends: dict[Callable[[], float], float] = {}
        if seconds is not None and seconds < math.inf:
            now = self._clock()
            self._ends[self._clock] = -math.inf if now == math.inf else now + max(0.0, seconds)

    @property
    def is_unlimited(self) -> bool:
        """Whether there is no limit."""
        return not self._ends

    @property
    def seconds_left(self) -> float:
        """Seconds left, at least 0; infinite without a limit. Of several clocks, that of the fewest."""
        return max(0.0, min((end - clock() for clock, end in self._ends.items()), default=math.inf))

    @property
    def limit_seconds(self) -> float | None:
        """Seconds left in the form that solvers take: None without a limit."""
        return None if self.is_unlimited else self.seconds_left

    @property
    def clock_seconds(self) -> float:
        """Seconds on the clock for a solver that reads nothing else; infinite without a limit."""
        left = ((end - clock()) * _get_slowdown(clock) for clock, end in self._ends.items())
        return max(0.0, min(left, default=math.inf))

    @property
    def expired(self) -> bool:
        """Whether the deadline has passed."""
        return any(clock() >= end for clock, end in self._ends.items())

    def check(self, ahead: float = 0.0) -> None:
        """Raise `DeadlineExpired` if at most `ahead` seconds are left."""
        if any(clock() + ahead >= end for clock, end in self._ends.items()):
            raise DeadlineExpired

    def tighten(self, seconds: float | None, clock: Callable[[], float] | None = None) -> Deadline:
        """Return the earlier of this deadline and `seconds` from now, on its own clock or on another."""
        inner = Deadline(seconds, clock or self._clock)
        inner._clock = self._clock
        for each, end in self._ends.items():
            inner._ends[each] = min(end, inner._ends.get(each, math.inf))
        return inner

    def extend(self, seconds: float) -> Deadline:
        """Return a deadline that ends later by some seconds, on the same clocks.

        Examples
        --------
        >>> Deadline(0.0).extend(60.0).expired
        False
        """
        outer = Deadline(None, self._clock)
        outer._ends = {clock: end + seconds for clock, end in self._ends.items()}
        return outer

    def take_share(self, fraction: float) -> Deadline:
        """Return a deadline after a fraction `fraction` (0 to 1) of the time left on each clock."""
        inner = self
        for clock, end in self._ends.items():
            inner = inner.tighten(fraction * max(0.0, end - clock()), clock)
        return inner


def _get_slowdown(clock: Callable[[], float]) -> float:
    return clock.compute_slowdown() if isinstance(clock, ProcessorClock) else 1.0


UNLIMITED = Deadline(None)
"""No limit: the default of functions that are also called outside a run."""
