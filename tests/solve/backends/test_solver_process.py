"""A solver that does not end at its limit is ended with all that it started, and its model counts as unsolved."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pulp
import pytest
from support.lanes import seeds
from support.programs import needs_solver
from support.solve_instances import near_miss

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.formulation.linear_model import SolveStage
from tnt_sim.solve.backends import solver_process
from tnt_sim.solve.backends.backend import Limits, Termination
from tnt_sim.solve.backends.highs import HighsBackend
from tnt_sim.solve.backends.pulp_bridge import PulpBackend
from tnt_sim.solve.backends.solver_process import (
    Processes,
    SolverOverrunError,
    SolverProcess,
    limit_processes,
)
from tnt_sim.solve.methods.cross_check import Verdict, cross_check
from tnt_sim.solve.methods.lexicographic import solve_lexicographic

posix = pytest.mark.skipif(os.name != "posix", reason="a solver is stood in for by a shell script")
SOLVERS = {"COIN_CMD": "pulp.apis.coin", "GLPK_CMD": "pulp.apis.glpk"}


@pytest.fixture
def stubborn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A solver that looks at no clock: a script that waits, by a process of its own, which it names in a file."""
    script = tmp_path / "stubborn"
    script.write_text(f"#!/bin/sh\nsleep 600 &\necho $! > {tmp_path}/child\nwait\n", encoding="utf-8")
    script.chmod(0o755)
    for solver in (pulp.COIN_CMD, pulp.GLPK_CMD):
        monkeypatch.setattr(solver, "defaultPath", lambda _: str(script))
    monkeypatch.setattr(solver_process, "GRACE_SECONDS", 0.05)
    return tmp_path / "child"


def is_alive(child: Path) -> bool:
    """Whether the process named in the file still runs."""
    number = int(child.read_text(encoding="utf-8"))
    for _ in range(200):
        try:
            state = Path(f"/proc/{number}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        except OSError:
            return False
        if state == "Z":
            return False
        time.sleep(0.01)
    return True


@posix
@pytest.mark.parametrize("name", SOLVERS)
def test_a_solver_that_overruns_is_ended_with_what_it_started(name: str, stubborn: Path) -> None:
    found = PulpBackend(name).solve(near_miss(0), limits=Limits(Deadline(1.0)))
    assert (found.termination, found.values) == (Termination.TIME_LIMIT, None)
    assert "still running after its time limit" in found.log
    assert not is_alive(stubborn)


@posix
def test_a_second_opinion_that_overruns_is_a_limit_and_no_failure(
    stubborn: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tnt_sim.solve.methods.cross_check.list_independent_backends", lambda: ("pulp:COIN_CMD",)
    )
    monkeypatch.setattr("tnt_sim.solve.methods.cross_check.get_backend", lambda _: PulpBackend("COIN_CMD"))
    model = near_miss(0)
    stages = [SolveStage("score", model.objective, model.sense)]
    outcome = solve_lexicographic(model, stages, HighsBackend())
    told = cross_check(
        model, stages, outcome, "CBC", Limits(Deadline(1.0)), first="highs", prices=HighsBackend()
    )
    assert (told.verdict, told.agrees) == (Verdict.LIMIT, None)
    assert not is_alive(stubborn)


@posix
def test_ctrl_c_ends_the_group_too(stubborn: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_self: Any, timeout: float | None = None) -> int:
        while not stubborn.exists() or not stubborn.read_text(encoding="utf-8").strip():
            time.sleep(0.01)
        monkeypatch.undo()
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess.Popen, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        SolverProcess(UNLIMITED, [pulp.COIN_CMD(msg=False).path]).wait()
    assert not is_alive(stubborn)


@needs_solver("pulp:COIN_CMD")
def test_a_solver_that_ends_in_time_is_left_alone() -> None:
    found = PulpBackend("COIN_CMD").solve(near_miss(0), limits=Limits(Deadline(60.0)))
    assert found.termination is Termination.OPTIMAL


def test_outside_of_a_solve_it_is_plain_subprocess() -> None:
    plain = Processes()
    assert plain.PIPE is subprocess.PIPE
    process = plain.Popen([sys.executable, "-c", ""])
    assert type(process) is subprocess.Popen
    assert process.wait() == 0
    assert plain.call([sys.executable, "-c", "raise SystemExit(3)"]) == 3
    with pytest.raises(subprocess.CalledProcessError):
        plain.check_call([sys.executable, "-c", "raise SystemExit(3)"])


def test_the_deadline_is_that_of_the_solve_under_way() -> None:
    waits = [sys.executable, "-c", "import time; time.sleep(600)"]
    with limit_processes(Deadline(-5.0), pulp.GLPK_CMD()), pytest.raises(SolverOverrunError):
        sys.modules["pulp.apis.glpk"].subprocess.call(waits)  # type: ignore[attr-defined]


KILLED = """
import os, sys
from tnt_sim.deadline import Deadline
from tnt_sim.solve.backends.solver_process import Processes, terminate_with_parent

how = sys.argv[1]
if how == "solver":
    from tnt_sim.solve.backends import solver_process
    token = solver_process._DEADLINE.set(Deadline(600.0))
    Processes().Popen([sys.argv[2]])
else:
    import subprocess
    process = subprocess.Popen([sys.argv[2]], start_new_session=True)
    guarded = terminate_with_parent(process.pid)
    guarded.__enter__()
while not os.path.exists(sys.argv[3]):
    pass
os.kill(os.getpid(), 9)
"""


@posix
@pytest.mark.parametrize("how", seeds(["solver", "apart"], 1))
def test_what_a_killed_process_had_started_ends_with_it(how: str, stubborn: Path) -> None:
    """Killed with -9 it can end nothing itself: a guard does, with all that the solver started."""
    script = str(stubborn.with_name("stubborn"))
    done = subprocess.run([sys.executable, "-c", KILLED, how, script, str(stubborn)], check=False, timeout=60)
    assert done.returncode == -9
    assert not is_alive(stubborn)


@posix
def test_no_guard_outlives_what_it_guards(stubborn: Path) -> None:
    """Each solve dismisses its own, which then ends nothing."""
    guards = list[Any]()
    original = solver_process._start_guard

    def noted(pid: int) -> Any:
        guards.append(original(pid))
        return guards[-1]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(solver_process, "_start_guard", noted)
        process = SolverProcess(UNLIMITED, [sys.executable, "-c", "pass"])
        assert process.wait() == 0
        with pytest.raises(SolverOverrunError):
            SolverProcess(Deadline(0.1), [str(stubborn.with_name("stubborn"))]).wait()
    assert [guard.returncode for guard in guards] == [-9, -9]
