"""Effect of one rule: the optimum without it, and the least violation that funds a refused application.

Two questions, one solve each; neither is inferred from a dual price.

Effect of a rule: re-optimise with the rule relaxed to a report. A funded application that leaves
owes its grant to the rule; a refused one that enters is crowded out by it.

Least violation of rule r that funds application i at no loss::

    min   dist_r(x)
    s.t.  x_i = 1
          stage_k(x) no worse than in the decision, for every stage k
          every other rule

where dist_r is the distance of the rule from its bounds: euros or units of the rule's measure,
number of pairs for relations between applications.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

import numpy as np

from tnt_sim.analysis.shared.decided_run import DecidedRun
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import OptimiseOptions, optimise, with_fixed
from tnt_sim.engine.result import SolveOutcome
from tnt_sim.errors import ScenarioError
from tnt_sim.rules.linear_terms import BoolArray, Terms, Unit
from tnt_sim.rules.protocols import CompiledRule, Mode, Sense
from tnt_sim.scenario.objective import ObjectiveStage, Shortfall
from tnt_sim.scenario.problem import Problem, compile_problem


@dataclass(frozen=True, slots=True)
class RuleDistance:
    """Least violation of one rule that funds an application, in the rule's unit.

    `distance` is None if relaxing this rule alone does not fund the application, or if the solve
    was stopped.
    """

    rule: str
    distance: Fraction | None
    unit: Unit
    answer: SolveOutcome


def minimise_violation(decided: DecidedRun, row: int, rule: CompiledRule) -> RuleDistance:
    """Minimise the violation of one hard rule, with the application funded and no stage worse than today.

    Parameters
    ----------
    row : row of the refused application
    rule : the hard rule to relax; all others stay
    """
    problem = decided.problem
    loose: CompiledRule = replace(rule, mode=Mode.REPORT)  # type: ignore[type-var]
    unit = rule.distance_unit
    zeros = np.zeros(problem.case.n, dtype=np.int64)
    nothing = Terms(Fraction(1), unit, zeros, zeros)
    distance = ObjectiveStage(
        f"shortfall.{rule.id}", Sense.MINIMISE, nothing, goal_parts=(Shortfall(loose, Fraction(1), 1, unit),)
    )
    rules = tuple(loose if other.id == rule.id else other for other in problem.rules)
    asked = replace(with_fixed(problem, [row]), rules=rules, stages=(*problem.stages, distance))
    answer = optimise(
        asked,
        OptimiseOptions(
            kept_values=tuple(decided.reading.values),
            n_stages=1,
            least_granted=False,
            canonical=False,
            blocks=False,
        ),
        clock=decided.clock,
    )
    found = answer.values[-1] if answer.is_closed else None
    return RuleDistance(rule.id, found, unit, answer)


def without(problem: Problem, rule: str) -> Problem:
    """Return the problem with one rule relaxed to a report: it is measured but no longer binds."""
    rules = tuple(
        replace(one, mode=Mode.REPORT) if one.id == rule else one  # type: ignore[type-var]
        for one in problem.rules
    )
    return replace(problem, rules=rules)


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """Applications that enter and leave the optimum when one rule is removed, bool (n,).

    `settled` is False if a limit stopped the solve; then the masks say nothing about this rule.
    """

    rule: str
    enters: BoolArray
    leaves: BoolArray
    answer: SolveOutcome

    @property
    def settled(self) -> bool:
        """Whether the canonical optimum without the rule was found."""
        return self.answer.is_closed and self.answer.canonical


def generate_rule_effects(decided: DecidedRun, clock: Clock) -> Iterator[Effect]:
    """Yield the effect of each hard rule, each envelope option and each decision to fund, one solve each."""
    for name, make in _generate_relaxations(decided.problem, clock.deadline):
        try:
            problem = make()
        except ScenarioError:  # without it the scenario contradicts itself
            continue
        answer = optimise(problem, OptimiseOptions(prove=False), clock=clock)
        funded = decided.allocation.funded
        again = funded if answer.allocation is None else answer.allocation.funded
        yield Effect(name, again & ~funded, funded & ~again, answer)


def count_rule_effects(problem: Problem) -> int:
    """Count the solves that `generate_rule_effects` makes at most."""
    return sum(1 for _ in _generate_relaxations(problem, UNLIMITED))


def _generate_relaxations(
    problem: Problem, deadline: Deadline
) -> Iterator[tuple[str, Callable[[], Problem]]]:
    """Yield each rule, option and `decide` rule with a function that builds the problem without it."""
    for rule in problem.rules:
        if rule.mode is Mode.HARD:
            yield rule.id, partial(without, problem, rule.id)
    for limit in problem.limits:
        rest = tuple(one for one in problem.limits if one is not limit)
        yield f"{limit.envelope}.{limit.option}", partial(replace, problem, limits=rest)
    for number, spec in enumerate(problem.decided.specs):
        if (problem.offers.forced & (problem.decided.rule == number)).any():
            scenario = problem.scenario.without_decisions("fund", rule=spec.id)
            yield spec.id, partial(compile_problem, scenario, deadline)
