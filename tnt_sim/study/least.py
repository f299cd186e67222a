"""The least amount of an envelope at which something holds: one solve, then read again at that amount.

    least { a : an allocation keeps every rule when the envelope has a, and its goals are worth at least `kept` }

The amounts of the envelopes above move with it, cent for cent: new money, not that of a neighbour. The model finds
the amount itself (`rules/opened.py`), never by halving: with rules the value need not grow with the amount. Where
a rule is a share of the amount (`moving.py`) the model asks less than the rules do: what it gives is a lower
limit, and an amount counts only once the real rules were solved at it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from tnt_sim.clock import Clock
from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.errors import ScenarioError, Text
from tnt_sim.formulation.formulate import formulate
from tnt_sim.kernel.knapsack import TooManyStates
from tnt_sim.programme import Opened
from tnt_sim.prove.search import PointFound
from tnt_sim.prove.stages import prove_nothing_kept, prove_stages
from tnt_sim.question import PROOF_SECONDS, Answer, ask
from tnt_sim.result import Proof, Status, status_with
from tnt_sim.rules.base import Terms, Unit
from tnt_sim.rules.opened import CENT, Lowered
from tnt_sim.scenario.compile import Problem
from tnt_sim.scenario.objective import Sense, Stage
from tnt_sim.study.line import Line, at_amount, really_at
from tnt_sim.study.moving import Moving, loosened, moving_rules
from tnt_sim.study.near import with_last_stage
from tnt_sim.study.parts import Seen, seen_as_parts
from tnt_sim.verify.reading import Allocation, AllocationReading, broken_rules, read_allocation

AMOUNT = "amount"
"""The name of the stage that counts the envelope's amount."""
FURTHER = 10
"""A reserve may hold back most of an amount: how many times the largest useful one is tried."""
CLIMBS, TRIES = 16, 10
"""Amounts tried above a lower limit, and to bring an upper one down, before an interval is told."""

Change = Callable[[Problem], Problem]
"""What a question changes in a problem: dossiers forced, a rule left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Least:
    """What a question on the least amount came to.

    Attributes
    ----------
    lower_cents : no smaller amount will do; None when no amount does
    amount_cents : an amount that does, its allocation read again there; None when none was found
    answer : the allocation at that amount; of the impossibility when no amount does
    proof : what supports the lower limit, or the impossibility
    moving : the rules that are a share of the amount, which make the answer an interval
    """

    lower_cents: int | None
    amount_cents: int | None
    answer: Answer
    proof: Proof | None
    moving: tuple[Text, ...] = ()

    @property
    def exact(self) -> bool:
        """Whether one amount is left; `proof` says what supports that no smaller one does."""
        return self.amount_cents is not None and self.amount_cents == self.lower_cents

    @property
    def unreachable(self) -> bool:
        """Whether no amount does, however large."""
        return self.lower_cents is None and self.answer.status is Status.INFEASIBLE


def amount_stage(problem: Problem, line: Line, largest_cents: int) -> tuple[Problem, Stage]:
    """The problem with the amount open from its floor to `largest_cents`, and the stage that makes it least."""
    raised = at_amount(problem, line, largest_cents)
    opened = Opened(line.nodes, max(0, largest_cents - line.floor_cents))
    case = replace(raised.case, tree=replace(raised.case.tree, opened=opened))
    zeros = problem.granted.per_funded * 0
    counted = Terms(CENT, Unit.MONEY, zeros, zeros, constant=largest_cents)
    stage = Stage(AMOUNT, Sense.MINIMISE, counted, parts=(Lowered(case.tree, case.node),))
    return replace(raised, case=case), stage


def least_amount(
    problem: Problem,
    line: Line,
    *,
    kept: Sequence[Fraction] = (),
    change: Change = lambda problem: problem,
    clock: Clock | None = None,
    prove: bool = True,
) -> Least:
    """The least amount at which the first stages are worth at least `kept`, once `change` is made.

    Parameters
    ----------
    problem : compiled at the written amounts
    kept : a value for each of the first stages; what an allocation is worth beyond does not count
    change : made to the problem, at whatever amount it is looked at
    clock : its deadline ends the search; what is known by then is told
    prove : seek an exact certificate that no smaller amount does
    """
    deadline = UNLIMITED if clock is None else clock.deadline
    moving = moving_rules(problem, line.nodes)
    if not moving and len(kept) == 1:
        quick = _by_kernel(change(problem), line, kept[0], prove, deadline)
        if quick is not None:
            return quick
    loose = loosened(problem, line.nodes, line.top_cents) if moving else problem
    loose = change(loose)
    opened, stage = amount_stage(loose, line, line.top_cents)
    asked = with_last_stage(opened, len(kept), stage)
    answer = ask(asked, kept=kept, goals=1, least=False, canonical=False, prove=False, clock=clock)
    if answer.allocation is None:
        nothing = answer.status is Status.INFEASIBLE
        words = tuple(rule.words for rule in moving)
        return Least(None, None, answer, _proof(loose, line, kept, None, prove and nothing, deadline), words)
    lower = int(answer.values[-1] * 100)
    answer = answer.with_proof(_proof(loose, line, kept, lower, prove and answer.is_closed, deadline))
    if not answer.is_closed:
        known = None if moving else lower
        words = tuple(rule.words for rule in moving)
        return Least(line.floor_cents, known, answer, Proof.FEASIBLE_GAP, words)
    if not moving:
        there = change(at_amount(problem, line, lower))
        assert answer.allocation is not None
        assert read_at(there, answer.allocation, kept) is not None, (
            "the allocation breaks a rule at the amount that was found for it"
        )
        return Least(lower, lower, answer, answer.proof)
    return _climb(problem, line, lower, kept, change, clock, answer, moving)


def read_at(problem: Problem, allocation: Allocation, kept: Sequence[Fraction]) -> AllocationReading | None:
    """The allocation read again; None when it breaks a rule, or is worth less than `kept`."""
    reading = read_allocation(problem, allocation)
    if broken_rules(problem, allocation, reading):
        return None
    for stage, wanted, value in zip(problem.stages, kept, reading.values, strict=False):
        if value < wanted if stage.sense is Sense.MAXIMISE else value > wanted:
            return None
    return reading


def _by_kernel(
    problem: Problem, line: Line, value: Fraction, prove: bool, deadline: Deadline
) -> Least | None:
    """By exact kernels on the envelopes alone; None where another rule binds, or the shape is another."""
    seen = seen_as_parts(problem, line, deadline)
    return None if seen is None else least_of_parts(seen, line, value, prove=prove, deadline=deadline)


def least_of_parts(
    seen: Seen,
    line: Line,
    value: Fraction,
    *,
    fund: int | None = None,
    prove: bool = False,
    deadline: Deadline = UNLIMITED,
) -> Least | None:
    """The same for a problem that is seen as parts already, with one of its open candidates in (its place)."""
    target = seen.target(value)
    try:
        found = None
        if target <= seen.most:
            found = seen.needs.least(target) if fund is None else seen.needs.least_with(fund, target)
    except (TooManyStates, OverflowError):
        return None
    began = time.perf_counter()
    if found is None:
        proof = _proof(seen.problem, line, (value,), None, prove, deadline)
        answer = Answer(Status.INFEASIBLE, (), (), None, None, None, proof, False, "tree", 0.0)
        return Least(None, None, answer, proof)
    cents = max(line.floor_cents, seen.floor_cents + found.need)  # a line may look upwards only
    allocation = seen.allocation(found.taken)
    reading = read_at(at_amount(seen.problem, line, cents), allocation, (value,))
    if reading is None:
        return None
    proof = _proof(seen.problem, line, (value,), cents, prove, deadline)
    values = (*reading.values[:1], Fraction(cents, 100))
    took = time.perf_counter() - began
    status = status_with(proof)
    known = status, values, values, reading.granted_cents, allocation, reading, proof, False, "tree", took
    answer = Answer(*known, claimed=status is Status.FEASIBLE)
    return Least(cents, cents, answer, proof)


def _proof(
    problem: Problem,
    line: Line,
    kept: Sequence[Fraction],
    cents: int | None,
    prove: bool,
    deadline: Deadline,
) -> Proof | None:
    """An exact certificate that no smaller amount does: at a cent less (at the largest) nothing is worth `kept`.

    What fits at an amount fits at every larger one, so the amount itself need not be a column of the proof.
    """
    unproven = None if cents is None else Proof.FEASIBLE_GAP
    if cents is not None and cents <= line.floor_cents:
        return Proof.PROVED  # there is no smaller amount to look at
    until = deadline.within(PROOF_SECONDS)
    if not prove or until.expired:
        return unproven
    below = at_amount(problem, line, line.top_cents if cents is None else cents - 1)
    try:
        if not kept:
            return Proof.PROVED if prove_nothing_kept(below, kept, until) else unproven
        first = len(kept) - 1
        proofs = prove_stages(below, (*kept[:-1], _unit_less(below, kept, until)), until, first=first)
        return Proof.PROVED if proofs[0] is not None else unproven
    except (PointFound, DeadlineExpired):  # the proof's rows may be wider than the rules
        return unproven


def _unit_less(problem: Problem, kept: Sequence[Fraction], deadline: Deadline) -> Fraction:
    """The value a unit worse than the last that is kept: a proof of a stage says « nothing betters it »."""
    stage = formulate(problem, deadline=deadline).stages[len(kept) - 1]
    units = kept[-1] / stage.scale
    if stage.sense.value == Sense.MAXIMISE.value:
        return stage.scale * (-(-units.numerator // units.denominator) - 1)
    return stage.scale * (units.numerator // units.denominator + 1)


def _climb(
    problem: Problem,
    line: Line,
    lower: int,
    kept: Sequence[Fraction],
    change: Change,
    clock: Clock | None,
    loose: Answer,
    moving: tuple[Moving, ...],
) -> Least:
    """An amount at which the real rules allow it, from the lower limit on.

    Where every moving rule relaxes as the amount grows, what can be had goes on being had: then halving is right,
    and finds the least. Else, or where a limit ends a try, only amounts that were solved count, and the answer is
    an interval.
    """

    unsure = False
    deadline = UNLIMITED if clock is None else clock.deadline

    def at(cents: int) -> Answer | None:
        nonlocal unsure
        try:
            real = change(really_at(problem, line, cents))
        except ScenarioError:  # at this amount a rule contradicts itself: a minimum use above the demand
            return None
        found = ask(real, kept=kept, goals=0, canonical=False, prove=False, clock=clock)
        unsure |= found.allocation is None and found.status is not Status.INFEASIBLE
        return found if found.allocation is not None else None

    words = tuple(rule.words for rule in moving)
    fails = lower - 1
    works, answer = None, None
    for cents in _ladder(lower, FURTHER * line.top_cents):
        if deadline.expired:
            break
        answer = at(cents)
        if answer is not None:
            works = cents
            break
        fails = cents
    if works is None or answer is None:
        return Least(lower, None, loose, loose.proof, words)
    relaxes = all(rule.relaxes for rule in moving)
    tries = TRIES if not relaxes else _halvings(works - fails)
    while works - fails > 1 and tries > 0 and not deadline.expired:
        half, tries = (fails + works) // 2, tries - 1
        found = at(half)
        if found is None:
            fails = half
        else:
            works, answer = half, found
    if works == lower:
        return Least(lower, lower, answer, loose.proof, words)
    if relaxes and not unsure and works - fails <= 1:
        return Least(works, works, answer, Proof.FEASIBLE_GAP, words)
    return Least(lower, works, answer, loose.proof, words)


def _halvings(width: int) -> int:
    """How many halvings settle an interval of that width."""
    return max(0, width).bit_length() + 1


def _ladder(lower: int, top: int) -> list[int]:
    """The lower limit, then amounts that double their distance from it, the largest last."""
    wide = max(1, top - lower)
    return sorted({lower, *(lower + (wide >> k) for k in range(CLIMBS, -1, -1))})
