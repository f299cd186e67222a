"""Blocks under prices against every choice there is."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lanes import drawn

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.kernel.blocks import block_search as blocks
from tnt_sim.kernel.blocks import joined_blocks as repair
from tnt_sim.kernel.blocks import states
from tnt_sim.kernel.blocks.active_rows import choose_disjoint_rows, settle
from tnt_sim.kernel.blocks.block_search import search_blocks
from tnt_sim.kernel.knapsack import TooManyStates
from tnt_sim.sparse_matrix import SparseMatrix

SMALL = st.integers(-4, 9)


@st.composite
def cases(draw: st.DrawFn):
    n, m = draw(st.integers(1, 9)), draw(st.integers(0, 4))
    value = np.array(draw(st.lists(SMALL, min_size=n, max_size=n)), dtype=np.int64)
    row = st.lists(st.sampled_from([0, 0, 1, 2, 3, 5, -2, -3]), min_size=n, max_size=n)
    rows = np.array(draw(st.lists(row, min_size=m, max_size=m)), dtype=np.int64).reshape(m, n)
    upper = np.array(draw(st.lists(st.integers(-6, 12), min_size=m, max_size=m)), dtype=np.int64)
    price = np.array(draw(st.lists(st.sampled_from([0.0, 0.3, 1.0, 2.5]), min_size=m, max_size=m)))
    return value, rows, upper, price


def every_choice(value: np.ndarray, rows: np.ndarray, upper: np.ndarray) -> tuple[int, int] | None:
    """The greatest value, and how many choices have it."""
    worth = [
        sum(v for v, t in zip(value.tolist(), x, strict=True) if t)
        for x in product((0, 1), repeat=len(value))
        if all(
            sum(a for a, t in zip(r, x, strict=True) if t) <= b
            for r, b in zip(rows.tolist(), upper.tolist(), strict=True)
        )
    ]
    return (max(worth), worth.count(max(worth))) if worth else None


def test_a_pass_without_a_choice_lowers_the_bound_that_is_told() -> None:
    """Under prices of 0 the best choice loses much, so that some passes find none."""
    n_lowered = 0
    for seed in range(40):
        random = np.random.default_rng(seed)
        value, rows = random.integers(1, 60, 12), random.integers(1, 9, (1, 12))
        told: list[float] = []

        def hear(taken: np.ndarray | None, bound: float, told: list[float] = told) -> None:
            if taken is None:
                told.append(bound)

        search_blocks(value, rows, rows.sum(axis=1) // 4, np.zeros(1), [], heard=hear)
        n_lowered += min(told) < told[0]
    assert n_lowered > 20


@drawn(200)
@given(cases())
def test_what_is_told_on_the_way_is_true(case) -> None:
    """A choice that is told keeps every row and is worth no less than the one before; no choice beats a bound."""
    value, rows, upper, price = case
    told: list[tuple[np.ndarray | None, float]] = []
    found = search_blocks(
        value, rows, upper, price, [], heard=lambda taken, bound: told.append((taken, bound))
    )
    best = every_choice(value, rows, upper)
    assert all(best is None or bound >= best[0] - 1e-6 for _, bound in told)
    chosen = [taken for taken, _ in told if taken is not None]
    assert all((rows[:, taken].sum(axis=1) <= upper).all() for taken in chosen)
    worth = [int(value[taken].sum()) for taken in chosen]
    assert worth == sorted(worth)
    if found is not None:
        assert told[-1] == (told[-1][0], found.value)
        assert worth[-1] == found.value


@drawn(400)
@given(cases(), st.booleans())
def test_the_best_choice_and_its_ways(case, few: bool) -> None:
    value, rows, upper, price = case
    own = choose_disjoint_rows(SparseMatrix.from_dense(rows), range(len(rows))) if len(rows) else []
    found = search_blocks(value, rows, upper, price, own[: 1 if few else None])
    best = every_choice(value, rows, upper)
    if best is None:
        assert found is None
        return
    assert found is not None
    assert (found.value, found.ways) == best
    assert int(value[found.taken].sum()) == found.value
    assert (rows[:, found.taken].sum(axis=1) <= upper).all()


@drawn(60)
@given(cases(), st.integers(0, 10**6))
def test_the_margin_of_floats_covers_values_rows_and_bounds(case, more: int) -> None:
    """Values, prices of rows and prices of bounds all err, whatever the sign of each."""
    value, rows, upper, price = case
    upper = upper * (1 + more)
    number = np.arange(len(value))
    search = blocks._BlockSearch(value, rows, upper, price, [], number, 1, None, UNLIMITED, None)
    size = np.abs(value).sum() + (price @ np.abs(rows)).sum() + price @ np.abs(upper)
    assert search.margin >= 0.999 * blocks.MARGIN * (1.0 + float(size))
    assert search.most >= search.bound - min(0, int(np.minimum(value, 0).sum()))


@drawn(200)
@given(cases(), st.integers(-3, 3))
def test_only_what_is_worth_enough(case, more: int) -> None:
    value, rows, upper, price = case
    best = every_choice(value, rows, upper)
    wanted = (0 if best is None else best[0]) + more
    own = choose_disjoint_rows(SparseMatrix.from_dense(rows), range(len(rows))) if len(rows) else []
    found = search_blocks(value, rows, upper, price, own, at_least=wanted)
    if best is None or best[0] < wanted:
        assert found is None
    else:
        assert found is not None
        assert found.value == best[0]


@drawn(200)
@given(cases())
def test_rows_are_taken_in_as_they_bind(case) -> None:
    value, rows, upper, price = case
    found = settle(value, SparseMatrix.from_dense(rows), upper, price * (np.arange(len(price)) % 2))
    assert found is not None
    best = every_choice(value, rows, upper)
    assert (found.best is None) == (best is None)
    if best is not None and found.best is not None:
        assert found.best.value == best[0]
        assert found.best.ways >= best[1]  # rows that were not needed may forbid some


def test_long_lists_are_searched_for_what_is_beaten(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(5)
    for limit in (1, 64):
        monkeypatch.setattr(states, "SMALL", limit)
        for _ in range(60):
            value, rows = random.integers(1, 20, 11), random.integers(0, 9, (3, 11))
            rows[1, ::2] = 0
            rows[2] = np.where(rows[1] > 0, 0, -rows[0])
            upper = np.array([rows[0].sum() // 2, rows[1].sum() // 2, rows[2].sum() // 3])
            found = search_blocks(value, rows, upper, random.random(3) * 3, [1, 2])
            best = every_choice(value, rows, upper)
            assert (None if found is None else (found.value, found.ways)) == best


@drawn(200)
@given(cases(), st.sampled_from([1, 3]))
def test_a_choice_sought_first_changes_no_answer(case, few: int) -> None:
    value, rows, upper, price = case
    heard: list[tuple[int | None, float]] = []

    def hear(taken: np.ndarray | None, bound: float) -> None:
        if taken is not None:
            assert (rows[:, taken].sum(axis=1) <= upper).all()
        heard.append((None if taken is None else int(value[taken].sum()), bound))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "LONG_PASS", -1)
        patch.setattr(blocks, "FEW", few)
        patch.setattr(blocks, "FIRST_SHARE", 0.0)
        own = choose_disjoint_rows(SparseMatrix.from_dense(rows), range(len(rows))) if len(rows) else []
        found = search_blocks(value, rows, upper, price, own, heard=hear)
    best = every_choice(value, rows, upper)
    assert (None if found is None else (found.value, found.ways)) == best
    if best is not None:
        assert all(bound >= best[0] - 1e-6 for _, bound in heard)
        assert all(worth <= best[0] for worth, _ in heard if worth is not None)
        assert heard[-1] == (best[0], best[0])


@drawn(200)
@given(
    st.lists(st.tuples(st.integers(-40, 40), st.integers(0, 9)), max_size=7),
    st.sampled_from([0.0, 0.25, 1.0]),
    st.sampled_from([2, 64]),
)
def test_a_rough_look_never_asks_for_more_than_is_lost(flips, price: float, cells: int) -> None:
    move, cost = (np.array([f[k] for f in flips], dtype=np.int64) for k in (0, 1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repair, "CELLS", cells)
        table = repair.RemainingExcess.of(move, cost.astype(float), price, 20.0)
    assert table is not None
    over = np.arange(-400, 400)
    exact = table.compute_least_loss(over)
    assert (table.look_up_bound(over) <= exact + 1e-9).all()
    picks = [[f for f, t in zip(flips, x, strict=True) if t] for x in product((0, 1), repeat=len(flips))]
    subsets = [(sum(m for m, _ in pick), sum(c for _, c in pick)) for pick in picks]
    for k in range(350, 450):
        ways = [c + price * -(over[k] + m) for m, c in subsets if over[k] + m <= 0 and c <= 20]
        assert exact[k] == pytest.approx(min(ways, default=np.inf))


def test_budgets_and_large_numbers_are_refused() -> None:
    random = np.random.default_rng(1)
    weight = random.integers(10**6, 2 * 10**6, (1, 200))
    with pytest.raises(TooManyStates):
        search_blocks(weight[0] + 1, weight, weight.sum(axis=1) // 2, np.ones(1), [0], max_work=1000)
    with pytest.raises(OverflowError):
        search_blocks(np.full(3, 2**60), weight[:, :3], weight[0, :1], np.zeros(1), [])
    for price in (-1.0, np.inf, np.nan):
        with pytest.raises(ValueError, match="prices"):
            search_blocks(weight[0], weight, weight[0, :1], np.array([price]), [])


def test_prices_far_from_any_good_ones_hide_no_choice() -> None:
    """The one choice loses 100 by its own row's price; with prices too large for floats nothing is said."""
    value, rows, upper = np.array([-100]), np.array([[-100], [-1]]), np.array([0, -1])
    for wanted in (None, -100):
        for own in ([], [0], [1]):
            found = search_blocks(value, rows, upper, np.array([1.0, 0.0]), own, at_least=wanted)
            assert found is not None
            assert (found.value, found.ways) == (-100, 1)
    assert search_blocks(value, rows, upper, np.array([1.0, 0.0]), [0], at_least=-99) is None
    with pytest.raises(OverflowError, match="prices"):
        # a search at such prices does not end
        search_blocks(value, rows * 2**50, upper, np.array([1e300, 0.0]), [0], deadline=Deadline(0.0))


def test_own_rows_share_nothing() -> None:
    rows = SparseMatrix.from_dense(
        np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0], [0, 0, 1, 1, 0], [0, 1, 1, 0, 0]])
    )
    assert choose_disjoint_rows(rows, [0, 1, 2]) == [1, 2]
    assert choose_disjoint_rows(rows, [0, 1, 2, 3]) == [1, 2]
