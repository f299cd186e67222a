"""Solvers in processes of their own, which end at the deadline or with Ctrl-C.

Command-line solvers: CBC and GLPK may check their time limit minutes late, and PuLP waits for them without a
limit. `limit_processes` therefore replaces `subprocess` in the PuLP modules that start processes by
`Processes`, which bounds the wait. Outside `limit_processes` it behaves like `subprocess`. If this process is
killed, it cannot end its children itself; a guard process does (`terminate_with_parent`).

Large models: highspy 1.16 was observed to run for minutes without checking the time. With a million columns it
does so in the presolve rule for parallel rows and columns and in the heuristic « feasibility jump », with 50,000
in the propagation of conflicts while it rounds a point at the root. `solve_apart` runs HiGHS in a process of its
own, which is ended at the deadline, with Ctrl-C, or by the system when memory runs out. It sends better points
and bounds while it works, so that the last ones are not lost and a caller hears of them at once.
"""

from __future__ import annotations

import math
import os
import pickle
import queue
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import numpy as np

from tnt_sim.deadline import Deadline, read_processor_time
from tnt_sim.errors import SolverError
from tnt_sim.formulation.linear_model import FloatArray, IntArray, LinearModel
from tnt_sim.i18n.message import _
from tnt_sim.solve.backends.backend import Limits, OnPoint, RawSolution, Termination, Tuning

GRACE_SECONDS = 1.0
"""Time for a solver to end by its own limit and write its point."""

_DEADLINE: ContextVar[Deadline | None] = ContextVar("deadline of a solver's process", default=None)


@contextmanager
def terminate_with_parent(pid: int) -> Iterator[None]:
    """End the group of process `pid` when this process ends, even if this process is killed.

    A shell waits on a pipe that nobody writes to. The pipe closes with this process, and the shell then kills
    the group. Windows has no such shell; there only the solver's own limit applies.
    """
    guard = _start_guard(pid)
    try:
        yield
    finally:
        _dismiss(guard)


def _start_guard(pid: int) -> subprocess.Popen[bytes] | None:
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
    """End the guard of a process that has ended: first the shell, then its pipe."""
    if guard is not None:
        guard.kill()
        guard.wait()
        if guard.stdin is not None:
            guard.stdin.close()


class SolverOverrunError(Exception):
    """A solver process did not end at its deadline and was killed with its children."""


class SolverProcess(subprocess.Popen[bytes]):
    """Process in a group of its own; `wait` ends the group at the deadline, or when the wait is interrupted."""

    def __init__(self, deadline: Deadline, args: Sequence[str], **how: Any) -> None:
        self.deadline = deadline
        self.log: Any = how.get("stdout")
        super().__init__(args, start_new_session=True, **how)
        self._guard = _start_guard(self.pid)

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code."""
        left = self.deadline.limit_seconds
        if left is not None and (timeout is None or left + GRACE_SECONDS < timeout):
            timeout = left + GRACE_SECONDS
        try:
            code = super().wait(timeout)
        except subprocess.TimeoutExpired:
            self._terminate_group()
            raise SolverOverrunError from None
        except BaseException:
            self._terminate_group()
            raise
        self._without_guard()
        return code

    def _without_guard(self) -> None:
        _dismiss(self._guard)
        self._guard = None

    def _terminate_group(self) -> None:
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
    """Replacement of `subprocess` whose processes end at the deadline set by `limit_processes`."""

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)

    def Popen(self, args: Sequence[str], **how: Any) -> subprocess.Popen[bytes]:  # noqa: N802
        """Start a process."""
        deadline = _DEADLINE.get()
        if deadline is None:
            return subprocess.Popen(args, **how)
        return SolverProcess(deadline, args, **how)

    def call(self, args: Sequence[str], **how: Any) -> int:
        """Run a process and return its exit code."""
        with self.Popen(args, **how) as process:
            return process.wait()

    def check_call(self, args: Sequence[str], **how: Any) -> int:
        """Run a process; raise CalledProcessError if its exit code is not 0."""
        code = self.call(args, **how)
        if code:
            raise subprocess.CalledProcessError(code, args)
        return code


@contextmanager
def limit_processes(deadline: Deadline, solver: object) -> Iterator[None]:
    """Within this context, processes that this PuLP solver starts end shortly after the deadline."""
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
"""Open columns above which a model is solved in its own process, without the parts that check no time."""
TIMED_COLUMNS = 20_000
"""Open columns above which an integer model with a time limit is solved in its own process."""
TIMED_ENTRIES = 20_000
"""Entries of an integer model above which HiGHS may search for seconds without a look at the time."""
SHORT_SECONDS = 60.0
"""Time left from which such a model is solved in its own process, whose start costs half a second."""
OVERRUN_SECONDS = 10.0
"""With more time, HiGHS ends so much before the deadline in this process."""
TO_ANSWER_SECONDS = 1.0
"""Time before the deadline for HiGHS to end by its own limit and send a point of `MANY_COLUMNS`."""
RELAXED_COLUMNS = 100_000
"""Open columns above which a linear program with a time limit is solved in its own process: the first step of the
dual simplex checks no time, and takes a second here, five at twice as many columns."""
BETWEEN_POINTS_SECONDS = 0.5
"""Least time between two points sent; the last point found in between is sent afterwards."""
TURN_SECONDS = 0.2
"""Longest wait for a message before Ctrl-C is heard, on systems where a wait cannot be interrupted."""
COMMAND = (sys.executable, "-P", "-m", "tnt_sim.solve.backends.solver_process")
_LENGTH = struct.Struct("<q")


def is_huge(model: LinearModel) -> bool:
    """Whether a model is so large that HiGHS may overrun any time limit."""
    return _count_open_columns(model) > MANY_COLUMNS


def compute_answer_seconds(model: LinearModel) -> float:
    """Compute the time that HiGHS needs to end and to send a point, in proportion to the columns."""
    return TO_ANSWER_SECONDS * min(1.0, model.n_cols / max(1, MANY_COLUMNS))


def is_for_apart(model: LinearModel, relax: bool, limits: Limits) -> bool:
    """Whether HiGHS may overrun its time limit, so that the model is solved in its own process."""
    n_open = _count_open_columns(model)
    integer = not relax and bool(model.integer.any())
    most, left = TIMED_COLUMNS if integer else RELAXED_COLUMNS, limits.time_seconds
    if left is not None and integer and left <= SHORT_SECONDS and model.matrix.nnz > TIMED_ENTRIES:
        return True
    return n_open > MANY_COLUMNS or (left is not None and n_open > most)


def hold_back_overrun(model: LinearModel, relax: bool, limits: Limits) -> Limits:
    """Return the limits under which HiGHS, in this process, ends by the deadline even if it overruns them."""
    left = limits.time_seconds
    if left is None or relax or not model.integer.any() or model.matrix.nnz <= TIMED_ENTRIES:
        return limits
    return replace(limits, deadline=limits.deadline.tighten(left - OVERRUN_SECONDS))


def _count_open_columns(model: LinearModel) -> int:
    return int((model.col_lower < model.col_upper).sum())


Solve = Callable[[LinearModel, bool, Limits, IntArray | None, Tuning], RawSolution]


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """Request to the solver process: model, options, seconds left when it was sent, and the time of sending.

    `solve` must be a module-level function, which the process imports.
    """

    solve: Solve
    model: LinearModel
    relax: bool
    start: IntArray | None
    tuning: Tuning
    nodes: int | None
    seconds: float | None
    sent: float
    work_seconds: float = math.inf  # of the processor: the clock alone gives more where the machine is busy

    def compute_limits(self, on_point: OnPoint | None = None) -> Limits:
        """Compute the limits on arrival, less the time in transit and that for the answer."""
        if self.seconds is None:
            return Limits(nodes=self.nodes, on_point=on_point)
        on_the_way = time.time() - self.sent  # the two processes share no finer clock
        left = self.seconds - on_the_way - compute_answer_seconds(self.model)
        own = max(0.0, self.work_seconds - read_processor_time())
        return Limits(Deadline(left).tighten(own, read_processor_time), self.nodes, on_point)


def solve_apart(
    solve: Solve,
    model: LinearModel,
    relax: bool,
    limits: Limits,
    start: IntArray | None,
    tuning: Tuning,
    solver: str,
) -> RawSolution:
    """Run `solve` in a process that does not outlive the deadline.

    If the process is ended, the answer is the last point and bound that it sent, with the limit that ended it.
    """
    began = time.perf_counter()
    messages = _Messages(model.n_cols, limits.on_point)

    def build_terminated_solution(termination: Termination) -> RawSolution:
        point = messages.point
        value = None if point is None else float(model.objective.astype(np.float64) @ point)
        bound = None if messages.bound is None else float(messages.bound)
        seconds = time.perf_counter() - began
        log = "tnt_sim: the process of HiGHS was ended\n"
        return RawSolution(termination, point, value, bound, None, None, solver, seconds, log)

    left = limits.time_seconds
    if left is not None and left <= compute_answer_seconds(
        model
    ):  # no time to send the model and get an answer
        return build_terminated_solution(Termination.TIME_LIMIT)
    request = Request(
        solve, model, relax, start, tuning, limits.nodes, left, time.time(), limits.deadline.seconds_left
    )
    sent = pickle.dumps(request, protocol=pickle.HIGHEST_PROTOCOL)
    try:
        code, errors = _run(sent, limits, messages)
    except subprocess.TimeoutExpired:
        return build_terminated_solution(Termination.TIME_LIMIT)
    except KeyboardInterrupt:
        return build_terminated_solution(Termination.INTERRUPTED)
    if code < 0:  # ended by a signal that we did not send: the system is short of memory
        return build_terminated_solution(Termination.MEMORY_LIMIT)
    if code or messages.answer is None:
        last = errors.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise SolverError(_("{solver} failed: {last}", solver=solver, last=last))
    return messages.answer


def _run(sent: bytes, limits: Limits, messages: _Messages) -> tuple[int, bytes]:
    """Run the process; return its exit code and errors. End it if the wait ends first.

    Its output goes to `messages` in this thread as it arrives.
    """
    until, pipe = Deadline(limits.time_seconds), subprocess.PIPE
    arrived: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    errors: list[bytes] = []
    with (
        subprocess.Popen(COMMAND, stdin=pipe, stdout=pipe, stderr=pipe, start_new_session=True) as process,
        terminate_with_parent(process.pid),
    ):
        stdin, stdout, stderr = process.stdin, process.stdout, process.stderr
        assert stdin is not None
        assert stdout is not None
        assert stderr is not None

        def write() -> None:
            with suppress(OSError):  # the process ended before it read everything
                stdin.write(sent)
            with suppress(OSError):
                stdin.close()

        def read() -> None:
            while part := os.read(stdout.fileno(), 1 << 16):
                arrived.put(part)
            arrived.put(b"")

        threads = [threading.Thread(target=each, daemon=True) for each in (write, read)]
        threads.append(threading.Thread(target=lambda: errors.append(stderr.read()), daemon=True))
        for thread in threads:
            thread.start()
        try:
            while part := _get_part(arrived, until, limits.deadline):
                messages.receive(part)
        except BaseException:
            process.kill()
            raise
        finally:
            for thread in threads:
                thread.join()
            while not arrived.empty():
                messages.receive(arrived.get())
    return process.returncode, b"".join(errors)


def _get_part(arrived: queue.SimpleQueue[bytes], until: Deadline, deadline: Deadline) -> bytes:
    """Wait for the next part of the output, in short turns so that Ctrl-C is heard; empty at its end."""
    while True:
        try:
            return arrived.get(timeout=max(0.0, min(TURN_SECONDS, until.seconds_left)))
        except queue.Empty:
            if until.expired or deadline.expired:
                raise subprocess.TimeoutExpired(COMMAND, 0.0) from None


@dataclass(slots=True)
class _Messages:
    """Messages of a solver process so far: its last point and bound, and its answer.

    `receive` decodes the output part by part and passes points and bounds on; an incomplete message waits.
    """

    n_cols: int
    on_point: OnPoint | None = None
    point: FloatArray | None = None
    bound: int | None = None
    answer: RawSolution | None = None
    _rest: bytes = b""

    def receive(self, output: bytes) -> None:
        """Receive the next bytes of the output."""
        self._rest += output
        place = 0
        while place + _LENGTH.size <= len(self._rest):
            (length,) = _LENGTH.unpack_from(self._rest, place)
            if place + _LENGTH.size + length > len(self._rest):
                break
            place += _LENGTH.size
            self._receive_message(pickle.loads(self._rest[place : place + length]))
            place += length
        self._rest = self._rest[place:]

    def _receive_message(self, message: Any) -> None:
        if isinstance(message, RawSolution):
            self.answer = message
            return
        better = _unpack_point(message, self.n_cols) if isinstance(message, bytes) else None
        if better is not None:
            self.point = better
        if isinstance(message, int):
            self.bound = message
        if self.on_point is not None:
            self.on_point(better, self.bound)


def _pack_point(point: FloatArray | IntArray) -> bytes:
    """Compress a point as integers, most of which are 0 or 1."""
    whole = np.clip(np.rint(point), -(2.0**62), 2.0**62).astype(np.int64)
    small = whole.astype(np.int8)
    kept = small if np.array_equal(small, whole) else whole
    return kept.dtype.char.encode() + zlib.compress(kept.tobytes(), 1)


def _unpack_point(packed: bytes, n_cols: int) -> FloatArray | None:
    point = np.frombuffer(zlib.decompress(packed[1:]), dtype=packed[:1].decode()).astype(np.float64)
    return point if point.shape == (n_cols,) and np.isfinite(point).all() else None


@dataclass(slots=True)
class _Sender:
    """Writes messages to a stream, points and bounds each at most every `BETWEEN_POINTS_SECONDS`."""

    stream: BinaryIO
    last_sent: float = -BETWEEN_POINTS_SECONDS
    last_bound_sent: float = -BETWEEN_POINTS_SECONDS
    waiting: FloatArray | IntArray | None = None
    bound: int | None = None
    sent_bound: int | None = None

    def send_point(self, point: FloatArray | IntArray | None, bound: int | None = None) -> None:
        """Send a better point and another bound, or those that wait."""
        self.waiting = self.waiting if point is None else point.copy()
        self.bound = self.bound if bound is None else bound
        now = time.perf_counter()
        if self.bound != self.sent_bound and now >= self.last_bound_sent + BETWEEN_POINTS_SECONDS:
            self.send(self.bound)
            self.sent_bound, self.last_bound_sent = self.bound, now
        if self.waiting is not None and now >= self.last_sent + BETWEEN_POINTS_SECONDS:
            self.send(_pack_point(self.waiting))
            self.waiting, self.last_sent = None, now

    def send(self, message: object) -> None:
        """Write one message, preceded by its length."""
        text = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
        self.stream.write(_LENGTH.pack(len(text)) + text)
        self.stream.flush()


def main() -> None:
    """Solve the request on standard input; write points and the answer to standard output.

    The solver's own output goes to standard error.
    """
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    request: Request = pickle.load(sys.stdin.buffer)
    sender = _Sender(answers)
    answer = request.solve(
        request.model,
        request.relax,
        request.compute_limits(sender.send_point),
        request.start,
        request.tuning,
    )
    sender.send(answer)


if __name__ == "__main__":
    main()
