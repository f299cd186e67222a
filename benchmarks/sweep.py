"""What a proven sweep costs, in cold solves of the same scenario, measured in the same run.

A cold solve reads the scenario's files, compiles, solves, proves and reads again; some are timed before, between
and after the sweeps, so that a busy machine slows both alike.

    python benchmarks/sweep.py [POINTS]
"""

from __future__ import annotations

import sys
import time
from statistics import median

from frozen import FLAGSHIP

from tnt_sim.analysis.sweep.plan import build_plan
from tnt_sim.analysis.sweep.runner import run
from tnt_sim.engine.result import Proof
from tnt_sim.engine.solve import solve
from tnt_sim.scenario.load import load_scenario

LOW, HIGH = "88 M€", "108 M€"


def cold(amount: str) -> float:
    """Seconds of one decision from its files."""
    began = time.perf_counter()
    result = solve(load_scenario(FLAGSHIP, (f"programme.amount={amount}",)))
    assert result.proof is Proof.PROVED
    return time.perf_counter() - began


def sweep(n_points: int, **curves: bool) -> tuple[float, int]:
    """Seconds of a sweep from its files, and how many of its points are proven."""
    began = time.perf_counter()
    scenario = load_scenario(FLAGSHIP)
    found = run(build_plan(scenario, start=LOW, stop=HIGH, steps=n_points - 1, **curves))
    points = [*found.free, *found.nested]
    assert all(point.settled for point in points)
    return time.perf_counter() - began, sum(point.proof is Proof.PROVED for point in points)


def main(n_points: int) -> None:
    cold("90 M€")  # the first one pays for imports
    solves = [cold(amount) for amount in ("90 M€", "98 M€", "108 M€")]
    free, n_free = sweep(n_points, free=True)
    solves += [cold(amount) for amount in ("92 M€", "96 M€", "104 M€")]
    both, n_both = sweep(n_points)
    solves += [cold(amount) for amount in ("94 M€", "100 M€", "106 M€")]
    one = median(solves)
    print(f"cold solve: median {one:.3f} s of {len(solves)}")
    print(
        f"free: {n_points} points, {n_free} proven, {free:.1f} s = {free / one:.1f} cold solves (at most 20)"
    )
    print(
        f"both: {2 * n_points} points, {n_both} proven, {both:.1f} s = {both / one:.1f} cold solves (at most 40)"
    )
    began = time.perf_counter()
    steps = run(build_plan(load_scenario(FLAGSHIP), start=LOW, stop=HIGH, exact=True)).steps
    assert steps is not None
    spent = time.perf_counter() - began
    print(f"exact: {len(steps.cents)} steps and lists, {spent:.1f} s = {spent / one:.1f} cold solves")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
