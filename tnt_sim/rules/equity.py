"""`equity`: each group's measure per head within a band around the ratio of the totals.

With M_g the measure of group g, p_g its inhabitants, T = Σ M_g, P = Σ p_g, a band of α to β:

    α · T/P ≤ M_g / p_g ≤ β · T/P

With `floor: demand` a group's minimum is at most what its eligible dossiers could bring, D_g: then M_g = D_g is
enough. As rows, T, the M_g and a copy U_g of T being whole columns (α = a/q, β = b/q), every figure stays small:

    q·P·M_g ≥ a·p_g·U_g        U_g ≥ T − (T_max − t_g)·z_g        M_g ≥ D_g·z_g        z_g ∈ {0, 1}
    q·P·M_g ≤ b·p_g·T

t_g is the largest total of which D_g is the group's share. z_g and U_g are written only where both can happen; all
columns count in the largest step of which every amount is a multiple. The distance of a group is what its measure
lacks or has too much, rounded up to the whole unit (cent, dossier).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from tnt_sim.errors import Text
from tnt_sim.fields import Code, Rate
from tnt_sim.rules.base import (
    BoolArray,
    Case,
    IntArray,
    Mode,
    Path,
    Penalty,
    Reading,
    RowBuilder,
    RuleReading,
    Soft,
)
from tnt_sim.rules.grant import Offers
from tnt_sim.rules.measures import Measures
from tnt_sim.rules.perhead import PerHead, per_head
from tnt_sim.rules.rulespec import RuleSpec, mode_of, penalty_of
from tnt_sim.rules.select import Selector


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


@dataclass(frozen=True, slots=True)
class Equity:
    """A compiled `equity`; `minimum` and `maximum` are shares of the ratio of the totals."""

    id: str
    kind: str
    mode: Mode
    of: PerHead
    minimum: Fraction | None
    maximum: Fraction | None
    strict: bool
    penalty: Penalty | None = None

    def rows(self, builder: RowBuilder) -> None:
        """The rows of the module's equations."""
        self._write(builder, None)

    def soft_rows(self, builder: RowBuilder, soft: Soft) -> None:
        """The same rows with M_g + s_g for M_g in the minimum, and M_g − s_g in the maximum."""
        self._write(builder, soft)

    def _write(self, builder: RowBuilder, soft: Soft | None) -> None:
        if (self.minimum is None and self.maximum is None) or not self.of.heads:
            return
        sums = self.of.columns(builder, self.id)
        top = self.of.total // self.of.step
        whole = builder.column(f"{self.id}:total", 0, top)
        builder.link(self.id, [(whole, 1), *((column, -1) for column in sums)], 0, 0)
        for group in range(len(sums)):
            if self.minimum is not None and (self.strict or self.of.most[group]):
                self._low(builder, group, sums[group], whole, top, soft)
            if self.maximum is not None and self.of.most[group]:
                self._high(builder, group, sums[group], whole, soft)

    def _low(
        self, builder: RowBuilder, group: int, column: int, whole: int, top: int, soft: Soft | None
    ) -> None:
        assert self.minimum is not None
        name = f"{self.id}:{self.of.groups.names[group]}"
        left, right = self._factors(group, self.minimum)
        step, full, most = self.of.step, self.of.tops[group], self.of.most[group]
        short = self._distance(builder, f"short:{name}", step * top * right // left + 1, soft)
        lacking = [(column, -step), *((c, -1) for c in short)]
        if not self.strict and most * left < right * sum(self.of.settled):
            # whatever is decided, the share of what is committed already exceeds what the group could bring
            builder.link(name, lacking, -most)
            return
        compared = whole
        if not self.strict and full * left < right * top:
            # up to this total the group can have its share; beyond it z says that it has all it asks for
            fair = min(top, full * left // right)
            compared = builder.column(f"{name}:compared", 0, top if short else fair)
            enough = builder.column(f"{name}:full", 0, 1)
            far = top if short else top - fair
            builder.link(name, [(whole, 1), (compared, -1), (enough, -far)], 0)
            builder.link(name, [(enough, most), *lacking], 0)
        builder.link(name, [(compared, right * step), *((c, left * v) for c, v in lacking)], 0)

    def _high(self, builder: RowBuilder, group: int, column: int, whole: int, soft: Soft | None) -> None:
        assert self.maximum is not None
        name = f"{self.id}:{self.of.groups.names[group]}"
        left, right = self._factors(group, self.maximum)
        step = self.of.step
        excess = self._distance(builder, f"excess:{name}", self.of.most[group], soft)
        entries = [(column, left * step), *((c, -left) for c in excess), (whole, -right * step)]
        builder.link(name, entries, 0)

    def _factors(self, group: int, share: Fraction) -> tuple[int, int]:
        """M_g ≥ share·p_g·T/P as left·M_g ≥ right·T, in lowest terms."""
        ratio = share * Fraction(self.of.heads[group], sum(self.of.heads))
        return ratio.denominator, ratio.numerator

    def _distance(self, builder: RowBuilder, name: str, most: int, soft: Soft | None) -> list[int]:
        if soft is None:
            return []
        column = builder.column(name, 0, most)
        builder.price(column, soft.stage, soft.price * self.of.terms.scale)
        return [column]

    def read(self, funded: BoolArray, granted_cents: IntArray) -> RuleReading:
        """Each group's figure per head, with the bounds that the totals give."""
        scale = self.of.terms.scale
        sums = self.of.sums(funded, granted_cents)
        ratio = Fraction(sum(sums), sum(self.of.heads)) if sums else Fraction(0)
        readings, broken = [], 0
        for name, value, heads, most in zip(
            self.of.groups.names, sums, self.of.heads, self.of.most, strict=True
        ):
            low = None if self.minimum is None else self.minimum * ratio * heads
            high = None if self.maximum is None else self.maximum * ratio * heads
            lowered = low is not None and not self.strict and most < low
            low = Fraction(most) if lowered else low
            broken += 0 if low is None else max(0, _ceil(low - value))
            broken += 0 if high is None else max(0, _ceil(value - high))
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


def _ceil(value: Fraction) -> int:
    return -(-value.numerator // value.denominator)


def compile_equity(
    spec: EquitySpec, path: Path, case: Case, measures: Measures, offers: Offers
) -> Equity | None:
    """Meet the dossiers and the map; None, with defects noted, when something is unknown."""
    of = per_head(
        case,
        measures,
        offers,
        measure=spec.measure,
        by=spec.by,
        per=spec.per,
        where=spec.where,
        groups=spec.groups,
        path=path,
        bound=case.bound(spec.id),
    )
    if of is None or not _bounds_can_hold(spec, path, case):
        return None
    return Equity(
        id=spec.id,
        kind=spec.kind,
        mode=mode_of(spec),
        of=of,
        minimum=spec.min,
        maximum=spec.max,
        strict=spec.floor == "strict",
        penalty=penalty_of(spec, case, of.terms.unit, path),
    )


def _bounds_can_hold(spec: EquitySpec, path: Path, case: Case) -> bool:
    """A band that leaves the mean out holds only where nothing is granted at all."""
    if spec.min is None and spec.max is None and mode_of(spec) is not Mode.REPORT:
        case.fault(
            "no-bound",
            Text("cette règle n'a ni `min` ni `max`.", "this rule has neither `min` nor `max`."),
            path,
            Text("Donnez une borne, ou `report: true`.", "Give a bound, or `report: true`."),
        )
        return False
    for side, bad in (("min", spec.min is not None and spec.min > 1), ("max", _below(spec.max))):
        if bad:
            case.fault(
                "equity-band",
                Text(
                    "la bande doit contenir 100 % : tous les groupes ne peuvent pas être d'un même côté de la "
                    "moyenne.",
                    "the band must contain 100 %: groups cannot all lie on one side of the mean.",
                ),
                (*path, side),
            )
            return False
    return True


def _below(maximum: Fraction | None) -> bool:
    return maximum is not None and maximum < 1
