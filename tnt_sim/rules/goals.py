"""What a stage of the objective may hold beside measures: the smallest group, and the distance to a rule's bound.

    smallest        min_g ⌊K·M_g / p_g⌋ / K        shortfall.RULE        Σ distance of the rule's figures

M_g and p_g as in `perhead`. K is the least common multiple of the p_g where it is small, so that the value is
exact; else the value is rounded down to a millionth of the measure's unit (a euro, a dossier) per head.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import Literal, Protocol

from tnt_sim.errors import Text, so_many
from tnt_sim.fields import Code, Spec
from tnt_sim.rules.base import (
    BoolArray,
    Case,
    CompiledRule,
    IntArray,
    Path,
    RowBuilder,
    RowKind,
    RowLabel,
    RuleReading,
    Soft,
    Unit,
)
from tnt_sim.rules.grant import Offers
from tnt_sim.rules.measures import Measures
from tnt_sim.rules.perhead import PerHead, per_head
from tnt_sim.rules.select import Selector

FINEST = Fraction(1, 1_000_000)
SHOWN = 10


class GoalPart(Protocol):
    """A part of a stage that is no sum over dossiers."""

    @property
    def unit(self) -> Unit:
        """What the part counts."""

    def write(self, builder: RowBuilder, stage: int) -> None:
        """Write the rows and the price that bring the part into a stage's value."""

    def read(self, funded: BoolArray, granted_cents: IntArray, rules: Mapping[str, RuleReading]) -> Fraction:
        """What the part adds to the stage's value, exact."""


class SmallestSpec(Spec):
    """The smallest group's measure, perhaps per head."""

    measure: Code
    by: Code | tuple[Code, ...]
    per: Literal["population"] | None = None
    where: Selector | None = None
    groups: Literal["map", "present"] | tuple[Code, ...] | None = None


@dataclass(frozen=True, slots=True)
class Smallest:
    """The smallest of the groups' figures, in whole steps of `terms.scale` / `steps`."""

    of: PerHead
    steps: int

    @property
    def unit(self) -> Unit:
        """That of the measure (per head)."""
        return self.of.terms.unit

    def write(self, builder: RowBuilder, stage: int) -> None:
        """z ≤ K·M_g / p_g for each group, z as large as it can be."""
        if not self.of.heads:
            return
        groups, heads = self.of.groups, self.of.heads
        most = min(self.steps * top // count for top, count in zip(self.of.most, heads, strict=True))
        least = builder.column("smallest", 0, most)
        labels = [RowLabel(RowKind.LINK, "smallest", name) for name in groups.names]
        extra = [(k, least, -count) for k, count in enumerate(heads)]
        zeros: list[int | None] = [0] * len(heads)
        terms = self.of.terms.times(self.steps)
        builder.rows(labels, terms, groups.codes, zeros, [None] * len(heads), extra)
        builder.price(least, stage, -self.of.terms.scale / self.steps)

    def read(self, funded: BoolArray, granted_cents: IntArray, rules: Mapping[str, RuleReading]) -> Fraction:
        """The smallest figure; 0 where there is no group."""
        sums = self.of.sums(funded, granted_cents)
        steps = [self.steps * value // heads for value, heads in zip(sums, self.of.heads, strict=True)]
        return min(steps, default=0) * self.of.terms.scale / self.steps


def compile_smallest(
    spec: SmallestSpec, path: Path, case: Case, measures: Measures, offers: Offers
) -> Smallest | None:
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
        only_met=True,
    )
    if of is None:
        return None
    never = [str(name) for name, most in zip(of.groups.names, of.most, strict=True) if most == 0]
    if never or not of.heads:
        shown = ", ".join(never[:SHOWN]) + (", …" if len(never) > SHOWN else "")
        n = so_many(
            len(never),
            ("groupe ne peut rien recevoir", "groupes ne peuvent rien recevoir"),
            ("group can get nothing", "groups can get nothing"),
        )
        case.warnings.add(
            "smallest-zero",
            Text(
                f"« smallest » vaut 0 quoi qu'on décide : {n.fr} ({shown}).",
                f'"smallest" is 0 whatever is decided: {n.en} ({shown}).',
            )
            if never
            else Text("« smallest » n'a aucun groupe et vaut 0.", '"smallest" has no group and is 0.'),
            case.locate(path),
        )
    whole = lcm(*of.heads) if of.heads else 1
    finest = max(1, int(of.terms.scale / FINEST))
    return Smallest(of, min(whole, finest))


@dataclass(frozen=True, slots=True)
class Shortfall:
    """The distance to a reported rule's bounds, times `weight`; `sign` is -1 in a stage that is maximised."""

    rule: CompiledRule
    weight: Fraction
    sign: int
    unit: Unit

    def write(self, builder: RowBuilder, stage: int) -> None:
        """The rule's rows with a price on their distance."""
        self.rule.soft_rows(builder, Soft(stage, self.weight))

    def read(self, funded: BoolArray, granted_cents: IntArray, rules: Mapping[str, RuleReading]) -> Fraction:
        """Σ distance, from the rule's own reading."""
        return self.sign * self.weight * rules[self.rule.id].distance
