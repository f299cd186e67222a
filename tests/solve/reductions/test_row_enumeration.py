"""Short rows as lists of choices: the lists hold what they say, and no point worth having is closed."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lanes import Lane, drawn, first_of
from support.solve_instances import model_of, points_of

from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, LinearModel
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.backend import Limits
from tnt_sim.solve.backends.highs import HighsBackend
from tnt_sim.solve.methods import lexicographic
from tnt_sim.solve.methods.lexicographic import fix_columns
from tnt_sim.solve.reductions import row_enumeration as bundles
from tnt_sim.solve.reductions.row_enumeration import RowEnumeration, Short


def crossing(seed: int, n: int, sense: Sense) -> LinearModel:
    """Short caps side by side, one cap on all, a floor and a count across: 0-1 columns, a few of them fixed."""
    rng = np.random.default_rng(seed)
    weight, group = rng.integers(2, 30, n), np.arange(n) % max(1, n // 4)
    rows = [np.where(group == g, weight, 0) for g in range(int(group.max()) + 1)]
    lower = [NO_LOWER] * len(rows)
    upper = [int(row.sum()) // 2 + int(rng.integers(-2, 4)) for row in rows]
    rows += [weight * 1, np.where(rng.random(n) < 0.5, weight, 0), (rng.random(n) < 0.3).astype(np.int64)]
    lower += [NO_LOWER, int(rows[-2].sum()) // 5, NO_LOWER]
    upper += [int(weight.sum()) * 2 // 5, NO_UPPER, max(1, int(rows[-1].sum()) - 1)]
    gain = weight * 3 + rng.integers(-8, 25, n)
    model = model_of(
        [row.tolist() for row in rows],
        lower,
        upper,
        (gain if sense is Sense.MAXIMISE else -gain).tolist(),
        sense,
    )
    zero, one = np.zeros(n, np.int64), np.ones(n, np.int64)
    zero[rng.random(n) < 0.08] = 1
    return model.with_bounds(zero, one)


@pytest.mark.drawn
def test_every_point_worth_having_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundles, "LEAST", 1)
    monkeypatch.setattr(lexicographic, "MANY_OPEN", 0)
    n_closed = n_more = 0
    for seed in first_of(range(150), 50):
        model = crossing(seed, 4 + seed % 9, list(Sense)[seed % 2])
        duals = HighsBackend().solve(model, relax=True).row_duals
        points = points_of(model)
        if duals is None or not len(points):
            continue
        values = points @ model.objective
        up = model.sense is Sense.MAXIMISE
        limit = int(np.sort(values if up else -values)[-min(len(values), 1 + seed % 4)]) * (1 if up else -1)
        worth = points[values >= limit if up else values <= limit]
        result = RowEnumeration(duals, limit, HighsBackend(), Limits()).apply(model)
        closed = model if result is None else result[0]
        assert ((worth >= closed.col_lower) & (worth <= closed.col_upper)).all()
        both = fix_columns(model, HighsBackend(), limit)
        assert ((worth >= both.col_lower) & (worth <= both.col_upper)).all()
        n_closed += int(
            (closed.col_lower == closed.col_upper).sum() - (model.col_lower == model.col_upper).sum()
        )
        monkeypatch.setattr(lexicographic, "MANY_OPEN", 99)
        alone = fix_columns(model, HighsBackend(), limit)
        monkeypatch.setattr(lexicographic, "MANY_OPEN", 0)
        n_more += int((both.col_lower == both.col_upper).sum() - (alone.col_lower == alone.col_upper).sum())
    assert n_closed > (200 if Lane.is_whole() else 60)
    assert n_more > (10 if Lane.is_whole() else 2)


def test_where_lists_close_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    model = crossing(3, 24, Sense.MAXIMISE)
    duals = HighsBackend().solve(model, relax=True).row_duals
    assert duals is not None
    worth_anything = RowEnumeration(duals, 0, HighsBackend(), Limits())
    assert worth_anything.apply(model) is None  # too few short rows
    monkeypatch.setattr(bundles, "LEAST", 1)
    assert worth_anything.apply(model) is not None
    assert (
        RowEnumeration(duals, 10**9, HighsBackend(), Limits()).apply(model) is None
    )  # nothing is worth so much
    monkeypatch.setattr(bundles, "MOST_CHOICES", 1)
    assert worth_anything.apply(model) is None  # a list is too long


@drawn(150)
@given(
    st.lists(st.tuples(st.integers(-9, 20), st.integers(1, 9)), min_size=1, max_size=8),
    st.integers(0, 30),
    st.integers(0, 25),
)
def test_a_list_holds_every_choice_within_the_slack(columns, room: int, slack: int) -> None:
    gain, weight = (np.array([c[k] for c in columns], dtype=np.int64) for k in (0, 1))
    found = bundles._enumerate_row(gain, Short(0, np.arange(len(columns)), weight, room), slack)
    every = [x for x in product((0, 1), repeat=len(columns)) if int(weight @ np.array(x)) <= room]
    worth = {x: int(gain @ np.array(x)) for x in every}
    best = max(worth.values())
    assert found is not None
    assert found.best == best
    listed = [tuple(row) for row in found.choices.astype(int).tolist()]
    assert sorted(listed) == sorted(x for x, value in worth.items() if value >= best - slack)
