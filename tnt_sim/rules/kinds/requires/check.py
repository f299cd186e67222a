"""Second reading of `requires`: its rows rebuilt for the proof checker."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import polars as pl

from tnt_sim.rules.linear_terms import IntArray
from tnt_sim.rules.offers.funded_rows import Members
from tnt_sim.rules.second_reading.rows import RowCollector, RuleData, _add_implications, format_row_name


class RequiresData(RuleData, Protocol):
    """Fields of a compiled `requires` that its second reading reads."""

    @property
    def head(self) -> IntArray:
        """The dossiers that need others, int64 (n_heads,)."""

    @property
    def at_least(self) -> IntArray:
        """How many of them each needs, int64 (n_heads,)."""

    @property
    def needs(self) -> Members:
        """The dossiers that each head needs."""

    @property
    def dossier(self) -> pl.Series:
        """The number of every dossier."""


def add_requires_rows(lines: RowCollector, rule: RequiresData) -> None:
    """Write k · x_head ≤ Σ x_need for each dossier that needs others, or one row per pair when it needs all."""
    needs, numbers = rule.needs, rule.dossier
    starts = np.searchsorted(needs.group, np.arange(len(rule.head) + 1)).tolist()
    first, second = [], []
    for k, (head, least) in enumerate(zip(rule.head.tolist(), rule.at_least.tolist(), strict=True)):
        own = needs.dossier[starts[k] : starts[k + 1]]
        if least == len(own):
            first += [head] * len(own)
            second += own.tolist()
            continue
        name = f"{format_row_name('rule', rule.id, numbers[head])}:max"
        value = np.concatenate([[least], np.full(len(own), -1)]).astype(np.int64)
        lines.add_funded([name], np.zeros(len(value), dtype=np.int64), np.append(head, own), value, [0])
    _add_implications(
        lines, rule.id, np.array(first, dtype=np.int64), np.array(second, dtype=np.int64), numbers
    )
