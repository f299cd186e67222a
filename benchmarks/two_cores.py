"""One worker process against two on the same independent solves, in turn, workers started beforehand.

uv run python benchmarks/two_cores.py SCENARIO [JOBS] [ROUNDS]

A job is the whole decision of the scenario with its proof, by the engine without a cross-check. Each worker reads
the scenario once. The ratio is of wall clocks: on a machine that does other work it says what two processes get of
it beside one.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from tnt_sim.engine.solve import solve
from tnt_sim.parallel import Job, run_in_processes
from tnt_sim.scenario.load import load_scenario

_READ: dict[str, Any] = {}


def work(path: str) -> float:
    """Seconds of processor time of one decision; the file is read once in a process."""
    if path not in _READ:
        _READ[path] = load_scenario(Path(path))
    began = time.process_time()
    solve(_READ[path], cross_check="never")
    return time.process_time() - began


def throughput(path: str, n_workers: int, n_jobs: int) -> tuple[float, float]:
    """Jobs a second once every worker has done its first, and processor seconds of a job."""
    groups: list[list[Job]] = [[(k, path)] for k in range(n_jobs + n_workers)]
    spent, began = [], 0.0
    for done, outcome in enumerate(run_in_processes(work, groups, n_workers), 1):
        assert outcome.failure is None, outcome.failure
        if done == n_workers:
            began = time.perf_counter()
        elif done > n_workers:
            spent.append(outcome.value)
    return len(spent) / (time.perf_counter() - began), statistics.mean(spent)


def main() -> None:
    path = str(Path(sys.argv[1]).resolve())
    n_jobs = int(sys.argv[2]) if len(sys.argv) > 2 else 40
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 2
    found: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(rounds):
        for n_workers in found:
            each, cpu = throughput(path, n_workers, n_jobs)
            found[n_workers].append(each)
            load = os.getloadavg()[0]
            print(f"{n_workers} worker(s): {each:.3f} jobs/s, {cpu:.2f} s a job, load {load:.1f}", flush=True)
    one, two = (statistics.median(found[k]) for k in (1, 2))
    print(f"two against one: {two / one:.2f}")


if __name__ == "__main__":
    main()
