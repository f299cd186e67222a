"""Sizes of the groups of cases that a worker gets at once: about one second of work, as earlier cases took.

Let t be the mean seconds of the last `WINDOW` cases, r the cases left and w the workers. The next group has ::

    max(1, min(MOST_IN_GROUP, GROUP_SECONDS / t, r / 4w))

cases, rounded down: a scheduler that spends milliseconds per group is then idle nearly all the time, and groups
get smaller near the end, so that workers end together.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tnt_sim.parallel import Job

GROUP_SECONDS = 1.0
"""Work of a group."""
MOST_IN_GROUP = 1000
WINDOW = 100
"""Cases whose seconds are remembered."""


@dataclass(eq=False)
class GroupSizes:
    """Chooses the number of cases of each group, from the seconds of the cases observed so far.

    Attributes
    ----------
    n_workers : workers that take groups at the same time
    """

    n_workers: int
    seconds: deque[float] = field(default_factory=lambda: deque(maxlen=WINDOW))

    def record_seconds(self, seconds: float) -> None:
        """Note the seconds of a case that ended."""
        self.seconds.append(seconds)

    def choose(self, n_left: int) -> int:
        """Return the number of cases of the next group, of `n_left`: one until a case has ended.

        >>> sizes = GroupSizes(2)
        >>> sizes.record_seconds(0.25)
        >>> sizes.choose(1000), sizes.choose(16), sizes.choose(1)
        (4, 2, 1)
        """
        if not self.seconds:
            return 1
        mean = max(sum(self.seconds) / len(self.seconds), GROUP_SECONDS / MOST_IN_GROUP)
        return max(1, min(int(GROUP_SECONDS / mean), n_left // (4 * self.n_workers)))

    def generate_groups(self, jobs: Sequence[Job]) -> Iterator[Sequence[Job]]:
        """Yield the jobs in groups; the size of each is chosen when it is taken."""
        start = 0
        while start < len(jobs):
            size = self.choose(len(jobs) - start)
            yield jobs[start : start + size]
            start += size
