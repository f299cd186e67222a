"""Small systems that hold points, and every point as a list with the key by which lists are ranked."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import numpy as np

from support.systems.drawn import points, random_system
from tnt_sim.certify.proof_checker import CandidateList
from tnt_sim.certify.system import System

Key = tuple[tuple[bool, ...], tuple[tuple[int, int], ...]]
Lists = dict[Key, CandidateList]


def worlds(count: int) -> Iterator[tuple[Random, System, Lists]]:
    """Systems that hold points, and every list by its key."""
    for seed in range(count):
        rng = Random(seed)
        system = random_system(rng)
        n = system.n_choices
        cents = np.array([rng.randint(1, 4) for _ in range(n)], dtype=np.int64)
        free = np.full(len(system.must), -1, dtype=np.int64)
        single = np.flatnonzero(np.bincount(system.block[:n], minlength=len(free)) == 1).tolist()
        for place in range(system.n_cols - n):
            if single and rng.random() < 0.7:
                free[single.pop()] = place
        lists = dict(read_list(system, cents, free, x) for x in points(system))
        if lists:
            yield rng, system, lists


def read_list(system: System, cents: Any, free: Any, x: tuple[int, ...]) -> tuple[Key, CandidateList]:
    """How a point is compared, read from the definition: who is funded, then what each gets."""
    n = system.n_choices
    taken = np.full(len(free), -1, dtype=np.int64)
    for c in range(n):
        if x[c]:
            taken[system.block[c]] = c
    units = np.array([x[n + f] if f >= 0 and c >= 0 else 0 for f, c in zip(free, taken, strict=True)])
    amounts = tuple((int(cents[c]) if c >= 0 else 0, int(u)) for c, u in zip(taken, units, strict=True))
    return (tuple(bool(c >= 0) for c in taken), amounts), CandidateList(taken, cents, free, units)
