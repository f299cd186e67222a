"""What kernels found before, by what they were asked: frontiers of leaves, and best choices under trees of caps.

Both are functions of the profits, weights and caps alone, so that what is kept cannot change an answer. Entries
are named by a digest of these; the oldest go first when the numbers kept outgrow their room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Protocol

from tnt_sim.kernel.cap_tree.caps import Node
from tnt_sim.kernel.knapsack import IntArray

MAX_NUMBERS = 16_000_000
"""Numbers of 64 bits kept at once, 128 MB."""


class Sized(Protocol):
    """Something that takes room."""

    @property
    def numbers(self) -> int:
        """How many numbers it holds."""
        ...


@dataclass
class Known[T: Sized]:
    """Results by name, the one asked for last at the end."""

    room: int = MAX_NUMBERS
    _kept: dict[bytes, T] = field(default_factory=dict, init=False)
    _numbers: int = field(default=0, init=False)

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, name: bytes, make: Callable[[], T]) -> T:
        """The result of this name, made where it is not known."""
        found = self._kept.pop(name, None)
        if found is None:
            found = make()
            self._numbers += found.numbers
        self._kept[name] = found
        while self._numbers > self.room and len(self._kept) > 1:
            self._numbers -= self._kept.pop(next(iter(self._kept))).numbers
        return found


def named(arrays: Iterable[IntArray], *numbers: object) -> bytes:
    """A digest of some whole numbers, in arrays and in lists."""
    digest = blake2b(repr(numbers).encode(), digest_size=16)
    for array in arrays:
        digest.update(len(array).to_bytes(8))
        digest.update(array.tobytes())
    return digest.digest()


def shape(node: Node) -> list[object]:
    """Caps and columns of a tree, whatever its rows are called."""
    return [node.cap, node.beyond, len(node.columns), [shape(child) for child in node.children]]
