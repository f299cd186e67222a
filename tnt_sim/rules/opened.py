"""An envelope's amount as something to find: « the least amount at which … ».

The tree holds the largest amount A that is looked at. One further column c, 0 ≤ c ≤ most, goes down from it and
from the amounts of the envelopes above; the least amount is A − max c. Every row that holds an amount relaxes
as the amount grows, so an allocation that fits at one amount fits at every larger one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from tnt_sim.programme import Opened, Tree
from tnt_sim.rules.base import BoolArray, IntArray, RowBuilder, RuleReading, Unit
from tnt_sim.rules.envelope import most_lowered

CENT = Fraction(1, 100)
LOWERED = "lowered"
"""The name of the column."""


def lowering_column(builder: RowBuilder, opened: Opened) -> int:
    """The column by which the opened amounts go down."""
    return builder.shared_column(LOWERED, 0, opened.most_cents)


@dataclass(frozen=True, slots=True)
class Lowered:
    """A part of a stage that is minimised: − c, in euros."""

    tree: Tree
    node: IntArray

    @property
    def unit(self) -> Unit:
        """Euros."""
        return Unit.MONEY

    def write(self, builder: RowBuilder, stage: int) -> None:
        """Each cent that the amounts go down is a cent less."""
        if self.tree.opened is not None:
            builder.price(lowering_column(builder, self.tree.opened), stage, -CENT)

    def read(self, funded: BoolArray, granted_cents: IntArray, rules: Mapping[str, RuleReading]) -> Fraction:
        """− c for the largest c at which the grants still fit."""
        return -CENT * most_lowered(self.tree, self.node, granted_cents)
