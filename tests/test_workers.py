"""Processes that are killed cost nothing but time; a job that kills every worker is given up."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from tnt_sim.deadline import Deadline
from tnt_sim.parallel import JobOutcome, run_in_processes, run_serially


def square(number: int) -> int:
    if number == 13:
        raise ValueError("thirteen")
    return number * number


def fatal(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def once_fatal(job: tuple[int, str]) -> int:
    number, mark = job
    if number == 3 and not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.01)
    return number


def test_processes_do_what_one_process_does() -> None:
    groups = [[(n, n) for n in range(k, k + 4)] for k in range(0, 20, 4)]
    alone = sorted(run_serially(square, groups), key=lambda outcome: outcome.number)
    many = sorted(run_in_processes(square, groups, 2), key=lambda outcome: outcome.number)
    assert many == alone
    assert many[13] == JobOutcome(13, failure="ValueError: thirteen")
    assert [outcome.value for outcome in many[:3]] == [0, 1, 4]


def test_a_job_that_kills_its_workers_is_told_and_the_innocent_are_done() -> None:
    found = sorted(
        run_in_processes(fatal, [[(n, n) for n in range(6)]], 2), key=lambda outcome: outcome.number
    )
    assert [outcome.number for outcome in found] == list(range(6))
    assert [outcome.number for outcome in found if outcome.failure] == [3]
    assert found[3].failure == "crashed"


def test_a_job_whose_worker_was_killed_by_chance_is_done_again(tmp_path: Path) -> None:
    mark = str(tmp_path / "mark")
    found = list(run_in_processes(once_fatal, [[(n, (n, mark)) for n in range(6)]], 1))
    assert sorted(outcome.value for outcome in found) == list(range(6))


def test_leaving_early_ends_the_workers() -> None:
    outcomes = run_in_processes(square, [[(n, n)] for n in range(50)], 2)
    next(outcomes)
    outcomes.close()
    import multiprocessing

    assert not multiprocessing.active_children()


def doze(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def test_nobody_waits_for_workers_beyond_the_deadline() -> None:
    """A worker on a busy machine may need half a minute before it is awake."""
    assert list(run_in_processes(doze, [[(n, 30.0)] for n in range(4)], 2, deadline=Deadline(0.2))) == []
    import multiprocessing

    assert multiprocessing.active_children() == []
