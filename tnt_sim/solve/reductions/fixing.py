"""Exact dual bounds and reduced-cost fixing from floating-point dual prices.

Any prices y give a valid bound, so the solver that computed them need not be trusted. They are rounded to
multiples of 2^−s, and everything after that is in integers. When maximising, with reduced costs r = c − yA,

    c·x  ≤  Σ_i max(y_i·lower_i, y_i·upper_i)  +  Σ_j max(r_j·l_j, r_j·u_j)        for every feasible x.

Given a point of value v, an integer column j cannot move further from the bound that attains max(r_j·l_j,
r_j·u_j) than ⌊(bound − v)/|r_j|⌋ units without falling below v. Columns that cannot move at all are fixed.

Source: Crowder, Johnson and Padberg, Solving large-scale zero-one linear programming problems, Operations
Research 31 (1983), for the fixing; Neumaier and Shcherbina, Safe bounds in linear and mixed-integer linear
programming, Math. Program. 99 (2004), for bounds that do not trust the solver.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np

from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.formulation.linear_model import (
    NO_LOWER,
    NO_UPPER,
    ExactArray,
    FloatArray,
    IntArray,
    LinearModel,
    ModelError,
    compute_dot,
)
from tnt_sim.i18n.message import Text, _
from tnt_sim.rules.protocols import Sense

SCALE = 40
"""Prices are multiples of 2^−SCALE, or of a larger power of two if int64 would overflow."""


@dataclass(frozen=True, slots=True, eq=False)
class ExactBound:
    """Bound on the objective over all feasible points, in units of 2^−scale.

    Attributes
    ----------
    scaled : bound · 2^scale; None if the prices bound nothing, because a column without a bound has a reduced
    cost
    scale : exponent s
    multipliers : (n_rows,), prices used times 2^scale, in the sign of `RawSolution.row_duals`
    reduced_costs : (n_cols,), c·2^scale − multipliers·A. When maximising, the bound takes a column with a
    positive value at its upper bound.
    """

    scaled: int | None
    scale: int
    multipliers: ExactArray
    reduced_costs: ExactArray

    @property
    def value(self) -> Fraction | None:
        """The bound in units of the objective; None if there is none."""
        return None if self.scaled is None else Fraction(self.scaled, 2**self.scale)

    def round_to_integer(self, sense: Sense) -> int | None:
        """Round the bound to the best integer value that it allows; None if there is none."""
        if self.scaled is None:
            return None
        return self.scaled >> self.scale if sense is Sense.MAXIMISE else -(-self.scaled >> self.scale)


def compute_exact_bound(
    model: LinearModel, row_duals: FloatArray, deadline: Deadline = UNLIMITED
) -> ExactBound:
    """Compute the dual bound that these prices prove, in integers.

    NaN and infinite prices count as 0, and so do prices whose sign needs a bound that the row does not have.

    Parameters
    ----------
    row_duals : float64 (n_rows,), in the sign of `RawSolution.row_duals`
    """
    up = 1 if model.sense is Sense.MAXIMISE else -1
    prices = np.where(np.isfinite(row_duals), row_duals, 0.0)
    no_need = ((up * prices > 0) & (model.row_upper == NO_UPPER)) | (
        (up * prices < 0) & (model.row_lower == NO_LOWER)
    )
    prices = np.where(no_need, 0.0, prices)
    scale = _find_scale(model, prices)
    y: ExactArray
    if scale is None:
        scale = SCALE
        y = np.array([round(p * 2**scale) for p in prices.tolist()], dtype=object)
        reduced = model.objective.astype(object) * 2**scale - _aggregate_rows(model, y, deadline)
    else:
        y = np.rint(prices * 2.0**scale).astype(np.int64)
        reduced = (model.objective << scale) - y @ model.matrix
    at_rows = np.where(up * y > 0, model.row_upper, np.where(up * y < 0, model.row_lower, 0))
    at_cols = np.where(up * reduced > 0, model.col_upper, np.where(up * reduced < 0, model.col_lower, 0))
    if np.any((at_cols == NO_UPPER) | (at_cols == NO_LOWER)):
        return ExactBound(None, scale, y, reduced)
    return ExactBound(compute_dot(y, at_rows) + compute_dot(reduced, at_cols), scale, y, reduced)


def compute_bound_in_time(model: LinearModel, row_duals: FloatArray, deadline: Deadline) -> Fraction | None:
    """Compute the dual bound that these prices prove; None if they prove none, or if time runs out first."""
    try:
        deadline.check()
        return compute_exact_bound(model, row_duals, deadline).value
    except DeadlineExpired:
        return None


def _find_scale(model: LinearModel, prices: FloatArray) -> int | None:
    """Return the largest scale ≤ SCALE at which c·2^s − yA cannot overflow int64; None if below 16."""
    reach = np.abs(model.objective.astype(np.float64))
    reach = reach + np.abs(prices) @ abs(model.matrix)
    most = max(reach.max(initial=0.0), np.abs(prices).max(initial=0.0), 1.0)
    room = 61 - int(np.ceil(np.log2(most)))
    return min(SCALE, room) if room >= 16 else None


def _aggregate_rows(model: LinearModel, y: ExactArray, deadline: Deadline) -> ExactArray:
    m = model.matrix.T
    sums = np.zeros(model.n_cols, dtype=object)
    for column, (low, high) in enumerate(zip(m.indptr[:-1], m.indptr[1:], strict=True)):
        if column % COLUMNS_PER_LOOK == 0:
            deadline.check()
        sums[column] = sum(int(a) * y[i] for a, i in zip(m.data[low:high], m.indices[low:high], strict=True))
    return sums


COLUMNS_PER_LOOK = 4096
"""Columns between two checks of the deadline."""


@dataclass(frozen=True, slots=True, eq=False)
class FixingInverse:
    """Inverse of a fixing: the columns stay, and no point that was left out is better than `value`."""

    value: int
    sense: Sense

    def expand(self, x: IntArray) -> IntArray:
        """Return the point itself."""
        return x

    def expand_bound(self, bound: int) -> int:
        """Return the worse of the bound and `value`."""
        return max(bound, self.value) if self.sense is Sense.MAXIMISE else min(bound, self.value)


@dataclass(frozen=True, slots=True, eq=False)
class ReducedCostFixing:
    """Tightening of column bounds by reduced costs, given the value that a point must have.

    With slack = bound − value and exact reduced cost r_j, an integer column can leave the side at which the
    bound holds it by at most ⌊slack / |r_j|⌋ units. All points of `value` or better remain.

    With an `incumbent`, a point of this value, only strictly better points need to remain. The incumbent
    stays within the bounds, so that one optimal point survives in any case.

    Parameters
    ----------
    row_duals : float64 (n_rows,)
        Prices of the linear relaxation of this model. Other prices are valid too, and fix fewer columns.
    value
        The value of a feasible point, without constants.
    incumbent : int64 (n_cols,)
        A feasible point of this value.
    deadline
        Nothing is fixed if it passes first.

    Examples
    --------
    Maximise 9a + 5b + c with 3a + 3b + 3c ≤ 4. At the price 5/3 the bound is 32/3, and the point a = 1 is
    worth 9: any point worth 9 has a = 1 and c = 0.

    >>> model = LinearModel(
    ...     matrix=np.array([[3, 3, 3]]), row_lower=[NO_LOWER], row_upper=[4],
    ...     col_lower=[0, 0, 0], col_upper=[1, 1, 1], integer=[True, True, True],
    ...     objective=[9, 5, 1], sense=Sense.MAXIMISE, row_names=["cap"], col_names=["a", "b", "c"],
    ... )
    >>> fixed, _ = ReducedCostFixing(np.array([5 / 3]), 9).apply(model)
    >>> fixed.col_lower.tolist(), fixed.col_upper.tolist()
    ([1, 0, 0], [1, 1, 0])
    """

    name: ClassVar[str] = "fixing"
    label: ClassVar[Text] = _("Applications that no equally good allocation can change are fixed.")

    row_duals: FloatArray
    value: int
    incumbent: IntArray | None = None
    deadline: Deadline = UNLIMITED

    @property
    def keeps_optima(self) -> bool:
        """Without an incumbent, every optimal point survives."""
        return self.incumbent is None

    def apply(self, model: LinearModel) -> tuple[LinearModel, FixingInverse]:
        """Tighten the column bounds."""
        inverse, keep_ties = FixingInverse(self.value, model.sense), self.incumbent is None
        try:
            bound = compute_exact_bound(model, self.row_duals, self.deadline)
        except DeadlineExpired:
            return model, inverse
        if bound.scaled is None:
            return model, inverse
        up = 1 if model.sense is Sense.MAXIMISE else -1
        wanted = self.value if keep_ties or not model.integer.all() else self.value + up
        slack = up * (bound.scaled - (wanted << bound.scale))
        if slack < 0 and keep_ties:
            raise ModelError(_("no point can be worth {value}", value=self.value))
        lower, upper = _tighten_bounds(model, bound.reduced_costs * up, max(slack, 0))
        if self.incumbent is not None:
            lower, upper = np.minimum(lower, self.incumbent), np.maximum(upper, self.incumbent)
        return model.with_bounds(lower, upper), inverse


def _tighten_bounds(model: LinearModel, reduced: ExactArray, slack: int) -> tuple[IntArray, IntArray]:
    """Let each integer column leave its side (upper where reduced > 0) by at most ⌊slack/|reduced|⌋ units."""
    lower, upper = model.col_lower.copy(), model.col_upper.copy()
    size = np.where(reduced < 0, -reduced, reduced)
    moves = (size > 0) & model.integer
    if slack >= NO_UPPER:  # use Python integers: a truncated slack would fix too much
        size = size.astype(object)
    steps = slack // np.where(moves, size, 1)
    # only columns that may move less than their width change, so no addition below can overflow
    width = np.where((upper == NO_UPPER) | (lower == NO_LOWER), NO_UPPER, upper - lower)
    tighter = (moves & (steps < width)).astype(bool)
    at_upper, at_lower = tighter & (reduced > 0), tighter & (reduced < 0)
    lower[at_upper] = upper[at_upper] - steps[at_upper].astype(np.int64)
    upper[at_lower] = lower[at_lower] + steps[at_lower].astype(np.int64)
    return lower, upper
