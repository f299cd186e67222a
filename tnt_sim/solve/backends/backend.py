"""Common interface of all solvers: limits in, one raw answer out.

A raw answer is a claim in floating-point numbers. `methods/integral.py` decides what to believe of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol, runtime_checkable

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, FloatArray, IntArray, LinearModel


class Termination(StrEnum):
    """Why a solver stopped. `RawSolution.values`, not this, shows whether it found a point."""

    OPTIMAL = "optimal"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    INFEASIBLE_OR_UNBOUNDED = "infeasible_or_unbounded"
    TIME_LIMIT = "time_limit"
    NODE_LIMIT = "node_limit"
    SOLUTION_LIMIT = "solution_limit"
    MEMORY_LIMIT = "memory_limit"
    INTERRUPTED = "interrupted"
    NUMERIC_TROUBLE = "numeric_trouble"
    FAILED = "failed"

    @property
    def is_limit(self) -> bool:
        """Whether more time, nodes or memory could have changed the answer."""
        return self in _LIMITS


_LIMITS = frozenset(
    {
        Termination.TIME_LIMIT,
        Termination.NODE_LIMIT,
        Termination.SOLUTION_LIMIT,
        Termination.MEMORY_LIMIT,
        Termination.INTERRUPTED,
    }
)


OnPoint = Callable[[FloatArray | IntArray | None, int | None], None]
"""Receives a better point of a solver, a bound that it claims in whole units, or both. It must not raise."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of a solve, and who hears of its progress.

    Attributes
    ----------
    deadline : when the solve must end
    nodes : branch-and-bound nodes; None for no limit
    on_point : receives better points and bounds while a solver that has callbacks works
    """

    deadline: Deadline = UNLIMITED
    nodes: int | None = None
    on_point: OnPoint | None = None

    @property
    def time_seconds(self) -> float | None:
        """Wall-clock seconds left; None without a limit."""
        return None if self.deadline.is_unlimited else self.deadline.clock_seconds

    @property
    def expired(self) -> bool:
        """Whether no time is left."""
        return self.deadline.expired

    def take_share(self, fraction: float) -> Limits:
        """Return the same limits with a share (0 to 1) of the time left."""
        return replace(self, deadline=self.deadline.take_share(fraction))


@dataclass(frozen=True, slots=True)
class Tuning:
    """Solver options for another attempt, after an answer failed the exact check.

    Attributes
    ----------
    tolerance : feasibility and integrality tolerance; None for the solver's own
    presolve : False makes the solver take another path to the same optimum
    seed : random seed; another seed has the same purpose
    """

    tolerance: float | None = None
    presolve: bool = True
    seed: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RawSolution:
    """One solver's answer, in floats: a claim to be checked.

    Parameters
    ----------
    termination
        Why the solver stopped.
    values : float64 (n_cols,) or None
        The best point found, proved optimal or not.
    objective, bound
        In the units and sense of the model's objective. The solver claims that no point is above `bound` when
        maximising, or below it when minimising.
    row_duals : float64 (n_rows,) or None
        Dual prices: change of the optimal value per unit increase of the right-hand side. ≥ 0 for a ≤ row
        when maximising and for a ≥ row when minimising, ≤ 0 for the opposite pairs. Only for linear
        relaxations.
    reduced_costs : float64 (n_cols,) or None
        c − Aᵀ·row_duals. When maximising, > 0 at the upper bound of a column and < 0 at its lower bound.
    solver
        Name and version, such as « HiGHS 1.16.0 ».
    seconds, log
        Wall-clock time of the call, and what the solver printed.
    """

    termination: Termination
    values: FloatArray | None
    objective: float | None
    bound: float | None
    row_duals: FloatArray | None
    reduced_costs: FloatArray | None
    solver: str
    seconds: float
    log: str = ""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a backend supports; `digits` is the number of significant digits of its values."""

    integer: bool
    duals: bool
    time_limit: bool
    node_limit: bool
    start: bool
    tuning: bool
    independent_of_highs: bool
    digits: int = 15


@runtime_checkable
class Backend(Protocol):
    """A solver that ends at an optimum, with one thread and no output on standard output."""

    @property
    def name(self) -> str:
        """The name that `get_backend` accepts."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What the backend supports."""
        ...

    def solve(
        self,
        model: LinearModel,
        *,
        relax: bool = False,
        limits: Limits = Limits(),
        start: IntArray | None = None,
        tuning: Tuning = Tuning(),
    ) -> RawSolution:
        """Solve one model.

        Parameters
        ----------
        relax
            Drop integrality.
        start : int64 (n_cols,)
            A point to start from.

        Raises
        ------
        SolverError
            If the solver fails, is missing, or returns an unknown status.
        """
        ...


def has_crossed_bounds(model: LinearModel) -> bool:
    """Whether a row or column has its lower bound above its upper one; solvers differ on such models."""
    return bool(np.any(model.row_lower > model.row_upper) or np.any(model.col_lower > model.col_upper))


def build_infeasible_solution(solver: str) -> RawSolution:
    """Return INFEASIBLE for a model whose bounds cross, without calling a solver."""
    return RawSolution(Termination.INFEASIBLE, None, None, None, None, None, solver, 0.0)


def build_timeout_solution(solver: str) -> RawSolution:
    """Return TIME_LIMIT for a deadline that had passed before the solver was called."""
    return RawSolution(Termination.TIME_LIMIT, None, None, None, None, None, solver, 0.0)


def refuse_non_finite(answer: RawSolution) -> RawSolution:
    """Replace an answer that contains NaN or infinite values by NUMERIC_TROUBLE without a point."""
    if answer.values is None or np.isfinite(answer.values).all():
        return answer
    return replace(
        answer,
        termination=Termination.NUMERIC_TROUBLE,
        values=None,
        objective=None,
        bound=None,
        row_duals=None,
        reduced_costs=None,
        log=answer.log + "\ntnt_sim: the solver returned NaN or infinite values\n",
    )


def convert_bounds(lower: IntArray, upper: IntArray) -> tuple[FloatArray, FloatArray]:
    """Convert bounds to floats, absent ones to ±∞; exact, because present ones are below 2^53."""
    low = np.where(lower == NO_LOWER, -np.inf, lower.astype(np.float64))
    high = np.where(upper == NO_UPPER, np.inf, upper.astype(np.float64))
    return low, high
