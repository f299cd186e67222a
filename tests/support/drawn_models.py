"""Small random models: amounts, levels, free money, equal and fixed dossiers, ties and zero coefficients."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import polars as pl

from support.solve_instances import model_of
from tnt_sim.formulation.linear_model import NO_LOWER, LinearModel
from tnt_sim.formulation.recovery import Recovery
from tnt_sim.rules.offers.levels import Levels
from tnt_sim.rules.protocols import Sense


@dataclass(frozen=True)
class DrawnModel:
    """A model, the layout of its award columns, and whether all its rows but links are caps."""

    model: LinearModel
    recovery: Recovery
    only_caps: bool


def draw_model(seed: int) -> DrawnModel:
    """Five dossiers: three plain ones, a range of 0 to 2 units, two levels; one column of free money."""
    dice = random.Random(seed)
    plain, n = 3, 5
    # columns: x of 5 dossiers, t of the range, t of the levels, w of each level, g
    x_range, x_level, t_range, t_level, w, g, width = 3, 4, 5, 6, (7, 8), 9, 10
    steps = (0, 1)
    only_caps, sense = dice.random() < 0.5, dice.choice(list(Sense))
    rows: list[list[int]] = []
    lower, upper = [], []

    def add(entries: dict[int, int], low: int, high: int) -> None:
        row = [0] * width
        for column, value in entries.items():
            row[column] = value
        rows.append(row)
        lower.append(low)
        upper.append(high)

    add({t_range: 1, x_range: -2}, NO_LOWER, 0)
    add({w[0]: 1, w[1]: 1, x_level: -1}, 0, 0)
    add({w[0]: steps[0], w[1]: steps[1], t_level: -1}, 0, 0)
    twins = dice.random() < 0.5
    for k in range(dice.randint(1, 3)):
        weight = [dice.choice([0, 1, 2, 2, 3]) for _ in range(n)]
        if twins:
            weight[1] = weight[0]
        entries = dict(enumerate(weight[:x_level]))
        entries[t_range] = dice.choice([0, 1])
        entries |= {w[0]: weight[x_level], w[1]: weight[x_level] + 1}
        if k == 0:
            entries[g] = -1
        low = NO_LOWER if only_caps or dice.random() < 0.5 else dice.randint(0, 2)
        add(entries, NO_LOWER if k == 0 else low, dice.randint(2, 8))
    add({g: 1}, NO_LOWER, dice.randint(0, 3))
    sign = 1 if sense is Sense.MAXIMISE or dice.random() < 0.5 else -1
    gain = [sign * dice.choice([0, 1, 1, 2, 3]) for _ in range(n)]
    if twins:
        gain[1] = gain[0]
    objective = [*gain[:x_level], 0, sign * dice.choice([0, 1]), 0, gain[x_level], gain[x_level] + sign, 0]
    col_lower, col_upper = [0] * width, [1] * n + [2, 1, 1, 1, 3]
    for j in range(plain):
        if dice.random() < 0.15:
            col_lower[j] = col_upper[j] = dice.randint(0, 1)
    model = model_of(rows, lower, upper, objective, sense, col_lower=col_lower, col_upper=col_upper)
    return DrawnModel(model, _build_recovery(n, x_range, x_level, steps), only_caps)


def draw_short_rows(seed: int, n: int = 9) -> LinearModel:
    """Short caps side by side, and a cap and a count across them: 0-1 columns with equal and zero entries."""
    dice = random.Random(seed)
    weight = [dice.choice([1, 2, 2, 3, 5]) for _ in range(n)]
    rows = [[weight[j] if j // 3 == k else 0 for j in range(n)] for k in range(n // 3)]
    rows += [weight, [dice.randint(0, 1) for _ in range(n)]]
    upper = [max(1, sum(row) - dice.randint(1, 4)) for row in rows[:-2]] + [
        sum(weight) // 2,
        dice.randint(2, n),
    ]
    floor = dice.choice([NO_LOWER, 1])
    lower = [NO_LOWER] * (len(rows) - 1) + [floor]
    sense = dice.choice(list(Sense))
    sign = 1 if sense is Sense.MAXIMISE else -1
    gain = [sign * (2 * a + dice.choice([0, 0, 1, 3])) for a in weight]
    return model_of(rows, lower, upper, gain, sense, col_upper=[1] * (n - 1) + [dice.randint(0, 1)])


def _build_recovery(n: int, x_range: int, x_level: int, steps: tuple[int, ...]) -> Recovery:
    """The layout of the award columns; amounts in cents play no part in a model."""
    level = np.full(len(steps), x_level, dtype=np.int64)
    step = np.array(steps, dtype=np.int64)
    zeros = np.zeros(n, dtype=np.int64)
    return Recovery(
        n=n,
        candidate=np.arange(n),
        amount_rows=np.array([x_range, x_level]),
        ranged=np.array([x_range]),
        committed=np.zeros(0, dtype=np.int64),
        options=Levels(level, step + 1, step, step, np.full(len(steps), -1)),
        base_cents=zeros, least_cents=zeros, unit_cents=zeros + 1, most_cents=zeros, committed_cents=zeros,
        forced=zeros.astype(np.bool_),
        dossier=pl.Series([f"D-{k}" for k in range(n)]),
    )  # fmt: skip
