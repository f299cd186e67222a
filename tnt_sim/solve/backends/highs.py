"""HiGHS backend through highspy: the default solver, and the only module that imports highspy.

It works around the following, all observed with highspy 1.16:

* the first `Highs()` of a process writes a banner to file descriptor 1, whatever the options;
* `setOptionValue` reports an unknown name or a bad value by its return code only;
* a solve with another thread count than the scheduler's first one gives `kError` and no model status;
* Ctrl-C reaches Python only when bytecode runs in the main thread; the interrupt callbacks run some.
"""

from __future__ import annotations

import contextlib
import importlib
import math
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.errors import SolverError
from tnt_sim.formulation.linear_model import FloatArray, IntArray, LinearModel
from tnt_sim.i18n.message import _
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.backend import (
    Capabilities,
    Limits,
    OnPoint,
    RawSolution,
    Termination,
    Tuning,
    build_infeasible_solution,
    build_timeout_solution,
    convert_bounds,
    has_crossed_bounds,
    refuse_non_finite,
)
from tnt_sim.solve.backends.solver_process import (
    MANY_COLUMNS,
    hold_back_overrun,
    is_for_apart,
    is_huge,
    solve_apart,
)

if TYPE_CHECKING:
    from types import FrameType

    from tnt_sim.formulation.named_model import NamedModel

DUAL, PRIMAL = 1, 4
"""Simplex strategies of HiGHS."""
PARALLEL_ROWS = 1 << 13
"""Presolve rule for parallel rows and columns: at a million columns, minutes without a time check."""
FIRST_STEP_SECONDS = 5.0
"""Processor seconds of the first dual simplex step with `MANY_COLUMNS` columns; it grows with their square."""
_FIRST_USE = threading.Lock()

_STATUSES = {
    "kOptimal": Termination.OPTIMAL,
    "kModelEmpty": Termination.OPTIMAL,
    "kInfeasible": Termination.INFEASIBLE,
    "kUnbounded": Termination.UNBOUNDED,
    "kUnboundedOrInfeasible": Termination.INFEASIBLE_OR_UNBOUNDED,
    "kTimeLimit": Termination.TIME_LIMIT,
    "kSolutionLimit": Termination.SOLUTION_LIMIT,
    "kMemoryLimit": Termination.MEMORY_LIMIT,
    "kInterrupt": Termination.INTERRUPTED,
    "kHighsInterrupt": Termination.INTERRUPTED,
    "kIterationLimit": Termination.NUMERIC_TROUBLE,
    "kUnknown": Termination.NUMERIC_TROUBLE,
    "kPresolveError": Termination.FAILED,
    "kSolveError": Termination.FAILED,
    "kPostsolveError": Termination.FAILED,
}
# Absent on purpose, and therefore rejected: kNotset, kLoadError, kModelError (an error of this package),
# kObjectiveBound and kObjectiveTarget (limits that are never set here).


BELOW_ONE_STEP = 0.9
"""The part of a step of the objective that a bound may be off; what is left is for the errors of floats."""


def import_highspy() -> Any:
    """Import highspy with its banner suppressed."""
    with _FIRST_USE:
        try:
            highspy: Any = importlib.import_module("highspy")
        except ImportError as error:
            raise SolverError(
                _("highspy is missing: {error}", error=str(error)), code="solver.missing"
            ) from error
        if not getattr(highspy, "_tnt_sim_banner_done", False):
            with _suppress_output():
                highspy.Highs()
            # the mark is on the module rather than a global here, so that it disappears with the module
            highspy._tnt_sim_banner_done = True
    # earlier code in this process may have used more threads, and HiGHS then refuses to run with fewer
    highspy.Highs.resetGlobalScheduler(True)
    return highspy


@contextlib.contextmanager
def _suppress_output() -> Iterator[None]:
    """Send file descriptor 1 to the null device: C++ writes there, which `redirect_stdout` cannot catch."""
    try:
        saved = os.dup(1)
    except OSError:  # no standard output at all (a service): nothing to protect
        yield
        return
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 1)
        yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)
        os.close(null)


@dataclass(slots=True)
class _Watch:
    """Collects from the callbacks of one solve: the log, better points, and whether it must end."""

    deadline: Deadline = UNLIMITED
    interrupted: bool = False
    expired: bool = False
    lines: list[str] = field(default_factory=list)
    on_point: OnPoint | None = None
    point_kind: int = -1
    sense: Sense = Sense.MAXIMISE

    def receive_callback(self, kind: Any, message: str, out: Any, answer: Any, _data: Any) -> None:
        """Receive a callback of HiGHS; must never raise, because the exception would cross C++."""
        if int(kind) == 0:
            self.lines.append(message)
            return
        if self.on_point is not None:
            better = int(kind) == self.point_kind
            self.on_point(
                np.array(out.mip_solution, dtype=np.float64) if better else None,
                self._round_bound(out.mip_dual_bound),
            )
        if answer is not None:
            self.expired = self.expired or self.deadline.expired
            if self.interrupted or self.expired:
                answer.user_interrupt = True

    def _round_bound(self, claimed: float) -> int | None:
        """Round a bound to the whole units that a point can reach; None while there is none."""
        if not math.isfinite(claimed):
            return None
        return math.floor(claimed + 1e-6) if self.sense is Sense.MAXIMISE else math.ceil(claimed - 1e-6)

    def record_interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self.interrupted = True


@contextlib.contextmanager
def _stop_on_interrupt(watch: _Watch) -> Iterator[None]:
    """Make Ctrl-C stop the solver instead of raising, while solving in the main thread.

    HiGHS checks the flag about every millisecond, less often during presolve. A worker thread receives no
    signals and cannot set a handler; use a time limit there.
    """
    usable = threading.current_thread() is threading.main_thread() and callable(
        signal.getsignal(signal.SIGINT)
    )
    if not usable:
        yield
        return
    previous = signal.signal(signal.SIGINT, watch.record_interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def _check_status(status: Any, what: str, solver: str) -> None:
    if status.name == "kError":
        raise SolverError(_("{solver} refused: {message}", solver=solver, message=what))


def _set_options(highs: Any, options: dict[str, Any], solver: str) -> None:
    """Set options, check the return code and read each one back, because HiGHS reports nothing else."""
    for name, value in options.items():
        _check_status(highs.setOptionValue(name, value), f"{name} = {value}", solver)
        code, result = highs.getOptionValue(name)
        if code.name != "kOk" or result != value:
            raise SolverError(
                _(
                    "{solver}: {name} is {result}, not {expected}",
                    solver=solver,
                    name=name,
                    result=result,
                    expected=value,
                )
            )


def _build_options(limits: Limits, tuning: Tuning, without_untimed: bool = False) -> dict[str, Any]:
    options: dict[str, Any] = {
        "log_to_console": False,
        "threads": 1,
        "mip_rel_gap": 0.0,
        "mip_abs_gap": 0.0,
        "random_seed": tuning.seed or 0,
        "presolve": "choose" if tuning.presolve else "off",
    }
    if limits.time_seconds is not None:
        options["time_limit"] = max(float(limits.time_seconds), 0.0)
    if without_untimed:
        options |= {"presolve_rule_off": PARALLEL_ROWS, "mip_heuristic_run_feasibility_jump": False}
    if limits.nodes is not None:
        options["mip_max_nodes"] = int(limits.nodes)
    if tuning.tolerance is not None:
        for name in ("mip_feasibility_tolerance", "primal_feasibility_tolerance"):
            options[name] = max(tuning.tolerance, 1e-10)
    return options


def compute_absolute_gap(model: LinearModel) -> float:
    """Compute the gap below which a whole point is optimal: 0.9 of the step between two values of the objective.

    The values of an objective in whole columns are multiples of the greatest common divisor of its coefficients.
    HiGHS stops at this gap instead of searching on for a value that lies between two of them.
    """
    used = np.flatnonzero(model.objective)
    if not len(used) or not model.integer[used].all():
        return 0.0
    return BELOW_ONE_STEP * float(np.gcd.reduce(np.abs(model.objective[used])))


def is_near_step(value: float, step: float) -> bool:
    """Whether a value is within 0.05 steps of one that the objective can take."""
    return abs(value / step - round(value / step)) <= 0.05


def _pass_model(
    highs: Any, model: LinearModel, relax: bool, solver: str, unit: FloatArray | None = None
) -> None:
    matrix = model.matrix
    value = matrix.data.astype(np.float64)
    col_lower, col_upper = convert_bounds(model.col_lower, model.col_upper)
    row_lower, row_upper = convert_bounds(model.row_lower, model.row_upper)
    if unit is not None:
        row_lower, row_upper = row_lower * unit, row_upper * unit
        value = value * np.repeat(unit, np.diff(matrix.indptr))
    whole = (np.zeros(model.n_cols, bool) if relax else model.integer).astype(np.int32)
    row_wise, direction = 2, (-1 if model.sense is Sense.MAXIMISE else 1)
    status = highs.passModel(
        model.n_cols, model.n_rows, matrix.nnz, row_wise, direction, 0.0,
        model.objective.astype(np.float64), col_lower, col_upper, row_lower, row_upper,
        matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32), value,
        whole,
    )  # fmt: skip
    _check_status(status, f"{model.n_rows} × {model.n_cols}", solver)


def load_live(model: LinearModel, primal: bool = False) -> tuple[Any, FloatArray]:
    """Load a linear program into a silent HiGHS instance for repeated solves.

    It uses the simplex method without presolve, so that each solve starts from the last basis: dual simplex,
    or `primal` where a dual step over far more columns than rows takes long. Rows are multiplied by powers of
    two that bring their largest coefficient near 1; this loses nothing, and makes tolerances comparable
    between rows.
    """
    highs = import_highspy().Highs()
    live = {"log_to_console": False, "threads": 1, "presolve": "off", "solver": "simplex"}
    _set_options(
        highs,
        live | {"simplex_strategy": PRIMAL if primal else choose_simplex_strategy(model.n_cols)},
        "HiGHS",
    )
    longest = model.matrix.reduce_rows(np.maximum, 1)
    unit = 2.0 ** -np.floor(np.log2(longest.astype(np.float64)))
    _pass_model(highs, model, True, "HiGHS", unit)
    return highs, unit


def load_named(module: Any, model: NamedModel, *, relax: bool) -> Any:
    """Load a named model, in euros and points, into a silent HiGHS instance with its names."""
    highs = module.Highs()
    _set_options(highs, _build_options(Limits(), Tuning()), "HiGHS")
    lower, upper = model.column_bounds
    row_lower, row_upper = model.row_bounds
    matrix, whole = model.matrix, model.integer & (not relax)
    row_wise, direction = 2, (-1 if model.is_maximised else 1)
    status = highs.passModel(
        len(model.columns), len(model.rows), matrix.nnz, row_wise, direction, 0.0,
        model.cost, lower, upper, row_lower, row_upper,
        matrix.indptr.astype(np.int32), matrix.indices.astype(np.int32), matrix.data, whole.astype(np.int32),
    )  # fmt: skip
    _check_status(status, f"{len(model.rows)} × {len(model.columns)}", "HiGHS")
    for row, name in enumerate(model.rows):
        _check_status(highs.passRowName(row, name), name, "HiGHS")
    for column, name in enumerate(model.columns):
        _check_status(highs.passColName(column, name), name, "HiGHS")
    return highs


def choose_simplex_strategy(n_cols: int) -> int:
    """Choose the simplex variant: dual, but primal for huge models, where one dual step may take half a minute."""
    return PRIMAL if n_cols > MANY_COLUMNS else DUAL


def has_time_for_first_step(n_cols: int, deadline: Deadline) -> bool:
    """Whether the first simplex step, during which HiGHS checks no time, ends before a deadline."""
    if choose_simplex_strategy(n_cols) == PRIMAL:
        return not deadline.expired
    return deadline.seconds_left > FIRST_STEP_SECONDS * (n_cols / MANY_COLUMNS) ** 2


def _run(module: Any, highs: Any, watch: _Watch) -> None:
    """Run HiGHS; after a thread-count error, reset the scheduler and run again."""
    kinds = module.cb.HighsCallbackType
    watch.point_kind = int(kinds.kCallbackMipImprovingSolution)
    highs.setCallback(watch.receive_callback, None)
    for kind in (
        kinds.kCallbackLogging,
        kinds.kCallbackMipInterrupt,
        kinds.kCallbackSimplexInterrupt,
        *([kinds.kCallbackMipImprovingSolution] if watch.on_point else []),
    ):
        highs.startCallback(kind)
    with _stop_on_interrupt(watch):
        status = highs.run()
        if status.name == "kError" and highs.getModelStatus().name == "kNotset":
            module.Highs.resetThreadScheduler(True)
            highs.run()


def _read_termination(highs: Any, limits: Limits, solver: str) -> Termination:
    name = highs.getModelStatus().name
    if name not in _STATUSES:
        raise SolverError(_("{solver}: unexpected status {name}", solver=solver, name=name))
    result = _STATUSES[name]
    # HiGHS reports its node limit as « solution limit »; only the node limit is ever set here
    if result is Termination.SOLUTION_LIMIT and limits.nodes is not None:
        return Termination.NODE_LIMIT
    return result


class HighsBackend:
    """HiGHS in this process: silent, one thread, interruptible in the main thread, gap below one step.

    A model with many columns is solved in a separate process (`solver_process.solve_apart`).
    """

    name = "highs"
    capabilities = Capabilities(
        integer=True,
        duals=True,
        time_limit=True,
        node_limit=True,
        start=True,
        tuning=True,
        independent_of_highs=False,
    )

    def solve(
        self,
        model: LinearModel,
        *,
        relax: bool = False,
        limits: Limits = Limits(),
        start: IntArray | None = None,
        tuning: Tuning = Tuning(),
    ) -> RawSolution:
        """Solve one model; Ctrl-C in the main thread gives INTERRUPTED with the best point found."""
        solver = f"HiGHS {import_highspy().Highs().version()}"
        if has_crossed_bounds(model):
            return build_infeasible_solution(solver)
        if limits.expired:
            return build_timeout_solution(solver)
        if is_for_apart(model, relax, limits):
            return solve_apart(solve_here, model, relax, limits, start, tuning, solver)
        return solve_here(model, relax, hold_back_overrun(model, relax, limits), start, tuning)


def solve_here(
    model: LinearModel,
    relax: bool,
    limits: Limits,
    start: IntArray | None,
    tuning: Tuning,
) -> RawSolution:
    """Solve with HiGHS in this process."""
    began = time.perf_counter()
    module = import_highspy()
    highs = module.Highs()
    solver = f"HiGHS {highs.version()}"
    watch = _Watch(limits.deadline, on_point=None if relax else limits.on_point, sense=model.sense)
    gap = 0.0 if relax else compute_absolute_gap(model)
    _set_options(highs, _build_options(limits, tuning, is_huge(model)) | {"mip_abs_gap": gap}, solver)
    _pass_model(highs, model, relax, solver)
    if start is not None and not relax and model.n_cols:
        columns = np.arange(model.n_cols, dtype=np.int32)
        _check_status(highs.setSolution(model.n_cols, columns, start.astype(np.float64)), "start", solver)
    _run(module, highs, watch)
    mip = not relax and bool(model.integer.any())
    answer = _read(highs, _read_termination(highs, limits, solver), mip, solver, watch, began)
    if gap and answer.termination is Termination.OPTIMAL and answer.objective is not None:
        if is_near_step(answer.objective, gap / BELOW_ONE_STEP):
            answer = replace(answer, bound=answer.objective)  # no value lies between the two
        else:  # fractions of columns make up a part of a step: the bound may hide a better value
            _set_options(highs, {"mip_abs_gap": 0.0}, solver)
            _run(module, highs, watch)
            answer = _read(highs, _read_termination(highs, limits, solver), mip, solver, watch, began)
    if watch.interrupted and relax:  # a relaxation holds no list to keep
        raise KeyboardInterrupt
    if watch.interrupted:  # where it ended before it looked too
        answer = replace(answer, termination=Termination.INTERRUPTED)
    return refuse_non_finite(answer)


def _convert_to_array(values: Any) -> FloatArray:
    return np.array(values, dtype=np.float64)


def _read(
    highs: Any, termination: Termination, mip: bool, solver: str, watch: _Watch, began: float
) -> RawSolution:
    if termination is Termination.INTERRUPTED and watch.expired and not watch.interrupted:
        termination = Termination.TIME_LIMIT
    info, solution = highs.getInfo(), highs.getSolution()
    holds = info.primal_solution_status == 2 or highs.getModelStatus().name == "kModelEmpty"
    if termination is Termination.OPTIMAL and not holds:
        termination = Termination.NUMERIC_TROUBLE
    objective = float(info.objective_function_value) if holds else None
    bound = float(info.mip_dual_bound) if mip else (objective if termination is Termination.OPTIMAL else None)
    priced = not mip and holds and info.dual_solution_status == 2
    return RawSolution(
        termination=termination,
        values=_convert_to_array(solution.col_value) if holds else None,
        objective=objective,
        bound=bound if bound is not None and np.isfinite(bound) else None,
        row_duals=_convert_to_array(solution.row_dual) if priced else None,
        reduced_costs=_convert_to_array(solution.col_dual) if priced else None,
        solver=solver,
        seconds=time.perf_counter() - began,
        log="".join(watch.lines),
    )
