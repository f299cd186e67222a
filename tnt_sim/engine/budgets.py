"""Budgets of an optimisation: seconds, shares of a limit and rounds; and the clock of a run."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from numbers import Real

from tnt_sim.deadline import LEAST_MEASURED, Deadline
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import _
from tnt_sim.solve.backends.backend import Limits


@dataclass(frozen=True, slots=True)
class Budgets:
    """All limits and rounds of the engine. None of them changes an optimal answer; they say when to give up.

    Attributes
    ----------
    rounds : solves after the exact reading refused a point, or after a tie-break bettered a stage
    better_starts : solves from a better point of the second solver
    first_seconds, first_share : most seconds, and largest share of what is left, for a first feasible point
    late_seconds : most seconds for a first feasible point after the limit, where nothing else was found
    kernel_share : share of what is left that exact kernels may take, so that a solver has time too
    fixing_share : the same for reduced-cost fixing
    least_granted_share : the same for the search of « least granted », so that the evidence of the goals has time
    missing_tie_break_share : the same for a tie-break before the evidence of the goals is there
    cross_check_share : the same for a second solver, so that the tie-break has time too
    proof_share : largest share of what is left that a proof of a decision takes
    proof_seconds : least and most processor seconds for it; between them, four times what the stages took
    tie_proof_seconds : the same for proofs of « least granted » and of the tie-break
    list_proof_seconds : least processor seconds for that of the tie-break, which else gets those of its decision
    price_proof_seconds : processor seconds for proofs by prices, within the time of the decision
    question_proof_share, question_proof_seconds : share and most processor seconds for the proof of a question
    gap_seconds, gap_share : most seconds, and share of a limit, for the gap in money
    result_share : largest share of a limit left for building the result
    run_readings : time left for building and writing the result of a decision, as a multiple of that of reading
    answer_seconds : processor seconds left for building the answer of an analysis, for a million dossiers
    """

    rounds: int = 30
    better_starts: int = 3
    first_seconds: float = 5.0
    first_share: float = 0.5
    late_seconds: float = 1.0
    kernel_share: float = 0.5
    fixing_share: float = 0.5
    least_granted_share: float = 0.5
    missing_tie_break_share: float = 0.5
    cross_check_share: float = 0.5
    proof_share: float = 0.3
    proof_seconds: tuple[float, float] = (10.0, 60.0)
    tie_proof_seconds: tuple[float, float] = (5.0, 30.0)
    list_proof_seconds: float = 0.3
    price_proof_seconds: float = 3.0
    question_proof_share: float = 0.5
    question_proof_seconds: float = 10.0
    gap_seconds: float = 5.0
    gap_share: float = 0.05
    result_share: float = 0.25
    run_readings: float = 2.0
    answer_seconds: float = 3.0


BUDGETS = Budgets()


@dataclass(frozen=True)
class ReadingPace:
    """How fast this machine works for this process, measured while it reads its inputs.

    Attributes
    ----------
    began, processor_began : seconds on the clock, and of the processor, when reading began
    """

    began: float = field(default_factory=time.perf_counter)
    processor_began: float = field(default_factory=time.process_time)

    def compute_slowdown(self) -> float:
        """Return the seconds that passed for each processor second, at least 1; 1 where too few tell nothing."""
        worked = time.process_time() - self.processor_began
        return 1.0 if worked < LEAST_MEASURED else max(1.0, (time.perf_counter() - self.began) / worked)


@dataclass
class Clock:
    """Seconds spent by phase, and the deadline of a run.

    It raises `UsageError` for a limit that is no number of seconds from 0.

    Attributes
    ----------
    limit_seconds : limit of the run; None for no limit
    seconds : seconds spent, by phase
    deadline : when the run must end
    reading_seconds : time spent reading rules and dossiers, before this clock too (phase `read`): a measure of how
    fast this machine processes them
    slowdown : seconds that passed for each processor second while they were read, at least 1
    """

    limit_seconds: float | None
    seconds: dict[str, float] = field(default_factory=dict)
    began: float = field(default_factory=time.perf_counter)
    deadline: Deadline = field(init=False)
    reading_seconds: float = field(default=0.0, init=False)
    slowdown: float = field(default=1.0, init=False)
    _processor_began: float = field(default_factory=time.process_time, init=False)
    _reads: bool = field(default=True, init=False)

    def __post_init__(self) -> None:
        limit = self.limit_seconds
        if limit is not None and not (isinstance(limit, Real) and not isinstance(limit, bool) and limit >= 0):
            text = _(
                'time_limit is a number of seconds, not "{limit}". Write 60 for a minute.', limit=str(limit)
            )
            raise UsageError(text)
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
                passed = self.limit_seconds - self.deadline.seconds_left
                self.reading_seconds = passed + self.seconds.get("read", 0.0)
                worked = time.process_time() - self._processor_began
                if worked >= LEAST_MEASURED:
                    self.slowdown = max(1.0, passed / worked)
            self.record_phase("read")
            self.deadline, self._reads = Deadline(self.limit_seconds), False

    def hold_back(self, fraction: float, n_readings: float = 1.0) -> Deadline:
        """Return an earlier deadline that leaves time to build the result.

        The time reserved is what reading took `n_readings` times, at most the share `fraction` of the remaining
        time. Reasons, figures and sentences of a million dossiers take a second, which no deadline may cut.
        """
        left = self.deadline.limit_seconds
        if left is None:
            return self.deadline
        return self.deadline.tighten(left - min(n_readings * self.reading_seconds, fraction * left))

    def hold_back_answer(self, n_dossiers: int) -> Clock:
        """Create an earlier clock that leaves time to build the answer of an analysis.

        The time reserved is `Budgets.answer_seconds` in proportion to the dossiers, longer on a machine that works
        for others, and at most the share `Budgets.result_share` of the remaining time.
        """
        left = self.deadline.limit_seconds
        if left is None:
            return self
        needed = BUDGETS.answer_seconds * n_dossiers / 1_000_000 * self.slowdown
        clock = Clock.from_deadline(self.deadline.tighten(left - min(needed, BUDGETS.result_share * left)))
        clock.seconds = self.seconds
        return clock

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

    def build_limits(self) -> Limits:
        """Return solver limits with the remaining time."""
        return Limits(self.deadline)
