"""Second reading of `share`: its rows rebuilt for the proof checker."""

from __future__ import annotations

from fractions import Fraction
from typing import Protocol

from tnt_sim.rules.linear_terms import Groups, Terms
from tnt_sim.rules.second_reading.rows import (
    RowCollector,
    RuleData,
    Sum,
    _assign_single_group,
    _select_group,
    _subtract_share,
    add_bounded_rows,
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
    names, codes = rule.groups.names, rule.groups.codes
    piece = sum_over_columns(lines.columns, rule.numerator, codes, len(names))
    if rule.pooled:
        _add_pooled_rows(lines, rule, piece)
        return
    whole = sum_over_columns(lines.columns, rule.denominator, codes, len(names))
    for side, bound in (("min", rule.minimum), ("max", rule.maximum)):
        if bound is None:
            continue
        # N·a ≥ p/q·D·b with scales a and b, as whole numbers: left·N − right·D ≥ 0
        ratio = bound * rule.denominator.scale / rule.numerator.scale
        total = _subtract_share(piece, whole, ratio)
        zero, none = [0] * len(names), [None] * len(names)
        low, high = (zero, none) if side == "min" else (none, zero)
        add_bounded_rows(
            lines, [format_row_name("rule", rule.id, name, side) for name in names], total, low, high
        )


def _add_pooled_rows(lines: RowCollector, rule: ShareData, numerator: Sum) -> None:
    """Write each group against the denominator of all dossiers, in a row of its own."""
    whole = sum_over_columns(lines.columns, rule.denominator, _assign_single_group(lines.columns), 1)
    for group, name in enumerate(rule.groups.names):
        for side, bound in (("min", rule.minimum), ("max", rule.maximum)):
            if bound is None:
                continue
            ratio = bound * rule.denominator.scale / rule.numerator.scale
            low, high = ([0], [None]) if side == "min" else ([None], [0])
            total = _subtract_share(_select_group(numerator, group), whole, ratio)
            add_bounded_rows(lines, [format_row_name("rule", rule.id, name, side)], total, low, high)
