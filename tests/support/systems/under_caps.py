"""Small random systems under a tree of caps."""

from __future__ import annotations

from random import Random

import numpy as np

from tnt_sim.certify.system import STAGE, Rows, System


def tree_system(rng: Random) -> tuple[System, np.ndarray]:
    """Choices alone in their blocks, a top cap, two leaf caps, a crossing row at times, and a goal row."""
    n = rng.randint(2, 8)
    cost = np.array([rng.randint(1, 9) for _ in range(n)])
    gain = np.array([rng.randint(0, 9) for _ in range(n)])
    half = rng.randint(1, n - 1)
    lines = [(np.arange(n), cost, rng.randint(1, int(cost.sum())))]
    lines.append((np.arange(half), cost[:half], rng.randint(1, int(cost[:half].sum()))))
    lines.append((np.arange(half, n), cost[half:], rng.randint(1, int(cost[half:].sum()))))
    if rng.random() < 0.3:
        lines.append((np.array([0, n - 1]), np.array([1, 1]), 1))
    lines.append((np.arange(n), -gain, -rng.randint(1, int(gain.sum()) + 1)))
    names = tuple(f"row {k}" for k in range(len(lines) - 1))
    rows = Rows.from_entries(
        np.concatenate([np.full(len(col), k) for k, (col, _, _) in enumerate(lines)]),
        np.concatenate([col for col, _, _ in lines]),
        np.concatenate([value for _, value, _ in lines]),
        np.array([upper for _, _, upper in lines]),
        (*names, "stage:x:better"),
    )
    zeros = np.zeros(n, dtype=np.int64)
    return System(np.arange(n), zeros.astype(np.bool_), zeros, zeros + 1, rows), cost


def draw_few_of_some(dice: Random) -> System:
    """Draw seven columns, rows that allow one or two of two or three of them, a cap, and a gain to reach."""
    n = 7
    order = [*dice.sample(range(n), n)]
    few = [order[:2], order[2 : 5 + dice.randint(0, 1)], order[1:3]]  # the last shares columns with both
    weight, gain = ([dice.randint(1, 9) for _ in range(n)] for _ in range(2))
    entries = [(k, j, dice.randint(1, 2)) for k, row in enumerate(few) for j in row]
    entries += [(3, j, w) for j, w in enumerate(weight)] + [(4, j, -g) for j, g in enumerate(gain)]
    row, col, value = (np.array(column) for column in zip(*sorted(entries), strict=True))
    upper = np.array([dice.randint(1, 2) for _ in few] + [dice.randint(5, 20), -dice.randint(12, 26)])
    rows = Rows.from_entries(row, col, value, upper, ("a", "b", "c", "cap", f"{STAGE}score:better"))
    must = np.array([dice.random() < 0.05 for _ in range(n)])
    return System(np.arange(n), must, np.zeros(n, dtype=np.int64), np.ones(n, dtype=np.int64), rows)
