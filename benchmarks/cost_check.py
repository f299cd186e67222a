"""The model of cost against runs: a batch, an ensemble and a sweep, on one worker and on two.

uv run python benchmarks/cost_check.py [--seconds 30]

The model (`scale_model.py`) knows the seconds of each case, counts a start for each worker, 5 ms for each group
and 20 ms for each commit. Here the seconds of cases are those of the run on one worker, and the model foretells
both runs. All seconds are processor seconds, since the machine may do other work: each process of a run counts its
own, and the clock of the program is the processor time of its process. « all » is the sum over all processes of a
run, « longest » that of the coordinator, or of the worker that computed most; « peak » is memory of the largest.
"""

from __future__ import annotations

import time

time.perf_counter = time.process_time  # before the program reads the clock, in workers too

import argparse  # noqa: E402
import json  # noqa: E402
import multiprocessing  # noqa: E402
import resource  # noqa: E402
import subprocess  # noqa: E402
import sys  # noqa: E402
import tempfile  # noqa: E402
from collections.abc import Generator, Iterable, Sequence  # noqa: E402
from dataclasses import replace  # noqa: E402
from pathlib import Path  # noqa: E402

import polars as pl  # noqa: E402
import psutil  # noqa: E402
from batch import batch_file  # noqa: E402
from frozen import FLAGSHIP  # noqa: E402
from scale_model import Plan, count_processor_seconds, simulate  # noqa: E402

from tnt_sim.analysis.shared.executors import Executor, executor  # noqa: E402
from tnt_sim.deadline import UNLIMITED, Deadline  # noqa: E402
from tnt_sim.parallel import Job, JobOutcome, Work  # noqa: E402

UNCERTAIN = Path(__file__).resolve().parents[1] / "scenarios" / "tnt-2021-incertain.yaml"
CASES_PER_SECOND = {"batch": 7.0, "ensemble": 40.0, "sweep": 6.0}
"""About how many cases of each analysis take a second."""


class Watched:
    """An executor that notes the processor seconds of each worker as answers come."""

    def __init__(self, inner: Executor) -> None:
        self.inner, self.spent = inner, dict[int, float]()

    def __call__(
        self, work: Work, groups: Iterable[Sequence[Job]], deadline: Deadline = UNLIMITED
    ) -> Generator[JobOutcome]:
        outcomes = self.inner(work, groups, deadline)
        last = 0.0
        try:
            for outcome in outcomes:
                if time.monotonic() - last > 0.1:
                    for pid in [child.pid for child in multiprocessing.active_children() if child.pid]:
                        times = psutil.Process(pid).cpu_times()
                        self.spent[pid] = times.user + times.system
                    last = time.monotonic()
                yield outcome
        finally:
            outcomes.close()


def compute(kind: str, n_cases: int, n_workers: int, folder: Path) -> Watched:
    """Compute one analysis with its store in a folder."""
    watched = Watched(executor("serial" if n_workers == 1 else "processes", n_workers))
    if kind == "batch":
        from tnt_sim.analysis.batch.plan import read_plan
        from tnt_sim.analysis.batch.runner import run_batch

        plan_file = FLAGSHIP.with_name(".lot-cout.yaml")
        plan_file.write_text(batch_file(n_cases), encoding="utf-8")
        run_batch(read_plan([plan_file]), folder, watched, n_workers)
    elif kind == "ensemble":
        from tnt_sim.api import ensemble

        chosen = ensemble.choose_execution
        ensemble.choose_execution = lambda *words: replace(chosen(*words), execute=watched)  # type: ignore[assignment]
        ensemble.ensemble(UNCERTAIN, n_cases, 1, workers=n_workers, store=folder)
    else:
        from tnt_sim.analysis.sweep.plan import build_plan
        from tnt_sim.analysis.sweep.runner import choose_sweep_execution, run
        from tnt_sim.analysis.sweep.store import SweepStore
        from tnt_sim.scenario.load import load_scenario

        plan = build_plan(load_scenario(FLAGSHIP), start="88 M€", stop="108 M€", steps=n_cases - 1, free=True)
        execution = replace(choose_sweep_execution(plan, workers=n_workers), execute=watched)
        with SweepStore.open(folder, plan, resume=False) as store:
            run(plan, store=store, execution=execution)
    return watched


def measure(kind: str, n_cases: int, n_workers: int, folder: Path) -> dict[str, float]:
    """Processor seconds of a run in a process of its own: of all processes, and of the longest one."""
    words = [sys.executable, __file__, "--one", kind, str(n_cases), str(n_workers), str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def count_here(watched: Watched) -> dict[str, float]:
    """Processor seconds of this process and its workers."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    own, workers = (one.ru_utime + one.ru_stime for one in used)
    longest, peak = max(own, *watched.spent.values(), 0.0), max(one.ru_maxrss for one in used) / 1e6
    return {"all": own + workers, "longest": longest, "coordinator": own, "gb": peak}


def main() -> None:
    if sys.argv[1:2] == ["--one"]:
        kind, n_cases, n_workers, folder = sys.argv[2:]
        print(json.dumps(count_here(compute(kind, int(n_cases), int(n_workers), Path(folder)))))
        return
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=30.0, help="about how long each run computes")
    asked = parser.parse_args()
    columns = "analysis,workers,cases,all: model,all: run,longest: model,longest: run,coordinator,peak in GB"
    print(f"| {' | '.join(columns.split(','))} |\n|{'---|' * 9}")
    for kind, rate in CASES_PER_SECOND.items():
        with tempfile.TemporaryDirectory() as name:
            seconds = None
            for n_workers in (1, 2):
                folder = Path(name) / str(n_workers)
                told = measure(kind, round(rate * asked.seconds), n_workers, folder)
                if seconds is None:
                    seconds = pl.read_parquet(folder / "timings.parquet")["seconds"].to_numpy()
                plan = Plan(len(seconds), n_workers)
                whole, longest = (
                    count_processor_seconds(plan, seconds),
                    simulate(plan, seconds)["hours"] * 3600,
                )
                print(
                    f"| {kind} | {n_workers} | {len(seconds):,} | {whole:.1f} | {told['all']:.1f} | "
                    f"{longest:.1f} | {told['longest']:.1f} | {told['coordinator']:.1f} | {told['gb']:.2f} |",
                    flush=True,
                )
    FLAGSHIP.with_name(".lot-cout.yaml").unlink(missing_ok=True)


if __name__ == "__main__":
    main()
