"""Criteria and what is known of their weights: measures, round figures that they are divided by, half-spaces."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from tnt_sim.errors import ScenarioError, Text, UsageError, did_you_mean
from tnt_sim.money import parse_rate
from tnt_sim.rules.base import Terms
from tnt_sim.rules.measures import Measures
from tnt_sim.scenario.compile import Problem
from tnt_sim.study.simplex import Half, statements


@dataclass(frozen=True, slots=True)
class Criterion:
    """A measure and what it is divided by, in its unit."""

    name: str
    terms: Terms
    per: Fraction


def criteria_of(problem: Problem, names: Sequence[str]) -> tuple[Criterion, ...]:
    """The measures of these names, each with what it is divided by; UsageError for names that are none."""
    if len(names) < 2 or len(set(names)) < len(names):
        raise UsageError(
            Text(
                "il faut au moins deux critères différents : --criteria score,dossiers.",
                "at least two different criteria are needed: --criteria score,dossiers.",
            )
        )
    spec = problem.scenario.spec
    named = {name: measure for name, measure in spec.measures.items() if measure.in_force(spec.date)}
    measures = Measures(problem.case, problem.offers.in_play, named)
    found = []
    for name in names:
        before = len(problem.case.defects.found)
        terms = measures.terms(name, ("objective",))
        if terms is None:
            defects = problem.case.defects.found[before:]
            del problem.case.defects.found[before:]
            if name in measures.names():
                raise ScenarioError(defects)
            hint = did_you_mean(name, measures.names()) or Text("", "")
            raise UsageError(
                Text(
                    f"la mesure « {name} » n'existe pas. {hint.fr}",
                    f'there is no measure "{name}". {hint.en}',
                )
            )
        offers = problem.offers
        whole = terms.evaluate(offers.in_play, offers.highest_cents) * terms.scale
        found.append(Criterion(name, terms, round_figure(whole)))
    return tuple(found)


def round_figure(value: Fraction) -> Fraction:
    """The largest 1, 2 or 5 times a power of ten that is not above a positive value; 1 where there is none."""
    if value <= 0:
        return Fraction(1)
    power = Fraction(1)
    while power > value:
        power /= 10
    while power * 10 <= value:
        power *= 10
    return next(power * digit for digit in (5, 2, 1) if power * digit <= value)


def halves_of(
    names: Sequence[str], ranges: Mapping[str, tuple[str, str]], order: Sequence[str]
) -> list[Half]:
    """What ranges and an order say of the weights; UsageError where they name what is no criterion."""
    unknown = [name for name in (*ranges, *order) if name not in names]
    if unknown:
        raise UsageError(
            Text(f"« {unknown[0]} » n'est pas un des critères.", f'"{unknown[0]}" is none of the criteria.')
        )
    bounds = [tuple(map(parse_rate, ranges.get(name, ("0 %", "100 %")))) for name in names]
    pairs = [(names.index(a), names.index(b)) for a, b in pairwise(order)]
    return statements(len(names), [(low, high) for low, high in bounds], pairs)
