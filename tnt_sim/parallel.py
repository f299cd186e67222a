"""Independent jobs on worker processes; a worker that is killed costs only the job it was running.

Jobs come in groups, which one worker does in order, so that data read for one job serve the next. Each
worker has its own pipe. When the pipe closes early, the first unanswered job of its group was running: it is
tried again alone, and the others continue. A job that has killed `TRIES` workers is given up and reported.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from tnt_sim.deadline import UNLIMITED, Deadline

Job = tuple[int, Any]
"""A number, and what the work needs, which must be picklable."""
Work = Callable[[Any], Any]

TRIES = 3


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """Result of one job: a value, or the reason why there is none (`crashed`, or the exception in one line)."""

    number: int
    value: Any = None
    failure: str | None = None


def count_processors() -> int:
    """Return how many processors this process may use, or how many exist where the system does not say."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed is not None else os.cpu_count() or 1


def run_serially(work: Work, groups: Iterable[Sequence[Job]]) -> Generator[JobOutcome]:
    """Run every job in this process, in order."""
    for group in groups:
        for number, job in group:
            yield _run_job(work, number, job)


def run_in_processes(
    work: Work,
    groups: Iterable[Sequence[Job]],
    n_workers: int,
    deadline: Deadline = UNLIMITED,
) -> Generator[JobOutcome]:
    """Run every job in one of `n_workers` spawned processes; yield outcomes as they end.

    Parameters
    ----------
    work : a function of a module, which the workers import
    groups : jobs best done one after the other by one worker; taken as workers become free
    deadline : when workers that are still busy, or not yet started, are killed
    """
    pool = _Pool(work, deque(), iter(groups))
    try:
        for _ in range(n_workers):
            pool.start_worker()
        yield from pool.collect_outcomes(deadline)
    finally:
        pool.dismiss()


def _run_job(work: Work, number: int, job: Any) -> JobOutcome:
    try:
        return JobOutcome(number, work(job))
    except Exception as error:  # noqa: BLE001 - told to whoever asked; the other jobs go on
        return JobOutcome(number, failure=f"{type(error).__name__}: {error}".splitlines()[0])


def _serve(pipe: Connection, work: Work) -> None:
    """Run a worker: receive groups and send outcomes until the pipe closes.

    Ctrl-C is left to the parent process.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        while True:
            for number, job in pipe.recv():
                pipe.send(_run_job(work, number, job))
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


@dataclass(eq=False)
class _Worker:
    """A process, its pipe, and the jobs that it has not answered, in order."""

    process: BaseProcess
    pipe: Connection
    owed: deque[Job] = field(default_factory=deque)


@dataclass(eq=False)
class _Pool:
    """Workers, groups to do, and jobs that have killed workers."""

    work: Work
    again: deque[list[Job]]
    """Groups whose worker was killed, to be done first."""
    groups: Iterator[Sequence[Job]]
    workers: dict[Connection, _Worker] = field(default_factory=dict)
    killed: dict[int, int] = field(default_factory=dict)
    """How many workers each job has killed."""

    def start_worker(self) -> None:
        """Start a worker, which waits for work."""
        context = multiprocessing.get_context("spawn")
        here, there = context.Pipe()
        process = context.Process(target=_serve, args=(there, self.work), daemon=True)
        process.start()
        there.close()
        self.workers[here] = _Worker(process, here)

    def collect_outcomes(self, deadline: Deadline) -> Iterator[JobOutcome]:
        """Hand out groups and yield outcomes until nothing, or no time, is left."""
        while not deadline.expired:
            for worker in list(self.workers.values()):
                if not worker.owed:
                    self._give(worker)
            busy = [worker.pipe for worker in self.workers.values() if worker.owed]
            if not busy:
                return
            for pipe in wait(busy, deadline.limit_seconds):
                assert isinstance(pipe, Connection)
                yield from self._receive_outcome(self.workers[pipe])

    def _give(self, worker: _Worker) -> None:
        group = self.again.popleft() if self.again else list(next(self.groups, ()))
        if not group:
            return
        worker.owed.extend(group)
        try:
            worker.pipe.send(group)
        except OSError:  # it was killed while it waited; `collect_outcomes` finds its pipe closed
            return

    def _receive_outcome(self, worker: _Worker) -> Iterator[JobOutcome]:
        try:
            outcome: JobOutcome = worker.pipe.recv()
        except (EOFError, OSError):
            yield from self._replace_worker(worker)
            return
        worker.owed.popleft()
        yield outcome

    def _replace_worker(self, worker: _Worker) -> Iterator[JobOutcome]:
        """Handle a killed worker: retry its job alone, put back the rest of its group, start another one."""
        del self.workers[worker.pipe]
        worker.pipe.close()
        worker.process.join()
        suspect = worker.owed.popleft()
        if worker.owed:
            self.again.append(list(worker.owed))
        self.killed[suspect[0]] = self.killed.get(suspect[0], 0) + 1
        if self.killed[suspect[0]] >= TRIES:
            yield JobOutcome(suspect[0], failure="crashed")
        else:
            self.again.append([suspect])
        self.start_worker()

    def dismiss(self) -> None:
        """Close every pipe and kill every worker."""
        for worker in self.workers.values():
            worker.pipe.close()
            worker.process.kill()
        for worker in self.workers.values():
            worker.process.join()
        self.workers.clear()
