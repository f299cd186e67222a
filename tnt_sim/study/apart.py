"""Portfolios as far from each other as possible: the goal « far from the nearest of these lists ».

    max d   with   d ≤ distance(x, list_j)   for each list j

One after the other, each portfolio is farthest from all before it (the greedy rule of T. Gonzalez, 1985, which is
never more than twice as close as the best choice of so many portfolios at once).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from tnt_sim.rules.base import BoolArray, IntArray, RowBuilder, RowKind, RowLabel, RuleReading, Terms, Unit
from tnt_sim.scenario.compile import Problem
from tnt_sim.scenario.objective import Sense, Stage
from tnt_sim.study.near import changed_terms, moved_terms, with_last_stage
from tnt_sim.verify.reading import Allocation

APART = "apart"


@dataclass(frozen=True, slots=True)
class Nearest:
    """The distance to the nearest of some lists, in dossiers or in cents, as a part of a goal."""

    lists: tuple[Terms, ...]
    most: int

    @property
    def unit(self) -> Unit:
        """Dossiers, or money."""
        return self.lists[0].unit

    def write(self, builder: RowBuilder, stage: int) -> None:
        """d ≤ distance to each list, d as large as it can be."""
        nearest = builder.column(APART, 0, self.most)
        for k, terms in enumerate(self.lists):
            label = RowLabel(RowKind.LINK, APART, str(k))
            builder.rows([label], terms, None, [0], [None], [(0, nearest, -1)])
        builder.price(nearest, stage, -self.lists[0].scale)

    def read(self, funded: BoolArray, granted_cents: IntArray, rules: Mapping[str, RuleReading]) -> Fraction:
        """The smallest distance, exact."""
        return (
            min(max(0, terms.evaluate(funded, granted_cents)) for terms in self.lists) * self.lists[0].scale
        )


def farthest(problem: Problem, n_kept: int, lists: list[Allocation], *, money: bool) -> Problem:
    """The first goals of a problem, and then as far from the nearest of some lists as possible."""
    terms = tuple(distance_terms(problem, [one], money=money) for one in lists)
    zeros = np.zeros(problem.case.n, dtype=np.int64)
    nothing = Terms(terms[0].scale, terms[0].unit, zeros, zeros)
    part = Nearest(terms, max(_most(one, problem) for one in terms))
    return with_last_stage(problem, n_kept, Stage(APART, Sense.MAXIMISE, nothing, parts=(part,)))


def distance_terms(problem: Problem, lists: list[Allocation], *, money: bool) -> Terms:
    """How far an allocation is from some lists together."""
    return moved_terms(problem, lists) if money else changed_terms(problem, [one.funded for one in lists])


def nearest_distance(problem: Problem, lists: list[Allocation], one: Allocation, *, money: bool) -> Fraction:
    """How far an allocation is from the nearest of some lists."""
    each = [distance_terms(problem, [other], money=money) for other in lists]
    return min(max(0, terms.evaluate(one.funded, one.granted_cents)) * terms.scale for terms in each)


def _most(terms: Terms, problem: Problem) -> int:
    """No list is farther than this."""
    each = terms.per_funded + terms.per_cent * problem.offers.highest_cents
    return terms.constant + int(np.maximum(each, 0).sum())
