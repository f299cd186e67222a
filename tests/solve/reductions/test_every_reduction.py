"""Every reduction of the registry: an optimum of the reduced model, carried back, is one of the model before."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import pytest
from support.drawn_models import draw_model, draw_short_rows
from support.lanes import first_of, share
from support.solve_instances import points_of

from tnt_sim.formulation.linear_model import IntArray, LinearModel, SolveStage
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends.backend import Limits
from tnt_sim.solve.backends.highs import HighsBackend
from tnt_sim.solve.reductions import row_enumeration
from tnt_sim.solve.reductions.reduction import Inverse, ModelSize, Reduction, apply_chain
from tnt_sim.solve.reductions.registry import REDUCTIONS


@pytest.fixture(autouse=True)
def _few_short_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models that can be enumerated have few short rows."""
    monkeypatch.setattr(row_enumeration, "LEAST", 1)


def find_optima(model: LinearModel) -> tuple[int, IntArray] | None:
    """The best value and every point that has it; None if no point is feasible."""
    points = points_of(model)
    if not len(points):
        return None
    values = points @ model.objective
    best = int(values.max() if model.sense is Sense.MAXIMISE else values.min())
    return best, points[values == best]


def assert_inverse(model: LinearModel, small: LinearModel, inverse: Inverse, *, keeps_optima: bool) -> None:
    """All optima of the reduced model come back as optima, and its bound as the bound."""
    before, after = find_optima(model), find_optima(small)
    assert (before is None) == (after is None)
    if before is None or after is None:
        return
    carried = [inverse.expand(point) for point in after[1]]
    for point in carried:
        assert model.is_feasible(point)
        assert model.compute_value(point) == before[0]
    assert inverse.expand_bound(after[0]) == before[0]
    if keeps_optima:
        assert {tuple(x.tolist()) for x in carried} == {tuple(x.tolist()) for x in before[1]}


def draw_cases(seed: int) -> Iterator[tuple[LinearModel, dict[str, Any]]]:
    """Models, each with what reductions ask for, by the name of their fields."""
    dice, drawn = random.Random(seed), draw_model(seed)
    for model, recovery in ((drawn.model, drawn.recovery), (draw_short_rows(seed), None)):
        known: dict[str, Any] = {
            "stages": [SolveStage("goal", model.objective, model.sense)],
            "lean": drawn.only_caps and dice.random() < 0.5,
            "backend": HighsBackend(),
            "limits": Limits(),
        }
        if recovery is not None:
            known["recovery"] = recovery
        points, duals = points_of(model), HighsBackend().solve(model, relax=True).row_duals
        if len(points) and duals is not None:
            incumbent = points[dice.randrange(len(points))]
            known |= {"row_duals": duals, "value": model.compute_value(incumbent)}
            known |= {"incumbent": dice.choice([None, incumbent]), "around": dice.choice([None, incumbent])}
        yield model, known


def build(kind: type[Reduction], known: dict[str, Any]) -> Reduction | None:
    """A reduction with its fields filled by name; None if the case lacks one that it needs."""
    wanted = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    try:
        return kind(**{name: value for name, value in known.items() if name in wanted})
    except TypeError:
        return None


@pytest.mark.drawn
@pytest.mark.parametrize("kind", REDUCTIONS, ids=lambda kind: kind.name)
def test_an_optimum_carried_back_is_an_optimum(kind: type[Reduction]) -> None:
    n_changed = 0
    for seed in first_of(range(120), 60):
        for model, known in draw_cases(seed):
            reduction = build(kind, known)
            result = None if reduction is None else reduction.apply(model)
            if reduction is None or result is None:
                continue
            small, inverse = result
            assert_inverse(model, small, inverse, keeps_optima=reduction.keeps_optima)
            n_changed += small is not model
    assert n_changed >= 10, f"no drawn model is one that {kind.name} changes"


@pytest.mark.drawn
def test_a_chain_runs_its_inverses_backwards() -> None:
    """All reductions that ask for nothing of one model alone, in any order."""
    for seed in range(share(120)):
        for model, known in draw_cases(seed):
            for_this_model = "recovery", "row_duals", "around"
            known = {name: value for name, value in known.items() if name not in for_this_model}
            chain = [reduction for kind in REDUCTIONS if (reduction := build(kind, known))]
            random.Random(seed).shuffle(chain)
            small, inverse, steps = apply_chain(chain, model)
            assert_inverse(model, small, inverse, keeps_optima=all(r.keeps_optima for r in chain))
            assert [step.before for step in steps[1:]] == [step.after for step in steps[:-1]]
            assert steps[0].before == ModelSize.of(model)
            assert steps[-1].after == ModelSize.of(small)


def test_names_are_those_of_modules_and_labels_are_in_both_languages() -> None:
    for kind in REDUCTIONS:
        assert kind.__module__.endswith(f".{kind.name}")
        assert kind.label.fr != kind.label.en
    assert len({kind.name for kind in REDUCTIONS}) == len(REDUCTIONS)
