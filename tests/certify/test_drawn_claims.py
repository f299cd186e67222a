"""The claims of a problem hold the allocations that its rules let stand, at the values read, and no others."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from pathlib import Path
from random import Random

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array
from support.lanes import seeds
from support.mixed_cases.points import points_of, problem_of
from support.tiny_scenario import tiny

from tnt_sim.certify.claim_systems import Claims, build_claims, compute_granted_value
from tnt_sim.certify.row_writer import RowWriter
from tnt_sim.rules.linear_terms import IntArray
from tnt_sim.rules.second_reading.rows import ChoiceColumns
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.verify.allocation_reading import Allocation, list_broken_rules, read_allocation

FEW = 8
"""Allocations of a problem that are looked at."""


def values_of(claims: Claims, columns: IntArray) -> list[Fraction] | None:
    """The best of each stage with the first columns settled, the others free; None where no point is left."""
    system = claims.system
    rows, n = system.rows, len(columns)
    for block in np.flatnonzero(system.must):
        if not columns[: system.n_choices][system.block[: system.n_choices] == block].any():
            return None
    matrix = csr_array((rows.value.astype(float), (rows.row, rows.col)), shape=(rows.n, system.n_cols))
    low, high = system.low.copy(), system.high.copy()
    if ((columns < low[:n]) | (columns > high[:n])).any():
        return None
    low[:n] = high[:n] = columns
    found = []
    for goal in claims.goals:
        answer = milp(
            -goal.sign * goal.coefficient.astype(float), integrality=np.ones(system.n_cols),
            bounds=Bounds(low, high), constraints=LinearConstraint(matrix, ub=rows.upper.astype(float)),
        )  # fmt: skip
        if answer.x is None:
            return None
        point = np.rint(answer.x).astype(np.int64)
        found.append(goal.scale * (int(goal.coefficient @ point) + goal.constant))
    return found


@pytest.mark.parametrize("first", seeds(range(0, 24, 8), 1))
def test_claims_hold_the_allocations_of_the_rules_at_their_values(first: int) -> None:
    counted: Counter[str] = Counter()
    for seed in range(first, first + 8):
        problem = problem_of(seed)
        points = None if problem is None else points_of(problem)
        if problem is None or points is None:
            continue
        claims = build_claims(problem)
        size = points.columns.shape[1]
        assert not claims.system.low[:size].any()
        assert (claims.system.high[:size] == points.columns.max(axis=0)).all()
        dice = Random(seed)
        for k in dice.sample(range(len(points.columns)), min(FEW, len(points.columns))):
            allocation = Allocation(points.funded[k], points.granted[k])
            reading = read_allocation(problem, allocation)
            fine = not list_broken_rules(problem, allocation, reading)
            found = values_of(claims, points.columns[k])
            assert (found is not None) is fine, (seed, k)
            if found is not None:
                assert found == [*reading.values, compute_granted_value(problem, points.granted[k])], (
                    seed,
                    k,
                )
            counted["fine" if fine else "broken"] += 1
    assert set(counted) == {"fine", "broken"}


def test_a_link_is_bounded_on_both_sides() -> None:
    problem = next(
        one for one in map(problem_of, range(40)) if one is not None and one.offers.candidate.sum() > 1
    )
    sheet = RowWriter(problem.offers, ChoiceColumns.of(problem.offers))
    start, (a, b) = len(sheet.upper), np.flatnonzero(problem.offers.candidate)[:2].tolist()
    sheet.add_link("pair", [(a, 2), (b, -1)], 3)
    sheet.add_link("pair", [(a, 2), (b, -1)], 3, -1)
    assert (sheet.names[start:], sheet.upper[start:]) == (["pair"] * 3, [3, 3, 1])
    assert [value.tolist() for *_, value in sheet.entries[-3:]] == [[2, -1], [2, -1], [-2, 1]]


def test_what_counts_once_is_there_if_and_only_if_a_holder_is_funded(tmp_path: Path) -> None:
    """The first two dossiers share a key, which gets a column; the third holds another alone, and is its own."""
    problem = compile_problem(tiny(tmp_path))
    sheet = RowWriter(problem.offers, ChoiceColumns.of(problem.offers))
    start = len(sheet.upper)
    keys, handle = sheet._resolve_handles(np.array([0, 1, 2]), np.array([5, 5, 9]))
    assert (keys.tolist(), handle.tolist()) == ([5, 9], [sheet.first_free, 2])
    rows = sheet.build_system().rows
    matrix = np.zeros((rows.n, 5), dtype=np.int64)
    matrix[rows.row, rows.col] = rows.value
    assert sorted(matrix[start:].tolist()) == [[-1, -1, 0, 0, 1], [0, 1, 0, 0, -1], [1, 0, 0, 0, -1]]
    assert rows.upper[start:].tolist() == [0, 0, 0]
