"""What the data leave open: a choice that a planner must make before a list is signed or sent.

An open question never changes an allocation and never stops a run. It is decided in the scenario, by an entry of
`accept` that names it and the number of dossiers that it concerned; with another number it is open again.

What every rule stands on: the case it looks at, the rows it may write, the figures it reads.

A rule knows no matrix and no solver. It says its rows to a :class:`RowBuilder` and reads an allocation back as
exact integers; both use the same `Terms` (`linear_terms.py`, whose names are given on from here).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Protocol

import numpy as np
import polars as pl

from tnt_sim.domain.budget_tree import Tree
from tnt_sim.domain.portfolio import Portfolio
from tnt_sim.domain.territory import Territory, territory
from tnt_sim.errors import Defects, Place
from tnt_sim.i18n.message import Text
from tnt_sim.rules.linear_terms import (
    SAFE_SUM,
    BoolArray,
    IntArray,
    Once,
    Terms,
    Unit,
    checked_product,
    combine,
    common_scale,
    exact_sum,
    group_sums,
    whole_steps,
)

__all__ = [
    "SAFE_SUM",
    "BoolArray",
    "Case",
    "CompiledRule",
    "IntArray",
    "Locate",
    "Mode",
    "Numeric",
    "Once",
    "Path",
    "Penalty",
    "Reading",
    "RowBuilder",
    "RowKind",
    "RowLabel",
    "RuleReading",
    "Soft",
    "Terms",
    "Unit",
    "checked_product",
    "combine",
    "common_scale",
    "exact_sum",
    "group_sums",
    "whole_steps",
]


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """One question.

    Attributes
    ----------
    id : what kind of question, and of which rule or column: `not_given/avis`
    text : what is open, and how the run answers it for now
    remedy : what settles it in the data or in the scenario
    dossiers : the dossiers that it concerns; none where it is about a condition
    """

    id: str
    text: Text
    remedy: Text
    dossiers: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many dossiers it concerns."""
        return len(self.dossiers)


Path = tuple[str | int, ...]
Locate = Callable[[Path], Place]


class Mode(StrEnum):
    """How strictly a rule is meant."""

    HARD = "hard"
    PENALTY = "penalty"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Numeric:
    """An exact numeric column: value = scale · values where not missing."""

    values: IntArray
    missing: BoolArray
    scale: Fraction
    unit: Unit


@dataclass(frozen=True)
class Case:
    """What rules look at: the dossiers, the envelope tree and the day of the decision.

    Attributes
    ----------
    portfolio : the dossiers in canonical order
    tree : the envelopes
    node : int64 (n,), the envelope node in which each dossier lands, -1 where it lands in none
    day : the day of the decision, or None when the scenario gives none
    locate : path of a scenario value → its place in the files
    defects, warnings : collectors, filled while rules are compiled
    side : the side tables that the scenario names, by the path of the value that names them
    map_year : the year of the scenario's map, or None when it has none
    waived : the dossiers for which an entry is lifted, bool (n,), by the entry's id
    exact_columns : the columns of which no two spellings are one value
    absent_allowed : the columns of which a condition may name values that no dossier has
    as_0_1_0 : whether everything is read and worded as version 0.1.0 did, to check what it wrote
    questions : what the data leave open, filled while rules are compiled
    columns_read : the columns of which the values are compared as texts, filled while rules are compiled
    """

    portfolio: Portfolio
    tree: Tree
    node: IntArray
    day: date | None
    timezone: str
    locate: Locate
    defects: Defects = field(default_factory=Defects)
    warnings: Defects = field(default_factory=Defects)
    side: Mapping[Path, pl.DataFrame] = field(default_factory=dict)
    map_year: int | None = None
    waived: Mapping[str, BoolArray] = field(default_factory=dict)
    exact_columns: frozenset[str] = frozenset()
    absent_allowed: frozenset[str] = frozenset()
    as_0_1_0: bool = False
    questions: list[OpenQuestion] = field(default_factory=list)
    columns_read: set[str] = field(default_factory=set)

    def is_exact(self, column: str) -> bool:
        """Whether the values of a column are compared as they are written."""
        return self.as_0_1_0 or column in self.exact_columns

    def leave_open(self, question_id: str, text: Text, remedy: Text, rows: IntArray | None = None) -> None:
        """Note a question that the data leave open, once; nothing where it concerns `rows` and there are none."""
        if self.as_0_1_0 or (rows is not None and not len(rows)):
            return
        names = () if rows is None else tuple(self.table["dossier"].gather(rows).to_list())
        if all(known.id != question_id for known in self.questions):
            self.questions.append(OpenQuestion(question_id, text, remedy, names))

    def bound(self, entry: str) -> BoolArray:
        """The dossiers that an entry binds, bool (n,): all but the waived ones."""
        return ~self.waived[entry] if entry in self.waived else np.ones(self.n, dtype=np.bool_)

    @property
    def map(self) -> Territory | None:
        """The scenario's map, or None when it has none."""
        return None if self.map_year is None else territory(self.map_year)

    @property
    def table(self) -> pl.DataFrame:
        """The dossiers, one row each."""
        return self.portfolio.table

    @property
    def n(self) -> int:
        """Number of dossiers."""
        return self.portfolio.table.height

    def fault(self, code: str, text: Text, path: Path, hint: Text | None = None) -> None:
        """Note a defect of the scenario at one of its values."""
        self.defects.add(code, text, self.locate(path), hint=hint)

    @contextmanager
    def fitting(self, path: Path) -> Iterator[None]:
        """Note figures that 64-bit integers do not hold as a defect of the value at `path`."""
        try:
            yield
        except OverflowError:
            self.fault(
                "too-large",
                Text(
                    "ces nombres, multipliés entre eux, dépassent ce qui se calcule exactement (64 bits).",
                    "these numbers, multiplied, leave what is computed exactly (64 bits).",
                ),
                path,
                Text(
                    "Prenez des poids, des prix ou des unités plus petits, ou avec moins de décimales.",
                    "Take smaller weights, prices or units, or ones with fewer decimals.",
                ),
            )


class RowKind(StrEnum):
    """What a row of the model stands for."""

    ENVELOPE = "envelope"
    RULE = "rule"
    LINK = "link"


@dataclass(frozen=True, slots=True)
class RowLabel:
    """The name of a row in the planner's terms."""

    kind: RowKind
    id: str
    group: str | None = None
    side: str = ""

    def __str__(self) -> str:
        parts = [self.kind, self.id, *([self.group] if self.group else [])]
        return ":".join(parts) + (f":{self.side}" if self.side else "")


@dataclass(frozen=True, slots=True)
class Soft:
    """What breaking a row costs: `price` of a stage's value for each unit of the row's measure.

    `stage` counts from 0. The price worsens the stage, whichever its direction.
    """

    stage: int
    price: Fraction


class RowBuilder(Protocol):
    """Where a rule writes its rows; fulfilled by the formulation."""

    def column(self, name: str, lower: int, upper: int) -> int:
        """A further integer column; gives its handle."""

    def shared_column(self, name: str, lower: int, upper: int) -> int:
        """The further column of that name, made when it is first asked for."""

    def rows(
        self,
        labels: Sequence[RowLabel],
        terms: Terms,
        codes: IntArray | None,
        lower: Sequence[int | None],
        upper: Sequence[int | None],
        extra: Sequence[tuple[int, int, int]] = (),
        soft: Soft | None = None,
        wide: bool = False,
    ) -> None:
        """One row per group: lower ≤ Σ integer terms + Σ coefficient·column ≤ upper.

        `codes` gives each dossier's group (None: all in group 0); `extra` lists (group, column, coefficient).
        With `soft` a row may be broken, at a price for each unit of `terms.scale`. With `wide` a single one-sided
        row of long integers is given rounded outwards; the rule must then say what to do about points that its
        exact reading refuses.
        """

    def link(
        self, name: str, entries: Sequence[tuple[int, int]], upper: int, lower: int | None = None
    ) -> None:
        """A row over columns only: lower ≤ Σ coefficient·column ≤ upper, entries (column, coefficient)."""

    def links(
        self,
        name: str,
        row: IntArray,
        column: IntArray,
        value: IntArray,
        lower: int | None,
        upper: int | None,
    ) -> None:
        """Many rows over columns at once: entries (row from 0, column, coefficient), one bound for all."""

    def funded_column(self, dossier: int) -> int | None:
        """The 0-1 column of a dossier; None when it is settled (committed, or no candidate)."""

    def funded_columns(self) -> IntArray:
        """The 0-1 column of every dossier, int64 (n,), -1 where it is settled."""

    def option_columns(self, dossier: int) -> list[tuple[int, int]]:
        """For a dossier with levels: (column, amount in cents) of each level, ascending."""

    def price(self, column: int, stage: int, price: Fraction) -> None:
        """Let one unit of a column cost `price` of a stage's value (from 0)."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One figure of a rule, exact: value = num/den between minimum and maximum."""

    group: str | None
    num: int
    den: int
    minimum: Fraction | None
    maximum: Fraction | None
    lowered: bool = False

    @property
    def value(self) -> Fraction | None:
        """num/den, or None for 0/0 and every other share of nothing."""
        return None if self.den == 0 else Fraction(self.num, self.den)

    @property
    def slack(self) -> Fraction | None:
        """Distance to the nearest bound: negative when broken, None without a bound or a value."""
        value = self.value
        if value is None:
            return None
        gaps = []
        if self.minimum is not None:
            gaps.append(value - self.minimum)
        if self.maximum is not None:
            gaps.append(self.maximum - value)
        return min(gaps) if gaps else None

    @property
    def holds(self) -> bool:
        """Whether the figure lies within its bounds; a share of nothing does."""
        num, den = (self.num, self.den) if self.den > 0 else (-self.num, -self.den)
        low, high = self.minimum, self.maximum
        return den == 0 or not (
            (low is not None and num * low.denominator < low.numerator * den)
            or (high is not None and num * high.denominator > high.numerator * den)
        )


@dataclass(frozen=True, slots=True)
class RuleReading:
    """All figures of one rule on one allocation."""

    id: str
    kind: str
    mode: Mode
    readings: tuple[Reading, ...]
    grouped: bool
    broken: Fraction | None = None

    @property
    def distance(self) -> Fraction:
        """How far the rule is broken, in the unit that its penalty prices: 0 where it holds."""
        if self.broken is not None:
            return self.broken
        return sum((-r.slack for r in self.readings if r.slack is not None and r.slack < 0), Fraction(0))

    @property
    def holds(self) -> bool:
        """Whether every group holds."""
        return all(reading.holds for reading in self.readings)

    @property
    def tightest(self) -> Reading | None:
        """The figure that stands for the rule: the one with the least slack."""
        known = [reading for reading in self.readings if reading.slack is not None]
        if not known:
            return self.readings[0] if self.readings else None
        return min(known, key=lambda reading: reading.slack or Fraction(0))


@dataclass(frozen=True, slots=True)
class Penalty:
    """`price` of the value of stage `stage` (from 0) for each unit of distance."""

    stage: int
    price: Fraction

    @property
    def soft(self) -> Soft:
        """The penalty as rows take it."""
        return Soft(self.stage, self.price)


class CompiledRule(Protocol):
    """A rule that has met its dossiers.

    A hard rule writes `rows`; a priced one, or one whose shortfall is a goal, writes `soft_rows`; a reported
    one writes nothing. All are read alike.
    """

    @property
    def id(self) -> str:
        """The rule's id in the scenario."""

    @property
    def kind(self) -> str:
        """The rule's kind."""

    @property
    def mode(self) -> Mode:
        """How strictly it is meant."""

    @property
    def penalty(self) -> Penalty | None:
        """The price of breaking it, in mode PENALTY."""

    def rows(self, builder: RowBuilder) -> None:
        """Write the rule's rows."""

    def soft_rows(self, builder: RowBuilder, soft: Soft) -> None:
        """Write rows that may be broken at a price per unit of `RuleReading.distance`."""

    def read(self, funded: BoolArray, granted_cents: IntArray) -> RuleReading:
        """Read the rule on an allocation in exact integers."""
