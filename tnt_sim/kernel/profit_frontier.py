"""List all efficient (profit, weight) pairs of a 0-1 knapsack, by dynamic programming over profits.

    minw[q] = min { Σ w_j x_j : Σ p_j x_j = q }          best(c) = max { q : minw[q] ≤ c }

One pass solves the knapsack for every capacity at once, in time n·Σp, so it suits small integer profits
(scores). `build_frontier` gives the efficient pairs alone; `recover_items` then recovers the items of one
pair; `build_curve` keeps one decision bit per item and profit and recovers the items of many pairs in a
second pass.

Tie-break. `recover_items` and `build_curve` add items from the last rank to the first and prefer to take an
item on ties. So reading the decisions from the first rank gives, among the selections of one profit and its
least weight, the lexicographically greatest in rank order.

Source: Kellerer, Pferschy and Pisinger, *Knapsack Problems* (2004), on dynamic programming by profits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.compiled.library import CompiledCore, get_address, get_core, to_int64
from tnt_sim.kernel.knapsack import BoolArray, IntArray, TooManyStates

NEVER = np.int64(2**61)
"""Weight of a profit that no selection has."""
NARROW = 2**30
"""Capacities below this limit allow sums in 32 bits."""
MAX_BITS = 400_000_000
"""Largest decision table of `recover_items`, in items × profits."""
CELLS_PER_LOOK = 4_000_000
"""Additions between two checks of the deadline, some milliseconds."""


@dataclass(frozen=True, slots=True, eq=False)
class Frontier:
    """The efficient (profit, weight) pairs of a knapsack: int64 (n_points,) each, both strictly rising."""

    profit: IntArray
    weight: IntArray

    @property
    def numbers(self) -> int:
        """Number of integers stored, for the memory budget of `cap_tree/memo.py`."""
        return 2 * len(self.profit)

    def restrict_to_capacity(self, capacity: int) -> Frontier:
        """Restrict the pairs to a smaller capacity."""
        end = int(np.searchsorted(self.weight, capacity, side="right"))
        return Frontier(self.profit[:end], self.weight[:end])


def estimate_additions(profit: IntArray) -> int:
    """Estimate the additions that a frontier takes: n·Σp."""
    return len(profit) * int(profit.sum())


def build_frontier(
    profit: IntArray, weight: IntArray, capacity: int, deadline: Deadline = UNLIMITED
) -> Frontier:
    """Compute all efficient (profit, weight) pairs within a capacity.

    Parameters
    ----------
    profit : int64 (n,), ≥ 0 and small: memory is proportional to their sum
    weight : int64 (n,), ≥ 0

    Raises
    ------
    DeadlineExpired
        When time is up.

    Examples
    --------
    >>> pairs = build_frontier(np.array([2, 3]), np.array([4, 5]), 9)
    >>> pairs.profit.tolist(), pairs.weight.tolist()
    ([0, 2, 3, 5], [0, 4, 5, 9])
    """
    # int32 where it suffices, since memory bandwidth dominates; no sum exceeds never + capacity
    narrow = capacity < NARROW
    never = NARROW if narrow else NEVER
    least: NDArray[Any] = np.full(int(profit.sum()) + 1, never, dtype=np.int32 if narrow else np.int64)
    least[0] = 0
    order = np.argsort(profit, kind="stable")
    profit, weight = to_int64(profit[order]), to_int64(weight[order])
    core = get_core()
    if core is not None:
        return _build_compiled_frontier(core, profit, weight, capacity, least, deadline)
    top = done = 0
    for p, w in zip(profit.tolist(), weight.tolist(), strict=True):
        if w > capacity:
            continue
        shifted = least[: top + 1] + w
        into = least[p : p + top + 1]
        np.minimum(into, shifted, out=into)
        top += p
        done += top
        if done > CELLS_PER_LOOK:
            deadline.check()
            done = 0
    # a pair is efficient if every greater profit weighs more
    after = np.append(np.minimum.accumulate(least[::-1])[::-1][1:], never)
    keep = np.flatnonzero((least < after) & (least <= capacity))
    return Frontier(keep.astype(np.int64), least[keep].astype(np.int64))


def _build_compiled_frontier(
    core: CompiledCore,
    profit: IntArray,
    weight: IntArray,
    capacity: int,
    least: NDArray[Any],
    deadline: Deadline,
) -> Frontier:
    """Do the work of `build_frontier` in C, with a look at the clock every `CELLS_PER_LOOK` additions."""
    bits, never = least.itemsize * 8, NARROW if least.itemsize == 4 else int(NEVER)
    place, table = np.zeros(2, dtype=np.int64), get_address(least)
    numbers = get_address(profit), get_address(weight), len(profit)
    add = partial(core[f"add_items_{bits}"], *numbers, capacity, table, get_address(place), CELLS_PER_LOOK)
    add()
    while place[0] < len(profit):
        deadline.check()
        add()
    count = core[f"mark_efficient_{bits}"](table, len(least), capacity, never)
    pairs = np.empty((2, count + 1), dtype=np.int64)
    core[f"list_efficient_{bits}"](table, len(least), never, get_address(pairs[0]), get_address(pairs[1]))
    return Frontier(pairs[0, :-1], pairs[1, :-1])


def generate_frontiers_without(
    profit: IntArray, weight: IntArray, places: Sequence[int], deadline: Deadline = UNLIMITED
) -> Iterator[tuple[int | None, Frontier]]:
    """Yield the efficient pairs of all items, with None, then those without each of some items, with its place.

    Halving the items to leave out, k frontiers cost about log k times as much as one, beyond their common items.

    Examples
    --------
    >>> fronts = dict(generate_frontiers_without(np.array([2, 3]), np.array([4, 5]), [0]))
    >>> fronts[None].profit.tolist(), fronts[0].profit.tolist()
    ([0, 2, 3, 5], [0, 3])
    """
    total = int(profit.sum()) + 1

    def add(least: IntArray, items: Iterable[int]) -> IntArray:
        deadline.check()
        least = least.copy()
        for j in items:
            p = int(profit[j])
            into = least[p:]
            np.minimum(into, least[: total - p] + int(weight[j]), out=into)
        return least

    def leave_out(least: IntArray, left: Sequence[int]) -> Iterator[tuple[int, Frontier]]:
        if len(left) == 1:
            yield left[0], _select_efficient_pairs(least, NEVER)
            return
        half = len(left) // 2
        yield from leave_out(add(least, left[half:]), left[:half])
        yield from leave_out(add(least, left[:half]), left[half:])

    least = np.full(total, NEVER)
    least[0] = 0
    common = add(least, sorted(set(range(len(profit))) - set(places), key=lambda j: int(profit[j])))
    yield None, _select_efficient_pairs(add(common, places), NEVER)
    if places:
        yield from leave_out(common, list(places))


def _select_efficient_pairs(least: NDArray[Any], never: int | np.int64) -> Frontier:
    """Keep the pairs of which every greater profit weighs more."""
    after = np.append(np.minimum.accumulate(least[::-1])[::-1][1:], never)
    selected = np.flatnonzero(least < after)
    return Frontier(selected.astype(np.int64), least[selected].astype(np.int64))


def recover_items(
    profit: IntArray,
    weight: IntArray,
    target: int,
    least: int,
    max_cells: int = MAX_BITS,
    deadline: Deadline = UNLIMITED,
) -> BoolArray:
    """Recover the items of an efficient pair: the lexicographically greatest selection in rank order.

    Parameters
    ----------
    target, least : the pair: a profit, and the least weight of any selection with this profit
    max_cells : limit of the decision table, in items × profits

    Notes
    -----
    Reduced-cost fixing shrinks the table. For a price μ on weight let r = p − μ·w and
    gap = Σ max(0, r) − (target − μ·least). A selection of this pair agrees with « take exactly the items with
    r > 0 » in every item with |r| > gap, so only the other items enter the dynamic program.

    Raises
    ------
    TooManyStates
        When the decision table would exceed `max_cells`.
    ArithmeticError
        When no selection has this profit and weight.
    DeadlineExpired
        When time is up.

    Examples
    --------
    >>> recover_items(np.array([2, 3, 3]), np.array([4, 5, 5]), 3, 5).tolist()
    [False, True, False]
    """
    price = _compute_break_ratio(profit, weight, least)
    reduced = profit - price * weight
    gap = float(np.maximum(reduced, 0.0).sum()) - (target - price * least)
    margin = 1e-9 * (1.0 + float(np.abs(reduced).sum()))
    taken: BoolArray = reduced > gap + margin
    open_ = np.flatnonzero(np.abs(reduced) <= gap + margin)
    rest = target - int(profit[taken].sum())
    room = least - int(weight[taken].sum())
    if len(open_) * (rest + 1) > max_cells:
        raise TooManyStates(f"{len(open_)} items and {rest} units of profit in one leaf")
    taken[open_] = _select_exactly(profit[open_], weight[open_], rest, room, deadline)
    return taken


def _compute_break_ratio(profit: IntArray, weight: IntArray, filled: int) -> float:
    """Return the efficiency p/w of the break item when items in order of efficiency fill the weight `filled`."""
    heavy = np.flatnonzero(weight > 0)
    if not len(heavy):
        return 0.0
    ratio = profit[heavy] / weight[heavy]
    order = np.argsort(-ratio, kind="stable")
    place = int(np.searchsorted(np.cumsum(weight[heavy][order]), filled, side="right"))
    return float(ratio[order[min(place, len(order) - 1)]])


def _select_exactly(
    profit: IntArray, weight: IntArray, target: int, room: int, deadline: Deadline
) -> BoolArray:
    """Select exactly `target` at weight `room` by dynamic programming with a table of decisions."""
    n = len(profit)
    least = np.full(target + 1, NEVER)
    least[0] = 0
    takes = np.zeros((n, target + 1), dtype=np.bool_)
    core = get_core()
    if core is not None:
        _fill_compiled_decisions(core, profit, weight, target, least, takes, deadline)
        n_open = 0
    else:
        n_open = n
    done = 0
    for j in range(n_open - 1, -1, -1):
        p, w = int(profit[j]), int(weight[j])
        if p > target:
            continue
        shifted = least[: target + 1 - p] + w
        into = least[p:]
        better = shifted <= into
        takes[j, p:] = better
        np.copyto(into, shifted, where=better)
        done += target
        if done > CELLS_PER_LOOK:
            deadline.check()
            done = 0
    if least[target] != room:
        raise ArithmeticError("the state of a leaf is not reached by its items")
    taken = np.zeros(n, dtype=np.bool_)
    left = target
    for j in range(n):
        if takes[j, left]:
            taken[j] = True
            left -= int(profit[j])
    return taken


def _fill_compiled_decisions(
    core: CompiledCore,
    profit: IntArray,
    weight: IntArray,
    target: int,
    least: IntArray,
    takes: BoolArray,
    deadline: Deadline,
) -> None:
    """Fill the tables of `_select_exactly` in C, with a look at the clock every `CELLS_PER_LOOK` additions."""
    profit, weight = to_int64(profit), to_int64(weight)
    place = np.array([len(profit)])
    fill = partial(
        core["fill_decisions"], get_address(profit), get_address(weight), target, get_address(least),
        get_address(takes), get_address(place), CELLS_PER_LOOK,
    )  # fmt: skip
    fill()
    while place[0] > 0:
        deadline.check()
        fill()


MAX_CELLS = 1_500_000_000
"""Limit of items × profits in `build_curve`; each takes one bit."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """The optimal profit as a step function of the capacity: from `weight[k]` on it is `profit[k]`.

    Both are int64 (n_steps,). The first step is the empty selection: profit 0 at weight 0.
    """

    profit: IntArray
    weight: IntArray
    _unit: int
    _gain: IntArray = field(repr=False)
    _bits: NDArray[np.uint8] = field(repr=False)

    def get_step(self, capacity: int) -> int:
        """Return the step in force at a capacity, −1 for a negative capacity."""
        return int(np.searchsorted(self.weight, capacity, side="right")) - 1

    def recover_choices(self, steps: IntArray) -> BoolArray:
        """Recover the items of some steps, bool (n_items, len(steps)), items in rank order."""
        left = self.profit[steps] // self._unit
        taken = np.zeros((len(self._gain), len(steps)), dtype=np.bool_)
        for j, p in enumerate(self._gain.tolist()):
            row = self._bits[j]
            take = (row[left >> 3] >> (7 - (left & 7)).astype(np.uint8)) & 1
            taken[j] = take.astype(np.bool_)
            left = left - p * take.astype(np.int64)
        return taken


def build_curve(profit: IntArray, weight: IntArray, deadline: Deadline = UNLIMITED) -> Curve:
    """Solve a knapsack for all capacities and keep the decisions.

    Parameters
    ----------
    profit : int64 (n,), ≥ 0, items in rank order
    weight : int64 (n,), > 0

    Raises
    ------
    TooManyStates
        When items × profits exceed `MAX_CELLS`; profits are first divided by their greatest common divisor.
    DeadlineExpired
        When time is up.
    ValueError
        For a negative profit, or a weight that is not positive.

    Examples
    --------
    >>> steps = build_curve(np.array([20, 30]), np.array([4, 5]))
    >>> steps.profit.tolist(), steps.weight.tolist()
    ([0, 20, 30, 50], [0, 4, 5, 9])
    >>> steps.recover_choices(np.array([steps.get_step(6)]))[:, 0].tolist()
    [False, True]
    """
    if (profit < 0).any() or (weight <= 0).any():
        raise ValueError("profits must not be negative, and weights must be positive")
    unit = max(1, int(np.gcd.reduce(profit))) if len(profit) else 1
    gain = profit // unit
    total = int(gain.sum())
    if len(profit) * (total + 1) > MAX_CELLS:
        raise TooManyStates(f"{len(profit)} items and {total} units of profit")
    least = np.full(total + 1, NEVER)
    least[0] = 0
    bits = np.zeros((len(profit), total // 8 + 1), dtype=np.uint8)
    reached = done = 0
    for j in range(len(profit) - 1, -1, -1):
        p, w = int(gain[j]), int(weight[j])
        if p == 0:
            continue  # an item without profit is never worth its weight
        reached += p
        shifted = least[: reached + 1 - p] + w
        into = least[p : reached + 1]
        better = shifted <= into
        np.copyto(into, shifted, where=better)
        bits[j] = _pack_decisions(better, p, total)
        done += total
        if done > CELLS_PER_LOOK:
            deadline.check()
            done = 0
    after = np.append(np.minimum.accumulate(least[::-1])[::-1][1:], NEVER)
    keep = np.flatnonzero(least < after)
    return Curve(keep * unit, least[keep], unit, gain, bits)


def _pack_decisions(better: BoolArray, start: int, total: int) -> NDArray[np.uint8]:
    """Pack the decisions of one item, for profits from `start` on, into bits."""
    whole = np.zeros(total + 1, dtype=np.bool_)
    whole[start : start + len(better)] = better
    return np.packbits(whole)
