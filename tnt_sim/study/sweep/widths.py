"""The width of the band in euros: C − min { C′ : U(C′) ≥ L(C) }, to the cent, from the exact dual lines.

U is read at each amount looked at, with that amount's own bounds of rows: shares in proportion are rounded to the
cent, so that a line in C alone would be a cent wrong here and there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.errors import ScenarioError
from tnt_sim.scenario.objective import Sense
from tnt_sim.study.moved import Moved
from tnt_sim.study.sweep.bounds import Lines, first_line
from tnt_sim.study.sweep.point import Point

Read = Callable[[int], Fraction | None]


def width_cents(
    moved: Moved,
    points: Sequence[Point],
    place: int,
    sense: Sense,
    lines: Lines,
    seconds: float,
    deadline: Deadline = UNLIMITED,
) -> int:
    """How much less money may be worth what was found at one amount; 0 where nothing is left to know.

    `points` are those of the free curve by rising amount; no rule may ask more as it grows.

    Raises
    ------
    DeadlineExpired
        When the time is over before it is known.
    """
    point = points[place]
    if point.settled or not point.values:
        return 0
    sign = 1 if sense is Sense.MAXIMISE else -1
    value = point.values[0]
    deadline.check()
    there = moved.problem_at(point.cents, deadline)
    first_line(there, lines, deadline.within(seconds))  # it is among those looked at

    def excess(cents: int) -> Fraction | None:
        """U − L in the direction of the goal; None where the scenario contradicts itself."""
        deadline.check()
        try:
            bound = first_line(moved.problem_at(cents, deadline), lines)
        except ScenarioError:
            return None
        return None if bound is None else sign * (bound - value)

    below = [other.cents for other in points[:place] if _short(other, value, sign)]
    return point.cents - least_reaching(excess, max(below, default=-1), point.cents)


def _short(point: Point, value: Fraction, sign: int) -> bool:
    """Whether no allocation at a point's amount is worth a value."""
    return bool(point.bounds) and point.bounds[0] is not None and sign * (point.bounds[0] - value) < 0


def least_reaching(excess: Read, fails: int, holds: int) -> int:
    """The least amount at which a rising function is not negative; it is at `holds`, and is not at `fails`.

    Straight lines are met at once, by interpolation: each guess is tried with its neighbour, and with the middle
    where both together have not halved what is left.
    """
    low, high = (None if fails < 0 else excess(fails)), excess(holds)

    def look(cents: int) -> bool:
        nonlocal fails, holds, low, high
        if not fails < cents < holds:
            return False
        found = excess(cents)
        if found is not None and found >= 0:
            holds, high = cents, found
            return True
        fails, low = cents, found
        return False

    while holds - fails > 1:
        guess, before = _crossing(fails, holds, low, high), holds - fails
        look(guess - 1 if look(guess) else guess + 1)
        if 2 * (holds - fails) > before:
            look((fails + holds) // 2)
    return holds


def _crossing(fails: int, holds: int, low: Fraction | None, high: Fraction | None) -> int:
    """Where a straight line between both ends reaches 0, strictly between them."""
    if low is None or high is None or high <= low:
        return (fails + holds) // 2
    guess = fails + int(-low * (holds - fails) / (high - low)) + 1
    return min(max(guess, fails + 1), holds - 1)
