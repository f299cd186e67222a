"""Rows with columns of their own are read a second time: common rates, shared things, equal ranks, prices.

Every list of small cases is enumerated, with each value of the further columns that their meaning allows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from itertools import product
from pathlib import Path
from random import Random

import numpy as np
import pytest
from support.lanes import seeds
from support.tiny_scenario import tiny

from tnt_sim.certify.claim_systems import Claims, build_claims
from tnt_sim.certify.rule_rows import compare_readings
from tnt_sim.engine.result import Proof
from tnt_sim.engine.solve import solve
from tnt_sim.rules.linear_terms import IntArray
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.verify.allocation_reading import Allocation, list_broken_rules, read_allocation

TABLE = """dossier,department,applicant_id,population,cost,requested,score
1,01,x,100,1000.50,600.50,10
2,01,y,200,1000,500,9.5
3,01,x,100,2000,800.25,9.5
4,33,x,,900,400,7
5,33,,40,700,300.10,9.5
"""
HEAD = """schema_version: 1
id: tiny
programme: {id: tout, amount: 1 500 €}
dossiers: [{file: table.csv}]
"""
GOAL = "objective: [{maximise: {score: 1}}]\n"
FOUR = "where: {dossier: ['1', '2', '3', '4']}"
ONCE = f"measures: {{people: {{column: population, once_per: applicant_id, empty: 0, {FOUR}}}}}\n"
CASES = {
    "common rates": GOAL + "grants: [{mode: common_rate, by: department, levels: [20 %, 30.5 %, 60 %]}]\n",
    "applicants": GOAL + "rules: [{id: r, kind: limit, measure: applicants, max: 1}]\n",
    "applicants, at least": GOAL
    + "rules: [{id: r, kind: limit, by: department, measure: applicants, min: 1}]\n",
    "population once": GOAL
    + ONCE
    + "rules: [{id: r, kind: limit, by: department, measure: people, max: 150}]\n",
    "counted once in a goal": ONCE + "objective: [{maximise: {people: 1}}, {maximise: {applicants: 1}}]\n",
    "share of what counts once": (
        GOAL + ONCE + "rules: [{id: r, kind: share, measure: people, where: {department: '33'}, max: 40 %}]\n"
    ),
    "equal ranks": GOAL + "rules: [{id: r, kind: order, rank: score, by: department}]\n",
    "equal ranks of all": GOAL + "rules: [{id: r, kind: order, rank: score}]\n",
    "a price in cents": (
        GOAL + "rules: [{id: r, kind: limit, by: department, measure: granted, max: 700.33 €, "
        "penalty: {cost: 0.01, stage: 1}}]\n"
    ),
    "a price on both sides": (
        GOAL + "rules: [{id: r, kind: limit, measure: score, min: 12.25, max: 20.75, "
        "penalty: {cost: 1.5, stage: 1}}]\n"
    ),
    "a price of what counts once": (
        GOAL + "rules: [{id: r, kind: limit, measure: applicants, max: 1, penalty: {cost: 2, stage: 1}}]\n"
    ),
    "covered departments at a price": (
        GOAL + "territory: {year: 2021}\nrules: [{id: r, kind: coverage, "
        "units: {type: departement}, covered_by: department, "
        "measure: units, min: 1.5 %, penalty: {cost: 1, stage: 1}}]\n"
    ),
    "a price of shares": (
        GOAL
        + "rules: [{id: r, kind: share, by: department, of: all, measure: granted, min: 33.5 %, max: 66 %, "
        "penalty: {cost: 0.003, stage: 1}}]\n"
    ),
    "a price of a share of people": (
        GOAL + ONCE + "rules: [{id: r, kind: share, measure: people, where: {department: '33'}, max: 40 %, "
        "penalty: {cost: 0.2, stage: 1}}]\n"
    ),
    "a price of a sum": (
        GOAL
        + "rules: [{id: r, kind: linear, granted: {'1': '1/3', '2': 1}, funded: {'3': -100}, max: 500.5 €, "
        "penalty: {cost: 0.01, stage: 1}}]\n"
    ),
    "a price of payments": (
        GOAL
        + "rules: [{id: r, kind: schedule, year: 2021, commitments: {2021: 1000.50 €}, profile: [60 %, 40 %], "
        "payments: {2021: 500.25 €, 2022: 333 €}, penalty: {cost: 0.007, stage: 1}}]\n"
    ),
    "what a rule lacks": (
        "rules: [{id: r, kind: limit, by: department, measure: granted, min: 900.17 €, report: true}]\n"
        "objective: [{minimise: {shortfall.r: 1}}, {maximise: {score: 1}}]\n"
    ),
}


def build(folder: Path, name: str) -> tuple[Problem, Claims]:
    """The problem of a case, and its claims."""
    problem = compile_problem(tiny(folder, HEAD + CASES[name], TABLE))
    return problem, build_claims(problem)


def list_points(problem: Problem, claims: Claims) -> Iterator[tuple[IntArray, list[Fraction]]]:
    """Every list that satisfies the rules, as choices, with the values of the goals by the reading of lists."""
    choices, n = claims.choices, len(problem.offers.candidate)
    blocks = [np.flatnonzero(choices.block == k).tolist() for k in range(len(choices.candidate))]
    for taken in product(*([None, *block] for block in blocks)):
        funded, granted = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.int64)
        point = np.zeros(claims.system.n_cols, dtype=np.int64)
        for column in (one for one in taken if one is not None):
            funded[choices.dossier[column]], granted[choices.dossier[column]] = True, choices.cents[column]
            point[column] = 1
        allocation = Allocation(funded, granted)
        reading = read_allocation(problem, allocation)
        if not list_broken_rules(problem, allocation, reading):
            yield point, list(reading.values)


def find_witness(claims: Claims, point: IntArray, values: list[Fraction]) -> bool:
    """Whether some further columns satisfy every row at the value that each goal has by its reading."""
    system, goals = claims.system, claims.goals[: len(values)]
    names = system.free_names
    free = [k for k, name in enumerate(names) if not name.startswith("short:")]
    for signs in product((0, 1), repeat=len(free)):
        whole = point.copy()
        whole[system.n_choices + np.array(free, dtype=np.int64)] = signs
        for k, name in enumerate(names):
            if name.startswith("short:"):  # the least that its row allows
                column = system.n_choices + k
                (row,) = {
                    int(r) for r, c in zip(system.rows.row, system.rows.col, strict=True) if c == column
                }
                inside = (system.rows.row == row) & (system.rows.col != column)
                least = int(system.rows.value[inside] @ whole[system.rows.col[inside]]) - int(
                    system.rows.upper[row]
                )
                own = -int(system.rows.value[(system.rows.row == row) & (system.rows.col == column)].sum())
                whole[column] = max(0, -(-least // max(1, own)))
        if (whole > system.high).any() or (whole < system.low).any():
            continue
        sums = np.zeros(system.rows.n, dtype=np.int64)
        np.add.at(sums, system.rows.row, system.rows.value * whole[system.rows.col])
        if (sums <= system.rows.upper).all() and all(
            goal.sign * ((int(goal.coefficient @ whole) + goal.constant) * goal.scale - value) >= 0
            for goal, value in zip(goals, values, strict=True)
        ):
            return True
    return False


@pytest.mark.parametrize("name", CASES)
def test_every_row_is_read_twice_and_true_of_every_list(name: str, tmp_path: Path) -> None:
    problem, claims = build(tmp_path, name)
    found = compare_readings(problem, claims)
    assert (found.narrow, found.n_unread) == ((), 0)
    assert found.n_read == claims.system.rows.n > 0
    points = list(list_points(problem, claims))
    assert len(points) > 3
    assert all(find_witness(claims, point, values) for point, values in points)
    result = solve(problem.scenario, cross_check="never")
    assert result.proof is Proof.PROVED
    signs = [goal.sign for goal in claims.goals]
    best = max([sign * value for sign, value in zip(signs, values, strict=False)] for _, values in points)
    assert [sign * value for sign, value in zip(signs, result.reading.values, strict=False)] == best


def change(claims: Claims, dice: Random) -> Claims:
    """The same claims with one figure of a row, a bound of a column or a cost changed."""
    system, rows = claims.system, claims.system.rows
    upper, value, high = rows.upper.copy(), rows.value.copy(), system.high.copy()
    kind = dice.choice(("upper", "value", "high", "cost"))
    if kind == "upper":
        upper[dice.randrange(len(upper))] -= dice.choice([1, 2, 100])
    elif kind == "value":
        value[dice.randrange(len(value))] += dice.choice([-1, 1, 2, 50])
    elif kind == "high":
        high[dice.randrange(system.n_choices, system.n_cols)] -= 1
    goals = [*claims.goals]
    if kind == "cost":
        k = dice.randrange(len(goals) - 1)
        coefficient = goals[k].coefficient.copy()
        short = [j for j, name in enumerate(system.free_names, system.n_choices) if name.startswith("short:")]
        if not short:
            return claims
        coefficient[dice.choice(short)] *= dice.choice([2, 3, -1])
        goals[k] = replace(goals[k], coefficient=coefficient)
    changed = replace(system.with_rows(replace(rows, upper=upper, value=value)), high=high)
    return replace(claims, system=changed, goals=tuple(goals))


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("seed", seeds(range(4), 1))
def test_a_changed_figure_is_refused_or_cuts_nothing_off(name: str, seed: int, tmp_path: Path) -> None:
    problem, claims = build(tmp_path, name)
    points, dice, outcomes = list(list_points(problem, claims)), Random(seed), Counter[bool]()
    for _ in range(25):
        other = change(claims, dice)
        is_accepted = compare_readings(problem, other).holds
        outcomes[is_accepted] += 1
        if is_accepted:
            assert all(find_witness(other, point, values) for point, values in points)
    assert outcomes[False] > 4
