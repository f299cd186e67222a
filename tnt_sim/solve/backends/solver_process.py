"""Solvers behind a command line: each runs in a process group of its own, which ends with its time or with Ctrl-C.

CBC and GLPK are given a time limit and look at it where they please, which may be minutes later. PuLP starts them
and waits without end, so that the wait is bounded here: the modules of PuLP that start processes get `Processes`
in the place of `subprocess`. Outside of `until` it does what `subprocess` does. A process that is killed at once
cannot end what it started: a guard does (`ending_with_us`).

HiGHS in a process of its own, for models so large that it does not look at its clock for minutes.

Seen with highspy 1.16 at a million columns: the presolve rule for parallel rows and columns and the heuristic
« feasibility jump » run for minutes without a look at the time, and call nobody back meanwhile. Here the process
is ended instead: at the deadline, with Ctrl-C, or by the system when memory runs out. Each better point that it
meets on the way it hands over at once, so that the last one stays.
"""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from tnt_sim.deadline import Deadline
from tnt_sim.errors import SolverError
from tnt_sim.formulation.linear_model import FloatArray, IntArray, LinearModel
from tnt_sim.i18n.message import Text
from tnt_sim.solve.backends.backend import Limits, RawSolution, Termination, Tuning

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


MANY_COLUMNS = 200_000
"""Models with more columns that are open are solved apart: with half of them HiGHS is half a second late."""
TO_ANSWER_SECONDS = 1.0
"""Before the deadline, for HiGHS to end by its own limit and for its point to be handed over."""
BETWEEN_POINTS_SECONDS = 0.5
"""Between two points that are handed over; the last one met before is sent as soon as the time has come."""
COMMAND = (sys.executable, "-P", "-m", "tnt_sim.solve.backends.solver_process")
_LENGTH = struct.Struct("<q")


def is_for_apart(model: LinearModel) -> bool:
    """Whether a model is so large that HiGHS may not end at its limit."""
    return int((model.col_lower < model.col_upper).sum()) > MANY_COLUMNS


OnPoint = Callable[[FloatArray | None], None]
"""Told each better point; None when some time has gone by without one."""
Solve = Callable[[LinearModel, bool, Limits, IntArray | None, Tuning, OnPoint], RawSolution]


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """A model, how it is solved, how many seconds were left when it was sent, and when that was.

    `solve` is a function of a module, which the process imports.
    """

    solve: Solve
    model: LinearModel
    relax: bool
    start: IntArray | None
    tuning: Tuning
    nodes: int | None
    seconds: float | None
    sent: float

    def limits(self) -> Limits:
        """What is left on arrival."""
        if self.seconds is None:
            return Limits(nodes=self.nodes)
        on_the_way = time.time() - self.sent  # two processes have no finer clock in common
        return Limits(Deadline(self.seconds - on_the_way - TO_ANSWER_SECONDS), self.nodes)


def solve_apart(
    solve: Solve,
    model: LinearModel,
    relax: bool,
    limits: Limits,
    start: IntArray | None,
    tuning: Tuning,
    solver: str,
) -> RawSolution:
    """What `solve` answers in time, in a process that does not outlive the deadline.

    Where the process is ended, the answer is the last point that it handed over, with the limit that ended it.

    Raises
    ------
    SolverError
        When the process ends with an error.
    """
    began = time.perf_counter()

    def ended(termination: Termination, output: bytes) -> RawSolution:
        points = [part for part in _parts(output) if isinstance(part, bytes)]
        point = _unpacked(points[-1], model.n_cols) if points else None
        value = None if point is None else float(model.objective.astype(np.float64) @ point)
        seconds = time.perf_counter() - began
        log = "tnt_sim: the process of HiGHS was ended\n"
        return RawSolution(termination, point, value, None, None, None, solver, seconds, log)

    left = limits.time_seconds
    if left is not None and left <= TO_ANSWER_SECONDS:  # no time to send the model and to hear of it
        return ended(Termination.TIME_LIMIT, b"")
    request = Request(solve, model, relax, start, tuning, limits.nodes, left, time.time())
    sent = pickle.dumps(request, protocol=pickle.HIGHEST_PROTOCOL)
    try:
        code, output, errors = _run(sent, limits.time_seconds)
    except subprocess.TimeoutExpired as expired:
        return ended(Termination.TIME_LIMIT, expired.output or b"")
    except KeyboardInterrupt:
        return ended(Termination.INTERRUPTED, b"")
    if code < 0:  # ended by a signal that is not ours: the system is short of memory
        return ended(Termination.MEMORY_LIMIT, output)
    if code:
        last = errors.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise SolverError(Text(f"{solver} a échoué : {last}", f"{solver} failed: {last}"))
    answer: RawSolution = list(_parts(output))[-1]
    return answer


def _run(sent: bytes, timeout: float | None) -> tuple[int, bytes, bytes]:
    """The exit code of the process and what it wrote; it is ended where the wait ends first."""
    pipe = subprocess.PIPE
    with (
        subprocess.Popen(COMMAND, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True) as process,
        ending_with_us(process.pid),
    ):
        try:
            output, errors = process.communicate(sent, timeout)
        except subprocess.TimeoutExpired as expired:
            process.kill()
            expired.output = process.communicate()[0]
            raise
        except BaseException:
            process.kill()
            raise
    return process.returncode, output, errors


def _parts(output: bytes) -> Iterator[Any]:
    """What a process wrote, part by part: packed points, and the answer at the end; half a part is none."""
    place = 0
    while place + _LENGTH.size <= len(output):
        (length,) = _LENGTH.unpack_from(output, place)
        place += _LENGTH.size
        if place + length > len(output):
            return
        yield pickle.loads(output[place : place + length])
        place += length


def _packed(point: FloatArray) -> bytes:
    """A point in whole numbers, most of which are 0 or 1."""
    whole = np.clip(np.rint(point), -(2.0**62), 2.0**62).astype(np.int64)
    small = whole.astype(np.int8)
    kept = small if np.array_equal(small, whole) else whole
    return kept.dtype.char.encode() + zlib.compress(kept.tobytes(), 1)


def _unpacked(packed: bytes, n_cols: int) -> FloatArray | None:
    point = np.frombuffer(zlib.decompress(packed[1:]), dtype=packed[:1].decode()).astype(np.float64)
    return point if point.shape == (n_cols,) and np.isfinite(point).all() else None


@dataclass(slots=True)
class _Sender:
    """Writes parts to a stream, points no more often than is of use."""

    stream: BinaryIO
    last_sent: float = -BETWEEN_POINTS_SECONDS
    waiting: FloatArray | None = None

    def point(self, point: FloatArray | None) -> None:
        """Send a better point, or the one that waits."""
        self.waiting = self.waiting if point is None else point.copy()
        now = time.perf_counter()
        if self.waiting is not None and now >= self.last_sent + BETWEEN_POINTS_SECONDS:
            self.part(_packed(self.waiting))
            self.waiting, self.last_sent = None, now

    def part(self, told: object) -> None:
        """Write one part, its length first."""
        text = pickle.dumps(told, protocol=pickle.HIGHEST_PROTOCOL)
        self.stream.write(_LENGTH.pack(len(text)) + text)
        self.stream.flush()


def main() -> None:
    """Solve the request of the standard input; points and the answer go to the standard output.

    What the solver itself prints goes to the standard error.
    """
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    request: Request = pickle.load(sys.stdin.buffer)
    sender = _Sender(answers)
    answer = request.solve(
        request.model, request.relax, request.limits(), request.start, request.tuning, sender.point
    )
    sender.part(answer)


if __name__ == "__main__":
    main()
