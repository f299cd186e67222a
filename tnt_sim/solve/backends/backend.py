"""What every solver looks like from here: limits in, a raw answer out, and no default status.

A raw answer is a claim in floats. What is believed of it is decided in `solve/methods/integral.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, FloatArray, IntArray, LinearModel


class Termination(StrEnum):
    """Why a solver stopped; what it holds is told apart, by `values` being None or not."""

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


@dataclass(frozen=True, slots=True)
class Limits:
    """When a solve must end.

    `deadline` is the one of the run, or an earlier one; `nodes` counts branch-and-bound nodes, None is no limit.
    """

    deadline: Deadline = UNLIMITED
    nodes: int | None = None

    @property
    def time_seconds(self) -> float | None:
        """Wall-clock seconds that are left, None without a limit."""
        return self.deadline.limit_seconds

    @property
    def expired(self) -> bool:
        """Whether no time is left."""
        return self.deadline.expired

    def share(self, part: float) -> Limits:
        """The same with a part (0 to 1) of the time that is left."""
        return replace(self, deadline=self.deadline.share(part))


@dataclass(frozen=True, slots=True)
class Tuning:
    """Options for a second try at the same model, when an answer did not survive the exact reading.

    `tolerance` is the solver's feasibility and integrality tolerance (None: its own);
    `presolve=False` and another `seed` make it take another path to the same optimum.
    """

    tolerance: float | None = None
    presolve: bool = True
    seed: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class RawSolution:
    """One solver's answer, in floats, as a claim.

    Parameters
    ----------
    values : float64 (n_cols,) or None
        The point in hand, proved best or not.
    objective, bound
        In the units of the model's objective and in its sense: no point is claimed to be above
        `bound` when maximising, below when minimising.
    row_duals : float64 (n_rows,) or None
        Change of the objective value per unit of increase of the row's right-hand side: ≥ 0 for a
        ≤ row when maximising and for a ≥ row when minimising, ≤ 0 for the opposite pairs. Only for
        relaxed solves: an integer decision has no prices.
    reduced_costs : float64 (n_cols,) or None
        c − Aᵀ·row_duals; when maximising > 0 holds a column at its upper bound, < 0 at its lower.
    solver
        Name and version, « HiGHS 1.16.0 ».
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
    """What a backend can do; `digits` is how many significant ones its values carry."""

    integer: bool
    duals: bool
    time_limit: bool
    node_limit: bool
    start: bool
    tuning: bool
    independent_of_highs: bool
    digits: int = 15


class Backend(Protocol):
    """A solver: gaps 0, one thread, nothing on standard output."""

    @property
    def name(self) -> str:
        """The name that `get_backend` knows it by."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
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
        """Solve one model; `relax` drops the whole-number requirement, `start` is a point to begin from.

        Raises
        ------
        SolverError
            When the solver fails, is missing, or gives a status that is not known here.
        """
        ...


def has_crossed_bounds(model: LinearModel) -> bool:
    """Whether a row or a column has its lower bound above its upper one (solvers differ on these)."""
    return bool(np.any(model.row_lower > model.row_upper) or np.any(model.col_lower > model.col_upper))


def infeasible_at_once(solver: str) -> RawSolution:
    """The answer for a model whose own bounds cross: no solver is asked."""
    return RawSolution(Termination.INFEASIBLE, None, None, None, None, None, solver, 0.0)


def out_of_time(solver: str) -> RawSolution:
    """The answer when the deadline has passed before a solver was asked."""
    return RawSolution(Termination.TIME_LIMIT, None, None, None, None, None, solver, 0.0)


def refuse_non_finite(answer: RawSolution) -> RawSolution:
    """An answer with a NaN or an infinite value holds nothing, whatever status came with it."""
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


def float_bounds(lower: IntArray, upper: IntArray) -> tuple[FloatArray, FloatArray]:
    """Bounds as floats, absent ones as ±∞; exact, since present ones are below 2^53."""
    low = np.where(lower == NO_LOWER, -np.inf, lower.astype(np.float64))
    high = np.where(upper == NO_UPPER, np.inf, upper.astype(np.float64))
    return low, high
