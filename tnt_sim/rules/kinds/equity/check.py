"""Second reading of `equity`: its rows rebuilt for the proof checker."""

from __future__ import annotations

from fractions import Fraction
from typing import Protocol

from tnt_sim.rules.kind_support.per_capita import PerHead
from tnt_sim.rules.second_reading.rows import (
    RowCollector,
    RuleData,
    Sum,
    _pool_groups,
    _select_group,
    _subtract_share,
    add_bounded_rows,
    format_row_name,
    sum_over_columns,
)


class EquityData(RuleData, Protocol):
    """Fields of a compiled `equity` that its second reading reads."""

    @property
    def of(self) -> PerHead:
        """The measure, its groups and their heads."""

    @property
    def minimum(self) -> Fraction | None:
        """The least share of the mean."""

    @property
    def maximum(self) -> Fraction | None:
        """The greatest share of the mean."""

    @property
    def strict(self) -> bool:
        """Whether a minimum stays above what its group can reach."""


ROUNDED = 2**61
"""From this size on, the rule rounds the integers of a row; cases that depend on the rounding are left
unread.
"""


def add_equity_rows(lines: RowCollector, rule: EquityData) -> None:
    """Write the bound of each group against its share of the total.

    A minimum reduced to a low demand may need a further binary column; such rows are left unread.
    """
    of, codes = rule.of, rule.of.groups.codes
    own = sum_over_columns(lines.columns, of.terms, codes, len(of.heads))
    for group, (name, heads) in enumerate(zip(of.groups.names, of.heads, strict=True)):
        for side, bound in (("min", rule.minimum), ("max", rule.maximum)):
            if bound is None:
                continue
            ratio = bound * Fraction(heads, sum(of.heads))
            _add_group_row(lines, rule, own, group, format_row_name("rule", rule.id, name, side), side, ratio)


def _add_group_row(
    lines: RowCollector, rule: EquityData, own: Sum, group: int, name: str, side: str, ratio: Fraction
) -> None:
    if not own.linear.all():
        lines.unread.add(f"{name}:{side}")
        return
    own_rows = _select_group(own, group)
    if side == "max":
        add_bounded_rows(lines, [name], _subtract_share(own_rows, _pool_groups(own), ratio), [None], [0])
        return
    demand = rule.of.most[group]
    if rule.strict or demand >= ratio * rule.of.total:
        add_bounded_rows(lines, [name], _subtract_share(own_rows, _pool_groups(own), ratio), [0], [None])
        return
    if demand < ratio * sum(rule.of.settled):
        add_bounded_rows(lines, [name], own_rows, [demand], [None])
        if max(ratio.denominator * max(rule.of.most), ratio.numerator * rule.of.total) < ROUNDED:
            return
    lines.unread.add(f"{name}:{side}")
