"""Impossible settings drawn on four small scenarios: each repair is solved as it is written, by hand.

    python benchmarks/impossible_settings.py FIRST_SEED DRAWS [SCENARIO…]

The checks are those of `tests/support/analysis_cases`: a repair with `--set` texts leads
to the optimum that it states, and prices ascend.
"""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.analysis_cases.impossible_settings import NAMES, check_repairs, draw_setting, write_scenario

from tnt_sim.analysis.infeasibility.minimal_conflicts import conflict
from tnt_sim.scenario.load import with_sets

FIRST, DRAWS = int(sys.argv[1]), int(sys.argv[2])
COUNT: Counter[str] = Counter()

for name in sys.argv[3:] or NAMES:
    for seed in range(FIRST, FIRST + DRAWS):
        with tempfile.TemporaryDirectory() as folder:
            sets = draw_setting(name, seed)
            scenario = with_sets(write_scenario(name, Path(folder)), sets)
            answer = conflict(scenario)
            COUNT[answer.status] += 1
            if answer.status != "infeasible":
                continue
            repairs = answer.document["repairs"]
            if not repairs:
                print("no repair:", name, seed, sets)
            COUNT["repairs"] += len(repairs)
            COUNT["repairs solved as written"] += check_repairs(scenario, answer)
            COUNT["settings without a repair"] += not repairs
for key, count in sorted(COUNT.items()):
    print(f"{key:28} {count}")
