"""How long `explain --all` takes against one cold proven decision, in one process; run by hand.

python benchmarks/explain_speed.py RUN_DIR [PROJECT]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tnt_sim.analysis.explain.explanation import explain
from tnt_sim.analysis.shared.decided_run import of_run
from tnt_sim.engine.optimise import optimise

decided = of_run(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else None)


def cold() -> float:
    """One cold proven decision, the quickest of three."""
    spent = []
    for _ in range(3):
        began = time.perf_counter()
        optimise(decided.problem)
        spent.append(time.perf_counter() - began)
    return min(spent)


before = cold()
began = time.perf_counter()
told = explain(decided, everyone=True)
spent = time.perf_counter() - began
one = (before + cold()) / 2
settled = told.document["settled"]
print(f"cold {one:.2f} s, explain --all {spent:.2f} s: {spent / one:.0f} cold decisions; {settled}")
