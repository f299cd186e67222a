"""Cache kernel results by their input, within a memory budget (least recently used entries are dropped first).

Cached results are pure functions of profits, weights and capacities, so that the cache cannot change an
answer. The key is a BLAKE2b digest of the input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Protocol

import numpy as np

from tnt_sim.kernel.cap_tree.caps import CapRows, CapTreeNode
from tnt_sim.kernel.knapsack import BoolArray, IntArray

MAX_NUMBERS = 16_000_000
"""Memory budget in 64-bit numbers: 128 MB."""


class Sized(Protocol):
    """A result that knows its size."""

    @property
    def numbers(self) -> int:
        """Size in 64-bit numbers."""
        ...


@dataclass
class BoundedMemo[T: Sized]:
    """Least-recently-used cache; `room` is its budget in 64-bit numbers."""

    room: int = MAX_NUMBERS
    _results: dict[bytes, T] = field(default_factory=dict, init=False)
    _numbers: int = field(default=0, init=False)

    def __len__(self) -> int:
        return len(self._results)

    def get(self, name: bytes, make: Callable[[], T]) -> T:
        """Return the result with this key; compute it with `make` if it is not cached."""
        result = self._results.pop(name, None)
        if result is None:
            result = make()
            self._numbers += result.numbers
        self._results[name] = result
        while self._numbers > self.room and len(self._results) > 1:
            self._numbers -= self._results.pop(next(iter(self._results))).numbers
        return result


MOST_CAPS = 2
"""Number of models in a `CapMemo`."""


@dataclass
class CapMemo:
    """Caps of the last models, by the matrix, the rows that may be caps, and the costs; bounds are filled in.

    A matrix and costs are the same if they are the same objects, which nobody changes.
    """

    _caps_of_models: list[tuple[object, BoolArray, IntArray, CapRows]] = field(
        default_factory=list, init=False
    )

    def get(
        self, matrix: object, rows: BoolArray, cost: IntArray, upper: IntArray, find: Callable[[], CapRows]
    ) -> CapRows:
        """Return the caps of a model with right-hand sides `upper`; find them with `find` if they are not kept."""
        for known, plain, costs, caps in self._caps_of_models:
            if known is matrix and costs is cost and np.array_equal(plain, rows):
                return caps.with_bounds(upper)
        caps = find()
        self._caps_of_models.insert(0, (matrix, rows, cost, caps))
        del self._caps_of_models[MOST_CAPS:]
        return caps


def compute_key(arrays: Iterable[IntArray], *numbers: object) -> bytes:
    """Compute the key of some integer arrays and plain values."""
    digest = blake2b(repr(numbers).encode(), digest_size=16)
    for array in arrays:
        digest.update(len(array).to_bytes(8))
        digest.update(array.tobytes())
    return digest.digest()


def describe_shape(node: CapTreeNode) -> list[object]:
    """Describe the capacities and sizes of a tree without its row numbers, as part of a key."""
    return [node.cap, node.may_exceed, len(node.columns), [describe_shape(child) for child in node.children]]
