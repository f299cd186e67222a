"""Price of each restriction that a planner could lift, in objective value and in euros.

    value   v(without it) − v: by how much the first stage that changes would improve
    euros   min { a : with the restriction, the stages reach v(without it) } − a₀

The restrictions are: hard rules; ring fences; separate amounts below an envelope (non-fungibility,
see `partition`), at all depths and between its children alone; applications funded by decision;
applications refused by decision (their replacement cost). The compensating money is new money
(`envelope_path`). These are exact differences of optima, not dual values.

Where a limit ends the search for one of the two optima, the price in the first stage is an interval. With U and U'
the bounds in integers with and without the restriction, v₀ ≤ v and v₁ the best values found (maximisation)::

    max(0, v₁ − U)  ≤  v(without it) − v  ≤  U' − v₀

Every restriction then has the same share of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import partial

import polars as pl

from tnt_sim.analysis.marginal.minimum_envelope import MinimumEnvelope, find_least_amount
from tnt_sim.analysis.marginal.partition import has_walls, make_fungible
from tnt_sim.analysis.shared.envelope_path import EnvelopePath
from tnt_sim.analysis.shared.goal_bounds import GoalBounds
from tnt_sim.analysis.shared.progress import TIME, GrowingAnswer, StudyProgress
from tnt_sim.analysis.shared.reference_solution import (
    ReferenceSolution,
    ReportProgress,
    compare_allocations,
    find_better_stage,
    relax_rule_to_report,
)
from tnt_sim.deadline import Deadline
from tnt_sim.documents import SPREAD, Record, spread
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, optimise
from tnt_sim.engine.result import Proof, SolveOutcome, Status, find_weakest_proof
from tnt_sim.errors import ScenarioError, UsageError, suggest_name
from tnt_sim.i18n.message import NO_TEXT, _
from tnt_sim.rules.protocols import Mode, Sense
from tnt_sim.scenario.load import with_changes
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.values.answer_values import Gain, Interval, MoneyRange, Moves, Named, Support
from tnt_sim.verify.allocation_reading import list_broken_rules, read_allocation

RULE, FENCE, APART, FORCED, REFUSED = "rule", "ring_fence", "non_fungible", "forced", "refused"
KINDS = (RULE, FENCE, APART, FORCED, REFUSED)
BOUND_SHARE = 0.4
"""Share of the time for the bounds of all restrictions that prices of nested caps give, before any optimum."""
SOLVE_SHARE = 0.7
"""Share of the time of a restriction for the optimum without it; the rest is for a bound and for the money."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OneLevelPrice(Record):
    """Price of separate amounts between the children of an envelope alone."""

    gain: Gain = spread(Gain, "goal", "value", "change")
    support: Support = spread(Support)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price(Record):
    """Price of one restriction, in value and in euros; titles are left out where the scenario gives none.

    `gain` is the first stage that would improve without it, `euros` the money that compensates for it, `support`
    the weaker evidence of the two optima, and `values` those of all stages without it.
    """

    kind: str
    named: Named = spread(Named, omitted=("title",))
    gain: Gain = spread(Gain)
    euros: MoneyRange = spread(MoneyRange, prefix="euros_")
    moves: Moves = spread(Moves)
    support: Support = spread(Support)
    one_level: OneLevelPrice | None = None
    values: tuple[Fraction, ...] = field(default=(), metadata={SPREAD: ()})


def check_kinds(kinds: Sequence[str] | None) -> tuple[str, ...]:
    """Return the kinds of restrictions to examine, by default all."""
    for kind in kinds or ():
        if kind not in KINDS:
            hint = suggest_name(kind, KINDS) or NO_TEXT
            text = _('there is no kind of price "{kind}". {hint}', kind=kind, hint=hint)
            raise UsageError(text, code="usage.prices")
    return KINDS if kinds is None else tuple(kinds)


def compute_prices(
    base: ReferenceSolution,
    path: EnvelopePath,
    *,
    kinds: tuple[str, ...] = KINDS,
    clock: Clock | None = None,
    prove: bool = True,
    report_progress: ReportProgress | None = None,
    into: list[Price] | None = None,
    unsettled: list[str] | None = None,
    course: StudyProgress | None = None,
) -> tuple[Price, ...]:
    """Compute the price of every restriction: one solve each, and one more for the euros unless it is free.

    Parameters
    ----------
    line : envelope that would receive the compensating money
    into : receives the prices as they come, so that Ctrl-C loses none
    unsettled : receives the ids without a result
    course : counts the prices and stops at its deadline
    """
    deadline = (clock or Clock(None)).deadline
    result = [] if into is None else into
    option = course or StudyProgress(deadline, "questions")
    bounds = GoalBounds(base.problem)
    most = (
        base.answer.bests[0] if base.answer.proof is Proof.PROVED else bounds.compute_bound(deadline=deadline)
    )
    early = deadline.take_share(BOUND_SHARE)
    by_caps = base.answer.is_closed and bounds.compute_bound(only_caps=True, deadline=early) is not None
    questions = [
        _PriceQuestion(base, path, kind, name, make, bounds, by_caps, most, prove)
        for kind, name, make in _generate_relaxations(base.problem, deadline)
        if kind in kinds
    ]
    for question in option.improve_in_turn(questions, BOUND_SHARE, report_progress):
        price = question.price or question.bracket_price()
        if price is not None:
            result.append(price)
            option.stopped_by = option.stopped_by or (None if question.is_optimal else TIME)
        else:
            option.withdraw_item()
            if unsettled is not None:
                unsettled.append(question.name)
    return tuple(result)


@dataclass
class _PriceQuestion(GrowingAnswer):
    """Price of one restriction in the first stage: its bounds, then the difference of both optima.

    Attributes
    ----------
    goal_bounds : of the reference problem
    by_caps : whether prices of nested caps give a bound
    most : no allocation with the restriction exceeds it (None: unknown)
    above : no allocation without the restriction exceeds it (None until `find_bound`)
    answers : found without the restriction
    """

    base: ReferenceSolution
    path: EnvelopePath
    kind: str
    name: str
    make: Callable[[], Problem]
    goal_bounds: GoalBounds
    by_caps: bool
    most: Fraction | None
    prove: bool
    is_optimal: bool = False
    above: Fraction | None = None
    answers: tuple[SolveOutcome, ...] = ()
    price: Price | None = None

    @property
    def bounds(self) -> Interval:
        """Bounds of the gain of the first stage without the restriction."""
        stage, best = self.base.problem.stages[0], self._get_best_answer().bests[0]
        up, today = 1 if stage.sense is Sense.MAXIMISE else -1, self.base.answer.bests[0]
        least = Fraction(0) if self.most is None else max(Fraction(0), up * (best - self.most))
        upto = None if self.above is None else max(least, up * (self.above - today))
        return Interval(least if upto is not None or least else None, upto, "1")

    def find_bounds(self, until: Deadline) -> None:
        """Bound by prices of nested caps."""
        if self.by_caps:
            self.find_bound(until, only_caps=True)

    def find_answer(self, until: Deadline) -> None:
        """Find the price, or limits of it."""
        until.check()
        base, clock = self.base, Clock.from_deadline(until)
        if not base.answer.is_closed:  # an interval is all that there will be: its bound goes first
            self.find_bound(until)
        answer = _optimise_without(self.make, clock.take_share(SOLVE_SHARE), self.prove)
        beside = None
        if self.kind == APART and not until.expired:
            beside = _optimise_between_children(base, self.name, clock, self.prove)
        # a transfer between children is also allowed at all depths, and may be the best one found
        self.answers = tuple(each for each in (answer, beside) if each is not None)
        self.is_optimal = base.answer.is_closed and answer is not None and answer.is_closed
        if self.is_optimal and answer is not None and answer.allocation is not None:
            self.price = _compute_price(base, self.path, self.kind, self.name, answer, clock)
        else:
            self.find_bound(until)
            self.price = self.bracket_price()
        if self.price is not None and beside is not None and base.answer.is_closed and beside.is_closed:
            # a difference between lists that are not optimal is no price
            self.price = replace(self.price, one_level=_compute_level_price(base, beside))

    def _get_best_answer(self) -> SolveOutcome:
        up = 1 if self.base.problem.stages[0].sense is Sense.MAXIMISE else -1
        lists = [answer for answer in self.answers if answer.allocation is not None]
        return (
            max(self.base.answer, *lists, key=lambda each: up * each.bests[0]) if lists else self.base.answer
        )

    def find_bound(self, deadline: Deadline, *, only_caps: bool = False) -> None:
        """Bound what the best allocation without the restriction is worth, where today's list is feasible too.

        Parameters
        ----------
        only_caps : by prices of nested caps, without a linear program
        """
        if self.above is not None or deadline.expired:
            return
        try:
            without = self.make()
        except ScenarioError:
            return
        today = self.base.allocation
        if list_broken_rules(without, today, read_allocation(without, today)):
            return  # other amounts apply, and today's list is no lower limit
        free = self.name if self.kind == RULE else ""
        self.above = self.goal_bounds.compute_bound(
            without, free=free, only_caps=only_caps, deadline=deadline
        )

    def bracket_price(self) -> Price | None:
        """Bound the price by the lists found without the restriction; None if nothing is known."""
        base = self.base
        if any(answer.status is Status.INFEASIBLE for answer in self.answers):
            return None
        gain, best = self.bounds, self._get_best_answer()
        if gain.is_empty or (gain.high == 0 and len(base.problem.stages) > 1):
            return None  # nothing is known, or a later stage may improve
        assert best.allocation is not None
        up = 1 if base.problem.stages[0].sense is Sense.MAXIMISE else -1
        upto = None if gain.high is None else up * gain.high
        return Price(
            kind=self.kind,
            named=_label_restriction(base.problem, self.kind, self.name),
            gain=_measure_gain(base.problem, None if upto == 0 else 0, up * (gain.low or Fraction(0)), upto),
            euros=MoneyRange(0 if upto == 0 else None, 0),
            moves=compare_allocations(base.problem, base.allocation, best.allocation),
            support=Support(Proof.FEASIBLE_GAP),
            values=best.values,
        )


def _optimise_without(make: Callable[[], Problem], clock: Clock | None, prove: bool) -> SolveOutcome | None:
    try:
        without = make()
    except ScenarioError:  # without it the scenario contradicts itself
        return None
    return optimise(without, OptimiseOptions(prove=prove), clock=clock)


def _optimise_between_children(
    base: ReferenceSolution, name: str, clock: Clock | None, prove: bool
) -> SolveOutcome | None:
    """Optimise with fungible money between the children of an envelope; None if a limit came before a result."""
    node = base.problem.case.tree.get_node(name)
    answer = optimise(_open(base.problem, node, wholly=False), OptimiseOptions(prove=prove), clock=clock)
    return answer if _is_conclusive(base, answer) else None


def _compute_level_price(base: ReferenceSolution, answer: SolveOutcome) -> OneLevelPrice:
    gain = _compare_optima(base, answer)
    return OneLevelPrice(gain=gain, support=Support(find_weakest_proof([base.answer.proof, answer.proof])))


def _compare_optima(base: ReferenceSolution, answer: SolveOutcome) -> Gain:
    """Return by how much the first stage that changes improves."""
    stage = find_better_stage(base.problem, base.answer.bests, answer.bests)
    change = Fraction(0) if stage is None else answer.bests[stage] - base.answer.bests[stage]
    return _measure_gain(base.problem, stage, change, change)


def _measure_gain(problem: Problem, stage: int | None, change: Fraction, upto: Fraction | None) -> Gain:
    if stage is None:
        return Gain(None, change, upto)
    goal, measures = problem.stages[stage].goal, problem.scenario.spec.measures
    return Gain(goal, change, upto, measures[goal].title or None if goal in measures else None)


def _label_restriction(problem: Problem, kind: str, name: str) -> Named:
    """Return the id and the title of a rule, a cap, an envelope or a decided application."""
    spec, tree = problem.scenario.spec, problem.case.tree
    if kind in (FORCED, REFUSED):
        titles = problem.case.table.filter(pl.col("dossier") == name)["title"].to_list()
        return Named(name, titles[0] if titles else None, with_id=True)
    if name in tree.ids:
        return Named(name, tree.titles[tree.get_node(name)] or None)
    titled = {rule.id: rule.title for rule in spec.rules}
    titled |= {cap.name: cap.fill_from_library().title for cap in spec.caps}
    return Named(name, titled.get(name) or None)


def _is_conclusive(base: ReferenceSolution, answer: SolveOutcome) -> bool:
    """Whether a solution is optimal, or at least better than the reference."""
    if answer.allocation is None:
        return False
    return answer.is_closed or find_better_stage(base.problem, base.answer.bests, answer.bests) is not None


def _compute_price(
    base: ReferenceSolution,
    path: EnvelopePath,
    kind: str,
    name: str,
    answer: SolveOutcome,
    clock: Clock | None,
) -> Price:
    assert answer.allocation is not None
    stage = find_better_stage(base.problem, base.answer.bests, answer.bests)
    euros = MoneyRange(0, 0)
    if stage is not None:
        least = _find_equivalent_amount(base, path, answer, stage, clock)
        upper = None if least.amount_cents is None else max(0, least.amount_cents - path.amount_cents)
        # If a limit came first, the lower bound on the money is 0.
        known = path.amount_cents if least.lower_cents is None else least.lower_cents
        euros = MoneyRange(upper, None if least.unreachable else max(0, known - path.amount_cents))
    return Price(
        kind=kind,
        named=_label_restriction(base.problem, kind, name),
        gain=_compare_optima(base, answer),
        euros=euros,
        moves=compare_allocations(base.problem, base.allocation, answer.allocation),
        support=Support(find_weakest_proof([base.answer.proof, answer.proof])),
        values=answer.values,
    )


def _find_equivalent_amount(
    base: ReferenceSolution, path: EnvelopePath, answer: SolveOutcome, stage: int, clock: Clock | None
) -> MinimumEnvelope:
    kept = (*base.limits[:stage], answer.bests[stage])
    return find_least_amount(base.problem, path.restrict_upwards(), limits=kept, clock=clock, prove=False)


def _generate_relaxations(
    problem: Problem, deadline: Deadline
) -> Iterator[tuple[str, str, Callable[[], Problem]]]:
    """Yield every restriction with a function that builds the problem without it."""
    for rule in problem.rules:
        if rule.mode is Mode.HARD:
            yield RULE, rule.id, lambda name=rule.id: relax_rule_to_report(problem, name)  # type: ignore[misc]
    tree = problem.case.tree
    for node, name in enumerate(tree.ids):
        if tree.ring_fenced[node]:
            yield FENCE, name, lambda name=name: _remove_ring_fence(problem, name, deadline)  # type: ignore[misc]
    for node, name in enumerate(tree.ids):
        if has_walls(tree, node):
            yield APART, name, lambda node=node: _open(problem, node, wholly=True)  # type: ignore[misc]
    names = problem.case.table["dossier"]
    offers = problem.offers
    for kind, key, mask in (
        (FORCED, "fund", offers.forced & offers.candidate), (REFUSED, "refuse", offers.refused)
    ):  # fmt: skip
        for name in names.filter(pl.Series(mask)).to_list():
            yield kind, name, partial(_remove_decision, problem, key, name, deadline)


def _remove_ring_fence(problem: Problem, name: str, deadline: Deadline) -> Problem:
    """Compile the scenario without the ring fence of an envelope; pro rata shares of its parent change too."""
    return compile_problem(with_changes(problem.scenario, {f"envelopes.{name}.ring_fenced": False}), deadline)


def _open(problem: Problem, node: int, *, wholly: bool) -> Problem:
    """Make money fungible below an envelope."""
    tree = make_fungible(problem.case.tree, node, wholly=wholly)
    return replace(problem, case=replace(problem.case, tree=tree))


def _remove_decision(problem: Problem, key: str, dossier: str, deadline: Deadline) -> Problem:
    """Compile the scenario without the decision to `fund` or `refuse` one application."""
    return compile_problem(problem.scenario.without_decisions(key, dossiers=(dossier,)), deadline)
