"""Order of repairs: by euros, then by the number of rules that they touch.

The euros of a repair are the money that it adds or moves. A repair that moves none (a decision taken back, a
rule lifted) is priced by what it costs in granted money::

    price = Σ cents                              where Σ cents > 0
    price = max granted of such repairs − granted    otherwise

where `granted` is the money of the optimum solved again after the repair. It is the change against the repair
without money that lets most be granted; the impossible setting itself grants nothing to compare with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RepairPrice:
    """Cost of a repair.

    Attributes
    ----------
    cents : money added or moved
    granted_cents : money granted in the optimum after it; None if not computed
    n_rules : number of rules touched
    rest : what decides among equals
    """

    cents: int
    granted_cents: int | None
    n_rules: int
    rest: tuple[float | str, ...] = ()


def compute_changes(prices: Sequence[RepairPrice]) -> list[int | None]:
    """Return by how much less is granted, for each repair that moves no money; None for the others.

    >>> compute_changes([RepairPrice(0, 500, 1), RepairPrice(100, 900, 1), RepairPrice(0, 700, 1)])
    [200, None, 0]
    """
    known = [one.granted_cents for one in prices if not one.cents and one.granted_cents is not None]
    most = max(known, default=0)
    return [None if one.cents or one.granted_cents is None else most - one.granted_cents for one in prices]


def sort_by_price(prices: Sequence[RepairPrice]) -> list[int]:
    """Return the positions of repairs, cheapest first; one of unknown price is last.

    >>> sort_by_price([RepairPrice(0, 500, 1), RepairPrice(100, 900, 1), RepairPrice(0, 700, 1)])
    [2, 1, 0]
    """
    changes = compute_changes(prices)

    def build_key(k: int) -> tuple[bool, int, int, tuple[float | str, ...]]:
        one = prices[k]
        price = one.cents or changes[k]
        return price is None, price or 0, one.n_rules, one.rest

    return sorted(range(len(prices)), key=build_key)
