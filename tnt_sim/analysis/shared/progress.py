"""Progress of an analysis: how many items were done before the deadline or Ctrl-C ended it.

An analysis iterates over its items (applications, rules, amounts) with `StudyProgress.iterate_items`, which stops
when the deadline has passed, and works inside `StudyProgress.catch_limits`, which catches the deadline and Ctrl-C
and keeps what was found. The document then states what ended the analysis and how many items were
done.

Answers that grow have bounds that hold whenever time ends. `StudyProgress.improve_in_turn` shares the time among
n of them: first all get certified bounds, then the k-th has 1 / (n − k + 1) of what is left, and leaves to those
after it what it does not need. Those whose turn does not come stand with their bounds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.documents import dump_document
from tnt_sim.engine.result import Status
from tnt_sim.values.answer_values import Interval

TIME, INTERRUPT = "time", "interrupt"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressEntry:
    """How many items an analysis has done; `of` is None where their number is not known beforehand."""

    done: int
    of: int | None
    unit: str


class GrowingAnswer(ABC):
    """Answer that may be interrupted at any time: bounds that are certified first, then the answer itself."""

    name: str
    """What it is about, for a report of progress."""

    @property
    @abstractmethod
    def bounds(self) -> Interval:
        """The bounds that are known; empty where nothing is."""

    @abstractmethod
    def find_bounds(self, until: Deadline) -> None:
        """Look for bounds, without the answer."""

    @abstractmethod
    def find_answer(self, until: Deadline) -> None:
        """Look for the answer as far as time goes."""


@dataclass
class StudyProgress:
    """Counter of the items done by an analysis.

    Attributes
    ----------
    deadline : end of the analysis
    unit : what is counted, a key of `reporting.reports.progress.UNITS`
    n_done, n_asked : items done and items in all; `n_asked` is 0 if the total is unknown
    stopped_by : `time` or `interrupt`; None if the analysis completed
    """

    deadline: Deadline
    unit: str
    n_done: int = 0
    n_asked: int = 0
    stopped_by: str | None = None

    def iterate_items[Part](self, items: Iterable[Part]) -> Iterator[Part]:
        """Yield the items until the deadline; an item counts as done when the next is requested."""
        listed = list(items)
        self.n_asked += len(listed)
        for piece in listed:
            if self.deadline.expired:
                self.stopped_by = TIME
                return
            yield piece
            self.n_done += 1

    def improve_in_turn[Answer: GrowingAnswer](
        self,
        answers: Sequence[Answer],
        bounds_share: float,
        report_progress: Callable[[str, float], None] | None = None,
        least_share: float = 0.0,
    ) -> Iterator[Answer]:
        """Improve all answers, and yield each after its turn, then those whose turn did not come.

        Bounds have `bounds_share` of the time, an answer in its turn `least_share` of what is left at least. All
        count as done: who receives one that is open withdraws it.
        """
        first = self.deadline.take_share(bounds_share)
        with suppress(DeadlineExpired):
            for answer in () if first.is_unlimited else answers:
                first.check()
                if answer.bounds.is_empty:
                    answer.find_bounds(first)
        n_left = len(answers)
        for answer in self.iterate_items(answers):
            if report_progress is not None:
                report_progress(answer.name, 1 - n_left / len(answers))
            until = self.deadline.take_share(max(least_share, 1 / n_left))
            n_left -= 1
            try:
                answer.find_answer(until)
            except DeadlineExpired:
                self.stopped_by = TIME
            yield answer
        for answer in answers[len(answers) - n_left :]:
            self.n_done += 1
            yield answer

    def withdraw_item(self, *, stopped: bool = False) -> None:
        """Withdraw the item under way from the count if a limit ended it.

        Parameters
        ----------
        stopped : whether its own share of the time ended it; the overall deadline is tested in any
        case
        """
        if stopped or self.deadline.expired:
            self.n_done -= 1
            self.stopped_by = TIME

    @contextmanager
    def catch_limits(self) -> Iterator[None]:
        """Catch the deadline and Ctrl-C inside the block and record which of them came."""
        try:
            yield
        except DeadlineExpired:
            self.stopped_by = TIME
        except KeyboardInterrupt:
            self.stopped_by = INTERRUPT

    def take(self, stopped_by: str | None, progress: ProgressEntry) -> None:
        """Take over the progress of a sub-analysis that did not complete."""
        if stopped_by is not None:
            self.stopped_by, self.unit = stopped_by, progress.unit
            self.n_done, self.n_asked = progress.done, progress.of or 0

    @property
    def status(self) -> Status:
        """Return `optimal` if complete, `feasible` with some items done, `stopped` with none or after Ctrl-C."""
        if self.stopped_by is None:
            return Status.OPTIMAL
        return Status.STOPPED if self.stopped_by == INTERRUPT or not self.n_done else Status.FEASIBLE

    @property
    def progress(self) -> ProgressEntry:
        """Return how many items are done, as documents report it."""
        return ProgressEntry(done=self.n_done, of=self.n_asked or None, unit=self.unit)

    def record(self) -> dict[str, Any]:
        """Return the keys `stopped_by` and `progress` of the document."""
        return {"stopped_by": self.stopped_by, "progress": dump_document(self.progress)}
