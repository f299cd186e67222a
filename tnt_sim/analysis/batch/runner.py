"""Run a batch: compute the cases missing from its store and commit them in groups.

A case that is stored is not computed again, and a committed record survives a crash.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tnt_sim.analysis.batch.plan import BatchPlan
from tnt_sim.analysis.batch.record import BatchRecord
from tnt_sim.analysis.batch.store import ResultStore, read_runs
from tnt_sim.analysis.batch.task import INPUTS_CHANGED, BatchTask, Run, build_failed_record
from tnt_sim.engine.stored_run import hash_code, list_versions
from tnt_sim.errors import Defect, DisagreementError, Place, ScenarioError
from tnt_sim.i18n.message import _
from tnt_sim.parallel import Job, JobOutcome
from tnt_sim.verify.run_files import hash_file

COMMIT_RECORDS, COMMIT_SECONDS = 256, 1.0
"""Records, or seconds since the last commit, after which a commit is made."""
MOST_IN_GROUP = 20

ReportTick = Callable[["Tick"], None]


@dataclass(frozen=True, slots=True)
class Tick:
    """Progress of a batch: cases in all, done (earlier runs included), done by this process, failed so far."""

    n_cases: int
    n_done: int
    n_fresh: int
    n_failed: int
    record: BatchRecord | None = None


@dataclass(frozen=True)
class BatchResult:
    """Content of the store after a run: one row per case, in the order of the batch.

    `interrupted`: Ctrl-C or a termination signal ended the run; the same command resumes.
    """

    plan: BatchPlan
    folder: Path
    runs: pl.DataFrame
    interrupted: bool
    n_torn: int

    @property
    def n_failed(self) -> int:
        """Return the number of cases whose record is an error."""
        return int((self.runs["status"] == "error").sum())


def run_batch(
    plan: BatchPlan,
    folder: Path,
    run: Run,
    n_workers: int,
    options: Mapping[str, object] | None = None,
    report_progress: ReportTick | None = None,
) -> BatchResult:
    """Compute the missing cases of a plan and store them.

    Parameters
    ----------
    run : executor, see `task.executor`
    n_workers : number of parallel workers, which sets the size of groups
    options : arguments of `engine.solve` other than the scenario
    tell : called after each record

    Raises
    ------
    UsageError, TntError
        As `ResultStore.open` and `ResultStore.commit`.
    ScenarioError
        If input files change during the batch.
    DisagreementError
        If the same scenario under two names got two allocations.
    """
    request = dict(options or {})
    with ResultStore.open(folder, build_manifest(plan, request)) as store:
        left = [number for number, case in enumerate(plan.cases) if case.key not in store.done]
        coordinator = _Coordinator(plan, store, report_progress, len(plan.cases) - len(left))
        groups = _group_cases(plan, left, request, n_workers)
        interrupted = coordinator.take(run(groups))
        if not interrupted and len(store.done) >= len(plan.cases):
            _check_unchanged_inputs(plan)
            store.finish([case.key for case in plan.cases])
        runs = _sort_by_plan(plan, read_runs(folder))
        _check_agreement(runs)
        return BatchResult(plan, folder, runs, interrupted, store.torn)


def build_manifest(plan: BatchPlan, options: Mapping[str, object]) -> dict[str, Any]:
    """Return the manifest that identifies a batch; a store with another one is refused."""
    inputs = {file.path: file.sha256 for base in plan.bases for file in base.inputs}
    return {
        "schema_version": 1,
        "batch_sha256": plan.sha256,
        "n_cases": len(plan.cases),
        "inputs": [{"path": path, "sha256": inputs[path]} for path in sorted(inputs)],
        "options": dict(sorted(options.items())),
        "code_sha256": hash_code(),
        "versions": list_versions(),
    }


def _group_cases(
    plan: BatchPlan, left: Sequence[int], options: Mapping[str, Any], n_workers: int
) -> Iterator[list[Job]]:
    """Group similar cases, so that a worker loads a base once; groups get smaller near the end.

    Cases of one base that differ only by amounts and objectives follow each other: they share the
    problem and its rows.
    """
    place: dict[tuple[Any, ...], int] = {}
    left = sorted(left, key=lambda number: place.setdefault(plan.cases[number].likeness, len(place)))
    start = 0
    while start < len(left):
        rest = len(left) - start
        size = max(1, min(MOST_IN_GROUP, rest // (4 * n_workers)))
        yield [(number, BatchTask(plan.cases[number], options)) for number in left[start : start + size]]
        start += size


@dataclass(eq=False)
class _Coordinator:
    """Collects records and commits them in groups."""

    plan: BatchPlan
    store: ResultStore
    report_progress: ReportTick | None
    n_before: int

    def take(self, outcomes: Generator[JobOutcome]) -> bool:
        """Collect every record; returns whether Ctrl-C ended the run."""
        waiting: list[BatchRecord] = []
        n_fresh = n_failed = 0
        last = time.monotonic()
        try:
            for outcome in outcomes:
                record = self._record(outcome)
                if record.stopped_by == "interrupt":
                    return True
                waiting.append(record)
                n_fresh += 1
                n_failed += record.status == "error"
                if len(waiting) >= COMMIT_RECORDS or time.monotonic() - last >= COMMIT_SECONDS:
                    self.store.commit(waiting)
                    waiting, last = [], time.monotonic()
                if self.report_progress is not None:
                    done = self.n_before + n_fresh
                    self.report_progress(Tick(len(self.plan.cases), done, n_fresh, n_failed, record))
        except KeyboardInterrupt:
            return True
        finally:
            outcomes.close()
            self.store.commit(waiting)
        return False

    def _record(self, outcome: JobOutcome) -> BatchRecord:
        if outcome.failure is not None:
            return build_failed_record(self.plan.cases[outcome.number], outcome.failure)
        record: BatchRecord = outcome.value
        if record.status == INPUTS_CHANGED:
            raise _build_changed_error([self.plan.cases[outcome.number].base.name])
        return record


def _check_unchanged_inputs(plan: BatchPlan) -> None:
    """Check that the input files have not changed since the plan was read."""
    wrong = [
        file.path
        for base in plan.bases
        for file in base.inputs
        if not (base.root / file.path).is_file() or hash_file(base.root / file.path) != file.sha256
    ]
    if wrong:
        raise _build_changed_error(sorted(set(wrong)))


def _build_changed_error(names: Sequence[str]) -> ScenarioError:
    listed = ", ".join(names)
    return ScenarioError(
        [
            Defect(
                "batch-inputs",
                _(
                    "{listed} has changed since the batch began: the answers could not be compared.",
                    listed=listed,
                ),
                tuple(Place(file=name) for name in names),
                _("Put the files back and run again, or start anew in another --out."),
            )
        ]
    )


def _sort_by_plan(plan: BatchPlan, runs: pl.DataFrame) -> pl.DataFrame:
    order = pl.DataFrame({"case_sha256": [case.key for case in plan.cases]}).with_row_index("_place")
    return order.join(runs, on="case_sha256").sort("_place").drop("_place")


def _check_agreement(runs: pl.DataFrame) -> None:
    """Check that equal scenarios have equal allocations, whatever their names."""
    known = runs.filter(pl.col("canonical") & pl.col("allocation_sha256").is_not_null())
    split = known.group_by("scenario_sha256").agg(pl.col("allocation_sha256").n_unique(), pl.col("name"))
    for row in split.filter(pl.col("allocation_sha256") > 1).iter_rows(named=True):
        names = ", ".join(row["name"])
        raise DisagreementError(_("the same scenario got two answers ({names}).", names=names))
