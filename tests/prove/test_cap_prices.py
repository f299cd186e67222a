"""The prices of caps are those that enumeration finds: what lies under a cap at each price, and its best price."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from random import Random
from typing import Any

import pytest

from tnt_sim.certify.verifier import Check, PlainSystem, PricedCap, check_claim
from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.prove import cap_prices
from tnt_sim.prove.cap_prices import Inner, Leaf, _build_hull, _build_node, find_prices

HIGHEST = 40
"""Prices that are tried: each gain is worth less than this by unit of weight."""


def draw_caps(dice: Random, shape: str) -> tuple[dict[str, Any], list[Any], int]:
    """Draw rows of caps over eight columns and a goal; return the record, the trees, and the row of the goal.

    Each column gains a whole number of times its weight, so that all slopes change at whole prices.
    """
    n = 8
    weight = [dice.randint(1, 5) for _ in range(n)]
    rates = [dice.randint(0, 15) for _ in range(n)]
    gain = [w * rate for w, rate in zip(weight, rates, strict=True)]
    more = dice.randint(1, 4)  # the second amount of the first dossier, and what it gains beyond the first
    weight[1], gain[1] = weight[0] + more, gain[0] + more * dice.randint(0, rates[0])
    low, high = [0] * n, [dice.choice([1, 1, 1, 2]) for _ in range(n)]
    halves = [[0, 1, 2, 3], [4, 5, 6]]
    group = {"columns": [0, 1], "must": dice.random() < 0.3}
    high[0] = high[1] = 1
    rows: list[dict[str, Any]] = []

    def add(entries: dict[int, int], upper: int) -> int:
        rows.append({"columns": [*entries], "values": [*entries.values()], "upper": upper})
        return len(rows) - 1

    def draw_room(columns: Sequence[int]) -> int:
        least = weight[0] if group["must"] and 0 in columns else 0
        return dice.randint(least, max(least, sum(weight[j] * high[j] for j in columns)))

    if shape == "exceeded":
        low, high, gain = [*low, 0, 0], [*high, 99, 99], [*gain[:-1], 0, 0, 0]
        below = [
            (add({**{j: weight[j] for j in half}, n + k: -1}, draw_room(half)), [], True)
            for k, half in enumerate(halves)
        ]
        top = add({n: 1, n + 1: 1}, dice.randint(0, 8))
    else:
        below = [(add({j: weight[j] for j in half}, draw_room(half)), [], False) for half in halves]
        top = add({j: weight[j] for j in range(n)}, draw_room(range(n)))
    goal = add({j: -g for j, g in enumerate(gain)}, -1)
    record = {"columns": {"low": low, "high": high}, "groups": [group], "rows": rows}
    return record, [(top, below, False)], goal


def read_caps(record: dict[str, Any], trees: list[Any], goal: int) -> tuple[PricedCap, Check]:
    """Return the cap of the only tree, as the verifier reads it."""
    proof = {"multipliers": {str(goal): 1}, "trees": [cap_prices._write_tree(tree) for tree in trees]}
    check = Check(PlainSystem(record), proof, [0])
    return check.trees[0], check


def list_selections(cap: PricedCap) -> list[tuple[int, int]]:
    """Return weight and gain of each selection of a cap's own choices."""
    picks = product(*cap.choices)
    return [(sum(w for w, _, _ in pick), -sum(m for _, _, m in pick)) for pick in picks]


def weigh_above(cap: PricedCap, weight: int) -> int:
    """Return what a selection of this weight counts above the cap."""
    return max(0, weight - cap.room) if cap.may_exceed else weight


def find_best(cap: PricedCap, price: int) -> int:
    """Return the greatest worth under a cap without caps below, at a price above it."""
    return max(
        gain - price * weigh_above(cap, weight)
        for weight, gain in list_selections(cap)
        if cap.may_exceed or weight <= cap.room
    )


def draw_leaves(shape: str) -> Iterator[tuple[int, Leaf]]:
    """Caps without caps below."""
    for seed in range(25):
        top, check = read_caps(*draw_caps(Random(seed), shape))
        for cap in top.below:
            yield seed, Leaf(cap, check, UNLIMITED)


@pytest.mark.parametrize("shape", ["plain", "exceeded"])
def test_a_leaf_is_worth_its_best_selection_at_each_price(shape: str) -> None:
    for seed, leaf in draw_leaves(shape):
        cap = leaf.cap
        sums = list_selections(cap)
        for price in range(0, HIGHEST, 3):
            worth, weight = leaf.solve(price)
            assert worth == find_best(cap, price), (seed, price)
            # the weight is that of a selection which is worth as much
            assert any(
                gain - price * weight == worth and weigh_above(cap, w) == weight
                for w, gain in sums
                if cap.may_exceed or w <= cap.room
            ), (seed, price)
            leaf.settle(price)
            assert cap.best == worth


@pytest.mark.parametrize("shape", ["plain", "exceeded"])
def test_a_leaf_is_first_filled_to_within_a_choice_of_its_relaxation(shape: str) -> None:
    """The steps of greatest rate are taken while they pay and fit: what is lost is less than one step gains."""
    for seed, leaf in draw_leaves(shape):
        cap = leaf.cap
        most = max((better for _, _, better, _ in leaf.steps), default=0)
        for price in range(0, HIGHEST, 3):
            worth, weight = leaf._fill(price)
            assert worth <= find_best(cap, price)
            assert worth >= leaf.relax(price)[0] - most, (seed, price)
            start = leaf.start[1] - price * weigh_above(cap, leaf.start[0])
            assert worth >= start, (seed, price)
            assert any(
                gain - price * weight == worth and weigh_above(cap, w) == weight
                for w, gain in list_selections(cap)
                if cap.may_exceed or w <= cap.room
            ), (seed, price)


@pytest.mark.parametrize("shape", ["plain", "exceeded"])
def test_the_relaxation_of_a_leaf_is_the_least_of_all_prices_inside(shape: str) -> None:
    """Choices apart at a price inside, and the room at what it has over the price above; a line supports it."""
    for seed, leaf in draw_leaves(shape):
        cap = leaf.cap

        def measure(inside: int, above: int, cap: PricedCap = cap) -> int:
            apart = sum(max(-m - inside * w for w, _, m in options) for options in cap.choices)
            return apart + (inside if cap.may_exceed else inside - above) * cap.room

        figures = [leaf.relax(above) for above in range(HIGHEST)]
        for above, (worth, weight) in enumerate(figures):
            allowed = range(above + 1) if cap.may_exceed else range(above, HIGHEST)
            assert worth == min(measure(inside, above) for inside in allowed), (seed, above)
            assert worth >= leaf.solve(above)[0]
            # just at the price of the cap, its columns may weigh more than the room
            for other, (value, _) in enumerate(figures if above != leaf.own else []):
                assert value >= worth - weight * (other - above), (seed, above, other)


@pytest.mark.parametrize("shape", ["plain", "exceeded"])
def test_a_cap_above_others_has_the_price_of_the_least_bound(shape: str) -> None:
    priced = 0
    for seed in range(25):
        top, check = read_caps(*draw_caps(Random(seed), shape))
        node = _build_node(top, check, HIGHEST, UNLIMITED)
        assert isinstance(node, Inner)
        bounds = [
            sum(find_best(cap, price) for cap in top.below)
            + sum(max(-m - price * w for w, _, m in options) for options in top.choices)
            + price * top.room
            for price in range(HIGHEST + 1)
        ]
        assert min(bounds[max(0, node.own - 1) : node.own + 2]) == min(bounds), seed
        for above in range(0, HIGHEST, 3):
            worth, weight = node.solve(above)
            inside = max(above, node.own)
            assert worth == bounds[inside] - above * top.room, (seed, above)
            if above < node.own:
                assert weight == top.room
            else:
                assert all(bounds[other] - other * top.room >= worth - weight * (other - above)
                           for other in range(above, HIGHEST))  # fmt: skip
            node.settle(above)
            assert check.compute_bound(top, above, listed=False) == worth
            for child in top.below:
                assert child.best == find_best(child, inside)
        priced += node.own > 0
    assert priced > 8


@pytest.mark.parametrize("shape", ["plain", "exceeded"])
def test_the_price_of_a_cap_is_best_to_a_unit_among_very_many(shape: str) -> None:
    """The bound is convex in the price: one that is no greater than two units off, to both sides, is the least."""
    for seed in range(60):
        record, trees, goal = draw_caps(Random(seed), shape)
        record["rows"][goal]["values"] = [1000 * value + seed % 7 for value in record["rows"][goal]["values"]]
        top, check = read_caps(record, trees, goal)
        node = _build_node(top, check, 1000 * HIGHEST, UNLIMITED)
        bounds = {
            price: sum(find_best(cap, price) for cap in top.below)
            + sum(max(-m - price * w for w, _, m in options) for options in top.choices)
            + price * top.room
            for price in range(node.own - 2, node.own + 3)
            if price >= 0
        }
        best = min(bounds[price] for price in range(node.own - 1, node.own + 2) if price >= 0)
        assert min(bounds.values()) == best, seed


@pytest.mark.parametrize("shape", ["plain", "exceeded"])
@pytest.mark.parametrize("scale", [1, cap_prices.SCALE])
def test_the_price_of_a_cap_is_enclosed_in_few_trials(shape: str, scale: int) -> None:
    """At the lower price what lies below exceeds the room, at the higher one it does not; leaves say where."""
    trials = 0
    for seed in range(25):
        record, trees, goal = draw_caps(Random(seed), shape)
        record["rows"][goal]["values"] = [scale * value for value in record["rows"][goal]["values"]]
        top, check = read_caps(record, trees, goal)
        below = [CountedLeaf(cap, check, UNLIMITED) for cap in top.below]
        highest = HIGHEST * scale
        node = Inner(top, check, below, highest)
        below[0].n_solved = 0
        low, high = node._enclose()
        trials += below[0].n_solved
        assert 0 <= low < high <= highest, seed
        assert not low or node._add_up(low)[1] > top.room, seed
        assert high == highest or node._add_up(high)[1] <= top.room, seed
    assert trials <= 4 * 25


class CountedLeaf(Leaf):
    """A leaf that is not solved for ever."""

    n_solved = 0

    def solve(self, above: int) -> tuple[int, int]:
        """Return the same, and count."""
        self.n_solved += 1
        assert self.n_solved < 60
        return super().solve(above)


@pytest.mark.parametrize("shape", ["plain", "exceeded"])
def test_the_proof_with_prices_shows_what_its_slack_says(shape: str) -> None:
    """What is asked for is one more than the best by enumeration, then just the best."""
    shown = 0
    for seed in range(25):
        record, trees, goal = draw_caps(Random(seed), shape)
        top, _ = read_caps(record, trees, goal)
        best = find_best_of_tree(top)
        for target, is_empty in ((best + 1, True), (best, False)):
            record["rows"][goal]["upper"] = -target
            proof, slack = find_prices(PlainSystem(record), {goal: cap_prices.SCALE}, trees)
            assert (check_claim(record, proof) == "") is is_empty, seed
            (tree,) = proof["trees"]
            assert ("best" in tree) is (slack >= 0)
            shown += is_empty and slack < 0
    assert shown > 3


def test_trees_beside_each_other_are_shown_by_what_is_claimed_for_each() -> None:
    """Two trees with a common goal, which asks for one more than the best of both by enumeration."""
    n_open = 0
    for seed in range(40):
        whole: dict[str, Any] = {"columns": {"low": [], "high": []}, "groups": [], "rows": []}
        trees: list[Any] = []
        entries: dict[int, int] = {}
        best = 0
        for dice in (Random(seed), Random(seed + 1000)):
            record, (tree,), goal = draw_caps(dice, "plain")
            best += find_best_of_tree(read_caps(record, [tree], goal)[0])
            n, first = len(whole["columns"]["low"]), len(whole["rows"])
            for side in ("low", "high"):
                whole["columns"][side] += record["columns"][side]
            whole["groups"] += [
                {**group, "columns": [n + j for j in group["columns"]]} for group in record["groups"]
            ]
            moved = [{**row, "columns": [n + j for j in row["columns"]]} for row in record["rows"]]
            entries |= dict(zip(moved[goal]["columns"], moved[goal]["values"], strict=True))
            whole["rows"] += moved[:goal]
            top, below, may_exceed = tree
            trees.append((first + top, [(first + row, [], again) for row, _, again in below], may_exceed))
        whole["rows"].append({"columns": [*entries], "values": [*entries.values()], "upper": -best - 1})
        proof, slack = find_prices(PlainSystem(whole), {len(whole["rows"]) - 1: cap_prices.SCALE}, trees)
        n_open += slack >= 0
        assert check_claim(whole, proof) == "", seed
        whole["rows"][-1]["upper"] += 1
        proof, _ = find_prices(PlainSystem(whole), {len(whole["rows"]) - 1: cap_prices.SCALE}, trees)
        assert check_claim(whole, proof) != "", seed
    assert n_open > 5


def find_best_of_tree(top: PricedCap) -> int:
    """Return the greatest gain under a cap and the caps below it."""
    return max(
        -sum(m for pick in picks for _, _, m in pick)
        for picks in product(*(product(*cap.choices) for cap in (*top.below, top)))
        if keeps(top, [sum(w for w, _, _ in pick) for pick in picks])
    )


def keeps(top: PricedCap, weights: list[int]) -> bool:
    """Whether selections of these weights, under each cap below and beside them, keep all caps."""
    *below, beside = weights
    fits = all(cap.may_exceed or weight <= cap.room for cap, weight in zip(top.below, below, strict=True))
    total = sum(weigh_above(cap, weight) for cap, weight in zip(top.below, below, strict=True))
    return fits and total + beside <= top.room


def test_a_hull_holds_the_options_that_some_price_prefers() -> None:
    dice = Random(2)
    for _ in range(200):
        options = sorted(
            {dice.randint(0, 9): dice.randint(-20, 0) for _ in range(dice.randint(1, 6))}.items()
        )
        # as pruned: what is heavier gains more
        options = [pair for k, pair in enumerate(options) if all(pair[1] < other[1] for other in options[:k])]
        hull = _build_hull(options)
        assert hull == [pair for pair in options if pair in hull]
        for price in range(25):
            worth = max(-m - price * w for w, m in options)
            assert max(-m - price * w for w, m in hull) == worth
        for left, middle, right in zip(hull, hull[1:], hull[2:], strict=False):
            slopes = [(a[1] - b[1]) * (d[0] - c[0]) - (c[1] - d[1]) * (b[0] - a[0])
                      for a, b, c, d in ((left, middle, middle, right),)]  # fmt: skip
            assert slopes[0] > 0


def test_a_leaf_is_not_solved_when_time_is_up() -> None:
    top, check = read_caps(*draw_caps(Random(1), "plain"))
    leaf = Leaf(top.below[0], check, Deadline(0.0))
    with pytest.raises(DeadlineExpired):
        leaf.solve(3)
