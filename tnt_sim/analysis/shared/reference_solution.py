"""Reference solution of an analysis: the scenario's optimum, and how another allocation differs from it.

The module also relaxes rules to reports, for questions of the form "what if this rule did not
apply".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from tnt_sim.deadline import DeadlineExpired
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.model_cache import ModelCache
from tnt_sim.engine.optimise import OptimiseOptions, WarmStart, optimise
from tnt_sim.engine.result import SolveOutcome, Status
from tnt_sim.errors import LimitReached, NothingDecided, UsageError
from tnt_sim.i18n.message import _
from tnt_sim.rules.protocols import CompiledRule, Mode, Sense
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.values.answer_values import Moves as Moves
from tnt_sim.verify.allocation_reading import Allocation

REFERENCE_SHARE = 0.5
"""Share of a time limit after which a question that can starts from the best list so far."""
ReportProgress = Callable[[str, float], None]
"""Progress callback: name of the current item, and share of the whole done, in [0, 1]."""


def notify_progress(report_progress: ReportProgress | None, name: str, share: float) -> None:
    """Report progress if a callback was given."""
    if report_progress is not None:
        report_progress(name, share)


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceSolution:
    """Reference solution: a scenario with its canonical optimum.

    Attributes
    ----------
    problem, answer : compiled problem and its canonical optimum
    units : smallest possible change of each stage value
    limits : worst value of each stage that later stages may accept: best value less tolerance ×
    |best|
    """

    scenario: ScenarioData
    problem: Problem
    answer: SolveOutcome
    units: tuple[Fraction, ...]
    limits: tuple[Fraction, ...]

    @property
    def allocation(self) -> Allocation:
        """Return the optimal allocation."""
        assert self.answer.allocation is not None
        return self.answer.allocation

    def compute_better_limits(self, stage: int) -> tuple[Fraction, ...]:
        """Return the values to require so that a stage improves by one unit and no earlier stage falls."""
        sign = 1 if self.problem.stages[stage].sense is Sense.MAXIMISE else -1
        return (*self.limits[:stage], self.answer.bests[stage] + sign * self.units[stage])


def check_single_decision(scenario: ScenarioData) -> None:
    """Refuse a scenario with several steps."""
    if scenario.steps:
        raise UsageError(
            _("this question looks at one decision, and this scenario has steps."),
            code="usage.steps",
        )


def solve_reference(
    scenario: ScenarioData, clock: Clock | None = None, *, prove: bool = True, share: float = 1.0
) -> ReferenceSolution:
    """Optimise a scenario as written, within a share of the time.

    Parameters
    ----------
    share : of the time left, all of it where no list is found before. Below 1, the caller has time for an answer
    although the list is not proven optimal, and must not take it for optimal
    """
    check_single_decision(scenario)
    problem = compile_problem(scenario)
    clock = clock or Clock(None)
    clock.begin()
    model_cache = ModelCache()
    own = Clock.from_deadline(clock.deadline.take_share(share))
    answer = optimise(problem, OptimiseOptions(prove=prove), clock=own, warm=WarmStart(model_cache))
    if answer.allocation is None and answer.status is not Status.INFEASIBLE and share < 1:
        answer = optimise(problem, OptimiseOptions(prove=False), clock=clock, warm=WarmStart(model_cache))
    if answer.status is Status.INFEASIBLE:
        raise _build_no_allocation_error()
    if answer.allocation is None:
        raise LimitReached(
            _(
                "the time limit was reached before the allocation to start from was found. Give more "
                "time: --time-limit."
            )
        )
    return ReferenceSolution(
        scenario,
        problem,
        answer,
        _compute_units(problem, model_cache, clock),
        _compute_limits(problem, answer.bests),
    )


def _compute_units(problem: Problem, model_cache: ModelCache, clock: Clock) -> tuple[Fraction, ...]:
    """Return the smallest change of each stage; without time for a model, the unit of its measure."""
    try:
        stages = model_cache.build_formulation(problem, clock.deadline).stages
    except DeadlineExpired:
        return tuple(stage.terms.scale for stage in problem.stages)
    return tuple(stage.scale for stage in stages)


def _compute_limits(problem: Problem, bests: Sequence[Fraction]) -> tuple[Fraction, ...]:
    return tuple(
        best - stage.tolerance * abs(best)
        if stage.sense is Sense.MAXIMISE
        else best + stage.tolerance * abs(best)
        for stage, best in zip(problem.stages, bests, strict=True)
    )


def _build_no_allocation_error() -> NothingDecided:
    return NothingDecided(
        _(
            "no allocation satisfies all the rules: there is nothing to start from. Ask for the least "
            "amount that satisfies them all: tnt-sim target SCENARIO rules."
        )
    )


def find_better_stage(problem: Problem, now: Sequence[Fraction], then: Sequence[Fraction]) -> int | None:
    """Return the first stage whose value differs; None if all are equal or that stage is worse.

    A worse value means that a limit stopped the second solve.
    """
    for k, (a, b, stage) in enumerate(zip(now, then, problem.stages, strict=True)):
        if a != b:
            better = b > a if stage.sense is Sense.MAXIMISE else b < a
            return k if better else None
    return None


def compare_allocations(problem: Problem, before: Allocation, after: Allocation) -> Moves:
    """Compare two allocations: who enters, who leaves, whose amount changes."""
    names = problem.case.table["dossier"]
    both = before.funded & after.funded
    masks = (
        after.funded & ~before.funded,
        before.funded & ~after.funded,
        both & (after.granted_cents > before.granted_cents),
        both & (after.granted_cents < before.granted_cents),
    )
    return Moves(*(tuple(names.gather(np.flatnonzero(mask)).to_list()) for mask in masks))


def count_departments(problem: Problem, allocation: Allocation) -> int:
    """Count the departments of the funded applications."""
    table = problem.case.table.filter(allocation.funded)
    return table["department"].replace("", None).drop_nulls().n_unique()


def relax_to_report(rule: CompiledRule) -> CompiledRule:
    """Return the rule relaxed to a report: it is measured and never binds."""
    found: CompiledRule = replace(rule, mode=Mode.REPORT, penalty=None)  # type: ignore[type-var]
    return found


def relax_rule_to_report(problem: Problem, rule_id: str) -> Problem:
    """Return the problem with one rule relaxed to a report."""
    rules = tuple(relax_to_report(rule) if rule.id == rule_id else rule for rule in problem.rules)
    return replace(problem, rules=rules)


def without_rules(problem: Problem) -> Problem:
    """Return the problem in which no rule binds beside its envelopes: each is relaxed to a report."""
    rules = tuple(relax_to_report(rule) for rule in problem.rules)
    return replace(problem, rules=rules, table_rules=(), limits=())


def without_prices(problem: Problem) -> Problem:
    """Return the problem without penalties: priced rules become reports, hard rules stay."""
    rules = tuple(relax_to_report(rule) if rule.mode is Mode.PENALTY else rule for rule in problem.rules)
    return replace(problem, rules=rules)


def can_relax(rule: CompiledRule) -> bool:
    """Whether a rule is hard and its violation can be measured."""
    return rule.mode is Mode.HARD and rule.has_distance
