"""For all dossiers at once: the score and the extension that each would need, what lifting its obstacle would do.

Most are settled without a solve: an exact bound from below and a list read again from above meet (`bounds.py`),
or an exact bound says that a dossier without its obstacle would still be refused (`lifted_all.py`). Where they do
not, one solve does, as far as time allows; else an interval is told, or that the dossier is to be asked alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from tnt_sim.clock import Clock
from tnt_sim.deadline import Deadline, DeadlineExpired
from tnt_sim.question import ask, forced
from tnt_sim.study.course import Course
from tnt_sim.study.explain.bounds import Bounds, Interval
from tnt_sim.study.explain.changes import Asking, asking, score_entry
from tnt_sim.study.explain.decided import Decided
from tnt_sim.study.explain.envelope import of_everyone
from tnt_sim.study.explain.lifted import Obstacle, obstacles, solved
from tnt_sim.study.explain.lifted_all import LiftedBounds
from tnt_sim.study.explain.score import Score, figure_of, is_given
from tnt_sim.study.explain.weigh import goes_first, with_tolerance
from tnt_sim.verify.figures import decimal_text

Entry = dict[str, Any]
MOST_SOLVES = 120
SECONDS = 120.0
"""Where no kernel settles decisions of this kind, so many dossiers are solved for, within so much time."""
ENVELOPES_SHARE = 0.4
"""Of the time that is left: the extensions of all dossiers, before their scores."""
Tell = Callable[[str, float], None]


@dataclass(slots=True)
class Settled:
    """The changes by row, and how they were settled.

    Attributes
    ----------
    by_bounds, by_solve, intervals : refused candidates whose score each way settled
    lifted_by_bounds, lifted_by_solve, lifted_open : obstacles taken away, by what settled each; left to be asked
    """

    changes: dict[int, list[Entry]] = field(default_factory=dict)
    by_bounds: int = 0
    by_solve: int = 0
    intervals: int = 0
    lifted_by_bounds: int = 0
    lifted_by_solve: int = 0
    lifted_open: int = 0

    def counts(self) -> dict[str, int]:
        """How many dossiers each way settled."""
        names = ("by_bounds", "by_solve", "intervals", "lifted_by_bounds", "lifted_by_solve", "lifted_open")
        return {name: getattr(self, name) for name in names}


def settle_all(decided: Decided, rows: Sequence[int], told: Tell, course: Course) -> Settled:
    """The changes of every refused dossier among some rows; the deadline, or Ctrl-C, leaves what is there."""
    found, wanted = Settled(), set(rows)
    offers, funded = decided.problem.offers, decided.allocation.funded
    waiting = [row for row in rows if offers.candidate[row] and not funded[row]]
    outside = [row for row in rows if not (offers.candidate[row] or offers.committed[row] or funded[row])]
    course.n_asked += len(waiting) + len(outside)
    envelopes: dict[int, Entry] = {}
    with course.held():
        question = asking(decided)
        quick = replace(decided, clock=Clock.until(course.deadline.share(ENVELOPES_SHARE)))
        with suppress(DeadlineExpired):
            of_everyone(
                quick, question.steps, lambda name, share: told("envelopes", 0.3 + 0.2 * share), envelopes
            )
        _scores(question, waiting, found, told, course)
        _obstacles(decided, outside, found, told, course)
    for row in wanted & envelopes.keys():
        found.changes.setdefault(row, []).append(envelopes[row])
    return found


def _scores(question: Asking, waiting: Sequence[int], found: Settled, told: Tell, course: Course) -> None:
    """The score that each refused candidate would need, before its other changes."""
    decided = question.decided
    usable = [(one, effect) for one, effect in question.scores if effect is not None]
    if not waiting or not usable or with_tolerance(decided.problem):
        course.n_done += len(waiting)
        return
    course.deadline.check()
    bounds, by_kernel = Bounds(decided), _kernel_settles(decided)
    until = course.deadline.within(SECONDS)
    one, effect = usable[0]
    for number, row in enumerate(waiting):
        course.deadline.check()
        course.n_done += 1
        told("dossiers", 0.5 + 0.3 * number / len(waiting))
        if not is_given(decided.problem, row, one.column):
            missing = {"kind": "score", "of": one.column, "status": "undefined", "why": "no_figure"}
            found.changes.setdefault(row, []).append(missing)
            continue
        interval = bounds.interval(row)
        steps = _settled_steps(question, row, effect[row], interval)
        if interval.impossible:
            found.by_bounds += 1
            entry: Entry = {"kind": "score", "of": one.column, "status": "impossible", "why": "no_allocation"}
            entry |= {"settled_by": "bounds", "proof": decided.proof}
        elif steps is not None:
            found.by_bounds += 1
            entry = _exact(decided, row, one, effect[row], interval, steps)
        elif by_kernel or (found.by_solve < MOST_SOLVES and not until.expired):
            found.by_solve += 1
            inside = ask(forced(decided.problem, [row]), prove=False, clock=decided.clock)
            entry = score_entry(question, row, one, effect[row], inside, confirm=False)
            entry |= {"settled_by": "solve"}
        else:
            found.intervals += 1
            entry = _between(decided, row, one, effect[row], interval)
        found.changes.setdefault(row, []).append(entry)


def _obstacles(decided: Decided, outside: Sequence[int], found: Settled, told: Tell, course: Course) -> None:
    """What lifting a missed requirement or a refusal would do, for each dossier that none but that keeps out."""
    if not outside:
        return
    course.deadline.check()
    bounds, until = LiftedBounds.of(decided), course.deadline.within(SECONDS)
    for number, row in enumerate(outside):
        course.deadline.check()
        told("lifted", 0.8 + 0.2 * number / len(outside))
        for one in obstacles(decided, row):
            entry = _lifted(one, row, bounds, found, until) if one.problem is not None else one.told()
            found.changes.setdefault(row, []).append(entry)
        course.n_done += 1


def _lifted(one: Obstacle, row: int, bounds: LiftedBounds, found: Settled, until: Deadline) -> Entry:
    assert one.problem is not None
    offers, proof = one.problem.offers, bounds.decided.proof
    funds = bounds.funds(one.problem, row)
    if funds is False:
        found.lifted_by_bounds += 1
        return one.entry("impossible", why="not_enough", proof=proof, settled_by="bounds")
    if funds and offers.least_cents[row] == offers.most_cents[row]:
        found.lifted_by_bounds += 1
        return one.funded(int(offers.most_cents[row]), proof) | {"settled_by": "bounds"}
    if not until.expired:
        found.lifted_by_solve += 1
        return solved(one, one.problem, row, bounds.decided, prove=False) | {"settled_by": "solve"}
    found.lifted_open += 1
    return one.entry("undefined", why="ask_alone")


def _kernel_settles(decided: Decided) -> bool:
    """Whether a kernel settles this decision: then one dossier more that must be in is a question of moments."""
    return ask(decided.problem, prove=False, canonical=False, clock=decided.clock).method == "tree"


def _settled_steps(
    question: Asking, row: int, effect: tuple[Fraction, ...], interval: Interval
) -> int | None:
    """The exact number of steps, where the loss is one figure and ties are decided; None elsewhere."""
    decided = question.decided
    if not interval.point or len(decided.problem.stages) > 1 or not effect[0] or interval.reading is None:
        return None
    whole = interval.low / abs(effect[0])
    if whole.denominator != 1:
        return -(-whole.numerator // whole.denominator)
    # a tie after so many steps: the money decides, then the rank, if the list in hand is the least of its kind
    assert interval.allocation is not None
    if goes_first(interval.allocation, decided.allocation) > 0:
        return int(whole)
    return int(whole) + 1 if interval.least_cents > decided.reading.granted_cents else None


def _exact(
    decided: Decided, row: int, one: Score, effect: tuple[Fraction, ...], interval: Interval, steps: int
) -> Entry:
    way = 1 if effect[0] > 0 else -1
    now, by = figure_of(decided.problem, row, one.column), way * steps * one.step
    return _entry(one) | {
        "status": "exact",
        "from": decimal_text(now),
        "to": decimal_text(now + by),
        "by": decimal_text(by),
        "tie": (interval.low / abs(effect[0])).denominator == 1,
        "settled_by": "bounds",
        "proof": decided.proof,
        "confirmed": None,
    }


def _between(
    decided: Decided, row: int, one: Score, effect: tuple[Fraction, ...], interval: Interval
) -> Entry:
    """At least and at most this score; `enough` is None where no list was found."""
    now = figure_of(decided.problem, row, one.column)
    if not effect[0]:
        lost = {"status": "impossible", "why": "earlier_goal"}
        return {"kind": "score", "of": one.column} | (
            lost if interval.low else {"status": "undefined", "why": "ask_alone"}
        )
    way = 1 if effect[0] > 0 else -1
    least = interval.low / abs(effect[0])
    low = -(-least.numerator // least.denominator)
    high = None
    if interval.high is not None:
        most = interval.high / abs(effect[0])
        high = most.numerator // most.denominator + 1
    return _entry(one) | {
        "status": "interval",
        "from": decimal_text(now),
        "low": decimal_text(now + way * max(0, low) * one.step),
        "high": None if high is None else decimal_text(now + way * high * one.step),
        "settled_by": "bounds",
        "proof": decided.proof,
        "confirmed": None,
    }


def _entry(one: Score) -> Entry:
    return {
        "kind": "score",
        "of": one.column,
        "unit": "number",
        "step": decimal_text(one.step),
        "top": decimal_text(one.top),
    }
