"""Curve of an envelope: the optimum at each amount under the settings of a page, by steps or by proven points.

The range is cut into windows, the nearest to the present amount first. Where one pass of the exact kernel settles
one (`compute_exact_steps`), all its steps are known, each read again. Elsewhere one amount of the window is
optimised and verified as an answer of the page is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import pairwise

import numpy as np

from tnt_sim.analysis.shared.amount_variation import FREE, AmountVariation
from tnt_sim.analysis.shared.envelope_path import list_amount_dependent_rules
from tnt_sim.analysis.sweep.exact_steps import SweepSteps, compute_exact_steps
from tnt_sim.app.live_answers import AnswerSuperseded, LiveAnswer, LiveAnswers
from tnt_sim.app.page_state import State
from tnt_sim.app.scenario_changes import apply_state, move_amount
from tnt_sim.deadline import Cancellation, Deadline, ProcessorClock
from tnt_sim.errors import TntError
from tnt_sim.rules.linear_terms import IntArray, sum_exactly
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.problem import Problem
from tnt_sim.scenario.scenario import is_sequence

CURVE_SECONDS, SHORT_SECONDS, POINT_SECONDS = 8.0, 0.5, 1.5
"""Limits in processor seconds: of a curve, of one that nobody can cancel, and of each point."""
N_WINDOWS, APART, MOST_FAILURES = 48, 4, 2
"""Number of windows, the distance between those optimised without a pass, and the failures that end the passes."""
MOST_DOSSIERS = 10_000
"""Most applications with which a pass is tried: it keeps each list while it is read."""


@dataclass(frozen=True, slots=True)
class AmountOptimum:
    """The optimum at an amount: the value of the first objective, and the number of applications funded."""

    cents: int
    value: Fraction
    n_funded: int


@dataclass(frozen=True, slots=True, eq=False)
class CurvePiece:
    """All steps of a window, or the optimum at one amount.

    Attributes
    ----------
    cents, units, n_funded : int64 (n_steps,), by increasing amount; a value is scale · units
    until_cents : end of the last step, exclusive
    gaps : amounts [from, until) at which the value is unknown
    """

    cents: IntArray
    units: IntArray
    n_funded: IntArray
    scale: Fraction
    until_cents: int
    is_proven: bool = True
    gaps: tuple[tuple[int, int], ...] = ()

    @property
    def is_window(self) -> bool:
        """Whether it has more than one amount."""
        return self.until_cents > int(self.cents[0]) + 1

    def get_point(self, k: int) -> AmountOptimum:
        """Return a step."""
        return AmountOptimum(int(self.cents[k]), self.scale * int(self.units[k]), int(self.n_funded[k]))

    def find_point(self, cents: int) -> AmountOptimum | None:
        """Return the optimum at an amount; None if it is unknown there."""
        if not self.cents[0] <= cents < self.until_cents or any(
            low <= cents < high for low, high in self.gaps
        ):
            return None
        return self.get_point(int(np.searchsorted(self.cents, cents, side="right")) - 1)


@dataclass(frozen=True, eq=False)
class AmountCurve:
    """The optimum at each amount of an envelope, as far as it is known.

    Attributes
    ----------
    base : settings in which the envelope moves
    low_cents, high_cents : range of amounts
    pieces : what is known, by increasing amount
    rises : whether more money is never worth less
    is_complete : whether nothing is left to compute
    """

    envelope: str
    base: State
    low_cents: int
    high_cents: int
    pieces: tuple[CurvePiece, ...] = ()
    rises: bool = False
    is_complete: bool = False

    def find_point(self, cents: int) -> AmountOptimum | None:
        """Return the proven optimum at an amount; None if it is unknown there."""
        found = (piece.find_point(cents) for piece in self.pieces if piece.is_proven)
        return next((point for point in found if point is not None), None)

    def find_range(self, cents: int) -> tuple[Fraction, Fraction] | None:
        """Return two values between which that at an amount is proven to lie; None if it is not bounded."""
        if not self.rises:
            return None
        proven = [piece for piece in self.pieces if piece.is_proven]
        below = [piece for piece in proven if piece.cents[0] <= cents]
        above = [piece for piece in proven if piece.cents[-1] >= cents]
        if not below or not above:
            return None
        low = below[-1].get_point(int(np.searchsorted(below[-1].cents, cents, side="right")) - 1)
        return low.value, above[0].get_point(int(np.searchsorted(above[0].cents, cents))).value

    def find_next(self, cents: int, n_funded: int) -> AmountOptimum | None:
        """Return the first amount above one whose proven optimum funds more than some applications."""
        for piece in self.pieces:
            if piece.until_cents <= cents or not piece.is_proven:
                continue
            better = np.flatnonzero((piece.cents > cents) & (piece.n_funded > n_funded))
            if len(better):
                return piece.get_point(int(better[0]))
        return None

    def with_piece(self, piece: CurvePiece) -> AmountCurve:
        """Return the curve with one more piece, without the single amounts that it covers."""
        others = [one for one in self.pieces if one.is_window or piece.find_point(int(one.cents[0])) is None]
        pieces = sorted([*others, piece], key=lambda one: (int(one.cents[0]), one.until_cents))
        return replace(self, pieces=tuple(pieces))


def generate_curve(
    desk: LiveAnswers,
    envelope: str,
    base: State,
    answer: LiveAnswer,
    high_cents: int,
    switch: Cancellation,
    seconds: float = CURVE_SECONDS,
) -> Iterator[AmountCurve]:
    """Yield the curve of an envelope, better each time.

    Parameters
    ----------
    answer : answer to the settings of the page, whose amount of the envelope may be another than in `base`
    high_cents : largest amount
    """
    tree = answer.problem.case.tree
    if envelope not in tree.ids or is_sequence(desk.scenario):
        return
    node = tree.get_node(envelope)
    here = tree.written_cents[node] or 0
    low = min(here, _compute_least_cents(answer.problem, node))
    rises = answer.problem.stages[0].sense is Sense.MAXIMISE and all(
        rule.relaxes for rule in list_amount_dependent_rules(answer.problem, range(tree.n_nodes))
    )
    curve = AmountCurve(envelope, base, low, max(high_cents, here + N_WINDOWS), rises=rises)
    curve = curve.with_piece(_build_piece(here, answer))
    yield curve
    deadline = Deadline(seconds, ProcessorClock(switch))
    variation = _build_variation(desk, curve)
    failures = 0
    for place, start, until in _list_windows(curve, here):
        if deadline.expired:
            break
        piece = None
        if variation is not None and failures < MOST_FAILURES:
            piece = _compute_window(variation, start, until, deadline)
            failures = failures + 1 if piece is None else 0
        if piece is None and place % APART == 0 and not deadline.expired:
            piece = _optimise_amount(desk, curve, start, switch)
        if piece is not None:
            curve = curve.with_piece(piece)
            yield curve
    if switch.is_cancelled:
        raise AnswerSuperseded


def _compute_least_cents(problem: Problem, node: int) -> int:
    """Return what is committed under an envelope: no smaller amount is valid."""
    case, offers = problem.case, problem.offers
    under = (case.node >= node) & (case.node < case.tree.end[node]) & offers.committed
    return sum_exactly(offers.committed_cents[under])


def _list_windows(curve: AmountCurve, here: int) -> list[tuple[int, int, int]]:
    """Return (place, start, until) of the windows of the range in whole euros, the nearest to `here` first."""
    span = curve.high_cents - curve.low_cents
    ends = {curve.low_cents + span * k // N_WINDOWS // 100 * 100 for k in range(1, N_WINDOWS)}
    ends = {curve.low_cents, *(end for end in ends if end > curve.low_cents), curve.high_cents + 1}
    windows = [(place, *window) for place, window in enumerate(pairwise(sorted(ends)))]
    return sorted(windows, key=lambda one: max(one[1] - here, here - one[2] + 1, 0))


def _build_variation(desk: LiveAnswers, curve: AmountCurve) -> AmountVariation | None:
    """Return the moving envelope; None if a pass over its amounts cannot be tried."""
    scenario = apply_state(desk.scenario, curve.base)
    spec = next(spec for spec, __ in scenario.spec.programme.walk() if spec.id == curve.envelope)
    below = any(child.amount is not None for child, __ in spec.walk() if child.id != spec.id)
    if below or scenario.portfolio.table.height > MOST_DOSSIERS:
        return None  # amounts below would follow, each rounded
    try:
        return AmountVariation.of(scenario, [curve.envelope], FREE)
    except TntError:
        return None


def _compute_window(
    variation: AmountVariation, start: int, until: int, deadline: Deadline
) -> CurvePiece | None:
    """Return all steps of a window; None if one pass of the exact kernel does not give them."""
    try:
        steps = compute_exact_steps(variation, start, until - 1, deadline=deadline)
    except TntError:
        return None
    if steps is None or not len(steps.cents):
        return None
    return _convert_steps(steps, start, until)


def _convert_steps(steps: SweepSteps, start: int, until: int) -> CurvePiece:
    n_funded = steps.funded.sum(axis=0, dtype=np.int64)
    gaps = steps.open
    if int(steps.cents[0]) > start and not gaps:
        gaps = ((start, int(steps.cents[0])),)
    return CurvePiece(steps.cents, steps.units, n_funded, steps.scale, until, gaps=gaps)


def _optimise_amount(
    desk: LiveAnswers, curve: AmountCurve, cents: int, switch: Cancellation
) -> CurvePiece | None:
    """Optimise the settings at an amount; None without an allocation."""
    state = move_amount(desk.scenario, curve.base, curve.envelope, cents)
    answer = desk.optimise_state(state.settings, POINT_SECONDS, switch)
    return _build_piece(cents, answer) if isinstance(answer, LiveAnswer) else None


def _build_piece(cents: int, answer: LiveAnswer) -> CurvePiece:
    value = Fraction(answer.reading.values[0])
    n_funded = np.array([int(answer.allocation.funded.sum())], dtype=np.int64)
    at, units = np.array([cents], dtype=np.int64), np.array([value.numerator], dtype=np.int64)
    return CurvePiece(at, units, n_funded, Fraction(1, value.denominator), cents + 1, answer.sure)
