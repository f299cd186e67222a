"""Price the caps of trees for `certify/verifier.py`. Nothing here needs to be right for a proof to be.

The worth of what lies under a cap is convex in the price Y of the money above it. The price of a cap is the one at
which what lies below just uses its room:

    min over Y ≥ 0 of   Σ worth below (Y)  +  Y · room

Leaves are solved exactly, by the verifier's own lists, so that the bound at the root leaves little to list; their
relaxations, which only look up sums, tell around which price that is worth its time. A cap
takes max(Y, its own price), because nested caps have prices that only grow downwards; one that may be exceeded
takes the smaller of the two.

Source: Geoffrion, *Lagrangean relaxation for integer programming*, Mathematical Programming Study 2 (1974).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

from tnt_sim.certify.verifier import Check, Json, PlainSystem, PricedCap
from tnt_sim.deadline import UNLIMITED, Deadline

SCALE = 1 << 30
"""Multiplier of the goal, so that whole prices are fine enough."""
NEAR = 10
"""Leaves are solved exactly from 2⁻¹⁰ of the price of the relaxation around it."""
MOST_STEPS = 200
"""Trials of one price at most."""

Pair = tuple[int, int]
"""Weight, and the gain with its sign turned."""
Tree = tuple[int, "Sequence[Tree]", bool]
"""A row, the trees below it, and whether its cap may be exceeded."""


class PricedNode(Protocol):
    """A cap with the columns under it."""

    cap: PricedCap
    own: int

    def solve(self, above: int) -> tuple[int, int]:
        """Return the worth of what lies under the cap at a price above, and the weight that counts above."""

    def relax(self, above: int) -> tuple[int, int]:
        """Return the same for the linear relaxation."""

    def settle(self, above: int) -> None:
        """Write the prices and the bounds of the cap and of those below for a price above."""


@dataclass
class Leaf:
    """A cap without caps below: its optimum at a price is exact.

    Attributes
    ----------
    own : the price at which the linear relaxation of the cap alone is just full
    sums : weight and gain of the first steps of the hulls, from none to all
    """

    cap: PricedCap
    check: Check
    deadline: Deadline
    own: int = field(init=False)
    steps: list[tuple[int, int, int, int]] = field(init=False)
    start: Pair = field(init=False)
    sums: list[Pair] = field(init=False)
    solved: dict[int, tuple[int, int]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Sort the steps of the concave hulls of the choices by falling gain per weight."""
        hulls = [_build_hull([(w, m) for w, _, m in options]) for options in self.cap.choices]
        self.start = sum(hull[0][0] for hull in hulls), -sum(hull[0][1] for hull in hulls)
        # of two options on a hull the second is heavier
        self.steps = sorted(
            ((a[1] - b[1]) * SCALE // (b[0] - a[0]), b[0] - a[0], a[1] - b[1], k)
            for k, hull in enumerate(hulls)
            for a, b in pairwise(hull)
        )[::-1]
        self.sums = [self.start]
        for _, more, better, _ in self.steps:
            self.sums.append((self.sums[-1][0] + more, self.sums[-1][1] + better))
        self.own, room = 0, self.cap.room - self.start[0]
        for rate, weight, _, _ in self.steps:
            room -= weight
            if room < 0:
                self.own = max(0, rate // SCALE)
                break

    def solve(self, above: int) -> tuple[int, int]:
        """Return the exact worth at a price above, and the weight that counts above."""
        if above not in self.solved:
            self.deadline.check()
            self.settle(above)
            worth, weight = self._fill(above)
            if worth < self.cap.ceiling:
                nodes = self.check.list_entries(self.cap, self.cap.ceiling - worth)
                worth, weight = max(((-m - above * w, w) for w, _, m in nodes), default=(worth, weight))
            self.solved[above] = worth, weight
        return self.solved[above]

    def relax(self, above: int) -> tuple[int, int]:
        """Return the worth of the linear relaxation at a price above, and the weight that counts above."""
        inside = _get_inside(self.cap, self.own, above)
        weight, gain = self.sums[bisect_right(self.steps, -inside * SCALE, key=lambda step: -step[0])]
        return _add_room(self.cap, inside, above, gain - inside * weight, weight)

    def settle(self, above: int) -> None:
        """Write the price of the cap for a price above, its ceiling, and its worth where that is known."""
        cap, inside = self.cap, _get_inside(self.cap, self.own, above)
        cap.price = inside if cap.may_exceed else inside - above
        cap.claim = self.solved[above][0] if above in self.solved else None
        self.check.compute_bound(cap, above, listed=False)

    def _fill(self, above: int) -> tuple[int, int]:
        """Return worth and counted weight of a greedy selection at a price above."""
        (weight, gain), closed, cap = self.start, set(), self.cap
        for rate, more, better, k in self.steps:
            if rate < above * SCALE and not cap.may_exceed:
                break
            if k in closed:
                continue
            excess = max(0, more - max(0, cap.room - weight))
            if better >= above * excess if cap.may_exceed else not excess:
                weight, gain = weight + more, gain + better
            else:  # the next step of this choice begins where this one ends
                closed.add(k)
        counted = max(0, weight - cap.room) if cap.may_exceed else weight
        return gain - above * counted, counted


@dataclass
class Inner:
    """A cap above others.

    Attributes
    ----------
    own : the price at which what lies below just uses the room
    """

    cap: PricedCap
    check: Check
    below: Sequence[PricedNode]
    highest: int
    own: int = field(init=False)

    def __post_init__(self) -> None:
        """Find the price by cutting the two supporting lines that enclose it, near that of the relaxation."""
        self.own, room = 0, self.cap.room
        low, high = self._enclose()
        left, right = self._add_up(low), self._add_up(high)
        if left[1] <= room:
            return
        for _ in range(MOST_STEPS):
            if high - low <= 1:
                break
            # where the line from the left meets the line from the right
            across = left[0] + left[1] * low - right[0] - right[1] * high
            middle = min(max(across // max(1, left[1] - right[1]), low + 1), high - 1)
            worth, weight = self._add_up(middle)
            tangent = left[0] + left[1] * low - left[1] * middle
            if weight > room:
                low, left = middle, (worth, weight)
            else:
                high, right = middle, (worth, weight)
            if worth <= tangent + 1:
                break
        self.own = low if left[0] + low * room < right[0] + high * room else high

    def _enclose(self) -> tuple[int, int]:
        """Return a price at which what lies below exceeds the room, or 0, and one at which it does not."""
        room, low, high = self.cap.room, 0, self.highest
        while high - low > 1:
            middle = (low + high) // 2
            if self._add_up(middle, exact=False)[1] > room:
                low = middle
            else:
                high = middle
        centre, step = high, (high >> NEAR) + 1
        low, high = max(0, centre - step), min(self.highest, centre + step)
        while low and self._add_up(low)[1] <= room:
            step, high = 4 * step, low
            low = max(0, centre - step)
        while high < self.highest and self._add_up(high)[1] > room:
            step, low = 4 * step, high
            high = min(self.highest, centre + step)
        return low, high

    def _add_up(self, price: int, *, exact: bool = True) -> tuple[int, int]:
        """Return worth and weight of everything below at a price; `exact`, or as the relaxation has them."""
        solved = [node.solve(price) if exact else node.relax(price) for node in self.below]
        solved += [
            max((-m - price * weight, weight) for weight, _, m in options) for options in self.cap.choices
        ]
        return sum(worth for worth, _ in solved), sum(weight for _, weight in solved)

    def solve(self, above: int) -> tuple[int, int]:
        """Return a bound of the worth at a price above, and the weight that counts above."""
        return self._compute_bound(above, exact=True)

    def relax(self, above: int) -> tuple[int, int]:
        """Return the worth of the relaxation at a price above, and the weight that counts above."""
        return self._compute_bound(above, exact=False)

    def _compute_bound(self, above: int, *, exact: bool) -> tuple[int, int]:
        inside = _get_inside(self.cap, self.own, above)
        return _add_room(self.cap, inside, above, *self._add_up(inside, exact=exact))

    def settle(self, above: int) -> None:
        """Write the prices and the bounds of the cap and of those below for a price above."""
        inside = _get_inside(self.cap, self.own, above)
        self.cap.price = inside if self.cap.may_exceed else inside - above
        self.cap.claim = None
        for node in self.below:
            node.solve(inside)
            node.settle(inside)


def _get_inside(cap: PricedCap, own: int, above: int) -> int:
    """Return the price inside a cap for a price above it."""
    return min(own, above) if cap.may_exceed else max(own, above)


def _add_room(cap: PricedCap, inside: int, above: int, worth: int, weight: int) -> tuple[int, int]:
    """Add the price of its room to the worth under a cap; return it and the weight that counts above."""
    room, price = cap.room, inside if cap.may_exceed else inside - above
    counted = max(0, weight - room) if cap.may_exceed else (room if price else weight)
    return worth + price * room, 0 if cap.may_exceed and inside < above else counted


def _build_hull(options: Sequence[Pair]) -> list[Pair]:
    """Return the options (weight, −gain) on the concave hull, by rising weight."""
    hull: list[Pair] = []
    for weight, minus in options:
        while len(hull) > 1 and (hull[-1][1] - minus) * (hull[-1][0] - hull[-2][0]) >= (
            hull[-2][1] - hull[-1][1]
        ) * (weight - hull[-1][0]):
            hull.pop()
        hull.append((weight, minus))
    return hull


def _build_node(cap: PricedCap, check: Check, highest: int, deadline: Deadline) -> PricedNode:
    """Return the solver of a cap."""
    if not cap.below:
        return Leaf(cap, check, deadline)
    return Inner(cap, check, [_build_node(child, check, highest, deadline) for child in cap.below], highest)


def _iterate_caps(cap: PricedCap) -> Iterator[PricedCap]:
    """Yield a cap and all below it."""
    yield cap
    for child in cap.below:
        yield from _iterate_caps(child)


def find_prices(
    system: PlainSystem,
    multipliers: Mapping[int, int],
    trees: Sequence[Tree],
    deadline: Deadline = UNLIMITED,
    blocks: Sequence[int] = (),
) -> tuple[Json, int]:
    """Return a proof with prices for the caps of some trees, and the slack that it leaves to list.

    The columns of each row of `blocks` are one choice.

    A slack below zero needs no list at the root.
    """
    named = {str(row): times for row, times in multipliers.items()}
    joined = {"blocks": list(blocks)} if blocks else {}
    empty = {"multipliers": named, "trees": [_write_tree(tree) for tree in trees], **joined}
    check = Check(system, empty, [0])
    caps = [cap for tree in check.trees for cap in _iterate_caps(tree)]
    highest = (
        2
        * max((-m // w for cap in caps for options in cap.choices for w, _, m in options if w > 0), default=0)
        + 2
    )
    nodes = [_build_node(tree, check, highest, deadline) for tree in check.trees]
    for node in nodes:
        node.solve(0)
        node.settle(0)
    slack = check.loose + sum(check.compute_bound(node.cap, 0, listed=False) for node in nodes) - check.target
    if len(nodes) == 1 and slack >= 0:
        nodes[0].cap.claim = check.target - check.loose - 1
    elif slack >= 0:
        _set_claims(check, [node.cap for node in nodes], slack)
    proof = {
        "multipliers": named,
        "trees": [_write_tree(tree, node.cap) for tree, node in zip(trees, nodes, strict=True)],
        **joined,
    }
    return proof, slack


def _set_claims(check: Check, roots: Sequence[PricedCap], slack: int) -> None:
    """Claim for the roots of several trees what lists show that they are worth, until no slack is left."""
    for cap in sorted(roots, key=lambda root: sum(len(part.choices) for part in _iterate_caps(root))):
        entries = check.list_entries(cap, slack + cap.ceiling - cap.best)
        cap.claim = max((-m for _, _, m in entries), default=cap.best - slack - 1)
        slack -= cap.best - cap.claim
        if slack < 0:
            break


def _write_tree(tree: Tree, cap: PricedCap | None = None) -> Json:
    """Write a tree of caps, with the prices and bounds of `cap` where it is given."""
    row, below, may_exceed = tree
    record: Json = {"row": row, "price": 0 if cap is None else cap.price}
    if cap is not None and cap.claim is not None:
        record["best"] = cap.claim
    if below:
        children = [None] * len(below) if cap is None else cap.below
        record["below"] = [_write_tree(*both) for both in zip(below, children, strict=True)]
    if may_exceed:
        record["may_exceed"] = True
    return record
