"""An answer that a limit ended is never worse than a greedy list, nor than a list that was there before."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from support.lanes import seeds
from support.tiny_scenario import tiny

from tnt_sim.deadline import Deadline
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.incumbent import find_late_allocation, is_better_list
from tnt_sim.engine.model_cache import ModelCache
from tnt_sim.engine.optimise import OptimiseOptions, optimise
from tnt_sim.engine.result import Status
from tnt_sim.formulation.formulate import Formulation, formulate
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.verify.allocation_reading import Allocation, AllocationReading, read_allocation

TEXT = """schema_version: 1
id: s
title: SYNTHETIC
programme: {{id: tout, amount: {amount} €}}
dossiers: [{{file: table.csv}}]
rules:
  - {{id: theme, kind: limit, measure: granted, where: {{theme: sport}}, min: 150.05 €}}
objective: [{{maximise: {{score: 1}}}}]
"""

SEED = 3
"""A programme whose greedy list is not the best."""


def draw(folder: Path, seed: int) -> Problem:
    dice = np.random.default_rng(seed)
    rows = [
        f"D{k:02},{dice.integers(20_00, 120_00) / 100:.2f},{dice.integers(1, 100)},{dice.choice(['sport', 'art'])}"
        for k in range(40)
    ]
    table = "\n".join(["dossier,requested,score,theme", *rows]) + "\n"
    return compile_problem(tiny(folder, TEXT.format(amount=dice.integers(600, 1500)), table))


def find_greedy(problem: Problem) -> AllocationReading:
    form = formulate(problem)
    found = find_late_allocation(problem, form, form.stages[0].to_solve_stage(), (), Deadline(None))
    assert found is not None
    return found[1]


@pytest.mark.parametrize("seed", seeds(range(20), 3))
@pytest.mark.parametrize("with_evidence", [True, False])
def test_a_search_without_time_gives_the_greedy_list(tmp_path: Path, seed: int, with_evidence: bool) -> None:
    problem = draw(tmp_path, seed)
    options = OptimiseOptions(first_list=True, search_seconds=0.0, with_evidence=with_evidence)
    answer = optimise(problem, options, clock=Clock.from_deadline(Deadline(9.0, lambda: 0.0)))
    assert answer.status is Status.FEASIBLE
    assert answer.values == find_greedy(problem).values
    assert answer.granted_cents


@pytest.mark.parametrize("seed", seeds(range(20), 3))
@pytest.mark.parametrize("with_evidence", [True, False])
def test_a_limit_before_the_greedy_list_still_gives_it(
    tmp_path: Path, seed: int, with_evidence: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time is up once the model stands: what is granted is the greedy list, not what is committed alone."""
    problem, now, build = draw(tmp_path, seed), [0.0], ModelCache.build_formulation

    def slow(cache: ModelCache, built: Problem, deadline: Deadline) -> Formulation:
        form = build(cache, built, deadline)
        now[0] = 9.0
        return form

    monkeypatch.setattr(ModelCache, "build_formulation", slow)
    options = OptimiseOptions(first_list=True, with_evidence=with_evidence)
    answer = optimise(problem, options, clock=Clock.from_deadline(Deadline(9.0, lambda: now[0])))
    assert answer.values == find_greedy(problem).values


def test_a_known_list_stands_where_it_is_feasible_and_better(tmp_path: Path) -> None:
    problem = draw(tmp_path, SEED)
    best = optimise(problem)
    assert best.allocation is not None
    assert best.reading is not None
    assert is_better_list(problem, best.reading, find_greedy(problem)), (
        "a seed whose greedy list is not the best"
    )
    clock = Clock.from_deadline(Deadline(9.0, lambda: 0.0))

    def find_known(known: Allocation, of: Problem = problem) -> tuple[object, ...]:
        options = OptimiseOptions(first_list=True, search_seconds=0.0, known_lists=(known,))
        return optimise(of, options, clock=clock).values

    assert find_known(best.allocation) == best.values
    every = Allocation(
        problem.offers.candidate, np.where(problem.offers.candidate, problem.offers.most_cents, 0)
    )
    assert read_allocation(problem, every).granted_cents > 1500_00, "more than there is"
    assert find_known(every) == find_greedy(problem).values
    worse = Allocation(np.zeros_like(best.allocation.funded), np.zeros_like(best.allocation.granted_cents))
    assert find_known(worse) == find_greedy(problem).values


TOLERANT = """schema_version: 1
id: s
title: SYNTHETIC
programme: {id: tout, amount: 8 €}
dossiers: [{file: table.csv}]
objective: [{maximise: {score: 1}, tolerance: 10 %}, {minimise: {granted: 1}}]
"""


def test_the_tolerance_of_a_search_that_ended_counts_from_its_best_value(tmp_path: Path) -> None:
    """9 of 10 points for less money are within it; 8.2 are not, though they lie within 10 % of the 9 shown."""
    table = "dossier,requested,score\nA,8,10\nB,4,9\nC,2,8.2\n"
    problem = compile_problem(tiny(tmp_path, TOLERANT, table))
    whole, fair, low = (
        read_allocation(problem, Allocation(funded, funded * problem.offers.lowest_cents))
        for funded in np.eye(3, dtype=bool)
    )
    bests = (Fraction(10), whole.values[1])
    assert is_better_list(problem, fair, whole, bests)
    assert is_better_list(problem, low, fair)
    assert not is_better_list(problem, low, fair, bests)
