"""A model too large for HiGHS to keep its limit is solved in a process that ends with the deadline."""

from __future__ import annotations

import io
import pickle
import sys
from typing import Any

import numpy as np
import pytest
from support.lanes import first_of, seeds
from support.solve_instances import near_miss

from tnt_sim.deadline import UNLIMITED, Cancellation, Deadline, ProcessorClock
from tnt_sim.errors import SolverError
from tnt_sim.solve.backends import solver_process as apart
from tnt_sim.solve.backends.backend import Limits, Termination, Tuning
from tnt_sim.solve.backends.highs import PARALLEL_ROWS, HighsBackend, _build_options, solve_here
from tnt_sim.solve.backends.solver_process import Request
from tnt_sim.solve.methods.integral import solve_integral


@pytest.fixture
def all_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every model is large."""
    monkeypatch.setattr(apart, "MANY_COLUMNS", 0)


def program(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Another program stands in for HiGHS."""
    monkeypatch.setattr(apart, "COMMAND", (sys.executable, "-c", text))


@pytest.mark.drawn
@pytest.mark.parametrize("relax", seeds([False, True], 1))
def test_the_answer_apart_is_the_answer_here(relax: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    here = HighsBackend().solve(near_miss(0), relax=relax)
    monkeypatch.setattr(apart, "MANY_COLUMNS", 0)
    for deadline in first_of((UNLIMITED, Deadline(600.0)), 1):
        there = HighsBackend().solve(near_miss(0), relax=relax, limits=Limits(deadline), start=None)
        assert (there.termination, there.objective) == (here.termination, here.objective)
        assert there.solver == here.solver
        np.testing.assert_allclose(there.values, here.values)
        assert (there.row_duals is None) == (here.row_duals is None)


NOISY = """
import os
from tnt_sim.solve.backends import solver_process as apart
from tnt_sim.solve.backends import highs

def noisy(*asked, solve=highs.solve_here):
    os.write(1, b"Presolving model")
    return solve(*asked)

highs.solve_here = noisy
apart.main()
"""


@pytest.mark.usefixtures("all_apart")
def test_what_a_solver_prints_is_no_part_of_its_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    program(monkeypatch, NOISY)
    found = HighsBackend().solve(near_miss(0))
    monkeypatch.setattr(apart, "MANY_COLUMNS", 10**9)
    assert found.objective == HighsBackend().solve(near_miss(0)).objective


@pytest.mark.usefixtures("all_apart")
def test_a_process_that_looks_at_no_clock_ends_with_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait is exactly what is left, and what overruns it is a limit and no failure."""
    program(monkeypatch, "import time; time.sleep(600)")
    waits, run = [], apart._run

    def noted(sent: bytes, limits: Limits, heard: Any) -> Any:
        waits.append(limits.time_seconds)
        return run(sent, Limits(Deadline(0.05)), heard)

    monkeypatch.setattr(apart, "_run", noted)
    found = HighsBackend().solve(near_miss(0), limits=Limits(Deadline(20.0, lambda: 7.0)))
    assert (found.termination, found.values) == (Termination.TIME_LIMIT, None)
    assert waits == [20.0]


@pytest.mark.usefixtures("all_apart")
def test_a_process_ends_when_its_computation_is_cancelled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its clock has a long way to go: what ends it is the switch, thrown while it is waited for."""
    program(monkeypatch, "import time; time.sleep(600)")
    switch, real = Cancellation(), apart.terminate_with_parent

    def cancelled(pid: int) -> Any:
        switch.cancel()
        return real(pid)

    monkeypatch.setattr(apart, "terminate_with_parent", cancelled)
    found = HighsBackend().solve(near_miss(0), limits=Limits(Deadline(500.0, ProcessorClock(switch))))
    assert (found.termination, found.values) == (Termination.TIME_LIMIT, None)


STUBBORN = """
import pickle, sys, time
from tnt_sim.solve.backends import solver_process as apart
from tnt_sim.solve.backends import highs

def stubborn(model, relax, limits, start, tuning):
    highs.solve_here(model, relax, limits, start, tuning)
    limits.on_point(None, 10**6)
    sys.stdout.buffer.write(apart._LENGTH.pack(1000) + b"half a part")
    sys.stdout.buffer.flush()
    time.sleep(600)

request = pickle.load(sys.stdin.buffer)
limits = request.compute_limits(apart._Sender(sys.stdout.buffer).send_point)
stubborn(request.model, request.relax, limits, request.start, request.tuning)
"""


@pytest.mark.slow
@pytest.mark.usefixtures("all_apart")
def test_a_process_that_is_ended_leaves_its_last_point(monkeypatch: pytest.MonkeyPatch) -> None:
    """Points go out as they are met: the search begins from the last one, and half a part is none."""
    monkeypatch.setattr(apart, "BETWEEN_POINTS_SECONDS", 0.0)
    program(monkeypatch, STUBBORN.replace("request = ", "apart.BETWEEN_POINTS_SECONDS = 0.0\nrequest = "))
    switch = Cancellation()
    receive = apart._Messages.receive

    def received(heard: Any, part: bytes) -> None:
        receive(heard, part)
        if heard._rest.endswith(b"half a part"):
            switch.cancel()

    monkeypatch.setattr(apart._Messages, "receive", received)
    model = near_miss(0)
    found = HighsBackend().solve(model, limits=Limits(Deadline(500.0, ProcessorClock(switch))))
    assert found.termination is Termination.TIME_LIMIT
    assert found.values is not None
    point = np.rint(found.values).astype(np.int64)
    assert model.is_feasible(point)
    assert found.objective == model.compute_value(point) > 0
    assert found.bound == 10**6
    switch = Cancellation()
    kept = solve_integral(model, HighsBackend(), Limits(Deadline(500.0, ProcessorClock(switch))))
    assert (kept.termination, kept.value) == (Termination.TIME_LIMIT, model.compute_value(point))


def test_points_are_sent_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last point met is sent once the time has come, and nothing is sent twice."""
    now, sent = [0.0], list[object]()
    monkeypatch.setattr("time.perf_counter", lambda: now[0])
    sender = apart._Sender(io.BytesIO())
    monkeypatch.setattr(apart._Sender, "send", lambda _, told: sent.append(told))
    for at, point in (
        (0.0, 1.0),
        (0.1, 2.0),
        (0.2, 300.0),
        (0.3, None),
        (0.6, None),
        (0.7, None),
        (1.2, None),
    ):
        now[0] = at
        sender.send_point(None if point is None else np.array([point, 0.0]))
    values = [apart._unpack_point(packed, 2) for packed in sent if isinstance(packed, bytes)]
    assert len(values) == len(sent)  # no bound was told
    assert [value.tolist() for value in values if value is not None] == [[1.0, 0.0], [300.0, 0.0]]


@pytest.mark.usefixtures("all_apart")
@pytest.mark.parametrize("seconds", [0.0, 1e-9])
def test_no_process_begins_too_late(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the deadline, or where it could not answer any more."""
    monkeypatch.setattr(apart, "_run", lambda *_: pytest.fail("a process was started"))
    found = HighsBackend().solve(near_miss(0), limits=Limits(Deadline(seconds)))
    assert found.termination is Termination.TIME_LIMIT


@pytest.mark.usefixtures("all_apart")
def test_ctrl_c_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(apart, "_run", interrupted)
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
    limits = pickle.loads(pickle.dumps(sent)).compute_limits()
    assert (limits.time_seconds, limits.nodes) == (20.0 - 5.0 - apart.compute_answer_seconds(near_miss(0)), 3)
    assert (
        Request(solve_here, near_miss(0), False, None, Tuning(), None, None, 100.0)
        .compute_limits()
        .time_seconds
        is None
    )


def test_what_never_looks_at_its_clock_is_off_for_large_models_alone() -> None:
    off = {"presolve_rule_off": PARALLEL_ROWS, "mip_heuristic_run_feasibility_jump": False}
    assert (
        _build_options(Limits(), Tuning(), without_untimed=True) == _build_options(Limits(), Tuning()) | off
    )


@pytest.mark.parametrize("relax", [False, True])
@pytest.mark.parametrize("timed", [False, True])
@pytest.mark.parametrize("few", [False, True])
def test_what_may_overrun_its_limit_is_solved_apart(
    relax: bool, timed: bool, few: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many columns do so with a limit, more of them in a linear program; very many always."""
    model, limits = near_miss(0), Limits(Deadline(60.0 if timed else None))
    assert not apart.is_for_apart(model, relax, limits)
    name = "RELAXED_COLUMNS" if relax else "TIMED_COLUMNS"
    monkeypatch.setattr(apart, name, model.n_cols if few else model.n_cols - 1)
    assert apart.is_for_apart(model, relax, limits) is (timed and not few)
    monkeypatch.setattr(apart, "MANY_COLUMNS", model.n_cols - 1)
    assert apart.is_for_apart(model, relax, limits)


@pytest.mark.parametrize("relax", [False, True])
def test_a_search_that_forgets_the_time_ends_with_the_limit(
    relax: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many entries: with little time left apart from here, with more here, but earlier than asked."""
    model = near_miss(0)
    monkeypatch.setattr("tnt_sim.deadline.monotonic", lambda: 0.0)
    for few in (True, False):
        monkeypatch.setattr(apart, "TIMED_ENTRIES", model.matrix.nnz if few else 0)
        forgets = not (few or relax)
        assert apart.is_for_apart(model, relax, Limits(Deadline(apart.SHORT_SECONDS))) is forgets
        longer = Limits(Deadline(apart.SHORT_SECONDS + 1))
        assert not apart.is_for_apart(model, relax, longer)
        left = apart.hold_back_overrun(model, relax, longer).time_seconds
        assert left == apart.SHORT_SECONDS + 1 - (apart.OVERRUN_SECONDS if forgets else 0.0)
        assert apart.hold_back_overrun(model, relax, Limits()).time_seconds is None


def test_bounds_and_points_are_heard_as_they_arrive() -> None:
    """Whatever the parts are in which the bytes arrive, each message is heard once, and in order."""
    stream = io.BytesIO()
    sender = apart._Sender(stream)
    for point, bound in ((None, 9), (np.array([1.0, 0.0]), None), (None, 7), (np.array([0.0, 1.0]), 7)):
        sender.last_sent = sender.last_bound_sent = -1.0  # the time has come
        sender.send_point(point, bound)
    told = stream.getvalue()
    for size in (1, 7, len(told)):
        heard: list[tuple[list[float] | None, int | None]] = []
        messages = apart._Messages(
            2, lambda x, b, to=heard: to.append((None if x is None else x.tolist(), b))
        )
        for at in range(0, len(told), size):
            messages.receive(told[at : at + size])
        assert heard == [(None, 9), ([1.0, 0.0], 9), (None, 7), ([0.0, 1.0], 7)]
        assert messages.bound == 7
        assert messages.point is not None
        assert messages.answer is None


@pytest.mark.usefixtures("all_apart")
def test_a_caller_hears_of_points_while_the_process_works() -> None:
    heard: list[int] = []
    model = near_miss(0)

    def hear(point: Any, bound: int | None) -> None:
        if point is not None:
            heard.append(model.compute_value(np.rint(point).astype(np.int64)))

    found = HighsBackend().solve(model, limits=Limits(Deadline(60.0), on_point=hear))
    assert found.termination is Termination.OPTIMAL
    assert heard
    assert heard[-1] <= (found.objective or 0)
