"""The score that a refused dossier would need: one forced solve.

With v₀ the values of the decision and v₁ those of the best allocation that holds dossier i, a score raised by s
steps moves v₁ by s·e and v₀ not at all (i is not in it). So i is funded from the first s on at which v₁ + s·e
beats v₀: where the first stage that the score moves ties, later stages, then the money, then the rank decide.
One step less leaves v₀ ahead, and every allocation without i that beats v₁ + (s−1)·e is still there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import gcd
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.rules.base import Case, IntArray, Terms, common_scale
from tnt_sim.rules.columns import MICRO, Kind, kind_of, numeric_column
from tnt_sim.scenario.compile import Problem, compile_problem
from tnt_sim.scenario.objective import Sense
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.study.explain.mentions import mentioned_in
from tnt_sim.study.explain.weigh import sign_of

_EXACT = pl.Decimal(38, 6)


@dataclass(frozen=True, slots=True)
class Score:
    """A column that counts in the goal.

    Attributes
    ----------
    column : its name
    step : the coarsest step that holds every figure of the column
    top : the highest figure in the table
    other : an entry that the column counts in beside the goal, None where there is none
    """

    column: str
    step: Fraction
    top: Fraction
    other: str | None


def scores(problem: Problem) -> list[Score]:
    """The plain columns that the objective counts, in its order: those whose figure is the dossier's own merit."""
    spec, case = problem.scenario.spec, problem.case
    found: list[Score] = []
    for stage in spec.objective:
        for name in stage.maximise or stage.minimise or {}:
            for column in _columns(spec.measures.get(name), name):
                if column not in {one.column for one in found} and _is_score(case, column):
                    found.append(_score(problem, column))
    return found


def _columns(measure: Any, name: str) -> list[str]:
    if measure is None:
        return [name]
    if measure.mean is not None:
        return list(measure.mean)
    parts = [measure, *(measure.sum or ())]
    return [part.column for part in parts if part.column is not None]


FIGURES_OF_THE_REQUEST = frozenset(
    {"population", "requested", "cost", "base", "min_grant", "committed", "other_state", "other_public"}
)
"""Numeric columns that say what a dossier is, not how good it is: nobody raises them to be funded."""


def _is_score(case: Case, column: str) -> bool:
    # a further column of a table is text until it is counted, as the goal does
    return column not in FIGURES_OF_THE_REQUEST and kind_of(case, column) in (Kind.NUMBER, Kind.TEXT)


def _score(problem: Problem, column: str) -> Score:
    figures = numeric_column(problem.case, column, ())
    assert figures is not None
    held = figures.values[~figures.missing & problem.offers.in_play]
    step = gcd(*(abs(int(value)) for value in np.unique(held).tolist())) or 1
    top = int(held.max(initial=0))
    other = mentioned_in(problem.scenario.spec, column)
    return Score(column, figures.scale * step, figures.scale * top, other)


def with_score(asked: Scenario, column: str, by: Fraction, dossier: str | None = None) -> Scenario:
    """The scenario with one dossier's figure raised (every dossier's without a name), in exact numbers."""
    numbers, _ = asked.portfolio.numeric(column)
    mine = pl.lit(True) if dossier is None else pl.col("dossier") == dossier
    add = pl.lit(Decimal(int(by / MICRO)).scaleb(-6), dtype=_EXACT)
    table = asked.portfolio.table.with_columns(numbers.alias(column)).with_columns(
        pl.when(mine).then((pl.col(column) + add).cast(_EXACT)).otherwise(pl.col(column)).alias(column)
    )
    return replace(asked, portfolio=asked.portfolio.with_table(table))


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """What one step of a score adds to each stage, by the row of the dossier, better counted up."""

    units: tuple[Fraction, ...]
    counts: tuple[IntArray, ...]

    def __getitem__(self, row: int) -> tuple[Fraction, ...]:
        """One step of the dossier of this row."""
        pairs = zip(self.units, self.counts, strict=True)
        return tuple(unit * int(count[row]) for unit, count in pairs)


def effects(
    problem: Problem, asked: Scenario, score: Score, deadline: Deadline = UNLIMITED
) -> Effects | None:
    """For each dossier, what one step of its score adds to each stage once it is funded, better counted up.

    None where the figure is no plain sum: counted once per key, or the smallest of groups.
    """
    raised = compile_problem(with_score(asked, score.column, score.step), deadline)
    units, counts = [], []
    for before, after in zip(problem.stages, raised.stages, strict=True):
        if before.parts or not _same_once(before.terms, after.terms):
            return None
        scale = common_scale([before.terms.scale, after.terms.scale])
        counts.append(after.terms.rescaled(scale).per_funded - before.terms.rescaled(scale).per_funded)
        units.append(scale if before.sense is Sense.MAXIMISE else -scale)
    return Effects(tuple(units), tuple(counts))


def _same_once(before: Terms, after: Terms) -> bool:
    """Whether what is counted once per key is the same in both."""
    scale = common_scale([before.scale, after.scale])
    pairs = zip(before.rescaled(scale).once, after.rescaled(scale).once, strict=False)
    same = all(np.array_equal(one.worth, other.worth) for one, other in pairs)
    return same and len(before.once) == len(after.once)


def steps_needed(gained: tuple[Fraction, ...], effect: tuple[Fraction, ...], wins_ties: bool) -> int | None:
    """How many steps it takes; None when no score does. `gained` is v₁ − v₀, better counted up (so ≤ 0 first)."""
    at = next((k for k, each in enumerate(effect) if each), None)
    if at is None or any(gained[:at]):
        return None
    # a score that counts against the dossier is lowered: the same steps the other way
    toward = effect if effect[at] > 0 else tuple(-each for each in effect)
    whole = -gained[at] / toward[at]
    steps = -(-whole.numerator // whole.denominator)
    sign = sign_of([gain + steps * each for gain, each in zip(gained, toward, strict=True)])
    return steps if sign > 0 or (sign == 0 and wins_ties) else steps + 1


def tie_at(gained: tuple[Fraction, ...], effect: tuple[Fraction, ...]) -> bool:
    """Whether some whole number of steps makes every stage equal: then money and rank decide."""
    steps = steps_needed(gained, effect, wins_ties=True)
    if steps is None:
        return False
    toward = effect if next(each for each in effect if each) > 0 else tuple(-each for each in effect)
    return sign_of([gain + steps * each for gain, each in zip(gained, toward, strict=True)]) == 0


def is_given(problem: Problem, row: int, column: str) -> bool:
    """Whether the column holds a figure for one dossier; what is empty cannot be raised."""
    figures = numeric_column(problem.case, column, ())
    return figures is not None and not figures.missing[row]


def figure_of(problem: Problem, row: int, column: str) -> Fraction:
    """What the column holds for one dossier; 0 where it is empty."""
    figures = numeric_column(problem.case, column, ())
    assert figures is not None
    return Fraction(0) if figures.missing[row] else figures.scale * int(figures.values[row])
