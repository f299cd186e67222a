"""Second reading of `requires`: its rows rebuilt for the proof checker."""

from __future__ import annotations

import numpy as np

from tnt_sim.rules.kinds.requires.rule import Requires
from tnt_sim.rules.second_reading.rows import RowCollector, _add_implications, format_row_name


def add_requires_rows(lines: RowCollector, rule: Requires) -> None:
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
