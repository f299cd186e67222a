"""Exact bounds and exact fixing from the float prices of a relaxed solve.

Any prices give a valid bound, so the solver that gave them is not trusted: they are rounded to k/2^s and
everything after that is computed in whole numbers. When maximising, with r = c − yA,

    c·x  ≤  Σ_i max(y_i·lower_i, y_i·upper_i)  +  Σ_j max(r_j·l_j, r_j·u_j)        for every feasible x.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from tnt_sim.formulation.linear_model import (
    NO_LOWER,
    NO_UPPER,
    ExactArray,
    FloatArray,
    IntArray,
    LinearModel,
    ModelError,
    Sense,
    exact_dot,
)
from tnt_sim.i18n.message import Text

SCALE = 40
"""Prices are whole multiples of 2^−SCALE, of a smaller power when int64 would overflow."""


@dataclass(frozen=True, slots=True, eq=False)
class ExactBound:
    """A bound on the objective over all feasible points, in units of 2^−scale.

    `scaled` is None when the prices bound nothing (a free column with a reduced cost); `multipliers` are
    the prices used, (n_rows,), in the sign of `RawSolution.row_duals`; `reduced_costs` is c·2^scale − yA,
    (n_cols,), ≥ 0 for columns that the bound holds at their upper bound when maximising.
    """

    scaled: int | None
    scale: int
    multipliers: ExactArray
    reduced_costs: ExactArray

    @property
    def value(self) -> Fraction | None:
        """The bound in units of the objective."""
        return None if self.scaled is None else Fraction(self.scaled, 2**self.scale)

    def whole(self, sense: Sense) -> int | None:
        """The best whole value that the bound leaves possible."""
        if self.scaled is None:
            return None
        return self.scaled >> self.scale if sense is Sense.MAXIMISE else -(-self.scaled >> self.scale)


def exact_bound(model: LinearModel, row_duals: FloatArray) -> ExactBound:
    """The bound that these prices prove, in whole numbers; NaN and wrong signs count as 0.

    A price is dropped where its sign asks for a bound that the row does not have.
    """
    up = 1 if model.sense is Sense.MAXIMISE else -1
    prices = np.where(np.isfinite(row_duals), row_duals, 0.0)
    no_need = ((up * prices > 0) & (model.row_upper == NO_UPPER)) | (
        (up * prices < 0) & (model.row_lower == NO_LOWER)
    )
    prices = np.where(no_need, 0.0, prices)
    scale = _fitting_scale(model, prices)
    y: ExactArray
    if scale is None:
        scale = SCALE
        y = np.array([round(p * 2**scale) for p in prices.tolist()], dtype=object)
        reduced = model.objective.astype(object) * 2**scale - _transposed(model, y)
    else:
        y = np.rint(prices * 2.0**scale).astype(np.int64)
        reduced = (model.objective << scale) - model.matrix.T @ y
    at_rows = np.where(up * y > 0, model.row_upper, np.where(up * y < 0, model.row_lower, 0))
    at_cols = np.where(up * reduced > 0, model.col_upper, np.where(up * reduced < 0, model.col_lower, 0))
    if np.any((at_cols == NO_UPPER) | (at_cols == NO_LOWER)):
        return ExactBound(None, scale, y, reduced)
    return ExactBound(exact_dot(y, at_rows) + exact_dot(reduced, at_cols), scale, y, reduced)


def _fitting_scale(model: LinearModel, prices: FloatArray) -> int | None:
    """The largest scale, at most SCALE, for which no partial sum of c·2^s − yA can overflow int64."""
    reach = np.abs(model.objective.astype(np.float64))
    reach = reach + abs(model.matrix).astype(np.float64).T @ np.abs(prices)
    most = max(reach.max(initial=0.0), np.abs(prices).max(initial=0.0), 1.0)
    room = 61 - int(np.ceil(np.log2(most)))
    return min(SCALE, room) if room >= 16 else None


def _transposed(model: LinearModel, y: ExactArray) -> ExactArray:
    m = model.matrix.tocsc()
    return np.array(
        [
            sum(int(a) * y[i] for a, i in zip(m.data[lo:hi], m.indices[lo:hi], strict=True))
            for lo, hi in zip(m.indptr[:-1], m.indptr[1:], strict=True)
        ],
        dtype=object,
    )


def fix_by_reduced_cost(
    model: LinearModel, duals: FloatArray, incumbent_value: int, keep_ties: bool
) -> tuple[IntArray, IntArray, int]:
    """Bounds on the columns that every point worth having keeps, and how many columns they fix.

    With slack = bound − incumbent and r_j the exact reduced cost, a whole column can leave the side that
    the bound holds it at by at most ⌊slack / |r_j|⌋ units.

    Parameters
    ----------
    duals : float64 (n_rows,)
        Prices of a relaxed solve of this very model; any others are valid too, and fix less.
    incumbent_value
        A value that a feasible point reaches.
    keep_ties
        True: all points with a value at least as good are kept. False: only strictly better ones are.

    Returns
    -------
    col_lower, col_upper : int64 (n_cols,)
    n_fixed
        Columns that were open and no longer are.

    Raises
    ------
    ModelError
        When the bound is worse than the incumbent: then no feasible point can have that value.
    """
    bound = exact_bound(model, duals)
    if bound.scaled is None:
        return model.col_lower.copy(), model.col_upper.copy(), 0
    up = 1 if model.sense is Sense.MAXIMISE else -1
    wanted = incumbent_value if keep_ties or not model.integer.all() else incumbent_value + up
    slack = up * (bound.scaled - (wanted << bound.scale))
    if slack < 0 and keep_ties:
        raise ModelError(
            Text(f"aucun point ne peut valoir {incumbent_value}", f"no point can be worth {incumbent_value}")
        )
    return _tightened(model, bound.reduced_costs * up, max(slack, 0))


def _tightened(model: LinearModel, reduced: ExactArray, slack: int) -> tuple[IntArray, IntArray, int]:
    """Bounds after every whole column may leave its side (upper where reduced > 0) by ⌊slack/|reduced|⌋."""
    lower, upper = model.col_lower.copy(), model.col_upper.copy()
    size = np.where(reduced < 0, -reduced, reduced)
    moves = (size > 0) & model.integer
    if slack >= NO_UPPER:  # Python's integers, rather than a slack cut short, which would fix too much
        size = size.astype(object)
    steps = slack // np.where(moves, size, 1)
    # Only columns whose room is smaller than their width change; so no addition below can overflow.
    width = np.where((upper == NO_UPPER) | (lower == NO_LOWER), NO_UPPER, upper - lower)
    tighter = (moves & (steps < width)).astype(bool)
    at_upper, at_lower = tighter & (reduced > 0), tighter & (reduced < 0)
    was_open = lower < upper
    lower[at_upper] = upper[at_upper] - steps[at_upper].astype(np.int64)
    upper[at_lower] = lower[at_lower] + steps[at_lower].astype(np.int64)
    return lower, upper, int((was_open & (lower == upper)).sum())
