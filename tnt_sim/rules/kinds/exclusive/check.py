"""Second reading of `exclusive`: its rows rebuilt for the proof checker."""

from __future__ import annotations

import numpy as np

from tnt_sim.rules.kinds.exclusive.rule import Exclusive
from tnt_sim.rules.second_reading.rows import RowCollector, format_row_name


def add_exclusive_rows(lines: RowCollector, rule: Exclusive) -> None:
    """Write Σ x_i ≤ `most` for each group."""
    members = rule.members
    names = [f"{format_row_name('rule', rule.id, name)}:max" for name in members.names]
    ones = np.ones(len(members.group), dtype=np.int64)
    lines.add_funded(names, members.group, members.dossier, ones, [rule.most] * len(names))
