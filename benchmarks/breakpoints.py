"""The linear program between 50 % and 200 % of the envelope: every breakpoint, against a PuLP loop of 200 points.

    uv run python benchmarks/breakpoints.py FAMILY SEED… [--points N]      (default 200; the loop is timed on N/20)

The walk is `solve/methods/parametric_lp.py`; the loop builds one PuLP problem per point, as a user's loop does,
and solves its linear program with HiGHS. Both in processor seconds; the values at the loop's points are compared.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pulp
from families import write

from tnt_sim.formulation.formulate import formulate
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.solve.backends.pulp_bridge import to_pulp
from tnt_sim.solve.methods.parametric_lp import solve_parametric


def compare(path: Path, n_points: int) -> None:
    """One scenario; prints a line."""
    form = formulate(compile_problem(load_scenario(path)), whole=False)
    goal = form.stages[0]
    model = form.model.with_objective(goal.objective, goal.sense)
    row = model.row_names.index("envelope:tout")
    amount = float(model.row_upper[row])
    direction = np.zeros(model.n_rows)
    direction[row] = 1.0
    began = time.process_time()
    walk = solve_parametric(model, direction, -0.5 * amount, amount)
    ours = time.process_time() - began
    points = np.linspace(walk.at[0], walk.at[-1], max(2, n_points // 20))
    worst, began = 0.0, time.process_time()
    for t in points.tolist():
        upper = model.row_upper.copy()
        upper[row] += round(t)
        problem, _ = to_pulp(replace(model, row_upper=upper), relax=True)
        problem.solve(pulp.getSolver("HiGHS", msg=False, threads=1))
        worst = max(worst, abs(pulp.value(problem.objective) / walk(round(t)) - 1))
    theirs = (time.process_time() - began) / len(points) * n_points
    print(
        f"{path.stem}: {len(walk.at)} breakpoints in {ours:.2f} s; PuLP {theirs:.1f} s for {n_points} points, "
        f"×{theirs / ours:.0f}; values differ by {worst:.0e} at most",
        flush=True,
    )


def main() -> None:
    words = sys.argv[1:]
    n_points = int(words[words.index("--points") + 1]) if "--points" in words else 200
    seeds = [int(w) for k, w in enumerate(words[1:], 1) if w.isdigit() and words[k - 1] != "--points"]
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            compare(write(words[0], seed, Path(folder) / str(seed)), n_points)


if __name__ == "__main__":
    main()
