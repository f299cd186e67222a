"""Run a batch: compute the cases missing from its store and commit them in groups.

A case that is stored is not computed again, and a committed record survives a crash.

Compute one case of a batch as a flat record.

A record contains neither clock nor path, so the same task gives the same record anywhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import polars as pl

from tnt_sim.analysis.batch.document import BatchCaseEntry, BatchDocument, BatchEnvelope, BatchRecord
from tnt_sim.analysis.batch.plan import N_BASES, BatchCase, BatchPlan
from tnt_sim.analysis.batch.store import SCHEMA, build_table, read_runs
from tnt_sim.analysis.shared.executors import Executor
from tnt_sim.analysis.shared.group_sizes import GroupSizes
from tnt_sim.analysis.shared.result_store import (
    PendingRecords,
    ResultStore,
    build_changed_error,
    build_manifest,
    check_unchanged_inputs,
)
from tnt_sim.engine.result import ResultData
from tnt_sim.engine.session import SolverSession
from tnt_sim.engine.solve import solve
from tnt_sim.errors import DisagreementError, TntError
from tnt_sim.i18n.message import Bilingual, Lang, Text, _
from tnt_sim.parallel import Job, JobOutcome
from tnt_sim.scenario.load import load_scenario, with_sets
from tnt_sim.scenario.scenario import ScenarioData

INPUTS_CHANGED = "inputs-changed"


@dataclass(frozen=True, slots=True)
class BatchTask:
    """Case with its solver options, as sent to a worker."""

    case: BatchCase
    options: Mapping[str, Any]


def compute(task: BatchTask) -> BatchRecord:
    """Compute the record of one case; an error of the scenario is a record too.

    Its status is `INPUTS_CHANGED` if the base scenario differs from the one with which the batch
    began.
    """
    case, began = task.case, time.perf_counter()
    try:
        base, session = _load_base(case.base, case.base_sha256)
        began = time.perf_counter()
        if base.sha256 != case.base_sha256:
            return _start_record(case, INPUTS_CHANGED)
        scenario = with_sets(base, case.sets) if case.sets else base
        record = build_record(case, scenario, solve(scenario, session=session, **task.options))
    except TntError as error:
        record = _build_error_record(case, error.code, error.text)
    return replace(record, seconds=time.perf_counter() - began)


def _start_record(case: BatchCase, status: str) -> BatchRecord:
    return BatchRecord(case_sha256=case.key, name=case.name, changes=case.sets, status=status)


_CRASHED = _("the computation was ended at each try, without an answer (out of memory?)")


def _build_error_record(case: BatchCase, code: str, text: Text) -> BatchRecord:
    """Return the record of an error, with its message in both languages."""
    return replace(
        _start_record(case, "error"), error_code=code, error=text.in_(Lang.EN), error_fr=text.in_(Lang.FR)
    )


def build_failed_record(case: BatchCase, failure: str) -> BatchRecord:
    """Return the record of a case that no worker survived, or that met a bug."""
    if failure == "crashed":
        return _build_error_record(case, failure, _CRASHED)
    return _build_error_record(case, "bug", Bilingual(failure, failure))


@lru_cache(maxsize=N_BASES)
def _load_base(path: Path, sha256: str) -> tuple[ScenarioData, SolverSession]:
    """Load the base scenario once per process and content, with the session that solves its cases."""
    base = load_scenario(path)
    return base, SolverSession(base, as_alone=True)


def build_record(case: BatchCase, scenario: ScenarioData, result: ResultData) -> BatchRecord:
    """Return the figures of a result that a batch compares."""
    document = result.data
    goals = document.objective
    awards = result.dossiers.filter("funded") if result.allocation is not None else None
    return BatchRecord(
        case_sha256=case.key,
        name=case.name,
        changes=case.sets,
        scenario_sha256=scenario.sha256,
        status=document.status,
        stopped_by=document.stopped_by,
        proof=document.proof,
        publishable=document.publishable,
        canonical=document.canonical,
        method=document.method,
        amount_cents=document.amount_cents,
        granted_cents=document.granted_cents,
        unspent_cents=document.unspent_cents,
        n_dossiers=document.n_dossiers,
        n_eligible=document.n_eligible,
        n_funded=document.n_funded,
        inhabitants=document.inhabitants,
        allocation_sha256=document.allocation_sha256,
        goals=[goal.goal for goal in goals],
        values=[goal.value for goal in goals],
        bounds=[goal.bound for goal in goals],
        gap_money_cents=[goal.gap_money_cents for goal in goals],
        envelopes=[
            BatchEnvelope(**{name: getattr(entry, name) for name in BatchEnvelope.__slots__})
            for entry in document.envelopes
        ],
        dossier=None if awards is None else awards["dossier"].to_list(),
        awarded_cents=None if awards is None else awards["granted_cents"].to_list(),
    )


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
