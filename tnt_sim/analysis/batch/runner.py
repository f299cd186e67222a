"""Run a batch: compute the cases missing from its store and commit them in groups.

A case that is stored is not computed again, and a committed record survives a crash.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from tnt_sim.analysis.batch.document import BatchCaseEntry, BatchDocument, BatchEnvelope, BatchRecord
from tnt_sim.analysis.batch.plan import BatchPlan
from tnt_sim.analysis.batch.store import SCHEMA, build_table, read_runs
from tnt_sim.analysis.batch.task import INPUTS_CHANGED, BatchTask, build_failed_record, compute
from tnt_sim.analysis.shared.executors import Executor
from tnt_sim.analysis.shared.group_sizes import GroupSizes
from tnt_sim.analysis.shared.result_store import (
    PendingRecords,
    ResultStore,
    build_changed_error,
    build_manifest,
    check_unchanged_inputs,
)
from tnt_sim.errors import DisagreementError
from tnt_sim.i18n.message import _
from tnt_sim.parallel import Job, JobOutcome

ReportTick = Callable[["Tick"], None]


@dataclass(frozen=True, slots=True)
class Tick:
    """Progress of a batch: cases in all, done (earlier runs included), failed so far."""

    n_cases: int
    n_done: int
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

    def build_document(self) -> BatchDocument:
        """Return the document of the batch: every case with its figures, without its list of dossiers."""
        return BatchDocument(
            scenario=[base.id for base in self.plan.bases],
            scenario_sha256=[base.sha256 for base in self.plan.bases],
            status="interrupted" if self.interrupted else "failures" if self.n_failed else "done",
            store=str(self.folder),
            n_cases=len(self.plan.cases),
            n_done=self.runs.height,
            n_failed=self.n_failed,
            runs=[
                _build_case(row) for row in self.runs.drop("dossier", "awarded_cents").iter_rows(named=True)
            ],
        )


def _build_case(row: dict[str, Any]) -> BatchCaseEntry:
    envelopes = row.pop("envelopes")
    listed = None if envelopes is None else [BatchEnvelope(**one) for one in envelopes]
    return BatchCaseEntry(**row, envelopes=listed)


def run_batch(
    plan: BatchPlan,
    folder: Path,
    run: Executor,
    n_workers: int,
    options: Mapping[str, object] | None = None,
    report_progress: ReportTick | None = None,
) -> BatchResult:
    """Compute the missing cases of a plan and store them.

    Parameters
    ----------
    run : executor, see `analysis.shared.executors`
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
    with ResultStore.open(folder, build_batch_manifest(plan, request), SCHEMA) as store:
        left = [number for number, case in enumerate(plan.cases) if case.key not in store.done]
        sizes = GroupSizes(n_workers)
        coordinator = _Coordinator(plan, store, sizes, report_progress, len(plan.cases) - len(left))
        groups = sizes.generate_groups(_list_jobs(plan, left, request))
        interrupted = coordinator.take(run(compute, groups))
        if not interrupted and len(store.done) >= len(plan.cases):
            check_unchanged_inputs(plan.bases)
            store.finish([case.key for case in plan.cases])
        runs = sort_by_plan(plan, read_runs(folder))
        _check_agreement(runs)
        return BatchResult(plan, folder, runs, interrupted, store.torn)


def build_batch_manifest(plan: BatchPlan, options: Mapping[str, object]) -> dict[str, object]:
    """Return the manifest that identifies a batch; a store with another one is refused."""
    return build_manifest(plan.sha256, plan.bases, options, n_cases=len(plan.cases))


def _list_jobs(plan: BatchPlan, left: Sequence[int], options: Mapping[str, object]) -> list[Job]:
    """List the cases to compute, similar ones one after the other.

    Cases of one base that differ only by amounts and objectives share the problem and its rows.
    """
    place: dict[tuple[Any, ...], int] = {}
    left = sorted(left, key=lambda number: place.setdefault(plan.cases[number].likeness, len(place)))
    return [(number, BatchTask(plan.cases[number], options)) for number in left]


@dataclass(eq=False)
class _Coordinator:
    """Collects records and commits them."""

    plan: BatchPlan
    store: ResultStore
    sizes: GroupSizes
    report_progress: ReportTick | None
    n_before: int

    def take(self, outcomes: Generator[JobOutcome]) -> bool:
        """Collect every record; returns whether Ctrl-C ended the run."""
        pending = PendingRecords(self.store, build_table)
        n_fresh = n_failed = 0
        try:
            for outcome in outcomes:
                record = self._record(outcome)
                if record.stopped_by == "interrupt":
                    return True
                pending.add(record)
                self.sizes.record_seconds(record.seconds)
                n_fresh += 1
                n_failed += record.status == "error"
                if self.report_progress is not None:
                    done = self.n_before + n_fresh
                    self.report_progress(Tick(len(self.plan.cases), done, n_failed, record))
        except KeyboardInterrupt:
            return True
        finally:
            outcomes.close()
            pending.flush()
        return False

    def _record(self, outcome: JobOutcome) -> BatchRecord:
        if outcome.failure is not None:
            return build_failed_record(self.plan.cases[outcome.number], outcome.failure)
        record: BatchRecord = outcome.value
        if record.status == INPUTS_CHANGED:
            raise build_changed_error([self.plan.cases[outcome.number].base.name])
        return record


def sort_by_plan(plan: BatchPlan, runs: pl.DataFrame) -> pl.DataFrame:
    """Return the rows of a store in the order of a plan."""
    order = pl.DataFrame({"case_sha256": [case.key for case in plan.cases]}).with_row_index("_place")
    return order.join(runs, on="case_sha256").sort("_place").drop("_place")


def _check_agreement(runs: pl.DataFrame) -> None:
    """Check that equal scenarios have equal allocations, whatever their names."""
    known = runs.filter(pl.col("canonical") & pl.col("allocation_sha256").is_not_null())
    split = known.group_by("scenario_sha256").agg(pl.col("allocation_sha256").n_unique(), pl.col("name"))
    for row in split.filter(pl.col("allocation_sha256") > 1).iter_rows(named=True):
        names = ", ".join(row["name"])
        raise DisagreementError(_("the same scenario got two answers ({names}).", names=names))
