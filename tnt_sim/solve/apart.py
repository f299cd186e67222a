"""HiGHS in a process of its own, for models so large that it does not look at its clock for minutes.

Seen with highspy 1.16 at a million columns: the presolve rule for parallel rows and columns and the heuristic
« feasibility jump » run for minutes without a look at the time, and call nobody back meanwhile. Here the process
is ended instead: at the deadline, with Ctrl-C, or by the system when memory runs out. Each better point that it
meets on the way it hands over at once, so that the last one stays.
"""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from tnt_sim.deadline import Deadline
from tnt_sim.errors import SolverError, Text
from tnt_sim.formulation.linear_model import FloatArray, IntArray, LinearModel
from tnt_sim.solve.backend import Limits, RawSolution, Termination, Tuning
from tnt_sim.solve.solver_process import ending_with_us

MANY_COLUMNS = 200_000
"""Models with more columns that are open are solved apart: with half of them HiGHS is half a second late."""
TO_ANSWER_SECONDS = 1.0
"""Before the deadline, for HiGHS to end by its own limit and for its point to be handed over."""
BETWEEN_POINTS_SECONDS = 0.5
"""Between two points that are handed over; the last one met before is sent as soon as the time has come."""
COMMAND = (sys.executable, "-P", "-m", "tnt_sim.solve.apart")
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
