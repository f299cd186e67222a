"""Small random systems over dossiers with several amounts."""

from __future__ import annotations

from random import Random

import numpy as np

from tnt_sim.certify.single_row_bound import expand_row
from tnt_sim.certify.system import Rows, System

Line = tuple[dict[int, int], int, str]
GOAL, LESS = "stage:x:better", "stage:granted:better"


def amounts_system(rng: Random, most_times: int = 2) -> tuple[System, np.ndarray]:
    """Dossiers with one amount, some, or a range; some must be funded. Three levels of caps, at times a row that
    crosses them, and a goal and « less granted » as the last two rows, with loose bounds."""
    n = rng.randint(2, 4)
    sizes = [rng.choice([1, 1, 2, 3]) for _ in range(n)]
    block = [k for k, size in enumerate(sizes) for _ in range(size)]
    m = len(block)
    ranged = [c for c in range(m) if sizes[block[c]] == 1 and rng.random() < 0.4]
    most = [rng.randint(1, 3) for _ in ranged]
    top = rng.choice([3, 9])
    cost = [c for size in sizes for c in sorted(rng.sample(range(1, 10), size))]
    unit_cost = [rng.randint(1, 3) for _ in ranged]
    by_amount = rng.random() < 0.6
    worth = [rng.randint(0, top) for _ in sizes]
    gain = [worth[k] * (rng.randint(1, 3) if by_amount else 1) for k in block]
    gains = {c: gain[c] for c in range(m)}
    costs = dict(enumerate(cost))
    for place, c in enumerate(ranged):
        costs[m + place] = unit_cost[place]
        gains[m + place] = rng.randint(0, 2) * worth[block[c]] if by_amount else 0
    home = block + [block[c] for c in ranged]
    n_cols = len(home)
    lines: list[Line] = [({c: -most[place], m + place: 1}, 0, f"range:{c}") for place, c in enumerate(ranged)]
    half = rng.randint(1, n - 1)
    parts = [set(range(n)), set(range(half)), set(range(half, n)), {0}]
    for k, part in enumerate(parts):
        inside = {c: costs[c] for c in range(n_cols) if home[c] in part}
        times = rng.choice([1, 1, most_times]) if k else 1
        bound = rng.randint(1, sum(inside.values())) * times + rng.randint(0, times - 1)
        lines.append(({c: times * v for c, v in inside.items()}, bound, f"cap {k}"))
    if rng.random() < 0.3:
        lines.append(({c: rng.randint(-2, 2) for c in range(n_cols)}, rng.randint(0, 3), "crossing"))
    lines.append(({c: -v for c, v in gains.items()}, 10**6, GOAL))
    lines.append((costs, 10**6, LESS))
    entries = [(k, c, v) for k, (line, _, _) in enumerate(lines) for c, v in line.items() if v]
    row, col, value = (np.array(part, dtype=np.int64) for part in zip(*entries, strict=True))
    rows = Rows.from_entries(
        row, col, value, np.array([bound for _, bound, _ in lines]), tuple(name for *_, name in lines)
    )
    high = [int(rng.random() < 0.9) for _ in block] + most
    system = System(
        np.array(block + [-1] * len(ranged)), np.array([rng.random() < 0.25 for _ in sizes]),
        np.zeros(n_cols, dtype=np.int64), np.array(high), rows,
    )  # fmt: skip
    return system, np.array([costs[c] for c in range(n_cols)])


def bounded(system: System, **bounds: int) -> System:
    """The same with other bounds of rows."""
    upper = system.rows.upper.copy()
    for row, bound in bounds.items():
        upper[system.rows.names.index({"goal": GOAL, "less": LESS}[row])] = bound
    rows = system.rows
    return system.with_rows(Rows(rows.row, rows.col, rows.value, upper, rows.names))


def value(system: System, x: tuple[int, ...], name: str) -> int:
    return int(expand_row(system, system.rows.names.index(name)) @ np.array(x))
