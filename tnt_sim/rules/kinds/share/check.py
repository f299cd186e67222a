"""Second reading of `share`: its rows rebuilt for the proof checker."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Protocol

from tnt_sim.rules.linear_terms import Groups, Terms
from tnt_sim.rules.second_reading.rows import (
    Pricing,
    RowCollector,
    RuleData,
    Sum,
    _assign_single_group,
    _select_group,
    _subtract_share,
    add_bounded_rows,
    add_priced_rows,
    format_row_name,
    sum_over_columns,
)


class ShareData(RuleData, Protocol):
    """Fields of a compiled `share` that its second reading reads."""

    @property
    def numerator(self) -> Terms:
        """The measure above."""

    @property
    def denominator(self) -> Terms:
        """The measure below."""

    @property
    def groups(self) -> Groups:
        """The group of each dossier."""

    @property
    def minimum(self) -> Fraction | None:
        """The least ratio."""

    @property
    def maximum(self) -> Fraction | None:
        """The greatest ratio."""

    @property
    def pooled(self) -> bool:
        """Whether all groups share one denominator."""


def add_share_rows(lines: RowCollector, rule: ShareData) -> None:
    """Write the numerator against its share of the denominator, for each group."""
    for names, total, side, _ in _list_sides(lines, rule):
        zero, none = [0] * len(names), [None] * len(names)
        low, high = (zero, none) if side == "min" else (none, zero)
        add_bounded_rows(lines, names, total, low, high)


def add_priced_share_rows(lines: RowCollector, rule: ShareData, pricing: Pricing) -> None:
    """Write the same with what the numerator lacks, or has too much, at its price."""
    for names, total, side, scale in _list_sides(lines, rule):
        zero, none = [Fraction(0)] * len(names), [None] * len(names)
        low, high = (zero, none) if side == "min" else (none, zero)
        add_priced_rows(lines, pricing, names, total, scale, low, high)


def _list_sides(lines: RowCollector, rule: ShareData) -> Iterator[tuple[list[str], Sum, str, Fraction]]:
    """Yield names, left·N − right·D, its side, and its unit in the measure above.

    N·a ≥ p/q·D·b with scales a and b is left·N − right·D ≥ 0 in whole numbers. Where all groups share one
    denominator, each is a sum of its own.
    """
    names, codes = rule.groups.names, rule.groups.codes
    piece = sum_over_columns(lines.columns, rule.numerator, codes, len(names))
    if rule.pooled:
        whole = sum_over_columns(lines.columns, rule.denominator, _assign_single_group(lines.columns), 1)
        sums = [([name], _select_group(piece, group)) for group, name in enumerate(names)]
    else:
        whole = sum_over_columns(lines.columns, rule.denominator, codes, len(names))
        sums = [(list(names), piece)]
    for labels, total in sums:
        for side, bound in (("min", rule.minimum), ("max", rule.maximum)):
            if bound is not None:
                ratio = bound * rule.denominator.scale / rule.numerator.scale
                rows = [format_row_name("rule", rule.id, name, side) for name in labels]
                scale = rule.numerator.scale / ratio.denominator
                yield rows, _subtract_share(total, whole, ratio), side, scale
