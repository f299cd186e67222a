"""Polytope of feasible weights, in exact fractions, by the double description method.

    W = { w ≥ 0, Σ w = 1, lowest_k ≤ w_k ≤ highest_k, w_i ≥ w_j for each stated pair (i, j) }

A half-space (a, b) stands for a·w ≥ b. The polytope is kept as its vertices with the half-spaces
that are tight at each. A cut keeps the vertices inside and adds one on each edge that it crosses;
two vertices are adjacent if no third is tight on all half-spaces that both are tight on.

The module also reads the criteria: measures, each divided by a round figure near its total.

Source: T. S. Motzkin, H. Raiffa, G. L. Thompson and R. M. Thrall, "The double description method"
(1953).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from tnt_sim.domain.money import parse_rate
from tnt_sim.errors import ScenarioError, UsageError, suggest_name
from tnt_sim.i18n.message import NO_TEXT, _
from tnt_sim.rules.expressions.measures import Measures
from tnt_sim.rules.linear_terms import Terms
from tnt_sim.scenario.problem import Problem

Weights = tuple[Fraction, ...]
Half = tuple[tuple[Fraction, ...], Fraction]


@dataclass(frozen=True, slots=True)
class Corner:
    """Vertex, with the half-spaces tight at it as a bit set."""

    point: Weights
    tight: int


@dataclass(frozen=True, slots=True)
class Polytope:
    """Polytope given by its vertices; `n_halves` counts the half-spaces used."""

    corners: tuple[Corner, ...]
    n_halves: int

    @classmethod
    def build_simplex(cls, n: int) -> Polytope:
        """Return all weights of n criteria: w ≥ 0, Σ w = 1."""
        every = (1 << n) - 1
        return cls(tuple(Corner(_build_unit_vector(n, k, 1), every ^ (1 << k)) for k in range(n)), n)

    @property
    def points(self) -> list[Weights]:
        """Return the vertices as points."""
        return [corner.point for corner in self.corners]

    def intersect_half_space(self, half: Half) -> Polytope:
        """Intersect with a half-space; the result has no vertices if it is empty."""
        bit = 1 << self.n_halves
        stands = [(corner, compute_slack(half, corner.point)) for corner in self.corners]
        retained = [
            Corner(corner.point, corner.tight | bit if at == 0 else corner.tight)
            for corner, at in stands
            if at >= 0
        ]
        outside = [(corner, at) for corner, at in stands if at < 0]
        for here, a in stands:
            for there, b in outside if a > 0 else ():
                if self._has_common_edge(here, there):
                    t = a / (a - b)
                    point = tuple(x + t * (y - x) for x, y in zip(here.point, there.point, strict=True))
                    retained.append(Corner(point, here.tight & there.tight | bit))
        return Polytope(tuple(retained), self.n_halves + 1)

    def extend_to_prism(self, top: Fraction, bottom: Sequence[Fraction]) -> Polytope:
        """Return the points (w, z) with bottom·w ≤ z ≤ top, z last."""
        low, high = 1 << self.n_halves, 2 << self.n_halves
        floor = [
            Corner((*one.point, compute_dot_product(bottom, one.point)), one.tight | low)
            for one in self.corners
        ]
        return Polytope(
            (*floor, *(Corner((*one.point, top), one.tight | high) for one in self.corners)),
            self.n_halves + 2,
        )

    def _has_common_edge(self, left: Corner, other: Corner) -> bool:
        common = left.tight & other.tight
        return not any(
            third.tight & common == common
            for third in self.corners
            if third is not left and third is not other
        )


def build_half_spaces(
    n: int, ranges: Sequence[tuple[Fraction, Fraction]], order: Sequence[tuple[int, int]]
) -> list[Half]:
    """Build the half-spaces of ranges (lowest, highest) per criterion and of pairs (i, j): w_i ≥ w_j."""
    halves: list[Half] = []
    for k, (low, high) in enumerate(ranges):
        halves += [(_build_unit_vector(n, k, 1), low), (_build_unit_vector(n, k, -1), -high)]
    for i, j in order:
        row = [Fraction(0)] * n
        row[i], row[j] = Fraction(1), Fraction(-1)
        halves.append((tuple(row), Fraction(0)))
    return halves


def _build_unit_vector(n: int, k: int, sign: int) -> tuple[Fraction, ...]:
    return tuple(Fraction(sign if j == k else 0) for j in range(n))


def build_feasible_region(n: int, halves: Sequence[Half]) -> Polytope:
    """Return the weights of n criteria that satisfy every half-space."""
    polytope = Polytope.build_simplex(n)
    for half in halves:
        polytope = polytope.intersect_half_space(half)
    return polytope


def compute_slack(half: Half, w: Weights) -> Fraction:
    """Return a·w − b: nonnegative inside the half-space."""
    row, bound = half
    return compute_dot_product(row, w) - bound


def compute_dot_product(a: Sequence[Fraction], w: Weights) -> Fraction:
    """Return Σ a_k w_k."""
    return sum((x * y for x, y in zip(a, w, strict=True)), Fraction(0))


@dataclass(frozen=True, slots=True)
class Criterion:
    """Measure and the figure it is divided by, in its unit."""

    name: str
    terms: Terms
    per: Fraction


def build_criteria(problem: Problem, names: Sequence[str]) -> tuple[Criterion, ...]:
    """Return the measures of these names, each with its divisor."""
    if len(names) < 2 or len(set(names)) < len(names):
        raise UsageError(_("at least two different criteria are needed: --criteria score,dossiers."))
    spec = problem.scenario.spec
    named = {name: measure for name, measure in spec.measures.items() if measure.is_in_force(spec.date)}
    measures = Measures(problem.case, problem.offers.in_play, named)
    result = []
    for name in names:
        before = len(problem.case.defects.entries)
        terms = measures.get_terms(name, ("objective",))
        if terms is None:
            defects = problem.case.defects.entries[before:]
            del problem.case.defects.entries[before:]
            if name in measures.list_names():
                raise ScenarioError(defects)
            hint = suggest_name(name, measures.list_names()) or NO_TEXT
            raise UsageError(_('there is no measure "{name}". {hint}', name=name, hint=hint))
        offers = problem.offers
        whole = terms.evaluate(offers.in_play, offers.highest_cents) * terms.scale
        result.append(Criterion(name, terms, round_figure(whole)))
    return tuple(result)


def round_figure(value: Fraction) -> Fraction:
    """Return the largest 1, 2 or 5 times a power of ten that does not exceed a value.

    1 if the value is not positive.

    >>> round_figure(Fraction(7300))
    Fraction(5000, 1)
    """
    if value <= 0:
        return Fraction(1)
    power = Fraction(1)
    while power > value:
        power /= 10
    while power * 10 <= value:
        power *= 10
    return next(power * digit for digit in (5, 2, 1) if power * digit <= value)


def parse_half_spaces(
    names: Sequence[str], ranges: Mapping[str, tuple[str, str]], order: Sequence[str]
) -> list[Half]:
    """Build the half-spaces of ranges and of an order of criteria."""
    unknown = [name for name in (*ranges, *order) if name not in names]
    if unknown:
        raise UsageError(_('"{unknown}" is none of the criteria.', unknown=unknown[0]))
    bounds = [tuple(map(parse_rate, ranges.get(name, ("0 %", "100 %")))) for name in names]
    pairs = [(names.index(a), names.index(b)) for a, b in pairwise(order)]
    return build_half_spaces(len(names), [(low, high) for low, high in bounds], pairs)
