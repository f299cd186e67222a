"""Executors of independent cases: this process, worker processes, or Dask on one machine or several."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from tnt_sim.analysis.shared.worker_memory import choose_workers
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.errors import UsageError
from tnt_sim.i18n.message import _
from tnt_sim.parallel import TRIES, Job, JobOutcome, Work, run_in_processes, run_serially

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


class Executor(Protocol):
    """Runs groups of jobs and yields their outcomes as they end."""

    def __call__(
        self, work: Work, groups: Iterable[Sequence[Job]], deadline: Deadline = UNLIMITED
    ) -> Generator[JobOutcome]:
        """Run the groups of jobs until the deadline; jobs without an answer by then have no outcome."""


@dataclass(frozen=True, slots=True)
class Execution:
    """How the cases of an analysis are computed.

    Attributes
    ----------
    execute : runs groups of tasks
    n_workers : cases computed at the same time
    is_local : whether workers share the clock of this machine
    is_serial : whether this process computes them
    """

    execute: Executor
    n_workers: int
    is_local: bool = True
    is_serial: bool = False


def choose_execution(name: str, workers: int | None, scheduler: str | None, worker_bytes: int) -> Execution:
    """Choose who computes: one process alone needs no other.

    Parameters
    ----------
    name : "serial", "processes" or "dask"
    workers : number of workers; None for one on each processor, as far as memory holds them
    scheduler : address of a Dask scheduler that runs already, whose workers are not checked
    worker_bytes : memory that a worker needs
    """
    n_workers = workers or 1
    if name != "serial" and scheduler is None:
        n_workers = choose_workers(workers, worker_bytes)
    if name == "processes" and n_workers == 1 and scheduler is None:
        name = "serial"
    is_serial = name == "serial" and scheduler is None
    return Execution(executor(name, n_workers, scheduler), n_workers, name != "dask", is_serial)


def executor(name: str, n_workers: int, scheduler: str | None = None) -> Executor:
    """Return the function that runs groups of tasks.

    Parameters
    ----------
    name : "serial", "processes" or "dask"
    scheduler : address of a remote Dask scheduler
    """
    if scheduler is not None and name != "dask":
        raise UsageError(
            _("--scheduler asks for --executor dask."),
            code="usage.scheduler",
        )
    if name == "serial":
        return _run_here
    if name == "processes":
        return _Processes(n_workers)
    if name == "dask":
        return _Dask(n_workers, scheduler)
    raise UsageError(
        _('--executor is {executors}, not "{name}".', executors=", ".join(EXECUTORS), name=name),
        code="usage.executor",
    )


def _run_here(
    work: Work, groups: Iterable[Sequence[Job]], deadline: Deadline = UNLIMITED
) -> Generator[JobOutcome]:
    for group in groups:
        for job in group:
            if deadline.expired:
                return
            yield from run_serially(work, [[job]])


@dataclass(frozen=True, slots=True)
class _Processes:
    """Worker processes of this machine."""

    n_workers: int

    def __call__(
        self, work: Work, groups: Iterable[Sequence[Job]], deadline: Deadline = UNLIMITED
    ) -> Generator[JobOutcome]:
        return run_in_processes(work, groups, self.n_workers, deadline=deadline)


def compute_group(work: Work, group: Sequence[Job]) -> list[JobOutcome]:
    """Compute a group of jobs on a Dask worker, one after the other."""
    return list(run_serially(work, [group]))


class _Dask:
    """Local Dask cluster on the loopback address, or a remote scheduler behind TLS."""

    def __init__(self, n_workers: int, scheduler: str | None) -> None:
        try:
            import distributed
        except ImportError as error:
            from tnt_sim.installation import format_install_command

            raise UsageError(
                _(
                    "Dask is not installed here. Without it, --executor processes takes the processors of "
                    "this machine. To install Dask: {command}",
                    command=format_install_command("dask", "distributed"),
                ),
                code="usage.dask",
            ) from error
        if scheduler is not None and not _is_secure_address(scheduler):
            raise UsageError(
                _(
                    '"{scheduler}" is not encrypted. Start the scheduler and its workers with certificates '
                    "(--tls-ca-file, --tls-cert and --tls-key of Dask), and give it as tls://ADDRESS:PORT.",
                    scheduler=scheduler,
                ),
                code="usage.scheduler",
            )
        self._distributed: Any = distributed
        self._n_workers, self._scheduler = n_workers, scheduler

    def __call__(
        self, work: Work, groups: Iterable[Sequence[Job]], deadline: Deadline = UNLIMITED
    ) -> Generator[JobOutcome]:
        with self._open_client() as client:
            yield from self._run_groups(client, work, iter(groups), deadline)

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

    def _run_groups(
        self, client: Any, work: Work, groups: Iterator[Sequence[Job]], deadline: Deadline
    ) -> Iterator[JobOutcome]:
        """Keep two groups per worker in progress; a group whose worker was killed is retried job by job."""
        waiting: dict[Any, list[Job]] = {}
        again: deque[list[Job]] = deque()
        done = self._distributed.as_completed(loop=client.loop, timeout=deadline.limit_seconds)
        killed: dict[int, int] = {}
        while True:
            most = 2 * max(1, len(client.scheduler_info(n_workers=-1)["workers"]))
            while len(waiting) < most:
                group = again.popleft() if again else list(next(groups, ()))
                if not group:
                    break
                future = client.submit(compute_group, work, group, pure=False, retries=0)
                waiting[future] = group
                done.add(future)
            if not waiting:
                return
            try:
                future = next(done)
            except TimeoutError:
                return
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
