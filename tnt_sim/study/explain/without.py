"""What each rule, and each decision to fund, does: the decision taken again without it.

A funded dossier that leaves when a rule no longer binds is funded thanks to it; a refused one that enters is
crowded out by it. One solve a rule; nothing is inferred from a price.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from tnt_sim.clock import Clock
from tnt_sim.question import Answer, ask
from tnt_sim.rules.base import BoolArray, Mode
from tnt_sim.scenario.compile import Problem
from tnt_sim.study.explain.decided import Decided
from tnt_sim.study.explain.rule import without


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
