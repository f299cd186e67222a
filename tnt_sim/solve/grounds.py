"""What an exact kernel settled a goal by, in the names of rows: where a proof is sought first.

Nothing here is evidence. The prover writes its own rows, finds those of these names, and its proof is checked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tnt_sim.kernel.forest import Node

Tree = tuple[str, tuple["Tree", ...], bool]
"""The name of a cap, the trees under it, and whether it may be gone beyond."""


@dataclass(frozen=True, slots=True)
class PricedRow:
    """A row Σ ≤ (`upper`) or Σ ≥ that counted: its price in units of the goal, its largest coefficient, its part.

    `own`: the row had a block of its own.
    """

    name: str
    upper: bool
    price: float
    longest: int
    own: bool


@dataclass(frozen=True, slots=True)
class Grounds:
    """Trees of caps, or priced rows."""

    trees: tuple[Tree, ...] = ()
    rows: tuple[PricedRow, ...] = ()


def of_trees(trees: Sequence[Node], names: Sequence[str]) -> Grounds:
    """The caps of some trees."""

    def named(node: Node) -> Tree:
        return names[node.row], tuple(named(child) for child in node.children), node.beyond

    return Grounds(trees=tuple(named(tree) for tree in trees))
