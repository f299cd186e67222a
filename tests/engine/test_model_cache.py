"""Models that are reused equal models that are built anew, for every kind of rule."""

from __future__ import annotations

import numpy as np
import pytest
from support.lanes import first_of, seeds
from support.mixed_cases.points import problem_of

from tnt_sim.engine.model_cache import ModelCache
from tnt_sim.engine.optimise import with_fixed
from tnt_sim.formulation.formulate import formulate
from tnt_sim.solve.backends.incremental_lp import compare_models


@pytest.mark.drawn
@pytest.mark.parametrize("first", seeds(range(0, 60, 20), 1))
def test_a_model_with_other_forced_dossiers_is_that_of_a_fresh_writing(
    first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = []

    def count(*words: object, **more: object) -> object:
        built.append(words)
        return formulate(*words, **more)

    monkeypatch.setattr("tnt_sim.engine.model_cache.formulate", count)
    n_reused = 0
    for seed in first_of(range(first, first + 20), 8):
        problem = problem_of(seed)
        if problem is None:
            continue
        cache = ModelCache()
        cache.build_formulation(problem)
        built.clear()
        for row in np.flatnonzero(problem.offers.candidate).tolist():
            question = with_fixed(problem, [row])
            form, fresh = cache.build_formulation(question), formulate(question)
            assert compare_models(form.model, fresh.model).is_empty
            assert form.model.col_lower.tolist() == fresh.model.col_lower.tolist()
            assert form.recovery.forced.tolist() == fresh.recovery.forced.tolist()
            assert (form.labels, form.units) == (fresh.labels, fresh.units)
            for one, other in zip(
                (*form.stages, form.least_granted), (*fresh.stages, fresh.least_granted), strict=True
            ):
                assert one.objective.tolist() == other.objective.tolist()
                assert (one.scale, one.constant, one.sense) == (other.scale, other.constant, other.sense)
            n_reused += 1
        assert built == []
        again = cache.build_formulation(problem)
        assert again.model.col_lower.tolist() == formulate(problem).model.col_lower.tolist()
    assert n_reused > 10
