"""Second reading of `together`: its rows rebuilt for the proof checker."""

from __future__ import annotations

from itertools import pairwise
from typing import Protocol

import numpy as np
import polars as pl

from tnt_sim.rules.offers.funded_rows import Members
from tnt_sim.rules.second_reading.rows import RowCollector, RuleData, _add_implications


class TogetherData(RuleData, Protocol):
    """Fields of a compiled `together` that its second reading reads."""

    @property
    def members(self) -> Members:
        """The groups of dossiers."""

    @property
    def dossier(self) -> pl.Series:
        """The number of every dossier."""


def add_together_rows(lines: RowCollector, rule: TogetherData) -> None:
    """Write x of each member ≤ x of the next, and of the last ≤ x of the first."""
    first, second = [], []
    members = rule.members
    starts = np.searchsorted(members.group, np.arange(len(members.names) + 1)).tolist()
    for start, end in pairwise(starts):
        mine = members.dossier[start:end].tolist()
        first += mine
        second += [*mine[1:], *mine[:1]]
    _add_implications(
        lines, rule.id, np.array(first, dtype=np.int64), np.array(second, dtype=np.int64), rule.dossier
    )
