"""Linear sums over dossiers, exact: what rules count, as rows take it and as readings evaluate it.

    value = scale · ( constant + Σᵢ per_fundedᵢ·xᵢ + Σᵢ per_centᵢ·gᵢ
                      + Σ_once Σ_k worth_k·[some i that holds key k has xᵢ = 1] )

where xᵢ ∈ {0, 1} says whether dossier i is funded and gᵢ is its grant in cents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fractions import Fraction
from math import gcd, lcm

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

SAFE_SUM = 2**62


class Unit(StrEnum):
    """What a figure counts."""

    MONEY = "money"
    NUMBER = "number"


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


def whole_steps(bounds: Sequence[Fraction | None], scale: Fraction, *, up: bool) -> list[int | None]:
    """⌈bound/scale⌉ or ⌊bound/scale⌋ of each bound, None where there is none.

    There are as many as groups, and most are one and the same: that is divided once.
    """
    steps: list[int | None] = []
    last, step = None, None
    for bound in bounds:
        if bound is not last:
            last, step = bound, None
            if bound is not None:
                num, den = bound.numerator * scale.denominator, bound.denominator * scale.numerator
                step = -(-num // den) if up else num // den
        steps.append(step)
    return steps


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
