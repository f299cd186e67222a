"""Amounts as choices: every point of a model is a choice of amounts, and no other choice is one."""

from __future__ import annotations

import random
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from support.lanes import seeds
from support.tiny_scenario import tiny

from tnt_sim.formulation.formulate import Formulation, formulate
from tnt_sim.formulation.linear_model import IntArray, LinearModel, SolveStage
from tnt_sim.rules.protocols import Sense
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.solve.reductions import amounts_as_binaries as amounts
from tnt_sim.solve.reductions.amounts_as_binaries import AmountsAsBinaries, AmountsInverse

TABLE = "dossier,kind,department,cost,requested,score\n"
SCENARIO = """schema_version: 1
id: tiny
programme: {{id: tout, amount: {amount} €}}
dossiers: [{{file: table.csv}}]
grants:
  - {{where: {{kind: levels}}, mode: levels, levels: [20 %, 30 %, 50 %]}}
  - {{where: {{kind: range}}, mode: range, min_rate: 20 %, max_rate: 40 %, round: 100 €}}
  - {{where: {{kind: plain}}, mode: all_or_nothing, max_rate: 40 %}}
objective: [{{maximise: {{{goal}: 1}}}}]
rules:
  - {{id: part, kind: limit, measure: granted, where: {{department: "01"}}, min: {floor} €}}
{decided}solver: {{cross_check: never}}
"""


def form_of(folder: Path, seed: int, goal: str) -> Formulation:
    """Four dossiers of any kinds under an amount and a floor, one of them decided perhaps."""
    dice = random.Random(seed)
    kinds = [dice.choice(["levels", "range", "plain"]) for _ in range(4)]
    rows = []
    for k, kind in enumerate(kinds):
        cost = 1000 * dice.randint(1, 2)
        rows.append(
            f"D{k},{kind},{'01' if k > 1 else dice.choice(['01', '02'])},{cost},{cost},{dice.randint(1, 5)}"
        )
    fund = dice.choice(["", "fund: [D0]", "refuse: [D1]", "fund: [D0], refuse: [D1]"])
    decided = f"  - {{id: jury, kind: decide, {fund}}}\n" if fund else ""
    text = SCENARIO.format(
        amount=dice.randint(8, 25) * 100, goal=goal, floor=dice.choice([0, 300]), decided=decided
    )
    return formulate(compile_problem(tiny(folder, text, TABLE + "\n".join(rows) + "\n")))


def stages_of(form: Formulation) -> list[SolveStage]:
    return [
        SolveStage(stage.name, stage.objective, stage.sense) for stage in (*form.stages, form.least_granted)
    ]


def points(model: LinearModel) -> set[tuple[int, ...]]:
    """Every whole point of a small model."""
    ranges = [
        range(low, high + 1)
        for low, high in zip(model.col_lower.tolist(), model.col_upper.tolist(), strict=True)
    ]
    every = np.array(list(product(*ranges)), dtype=np.int64).reshape(-1, model.n_cols)
    reached = every @ model.matrix.toarray().T
    kept = ((reached >= model.row_lower) & (reached <= model.row_upper)).all(axis=1)
    return {tuple(point) for point in every[kept].tolist()}


def expanded(reduced: tuple[LinearModel, AmountsInverse]) -> list[tuple[int, ...]]:
    small, choices = reduced
    return [tuple(choices.expand(np.array(z, dtype=np.int64)).tolist()) for z in points(small)]


@pytest.mark.parametrize("seed", seeds(range(20), 12))
def test_choices_are_the_points_of_the_model(tmp_path: Path, seed: int) -> None:
    form = form_of(tmp_path, seed, "score")
    stages = stages_of(form)
    reduced = AmountsAsBinaries(stages, form.recovery).apply(form.model)
    assert reduced is not None
    small_model, choices = reduced
    found = expanded(reduced)
    assert len(set(found)) == len(found)
    assert set(found) == points(form.model)
    asked = choices.translate_stages(stages)
    for z in points(small_model):
        x = choices.expand(np.array(z, dtype=np.int64))
        for stage, small in zip(stages, asked, strict=True):
            given = small.constant - stage.constant + int(small.objective @ np.array(z, dtype=np.int64))
            assert given == int(stage.objective @ x)


@pytest.mark.parametrize("seed", seeds(range(20), 12))
def test_of_two_choices_the_first_has_the_first_place_that_only_one_holds(tmp_path: Path, seed: int) -> None:
    """The order of `Menus` is the order of the walk: who is funded by rank, then how much by rank."""
    form = form_of(tmp_path, seed, "score")
    reduced = AmountsAsBinaries(stages_of(form), form.recovery).apply(form.model)
    assert reduced is not None
    small, choices = reduced
    found = [np.array(z, dtype=np.int64) for z in points(small)]
    recovery = form.recovery

    def rank(z: IntArray) -> tuple[list[int], list[int]]:
        x = choices.expand(z)
        return x[recovery.funded_columns].tolist(), x[recovery.amount_columns].tolist()

    places = [set(choices.choice_groups.compute_rank_key(np.flatnonzero(z)).tolist()) for z in found]
    for one, ours in zip(found, places, strict=True):
        for other, theirs in zip(found, places, strict=True):
            if ours != theirs:
                assert (rank(one) > rank(other)) == (min(ours ^ theirs) in ours)


@pytest.mark.parametrize("goal", ["score", "granted", "leverage", "dossiers"])
@pytest.mark.parametrize("seed", seeds(range(20), 6))
def test_what_a_lean_model_leaves_out_is_never_the_best_under_caps(
    tmp_path: Path, seed: int, goal: str
) -> None:
    """Without the floor: the best value, and the least granted for it, are the same."""
    form = form_of(tmp_path, seed, goal)
    free = form.model.with_row_bounds(np.full(form.model.n_rows, -(2**62)), form.model.row_upper)
    links = np.array([name.startswith("link") for name in form.model.row_names])
    model = free.with_row_bounds(np.where(links, form.model.row_lower, free.row_lower), free.row_upper)
    stages = stages_of(form)
    lean = AmountsAsBinaries(stages, form.recovery, lean=True).apply(model)
    assert lean is not None

    def best(found: set[tuple[int, ...]]) -> tuple[int, int]:
        goals = [stage.objective for stage in stages]
        return max((int(goals[0] @ np.array(x)), -int(goals[1] @ np.array(x))) for x in found)

    assert set(expanded(lean)) <= points(model)
    assert best(set(expanded(lean))) == best(points(model))


def test_ranges_of_too_many_units_are_left_to_a_solver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = next(f for f in (form_of(tmp_path, seed, "score") for seed in range(9)) if len(f.recovery.ranged))
    monkeypatch.setattr(amounts, "MOST_CHOICES", 2)
    assert AmountsAsBinaries(stages_of(form), form.recovery).apply(form.model) is None
    assert AmountsAsBinaries(stages_of(form), form.recovery, lean=True).apply(form.model) is not None


@pytest.mark.parametrize("each", [2**50, 2**52, 2**53 - 1])
def test_goals_that_are_too_wide_over_choices_are_left_to_a_solver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, each: int
) -> None:
    """A unit's worth times the units leaves what a model holds, or 64 bits: that would be another goal."""
    form = next(f for f in (form_of(tmp_path, seed, "score") for seed in range(9)) if len(f.recovery.ranged))
    goal = np.zeros(form.model.n_cols, dtype=np.int64)
    goal[form.recovery.ranged_columns] = each
    stages = [SolveStage("wide", goal, Sense.MAXIMISE), stages_of(form)[-1]]
    units = int(form.model.col_upper[form.recovery.ranged_columns].max())
    for lean in (True, False):
        found = AmountsAsBinaries(stages, form.recovery, lean).apply(form.model)
        assert (found is None) == (each * units >= 2**53)
    monkeypatch.setattr(amounts, "ROOM", 2**9)
    assert AmountsAsBinaries(stages_of(form), form.recovery).apply(form.model) is None
