"""Rule `share`: a ratio of two measures lies between bounds.

    minimum ≤ Σ measure over `where` within `of`  /  Σ of_measure over `of` ≤ maximum

The denominator is never negative, so the ratio is linearised by multiplying out: q·Σ numerator − p·Σ
denominator ≥ 0 for a minimum of p/q. A denominator of 0 satisfies the rule. With `by` both sums are those of
a group; with `of: all` the denominator is that of all groups together, so that the rule bounds each group's
part of the whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

import numpy as np

from tnt_sim.domain.field_types import Code, Rate
from tnt_sim.i18n.message import _
from tnt_sim.rules.expressions.groups import group_by_columns
from tnt_sim.rules.expressions.measures import Measures, can_restrict
from tnt_sim.rules.expressions.selectors import Selector, select
from tnt_sim.rules.kind_support.attainable_range import can_hold_share, warn_idle_share, warn_zero_groups
from tnt_sim.rules.kind_support.rule_spec import RuleSpec, compile_penalty, get_mode, has_valid_bounds
from tnt_sim.rules.kinds.limit.rule import Limit, build_limit
from tnt_sim.rules.linear_terms import BoolArray, Groups, IntArray, Terms, Unit, combine, find_common_scale
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.protocols import (
    Case,
    CompiledRule,
    Mode,
    Path,
    Penalty,
    Reading,
    RowBuilder,
    RowKind,
    RowLabel,
    RuleDefaults,
    RuleReading,
    Soft,
)


class ShareSpec(RuleSpec):
    """A share between bounds, in all or by group."""

    scope_key = "of"
    kind: Literal["share"]
    measure: Code
    of_measure: Code | None = None
    where: Selector | None = None
    of: Literal["all"] | Selector | None = None
    by: Code | tuple[Code, ...] | None = None
    min: Rate | None = None
    max: Rate | None = None

    @property
    def pooled(self) -> bool:
        """Whether the numerator of each group is compared with the denominator of all groups together."""
        return self.of == "all" and self.by is not None

    @property
    def whole(self) -> Selector | None:
        """The selector of the denominator; None for all dossiers."""
        return self.of if isinstance(self.of, Selector) else None

    @property
    def figure_unit(self) -> Literal["money", "rate", "decimal"]:
        """A rate."""
        return "rate"


@dataclass(frozen=True, slots=True)
class Share(RuleDefaults):
    """A compiled `share`.

    `minimum` and `maximum` are exact shares. With `pooled` the denominator is that of all groups together.
    """

    id: str
    kind: str
    mode: Mode
    numerator: Terms
    denominator: Terms
    groups: Groups
    minimum: Fraction | None
    maximum: Fraction | None
    penalty: Penalty | None = None
    pooled: bool = False

    def list_sides(self) -> Iterator[tuple[str, Groups, Terms]]:
        """Yield (side, groups, q · numerator − p · denominator): ≥ 0 for a minimum p/q, ≤ 0 for a maximum.

        The scale is that of numerator − share · denominator, so that a price is per unit of the numerator.
        """
        for side, bound in (("min", self.minimum), ("max", self.maximum)):
            if bound is None:
                continue
            for groups, numerator in split_groups(self.numerator, self.groups, self.pooled):
                terms = combine([(bound.denominator, numerator), (-bound.numerator, self.denominator)])
                yield side, groups, replace(terms, scale=terms.scale / bound.denominator).reduce()

    def build_rows(self, builder: RowBuilder) -> None:
        """Write q · numerator − p · denominator ≥ 0 (minimum p/q) or ≤ 0 (maximum)."""
        self._write(builder, None)

    def build_soft_rows(self, builder: RowBuilder, soft: Soft) -> None:
        """Write the same rows; the distance is what the numerator lacks or exceeds."""
        self._write(builder, soft)

    def _write(self, builder: RowBuilder, soft: Soft | None) -> None:
        for side, groups, terms in self.list_sides():
            labels = [RowLabel(RowKind.RULE, self.id, name, side) for name in groups.names]
            none: list[int | None] = [None] * len(labels)
            zero: list[int | None] = [0] * len(labels)
            lower, upper = (zero, none) if side == "min" else (none, zero)
            builder.add_rows(labels, terms, groups.codes, lower, upper, soft=soft)

    def read(self, funded: BoolArray, granted_cents: IntArray) -> RuleReading:
        """Evaluate numerator and denominator of each group as exact integers in one scale."""
        scale = find_common_scale([self.numerator.scale, self.denominator.scale])
        n = len(self.groups.names)
        codes = self.groups.codes
        num = self.numerator.rescale(scale).evaluate_groups(funded, granted_cents, codes, n)
        whole = self.denominator.rescale(scale)
        if self.pooled:
            den = [whole.evaluate(funded, granted_cents)] * n
        else:
            den = whole.evaluate_groups(funded, granted_cents, codes, n)
        readings = tuple(
            Reading(name, a, b, self.minimum, self.maximum)
            for name, a, b in zip(self.groups.names, num, den, strict=True)
        )
        broken = sum((self._compute_violation(reading) for reading in readings), Fraction(0)) * scale
        return RuleReading(self.id, self.kind, self.mode, readings, self.groups.grouped, broken)

    def _compute_violation(self, reading: Reading) -> Fraction:
        """Return what the numerator lacks or exceeds, in steps of the reading's integers."""
        low = Fraction(0) if self.minimum is None else self.minimum * reading.den - reading.num
        high = Fraction(0) if self.maximum is None else reading.num - self.maximum * reading.den
        return max(low, high, Fraction(0))

    @property
    def distance_unit(self) -> Unit:
        """The unit of the numerator."""
        return self.numerator.unit

    def get_rate_bound(self, side: str) -> Fraction | None:
        """Return the share itself."""
        return self.minimum if side == "min" else self.maximum

    def list_group_sums(self) -> tuple[IntArray, tuple[Terms, ...]] | None:
        """Return numerator and denominator of each group; None where all groups share a denominator."""
        if self.pooled:
            return None
        scale = find_common_scale([self.numerator.scale, self.denominator.scale])
        return self.groups.codes, (self.numerator.rescale(scale), self.denominator.rescale(scale))

    def list_limits(self) -> tuple[Limit, ...]:
        """Return each side multiplied out: numerator − p · denominator ≥ 0 (minimum) or ≤ 0 (maximum)."""
        result = []
        for side, groups, terms in self.list_sides():
            none: tuple[Fraction | None, ...] = (None,) * len(groups.names)
            zero: tuple[Fraction | None, ...] = (Fraction(0),) * len(groups.names)
            low, high = (zero, none) if side == "min" else (none, zero)
            result.append(build_limit(self.id, terms, groups, low, high))
        return tuple(result)

    def widen(self, wider: CompiledRule) -> Share:
        """Return `wider`: the bounds of a share do not depend on its dossiers."""
        assert isinstance(wider, Share)
        return wider


def split_groups(numerator: Terms, groups: Groups, pooled: bool) -> Iterator[tuple[Groups, Terms]]:
    """Yield the groups with their numerator: all at once, or one by one when `pooled`."""
    if not pooled:
        yield groups, numerator
        return
    everyone = np.zeros(len(groups.codes), dtype=np.int64)
    for code, name in enumerate(groups.names):
        yield Groups((name,), everyone, grouped=True), numerator.restrict(groups.codes == code)


def compile_share(
    spec: ShareSpec, path: Path, case: Case, measures: Measures, offers: Offers
) -> Share | None:
    """Resolve the rule on the dossiers.

    Returns None, with defects recorded, when something is unknown or infeasible.
    """
    numerator = measures.get_terms(spec.measure, (*path, "measure"))
    denominator = measures.get_terms(spec.of_measure or spec.measure, (*path, "of_measure"))
    within = select(case, spec.whole, (*path, "of"))
    counted = select(case, spec.where, (*path, "where"))
    if numerator is None or denominator is None or within is None or counted is None:
        return None
    if _is_trivial(case, spec, path):
        return None
    if not all(can_restrict(case, terms, True, path) for terms in (numerator, denominator)):
        return None
    if not has_valid_bounds(spec, spec.min, spec.max, case, path):
        return None
    within = within & case.select_applicable(spec.id)
    groups = group_by_columns(case, spec.by, None, within & offers.groupable, within & offers.in_play, path)
    if groups is None:
        return None
    same = spec.of_measure in (None, spec.measure)
    whole = denominator
    numerator, denominator = numerator.restrict(counted & within), denominator.restrict(within)
    if not _can_multiply_out(case, numerator, denominator, offers, path) or _is_above_one(case, spec, path):
        return None
    mode, bounds = get_mode(spec), (spec.min, spec.max)
    warn_idle_share(case, counted, within, offers, bounds, same, path)
    pieces = []
    for block, piece in split_groups(numerator, groups, spec.pooled):
        mine = counted & (groups.codes == groups.names.index(block.names[0])) if spec.pooled else counted
        rest = whole.restrict(within & ~mine)
        pieces.append((block, piece, rest if same and not rest.once else None))
    if mode is Mode.HARD and not can_hold_share(case, denominator, pieces, offers, bounds, path):
        return None
    if mode is Mode.HARD and spec.pooled and spec.min:
        warn_zero_groups(case, [(block, piece) for block, piece, __ in pieces], offers, (*path, "min"))
    return Share(
        id=spec.id,
        kind=spec.kind,
        mode=mode,
        numerator=numerator,
        denominator=denominator,
        groups=groups,
        minimum=spec.min,
        maximum=spec.max,
        penalty=compile_penalty(spec, case, numerator.unit, path),
        pooled=spec.pooled,
    )


def _is_trivial(case: Case, spec: ShareSpec, path: Path) -> bool:
    """Return whether numerator and denominator are the same sum (always 100 %), with a defect recorded."""
    same = spec.of_measure in (None, spec.measure)
    if not same or spec.pooled or spec.where not in (None, spec.whole):
        return False
    if spec.by is None:
        hint = _(
            "Say which applications count in the numerator (`where`), or give another measure to `of_measure`."
        )
    else:
        hint = _(
            "For the share of each group in the whole, write `of: all`; for a share within each "
            "group, say which applications count in the numerator (`where`)."
        )
    case.record_defect(
        "share-of-itself",
        _("this share has the same numerator and denominator: it is always 100%."),
        path,
        hint,
    )
    return True


def _is_above_one(case: Case, spec: ShareSpec, path: Path) -> bool:
    """Return whether the minimum asks a part to exceed its whole, with a defect recorded."""
    same = spec.of_measure in (None, spec.measure)
    if not same or spec.min is None or spec.min <= 1:
        return False
    case.record_defect(
        "share-above-one",
        _("a minimum share above 100% can never be satisfied."),
        (*path, "min"),
        _("Lower `min`, or give another measure to `of_measure`."),
    )
    return True


def _can_multiply_out(case: Case, numerator: Terms, denominator: Terms, offers: Offers, path: Path) -> bool:
    """Return whether multiplying out is valid.

    No dossier's denominator may be negative, or 0 with a numerator that is not.
    """
    rows = offers.in_play
    below = _compute_largest_weight(denominator, offers)
    above = _compute_largest_weight(numerator, offers)
    if not ((below < 0) | ((below == 0) & (above != 0)))[rows].any():
        return True
    case.record_defect(
        "share-denominator",
        _("the denominator of this share is zero or negative for applications that the numerator counts."),
        (*path, "of_measure"),
        _("Choose a measure that is positive for `of_measure`."),
    )
    return False


def _compute_largest_weight(terms: Terms, offers: Offers) -> IntArray:
    weight = terms.per_funded + terms.per_cent * offers.highest_cents
    for part in terms.once:
        weight = weight + part.sum_worth_per_dossier(len(weight))
    return weight
