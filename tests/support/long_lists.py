"""A list far longer than all else under a cap, and the least weight for every profit of both together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

N_ITEMS, N_BELOW = 1_000, 100
NEVER = 2**60


@dataclass(frozen=True)
class LongList:
    """Items of few different profits and many weights; `below` stand under a cap of their own.

    `least` is the least weight of each profit under that cap alone.
    """

    profit: np.ndarray
    weight: np.ndarray
    below: np.ndarray
    cap: int
    cap_below: int
    least: np.ndarray

    @classmethod
    def drawn(cls, seed: int) -> LongList:
        rng = np.random.default_rng(seed)
        p = rng.integers(1, int(rng.choice([2, 5])) + 1, N_ITEMS)
        w = np.maximum(1, (5_000 * p * rng.lognormal(0.0, 0.3, N_ITEMS)).astype(np.int64))
        below, own = np.arange(N_BELOW), np.arange(N_BELOW, N_ITEMS)
        inner, outer = int(w[below].sum() * rng.uniform(0.2, 0.6)), int(w.sum() * rng.uniform(0.2, 0.7))
        least = _together(_least_weights(p[own], w[own], NEVER), _least_weights(p[below], w[below], inner))
        return cls(p, w, below, outer, inner, least)

    @property
    def best(self) -> tuple[int, int]:
        """The greatest profit under both caps, and its least weight."""
        profit = int(np.flatnonzero(self.least <= self.cap)[-1])
        return profit, int(self.least[profit])


def _least_weights(profit: np.ndarray, weight: np.ndarray, cap: int) -> np.ndarray:
    least = np.full(int(profit.sum()) + 1, NEVER)
    least[0] = 0
    for p, w in zip(profit.tolist(), weight.tolist(), strict=True):
        least[p:] = np.minimum(least[p:], least[: len(least) - p] + w)
    return np.where(least <= cap, least, NEVER)


def _together(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    least = np.full(len(one) + len(other) - 1, 2 * NEVER)
    for p, w in enumerate(other.tolist()):
        least[p : p + len(one)] = np.minimum(least[p : p + len(one)], one + w)
    return least
