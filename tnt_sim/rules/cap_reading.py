"""What caps say of an allocation, project by project.

For each project p that a cap covers and in which a dossier is decided here, all in euros:

    value = Σ_{i ∈ p} gᵢ ≤ limit_p = maximum

Projects whose grants are all committed are left out: what they exceed is told among the warnings. Those at the
cap are listed, or the one nearest to it where none is.
"""

from __future__ import annotations

import numpy as np

from tnt_sim.rules.base import BoolArray, IntArray, Mode, Reading, RuleReading
from tnt_sim.rules.caps import CENT, Cap, Caps

KIND = "cap"


def read_caps(caps: Caps, funded: BoolArray, granted_cents: IntArray) -> tuple[RuleReading, ...]:
    """One reading for each cap in force, its groups the projects at the cap."""
    n = len(caps.names)
    total, decided = np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.bool_)
    np.add.at(total, caps.code[funded], granted_cents[funded])
    decided[caps.code[funded & ~caps.committed & (granted_cents > 0)]] = True
    return tuple(_read(caps, cap, total, decided) for cap in caps.caps)


def _read(caps: Caps, cap: Cap, total: IntArray, decided: BoolArray) -> RuleReading:
    projects = np.flatnonzero(cap.covered & decided)
    slack = cap.limit_cents[projects] - total[projects]
    shown = projects[slack <= max(0, int(slack.min()))] if len(projects) else projects
    if len(projects) and slack.min() > 0:
        shown = shown[:1]
    readings = tuple(
        Reading(caps.names[p], int(total[p]), CENT.denominator, None, int(cap.limit_cents[p]) * CENT)
        for p in shown.tolist()
    )
    return RuleReading(cap.id, KIND, Mode.HARD, readings, grouped=True)
