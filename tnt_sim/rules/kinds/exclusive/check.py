"""Second reading of `exclusive`: its rows rebuilt for the proof checker."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from tnt_sim.rules.offers.funded_rows import Members
from tnt_sim.rules.second_reading.rows import RowCollector, RuleData, format_row_name


class ExclusiveData(RuleData, Protocol):
    """Fields of a compiled `exclusive` that its second reading reads."""

    @property
    def members(self) -> Members:
        """The groups of dossiers."""

    @property
    def most(self) -> int:
        """How many of a group may be funded."""


def add_exclusive_rows(lines: RowCollector, rule: ExclusiveData) -> None:
    """Write Σ x_i ≤ `most` for each group."""
    members = rule.members
    names = [f"{format_row_name('rule', rule.id, name)}:max" for name in members.names]
    ones = np.ones(len(members.group), dtype=np.int64)
    lines.add_funded(names, members.group, members.dossier, ones, [rule.most] * len(names))
