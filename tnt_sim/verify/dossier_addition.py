"""Effect of one more dossier on rules that are sums: checked from changed sums, without a full reading.

A dossier at its least amount changes only the sums of its own group:

    Δ = per_funded + per_cent · least + Σ (worth of its keys that no funded dossier of the group holds)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tnt_sim.rules.envelopes.options import EnvelopeLimit
from tnt_sim.rules.linear_terms import BoolArray, IntArray, Terms
from tnt_sim.rules.protocols import Reading

Holds = Callable[[int, int], bool]
"""Whether a rule is satisfied after adding a dossier (row) with an amount (cents)."""


def build_rule_test(rule: Any, funded: BoolArray, granted_cents: IntArray) -> Holds:
    """Return a function that tells whether a rule or envelope limit is satisfied with one more dossier."""
    if isinstance(rule, EnvelopeLimit):
        codes, readings = np.zeros(len(funded), dtype=np.int64), (rule.read(funded, granted_cents),)
        return _of_groups(codes, readings, [_Sum.of(rule.terms, codes, funded, granted_cents)])
    grouped = rule.list_group_sums()
    if grouped is None:
        return _read_anew(rule, funded, granted_cents)
    codes, sums = grouped
    readings = rule.read(funded, granted_cents).readings
    return _of_groups(codes, readings, [_Sum.of(part, codes, funded, granted_cents) for part in sums])


def _of_groups(codes: IntArray, readings: Sequence[Reading], sums: Sequence[_Sum]) -> Holds:
    broken = [place for place, one in enumerate(readings) if not one.holds]

    def is_satisfied(row: int, cents: int) -> bool:
        group = int(codes[row])
        if any(place != group for place in broken):
            return False
        if group < 0:
            return True
        return _increase_reading(readings[group], sums, row, cents).holds

    return is_satisfied


def _increase_reading(before: Reading, sums: Sequence[_Sum], row: int, cents: int) -> Reading:
    """Return the figure of a group with one more dossier: a sum, or a numerator and a denominator."""
    more = [one.compute_increase(row, cents) for one in sums]
    num, den = before.num, before.den
    if len(more) == 2:
        num, den = num + more[0], den + more[1]
    else:
        num += more[0] * sums[0].terms.scale.numerator
    return Reading(before.group, num, den, before.minimum, before.maximum, before.lowered)


def _read_anew(rule: Any, funded: BoolArray, granted_cents: IntArray) -> Holds:
    def is_satisfied(row: int, cents: int) -> bool:
        with_it, granted = funded.copy(), granted_cents.copy()
        with_it[row], granted[row] = True, cents
        found: bool = rule.read(with_it, granted).holds
        return found

    return is_satisfied


@dataclass(frozen=True, slots=True)
class _Sum:
    """Sum by group, and the (group, key) pairs that each « once » part already holds."""

    terms: Terms
    codes: IntArray
    held: tuple[IntArray, ...]

    @classmethod
    def of(cls, terms: Terms, codes: IntArray, funded: BoolArray, granted_cents: IntArray) -> _Sum:
        held = []
        for part in terms.once:
            mine = funded[part.row] & (codes[part.row] >= 0)
            held.append(np.unique(codes[part.row[mine]] * len(part.worth) + part.key[mine]))
        return cls(terms, codes, tuple(held))

    def compute_increase(self, row: int, cents: int) -> int:
        """Compute what a dossier adds to the sum of its group."""
        terms, group = self.terms, int(self.codes[row])
        total = int(terms.per_funded[row]) + int(terms.per_cent[row]) * cents
        for once, held in zip(terms.once, self.held, strict=True):
            keys = np.unique(once.key[once.row == row])
            fresh = keys[~np.isin(group * len(once.worth) + keys, held)]
            total += sum(once.worth[fresh].tolist())
        return total
