"""Processor seconds of `explain` for one refused dossier and for all, in one process; run by hand.

python benchmarks/explain_speed.py RUN_DIR [DOSSIER] [SECONDS]
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

from tnt_sim.analysis.explain.explanation import explain
from tnt_sim.analysis.shared.decided_run import of_run
from tnt_sim.engine.optimise import optimise

LIMIT = 300.0
folder, *rest = sys.argv[1:]
began = time.process_time()
decided = of_run(Path(folder))
read = time.process_time() - began
refused = np.flatnonzero(decided.problem.offers.candidate & ~decided.allocation.funded)
dossier = rest[0] if rest else decided.numbers[int(refused[0])]
limit = float(rest[1]) if len(rest) > 1 else LIMIT


def measure_optimum() -> float:
    """Processor seconds of one cold proven decision, the quickest of three."""
    spent = []
    for _ in range(3):
        began = time.process_time()
        optimise(decided.problem)
        spent.append(time.process_time() - began)
    return min(spent)


print(f"read {read:.2f} s, one cold decision {measure_optimum():.2f} s, {len(refused)} refused")
for names, everyone in (([dossier], False), ([], True)):
    began = time.process_time()
    told = explain(decided, names, everyone=everyone, seconds=limit).data
    spent = time.process_time() - began
    status = Counter((c.kind, c.status) for entry in told.dossiers for c in entry.changes)
    share = ", ".join(f"{kind} {name} {n}" for (kind, name), n in sorted(status.items()))
    print(f"{'all' if everyone else dossier}: {spent:.2f} s; {share}; stopped by {told.stopped_by}")
