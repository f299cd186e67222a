"""A model too large for HiGHS to keep its limit is solved in a process that ends with the deadline."""

from __future__ import annotations

import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from solve_instances import near_miss

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.errors import SolverError
from tnt_sim.solve import apart
from tnt_sim.solve.apart import Request
from tnt_sim.solve.backend import Limits, Termination, Tuning
from tnt_sim.solve.highs import PARALLEL_ROWS, HighsBackend, _options, solve_here


@pytest.fixture
def all_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every model is large."""
    monkeypatch.setattr(apart, "MANY_COLUMNS", 0)


def program(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Another program stands in for HiGHS."""
    monkeypatch.setattr(apart, "COMMAND", (sys.executable, "-c", text))


@pytest.mark.parametrize("relax", [False, True])
def test_the_answer_apart_is_the_answer_here(relax: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    here = HighsBackend().solve(near_miss(0), relax=relax)
    monkeypatch.setattr(apart, "MANY_COLUMNS", 0)
    for deadline in (UNLIMITED, Deadline(600.0)):
        there = HighsBackend().solve(near_miss(0), relax=relax, limits=Limits(deadline), start=None)
        assert (there.termination, there.objective) == (here.termination, here.objective)
        assert there.solver == here.solver
        np.testing.assert_allclose(there.values, here.values)
        assert (there.row_duals is None) == (here.row_duals is None)


@pytest.mark.usefixtures("all_apart")
def test_a_process_that_looks_at_no_clock_ends_with_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait is exactly what is left, and what overruns it is a limit and no failure."""
    program(monkeypatch, "import time; time.sleep(600)")
    waits, run = [], subprocess.run

    def noted(*args: Any, timeout: float, **how: Any) -> Any:
        waits.append(timeout)
        return run(*args, timeout=0.05, **how)

    monkeypatch.setattr(subprocess, "run", noted)
    found = HighsBackend().solve(near_miss(0), limits=Limits(Deadline(20.0, lambda: 7.0)))
    assert (found.termination, found.values) == (Termination.TIME_LIMIT, None)
    assert waits == [20.0]


@pytest.mark.usefixtures("all_apart")
def test_no_process_begins_after_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("a process was started"))
    found = HighsBackend().solve(near_miss(0), limits=Limits(Deadline(0.0)))
    assert found.termination is Termination.TIME_LIMIT


@pytest.mark.usefixtures("all_apart")
def test_ctrl_c_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "run", interrupted)
    assert HighsBackend().solve(near_miss(0)).termination is Termination.INTERRUPTED


@pytest.mark.usefixtures("all_apart")
@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
def test_a_process_killed_for_its_memory_is_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    program(monkeypatch, "import os; os.kill(os.getpid(), 9)")
    assert HighsBackend().solve(near_miss(0)).termination is Termination.MEMORY_LIMIT


@pytest.mark.usefixtures("all_apart")
def test_a_process_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    program(monkeypatch, "raise SystemExit('no licence')")
    with pytest.raises(SolverError, match="no licence"):
        HighsBackend().solve(near_miss(0))


def test_what_is_left_counts_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time on the way and the time for the answer come off the limit; none is none."""
    monkeypatch.setattr("time.time", lambda: 105.0)
    monkeypatch.setattr("tnt_sim.deadline.monotonic", lambda: 0.0)
    sent = Request(solve_here, near_miss(0), False, None, Tuning(), 3, 20.0, 100.0)
    limits = pickle.loads(pickle.dumps(sent)).limits()
    assert (limits.time_seconds, limits.nodes) == (20.0 - 5.0 - apart.TO_ANSWER_SECONDS, 3)
    assert (
        Request(solve_here, near_miss(0), False, None, Tuning(), None, None, 100.0).limits().time_seconds
        is None
    )


def test_what_never_looks_at_its_clock_is_off_for_large_models_alone() -> None:
    off = {"presolve_rule_off": PARALLEL_ROWS, "mip_heuristic_run_feasibility_jump": False}
    assert _options(Limits(), Tuning(), is_huge=True) == _options(Limits(), Tuning()) | off
