"""Trees of caps over dossiers with several amounts: they close what holds no point, and never what holds one."""

from __future__ import annotations

from collections import Counter
from random import Random

import numpy as np
import pytest
from support.lanes import seeds
from support.systems.drawn import points, random_system, ranged_system
from support.systems.of_amounts import GOAL, LESS, amounts_system, bounded, value

from tnt_sim.certify import cap_tree_bound as checker
from tnt_sim.certify.cap_tree_bound import Tree, is_closed_by_caps
from tnt_sim.certify.certificate import check_refutation
from tnt_sim.certify.system import MultiplierError, Rows, System
from tnt_sim.prove.kernel_proofs import prove_by_caps


def tree_of(system: System, rng: Random) -> list[Tree]:
    """The caps as a tree, at times fewer of them."""
    place = {name: k for k, name in enumerate(system.rows.names)}
    inner = [(place["cap 3"], [], False)] if rng.random() < 0.7 else []
    below = [(place["cap 1"], inner, False), (place["cap 2"], [], False)]
    return below if rng.random() < 0.3 else [(place["cap 0"], below, False)]


def only_caps(system: System) -> bool:
    """Whether the caps, which are all taken in, are all that holds points back."""
    return "crossing" not in system.rows.names


@pytest.mark.parametrize("seed", seeds(range(0, 1500, 100), 3))
def test_caps_close_only_what_holds_no_point(seed: int) -> None:
    """By the whole tree, all beyond the best value is closed, and all that costs less; never the best itself."""
    for k in range(seed, seed + 100):
        rng = Random(k)
        system, cost = amounts_system(rng)
        held = points(system)
        goal, less = system.rows.n - 2, system.rows.n - 1
        trees = tree_of(system, rng)
        best = min((value(system, x, GOAL) for x in held), default=0)
        beyond, reached = bounded(system, goal=best - 1), bounded(system, goal=best)
        whole = only_caps(system) and len(trees) == 1 and len(trees[0][1][0][1]) == 1
        if held:
            assert not says(reached, goal, trees)
            least = min(value(system, x, LESS) for x in held if value(system, x, GOAL) == best)
            assert not says(bounded(system, goal=best, less=least), goal, trees, less)
            cheaper = bounded(system, goal=best, less=least - 1)
            if whole:
                assert says(beyond, goal, trees)
                assert says(cheaper, goal, trees, less)
        proof = prove_by_caps(beyond, cost)
        if proof is not None:
            check_refutation(beyond, proof)
        assert not held or prove_by_caps(reached, cost) is None


def says(system: System, goal: int, trees: list[Tree], less: int | None = None) -> bool:
    """What the check says, no where it cannot."""
    try:
        return is_closed_by_caps(system, goal, trees, less)
    except MultiplierError:
        return False


def test_amounts_close_what_choices_alone_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """The prover finds almost all of them; with a choice for each amount, few of them would be closed."""
    counted: Counter[str] = Counter()
    plain = checker.build_choice_groups
    for k in range(600):
        rng = Random(k)
        system, cost = amounts_system(rng, 1)
        held = points(system)
        if not held or not only_caps(system):
            continue
        best = min(value(system, x, GOAL) for x in held)
        beyond = bounded(system, goal=best - 1)
        proof = prove_by_caps(beyond, cost)
        counted["empty"] += 1
        counted["proved"] += proof is not None
        if proof is not None and plain(beyond) is not None:
            counted["with amounts"] += 1
            monkeypatch.setattr(checker, "build_choice_groups", lambda _: None)
            counted["alone"] += says(
                beyond, proof["caps"]["goal"], [tree(top) for top in proof["caps"]["groups"]]
            )
            monkeypatch.setattr(checker, "build_choice_groups", plain)
    assert counted["proved"] >= 0.95 * counted["empty"] > 200
    assert counted["with amounts"] - counted["alone"] > 100


def tree(entry: list[object]) -> Tree:
    row, below = entry[:2]
    assert isinstance(row, int)
    assert isinstance(below, list)
    return row, [tree(child) for child in below], False


@pytest.mark.parametrize("seed", seeds(range(0, 2000, 100), 8))
def test_trees_of_any_rows_close_only_what_holds_no_point(seed: int) -> None:
    for k in range(seed, seed + 100):
        rng = Random(k)
        system = rng.choice([random_system, ranged_system])(rng)
        n = system.rows.n
        if n < 2:
            continue
        goal, *rest = rng.sample(range(n), n)
        less = rest[-1] if len(rest) > 1 and rng.random() < 0.4 else None
        trees: list[Tree] = [(rest[0], [(row, [], False) for row in rest[1:2] if rng.random() < 0.5], False)]
        if rng.random() < 0.2:
            trees = [(row, [], False) for row in rest[:2]]
        if says(system, goal, trees if rng.random() < 0.9 else [], less):
            assert not points(system)


def with_gifts(system: System, rng: Random) -> tuple[System, list[Tree]]:
    """Caps 1 and 2 may be gone beyond by a column each, which a row over both pays; and the tree of these."""
    rows, n = system.rows, system.n_cols
    names = tuple(f"gifts:{k}" if name == "cap 0" else name for k, name in enumerate(rows.names))
    top, first, second = (k for k, name in enumerate(rows.names) if name in ("cap 0", "cap 1", "cap 2"))
    kept = rows.row != top
    found = Rows.from_entries(
        np.concatenate([rows.row[kept], [first, second, top, top]]),
        np.concatenate([rows.col[kept], [n, n + 1, n, n + 1]]),
        np.concatenate([rows.value[kept], [-1, -1, 1, 1]]),
        np.where(np.arange(rows.n) == top, rng.randint(0, 5), rows.upper), names,
    )  # fmt: skip
    zeros, most = np.zeros(2, dtype=np.int64), np.array([rng.randint(0, 4) for _ in range(2)])
    grown = System(
        np.append(system.block, zeros - 1), system.must, np.append(system.low, zeros),
        np.append(system.high, most), found,
    )  # fmt: skip
    inner: list[Tree] = [(second + 1, [], False)] if rng.random() < 0.7 else []
    return grown, [(top, [(first, inner, True), (second, [], True)], False)]


@pytest.mark.parametrize("seed", seeds(range(0, 500, 100), 2))
def test_free_money_over_amounts_closes_only_what_holds_no_point(seed: int) -> None:
    closed = empty = 0
    for k in range(seed, seed + 100):
        rng = Random(k)
        plain, _ = amounts_system(rng, 1)
        system, trees = with_gifts(plain, rng)
        held = points(system)
        if not held:
            continue
        goal, less = system.rows.n - 2, system.rows.n - 1
        best = min(value(system, x, GOAL) for x in held)
        least = min(value(system, x, LESS) for x in held if value(system, x, GOAL) == best)
        assert not says(bounded(system, goal=best), goal, trees)
        assert not says(bounded(system, goal=best, less=least), goal, trees, less)
        if only_caps(system) and trees[0][1][0][1]:
            empty += 2
            closed += says(bounded(system, goal=best - 1), goal, trees)
            closed += says(bounded(system, goal=best, less=least - 1), goal, trees, less)
    # that an own column pays no more than its most is left out
    assert closed >= 0.6 * empty > 30


def test_sums_that_leave_64_bits_are_refused() -> None:
    rows = Rows.from_entries(
        np.zeros(3, dtype=np.int64), np.arange(3), np.full(3, -(2**61)), np.array([-1]), ("goal",)
    )
    zeros = np.zeros(3, dtype=np.int64)
    system = System(np.arange(3), zeros.astype(np.bool_), zeros, zeros + 1, rows)
    with pytest.raises(MultiplierError, match="64 bits"):
        is_closed_by_caps(system, 0, [])


def two_blocks(costs: list[int], gains: list[int], must: bool = False) -> System:
    """A block of one choice, of cost 4 and gain 1, under a cap of 4; another under none; goal and less, loose."""
    n = 1 + len(costs)
    rows = Rows.from_entries(
        np.r_[0, np.full(n, 1), np.full(n, 2)], np.r_[0, np.arange(n), np.arange(n)],
        np.r_[4, -1, -np.array(gains), 4, costs], np.array([4, 99, 99]), ("cap", GOAL, LESS),
    )  # fmt: skip
    zeros = np.zeros(n, dtype=np.int64)
    return System(np.minimum(np.arange(n), 1), np.array([False, must]), zeros, zeros + 1, rows)


@pytest.mark.parametrize(
    ("costs", "gains", "must", "best", "least"),
    [
        ([2, 9], [3, 5], False, 6, 13),  # the greatest gain, though it costs more
        ([9, 2], [5, 5], False, 6, 6),  # of two as great the cheaper
        ([2, 9], [0, 0], False, 1, 4),  # what gains nothing is left
        ([2, 9], [3, 5], True, 6, 13),
        ([7], [3], True, 4, 11),
    ],
)
def test_outside_the_trees_a_block_takes_one_of_its_greatest_gain(
    costs: list[int], gains: list[int], must: bool, best: int, least: int
) -> None:
    system = two_blocks(costs, gains, must)
    trees: list[Tree] = [(0, [], False)]
    assert says(bounded(system, goal=-best - 1), 1, trees)
    assert not says(bounded(system, goal=-best), 1, trees)
    assert says(bounded(system, goal=-best, less=least - 1), 1, trees, 2)
    assert not says(bounded(system, goal=-best, less=least), 1, trees, 2)


def test_amounts_that_cost_no_more_than_the_least_are_not_for_the_prover() -> None:
    system = two_blocks([5, 5], [2, 3], True)
    beyond = bounded(system, goal=-5)
    assert prove_by_caps(beyond, np.array([4, 5, 5])) is None
    assert says(beyond, 1, [(0, [], False)])
