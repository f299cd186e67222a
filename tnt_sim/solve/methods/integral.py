"""What an exact solve of one objective comes to: a point that keeps every row, and what was done to get it.

One objective, solved so that no solver's word is needed for feasibility.

A solver's point is rounded and read in whole numbers, without tolerance. When it breaks a row (HiGHS
takes x = 1 − 10⁻⁷ for 1, which hides 1 € per 10 M€), a cut that is exactly valid removes it, and the
model is solved again. What remains a solver's word is that nothing better exists.
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
    Sense,
)
from tnt_sim.i18n.message import Text
from tnt_sim.solve.backends.backend import Backend, Limits, RawSolution, Termination, Tuning
from tnt_sim.solve.reductions.cuts import Cut, cover_cut, no_good_cut, zero_one
from tnt_sim.solve.reductions.restriction import restrict
from tnt_sim.solve.reductions.symmetry import merge


class RepairKind(StrEnum):
    """What was done about an answer that did not survive the exact reading."""

    RETRIED = "retried"  # NaN, failure, or an answer that a point in hand proves wrong: another path
    CUT_OFF = "cut_off"  # a point that breaks a row was removed by an exactly valid cut
    POLISHED = "polished"  # the 0-1 columns were kept and the amounts solved again
    VALUE_CHECKED = "value_checked"  # the claimed value was not the exact one: « better » was asked for
    TIGHTENED = "tightened"  # tighter tolerances, for a point to hold


@dataclass(frozen=True, slots=True)
class Repair:
    """One repair, in words for the log."""

    kind: RepairKind
    detail: str


@dataclass(frozen=True, slots=True, eq=False)
class IntegralSolution:
    """A point that keeps every row exactly (or none), and how far it is claimed to be best.

    Parameters
    ----------
    values : int64 (n_cols,) or None
    value : int or None
        The exact objective of `values`.
    bound : int or None
        No whole value above (maximise) or below (minimise) is claimed to exist; a solver's word only.
    termination
        OPTIMAL only when every solve behind it was.
    solver, log, repairs, n_solves, seconds
        How it was found.
    """

    termination: Termination
    values: IntArray | None
    value: int | None
    bound: int | None
    solver: str
    log: str
    repairs: tuple[Repair, ...] = ()
    n_solves: int = 1
    seconds: float = 0.0


MAX_SOLVES = 60
"""Solves of one model before the search is given up as numeric trouble."""

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
    """Solve one integer model; the point returned keeps every row and bound exactly.

    `start` is a point to begin from; when it is exactly feasible it also convicts a solver that claims
    less. `limits.deadline` is for the whole call.

    Raises
    ------
    ModelError
        When a column is not whole.
    SolverError
        When the solver fails outright.
    """
    if not model.integer.all():
        raise ModelError(
            Text("une décision n'a que des colonnes entières", "a decision has whole columns only")
        )
    if limits.expired:  # equal columns of a million take a second to find
        return _Search(model, backend, limits, start, tuning).at_once()
    small = merge(model)
    if small.model is model:
        return _Search(model, backend, limits, start, tuning).run()
    began = time.perf_counter()
    reduced = small.reduce(start) if start is not None and model.is_feasible(start) else None
    found = _Search(small.model, backend, limits, reduced, tuning).run()
    held = None if found.values is None else small.expand(found.values)
    if found.termination is not Termination.NUMERIC_TROUBLE:
        return replace(found, values=held)
    # a choice among equal columns cannot be cut off as 0-1 choices can: once more with every column
    again = _Search(model, backend, limits, start if held is None else held, tuning).run()
    return replace(
        again,
        repairs=(*found.repairs, *again.repairs),
        log=found.log + again.log,
        n_solves=found.n_solves + again.n_solves,
        seconds=time.perf_counter() - began,
    )


@dataclass(slots=True)
class _Search:
    """The state of one `solve_integral`."""

    model: LinearModel
    backend: Backend
    limits: Limits
    start: IntArray | None
    tuning: Tuning
    depth: int = 0
    began: float = field(default_factory=time.perf_counter)
    best: IntArray | None = None
    best_value: int = 0
    ask_better: bool = False  # a row « better than what is in hand » is in the model
    bound: int | None = None
    cuts: list[Cut] = field(default_factory=list)
    removed: set[bytes] = field(default_factory=set)  # the points that the cuts are for
    repairs: list[Repair] = field(default_factory=list)
    logs: list[str] = field(default_factory=list)
    solver: str = ""
    n_solves: int = 0
    n_paths: int = 0
    doubtful: bool = False  # something was cut off without an exact reason

    def at_once(self) -> IntegralSolution:
        """What is in hand, where no time is left to solve."""
        self.solver = self.backend.name
        if self.start is not None and self.model.is_feasible(self.start):
            self._hold(self.start)
        return self._result(Termination.TIME_LIMIT)

    def run(self) -> IntegralSolution:
        if self.start is not None and self.model.is_feasible(self.start):
            self._hold(self.start)
        if not self.model.n_cols:
            return self._without_columns()
        while self.n_solves <= MAX_SOLVES:
            current = self._current()
            raw = self._solve(current)
            if self._may_retry(raw):
                continue
            ended = self._judge(raw, current)
            if ended is not None:
                return self._result(ended)
        self._tighten()
        return self._result(Termination.NUMERIC_TROUBLE)

    # -- one solve -------------------------------------------------------------------------------

    def _current(self) -> LinearModel:
        """The model with its cuts, and the row that asks for better than what is in hand."""
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

    def _may_retry(self, raw: RawSolution) -> bool:
        """NaN, a failure, or « infeasible » against a feasible point in hand: another path, if any."""
        denied = raw.termination is Termination.INFEASIBLE and self._is_denied
        if raw.termination not in _TROUBLE and not denied:
            return False
        return self._another_path(f"{raw.solver}: {raw.termination.value}")

    def _another_path(self, why: str) -> bool:
        self._note(RepairKind.RETRIED, why)
        if self.n_paths == len(_OTHER_PATHS):
            return False
        self.n_paths += 1
        return True

    @property
    def _is_denied(self) -> bool:
        """Whether « infeasible » contradicts the point in hand: nothing was added that removes it."""
        return self.best is not None and not self.cuts and not self.ask_better

    # -- what it is worth ------------------------------------------------------------------------

    def _judge(self, raw: RawSolution, current: LinearModel) -> Termination | None:
        """The final word on this answer, or None to solve again."""
        termination = raw.termination
        if termination is Termination.INFEASIBLE_OR_UNBOUNDED:
            termination = self._told_apart(current)
        if termination is Termination.INFEASIBLE:
            return self._nothing_left()
        self._claim(raw.bound)
        if raw.values is None or termination not in _WITH_POINT:
            return termination
        point = _rounded(raw)
        if point.tobytes() in self.removed:
            # CBC may give back fractions that round to what was cut off.
            again = self._another_path("a point that had been cut off came back")
            return None if again else Termination.NUMERIC_TROUBLE
        if self._lacks_digits(point):
            polished = self._polish(point, "the answer carries too few digits")
            point = point if polished is None else polished
        if not current.is_feasible(point):
            return self._repair(point, termination, current)
        return self._accept(point, termination, raw.objective)

    def _accept(self, point: IntArray, termination: Termination, claimed: float | None) -> Termination | None:
        """A point that keeps every row: is its claim of being best the exact one?"""
        value = self.model.value(point)
        beaten = self.best is not None and self._better(self.best_value, value)
        self._hold(point)
        if termination is not Termination.OPTIMAL:
            return termination
        if beaten or (claimed is not None and abs(claimed - value) >= 0.5):
            # A point in hand is better than the « optimum », or its value was made of fractions of columns.
            detail = f"claimed {claimed!r}, exact {value}, in hand {self.best_value}"
            self._note(RepairKind.VALUE_CHECKED, detail)
            self._ask_better()
            return None if self.ask_better else Termination.NUMERIC_TROUBLE
        return self._proved()

    def _repair(self, point: IntArray, termination: Termination, current: LinearModel) -> Termination | None:
        """Cut off a point that breaks a row, once the best amounts of its 0-1 choice are in hand."""
        broken = current.violations(point)[0]
        detail = f"{broken.name}: {broken.found} not in [{broken.lower}, {broken.upper}]"
        if termination is not Termination.OPTIMAL:
            # No time to go on: try for something to hold, and say what stopped it.
            self._polish(point, detail)
            return termination
        cut = cover_cut(current, point)
        if cut is None:
            self._polish(point, detail)
            cut = no_good_cut(self.model, point)
        if cut is None:  # no 0-1 column: its support cannot be cut off
            self._tighten()
            return Termination.NUMERIC_TROUBLE
        self._note(RepairKind.CUT_OFF, detail)
        self.cuts.append(cut)
        self.removed.add(point.tobytes())
        self._ask_better()
        return None

    def _ask_better(self) -> None:
        # A value at 2^53 could not be written as a bound; no programme comes near.
        self.ask_better = self.best is not None and abs(self.best_value) < EXACT_LIMIT - 1

    def _nothing_left(self) -> Termination:
        """« Infeasible »: nothing is left beside what is in hand."""
        if self.best is None:
            return Termination.NUMERIC_TROUBLE if self.doubtful else Termination.INFEASIBLE
        return Termination.NUMERIC_TROUBLE if self._is_denied else self._proved()

    def _proved(self) -> Termination:
        if self.doubtful:
            return Termination.NUMERIC_TROUBLE
        self.bound = self.best_value
        return Termination.OPTIMAL

    def _told_apart(self, current: LinearModel) -> Termination:
        """« Infeasible or unbounded »: bounded columns or a solve without objective decide."""
        up = current.objective if current.sense is Sense.MAXIMISE else -current.objective
        endless = ((up > 0) & (current.col_upper == NO_UPPER)) | ((up < 0) & (current.col_lower == NO_LOWER))
        if not endless.any():
            return Termination.INFEASIBLE
        zero = current.with_objective(np.zeros_like(current.objective), current.sense)
        found = self._solve(zero).termination
        return Termination.UNBOUNDED if found is Termination.OPTIMAL else found

    # -- points in hand --------------------------------------------------------------------------

    def _better(self, left: int, right: int) -> bool:
        return left > right if self.model.sense is Sense.MAXIMISE else left < right

    def _hold(self, point: IntArray) -> None:
        value = self.model.value(point)
        if self.best is None or self._better(value, self.best_value):
            self.best, self.best_value = point, value

    def _claim(self, bound: float | None) -> None:
        """The whole number that a solver's bound leaves possible; the tightest claim counts."""
        if bound is None or not math.isfinite(bound):
            return
        slack = 1e-6 + 1e-12 * abs(bound)
        up = self.model.sense is Sense.MAXIMISE
        whole = math.floor(bound + slack) if up else math.ceil(bound - slack)
        if self.best is not None and self._better(self.best_value, whole):
            whole = self.best_value
        if self.bound is None or self._better(self.bound, whole):
            self.bound = whole

    def _lacks_digits(self, point: IntArray) -> bool:
        """CBC's answers come as text of 8 digits: a larger amount has lost its last ones."""
        largest = int(np.abs(point).max())
        return self.depth == 0 and largest >= 10 ** (self.backend.capabilities.digits - 1)

    def _polish(self, point: IntArray, why: str) -> IntArray | None:
        """The best amounts for the 0-1 choice of `point`, counted from the amounts of `point`.

        A small model with small numbers, so that tolerances and lost digits weigh less. Anything but a
        proved answer leaves a doubt on what is said of this choice.
        """
        free = ~zero_one(self.model)
        if self.depth or not free.any():
            return None
        self._note(RepairKind.POLISHED, why)
        base = np.clip(point, self.model.col_lower, self.model.col_upper)
        lower = np.where(free, self.model.col_lower, base)
        upper = np.where(free, self.model.col_upper, base)
        part = restrict(self.model, lower, upper, around=base)
        inner = _Search(part.model, self.backend, self.limits, None, self.tuning, depth=1)
        found = inner.run()
        self.n_solves += found.n_solves
        self.logs.append(found.log)
        if found.termination not in (Termination.OPTIMAL, Termination.INFEASIBLE):
            self.doubtful = True
        if found.values is None:
            return None
        polished = part.expand(found.values)
        self._hold(polished)
        return polished

    def _tighten(self) -> None:
        """Tighter tolerances, not for a proof but for a point to hold."""
        if not self.backend.capabilities.tuning:
            return
        for tolerance in (1e-9, 1e-10):
            self._note(RepairKind.TIGHTENED, f"tolerance {tolerance}")
            raw = self._solve(self.model, Tuning(tolerance=tolerance))
            if raw.values is not None and self.model.is_feasible(point := _rounded(raw)):
                self._hold(point)
                return

    # -- the end ---------------------------------------------------------------------------------

    def _note(self, kind: RepairKind, detail: str) -> None:
        self.repairs.append(Repair(kind, detail))
        self.logs.append(f"tnt_sim: {kind.value}: {detail}\n")

    def _without_columns(self) -> IntegralSolution:
        empty = np.zeros(0, dtype=np.int64)
        self.solver = self.backend.name
        if not self.model.is_feasible(empty):
            return self._result(Termination.INFEASIBLE)
        self._hold(empty)
        return self._result(self._proved())

    def _result(self, termination: Termination) -> IntegralSolution:
        bound = self.bound
        if bound is not None and self.best is not None and self._better(self.best_value, bound):
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


def _rounded(raw: RawSolution) -> IntArray:
    if raw.values is None:
        return np.zeros(0, dtype=np.int64)
    return np.clip(np.rint(raw.values), -(2.0**62), 2.0**62).astype(np.int64)
