"""Second reading of `waiting_period`: its rows rebuilt for the proof checker, without a look at `rule.py`."""

from __future__ import annotations

from itertools import combinations
from typing import Protocol

import numpy as np
import polars as pl

from tnt_sim.rules.linear_terms import IntArray
from tnt_sim.rules.second_reading.rows import RowCollector, RuleData, format_row_name


class WaitingPeriodData(RuleData, Protocol):
    """Fields of a compiled `waiting_period` that its second reading reads."""

    @property
    def days(self) -> int:
        """The least distance of two funded dossiers."""

    @property
    def group(self) -> IntArray:
        """The group of each dossier of the rule, int64 (m,)."""

    @property
    def dossier(self) -> IntArray:
        """The dossiers of the rule, int64 (m,)."""

    @property
    def day(self) -> IntArray:
        """The day of each dossier of the rule, int64 (m,)."""

    @property
    def number(self) -> pl.Series:
        """The number of every dossier."""


def add_waiting_period_rows(lines: RowCollector, rule: WaitingPeriodData) -> None:
    """Write x_i + x_j ≤ 1 for each two dossiers of a group that are too close."""
    members: dict[int, list[tuple[int, int]]] = {}
    for group, day, dossier in zip(
        rule.group.tolist(), rule.day.tolist(), rule.dossier.tolist(), strict=True
    ):
        members.setdefault(group, []).append((day, dossier))
    pairs = [
        (one, other)
        for dated in members.values()
        for (day, one), (later, other) in combinations(sorted(dated), 2)
        if abs(later - day) < rule.days
    ]
    names = [
        f"{format_row_name('rule', rule.id, f'{rule.number[one]} + {rule.number[other]}')}:max"
        for one, other in pairs
    ]
    entries = np.array(pairs, dtype=np.int64).reshape(-1)
    row = np.repeat(np.arange(len(pairs)), 2)
    lines.add_funded(names, row, entries, np.ones(len(entries), dtype=np.int64), [1] * len(pairs))
