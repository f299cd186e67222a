"""Solvers behind a command line: each runs in a process group of its own, which ends with its time or with Ctrl-C.

CBC and GLPK are given a time limit and look at it where they please, which may be minutes later. PuLP starts them
and waits without end, so that the wait is bounded here: the modules of PuLP that start processes get `Processes`
in the place of `subprocess`. Outside of `until` it does what `subprocess` does. A process that is killed at once
cannot end what it started: a guard does (`ending_with_us`).
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

from tnt_sim.deadline import Deadline

GRACE_SECONDS = 1.0
"""For a solver that is about to end by its own limit, and for it to write down its point."""

_DEADLINE: ContextVar[Deadline | None] = ContextVar("deadline of a solver's process", default=None)


@contextmanager
def ending_with_us(pid: int) -> Iterator[None]:
    """Inside, the group of a process that we started ends with us, even where we are killed at once.

    A shell reads a pipe that nobody writes to: it comes to its end with this process, and the shell then ends the
    group. Windows has no such shell: there, the solver's own limit ends it.
    """
    guard = _guard_of(pid)
    try:
        yield
    finally:
        _dismiss(guard)


def _guard_of(pid: int) -> subprocess.Popen[bytes] | None:
    shell = shutil.which("sh") if hasattr(os, "killpg") else None
    if shell is None:
        return None
    nowhere = subprocess.DEVNULL
    return subprocess.Popen(
        (shell, "-c", 'read -r _; kill -s KILL -- "-$0"', str(pid)),
        stdin=subprocess.PIPE,
        stdout=nowhere,
        stderr=nowhere,
        start_new_session=True,
    )


def _dismiss(guard: subprocess.Popen[bytes] | None) -> None:
    """End a guard whose process has ended: first the shell, and only then its pipe."""
    if guard is not None:
        guard.kill()
        guard.wait()
        if guard.stdin is not None:
            guard.stdin.close()


class SolverOverrunError(Exception):
    """A solver's process did not end at its deadline and was killed with all that it started."""


class SolverProcess(subprocess.Popen[bytes]):
    """A process in a group of its own; waiting for it ends it at the deadline, or when the wait is interrupted."""

    def __init__(self, deadline: Deadline, args: Sequence[str], **how: Any) -> None:
        self.deadline = deadline
        self.log: Any = how.get("stdout")
        super().__init__(args, start_new_session=True, **how)
        self._guard = _guard_of(self.pid)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code; raises SolverOverrunError where the deadline, and a moment more, passed first."""
        left = self.deadline.limit_seconds
        if left is not None and (timeout is None or left + GRACE_SECONDS < timeout):
            timeout = left + GRACE_SECONDS
        try:
            code = super().wait(timeout)
        except subprocess.TimeoutExpired:
            self._end_group()
            raise SolverOverrunError from None
        except BaseException:
            self._end_group()
            raise
        self._without_guard()
        return code

    def _without_guard(self) -> None:
        _dismiss(self._guard)
        self._guard = None

    def _end_group(self) -> None:
        with suppress(ProcessLookupError):
            if hasattr(os, "killpg"):
                os.killpg(self.pid, signal.SIGKILL)
            else:
                self.kill()
        super().wait()
        self._without_guard()
        if hasattr(self.log, "close"):  # PuLP closes it only after a process that ended by itself
            self.log.close()


class Processes:
    """`subprocess` with processes that end at the deadline of `until`."""

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)

    def Popen(self, args: Sequence[str], **how: Any) -> subprocess.Popen[bytes]:  # noqa: N802
        """Start a process."""
        deadline = _DEADLINE.get()
        if deadline is None:
            return subprocess.Popen(args, **how)
        return SolverProcess(deadline, args, **how)

    def call(self, args: Sequence[str], **how: Any) -> int:
        """Run a process and give its exit code."""
        with self.Popen(args, **how) as process:
            return process.wait()

    def check_call(self, args: Sequence[str], **how: Any) -> int:
        """The same; raises CalledProcessError for an exit code that is not 0."""
        code = self.call(args, **how)
        if code:
            raise subprocess.CalledProcessError(code, args)
        return code


@contextmanager
def until(deadline: Deadline, solver: object) -> Iterator[None]:
    """Inside, processes that this solver of PuLP starts end a moment after the deadline."""
    for kind in type(solver).__mro__:
        module = sys.modules[kind.__module__]
        if getattr(module, "subprocess", None) is subprocess:
            module.subprocess = Processes()  # type: ignore[attr-defined]
    token = _DEADLINE.set(deadline)
    try:
        yield
    finally:
        _DEADLINE.reset(token)
