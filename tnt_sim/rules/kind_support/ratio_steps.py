"""Steps in which the ratios M_g / p_g of groups are compared: the fewest that tell all of them apart.

The least ratio of a list is at most the least of most_g / p_g, so larger ratios play no part. With δ the least
distance of two of the others, ⌊K·M_g / p_g⌋ orders lists as the fractions do if K ≥ 1/δ, or if every p_g
divides K. Distances of integer M_g are at least 1 / (p·q); where M_g has few values, all are listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import gcd, lcm

import numpy as np

from tnt_sim.rules.kind_support.per_capita import PerHead
from tnt_sim.rules.linear_terms import IntArray
from tnt_sim.rules.offers.grants import Offers

MAX_SUMS = 4_000
"""So many values of M_g / p_g are compared one by one; of more, only their heads."""


def find_distance_steps(heads: Sequence[int], unit: int) -> int:
    """Return a K that orders all M_g / p_g of multiples M_g of `unit`: 1 / (p·q) bounds their distances.

    >>> find_distance_steps([3, 4], 1), find_distance_steps([10**7, 10**7 - 1], 100)
    (12, 999999900000)
    """
    counts = sorted({1, *heads})
    return -(-min(lcm(*heads), counts[-1] * counts[max(-2, -len(counts))]) // unit)


def find_listed_steps(heads: Sequence[int], sums: Sequence[Sequence[int]]) -> int:
    """Return the least K ≥ 1/δ, or the least common multiple of the heads, for the sums that each group may have.

    >>> find_listed_steps([3, 4], [[0, 1], [0, 1, 2]])
    12
    >>> find_listed_steps([100, 10**7], [[0, 5_000], [0, 10**9]])
    1
    """
    whole = lcm(*heads)
    values = sorted(
        {value * (whole // count) for count, some in zip(heads, sums, strict=True) for value in some}
    )
    gaps = [after - before for before, after in pairwise(values)]
    return min(whole, -(-whole // min(gaps))) if gaps else 1


def find_unit(of: PerHead, offers: Offers) -> int:
    """Return a number that divides every M_g that amounts of the offers may lead to."""
    inside = offers.in_play & (of.groups.codes >= 0)
    terms = of.terms
    amounts = np.where(offers.ranged & offers.candidate, offers.unit_cents, offers.highest_cents)
    levels = offers.levels.row[inside[offers.levels.row]]
    pieces = [
        terms.per_funded[inside],
        (terms.per_cent * amounts)[inside],
        terms.per_cent[levels] * offers.levels.cents[inside[offers.levels.row]],
        *(part.worth for part in terms.once),
    ]
    return max(1, gcd(terms.constant, *(int(np.gcd.reduce(np.abs(piece), initial=0)) for piece in pieces)))


def list_sums(of: PerHead, offers: Offers) -> list[list[int]] | None:
    """Return the sums M_g up to the least of most_g / p_g that each group may have.

    Returns None where they are more than `MAX_SUMS`, or count something once.
    """
    if of.terms.once:
        return None
    least = min(zip(of.most, of.heads, strict=True), key=lambda pair: pair[0] / pair[1])
    result, n_sums = [], 0
    for group, count in enumerate(of.heads):
        limit = least[0] * count // least[1]
        some = _list_group_sums(of, offers, group, limit)
        n_sums += MAX_SUMS if some is None else len(some)
        if some is None or n_sums > MAX_SUMS:
            return None
        result.append(some.tolist())
    return result


def _list_group_sums(of: PerHead, offers: Offers, group: int, limit: int) -> IntArray | None:
    """Return the sums of a group up to a limit, ascending; None where they are too many."""
    terms, inside = of.terms, of.groups.codes == group
    worth = terms.per_funded + terms.per_cent * offers.highest_cents
    settled = int(worth[inside & offers.committed].sum())
    levelled = offers.levels.select_dossiers(len(inside))
    free = inside & offers.candidate
    sums: IntArray | None = np.array([terms.constant + settled], dtype=np.int64)
    values, counts = np.unique(worth[free & ~offers.ranged & ~levelled], return_counts=True)
    steps = [
        np.arange(min(count, limit // value) + 1, dtype=np.int64) * value
        for value, count in zip(values.tolist(), counts.tolist(), strict=True)
        if value
    ]
    for row in np.flatnonzero(free & (offers.ranged | levelled)).tolist():
        amounts = _list_amounts(offers, row)
        if amounts is None:
            return None
        steps.append(np.append(terms.per_funded[row] + terms.per_cent[row] * amounts, 0))
    for step in steps:
        sums = _add_step(sums, step, limit)
        if sums is None:
            return None
    return sums


def _list_amounts(offers: Offers, row: int) -> IntArray | None:
    """Return the amounts that a dossier may receive; None where they are too many."""
    unit, least, most = (
        int(part[row]) for part in (offers.unit_cents, offers.least_cents, offers.most_cents)
    )
    if not offers.ranged[row]:
        levels: IntArray = offers.levels.cents[offers.levels.row == row]
        return levels
    first, last = -(-least // unit), most // unit
    return None if last - first >= MAX_SUMS else np.arange(first, last + 1, dtype=np.int64) * unit


def _add_step(sums: IntArray | None, step: IntArray, limit: int) -> IntArray | None:
    """Return each sum with each amount of a step, up to a limit; None where they are too many."""
    if sums is None or len(sums) * len(step) > MAX_SUMS**2 // 8:
        return None
    total: IntArray = np.unique(sums[:, None] + step)
    total = total[total <= limit]
    return total if len(total) <= MAX_SUMS else None
