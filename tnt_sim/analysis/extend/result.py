"""Result of "transfer or extend": optimal lists by total, and the gain of each objective by source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from tnt_sim.analysis.extend.transfer import TransferReading
from tnt_sim.analysis.marginal.marginal_euro import NextEuro
from tnt_sim.analysis.shared.envelope_path import EnvelopePath
from tnt_sim.analysis.shared.progress import StudyProgress
from tnt_sim.analysis.shared.reference_solution import ReferenceSolution
from tnt_sim.analysis.sweep.envelope_point import Point
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.problem import Problem
from tnt_sim.values.answer_values import Interval
from tnt_sim.verify.allocation_reading import Allocation

FREE, NESTED = "free", "nested"


@dataclass(frozen=True, slots=True, eq=False)
class ListAtTotal:
    """Optimal list at one total, with transfers or without.

    Attributes
    ----------
    total_cents : total of the programme
    problem : problem at that total, without the transfers of this module
    point : list and bounds
    transfers : moves with which the list fits; None without a list
    """

    total_cents: int
    problem: Problem
    point: Point
    transfers: TransferReading | None

    @property
    def allocation(self) -> Allocation | None:
        """Return the list."""
        return self.point.allocation


@dataclass(frozen=True, slots=True)
class GoalParts:
    """Gain of one objective from transfers and from an extension, positive is better; None if unknown.

    Attributes
    ----------
    transfer, extension, total : total = transfer + extension
    alone : gain of the extension without transfers
    beyond : gain of the extension without transfers, relative to transfers at the written total
    """

    goal: str
    transfer: Fraction | None
    extension: Fraction | None
    total: Fraction | None
    money_gain: Fraction | None
    transfer_gain: Fraction | None


@dataclass(frozen=True, slots=True)
class GrantedRange:
    """Range of what an envelope is granted over all lists of equal value and money, in cents.

    `proven`: no such list is outside the range; otherwise lists were found for both ends.
    """

    envelope: str
    least_cents: int
    most_cents: int
    proven: bool


@dataclass
class ExtendResult:
    """Result, complete or not.

    Attributes
    ----------
    base : reference solution, with the scenario's own transfers
    totals : larger totals, in cents, increasing
    standings : by curve, total and whether with transfers
    within : limits of the first goal, by the same, known before any list is looked for
    next : marginal step of each axis
    ranges : grants of the giving and taking envelopes in lists of equal value
    n_ranges : number of ranges wanted
    limits : what limits transfers
    """

    base: ReferenceSolution
    path: EnvelopePath
    totals: tuple[int, ...]
    course: StudyProgress
    limits: str
    standings: dict[tuple[str, int, bool], ListAtTotal] = field(default_factory=dict)
    within: dict[tuple[str, int, bool], Interval] = field(default_factory=dict)
    next: list[NextEuro] = field(default_factory=list)
    ranges: list[GrantedRange] = field(default_factory=list)
    n_ranges: int = 0

    def get_list(self, curve: str, total_cents: int, moved: bool) -> ListAtTotal | None:
        """Return one list; the starting point serves both curves."""
        start = total_cents == self.path.amount_cents and not moved
        return self.standings.get((FREE if start else curve, total_cents, moved))

    def get_limits(self, curve: str, total_cents: int, moved: bool) -> Interval | None:
        """Return the limits of a list that was not found; None where they are unknown too."""
        limits = self.within.get((curve, total_cents, moved))
        return None if limits is None or limits.is_empty else limits

    def decompose_gains(self, curve: str, total_cents: int) -> tuple[GoalParts, ...]:
        """Decompose the gain of each stage between transfers and a larger total."""
        written = self.path.amount_cents
        start, moved, there, single = (
            self._get_values(curve, *key)
            for key in ((written, False), (written, True), (total_cents, True), (total_cents, False))
        )
        return tuple(
            GoalParts(
                stage.goal,
                self._compute_gain(k, start, moved),
                self._compute_gain(k, moved, there),
                self._compute_gain(k, start, there),
                self._compute_gain(k, start, single),
                self._compute_gain(k, moved, single),
            )
            for k, stage in enumerate(self.base.problem.stages)
        )

    def _get_values(self, curve: str, total_cents: int, moved: bool) -> tuple[Fraction, ...]:
        found = self.get_list(curve, total_cents, moved)
        return () if found is None else found.point.values

    def _compute_gain(self, k: int, before: Sequence[Fraction], after: Sequence[Fraction]) -> Fraction | None:
        """Return by how much a stage improves, a whole number of its units."""
        if not before or not after:
            return None
        sign = 1 if self.base.problem.stages[k].sense is Sense.MAXIMISE else -1
        units = sign * (after[k] - before[k]) / self.base.units[k]
        assert units.denominator == 1, "a goal moved by less than its unit"
        return units * self.base.units[k]
