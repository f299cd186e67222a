"""The grant that a refused dossier would have to cut its request to: the largest that would still be funded.

The dossier's grant becomes an amount g left open below what it asks, and g is made as large as it can be

    a. with the first k−1 stages at least as good as in the decision and stage k better by its least step
    b. with every stage at least as good and less granted in all than in the decision
    c. with every stage as good and no more granted, where the rank then decides

The largest of these is exact whatever the rules: above it no allocation that holds the dossier is the answer.
Where a floor is lowered to what is asked, or a queue is settled by it, a smaller request moves the rule too: the
re-solves tell, and that no amount is enough is said only where the request counts nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import polars as pl

from tnt_sim.clock import Clock
from tnt_sim.errors import InputError
from tnt_sim.formulation.formulate import formulate
from tnt_sim.question import Answer, ask, forced
from tnt_sim.rules.base import CompiledRule, Mode, Terms, Unit
from tnt_sim.scenario.compile import Problem, compile_problem
from tnt_sim.scenario.objective import Sense, Stage
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.solve.live import difference
from tnt_sim.study.explain.decided import Decided
from tnt_sim.study.explain.weigh import goes_first

GRANTED, OPEN = "granted", "open_grant"
CENT = Fraction(1, 100)


@dataclass(frozen=True, slots=True)
class Cut:
    """The largest grant that would be funded, in cents; None where there is none, and the answers behind it."""

    cents: int | None
    answers: tuple[Answer, ...]


def can_be_cut(problem: Problem, row: int) -> bool:
    """Whether the dossier gets one whole amount or nothing, and a smaller one is thinkable."""
    offers = problem.offers
    levelled = bool(offers.levels.mask(problem.case.n)[row])
    return not offers.ranged[row] and not levelled and lowest(problem, row) < int(offers.most_cents[row])


def lowest(problem: Problem, row: int) -> int:
    """The smallest grant that still makes the project happen, at least one unit."""
    unit = int(problem.offers.unit_cents[row])
    stated = problem.case.table["min_grant_cents"][row] or 0
    return max(unit, -(-stated // unit) * unit)


def cut_to(decided: Decided, row: int, steps: Sequence[Fraction]) -> Cut:
    """The largest grant at which the dossier is in the one answer; `steps` are the least gains of the stages."""
    unit = int(decided.problem.offers.unit_cents[row])
    problem = _opened(decided.problem, row, int(decided.problem.offers.most_cents[row]) - unit)
    values, granted = decided.reading.values, decided.reading.granted_cents
    found: list[Answer] = []
    best = 0
    for question, kept in _strict(problem, row, values, granted, steps):
        decided.clock.deadline.check()
        found.append(_largest(question, kept, decided.clock))
        best = max(best, _cents(found[-1], row))
    tied = _largest(*_within(problem, row, values, granted), decided.clock)
    found.append(tied)
    cents = _cents(tied, row)
    while cents > best:
        decided.clock.deadline.check()
        alone = ask(forced(decided.problem, [row], amounts={row: cents}), prove=False, clock=decided.clock)
        found.append(alone)
        if alone.allocation is not None and goes_first(alone.allocation, decided.allocation) > 0:
            best = cents
            break
        # the rank is against it: the next amount below
        if cents - unit <= max(best, lowest(problem, row) - 1):
            break
        lower = _opened(decided.problem, row, cents - unit)
        found.append(_largest(*_within(lower, row, values, granted), decided.clock))
        cents = _cents(found[-1], row)
    return Cut(best or None, tuple(found))


def counts_elsewhere(decided: Decided, row: int) -> bool:
    """Whether the rules or goals of the least request, the dossier's own amount apart, are others than today's."""
    problem, deadline = decided.problem, decided.clock.deadline
    least, most = lowest(problem, row), int(problem.offers.most_cents[row])
    try:
        other = compile_problem(with_request(decided.asked, decided.numbers[row], least), deadline)
    except InputError:
        return True
    now, then = (formulate(_opened(one, row, most), deadline=deadline) for one in (problem, other))
    if not difference(now.model, then.model).is_empty:
        return True
    return any(
        (one.scale, one.constant) != (two.scale, two.constant) or (one.objective != two.objective).any()
        for one, two in zip(now.stages, then.stages, strict=True)
    )


def _cents(answer: Answer, row: int) -> int:
    return 0 if answer.allocation is None else int(answer.allocation.granted_cents[row])


def _opened(problem: Problem, row: int, most_cents: int) -> Problem:
    """The problem in which the dossier is in, for any amount up to `most_cents`."""
    inside = forced(problem, [row])
    offers = inside.offers
    least, most, ranged = offers.least_cents.copy(), offers.most_cents.copy(), offers.ranged.copy()
    least[row], most[row] = lowest(problem, row), most_cents
    ranged[row] = most_cents > least[row]
    return replace(inside, offers=replace(offers, least_cents=least, most_cents=most, ranged=ranged))


Asked = tuple[Problem, tuple[Fraction, ...]]


def _strict(
    problem: Problem, row: int, values: Sequence[Fraction], granted: int, steps: Sequence[Fraction]
) -> Iterator[Asked]:
    """The questions of which every point beats the decision before the rank is asked."""
    for k, stage in enumerate(problem.stages):
        better = values[k] + steps[k] if stage.sense is Sense.MAXIMISE else values[k] - steps[k]
        stages = (*problem.stages[: k + 1], _grant_of(problem, row))
        yield _with_stages(problem, stages), (*values[:k], better)
    yield _within(problem, row, values, granted - 1)


def _within(problem: Problem, row: int, values: Sequence[Fraction], granted: int) -> Asked:
    """Every stage as good as in the decision, and so much granted at most."""
    money = Stage(GRANTED, Sense.MINIMISE, problem.granted)
    stages = (*problem.stages, money, _grant_of(problem, row))
    return _with_stages(problem, stages), (*values, granted * CENT)


def _grant_of(problem: Problem, row: int) -> Stage:
    zeros = np.zeros(problem.case.n, dtype=np.int64)
    mine = zeros.copy()
    mine[row] = 1
    return Stage(OPEN, Sense.MAXIMISE, Terms(CENT, Unit.MONEY, zeros, mine))


def _with_stages(problem: Problem, stages: tuple[Stage, ...]) -> Problem:
    """The problem with other stages; what priced rules take from a stage that is gone is not counted."""
    kept = len(stages) - 1
    rules = tuple(_unpriced(rule, min(kept, len(problem.stages))) for rule in problem.rules)
    return replace(problem, stages=stages, rules=rules)


def _unpriced(rule: CompiledRule, kept: int) -> CompiledRule:
    if rule.mode is not Mode.PENALTY or rule.penalty is None or rule.penalty.stage < kept:
        return rule
    reported: CompiledRule = replace(rule, mode=Mode.REPORT)  # type: ignore[type-var]
    return reported


def _largest(question: Problem, kept: tuple[Fraction, ...], clock: Clock) -> Answer:
    return ask(
        question, kept=kept, goals=1, least=False, canonical=False, prove=False, blocks=False, clock=clock
    )


def with_request(asked: Scenario, dossier: str, cents: int) -> Scenario:
    """The scenario in which one dossier asks for another amount."""
    mine = pl.col("dossier") == dossier
    table = asked.portfolio.table.with_columns(
        pl.when(mine)
        .then(pl.lit(cents))
        .otherwise(pl.col("requested_cents"))
        .cast(pl.Int64)
        .alias("requested_cents")
    )
    return replace(asked, portfolio=asked.portfolio.with_table(table))
