"""Two parts of a choice side by side: the deadline is looked at between pieces, however many pairs there are."""

from __future__ import annotations

import numpy as np
import pytest
from support.clocks import StepClock

from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.kernel.blocks.joined_blocks import NONE, NOTHING_AHEAD, Ahead, Block, JoinedStates, Joining
from tnt_sim.kernel.blocks.states import CHUNK, BlockStates
from tnt_sim.kernel.cap_tree import states as sums
from tnt_sim.kernel.cap_tree.states import NOWHERE, Budget, StateSums
from tnt_sim.kernel.cap_tree.states import TreeStates as Weighed

N_STATES, N_ROWS = 900, 4


def part_of(seed: int) -> Block:
    """A block whose states differ in every row, so that none beats another."""
    random = np.random.default_rng(seed)
    states = BlockStates(
        random.integers(0, 1000, N_STATES),
        random.integers(0, 10**9, (N_ROWS, N_STATES)),
        random.uniform(0, 1, N_STATES),
        np.zeros(N_STATES),
        np.ones(N_STATES, dtype=np.int64),
    )
    return Block(0, NONE, states=states)


def join(deadline: Deadline) -> JoinedStates:
    """All pairs of two blocks of 900 states."""
    joined = Joining(10.0, 10.0, NOTHING_AHEAD, lambda _: None, deadline).join_all(part_of(0), [part_of(1)])
    assert isinstance(joined, JoinedStates)
    return joined


def test_pairs_are_written_down_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """No single step is longer than one chunk: a step of a million pairs takes seconds on a busy machine."""
    lengths, beside = list[int](), BlockStates.combine_pairs

    def measured(*words: object) -> BlockStates:
        lengths.append(len(words[2]))  # type: ignore[arg-type]
        return beside(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(BlockStates, "combine_pairs", measured)
    joined = join(UNLIMITED)
    assert sum(lengths) == N_STATES**2 == len(joined.left_place)
    assert max(lengths) <= CHUNK + N_STATES


def test_all_pairs_are_there() -> None:
    joined, one, other = join(UNLIMITED), part_of(0).states, part_of(1).states
    assert len(np.unique(joined.left_place * N_STATES + joined.its)) == N_STATES**2
    assert (joined.states.value == one.value[joined.left_place] + other.value[joined.its]).all()
    assert (joined.states.used == one.used[:, joined.left_place] + other.used[:, joined.its]).all()


@pytest.mark.parametrize("after", [0, 1, 3])
def test_a_join_ends_on_its_deadline(after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = StepClock(tick=1.0).install(monkeypatch)
    with pytest.raises(DeadlineExpired):
        join(Deadline(after + 0.5))
    assert clock.readings_after(after) <= 3


SUMS = [(seed, heavier) for seed in range(25) for heavier in (False, True)]


def sums_of(seed: int, heavier: bool) -> StateSums:
    """Sums of a few parts with many equal profits and weights, as far as a cap and a loss allow."""
    random = np.random.default_rng(seed)
    parts = []
    for k in range(4):
        n = int(random.integers(0 if k == 3 else 1, 30))
        weight = np.sort(random.integers(0, 40, n))
        profit, loss = random.integers(0, 12, n), random.integers(0, 20, n)
        offset = 100 * k

        def differ(one: int, other: int, offset: int = offset) -> tuple[int, bool]:
            return (offset + min(one, other), one < other) if one != other else NOWHERE

        parts.append(Weighed(profit, weight, loss, 50, lambda place: np.array([place]), differ))
    return StateSums(parts, 90, 45, Budget(10**9), heavier=heavier)


@pytest.mark.parametrize(("seed", "heavier"), SUMS)
def test_sums_of_parts_in_pieces_are_the_same(
    seed: int, heavier: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tens of millions of pairs would fill the memory: pieces are thinned out, and no sum is lost or changed."""
    whole = sums_of(seed, heavier)
    for pairs in (1, 17, 200):
        monkeypatch.setattr(sums, "PAIRS", pairs)
        found = sums_of(seed, heavier)
        for name in ("profit", "weight", "loss"):
            np.testing.assert_array_equal(getattr(found, name), getattr(whole, name))
        for place in range(len(whole.profit)):
            np.testing.assert_array_equal(found.list_columns(place), whole.list_columns(place))


def test_pieces_of_sums_hold_so_many_pairs_and_read_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    spans = [span.stop - span.start for span in sums._split_into_spans(np.full(100, 20), 50)]
    assert spans == [2] * 50
    assert [span.stop for span in sums._split_into_spans(np.array([5, 500, 5, 30, 20]), 50)] == [1, 2, 4, 5]
    monkeypatch.setattr(sums, "PAIRS", 50)
    clock = StepClock().install(monkeypatch)
    part = Weighed(*(np.arange(40) for _ in range(3)), 0, lambda place: np.array([place]), lambda *_: NOWHERE)
    with pytest.raises(DeadlineExpired):
        StateSums(
            [part, part], 10**6, 10**6, Budget(10**9, deadline=Deadline(10 * clock.tick)), heavier=False
        )
    assert clock.readings <= 12


class FarRow:
    """A row of cells to come, of which only the exact look says what a pair that is over costs."""

    def look_up_bound(self, over: np.ndarray) -> np.ndarray:
        return np.zeros(len(over))

    def compute_least_loss(self, over: np.ndarray) -> np.ndarray:
        return np.where(over > 0, 100.0, 0.0)


def test_pairs_that_a_row_ahead_rules_out_are_not_kept() -> None:
    """The second half would be joined with each of them, for nothing."""
    one, other = part_of(0).states, part_of(1).states
    upper = int(np.median(one.used[0]) + np.median(other.used[0]))
    ahead = Ahead(((0, upper, FarRow()),))  # type: ignore[arg-type]
    joined = Joining(10.0, 10.0, ahead, lambda _: None, UNLIMITED).join_all(part_of(0), [part_of(1)])
    assert isinstance(joined, JoinedStates)
    fits = one.used[0][:, None] + other.used[0][None, :] <= upper
    assert 0 < fits.sum() < fits.size
    assert sorted(joined.left_place * N_STATES + joined.its) == np.flatnonzero(fits).tolist()
