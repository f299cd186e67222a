"""How far a study came before its deadline, or Ctrl-C, ended it: the one place that counts and says so.

A study goes through its parts (dossiers, rules, amounts) with `each`, which stops once the deadline has passed.
It works inside `held`, which keeps what was found when the time is over or Ctrl-C is pressed. Its document then
says what ended it and after how many of how many.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tnt_sim.deadline import Deadline, DeadlineExpired

TIME, INTERRUPT = "time", "interrupt"


@dataclass
class Course:
    """How many parts of a study were done.

    Attributes
    ----------
    deadline : when it must end
    unit : what is counted, a key of `reporting.reports.progress.UNITS`
    n_done, n_asked : parts answered, and parts in all; `n_asked` stays 0 where nobody knows how many there are
    stopped_by : `time` or `interrupt`; None for a study that came to its end
    """

    deadline: Deadline
    unit: str
    n_done: int = 0
    n_asked: int = 0
    stopped_by: str | None = None

    def each[Part](self, parts: Iterable[Part]) -> Iterator[Part]:
        """The parts one after the other, as long as there is time; one is done when the next is asked for."""
        listed = list(parts)
        self.n_asked += len(listed)
        for part in listed:
            if self.deadline.expired:
                self.stopped_by = TIME
                return
            yield part
            self.n_done += 1

    def unanswered(self, *, stopped: bool = False) -> None:
        """The part under way may lack its answer: it is not counted where a limit ended it.

        `stopped` says that one did: its own share of the time, or by default the deadline of the whole.
        """
        if stopped or self.deadline.expired:
            self.n_done -= 1
            self.stopped_by = TIME

    @contextmanager
    def held(self) -> Iterator[None]:
        """The deadline and Ctrl-C end the work inside; what was found before stays."""
        try:
            yield
        except DeadlineExpired:
            self.stopped_by = TIME
        except KeyboardInterrupt:
            self.stopped_by = INTERRUPT

    def take(self, told: dict[str, Any]) -> None:
        """What a further part of the study says of itself, where it did not come to its end."""
        if told["stopped_by"] is not None:
            progress = told["progress"]
            self.stopped_by, self.unit = told["stopped_by"], progress["unit"]
            self.n_done, self.n_asked = progress["done"], progress["of"] or 0

    @property
    def status(self) -> str:
        """`optimal` at the end, `feasible` with some parts done, `stopped` with none."""
        if self.stopped_by is None:
            return "optimal"
        return "stopped" if self.stopped_by == INTERRUPT or not self.n_done else "feasible"

    def told(self) -> dict[str, Any]:
        """The keys of the document: `stopped_by` and `progress`."""
        progress = {"done": self.n_done, "of": self.n_asked or None, "unit": self.unit}
        return {"stopped_by": self.stopped_by, "progress": progress}
