"""Items that exclude each other under rows that cross: against every choice, with ties, at any prices."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest
from scipy.optimize import linprog
from support.lanes import seeds

from tnt_sim.kernel.blocks import block_search as blocks
from tnt_sim.kernel.blocks import joined_blocks as repair
from tnt_sim.kernel.blocks import states
from tnt_sim.kernel.blocks.active_rows import choose_disjoint_rows, settle
from tnt_sim.kernel.blocks.block_search import search_blocks
from tnt_sim.kernel.blocks.exchanges import Exchanges, number_groups
from tnt_sim.kernel.blocks.joined_blocks import RemainingExcess
from tnt_sim.kernel.blocks.states import build_flips
from tnt_sim.sparse_matrix import SparseMatrix

FEW_VALUES = ([0, 1, 2, 3], [-4, 9, 5, 5], [1, 1, 1, 2], [-3, -2, -1, 0], [100, 0, 7, -100])


class Case:
    """Up to 10 items in groups of 1 to 4 under 1 to 5 rows; few different numbers, so that many choices tie."""

    def __init__(self, seed: int) -> None:
        self.random = random = np.random.default_rng(seed)
        sizes = random.choice([1, 1, 2, 3, 4], random.integers(1, 6))
        sizes = sizes[np.cumsum(sizes) <= 10]
        # numbers with gaps
        self.group = np.repeat(np.cumsum(random.integers(1, 3, len(sizes))), sizes).astype(np.int64)
        n, m = len(self.group), int(random.integers(1, 6))
        self.value = random.choice(FEW_VALUES[random.integers(5)], n).astype(np.int64)
        rows = random.integers(-4, 7, (m, n)) * (random.random((m, n)) < random.random())
        if random.random() < 0.6:
            # rows that touch whole groups only, so that several may have blocks of their own
            part = np.repeat(random.integers(0, 3, len(sizes)), sizes)
            rows = np.where(part == random.integers(0, 3, (m, 1)), rows, 0)
        self.rows = rows.astype(np.int64)
        self.upper = random.integers(-6, 13, m)
        if random.random() < 0.3:
            self.upper = self.rows.sum(axis=1) // 3
        self.price = self._prices(m)

    def _prices(self, m: int) -> np.ndarray:
        kind = self.random.random()
        if kind < 0.4:
            return self.random.choice([0.0, 0.3, 1.0, 2.5], m)
        if kind < 0.5:
            return np.zeros(m)
        if kind < 0.6:
            return self.random.random(m) * 20
        of_group = (self.group == np.unique(self.group)[:, None]).astype(float)
        answer = linprog(
            -self.value.astype(float),
            A_ub=np.vstack([self.rows, of_group]),
            b_ub=np.concatenate([self.upper, np.ones(len(of_group))]),
        )
        return np.ones(m) if answer.status else np.maximum(-answer.ineqlin.marginals[:m], 0.0)

    def own(self) -> list[int]:
        """Rows with blocks of their own: all that can have one, some, or none."""
        own = choose_disjoint_rows(SparseMatrix.from_dense(self.rows), range(len(self.rows)), (), self.group)
        return own[: self.random.integers(len(own) + 1)] if self.random.random() < 0.5 else own

    def best(self) -> tuple[int, int] | None:
        """The greatest value, and how many choices of items have it."""
        runs = [np.flatnonzero(self.group == g).tolist() for g in np.unique(self.group).tolist()]
        picks = [[k for k in pick if k is not None] for pick in product(*([None, *run] for run in runs))]
        worth = [
            int(self.value[pick].sum())
            for pick in picks
            if (self.rows[:, pick].sum(axis=1) <= self.upper).all()
        ]
        return (max(worth), worth.count(max(worth))) if worth else None

    def keeps(self, taken: np.ndarray, value: int) -> bool:
        """Whether a choice is one, and worth what it says."""
        alone = len(np.unique(self.group[taken])) == taken.sum()
        under = (self.rows[:, taken].sum(axis=1) <= self.upper).all()
        return bool(alone and under and self.value[taken].sum() == value)


@pytest.mark.parametrize("part", seeds(range(5), 2))
def test_the_best_choice_and_its_ways(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    several = False
    for seed in range(100 * part, 100 * part + 100):
        case = Case(seed)
        # long lists, chunks, tables that are too large, a choice sought first: no answer depends on them
        for module, name, sizes in (
            (states, "SMALL", (1, 64)), (states, "CHUNK", (2, 100_000)), (repair, "MAX_TABLE", (4, 300_000)),
            (blocks, "LONG_PASS", (-1, 50_000)), (blocks, "FEW", (1, 1_000)),
        ):  # fmt: skip
            monkeypatch.setattr(module, name, int(case.random.choice(sizes)))
        best, own = case.best(), case.own()
        several |= len(own) > 1
        found = search_blocks(case.value, case.rows, case.upper, case.price, own, group=case.group)
        assert (None if found is None else (found.value, found.ways)) == best, seed
        assert found is None or case.keeps(found.taken, found.value), seed
        wanted = (0 if best is None else best[0]) + int(case.random.integers(-2, 3))
        found = search_blocks(
            case.value, case.rows, case.upper, case.price, own, at_least=wanted, group=case.group
        )
        enough = best is not None and best[0] >= wanted
        assert (None if found is None else (found.value, found.ways)) == (best if enough else None), seed
    assert several


def test_rows_are_taken_in_as_they_break() -> None:
    for seed in range(200):
        case = Case(seed)
        price = case.price * (case.random.random(len(case.price)) < 0.5)
        found, best = (
            settle(case.value, SparseMatrix.from_dense(case.rows), case.upper, price, group=case.group),
            case.best(),
        )
        assert found is not None
        assert (found.best is None) == (best is None), seed
        if found.best is not None and best is not None:
            assert found.best.value == best[0], seed
            assert found.best.ways >= best[1], seed  # rows that were not needed may forbid some
            assert case.keeps(found.best.taken, best[0]), seed


def test_groups_of_one_are_the_plain_kernel() -> None:
    for seed in range(40):
        case = Case(seed)
        alone = np.arange(len(case.value)) * 3
        own = choose_disjoint_rows(SparseMatrix.from_dense(case.rows), range(len(case.rows)))
        assert own == choose_disjoint_rows(
            SparseMatrix.from_dense(case.rows), range(len(case.rows)), (), alone
        )
        pair = [
            search_blocks(case.value, case.rows, case.upper, case.price, own, group=g) for g in (None, alone)
        ]
        assert len({None if p is None else (p.value, p.ways, p.taken.tobytes()) for p in pair}) == 1


def test_rows_that_share_a_group_are_not_both_own() -> None:
    rows = SparseMatrix.from_dense(np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1]]))
    assert choose_disjoint_rows(rows, [0, 1, 2]) == [0, 1, 2]
    assert choose_disjoint_rows(rows, [0, 1, 2], (), np.array([4, 4, 5, 6])) == [0, 2]


def test_a_swap_puts_an_item_in_place_of_the_one_that_is_held() -> None:
    value, rows = np.array([5, 7, 7, 2, 3]), np.array([[1, 2, 3, 4, 5]])
    reduced = np.array([1.0, 4.0, 4.0, -2.0, -1.0])
    swaps = Exchanges.of(value, rows, reduced, number_groups(np.array([0, 0, 0, 1, 1]), 5))
    assert swaps.held.tolist() == [False, True, False, False, False]
    assert swaps.cost.tolist() == [3, 4, 0, 2, 1]
    assert swaps.change.tolist() == [-2, -7, 0, 2, 3]
    assert swaps.move.tolist() == [[-1, -2, 1, 4, 5]]
    assert np.flatnonzero(swaps.apply_exchanges([2, 4])).tolist() == [2, 4]
    assert np.flatnonzero(swaps.apply_exchanges([1])).tolist() == []
    assert swaps.compute_least_costs(np.arange(5)).tolist() == [0, 1]


def test_steps_hold_whole_groups_and_know_the_ratios_to_come() -> None:
    for seed in range(60):
        case = Case(seed)
        n, rows = len(case.value), list(range(len(case.rows)))
        swaps = Exchanges.of(
            case.value, case.rows, case.value - case.price @ case.rows, number_groups(case.group, n)
        )
        flips = build_flips(swaps, np.arange(n), rows, int(case.random.integers(-1, len(rows))), 6.0)
        steps = [flips.items[a:b].tolist() for a, b in pairwise(flips.start.tolist())]
        cheap = np.flatnonzero(swaps.cost <= 6.0).tolist()
        assert sorted(k for step in steps for k in step if k >= 0) == cheap
        for k, step in enumerate(steps):
            of_group = [j for j in cheap if case.group[j] == case.group[max(step)]]
            assert sorted(step) == ([-1, *of_group] if len(of_group) > 1 else of_group)
            ahead = [j for later in steps[k:] for j in later if j >= 0]
            for i in rows:
                ratio = [
                    (int(swaps.move[i, j]), float(swaps.cost[j]) / max(1, abs(swaps.move[i, j])))
                    for j in ahead
                ]
                assert flips.lower[i, k] == min((r for move, r in ratio if move < 0), default=np.inf)
                assert flips.raise_[i, k] == min((r for move, r in ratio if move > 0), default=np.inf)


def test_a_repair_flips_one_item_of_a_group() -> None:
    for seed in range(100):
        random = np.random.default_rng(seed)
        number = number_groups(np.sort(random.integers(0, 4, 7)), 7)
        move, cost = random.integers(-40, 41, 7), random.integers(0, 9, 7).astype(float)
        price, most = float(random.choice([0.0, 0.25, 1.0])), 12.0
        table = RemainingExcess.of(move, cost, price, most, number)
        assert table is not None
        picks = product(*([-1, *np.flatnonzero(number == k).tolist()] for k in range(number[-1] + 1)))
        chosen = [[j for j in pick if j >= 0] for pick in picks]
        subsets = [(int(move[pick].sum()), float(cost[pick].sum())) for pick in chosen]
        over = np.arange(-60, 60)
        wanted = [
            min((c - price * (e + m) for m, c in subsets if c <= most and e + m <= 0), default=np.inf)
            for e in over.tolist()
        ]
        assert table.compute_least_loss(over) == pytest.approx(np.array(wanted))
        assert (table.look_up_bound(over) <= table.compute_least_loss(over) + 1e-9).all()


def test_prices_far_from_any_good_ones_hide_no_choice() -> None:
    value, rows, upper = np.array([-100, 0]), np.array([[-100, 0], [-1, 0]]), np.array([0, -1])
    for wanted in (None, -100):
        group = np.zeros(2, dtype=np.int64)
        found = search_blocks(value, rows, upper, np.array([1.0, 0.0]), [0], at_least=wanted, group=group)
        assert found is not None
        assert (found.value, found.ways, found.taken.tolist()) == (-100, 1, [True, False])


@pytest.mark.parametrize(("n_groups", "size", "work"), [(2_000, 3, 6_000), (200, 400, 900)])
def test_many_groups_and_wide_ones_are_cheap(n_groups: int, size: int, work: int) -> None:
    random = np.random.default_rng(2)
    cost = np.clip(random.lognormal(11, 0.9, n_groups), 5_000, 2e6)
    amount = np.rint(cost[:, None] * np.linspace(0.5, 1, size)).astype(np.int64)
    value = random.integers(20_000, 100_001, (n_groups, 1)) * amount // 1_000
    upper = int(0.45 * cost.sum())
    low, high = 0.0, 200.0
    for _ in range(50):  # the price of the linear program, by halves
        price = (low + high) / 2
        reduced = value - price * amount
        best = reduced.argmax(axis=1)[:, None]
        spent = np.where(reduced.max(axis=1) > 0, np.take_along_axis(amount, best, axis=1)[:, 0], 0).sum()
        low, high = (price, high) if spent > upper else (low, price)
    group = np.repeat(np.arange(n_groups), size)
    rows, room = amount.reshape(1, -1), np.array([upper])
    found = search_blocks(value.ravel(), rows, room, np.array([high]), [], max_work=work, group=group)
    assert found is not None
    assert amount.ravel()[found.taken].sum() <= upper
    assert len(np.unique(group[found.taken])) == found.taken.sum()


def test_items_of_a_group_stand_together() -> None:
    case = Case(1)
    for group in (case.group[::-1] * np.arange(1, len(case.group) + 1)[::-1], case.group[1:]):
        with pytest.raises(ValueError, match="together"):
            search_blocks(case.value, case.rows, case.upper, case.price, [], group=group)
