"""Who computes: this process, worker processes, or Dask; the same tasks in, the same records out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from typing import Any

from tnt_sim.errors import Text, UsageError
from tnt_sim.study.batch.work import Task, compute
from tnt_sim.workers import TRIES, Job, Outcome, in_processes, serially

EXECUTORS = ("serial", "processes", "dask")

LOCAL_CLUSTER = {
    "distributed.nanny.pre-spawn-environ": {"OMP_NUM_THREADS": 1},
    "distributed.worker.profile.enabled": False,
    "distributed.worker.memory.monitor-interval": "1s",
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
}
"""Without Dask's MALLOC_TRIM_THRESHOLD_, by which the C library asks again for the memory of each larger array: it
tripled the time of a case. Without a look at the stack every 10 ms, and with fewer looks at clock and memory: each
wakes a process beside the cases. As settings: a nanny hands its worker its own, which win over variables."""

Run = Callable[[Iterable[Sequence[Job]]], Generator[Outcome]]


def executor(name: str, n_workers: int, scheduler: str | None = None) -> Run:
    """The way to run groups of tasks.

    Raises
    ------
    UsageError
        For a name that is none, a remote scheduler without TLS, or Dask where it is not installed.
    """
    if scheduler is not None and name != "dask":
        raise UsageError(
            Text("--scheduler demande --executor dask.", "--scheduler asks for --executor dask."),
            code="usage.scheduler",
        )
    if name == "serial":
        return lambda groups: serially(compute, groups)
    if name == "processes":
        return lambda groups: in_processes(compute, groups, n_workers)
    if name == "dask":
        return _Dask(n_workers, scheduler)
    raise UsageError(
        Text(
            f"--executor vaut {', '.join(EXECUTORS)}, pas « {name} ».",
            f'--executor is {", ".join(EXECUTORS)}, not "{name}".',
        ),
        code="usage.executor",
    )


def compute_group(group: Sequence[Job]) -> list[Outcome]:
    """A group on a Dask worker, one after the other."""
    return list(serially(compute, [group]))


class _Dask:
    """A local cluster on the loopback address, or a scheduler elsewhere behind TLS."""

    def __init__(self, n_workers: int, scheduler: str | None) -> None:
        try:
            import distributed
        except ImportError as error:
            raise UsageError(
                Text(
                    "Dask n'est pas installé : uv sync --extra dask, ou --executor processes.",
                    "Dask is not installed: uv sync --extra dask, or --executor processes.",
                ),
                code="usage.dask",
            ) from error
        if scheduler is not None and not _may_be_used(scheduler):
            raise UsageError(
                Text(
                    f"« {scheduler} » n'est pas chiffré. Un ordonnanceur distant veut tls://ADRESSE:PORT "
                    "(docs/scale.md dit comment).",
                    f'"{scheduler}" is not encrypted. A remote scheduler wants tls://ADDRESS:PORT '
                    "(docs/scale.md says how).",
                ),
                code="usage.scheduler",
            )
        self._distributed: Any = distributed
        self._n_workers, self._scheduler = n_workers, scheduler

    def __call__(self, groups: Iterable[Sequence[Job]]) -> Generator[Outcome]:
        with self._client() as client:
            yield from self._outcomes(client, iter(groups))

    def _client(self) -> Any:
        """A client whose cluster ends with it."""
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

    def _outcomes(self, client: Any, groups: Iterator[Sequence[Job]]) -> Iterator[Outcome]:
        """Two groups a worker under way; a group whose workers were killed is tried again job by job."""
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
                    yield Outcome(number, failure="crashed")
                else:
                    again.append(group)


def _may_be_used(scheduler: str) -> bool:
    """Encrypted, or on this machine."""
    host = scheduler.partition("://")[2].rpartition(":")[0]
    return scheduler.startswith("tls://") or host in ("127.0.0.1", "localhost", "[::1]")


__all__ = ["EXECUTORS", "Run", "Task", "executor"]
