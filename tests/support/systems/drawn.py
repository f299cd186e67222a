"""Small random systems and their points, listed by hand."""

from __future__ import annotations

import itertools
from random import Random

import numpy as np

from tnt_sim.certify.system import Rows, System


def random_system(rng: Random) -> System:
    """Up to 5 blocks of 1-3 choices, up to 2 free columns, up to 4 rows."""
    sizes = [rng.choice([1, 1, 1, 2, 3]) for _ in range(rng.randint(1, 5))]
    n_free = rng.choice([0, 0, 1, 2])
    block = [k for k, size in enumerate(sizes) for _ in range(size)]
    n = len(block) + n_free
    low = [0] * len(block) + [rng.choice([0, 0, 1]) for _ in range(n_free)]
    high = [1] * len(block) + [rng.randint(1, 4) for _ in range(n_free)]
    row, col, value, upper = [], [], [], []
    for r in range(rng.randint(1, 4)):
        scale = rng.choice([1, 5, 100])
        entries = [rng.choice([0, 1, 1]) * rng.randint(-3, 9) * scale for _ in range(n)]
        reach = sum(max(0, v) * h for v, h in zip(entries, high, strict=True))
        for c, v in enumerate(entries):
            if v:
                row.append(r)
                col.append(c)
                value.append(v)
        upper.append(rng.randint(-scale * 2, max(reach, 1)))
    return System(
        block=np.array(block + [-1] * n_free, dtype=np.int64),
        must=np.array([rng.random() < 0.2 for _ in sizes], dtype=np.bool_),
        low=np.array(low, dtype=np.int64),
        high=np.array(high, dtype=np.int64),
        rows=Rows(
            np.array(row, dtype=np.int64),
            np.array(col, dtype=np.int64),
            np.array(value, dtype=np.int64),
            np.array(upper, dtype=np.int64),
            tuple(f"row {k}" for k in range(len(upper))),
        ),
    )


def points(system: System) -> list[tuple[int, ...]]:
    """Every point of a system, by trying all."""
    ranges = [range(int(a), int(b) + 1) for a, b in zip(system.low, system.high, strict=True)]
    return [x for x in itertools.product(*ranges) if _keeps(system, x)]


def _keeps(system: System, x: tuple[int, ...]) -> bool:
    for k, must in enumerate(system.must.tolist()):
        taken = sum(v for v, b in zip(x, system.block.tolist(), strict=True) if b == k)
        if taken > 1 or (must and taken != 1):
            return False
    left = [0] * system.rows.n
    rows = system.rows
    for r, c, v in zip(rows.row.tolist(), rows.col.tolist(), rows.value.tolist(), strict=True):
        left[r] += v * x[c]
    return all(a <= b for a, b in zip(left, system.rows.upper.tolist(), strict=True))


def ranged_system(rng: Random) -> System:
    """Some blocks of 1-3 choices, some of them closed; of those with one, some with a range of units above it."""
    sizes = [rng.choice([1, 1, 2, 3]) for _ in range(rng.randint(1, 4))]
    block = [k for k, size in enumerate(sizes) for _ in range(size)]
    n = len(block)
    alone = [block.index(k) for k, size in enumerate(sizes) if size == 1]
    ranged = [c for c in alone if rng.random() < 0.6]
    n_free = len(ranged) + rng.choice([0, 0, 1])
    most = [rng.randint(1, 3) for _ in range(n_free)]
    row, col, value, upper, names = [], [], [], [], []

    def write(name: str, entries: dict[int, int], bound: int) -> None:
        for c, v in entries.items():
            if v:
                row.append(len(upper))
                col.append(c)
                value.append(v)
        upper.append(bound)
        names.append(name)

    for place, choice in enumerate(ranged):
        write(f"range:{n + place}", {choice: -most[place], n + place: 1}, 0)
    for k in range(rng.randint(1, 3)):
        entries = {c: rng.choice([0, 1, 1]) * rng.randint(-6, 6) for c in range(n + n_free)}
        reach = sum(max(0, v) for v in entries.values())
        write(f"row {k}", entries, rng.randint(-4, max(reach, 1)))
    return System(
        block=np.array(block + [-1] * n_free, dtype=np.int64),
        must=np.array([rng.random() < 0.4 for _ in sizes], dtype=np.bool_),
        low=np.zeros(n + n_free, dtype=np.int64),
        high=np.array([int(rng.random() < 0.85) for _ in block] + most, dtype=np.int64),
        rows=Rows.from_entries(
            np.array(row, dtype=np.int64),
            np.array(col, dtype=np.int64),
            np.array(value, dtype=np.int64),
            np.array(upper, dtype=np.int64),
            tuple(names),
        ),
    )
