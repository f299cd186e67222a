"""Lists far from others, found from prices of nested caps, and limits of their distance, against enumeration."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from support.nested_caps import solve_nested_caps

from tnt_sim.analysis.alternatives import diverse_search
from tnt_sim.analysis.alternatives.alternatives import AlternativesResult, search_alternatives
from tnt_sim.analysis.alternatives.diverse_search import (
    DiverseSearch,
    build_distance_terms,
    compute_nearest_distance,
)
from tnt_sim.analysis.alternatives.far_lists import FarLists
from tnt_sim.analysis.shared.reference_solution import solve_reference
from tnt_sim.deadline import UNLIMITED, DeadlineExpired
from tnt_sim.engine.budgets import Clock
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.allocation_reading import Allocation, read_within_limits


def list_near(problem: Problem, floor: Fraction) -> list[Allocation]:
    """All lists that break no rule and are worth the floor."""
    offers = problem.offers
    found = []
    for chosen in product((False, True), repeat=problem.case.n):
        funded = np.array(chosen) & offers.candidate
        allocation = Allocation(funded, np.where(funded, offers.most_cents, 0))
        if read_within_limits(problem, allocation, (floor,)) is not None:
            found.append(allocation)
    return found


def stop_at_once(problem: Problem, within: Fraction, money: bool) -> AlternativesResult:
    return search_alternatives(
        problem, within, 2, Clock(1000.0), by="money" if money else "dossiers", steer=False
    )


@pytest.mark.parametrize("seed", range(8))
def test_every_list_is_within_its_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    base = solve_nested_caps(tmp_path, seed + 500, n=9, cents=seed % 2 == 1, rule=seed % 3 == 2)
    within, money = Fraction(1, 4), seed % 2 == 0
    monkeypatch.setattr(diverse_search, "MANY", 0)  # as with many candidates

    def stop(*_: object) -> None:
        raise DeadlineExpired

    monkeypatch.setattr(DiverseSearch, "fix_dossiers", stop)
    found = stop_at_once(base.problem, within, money)
    best = base.answer.bests[0]
    near = list_near(base.problem, best * (1 - within))
    known = [base.allocation]
    for one in found.portfolios:
        farthest = max(compute_nearest_distance(base.problem, known, other, money=money) for other in near)
        assert any(np.array_equal(one.allocation.funded, other.funded) for other in near)
        assert one.distance == compute_nearest_distance(base.problem, known, one.allocation, money=money)
        assert 0 < one.distance <= farthest
        assert farthest == one.distance if one.proven else one.bound is not None and farthest <= one.bound
        known.append(one.allocation)
    assert found.course.n_done == len(found.portfolios)
    assert found.course.stopped_by == "time"


def test_most_searches_find_lists(tmp_path: Path) -> None:
    n_lists = n_dropped = 0
    for seed in range(8):
        base = solve_nested_caps(tmp_path, seed + 500, n=40, cents=seed % 2 == 1, rule=False)
        floor = base.answer.bests[0] * Fraction(9, 10)
        lists = FarLists.of(base.problem, floor, UNLIMITED)
        assert lists is not None
        terms = build_distance_terms(base.problem, [base.allocation], money=False)
        allocation, bound = lists.find_far_list(terms, UNLIMITED)
        assert bound is not None
        dropped = lists.drop_least_valuable(base.allocation, 0, UNLIMITED)
        for one in (allocation, dropped):
            if one is not None:
                assert read_within_limits(base.problem, one, (floor,)) is not None
                assert compute_nearest_distance(base.problem, [base.allocation], one, money=False) <= bound
        n_lists += allocation is not None
        n_dropped += dropped is not None
    assert n_lists > 3
    assert n_dropped > 3


@pytest.mark.parametrize("seed", range(6))
def test_limits_hold_where_amounts_are_large(tmp_path: Path, seed: int) -> None:
    """Values in cents at prices of distances in cents do not wrap around 64 bits."""
    random = np.random.default_rng(seed)
    ask = np.round(np.exp(random.uniform(np.log(1000), np.log(3e7), 8)), 2)
    rows = "".join(f"D{k},{a:.2f},{a:.2f}\n" for k, a in enumerate(ask))
    (tmp_path / "dossiers.csv").write_text("dossier,cost,requested\n" + rows, encoding="utf-8")
    text = f"""schema_version: 1
id: large
title: SYNTHETIC
programme: {{id: tout, amount: {ask.sum() * 0.6:.2f} €}}
dossiers: [{{file: dossiers.csv}}]
objective: [{{maximise: {{granted: 1}}}}]
"""
    (tmp_path / "large.yaml").write_text(text, encoding="utf-8")
    base = solve_reference(load_scenario(tmp_path / "large.yaml"), prove=False)
    for part in (Fraction(1, 10), Fraction(9, 10), Fraction(1)):
        floor = base.answer.bests[0] * (1 - part)
        lists = FarLists.of(base.problem, floor, UNLIMITED)
        assert lists is not None
        near = list_near(base.problem, floor)
        for others in ([], [near[len(near) // 2]], [near[0], near[len(near) // 3]]):
            terms = build_distance_terms(base.problem, [base.allocation, *others], money=True)
            bound = lists.find_far_list(terms, UNLIMITED)[1]
            farthest = max(terms.evaluate(one.funded, one.granted_cents) for one in near) * terms.scale
            assert bound is not None
            assert farthest <= bound
