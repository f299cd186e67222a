"""Maximum rates of aid: a share of the base, by brackets if asked, with bonuses; exact, rounded down once.

    most = ⌊base · ρ⌋                                    ρ a rate
    most = ⌊Σ_k ρ_k · (part of the base in bracket k)⌋    ρ by brackets
    bonus b up to u:  most ← max(most, min(most + b · base, u · base))    before rounding, one bonus after another

A dossier whose rate exceeds u keeps it, and two bonuses add up.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import lcm

import numpy as np

from tnt_sim.domain.field_types import write_rate
from tnt_sim.i18n.message import _
from tnt_sim.rules.expressions.columns import NO_LIMIT, multiply_exact
from tnt_sim.rules.expressions.selectors import select
from tnt_sim.rules.linear_terms import IntArray
from tnt_sim.rules.offers.grant_spec import BracketsSpec, GrantSpec
from tnt_sim.rules.protocols import Case, Path


def compute_rate_limits(case: Case, spec: GrantSpec, base: IntArray, path: Path) -> IntArray:
    """Return the most that `max_rate` and `bonus` allow each dossier, int64 (n,).

    Where the base is unknown it is `NO_LIMIT`.
    """
    assert spec.max_rate is not None
    rates = [rate for rate, __ in _list_rates(spec, path)]
    common = lcm(*(rate.denominator for rate in rates))
    known = np.where(base == NO_LIMIT, 0, base)
    # in units of 1/common cent, so that the result is rounded down only once
    scaled = _apply_rate(spec.max_rate, known, common)
    for k, bonus in enumerate(spec.bonus):
        mask = select(case, bonus.where, (*path, "bonus", k, "where"))
        if mask is None:
            continue
        ceiling = Fraction(1) if bonus.up_to is None else bonus.up_to
        raised = scaled + multiply_exact(known, int(bonus.rate * common))
        raised = np.minimum(raised, multiply_exact(known, int(ceiling * common)))
        scaled = np.where(mask, np.maximum(scaled, raised), scaled)
    whole = np.minimum(scaled // common, NO_LIMIT).astype(np.int64)
    return np.where(base == NO_LIMIT, NO_LIMIT, whole)


def _apply_rate(rate: Fraction | BracketsSpec, base: IntArray, common: int) -> IntArray:
    if isinstance(rate, Fraction):
        return multiply_exact(base, int(rate * common))
    total = multiply_exact(np.zeros_like(base), 1)
    start = 0
    for bracket in rate.brackets:
        stop = NO_LIMIT if bracket.up_to is None else bracket.up_to
        total = total + multiply_exact(np.clip(base - start, 0, stop - start), int(bracket.rate * common))
        start = stop
    return total


def _list_rates(spec: GrantSpec, path: Path) -> Iterator[tuple[Fraction, Path]]:
    """Yield every rate of an entry with its place."""
    if isinstance(spec.max_rate, BracketsSpec):
        for k, bracket in enumerate(spec.max_rate.brackets):
            yield bracket.rate, (*path, "max_rate", "brackets", k, "rate")
    elif spec.max_rate is not None:
        yield spec.max_rate, (*path, "max_rate")
    if spec.min_rate is not None:
        yield spec.min_rate, (*path, "min_rate")
    for k, bonus in enumerate(spec.bonus):
        yield bonus.rate, (*path, "bonus", k, "rate")
        if bonus.up_to is not None:
            yield bonus.up_to, (*path, "bonus", k, "up_to")


def record_rate_above_one(case: Case, rate: Fraction, path: Path) -> None:
    """Record a rate above 100 %."""
    percent = write_rate(rate)
    case.record_defect(
        "rate-above-one",
        _("a rate of {percent} is above 100%.", percent=percent),
        path,
        _("Write a rate of at most 100%, or an amount in euros."),
    )


def check_rates(case: Case, spec: GrantSpec, path: Path) -> bool:
    """Return whether the rates of an entry are consistent.

    They are at most 100 %, brackets are in order, and `bonus` comes with `max_rate`.
    """
    before = len(case.defects.entries)
    for rate, place in _list_rates(spec, path):
        if rate > 1:
            record_rate_above_one(case, rate, place)
    if spec.bonus and spec.max_rate is None:
        case.record_defect(
            "bonus-without-rate",
            _("`bonus` raises `max_rate`, which is missing."),
            (*path, "bonus"),
            _("Give `max_rate`, or take `bonus` out."),
        )
    for k, bonus in enumerate(spec.bonus):
        if isinstance(spec.max_rate, Fraction) and bonus.up_to is not None and bonus.up_to < spec.max_rate:
            case.record_defect(
                "bonus-idle",
                _("this bonus can raise nothing: `up_to` is below `max_rate`."),
                (*path, "bonus", k, "up_to"),
                _("Raise `up_to`, or take the bonus out."),
            )
    if isinstance(spec.max_rate, BracketsSpec):
        _check_brackets(case, spec.max_rate, (*path, "max_rate", "brackets"))
    _check_order(case, spec, path)
    return len(case.defects.entries) == before


def _check_brackets(case: Case, spec: BracketsSpec, path: Path) -> None:
    start = 0
    for k, bracket in enumerate(spec.brackets):
        last = k == len(spec.brackets) - 1
        if (bracket.up_to is None and not last) or (bracket.up_to is not None and bracket.up_to <= start):
            case.record_defect(
                "brackets-order",
                _("brackets go from the lowest `up_to` to the highest, and only the last one may have none."),
                (*path, k),
                _("Put them in this order, or add the missing `up_to`."),
            )
            return
        start = bracket.up_to or start


def _check_order(case: Case, spec: GrantSpec, path: Path) -> None:
    if spec.bonus or not isinstance(spec.max_rate, Fraction) or spec.min_rate is None:
        return
    if spec.min_rate > spec.max_rate:
        case.record_defect(
            "rates-order",
            _("`min_rate` is above `max_rate`: no application can get anything."),
            (*path, "min_rate"),
        )
