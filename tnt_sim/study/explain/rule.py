"""How far one rule would have to give way for a refused dossier to be funded at no loss: one solve.

    min distance of the rule from its bounds   subject to   the dossier in, every stage as good as in the decision,
                                                            every other rule kept

It is the distance of `shortfall.RULE`: euros or units of the rule's measure, pairs for rules between dossiers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from tnt_sim.question import Answer, ask, forced
from tnt_sim.rules.base import CompiledRule, Mode, Terms, Unit
from tnt_sim.rules.goals import Shortfall
from tnt_sim.scenario.compile import Problem
from tnt_sim.scenario.objective import Sense, Stage
from tnt_sim.study.explain.decided import Decided
from tnt_sim.study.soft import unit_of


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
