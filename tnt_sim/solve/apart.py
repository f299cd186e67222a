"""HiGHS in a process of its own, for models so large that it does not look at its clock for minutes.

Seen with highspy 1.16 at a million columns: the presolve rule for parallel rows and columns and the heuristic
« feasibility jump » run for minutes without a look at the time, and call nobody back meanwhile. Here the process
is ended instead: at the deadline, with Ctrl-C, or by the system when memory runs out.
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from tnt_sim.deadline import Deadline
from tnt_sim.errors import SolverError, Text
from tnt_sim.formulation.linear_model import IntArray, LinearModel
from tnt_sim.solve.backend import Limits, RawSolution, Termination, Tuning

MANY_COLUMNS = 200_000
"""Models with more columns that are open are solved apart: with half of them HiGHS is half a second late."""
TO_ANSWER_SECONDS = 1.0
"""Before the deadline, for HiGHS to end by its own limit and for its point to be handed over."""
COMMAND = (sys.executable, "-P", "-m", "tnt_sim.solve.apart")


def is_for_apart(model: LinearModel) -> bool:
    """Whether a model is so large that HiGHS may not end at its limit."""
    return int((model.col_lower < model.col_upper).sum()) > MANY_COLUMNS


Solve = Callable[[LinearModel, bool, Limits, IntArray | None, Tuning], RawSolution]


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

    Raises
    ------
    SolverError
        When the process ends with an error.
    """
    began = time.perf_counter()
    request = Request(solve, model, relax, start, tuning, limits.nodes, limits.time_seconds, time.time())
    sent = pickle.dumps(request, protocol=pickle.HIGHEST_PROTOCOL)
    try:
        done = subprocess.run(
            COMMAND,
            input=sent,
            capture_output=True,
            timeout=limits.time_seconds,
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _without_point(Termination.TIME_LIMIT, solver, began)
    except KeyboardInterrupt:
        return _without_point(Termination.INTERRUPTED, solver, began)
    if done.returncode < 0:  # ended by a signal that is not ours: the system is short of memory
        return _without_point(Termination.MEMORY_LIMIT, solver, began)
    if done.returncode:
        last = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise SolverError(Text(f"{solver} a échoué : {last}", f"{solver} failed: {last}"))
    answer: RawSolution = pickle.loads(done.stdout)
    return answer


def _without_point(termination: Termination, solver: str, began: float) -> RawSolution:
    seconds = time.perf_counter() - began
    return RawSolution(
        termination,
        None,
        None,
        None,
        None,
        None,
        solver,
        seconds,
        "tnt_sim: the process of HiGHS was ended\n",
    )


def main() -> None:
    """Solve the request of the standard input; the answer goes to the standard output."""
    request: Request = pickle.load(sys.stdin.buffer)
    answer = request.solve(request.model, request.relax, request.limits(), request.start, request.tuning)
    sys.stdout.buffer.write(pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL))


if __name__ == "__main__":
    main()
