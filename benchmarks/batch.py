"""Batches measured: two processes against one, what store and ledger cost, Dask against processes, bytes a run.

uv run --extra dask python benchmarks/batch.py [--variants 200] [--rounds 1]

Variants of the frozen `tnt-2021` (amounts of the programme and of an envelope). The same plan by each executor,
one after the other, in one run; « solving » is the sum of the seconds that the cases themselves took. Workers are
started and warm when the rates are counted (the second half of the answers), on the clock and in processor time of
the coordinator and all that it started: the latter is what counts on a machine that does other work. Dask answers
by groups: what the other worker has done of its own by the middle, about 10 runs, is counted after it in both. Two
processes and Dask take turns `--rounds` times; the median round is told.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Generator, Iterable, Sequence
from itertools import product
from pathlib import Path

import polars as pl
import psutil
from frozen import FLAGSHIP
from scale_model import Plan, simulate

from tnt_sim.analysis.batch.plan import read_plan
from tnt_sim.analysis.batch.runner import run_batch
from tnt_sim.analysis.shared.executors import Executor, executor
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.parallel import Job, JobOutcome, Work


def axes_of(variants: int) -> tuple[list[str], list[str]]:
    """Amounts of the programme and of an envelope, for about so many variants."""
    side = max(1, round(variants**0.5))
    programme = [f"{88 + 20 * k / side:.3f} M€" for k in range(side)]
    return programme, [f"{24 + k / 100:.2f} M€" for k in range(-(-variants // side))]


def amounts_of(variants: int) -> list[tuple[str, str]]:
    """The amounts of each variant, in the order of the batch."""
    return list(product(*axes_of(variants)))


def batch_file(variants: int) -> str:
    """A matrix of about so many variants."""
    amounts, scores = (", ".join(axis) for axis in axes_of(variants))
    axes = f"  programme.amount: [{amounts}]\n  envelopes.deconcentre.amount: [{scores}]\n"
    return f"base: {FLAGSHIP.name}\nmatrix:\n{axes}"


def processor_seconds() -> float:
    """What this process and all that it started have computed."""
    here = psutil.Process()
    spent = [process.cpu_times() for process in (here, *here.children(recursive=True))]
    return sum(times.user + times.system for times in spent)


def timed(run: Executor, marks: list[float], spent: dict[int, float], n: int) -> Executor:
    """The same executor, noting when each of `n` answers came, and the processor time at half and at the end."""

    def through(
        work: Work, groups: Iterable[Sequence[Job]], deadline: Deadline = UNLIMITED
    ) -> Generator[JobOutcome]:
        inner = run(work, groups, deadline)
        try:
            for outcome in inner:
                marks.append(time.perf_counter())
                if len(marks) in (n // 2, n):
                    spent[len(marks)] = processor_seconds()
                yield outcome
        finally:
            inner.close()

    return through


def steady_rate(marks: Sequence[float]) -> float:
    """Answers per second over the second half, when workers are warm.

    rate = (n − k) / (t_n − t_k), k the last answer of the burst that the middle one lies in.
    """
    k = len(marks) // 2
    while k < len(marks) - 1 and marks[k] - marks[k - 1] < 0.05:
        k += 1
    return (len(marks) - k) / (marks[-1] - marks[k - 1])


def measure(name: str, n_workers: int, plan_file: Path, folder: Path, turn: int = 0) -> dict[str, float]:
    """Seconds and rates of one executor."""
    plan = read_plan([plan_file])
    n = len(plan.cases)
    marks: list[float] = []
    spent: dict[int, float] = {}
    out = folder / f"{name}-{n_workers}-{turn}"
    began = time.perf_counter()
    result = run_batch(plan, out, timed(executor(name, n_workers), marks, spent, n), n_workers)
    whole = time.perf_counter() - began
    seconds = pl.read_parquet(out / "timings.parquet")["seconds"]
    steady = steady_rate(marks)
    size = sum(file.stat().st_size for file in (out / "runs").glob("*.parquet"))
    computed = (spent[n] - spent[n // 2]) / (n - n // 2)
    print(
        f"{name} ×{n_workers}: {n} runs in {whole:.1f} s, {steady:.2f} runs/s once started, processor "
        f"{1e3 * computed:.1f} ms a run, solving {seconds.sum():.1f} s; {size / n:.0f} bytes a run, "
        f"{result.n_failed} failed",
        flush=True,
    )
    if n_workers > 1:
        told = simulate(Plan(n, n_workers), seconds.to_numpy())
        print(f"  scale_model.py simulates {told['hours'] * 3600:.1f} s", flush=True)
    return {
        "whole": whole,
        "rate": steady,
        "solving": float(seconds.sum()),
        "bytes": size / n,
        "processor": computed,
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--variants", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=1)
    asked = parser.parse_args()
    variants = asked.variants
    plan_file = FLAGSHIP.with_name(".lot-mesure.yaml")
    plan_file.write_text(batch_file(variants), encoding="utf-8")
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            serial = measure("serial", 1, plan_file, folder)
            one = measure("processes", 1, plan_file, folder)
            turns = [
                [measure(name, 2, plan_file, folder, turn) for name in ("processes", "dask")]
                for turn in range(asked.rounds)
            ]
            files = [sorted(part.glob("runs/*.parquet")) for part in sorted(folder.iterdir())]
            same = len({b"".join(file.read_bytes() for file in part) for part in files}) == 1
    finally:
        plan_file.unlink()
    print(
        f"two processes against one: ×{statistics.median(two['rate'] for two, _ in turns) / one['rate']:.2f}"
    )
    print(
        f"store and ledger: {100 * (serial['whole'] / serial['solving'] - 1):.1f} % of the solving (serial)"
    )
    rates = [dask["rate"] / two["rate"] for two, dask in turns]
    spared = [two["processor"] / dask["processor"] for two, dask in turns]
    print(
        f"Dask against processes: ×{statistics.median(rates):.2f}, "
        f"by processor time ×{statistics.median(spared):.2f} (rounds: {len(turns)})"
    )
    print(f"stores equal byte for byte: {same}; 100,000 runs: {serial['bytes'] * 1e5 / 1e6:.0f} MB")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
