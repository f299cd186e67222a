"""Every allocation of a small problem, as points of the rows that a proof reads."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from support.mixed_cases.drawn import mixed
from support.mixed_cases.run import write
from tnt_sim.errors import InputError
from tnt_sim.rules.linear_terms import IntArray
from tnt_sim.rules.second_reading.rows import Columns
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import Problem, compile_problem

MOST_POINTS = 1500


@dataclass(frozen=True)
class Points:
    """Every allocation of a problem: columns (n_points, size), funded and granted (n_points, n)."""

    columns: IntArray
    funded: Any
    granted: IntArray


def points_of(problem: Problem) -> Points | None:
    columns, offers = Columns.of(problem.offers), problem.offers
    ways: list[list[tuple[int, int, int, int]]] = []
    for one in columns.choices.candidate.tolist():
        mine: list[tuple[int, int, int, int]] = [(one, -1, 0, 0)]
        for col in range(int(columns.first[one]), int(columns.first[one] + columns.count[one])):
            cents, unit = int(columns.choices.cents[col]), int(offers.unit_cents[one])
            steps = (int(offers.most_cents[one]) - cents) // unit if offers.ranged[one] else 0
            mine += [(one, col, step, cents + step * unit) for step in range(steps + 1)]
        ways.append(mine)
    if np.prod([float(len(mine)) for mine in ways]) > MOST_POINTS:
        return None
    place = {one: columns.n_choices + k for k, one in enumerate(columns.choices.ranged.tolist())}
    x, granted = [], []
    for point in product(*ways):
        row, money = np.zeros(columns.size, dtype=np.int64), offers.committed_cents.copy()
        for one, col, step, cents in point:
            if col >= 0:
                row[col], money[one] = 1, cents
                if one in place:
                    row[place[one]] = step
        x.append(row)
        granted.append(money)
    money = np.array(granted)
    chosen = np.array([[col >= 0 for _, col, _, _ in point] for point in product(*ways)])
    funded = np.tile(offers.committed, (len(x), 1))
    funded[:, columns.choices.candidate] = chosen.reshape(len(x), -1)
    return Points(np.array(x), funded, money)


@cache
def problem_of(seed: int) -> Problem | None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            return compile_problem(load_scenario(write(mixed(seed, 6, 500), Path(folder))))
        except InputError:
            return None
