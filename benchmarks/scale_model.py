"""A million scenarios on a hundred workers: time and cost from a simulation, checked against a measured batch.

uv run python benchmarks/scale_model.py                         the plan of docs/en/howto/scale.md
uv run python benchmarks/scale_model.py --timings DIR/timings.parquet --workers 2 --measured 123.4

Workers ask a scheduler for groups, sized as those of a batch (about one second of work). Each group costs the
scheduler a fixed time that no other worker can use, each worker its start and its cases' own seconds, and answers
are committed by one writer, so many at a time. The seconds of cases are drawn from a measured `timings.parquet`,
else from a lognormal law.
"""

from __future__ import annotations

import argparse
import heapq
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from tnt_sim.analysis.shared.group_sizes import GroupSizes


@dataclass(frozen=True)
class Plan:
    """What is simulated; seconds, except for counts."""

    n_cases: int
    n_workers: int
    group: int | None = None
    start: float = 1.5
    per_group: float = 0.005
    per_commit: float = 0.02
    committed_at_once: int = 256


def simulate(plan: Plan, seconds: np.ndarray) -> dict[str, float]:
    """The end of the batch, how busy scheduler and writer were, and the share of the workers' time that solved."""
    free = [(plan.start, number) for number in range(plan.n_workers)]
    heapq.heapify(free)
    scheduler = end = 0.0
    sizes, begin, n_groups = GroupSizes(plan.n_workers), 0, 0
    while begin < plan.n_cases:
        group = plan.group or sizes.choose(plan.n_cases - begin)
        ready, number = heapq.heappop(free)
        scheduler = max(scheduler, ready) + plan.per_group
        taken = seconds[begin : begin + group]
        done = scheduler + float(taken.sum())
        end = max(end, done)
        heapq.heappush(free, (done, number))
        for each in taken[-100:].tolist():
            sizes.record_seconds(each)
        begin, n_groups = begin + group, n_groups + 1
    commits = -(-plan.n_cases // plan.committed_at_once)
    writer = commits * plan.per_commit
    whole = max(end, writer)
    return {
        "hours": whole / 3600,
        "groups": n_groups,
        "scheduler": plan.per_group * n_groups / whole,
        "writer": writer / whole,
        "solving": float(seconds.sum()) / (whole * plan.n_workers),
    }


def count_processor_seconds(plan: Plan, seconds: np.ndarray) -> float:
    """Processor seconds of all processes: starts, cases, groups and commits."""
    n_commits = -(-plan.n_cases // plan.committed_at_once)
    shared = simulate(plan, seconds)["groups"] * plan.per_group + n_commits * plan.per_commit
    return plan.start * plan.n_workers + float(seconds.sum()) + shared


def drawn(n: int, median: float, sigma: float = 0.5) -> np.ndarray:
    """Seconds of cases by a lognormal law."""
    return np.random.default_rng(0).lognormal(np.log(median), sigma, n)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--timings", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--measured", type=float, help="seconds that the batch of --timings took")
    parser.add_argument("--median", type=float, default=0.3, help="seconds of a case, without --timings")
    asked = parser.parse_args()
    if asked.timings is not None:
        known = pl.read_parquet(asked.timings)["seconds"].to_numpy()
        told = simulate(Plan(len(known), asked.workers), known)
        print(f"simulated {told['hours'] * 3600:.1f} s, measured {asked.measured} s")
        law = np.random.default_rng(0).choice(known, 1_000_000)
    else:
        law = drawn(1_000_000, asked.median)
    for group in (1, 20, None):
        told = simulate(Plan(1_000_000, 100, group), law)
        print(
            f"1,000,000 cases, 100 workers, groups of {group or 'a second'}: {told['hours']:.2f} h, workers solve "
            f"{100 * told['solving']:.1f} % of the time, scheduler {100 * told['scheduler']:.1f} %, "
            f"writer {100 * told['writer']:.1f} %"
        )


if __name__ == "__main__":
    main()
