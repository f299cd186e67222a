"""One integer program, solved so that the feasibility of its point never depends on the solver's tolerance.

The solver's point is rounded to integers and checked exactly. If it violates a row (HiGHS accepts x = 1 −
10⁻⁷ as 1, which hides 1 € per 10 M€), a cut that is valid in exact arithmetic removes it, and the model is
solved again. Optimality itself remains the solver's claim; proofs are made elsewhere.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from tnt_sim.formulation.linear_model import (
    EXACT_LIMIT,
    NO_LOWER,
    NO_UPPER,
    IntArray,
    LinearModel,
    ModelError,
)
from tnt_sim.i18n.message import _
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.backend import Backend, Limits, RawSolution, Termination, Tuning
from tnt_sim.solve.reductions.cuts import Cut, build_no_good_cut, derive_cover_cut, mark_binary_columns
from tnt_sim.solve.reductions.reduction import translate_points
from tnt_sim.solve.reductions.restriction import Restriction
from tnt_sim.solve.reductions.symmetry import Symmetry


class RepairKind(StrEnum):
    """How an answer that failed the exact check was handled."""

    RETRIED = "retried"  # NaN, failure, or an answer worse than the incumbent: solved with other options
    CUT_OFF = "cut_off"  # an infeasible point was removed by an exactly valid cut
    POLISHED = "polished"  # the 0-1 columns were fixed and the amounts solved again
    VALUE_CHECKED = "value_checked"  # the claimed value was not exact: a strictly better point was searched
    TIGHTENED = "tightened"  # solved with tighter tolerances, to get a feasible point


@dataclass(frozen=True, slots=True)
class PointRepair:
    """One repair, with its detail for the log."""

    kind: RepairKind
    detail: str


@dataclass(frozen=True, slots=True, eq=False)
class IntegralSolution:
    """A point that satisfies all rows exactly (or none), and the claim about its optimality.

    Parameters
    ----------
    termination
        OPTIMAL only if every solve behind it was.
    values : int64 (n_cols,) or None
    value : int or None
        The exact objective of `values`.
    bound : int or None
        The solver claims that no integer value above (maximise) or below (minimise) it exists.
    solver, log, repairs, n_solves, seconds
        How the point was found.
    """

    termination: Termination
    values: IntArray | None
    value: int | None
    bound: int | None
    solver: str
    log: str
    repairs: tuple[PointRepair, ...] = ()
    n_solves: int = 1
    seconds: float = 0.0


FAR_VALUE = 10**8
"""Values of a wide column from which on a solver may miss the last units: its tolerance nears the last digits."""
MAX_SOLVES = 60
"""Solves of one model before the search ends with NUMERIC_TROUBLE."""

_OTHER_PATHS = (Tuning(presolve=False, seed=1), Tuning(tolerance=1e-9, seed=2))
_TROUBLE = frozenset({Termination.NUMERIC_TROUBLE, Termination.FAILED})
_WITH_POINT = frozenset(set(Termination) - _TROUBLE - {Termination.UNBOUNDED})


def solve_integral(
    model: LinearModel,
    backend: Backend,
    limits: Limits = Limits(),
    start: IntArray | None = None,
    tuning: Tuning = Tuning(),
) -> IntegralSolution:
    """Solve one integer program; the point returned satisfies all rows and bounds exactly.

    Identical columns are merged first (`reductions/symmetry.py`).

    Parameters
    ----------
    limits
        Its deadline covers the whole call.
    start : int64 (n_cols,)
        A point to start from. If it is feasible, an answer that is worse than it is recognised as wrong.
    tuning
        Solver options of the first attempt.
    """
    if not model.integer.all():
        raise ModelError(_("a decision has whole columns only"))
    if limits.expired:  # merging identical columns takes a second with a million of them
        return _IntegralSearch(model, backend, limits, start, tuning).return_start()
    small, inverse = Symmetry().apply(model)
    if small is model:
        return _search_near(model, backend, limits, start, tuning)
    began = time.perf_counter()
    reduced = inverse.reduce(start) if start is not None and model.is_feasible(start) else None
    solution = _search_near(small, backend, translate_points(limits, inverse), reduced, tuning)
    held = None if solution.values is None else inverse.expand(solution.values)
    if solution.termination is not Termination.NUMERIC_TROUBLE:
        return replace(solution, values=held)
    # merged columns are not 0-1, so that cuts cannot remove their choices: solve with all columns
    again = _search_near(model, backend, limits, start if held is None else held, tuning)
    return replace(
        again,
        repairs=(*solution.repairs, *again.repairs),
        log=solution.log + again.log,
        n_solves=solution.n_solves + again.n_solves,
        seconds=time.perf_counter() - began,
    )


def _search_near(
    model: LinearModel, backend: Backend, limits: Limits, start: IntArray | None, tuning: Tuning
) -> IntegralSolution:
    """Search for an optimum; count an objective of one wide column from that column's better end.

    The value then is small, and a solver tells its last units apart.
    """
    end = _find_better_end(model)
    if end is None:
        return _IntegralSearch(model, backend, limits, start, tuning).run()
    column, value = end
    base = np.zeros(model.n_cols, dtype=np.int64)
    base[column] = value
    near, inverse = Restriction(around=base).apply(model)
    reduced = inverse.reduce(start) if start is not None and model.is_feasible(start) else None
    solution = _IntegralSearch(near, backend, translate_points(limits, inverse), reduced, tuning).run()
    return replace(
        solution,
        values=None if solution.values is None else inverse.expand(solution.values),
        value=None if solution.value is None else inverse.expand_bound(solution.value),
        bound=None if solution.bound is None else inverse.expand_bound(solution.bound),
    )


def _find_better_end(model: LinearModel) -> tuple[int, int] | None:
    """Return the column of an objective of one wide column, and its bound of the better value; None for others."""
    counted = np.flatnonzero(model.objective)
    if len(counted) != 1:
        return None
    column = int(counted[0])
    lower, upper = int(model.col_lower[column]), int(model.col_upper[column])
    end = upper if (model.objective[column] > 0) == (model.sense is Sense.MAXIMISE) else lower
    return None if upper - lower < FAR_VALUE or end in (NO_LOWER, NO_UPPER) else (column, end)


@dataclass(slots=True)
class _IntegralSearch:
    """State of one `solve_integral`."""

    model: LinearModel
    backend: Backend
    limits: Limits
    start: IntArray | None
    tuning: Tuning
    depth: int = 0
    began: float = field(default_factory=time.perf_counter)
    best: IntArray | None = None
    best_value: int = 0
    ask_better: bool = False  # the model has a row « strictly better than the incumbent »
    bound: int | None = None
    cuts: list[Cut] = field(default_factory=list)
    removed: set[bytes] = field(default_factory=set)  # the points that the cuts remove
    repairs: list[PointRepair] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)
    solver: str = ""
    n_solves: int = 0
    n_paths: int = 0
    doubtful: bool = False  # a cut may have removed a feasible point: optimality cannot be claimed

    def return_start(self) -> IntegralSolution:
        """Return the starting point if it is feasible, when no time is left to solve."""
        self.solver = self.backend.name
        if self.start is not None and self.model.is_feasible(self.start):
            self._hold(self.start)
        return self._build_solution(Termination.TIME_LIMIT)

    def run(self) -> IntegralSolution:
        """Solve, check and cut until the answer is final."""
        if self.start is not None and self.model.is_feasible(self.start):
            self._hold(self.start)
        if not self.model.n_cols:
            return self._solve_without_columns()
        while self.n_solves <= MAX_SOLVES:
            current = self._build_current_model()
            raw = self._solve(current)
            if self._can_retry(raw):
                continue
            ended = self._check_answer(raw, current)
            if ended is not None:
                return self._build_solution(ended)
        self._tighten()
        return self._build_solution(Termination.NUMERIC_TROUBLE)

    # -- one solve -------------------------------------------------------------------------------

    def _build_current_model(self) -> LinearModel:
        """Return the model with its cuts and, if required, the row « strictly better than the incumbent »."""
        model = self.model
        if self.cuts:
            rows = np.array([cut.coefficients for cut in self.cuts])
            lower = np.array([cut.lower for cut in self.cuts])
            names = [f"cut {i}" for i in range(len(self.cuts))]
            model = model.with_rows(rows, lower, np.full(len(lower), NO_UPPER), names)
        if self.ask_better:
            up = model.sense is Sense.MAXIMISE
            span = (self.best_value + 1, NO_UPPER) if up else (NO_LOWER, self.best_value - 1)
            model = model.with_rows(model.objective[None, :], [span[0]], [span[1]], ["better"])
        return model

    def _solve(self, current: LinearModel, tuning: Tuning | None = None) -> RawSolution:
        start = self.best if self.backend.capabilities.start and not self.ask_better else None
        if start is not None and self.cuts and not current.is_feasible(start):
            start = None
        if tuning is None:
            tuning = self.tuning if not self.n_paths else _OTHER_PATHS[self.n_paths - 1]
        raw = self.backend.solve(current, limits=self.limits, start=start, tuning=tuning)
        self.solver, self.n_solves = raw.solver, self.n_solves + 1
        self.logs.append(raw.log)
        return raw

    def _can_retry(self, raw: RawSolution) -> bool:
        """Retry with other options after NaN, a failure, or « infeasible » despite a feasible incumbent."""
        denied = raw.termination is Termination.INFEASIBLE and self._is_denied
        if raw.termination not in _TROUBLE and not denied:
            return False
        return self._switch_path(f"{raw.solver}: {raw.termination.value}")

    def _switch_path(self, why: str) -> bool:
        self._record_repair(RepairKind.RETRIED, why)
        if self.n_paths == len(_OTHER_PATHS):
            return False
        self.n_paths += 1
        return True

    @property
    def _is_denied(self) -> bool:
        """Whether « infeasible » contradicts the incumbent, because no added row excludes it."""
        return self.best is not None and not self.cuts and not self.ask_better

    # -- judging an answer -----------------------------------------------------------------------

    def _check_answer(self, raw: RawSolution, current: LinearModel) -> Termination | None:
        """Return the final termination, or None to solve again."""
        termination = raw.termination
        if termination is Termination.INFEASIBLE_OR_UNBOUNDED:
            termination = self._resolve_status(current)
        if termination is Termination.INFEASIBLE:
            return self._conclude_infeasible()
        self._tighten_bound(raw.bound)
        if raw.values is None or termination not in _WITH_POINT:
            return termination
        point = _round_point(raw)
        if point.tobytes() in self.removed:
            # CBC may return fractions that round to a point that a cut removed
            again = self._switch_path("a point that had been cut off came back")
            return None if again else Termination.NUMERIC_TROUBLE
        if self._is_too_large(point):
            polished = self._polish_point(point, "the answer carries too few digits")
            point = point if polished is None else polished
        if not current.is_feasible(point):
            return self._repair(point, termination, current)
        return self._accept(point, termination, raw.objective)

    def _accept(self, point: IntArray, termination: Termination, claimed: float | None) -> Termination | None:
        """Accept a feasible point; solve again if its claimed value is not the exact one."""
        value = self.model.compute_value(point)
        self._hold(point)
        if termination is not Termination.OPTIMAL:
            return termination
        if abs(value) >= FAR_VALUE and not self.ask_better and np.count_nonzero(self.model.objective) == 1:
            self._polish_point(point, "the value is too large for the last digits of floats")
        beaten = self._is_better(self.best_value, value)
        if beaten or (claimed is not None and abs(claimed - value) >= 0.5):
            # the incumbent is better than the « optimum », or the claimed value came from fractional columns
            detail = f"claimed {claimed!r}, exact {value}, in hand {self.best_value}"
            self._record_repair(RepairKind.VALUE_CHECKED, detail)
            self._ask_better()
            return None if self.ask_better else Termination.NUMERIC_TROUBLE
        return self._conclude_optimal()

    def _repair(self, point: IntArray, termination: Termination, current: LinearModel) -> Termination | None:
        """Cut off an infeasible point, after trying the best amounts for its 0-1 choice."""
        broken = current.list_violations(point)[0]
        detail = f"{broken.name}: {broken.activity} not in [{broken.lower}, {broken.upper}]"
        if termination is not Termination.OPTIMAL:
            # a limit was reached: only try to get a feasible point
            self._polish_point(point, detail)
            return termination
        cut = derive_cover_cut(current, point)
        if cut is None:
            self._polish_point(point, detail)
            cut = build_no_good_cut(self.model, point)
        if cut is None:  # without free 0-1 columns there is nothing to cut off
            self._tighten()
            return Termination.NUMERIC_TROUBLE
        self._record_repair(RepairKind.CUT_OFF, detail)
        self.cuts.append(cut)
        self.removed.add(point.tobytes())
        self._ask_better()
        return None

    def _ask_better(self) -> None:
        # a value at 2^53 could not be written as a row bound; no real programme comes near
        self.ask_better = self.best is not None and abs(self.best_value) < EXACT_LIMIT - 1

    def _conclude_infeasible(self) -> Termination:
        """Judge « infeasible »: no point remains besides the incumbent."""
        if self.best is None:
            return Termination.NUMERIC_TROUBLE if self.doubtful else Termination.INFEASIBLE
        return Termination.NUMERIC_TROUBLE if self._is_denied else self._conclude_optimal()

    def _conclude_optimal(self) -> Termination:
        if self.doubtful:
            return Termination.NUMERIC_TROUBLE
        self.bound = self.best_value
        return Termination.OPTIMAL

    def _resolve_status(self, current: LinearModel) -> Termination:
        """Decide « infeasible or unbounded » from finite column bounds, or with a solve without objective."""
        up = current.objective if current.sense is Sense.MAXIMISE else -current.objective
        endless = ((up > 0) & (current.col_upper == NO_UPPER)) | ((up < 0) & (current.col_lower == NO_LOWER))
        if not endless.any():
            return Termination.INFEASIBLE
        zero = current.with_objective(np.zeros_like(current.objective), current.sense)
        found = self._solve(zero).termination
        return Termination.UNBOUNDED if found is Termination.OPTIMAL else found

    # -- incumbent and bound ---------------------------------------------------------------------

    def _is_better(self, left: int, right: int) -> bool:
        return left > right if self.model.sense is Sense.MAXIMISE else left < right

    def _hold(self, point: IntArray) -> None:
        value = self.model.compute_value(point)
        if self.best is None or self._is_better(value, self.best_value):
            self.best, self.best_value = point, value

    def _tighten_bound(self, bound: float | None) -> None:
        """Round a solver's bound to an integer and keep the tightest one."""
        if bound is None or not math.isfinite(bound):
            return
        slack = 1e-6 + 1e-12 * abs(bound)
        up = self.model.sense is Sense.MAXIMISE
        whole = math.floor(bound + slack) if up else math.ceil(bound - slack)
        if self.best is not None and self._is_better(self.best_value, whole):
            whole = self.best_value
        if self.bound is None or self._is_better(self.bound, whole):
            self.bound = whole

    def _is_too_large(self, point: IntArray) -> bool:
        """Whether a value is too large for the digits that the backend returns (CBC writes 8)."""
        largest = int(np.abs(point).max())
        return self.depth == 0 and largest >= 10 ** (self.backend.capabilities.digits - 1)

    def _polish_point(self, point: IntArray, why: str) -> IntArray | None:
        """Solve for the best amounts given the 0-1 choice of `point`, counted from the amounts of `point`.

        The small model has small numbers, so tolerances and lost digits matter less. If its solve ends
        neither OPTIMAL nor INFEASIBLE, this choice stays unresolved and the search is marked `doubtful`.
        """
        free = ~mark_binary_columns(self.model)
        if self.depth or not free.any():
            return None
        self._record_repair(RepairKind.POLISHED, why)
        base = np.clip(point, self.model.col_lower, self.model.col_upper)
        lower = np.where(free, self.model.col_lower, base)
        upper = np.where(free, self.model.col_upper, base)
        small, restriction = Restriction(around=base).apply(self.model.with_bounds(lower, upper))
        limits = replace(self.limits, on_point=None)  # a bound for this choice alone
        inner = _IntegralSearch(small, self.backend, limits, None, self.tuning, depth=1)
        solution = inner.run()
        self.n_solves += solution.n_solves
        self.logs.append(solution.log)
        if solution.termination not in (Termination.OPTIMAL, Termination.INFEASIBLE):
            self.doubtful = True
        if solution.values is None:
            return None
        polished = restriction.expand(solution.values)
        self._hold(polished)
        return polished

    def _tighten(self) -> None:
        """Solve with tighter tolerances, only to get a feasible point."""
        if not self.backend.capabilities.tuning:
            return
        for tolerance in (1e-9, 1e-10):
            self._record_repair(RepairKind.TIGHTENED, f"tolerance {tolerance}")
            raw = self._solve(self.model, Tuning(tolerance=tolerance))
            if raw.values is not None and self.model.is_feasible(point := _round_point(raw)):
                self._hold(point)
                return

    # -- the end ---------------------------------------------------------------------------------

    def _record_repair(self, kind: RepairKind, detail: str) -> None:
        self.repairs.append(PointRepair(kind, detail))
        self.logs.append(f"tnt_sim: {kind.value}: {detail}\n")

    def _solve_without_columns(self) -> IntegralSolution:
        empty = np.zeros(0, dtype=np.int64)
        self.solver = self.backend.name
        if not self.model.is_feasible(empty):
            return self._build_solution(Termination.INFEASIBLE)
        self._hold(empty)
        return self._build_solution(self._conclude_optimal())

    def _build_solution(self, termination: Termination) -> IntegralSolution:
        bound = self.bound
        if bound is not None and self.best is not None and self._is_better(self.best_value, bound):
            bound = self.best_value
        return IntegralSolution(
            termination=termination,
            values=self.best,
            value=None if self.best is None else self.best_value,
            bound=bound,
            solver=self.solver,
            log="".join(self.logs),
            repairs=tuple(self.repairs),
            n_solves=self.n_solves,
            seconds=time.perf_counter() - self.began,
        )


def _round_point(raw: RawSolution) -> IntArray:
    if raw.values is None:
        return np.zeros(0, dtype=np.int64)
    return np.clip(np.rint(raw.values), -(2.0**62), 2.0**62).astype(np.int64)
