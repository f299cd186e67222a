"""How evenly money is spread over the inhabitants of territories: Lorenz curve and Gini index, exact.

For territories with inhabitants p_i, money g_i, and P = Σ p_i, M = Σ g_i, in ascending order of g_i / p_i::

    Lorenz curve   points (Σ_{j≤i} p_j / P, Σ_{j≤i} g_j / M), from (0, 0) to (1, 1)
    Gini index     1 − Σ_i (p_i / P)·(L_{i−1} + L_i),  L the second coordinate

The index is 0 where every territory has as much per head, and nears 1 where a small one has everything.

Source: C. Gini, "Measurement of inequality of incomes", The Economic Journal 31 (1921); territories here have
the weight of their inhabitants.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class TerritoryMoney:
    """Money of a territory: its name, inhabitants above 0, and cents of at least 0."""

    name: str
    inhabitants: int
    cents: int

    @property
    def per_head(self) -> Fraction:
        """Return the cents per inhabitant."""
        return Fraction(self.cents, self.inhabitants)


@dataclass(frozen=True, slots=True)
class MoneySpread:
    """Spread of money: the Lorenz curve from (0, 0) to (1, 1), and the Gini index in [0, 1)."""

    points: Sequence[tuple[Fraction, Fraction]]
    gini: Fraction

    def get_share(self, inhabitants: Fraction) -> Fraction:
        """Return which share of the money goes to a share of the inhabitants, those with least per head."""
        for (x, y), (next_x, next_y) in pairwise(self.points):
            if inhabitants <= next_x:
                return y + (next_y - y) * (inhabitants - x) / (next_x - x)
        return Fraction(1)


def compute_spread(territories: Sequence[TerritoryMoney]) -> MoneySpread | None:
    """Compute the spread of money over territories; None for fewer than two of them, or without money."""
    population, cents = (sum(getattr(one, key) for one in territories) for key in ("inhabitants", "cents"))
    if len(territories) < 2 or cents <= 0:
        return None
    points, heads, money = [(Fraction(0), Fraction(0))], 0, 0
    for territory in sorted(territories, key=lambda one: (one.per_head, one.name)):
        heads, money = heads + territory.inhabitants, money + territory.cents
        points.append((Fraction(heads, population), Fraction(money, cents)))
    below = sum(((x1 - x0) * (y0 + y1) for (x0, y0), (x1, y1) in pairwise(points)), Fraction(0))
    return MoneySpread(points, 1 - below)
