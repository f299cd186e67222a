"""Solve a knapsack whose items are equally good at two prices, where enumeration has too many states.

    max Σ p_j x_j   subject to   Σ w_j x_j ≤ c;      among the optima, min Σ w_j x_j

The profits may grow with the weights, p = αw + β (strongly correlated items; β = 0 is the subset sum). At a
price μ per unit of weight and λ per item all items are then worth the same, and enumeration (`knapsack.py`) fixes
none of them. But nearly every capacity is filled exactly by some selection, which meets a bound with both prices.

Bound. Let b be the number of items before the break item. A selection has at most b items, or at least b + 1.
With s_j = d·p_j − m·w_j for a price m/d, and T the greatest Σ s_j over such selections (the b largest positive
s_j; all positive ones, and the largest others up to b + 1):

    Σ p ≤ ⌊(m·c + T) / d⌋ = z          Σ w ≥ ⌈(d·z − T) / m⌉   where Σ p ≥ z

Search. A selection that meets both bounds takes all items with s above the last one taken, and some of those equal
to it. After a first filling, two or four exchanges of items make its weight exact: all pairs of some 10⁵
exchanges, and of the pairs of some hundreds, are compared. A selection is returned only if it meets both bounds,
so it is optimal.

Source: Martello, Pisinger and Toth, *Dynamic programming and strong bounds for the 0-1 knapsack problem*,
Management Science 45 (1999), for the bound by cardinality.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from tnt_sim.deadline import Deadline

type _Integers = NDArray[np.int64]

PRICE_STEPS = 80
"""Halvings in the search of a price."""
LARGEST_DENOMINATOR = 10_000
"""Of a price; profits that grow with the weights have a price that is a short fraction."""
SIDE = 300
"""Items on each side of an exchange, at most."""
FEW_MOVES = 700
"""Exchanges of which all pairs are looked at, in pairs."""
TRIES = 12
"""Choices of the items that are exchanged."""
MOST_CLASHES = 64
"""Pairs of exchanges looked at in each try, in search of two that share no item."""


@dataclass(frozen=True, slots=True, eq=False)
class _Branch:
    """Selections of at most, or at least, `count` items: the values s of the items and the greatest sum T."""

    count: int
    m: int
    d: int
    s: _Integers
    top: int

    def compute_profit_bound(self, capacity: int) -> int:
        """Return ⌊(m·c + T) / d⌋."""
        return (self.m * capacity + self.top) // self.d

    def compute_weight_bound(self, profit: int) -> int:
        """Return ⌈(d·z − T) / m⌉; 0 at the price 0."""
        return -((self.top - self.d * profit) // self.m) if self.m else 0


def fill_exactly(
    profit: _Integers, weight: _Integers, capacity: int, deadline: Deadline
) -> NDArray[np.bool_] | None:
    """Return an optimal selection of least weight, bool (n,), or None where none meets the bounds.

    Parameters
    ----------
    profit, weight : int64 (n,), > 0, by falling efficiency; the capacity admits each item and not all together

    Raises
    ------
    DeadlineExpired
        When time is up.

    Examples
    --------
    >>> from tnt_sim.deadline import UNLIMITED
    >>> weight = np.array([2, 3, 5, 7, 8])
    >>> fill_exactly(weight + 4, weight, 14, UNLIMITED).tolist()
    [True, False, True, True, False]
    """
    before = int(np.searchsorted(np.cumsum(weight), capacity, side="right"))
    lightest = int(np.sort(weight)[: before + 1].sum())
    branches = [_build_branch(profit, weight, capacity, before, at_most=True)]
    if lightest <= capacity:
        branches.append(_build_branch(profit, weight, capacity, before + 1, at_most=False))
    best = max(branch.compute_profit_bound(capacity) for branch in branches)
    branches = [branch for branch in branches if branch.compute_profit_bound(capacity) == best]
    least = min(branch.compute_weight_bound(best) for branch in branches)
    for branch in branches:
        if branch.compute_weight_bound(best) == least <= capacity:
            for taken in _list_fillings(branch, weight, least, deadline):
                if int(profit[taken].sum()) == best and int(weight[taken].sum()) == least:
                    return taken
    return None


def _build_branch(
    profit: _Integers, weight: _Integers, capacity: int, count: int, *, at_most: bool
) -> _Branch:
    """Return the branch with the price at which its best items fill the capacity; any price gives a bound."""

    def is_too_heavy(price: float) -> bool:
        value = profit - price * weight
        chosen = np.argpartition(-value, count - 1)[:count] if 0 < count < len(value) else np.arange(count)
        return int(weight[chosen].sum()) > capacity

    low, high = 0.0, float((profit / weight).max())
    for _ in range(PRICE_STEPS):  # the lightest items fit, and a high price leads to them
        if not is_too_heavy(high):
            break
        low, high = high, 2 * high
    for _ in range(PRICE_STEPS):
        middle = (low + high) / 2
        if is_too_heavy(middle):
            low = middle
        else:
            high = middle
    price = Fraction(high).limit_denominator(LARGEST_DENOMINATOR)
    m, d = price.numerator, price.denominator
    if float(profit.max()) * d + float(weight.max()) * m >= 2**62:
        m, d = round(price), 1
    s = d * profit - m * weight
    falling = np.sort(s)[::-1]
    positive = int((s > 0).sum())
    end = min(count, positive) if at_most else max(count, positive)
    return _Branch(count, m, d, s, sum(falling[:end].tolist()))


def _list_fillings(
    branch: _Branch, weight: _Integers, target: int, deadline: Deadline
) -> Iterator[NDArray[np.bool_]]:
    """List selections of `count` items with the greatest s whose weight is `target`."""
    if not 0 < branch.count <= len(weight):
        return
    last = int(np.sort(branch.s)[::-1][branch.count - 1])
    fixed, equal = branch.s > last, np.flatnonzero(branch.s == last)
    equal = equal[np.argsort(weight[equal], kind="stable")]
    count, room = branch.count - int(fixed.sum()), target - int(weight[fixed].sum())
    reach = np.r_[0, np.cumsum(weight[equal])]
    windows = reach[count:] - reach[:-count]  # the weight of `count` neighbours, by their first
    below = int(np.searchsorted(windows, room, side="right")) - 1
    rng = np.random.default_rng(len(weight))
    for number in range(TRIES):
        # from the lighter window the weight must grow, from the heavier one it must fall
        for first in sorted({max(0, below), min(below + 1, len(windows) - 1)}):
            deadline.check()
            inside = np.zeros(len(equal), dtype=np.bool_)
            inside[first : first + count] = True
            chosen = _exchange_twice(weight[equal], inside, room, number, rng)
            if chosen is not None:
                taken = fixed.copy()
                taken[equal[chosen]] = True
                yield taken
                return


def _exchange_twice(
    weight: _Integers, inside: NDArray[np.bool_], room: int, number: int, rng: np.random.Generator
) -> NDArray[np.bool_] | None:
    """Return the items inside after exchanges that make their weight `room`, bool (n,), or None.

    The first try exchanges the items next to the border of the given ones, later ones drawn items.
    """
    gap = room - int(weight[inside].sum())
    if gap == 0:
        return inside
    own, others = np.flatnonzero(inside), np.flatnonzero(~inside)
    if not len(own) or not len(others):
        return None
    if number == 0:
        own, others = own[-SIDE:], others[np.argsort(np.abs(others - own[-1]), kind="stable")[:SIDE]]
    else:
        own, others = (rng.choice(side, min(SIDE, len(side)), replace=False) for side in (own, others))
    moves = np.stack([side.ravel() for side in np.meshgrid(own, others)])
    chosen = _combine_moves(weight, inside, moves, gap)
    if chosen is None:
        chosen = _combine_moves(weight, inside, _form_pairs(weight, moves, gap, rng), gap)
    return chosen


def _form_pairs(weight: _Integers, moves: _Integers, gap: int, rng: np.random.Generator) -> _Integers:
    """Return the pairs, without a common item, of `FEW_MOVES` moves that change the weight by the gap at most.

    A move is a column: the items that leave and the items that come.
    """
    change = np.abs(weight[moves[1]] - weight[moves[0]])
    near = np.flatnonzero(change <= abs(gap))
    few = moves[:, rng.choice(near, min(FEW_MOVES, len(near)), replace=False)]
    left, right = np.triu_indices(few.shape[1], 1)
    pairs = np.concatenate([few[:, left], few[:, right]])[[0, 2, 1, 3]]
    return pairs[:, (pairs[0] != pairs[1]) & (pairs[2] != pairs[3])]


def _combine_moves(
    weight: _Integers, inside: NDArray[np.bool_], moves: _Integers, gap: int
) -> NDArray[np.bool_] | None:
    """Return the items inside after one or two moves that change their weight by `gap`, or None."""
    if not moves.shape[1]:
        return None
    half = len(moves) // 2
    change = weight[moves[half:]].sum(axis=0) - weight[moves[:half]].sum(axis=0)
    order = np.argsort(change, kind="stable")
    moves, change = moves[:, order], change[order]
    single = int(np.searchsorted(change, gap))
    if single < len(change) and change[single] == gap:
        return _flip(inside, moves[:, single])
    partner = np.minimum(np.searchsorted(change, gap - change), len(change) - 1)
    for place in np.flatnonzero(change[partner] == gap - change)[:MOST_CLASHES].tolist():
        one, other = moves[:, place], moves[:, partner[place]]
        if not set(one.tolist()) & set(other.tolist()):
            return _flip(inside, np.concatenate([one, other]))
    return None


def _flip(inside: NDArray[np.bool_], items: _Integers) -> NDArray[np.bool_]:
    chosen = inside.copy()
    chosen[items] = ~chosen[items]
    return chosen
