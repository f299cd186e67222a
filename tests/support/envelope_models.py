"""Small random models of envelopes that may gain free money."""

from __future__ import annotations

import random

import numpy as np

from tnt_sim.formulation.linear_model import NO_LOWER, LinearModel, SolveStage
from tnt_sim.rules.protocols import Sense
from tnt_sim.sparse_matrix import SparseMatrix


def envelopes(seed: int, n: int = 8, most_gains: int = 3) -> tuple[LinearModel, list[SolveStage]]:
    """Dossiers under a few envelopes that may gain what is free, one of them below another."""
    dice = random.Random(seed)
    k = dice.randint(1, most_gains)
    cost = np.array([dice.randint(1, 6) for _ in range(n)])
    score = np.array([dice.randint(1, 9) for _ in range(n)])
    home = [dice.randrange(k + 1) for _ in range(n)]
    free, width = dice.randint(0, 6), n + k
    rows, upper = [], []
    for envelope in range(k):
        row = np.zeros(width, dtype=np.int64)
        inside = [j for j in range(n) if home[j] == envelope or (envelope == 0 and k > 2 and home[j] == 1)]
        row[inside] = cost[inside]
        row[n + envelope] = -1
        rows.append(row)
        upper.append(dice.randint(2, 8))
    whole = np.zeros(width, dtype=np.int64)
    whole[:n] = cost
    shared = np.zeros(width, dtype=np.int64)
    shared[n:] = 1
    if k > 2 and dice.random() < 0.7:
        shared[n + 1] = 0  # the one below gains from the one above
        below = np.zeros(width, dtype=np.int64)
        below[n + 1], below[n] = 1, -1
        rows.append(below)
        upper.append(dice.randint(0, 3))
    rows += [whole, shared]
    upper += [dice.randint(8, 25), free]
    room = np.array([dice.choice((free + 2, free + 3, 2)) for _ in range(k)])
    model = LinearModel(
        matrix=SparseMatrix.from_dense(np.array(rows)),
        row_lower=np.full(len(rows), NO_LOWER),
        row_upper=np.array(upper),
        col_lower=np.zeros(width, dtype=np.int64),
        col_upper=np.concatenate([np.ones(n, dtype=np.int64), room]),
        integer=np.ones(width, dtype=bool),
        objective=np.zeros(width, dtype=np.int64),
        sense=Sense.MAXIMISE,
        row_names=tuple(f"r{i}" for i in range(len(rows))),
        col_names=tuple(f"c{j}" for j in range(width)),
    )
    goal = np.concatenate([score, np.zeros(k, dtype=np.int64)])
    least = np.concatenate([cost, np.zeros(k, dtype=np.int64)])
    stages = [SolveStage("score", goal, Sense.MAXIMISE), SolveStage("granted", least, Sense.MINIMISE)]
    return model, stages
