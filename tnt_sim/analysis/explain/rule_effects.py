"""How far one rule would have to give way for a refused dossier to be funded at no loss: one solve.

    min distance of the rule from its bounds   subject to   the dossier in, every stage as good as in the decision,
                                                            every other rule kept

It is the distance of `shortfall.RULE`: euros or units of the rule's measure, pairs for rules between dossiers.

What each rule, and each decision to fund, does: the decision taken again without it.

A funded dossier that leaves when a rule no longer binds is funded thanks to it; a refused one that enters is
crowded out by it. One solve a rule; nothing is inferred from a price.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from tnt_sim.analysis.shared.decided_run import Decided
from tnt_sim.analysis.shared.reference_solution import unit_of
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.optimise import ask, forced
from tnt_sim.engine.result import Answer
from tnt_sim.rules.linear_terms import BoolArray, Terms, Unit
from tnt_sim.rules.protocols import CompiledRule, Mode
from tnt_sim.scenario.objective import Sense, Shortfall, Stage
from tnt_sim.scenario.problem import Problem


@dataclass(frozen=True, slots=True)
class Relaxed:
    """The least distance of a rule, in its unit; None when the rule alone does not let the dossier in."""

    rule: str
    distance: Fraction | None
    unit: Unit
    answer: Answer


def relaxed(decided: Decided, row: int, rule: CompiledRule) -> Relaxed:
    """The least distance of one hard rule at which an allocation as good as the decision holds the dossier."""
    problem = decided.problem
    loose: CompiledRule = replace(rule, mode=Mode.REPORT)  # type: ignore[type-var]
    unit = unit_of(rule)
    zeros = np.zeros(problem.case.n, dtype=np.int64)
    nothing = Terms(Fraction(1), unit, zeros, zeros)
    distance = Stage(
        f"shortfall.{rule.id}", Sense.MINIMISE, nothing, parts=(Shortfall(loose, Fraction(1), 1, unit),)
    )
    rules = tuple(loose if other.id == rule.id else other for other in problem.rules)
    asked = replace(forced(problem, [row]), rules=rules, stages=(*problem.stages, distance))
    answer = ask(
        asked,
        kept=decided.reading.values,
        goals=1,
        least=False,
        canonical=False,
        blocks=False,
        clock=decided.clock,
    )
    found = answer.values[-1] if answer.is_closed else None
    return Relaxed(rule.id, found, unit, answer)


def without(problem: Problem, rule: str) -> Problem:
    """The problem in which one rule no longer binds."""
    rules = tuple(
        replace(one, mode=Mode.REPORT) if one.id == rule else one  # type: ignore[type-var]
        for one in problem.rules
    )
    return replace(problem, rules=rules)


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """What the decision would be without one rule: who would enter and who would leave, bool (n,).

    `settled` is False where a limit stopped the solve: then nothing is said of this rule.
    """

    rule: str
    enters: BoolArray
    leaves: BoolArray
    answer: Answer

    @property
    def settled(self) -> bool:
        """Whether the best allocation without the rule was found."""
        return self.answer.is_closed and self.answer.canonical


def effects_of_rules(decided: Decided, clock: Clock, *, prove: bool = True) -> Iterator[Effect]:
    """One effect for each hard rule, each option of an envelope that counts, and each decision that funds."""
    for name, problem in _without_each(decided.problem):
        answer = ask(problem, prove=prove, clock=clock)
        funded = decided.allocation.funded
        again = funded if answer.allocation is None else answer.allocation.funded
        yield Effect(name, again & ~funded, funded & ~again, answer)


def n_effects(problem: Problem) -> int:
    """How many solves `effects_of_rules` makes."""
    return sum(1 for _ in _without_each(problem))


def _without_each(problem: Problem) -> Iterator[tuple[str, Problem]]:
    for rule in problem.rules:
        if rule.mode is Mode.HARD:
            yield rule.id, without(problem, rule.id)
    for limit in problem.limits:
        rest = tuple(one for one in problem.limits if one is not limit)
        yield f"{limit.envelope}.{limit.option}", replace(problem, limits=rest)
    offers = problem.offers
    for number, spec in enumerate(problem.decided.specs):
        mine = offers.forced & (problem.decided.rule == number)
        if mine.any():
            free = replace(offers, forced=offers.forced & ~mine)
            yield spec.id, replace(problem, offers=free)


def distinct(effects: list[Effect]) -> list[Effect]:
    """The effects that move anybody."""
    return [one for one in effects if one.settled and bool(np.any(one.enters | one.leaves))]
