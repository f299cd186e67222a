"""Second reading of `decide`: its rows rebuilt for the proof checker."""

from __future__ import annotations

import numpy as np

from tnt_sim.rules.offers.decisions import Decisions
from tnt_sim.rules.second_reading.rows import RowCollector


def add_decision_rows(lines: RowCollector, decided: Decisions) -> None:
    """Write x_i ≥ 1 for each dossier funded by decision and x_i ≤ 0 for each refused one.

    A refused dossier has no column, so its row has no entry.
    """
    for sign in (1, -1):
        dossier = np.flatnonzero((decided.choice == sign) & ~lines.columns.offers.committed)
        names = [f"decide:{place}" for place in dossier.tolist()]
        value = np.full(len(names), -sign, dtype=np.int64)
        lines.add_funded(names, np.arange(len(names)), dossier, value, [-1 if sign > 0 else 0] * len(names))
