"""A local search meets points that satisfy all rows, also where additions alone meet none."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from support.lanes import seeds

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.formulation.formulate import formulate
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, LinearModel
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.solve.methods import exact_kernels
from tnt_sim.solve.methods.best_known import BestKnown
from tnt_sim.solve.methods.greedy import _build_moves, _Filling, find_greedy_point, search_better_point
from tnt_sim.solve.methods.local_search import search_point
from tnt_sim.sparse_matrix import SparseMatrix


def draw(rng: np.random.Generator, n: int) -> LinearModel:
    """Rows between bounds that some choice of the columns satisfies."""
    n_rows = int(rng.integers(1, 5))
    matrix = rng.integers(0, 40, (n_rows, n)) * (rng.random((n_rows, n)) < 0.7)
    reached = matrix @ rng.integers(0, 2, n)
    slack = rng.integers(0, 15, (2, n_rows))
    lower = np.where(rng.random(n_rows) < 0.7, reached - slack[0], NO_LOWER)
    upper = np.where(rng.random(n_rows) < 0.7, reached + slack[1], NO_UPPER)
    return LinearModel(
        matrix=matrix, row_lower=lower, row_upper=upper, col_lower=np.zeros(n, np.int64),
        col_upper=np.ones(n, np.int64), integer=np.ones(n, bool), objective=rng.integers(0, 30, n),
        sense=Sense.MAXIMISE, row_names=[f"r{k}" for k in range(n_rows)], col_names=[f"x{j}" for j in range(n)],
    )  # fmt: skip


@pytest.mark.parametrize("seed", seeds(range(20), 5))
def test_what_it_returns_satisfies_all_rows(seed: int) -> None:
    rng, n_met, n_best = np.random.default_rng(seed), 0, 0
    for _ in range(8):
        n = int(rng.integers(2, 9))
        model = draw(rng, n)
        moves = SparseMatrix.from_dense(np.eye(n, dtype=np.int64))
        point = search_point(model, moves, np.zeros(n, np.int64), model.objective, UNLIMITED, 200)
        if point is None:
            continue
        n_met += 1
        assert model.is_feasible(point)
        choices = (np.array(x) for x in itertools.product([0, 1], repeat=n))
        best = max(model.compute_value(x) for x in choices if model.is_feasible(x))
        n_best += model.compute_value(point) == best
    assert n_met >= 6
    assert n_best >= 3


def write_close_caps(folder: Path) -> Path:
    """Sixty dossiers whose groups on two axes get nine tenths of their caps at least; SYNTHETIC."""
    rng = np.random.default_rng(3)
    cents = rng.integers(100_000, 900_000, 60)
    axes = {name: rng.integers(0, 4, 60) for name in ("dep", "theme")}
    rows = [
        f"D{k:02d},{axes['dep'][k]},{axes['theme'][k]},{c // 100}.{c % 100:02d},{rng.integers(1, 99) / 10}"
        for k, c in enumerate(cents.tolist())
    ]
    (folder / "dossiers.csv").write_text("dossier,dep,theme,requested,score\n" + "\n".join(rows) + "\n")
    rules = ""
    for name, group in axes.items():
        for k in range(4):
            cap = int(cents[group == k].sum()) // 200
            rules += (
                f"  - {{id: {name}-{k}, kind: limit, measure: granted, where: {{{name}: {k}}}, "
                f"min: {cap * 9 // 10} €, max: {cap} €}}\n"
            )
    text = "schema_version: 1\nid: close\nprogramme: {id: p, amount: 1 M€}\n"
    text += "dossiers: [{file: dossiers.csv}]\nobjective: [{maximise: {score: 1}}]\nrules:\n"
    (folder / "close.yaml").write_text(text + rules, encoding="utf-8")
    return folder / "close.yaml"


def test_floors_near_their_caps_leave_a_first_list(tmp_path: Path) -> None:
    form = formulate(compile_problem(load_scenario(write_close_caps(tmp_path))))
    model, goal = form.model, form.stages[0].to_solve_stage()
    cost, x = form.least_granted.objective, np.zeros(form.model.n_cols, dtype=np.int64)
    moves = _build_moves(form.recovery, model.col_upper > 0, goal.objective, cost, useful_only=False)
    filling = _Filling(model, x.copy(), np.asarray(model.compute_activity(x)))
    assert not filling.reach_lower_bounds(moves, UNLIMITED)  # additions alone meet none
    point = find_greedy_point(model, form.recovery, goal, cost)
    assert point is not None
    assert model.is_feasible(point)
    assert search_better_point(model, form.recovery, goal, cost, Deadline(0.0)) is None


def test_kernels_that_give_up_leave_its_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exact_kernels, "SEARCH_SHARE", 1_000.0)
    form = formulate(compile_problem(load_scenario(write_close_caps(tmp_path))))
    stages = [form.stages[0].to_solve_stage(), form.least_granted.to_solve_stage()]
    known = BestKnown()
    found = exact_kernels.solve_exactly(form.model, stages, recovery=form.recovery, known=known, max_work=0)
    assert found is None
    assert known.point is not None
    assert form.model.is_feasible(known.point)
