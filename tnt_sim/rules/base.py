"""What every rule stands on: the case it looks at, the terms it sums, and the rows it may write.

A rule knows no matrix and no solver. It says its rows to a :class:`RowBuilder` and reads an allocation
back as exact integers; both use the same :class:`Terms`, that is linear sums over dossiers

    value = scale · ( constant + Σᵢ per_fundedᵢ·xᵢ + Σᵢ per_centᵢ·gᵢ
                      + Σ_once Σ_k worth_k·[some i that holds key k has xᵢ = 1] )

where xᵢ ∈ {0, 1} says whether dossier i is funded and gᵢ is its grant in cents.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction
from math import gcd, lcm
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tnt_sim.errors import Defects, Place, Text
from tnt_sim.portfolio import Portfolio
from tnt_sim.programme import Tree

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]
Path = tuple[str | int, ...]
Locate = Callable[[Path], Place]

SAFE_SUM = 2**62


class Unit(StrEnum):
    """What a figure counts."""

    MONEY = "money"
    NUMBER = "number"


class Mode(StrEnum):
    """How strictly a rule is meant."""

    HARD = "hard"
    PENALTY = "penalty"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Once:
    """Something counted once per key, whatever the number of funded dossiers that hold it.

    Attributes
    ----------
    row, key : int64 (n_pairs,): dossier `row` holds `key`; a dossier may hold several
    worth : int64 (n_keys,)
    """

    row: IntArray
    key: IntArray
    worth: IntArray

    @classmethod
    def of_codes(cls, codes: IntArray, worth: IntArray) -> Once:
        """One key at most for each dossier, -1 where it holds none."""
        row = np.flatnonzero(codes >= 0)
        return cls(row, codes[row], worth)

    def where(self, mask: BoolArray) -> Once:
        """The pairs of some dossiers only."""
        inside = mask[self.row]
        return Once(self.row[inside], self.key[inside], self.worth)

    def largest_per_dossier(self, n: int) -> IntArray:
        """What each dossier could bring alone: the sum over its keys, int64 (n,)."""
        total = np.zeros(n, dtype=np.int64)
        np.add.at(total, self.row, self.worth[self.key])
        return total


@dataclass(frozen=True, slots=True)
class Terms:
    """A linear sum over dossiers with integer coefficients; see the module's equation."""

    scale: Fraction
    unit: Unit
    per_funded: IntArray
    per_cent: IntArray
    once: tuple[Once, ...] = ()
    constant: int = 0

    def where(self, mask: BoolArray) -> Terms:
        """The same sum over some dossiers only."""
        return Terms(
            self.scale,
            self.unit,
            np.where(mask, self.per_funded, 0),
            np.where(mask, self.per_cent, 0),
            tuple(part.where(mask) for part in self.once),
            self.constant,
        )

    def times(self, factor: int) -> Terms:
        """The integer coefficients multiplied; the scale stays."""
        return Terms(
            self.scale,
            self.unit,
            checked_product(self.per_funded, factor),
            checked_product(self.per_cent, factor),
            tuple(Once(part.row, part.key, checked_product(part.worth, factor)) for part in self.once),
            self.constant * factor,
        )

    def rescaled(self, scale: Fraction) -> Terms:
        """The same value in a finer scale, which must divide the present one."""
        factor = self.scale / scale
        if factor.denominator != 1:
            raise ValueError("a finer scale must divide the present one")
        finer = self.times(int(factor))
        return replace(finer, scale=scale)

    def reduced(self) -> Terms:
        """The same value with coprime coefficients: small integers are kind to solvers."""
        divisor = self.constant
        for array in (self.per_funded, self.per_cent, *(part.worth for part in self.once)):
            divisor = gcd(divisor, int(np.gcd.reduce(np.abs(array), initial=0)))
        if divisor <= 1:
            return self
        return Terms(
            self.scale * divisor,
            self.unit,
            self.per_funded // divisor,
            self.per_cent // divisor,
            tuple(Once(part.row, part.key, part.worth // divisor) for part in self.once),
            self.constant // divisor,
        )

    def evaluate(self, funded: BoolArray, granted_cents: IntArray) -> int:
        """The integer sum for one allocation, exact; multiply by `scale` for the value."""
        total = self.constant + exact_sum(self.per_funded[funded])
        total += exact_sum(_products(self.per_cent, granted_cents))
        for part in self.once:
            held = np.unique(part.key[funded[part.row]])
            total += exact_sum(part.worth[held])
        return total

    def evaluate_groups(
        self, funded: BoolArray, granted_cents: IntArray, codes: IntArray, n_groups: int
    ) -> list[int]:
        """The integer sum of each group of `codes` (-1: in none), exact; the constant counts in each."""
        inside = funded & (codes >= 0)
        sums = group_sums(self.per_funded[inside], codes[inside], n_groups)
        held = codes >= 0
        money = _products(self.per_cent[held], granted_cents[held])
        money_sums = group_sums(money, codes[held], n_groups)
        sums = [self.constant + a + b for a, b in zip(sums, money_sums, strict=True)]
        for part in self.once:
            keyed = inside[part.row]
            pairs = np.unique(np.stack([codes[part.row[keyed]], part.key[keyed]]), axis=1)
            extra = group_sums(part.worth[pairs[1]], pairs[0], n_groups)
            sums = [a + b for a, b in zip(sums, extra, strict=True)]
        return sums


def combine(parts: Sequence[tuple[int, Terms]]) -> Terms:
    """Σ factor · terms in one common scale."""
    scale = common_scale([terms.scale for _, terms in parts])
    unit = parts[0][1].unit
    n = len(parts[0][1].per_funded)
    per_funded = np.zeros(n, dtype=np.int64)
    per_cent = np.zeros(n, dtype=np.int64)
    once: list[Once] = []
    constant = 0
    for factor, terms in parts:
        same = terms.rescaled(scale).times(factor)
        per_funded = per_funded + same.per_funded
        per_cent = per_cent + same.per_cent
        once.extend(same.once)
        constant += same.constant
    return Terms(scale, unit, per_funded, per_cent, tuple(once), constant)


def common_scale(scales: Sequence[Fraction]) -> Fraction:
    """The largest scale of which all the given ones are whole multiples."""
    denominator = lcm(*(scale.denominator for scale in scales))
    numerator = gcd(*(int(scale * denominator) for scale in scales))
    return Fraction(max(numerator, 1), denominator)


def exact_sum(values: IntArray) -> int:
    """The sum of int64 values as a Python integer, right even where int64 would overflow."""
    if len(values) == 0:
        return 0
    largest = max(abs(int(values.max())), abs(int(values.min())))
    if largest * len(values) < SAFE_SUM:
        return int(values.sum())
    return sum(values.tolist())


def group_sums(values: IntArray, codes: IntArray, n_groups: int) -> list[int]:
    """Exact sums by group code: a list of Python integers of length n_groups."""
    if len(values) == 0:
        return [0] * n_groups
    largest = max(abs(int(values.max())), abs(int(values.min())))
    if largest * len(values) < SAFE_SUM:
        sums = np.zeros(n_groups, dtype=np.int64)
        np.add.at(sums, codes, values)
        return [int(value) for value in sums]
    exact = [0] * n_groups
    for code, value in zip(codes.tolist(), values.tolist(), strict=True):
        exact[code] += value
    return exact


def checked_product(values: IntArray, factor: int) -> IntArray:
    """values · factor in int64, or OverflowError: never a silent wrap."""
    largest = max(abs(int(values.max())), abs(int(values.min()))) if len(values) else 0
    if largest * abs(factor) >= SAFE_SUM:
        raise OverflowError("the coefficients of this rule do not fit 64-bit integers")
    return values * np.int64(factor)


def _products(per_cent: IntArray, granted_cents: IntArray) -> IntArray:
    if len(per_cent) == 0:
        return per_cent
    largest = int(np.abs(per_cent).max()) * int(np.abs(granted_cents).max())
    if largest >= SAFE_SUM:
        raise OverflowError("an amount times its coefficient does not fit 64-bit integers")
    return per_cent * granted_cents


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
    """

    portfolio: Portfolio
    tree: Tree
    node: IntArray
    day: date | None
    timezone: str
    locate: Locate
    defects: Defects = field(default_factory=Defects)
    warnings: Defects = field(default_factory=Defects)

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
        parts = [self.kind.value, self.id, *([self.group] if self.group else [])]
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

    def rows(
        self,
        labels: Sequence[RowLabel],
        terms: Terms,
        codes: IntArray | None,
        lower: Sequence[int | None],
        upper: Sequence[int | None],
        extra: Sequence[tuple[int, int, int]] = (),
        soft: Soft | None = None,
    ) -> None:
        """One row per group: lower ≤ Σ integer terms + Σ coefficient·column ≤ upper.

        `codes` gives each dossier's group (None: all in group 0); `extra` lists (group, column, coefficient).
        With `soft` a row may be broken, at a price for each unit of `terms.scale`.
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
        slack = self.slack
        return slack is None or slack >= 0


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
