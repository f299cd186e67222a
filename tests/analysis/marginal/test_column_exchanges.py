"""Lists with one more column, found by exchanges: each loss is that of a list which brute force finds too."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import event, given
from hypothesis import strategies as st
from support.lanes import drawn

from tnt_sim.analysis.marginal.column_exchanges import find_exchange_losses, find_impossible_columns
from tnt_sim.deadline import Deadline
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, LinearModel
from tnt_sim.kernel.cap_tree.path_room import FAR
from tnt_sim.rules.protocols import Sense


@st.composite
def models(draw: st.DrawFn) -> LinearModel:
    """Caps, floors and shares over a few columns, some of them fixed."""
    n, n_rows = draw(st.integers(1, 7)), draw(st.integers(1, 4))
    weight = np.array(draw(st.lists(st.integers(1, 9), min_size=n, max_size=n)))
    rows, lower, upper = [], [], []
    for _ in range(n_rows):
        kind = draw(st.sampled_from(["cap", "floor", "count", "share"]))
        inside = np.array(draw(st.lists(st.booleans(), min_size=n, max_size=n)))
        row = inside * (1 if kind == "count" else weight)
        if kind == "share":
            row = np.where(inside, 2 * weight, -weight)
        rows.append(row)
        limit = draw(st.integers(0, 20))
        lower.append(limit // 3 if kind in ("floor", "count") else NO_LOWER)
        upper.append(NO_UPPER if kind == "floor" else limit)
    fixed = [draw(st.integers(0, 5)) == 0 for _ in range(n)]
    return LinearModel(
        matrix=np.array(rows), row_lower=lower, row_upper=upper,
        col_lower=[int(one) for one in fixed], col_upper=[1] * n, integer=[True] * n,
        objective=draw(st.lists(st.integers(-2, 9), min_size=n, max_size=n)),
        sense=draw(st.sampled_from(Sense)), row_names=[f"r{k}" for k in range(n_rows)],
        col_names=[f"c{k}" for k in range(n)],
    )  # fmt: skip


def list_points(model: LinearModel) -> list[np.ndarray]:
    points = [np.array(point) for point in product((0, 1), repeat=model.n_cols)]
    return [point for point in points if not model.list_violations(point)]


@drawn(150)
@given(models(), st.data())
def test_each_loss_is_that_of_a_list_with_the_column(model: LinearModel, data: st.DataObject) -> None:
    points = list_points(model)
    if not points:
        return
    point = data.draw(st.sampled_from(points))
    columns = np.flatnonzero(point == 0)
    up = 1 if model.sense is Sense.MAXIMISE else -1
    weight = np.maximum(np.abs(model.matrix.toarray()).max(axis=0), 1)
    losses = find_exchange_losses(model, point, columns, weight)
    impossible = find_impossible_columns(model, columns)
    for column, loss, never in zip(columns.tolist(), losses.tolist(), impossible.tolist(), strict=True):
        possible = {up * int(model.objective @ (point - one)) for one in points if one[column]}
        assert not (never and possible)
        event("none" if not possible else "missed" if loss == FAR else "found")
        assert loss == FAR or loss in possible
    assert (find_exchange_losses(model, point, columns, weight, Deadline(0.0)) == FAR).all()


def test_a_floor_and_two_caps_leave_one_exchange() -> None:
    """With the floor of a theme and both caps tight, only the dossier of the same theme and place can leave."""
    model = LinearModel(
        matrix=np.array([[5, 5, 5, 4], [5, 0, 5, 0], [5, 0, 5, 4]]),
        row_lower=[NO_LOWER, NO_LOWER, 9], row_upper=[14, 5, NO_UPPER],
        col_lower=[0] * 4, col_upper=[1] * 4, integer=[True] * 4, objective=[3, 9, 7, 1],
        sense=Sense.MAXIMISE, row_names=["whole", "place", "theme"], col_names=["a", "b", "c", "d"],
    )  # fmt: skip
    point = np.array([0, 1, 1, 1])
    assert find_exchange_losses(model, point, np.array([0]), np.array([5, 5, 5, 4])).tolist() == [4]
