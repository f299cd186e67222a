"""How long `explain --all` takes against one cold proven decision, in one process; run by hand.

python benchmarks/explain_speed.py RUN_DIR
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from tnt_sim.question import ask
from tnt_sim.study.explain.decided import of_run
from tnt_sim.study.explain.explain import explain

decided = of_run(Path(sys.argv[1]))
began = time.perf_counter()
ask(decided.problem)
cold = time.perf_counter() - began
began = time.perf_counter()
told = explain(decided, everyone=True)
spent = time.perf_counter() - began
settled = told.document["settled"]
print(f"cold {cold:.2f} s, explain --all {spent:.2f} s: {spent / cold:.1f} cold decisions; {settled}")
