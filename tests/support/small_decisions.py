"""Small 0-1 decisions of several stages, and all their optimal points by enumeration."""

from __future__ import annotations

from itertools import product

import numpy as np
from hypothesis import strategies as st

from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, LinearModel, SolveStage
from tnt_sim.rules.protocols import Sense
from tnt_sim.sparse_matrix import SparseMatrix


@st.composite
def decisions(draw: st.DrawFn) -> tuple[LinearModel, list[SolveStage]]:
    n, m = draw(st.integers(2, 8)), draw(st.integers(1, 4))
    # few different numbers: many ties, many equal columns
    rows = draw(
        st.lists(st.lists(st.sampled_from([0, 0, 1, 2]), min_size=n, max_size=n), min_size=m, max_size=m)
    )
    low = draw(st.lists(st.sampled_from([NO_LOWER, NO_LOWER, 1, 2]), min_size=m, max_size=m))
    high = draw(st.lists(st.sampled_from([NO_UPPER, 2, 3, 5]), min_size=m, max_size=m))
    fixed = draw(st.lists(st.sampled_from([None, None, None, 0, 1]), min_size=n, max_size=n))
    goals = draw(st.lists(st.lists(st.integers(0, 2), min_size=n, max_size=n), min_size=1, max_size=2))
    cost = draw(st.lists(st.integers(1, 3), min_size=n, max_size=n))
    model = LinearModel(
        SparseMatrix.from_dense(np.array(rows, dtype=np.int64)), np.array(low), np.array(high),
        np.array([0 if f is None else f for f in fixed]), np.array([1 if f is None else f for f in fixed]),
        np.ones(n, bool), np.zeros(n, np.int64), Sense.MAXIMISE,
        tuple(f"r{i}" for i in range(m)), [f"x{j}" for j in range(n)],
    )  # fmt: skip
    senses = [draw(st.sampled_from([Sense.MAXIMISE, Sense.MINIMISE])) for _ in goals]
    stages = [SolveStage(f"g{k}", np.array(g), s) for k, (g, s) in enumerate(zip(goals, senses, strict=True))]
    return model, [*stages, SolveStage("granted", np.array(cost), Sense.MINIMISE)]


def best_points(model: LinearModel, stages: list[SolveStage]) -> list[tuple[int, ...]]:
    """All optimal points, the greatest in rank order first."""
    bounds = zip(model.col_lower.tolist(), model.col_upper.tolist(), strict=True)
    points = [x for x in product(*(range(a, b + 1) for a, b in bounds)) if model.is_feasible(np.array(x))]
    for stage in stages:
        values = [int(stage.objective @ np.array(x)) for x in points]
        best = max(values, default=0) if stage.sense is Sense.MAXIMISE else min(values, default=0)
        points = [x for x, value in zip(points, values, strict=True) if value == best]
    return sorted(points, reverse=True)
