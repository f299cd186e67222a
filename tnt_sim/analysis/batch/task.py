"""Compute one case of a batch as a flat record, in this process, in worker processes or on Dask.

A record contains neither clock nor path, so the same task gives the same record anywhere.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from tnt_sim.analysis.batch.plan import BatchCase
from tnt_sim.analysis.batch.record import BatchEnvelope, BatchRecord
from tnt_sim.engine.result import ResultData
from tnt_sim.engine.session import Series
from tnt_sim.engine.solve import solve
from tnt_sim.errors import TntError, UsageError
from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.parallel import TRIES, Job, JobOutcome, run_in_processes, run_serially
from tnt_sim.scenario.load import load_scenario, with_sets
from tnt_sim.scenario.scenario import ScenarioData

__all__ = ["EXECUTORS", "BatchTask", "Run", "executor"]

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
    began = time.perf_counter()
    case = task.case
    try:
        base, series = _load_base(case.base, case.base_sha256)
        if base.sha256 != case.base_sha256:
            return _start_record(case, INPUTS_CHANGED)
        scenario = with_sets(base, case.sets) if case.sets else base
        record = build_record(case, scenario, solve(scenario, series=series, **task.options))
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
    return _build_error_record(case, "bug", Text(failure, failure))


@lru_cache(maxsize=2)
def _load_base(path: Path, sha256: str) -> tuple[ScenarioData, Series]:
    """Load the base scenario once per process and content, with the state that its cases share."""
    return load_scenario(path), Series()


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
            BatchEnvelope(
                id=entry.id,
                amount_cents=entry.amount_cents,
                effective_cents=entry.effective_cents,
                granted_cents=entry.granted_cents,
                unspent_cents=entry.unspent_cents,
                n_funded=entry.n_funded,
            )
            for entry in document.envelopes
        ],
        dossier=None if awards is None else awards["dossier"].to_list(),
        awarded_cents=None if awards is None else awards["granted_cents"].to_list(),
    )


EXECUTORS = ("serial", "processes", "dask")

LOCAL_CLUSTER = {
    "distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": 1},
    "distributed.worker.profile.enabled": False,
    "distributed.worker.memory.monitor-interval": "1s",
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
}
"""Settings of a local Dask cluster. They omit MALLOC_TRIM_THRESHOLD_, with which the C library returns and
requests the memory of each larger array again: it tripled the time of a case. They disable stack sampling
every 10 ms and reduce clock and memory checks, which wake a process beside the cases. They are settings
because a nanny passes its own to its worker, and these override environment variables."""

Run = Callable[[Iterable[Sequence[Job]]], Generator[JobOutcome]]


def executor(name: str, n_workers: int, scheduler: str | None = None) -> Run:
    """Return the function that runs groups of tasks.

    Parameters
    ----------
    name : "serial", "processes" or "dask"
    scheduler : address of a remote Dask scheduler

    Raises
    ------
    UsageError
        For an unknown name, a remote scheduler without TLS, or Dask if it is not installed.
    """
    if scheduler is not None and name != "dask":
        raise UsageError(
            _("--scheduler asks for --executor dask."),
            code="usage.scheduler",
        )
    if name == "serial":
        return lambda groups: run_serially(compute, groups)
    if name == "processes":
        return lambda groups: run_in_processes(compute, groups, n_workers)
    if name == "dask":
        return _Dask(n_workers, scheduler)
    raise UsageError(
        _('--executor is {executors}, not "{name}".', executors=", ".join(EXECUTORS), name=name),
        code="usage.executor",
    )


def compute_group(group: Sequence[Job]) -> list[JobOutcome]:
    """Compute a group of tasks on a Dask worker, one after the other."""
    return list(run_serially(compute, [group]))


class _Dask:
    """Local Dask cluster on the loopback address, or a remote scheduler behind TLS."""

    def __init__(self, n_workers: int, scheduler: str | None) -> None:
        try:
            import distributed
        except ImportError as error:
            raise UsageError(
                _("Dask is not installed: uv sync --extra dask, or --executor processes."),
                code="usage.dask",
            ) from error
        if scheduler is not None and not _is_secure_address(scheduler):
            raise UsageError(
                _(
                    '"{scheduler}" is not encrypted. A remote scheduler wants tls://ADDRESS:PORT '
                    "(docs/scale.md says how).",
                    scheduler=scheduler,
                ),
                code="usage.scheduler",
            )
        self._distributed: Any = distributed
        self._n_workers, self._scheduler = n_workers, scheduler

    def __call__(self, groups: Iterable[Sequence[Job]]) -> Generator[JobOutcome]:
        with self._open_client() as client:
            yield from self._run_groups(client, iter(groups))

    def _open_client(self) -> Any:
        """Return a client whose cluster ends with it."""
        if self._scheduler is not None:
            return self._distributed.Client(self._scheduler)
        import dask

        with dask.config.set(LOCAL_CLUSTER):
            return self._distributed.Client(
                n_workers=self._n_workers,
                threads_per_worker=1,
                processes=True,
                host="127.0.0.1",
                dashboard_address=None,
                scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},
                silence_logs=50,
            )

    def _run_groups(self, client: Any, groups: Iterator[Sequence[Job]]) -> Iterator[JobOutcome]:
        """Keep two groups per worker in progress; a group whose worker was killed is retried job by job."""
        waiting: dict[Any, list[Job]] = {}
        again: deque[list[Job]] = deque()
        done = self._distributed.as_completed(loop=client.loop)
        killed: dict[int, int] = {}
        while True:
            most = 2 * max(1, len(client.scheduler_info(n_workers=-1)["workers"]))
            while len(waiting) < most:
                group = again.popleft() if again else list(next(groups, ()))
                if not group:
                    break
                future = client.submit(compute_group, group, pure=False, retries=0)
                waiting[future] = group
                done.add(future)
            if not waiting:
                return
            future = next(done)
            group = waiting.pop(future)
            if future.status == "finished":
                yield from future.result()
            elif len(group) > 1:
                again.extend([job] for job in group)
            else:
                number = group[0][0]
                killed[number] = killed.get(number, 0) + 1
                if killed[number] >= TRIES:
                    yield JobOutcome(number, failure="crashed")
                else:
                    again.append(group)


def _is_secure_address(scheduler: str) -> bool:
    """Whether the scheduler is encrypted, or on this machine."""
    host = scheduler.partition("://")[2].rpartition(":")[0]
    return scheduler.startswith("tls://") or host in ("127.0.0.1", "localhost", "[::1]")
