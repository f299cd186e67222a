"""Exact linear sums over dossiers: the quantities that rules bound and objectives optimise.

    value = scale · ( constant + Σᵢ per_fundedᵢ·xᵢ + Σᵢ per_centᵢ·gᵢ
                      + Σ_once Σ_k worth_k·[some i that has key k is funded] )

xᵢ ∈ {0, 1} says whether dossier i is funded and gᵢ is its grant in cents (0 when it is not). All
coefficients are integers; `scale` is an exact fraction in the measure's unit (euros, dossiers, …). The last
sum counts a thing once however many funded dossiers share it: a project, an applicant, the inhabitants of a
commune.

The same object writes the rows of the model and evaluates an allocation, always without rounding: sums that
could overflow int64 are computed in Python integers, and products that would overflow raise `OverflowError`.

>>> import numpy as np
>>> cost = Terms(Fraction(1, 100), Unit.MONEY, np.array([500, 700]), np.zeros(2, dtype=np.int64))
>>> cost.evaluate(np.array([True, False]), np.zeros(2, dtype=np.int64)) * cost.scale
Fraction(5, 1)
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
"""Sums of absolute values below this bound cannot overflow int64."""


class Unit(StrEnum):
    """What a figure counts: euros, or a plain number."""

    MONEY = "money"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Once:
    """Quantities counted once per key, however many funded dossiers have the key.

    Attributes
    ----------
    row, key : int64 (n_pairs,); dossier `row` has key `key`; a dossier may have several keys
    worth : int64 (n_keys,), what each key counts for
    """

    row: IntArray
    key: IntArray
    worth: IntArray

    @classmethod
    def of_codes(cls, codes: IntArray, worth: IntArray) -> Once:
        """Build from at most one key per dossier: `codes` int64 (n,), -1 for no key."""
        row = np.flatnonzero(codes >= 0)
        return cls(row, codes[row], worth)

    def restrict(self, mask: BoolArray) -> Once:
        """Keep the pairs of the dossiers in `mask`, bool (n,); the keys stay."""
        inside = mask[self.row]
        return Once(self.row[inside], self.key[inside], self.worth)

    def sum_worth_per_dossier(self, n: int) -> IntArray:
        """Return the sum of the worths of each dossier's keys, int64 (n,): what it would count for alone."""
        total = np.zeros(n, dtype=np.int64)
        np.add.at(total, self.row, self.worth[self.key])
        return total


@dataclass(frozen=True, slots=True)
class Groups:
    """Group of each dossier.

    Attributes
    ----------
    names : names of the groups, sorted; a single None without `by`
    codes : int64 (n,), position in `names`, -1 in no group
    grouped : whether the rule gives `by`
    """

    names: tuple[str | None, ...]
    codes: IntArray
    grouped: bool


@dataclass(frozen=True, slots=True)
class Terms:
    """A linear sum over n dossiers with integer coefficients; the module gives the equation.

    Attributes
    ----------
    scale : value of one integer step, in the unit
    unit : euros or a plain number
    per_funded, per_cent : int64 (n,), coefficients of xᵢ and of gᵢ
    once : the quantities counted once per key
    constant : integer, in steps of `scale`
    """

    scale: Fraction
    unit: Unit
    per_funded: IntArray
    per_cent: IntArray
    once: tuple[Once, ...] = ()
    constant: int = 0

    def restrict(self, mask: BoolArray) -> Terms:
        """Return the sum restricted to the dossiers in `mask`, bool (n,); the constant stays."""
        return Terms(
            self.scale,
            self.unit,
            np.where(mask, self.per_funded, 0),
            np.where(mask, self.per_cent, 0),
            tuple(part.restrict(mask) for part in self.once),
            self.constant,
        )

    def multiply(self, factor: int) -> Terms:
        """Multiply all integer coefficients by `factor`; the scale stays, so the value is multiplied too."""
        return Terms(
            self.scale,
            self.unit,
            multiply_checked(self.per_funded, factor),
            multiply_checked(self.per_cent, factor),
            tuple(Once(part.row, part.key, multiply_checked(part.worth, factor)) for part in self.once),
            self.constant * factor,
        )

    def rescale(self, scale: Fraction) -> Terms:
        """Return the same value in a finer scale.

        Raises
        ------
        ValueError
            if the present scale is not a whole multiple of `scale`
        """
        factor = self.scale / scale
        if factor.denominator != 1:
            raise ValueError("a finer scale must divide the present one")
        finer = self.multiply(int(factor))
        return replace(finer, scale=scale)

    def reduce(self) -> Terms:
        """Divide the coefficients by their greatest common divisor.

        The value stays the same. Small integers help solvers.
        """
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
        """Return the exact integer sum on one allocation; multiply it by `scale` to get the value.

        `funded` is bool (n,), `granted_cents` int64 (n,) and 0 for dossiers that are not funded.
        """
        total = self.constant + sum_exactly(self.per_funded[funded])
        total += sum_exactly(_multiply_grants(self.per_cent, granted_cents))
        for part in self.once:
            held = np.unique(part.key[funded[part.row]])
            total += sum_exactly(part.worth[held])
        return total

    def evaluate_groups(
        self, funded: BoolArray, granted_cents: IntArray, codes: IntArray, n_groups: int
    ) -> list[int]:
        """Return the exact integer sum of each group; the constant counts in every group.

        `codes` is int64 (n,), the group of each dossier from 0 to n_groups − 1, or -1 for none.
        """
        inside = funded & (codes >= 0)
        places = codes[inside]
        sums = sum_by_group(self.per_funded[inside], places, n_groups)
        money = _multiply_grants(self.per_cent[inside], granted_cents[inside])
        money_sums = sum_by_group(money, places, n_groups)
        sums = [self.constant + a + b for a, b in zip(sums, money_sums, strict=True)]
        for once in self.once:
            keyed = inside[once.row]
            pairs = np.unique(np.stack([codes[once.row[keyed]], once.key[keyed]]), axis=1)
            extra = sum_by_group(once.worth[pairs[1]], pairs[0], n_groups)
            sums = [a + b for a, b in zip(sums, extra, strict=True)]
        return sums


def combine(weighted: Sequence[tuple[int, Terms]]) -> Terms:
    """Return Σ factor · terms as one sum, in the coarsest scale common to all.

    The unit is that of the first.

    Raises
    ------
    OverflowError
        if a coefficient could overflow
    """
    scale = find_common_scale([terms.scale for _, terms in weighted])
    unit = weighted[0][1].unit
    n = len(weighted[0][1].per_funded)
    per_funded = np.zeros(n, dtype=np.int64)
    per_cent = np.zeros(n, dtype=np.int64)
    once: list[Once] = []
    constant = largest = 0
    for factor, terms in weighted:
        same = terms.rescale(scale).multiply(factor)
        largest += max(_find_largest(same.per_funded), _find_largest(same.per_cent))
        if largest >= 2**63:
            raise OverflowError("the coefficients of this rule do not fit 64-bit integers")
        per_funded = per_funded + same.per_funded
        per_cent = per_cent + same.per_cent
        once.extend(same.once)
        constant += same.constant
    return Terms(scale, unit, per_funded, per_cent, tuple(once), constant)


def find_common_scale(scales: Sequence[Fraction]) -> Fraction:
    """Return the largest fraction of which all the given scales are whole multiples.

    >>> find_common_scale([Fraction(1, 100), Fraction(1, 6)])
    Fraction(1, 300)
    """
    denominator = lcm(*(scale.denominator for scale in scales))
    numerator = gcd(*(int(scale * denominator) for scale in scales))
    return Fraction(max(numerator, 1), denominator)


def round_to_steps(bounds: Sequence[Fraction | None], scale: Fraction, *, up: bool) -> list[int | None]:
    """Return ⌈bound / scale⌉ (`up`) or ⌊bound / scale⌋ for each bound; None stays None.

    Consecutive bounds that are the same object are divided once: with many groups most bounds are.

    >>> round_to_steps([Fraction(5, 2), None], Fraction(1), up=True)
    [3, None]
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


def sum_exactly(values: IntArray) -> int:
    """Return the sum of int64 values as a Python integer, exact even where int64 would overflow."""
    if len(values) == 0:
        return 0
    if _find_largest(values) * len(values) < SAFE_SUM:
        return int(values.sum())
    return sum(values.tolist())


def sum_by_group(values: IntArray, codes: IntArray, n_groups: int) -> list[int]:
    """Return the exact sums by group code as Python integers; `codes` are in 0 … n_groups − 1."""
    if len(values) == 0:
        return [0] * n_groups
    if _find_largest(values) * len(values) < SAFE_SUM:
        sums = np.zeros(n_groups, dtype=np.int64)
        np.add.at(sums, codes, values)
        return sums.tolist()
    exact = [0] * n_groups
    for code, value in zip(codes.tolist(), values.tolist(), strict=True):
        exact[code] += value
    return exact


def _find_largest(values: IntArray) -> int:
    """Return the largest absolute value; 0 for none."""
    return max(abs(int(values.max())), abs(int(values.min()))) if len(values) else 0


def multiply_checked(values: IntArray, factor: int) -> IntArray:
    """Return values · factor in int64.

    Raises
    ------
    OverflowError
        if a product could overflow
    """
    if _find_largest(values) * abs(factor) >= SAFE_SUM:
        raise OverflowError("the coefficients of this rule do not fit 64-bit integers")
    return values * np.int64(factor)


def _multiply_grants(per_cent: IntArray, granted_cents: IntArray) -> IntArray:
    """Return per_cent · granted_cents elementwise; raise `OverflowError` where a product could overflow."""
    if len(per_cent) == 0:
        return per_cent
    largest = int(np.abs(per_cent).max()) * int(np.abs(granted_cents).max())
    if largest >= SAFE_SUM:
        raise OverflowError("an amount times its coefficient does not fit 64-bit integers")
    return per_cent * granted_cents
