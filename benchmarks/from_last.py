"""Amounts asked one after the other where no kernel is let: from what the last answer left, against each anew.

    uv run python benchmarks/from_last.py FAMILY SEED [N]          (default 8 amounts, 98 to 105 %)

Both solve the goal and « least granted » by HiGHS, without proof and tie-break; values are compared. Seconds are
processor time within one run.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from families import write

from tnt_sim.engine.optimise import OptimiseOptions, WarmStart, optimise
from tnt_sim.scenario.load import load_scenario, with_changes
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.solve.methods.core_problem import CoreProblem


def main() -> None:
    family, seed = sys.argv[1], int(sys.argv[2])
    n = int(sys.argv[3]) if len(sys.argv) > 3 else 8
    with tempfile.TemporaryDirectory() as folder:
        scenario = load_scenario(write(family, seed, Path(folder)))
        amount = int(scenario.spec.programme.amount or 0) // 100
        shares = np.random.default_rng(1).uniform(0.98, 1.05, n + 1)
        carried = CoreProblem()
        seconds: dict[str, list[float]] = {"from the last": [], "anew": []}
        for share in shares.tolist():
            problem = compile_problem(
                with_changes(scenario, {"programme.amount": f"{int(amount * share)} €"})
            )
            values = []
            for name, warm in (
                ("from the last", WarmStart(solve_stage=carried.solve)),
                ("anew", WarmStart()),
            ):
                began = time.process_time()
                options = OptimiseOptions(prove=False, canonical=False, method="direct")
                answer = optimise(problem, options, warm=warm)
                seconds[name].append(time.process_time() - began)
                values.append((answer.values, answer.granted_cents))
            if values[0] != values[1]:
                print(f"{share:.4f}: {values[0]} and {values[1]}")
    ours, plain = (each[1:] for each in seconds.values())  # the first has nothing to begin from
    print(f"{family} seed {seed}: mean {statistics.mean(ours):.2f} s, anew {statistics.mean(plain):.2f} s, "
          f"x{statistics.mean(plain) / statistics.mean(ours):.2f} (medians x"
          f"{statistics.median(plain) / statistics.median(ours):.2f}) over {n} amounts")  # fmt: skip


if __name__ == "__main__":
    main()
