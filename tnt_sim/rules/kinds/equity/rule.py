"""Rule `equity`: the per-capita measure of each group lies within a band around the mean.

With M_g the measure of group g, p_g its inhabitants, T = Σ M_g, P = Σ p_g, and a band from α to β:

    α · T/P ≤ M_g / p_g ≤ β · T/P

With `floor: demand`, a group whose eligible dossiers can bring at most D_g satisfies its minimum with M_g =
D_g; a binary z_g says which applies. With α · p_g/P = right/left (likewise for β), and T_max the most that T
can be:

    left·M_g − right·T + (right·T_max − left·D_g)·z_g ≥ 0    M_g ≥ D_g·z_g    (z_g only where both can occur)
    left·M_g − right·T ≤ 0                                   (maximum)

All rows are written over dossiers. Columns for M_g or T would range over billions of cents, and a solver's
feasibility tolerance on such a column is real money. Integers that are too long are rounded outwards, which
relaxes the row; the exact reading then decides, and a point that it refuses is cut off (`Equity.refused`)
before the model is solved again. Violations are priced in exact rows only; where these would be too long, a
penalty is refused (`Equity.has_distance`).

The distance of a group is what its measure lacks or exceeds, rounded up to a whole step (cent, dossier).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np

from tnt_sim.domain.field_types import Code, Rate
from tnt_sim.i18n.message import _
from tnt_sim.rules.expressions.measures import Measures
from tnt_sim.rules.expressions.selectors import Selector
from tnt_sim.rules.kind_support.per_capita import PerHead, build_per_head
from tnt_sim.rules.kind_support.rule_spec import RuleSpec, compile_penalty, get_mode
from tnt_sim.rules.linear_terms import BoolArray, IntArray, Unit
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.protocols import (
    Case,
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

LARGEST = 2**61
"""Bound on the integers of a row before they are rounded."""

PRICED = 2**44
"""Bound on the integers of a row with a priced distance: longer ones have led solvers to wrong optima."""


class EquitySpec(RuleSpec):
    """A measure per head that must not differ too much from one group to the next."""

    kind: Literal["equity"]
    measure: Code
    per: Literal["population"] = "population"
    by: Code
    groups: Literal["map", "present"] | tuple[Code, ...] | None = None
    where: Selector | None = None
    min: Rate | None = None
    max: Rate | None = None
    floor: Literal["demand", "strict"] = "demand"

    @property
    def is_ceiling(self) -> bool:
        """True."""
        return True


@dataclass(frozen=True, slots=True)
class Equity(RuleDefaults):
    """A compiled `equity`.

    `minimum` and `maximum` are α and β; `strict` disables the reduction of a minimum to the group's demand.
    """

    id: str
    kind: str
    mode: Mode
    of: PerHead
    minimum: Fraction | None
    maximum: Fraction | None
    strict: bool
    penalty: Penalty | None = None

    def record_no_distance(self, case: Case, name: str, path: Path) -> None:
        """Record that the distances cannot be priced exactly."""
        record_unpriceable(case, path)

    @property
    def distance_unit(self) -> Unit:
        """The unit of the measure."""
        return self.of.terms.unit

    @property
    def has_distance(self) -> bool:
        """Whether the rows with distances are exact and their integers below `PRICED`."""
        for share, up in ((self.minimum, False), (self.maximum, True)):
            if share is None:
                continue
            for group in range(len(self.of.heads)):
                left, right = self._compute_factors(group, share, up=up)
                if Fraction(right, left) != self._compute_share(group, share):
                    return False
                if max(left * self.of.single, right * self.of.total) > PRICED:
                    return False
        return True

    def build_rows(self, builder: RowBuilder) -> None:
        """Write the rows of the module's equations."""
        self._write(builder, None)

    def build_soft_rows(self, builder: RowBuilder, soft: Soft) -> None:
        """Write the same rows with M_g + s_g in the minimum and M_g − s_g in the maximum, s_g ≥ 0 priced."""
        self._write(builder, soft)

    def build_cuts(
        self, funded: BoolArray, granted_cents: IntArray
    ) -> list[tuple[BoolArray, BoolArray]] | None:
        """Return combinatorial cuts for the violated groups of an allocation.

        Returns None where amounts are variables.

        Each cut is a pair of masks, bool (n,): some dossier of the first must enter, or some of the second
        must leave,

            Σ_{i ∈ enter} x_i + Σ_{i ∈ leave} (1 − x_i) ≥ 1

        A group below its minimum stays below it as long as none of its dossiers enters and none leaves
        elsewhere; the maximum is symmetric. With variable amounts the choice of dossiers alone does not
        decide. Codato and Fischetti, "Combinatorial Benders' Cuts for Mixed-Integer Linear Programming",
        *Operations Research* (2006).
        """
        if self.of.open_amounts:
            return None
        cuts = []
        codes = self.of.groups.codes
        for group, figure in enumerate(self.read(funded, granted_cents).readings):
            if figure.holds:
                continue
            low = figure.minimum is not None and Fraction(figure.num, figure.den) < figure.minimum
            inside, outside = codes == group, (codes >= 0) & (codes != group)
            enter, leave = (inside, outside) if low else (outside, inside)
            cuts.append((enter & ~funded, leave & funded))
        return cuts

    def _write(self, builder: RowBuilder, soft: Soft | None) -> None:
        for group in range(len(self.of.heads)):
            if self.minimum is not None and (self.strict or self.of.most[group]):
                self._write_minimum(builder, group, self.minimum, soft)
            if self.maximum is not None and self.of.most[group]:
                self._write_maximum(builder, group, self.maximum, soft)

    def _write_minimum(self, builder: RowBuilder, group: int, share: Fraction, soft: Soft | None) -> None:
        label = RowLabel(RowKind.RULE, self.id, self.of.groups.names[group], "min")
        left, right = self._compute_factors(group, share, up=False)
        full, top, terms = self.of.most[group], self.of.total, self.of.terms
        short = self._add_distance_column(builder, f"short:{label}", right * top // left + 1, soft)
        lacking = [(0, column, 1) for column in short]
        if not self.strict and full * left < right * sum(self.of.settled):
            # commitments alone already require more of the group than it can bring: only M_g ≥ D_g remains
            builder.add_rows([label], terms, self._select_group(group), [full], [None], lacking)
            return
        extra = [(0, column, left) for column in short]
        if not self.strict and full * left < right * top:
            enough = builder.add_column(f"full:{label}", 0, 1)
            builder.add_rows(
                [label], terms, self._select_group(group), [0], [None], [(0, enough, -full), *lacking]
            )
            extra.append((0, enough, right * top - left * full))
        against = self.of.combine_with_total(group, left, right)
        builder.add_rows([label], against, None, [0], [None], extra, wide=soft is None)

    def _write_maximum(self, builder: RowBuilder, group: int, share: Fraction, soft: Soft | None) -> None:
        label = RowLabel(RowKind.RULE, self.id, self.of.groups.names[group], "max")
        left, right = self._compute_factors(group, share, up=True)
        excess = self._add_distance_column(builder, f"excess:{label}", self.of.most[group], soft)
        extra = [(0, column, -left) for column in excess]
        against = self.of.combine_with_total(group, left, right)
        builder.add_rows([label], against, None, [None], [0], extra, wide=soft is None)

    def _select_group(self, group: int) -> IntArray:
        return np.where(self.of.groups.codes == group, 0, -1)

    def _compute_share(self, group: int, share: Fraction) -> Fraction:
        return share * Fraction(self.of.heads[group], sum(self.of.heads))

    def _compute_factors(self, group: int, share: Fraction, *, up: bool) -> tuple[int, int]:
        """Return (left, right) with right/left = share · p_g / P.

        The ratio is exact where the row stays below `LARGEST`, else rounded outwards.
        """
        ratio = self._compute_share(group, share)
        most = max(1, *self.of.most)
        left, right = ratio.denominator, ratio.numerator
        if max(left * most, right * self.of.total) < LARGEST:
            return left, right
        left = LARGEST // max(most, _round_up(ratio * self.of.total) + 1)
        return left, _round_up(ratio * left) if up else int(ratio * left)

    def _add_distance_column(self, builder: RowBuilder, name: str, most: int, soft: Soft | None) -> list[int]:
        if soft is None:
            return []
        column = builder.add_column(name, 0, most, self.of.terms.scale)
        builder.add_price(column, soft.stage, soft.price * self.of.terms.scale)
        return [column]

    def read(self, funded: BoolArray, granted_cents: IntArray) -> RuleReading:
        """Evaluate the per-capita figure of each group, with the bounds that the totals imply."""
        scale = self.of.terms.scale
        sums = self.of.sum_by_group(funded, granted_cents)
        whole = sum(sums)
        readings, broken = [], 0
        for group, (name, value, heads) in enumerate(
            zip(self.of.groups.names, sums, self.of.heads, strict=True)
        ):
            low = None if self.minimum is None else self._compute_share(group, self.minimum) * whole
            high = None if self.maximum is None else self._compute_share(group, self.maximum) * whole
            most = self.of.most[group]
            lowered = low is not None and not self.strict and most < low
            low = Fraction(most) if lowered else low
            broken += 0 if low is None else max(0, _round_up(low - value))
            broken += 0 if high is None else max(0, _round_up(value - high))
            unit = scale / heads
            readings.append(
                Reading(
                    name,
                    value * scale.numerator,
                    heads * scale.denominator,
                    None if low is None else low * unit,
                    None if high is None else high * unit,
                    lowered,
                )
            )
        return RuleReading(self.id, self.kind, self.mode, tuple(readings), True, broken * scale)


def _round_up(value: Fraction) -> int:
    return math.ceil(value)


def compile_equity(
    spec: EquitySpec, path: Path, case: Case, measures: Measures, offers: Offers
) -> Equity | None:
    """Resolve the rule on the dossiers and the map; None, with defects recorded, when something is unknown."""
    of = build_per_head(
        case,
        measures,
        offers,
        measure=spec.measure,
        by=spec.by,
        per=spec.per,
        where=spec.where,
        groups=spec.groups,
        path=path,
        bound=case.select_applicable(spec.id),
    )
    if of is None or not _can_hold_bounds(spec, path, case):
        return None
    rule = Equity(
        id=spec.id,
        kind=spec.kind,
        mode=get_mode(spec),
        of=of,
        minimum=spec.min,
        maximum=spec.max,
        strict=spec.floor == "strict",
        penalty=compile_penalty(spec, case, of.terms.unit, path),
    )
    if rule.mode is Mode.PENALTY and not rule.has_distance:
        record_unpriceable(case, (*path, "penalty"))
        return None
    return rule


def record_unpriceable(case: Case, path: Path) -> None:
    """Record that distances of an equity rule cannot be priced exactly on these amounts."""
    case.record_defect(
        "equity-price",
        _("the distance to this band does not fit whole numbers short enough for an exact price."),
        path,
        _("Keep the rule hard or `report: true`, or take `measure: dossiers`, or rounded amounts."),
    )


def _can_hold_bounds(spec: EquitySpec, path: Path, case: Case) -> bool:
    """Return whether the rule has a bound and α ≤ 1 ≤ β: groups cannot all lie on one side of their mean."""
    if spec.min is None and spec.max is None and get_mode(spec) is not Mode.REPORT:
        case.record_defect(
            "no-bound",
            _("this rule has neither `min` nor `max`."),
            path,
            _("Give a bound, or `report: true`."),
        )
        return False
    for side, bad in (("min", spec.min is not None and spec.min > 1), ("max", _is_below_one(spec.max))):
        if bad:
            case.record_defect(
                "equity-band",
                _("the band must contain 100%: groups cannot all lie on one side of the mean."),
                (*path, side),
                _("Example: `min: 50%, max: 150%`."),
            )
            return False
    return True


def _is_below_one(maximum: Fraction | None) -> bool:
    return maximum is not None and maximum < 1
