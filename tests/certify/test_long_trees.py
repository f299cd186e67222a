"""Claims about a list far longer than all else under a cap: those one unit too good are refused."""

from __future__ import annotations

import numpy as np
import pytest
from support.lanes import seeds
from support.long_lists import LongList

from tnt_sim.certify.cap_tree_bound import is_closed_by_caps
from tnt_sim.certify.system import Rows, System
from tnt_sim.kernel.cap_tree import leaves

TOP, BELOW, GOAL, LESS = range(4)


def claim(drawn: LongList, profit: int, weight: int) -> System:
    """A system that holds what is worth so much and weighs so little under both caps."""
    every = np.arange(len(drawn.profit))
    lines = (
        (every, drawn.weight, drawn.cap),
        (drawn.below, drawn.weight[drawn.below], drawn.cap_below),
        (every, -drawn.profit, -profit),
        (every, drawn.weight, weight),
    )
    rows = Rows.from_entries(
        np.concatenate([np.full(len(col), k) for k, (col, _, _) in enumerate(lines)]),
        np.concatenate([col for col, _, _ in lines]),
        np.concatenate([value for _, value, _ in lines]),
        np.array([upper for _, _, upper in lines]),
        ("top", "below", "stage:goal:better", "stage:granted:better"),
    )
    zeros = np.zeros(len(every), dtype=np.int64)
    return System(every, zeros.astype(np.bool_), zeros, zeros + 1, rows)


@pytest.mark.parametrize("seed", seeds([2, 7, 9, 11, 14, 16], 3))
def test_a_tree_with_a_long_list_closes_no_claim_that_is_too_good(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaves, "FRONTIER_CELLS", 0)
    drawn = LongList.drawn(seed)
    profit, weight = drawn.best
    trees = [(TOP, [(BELOW, [], False)], False)]
    assert is_closed_by_caps(claim(drawn, profit + 1, weight), GOAL, trees)
    assert not is_closed_by_caps(claim(drawn, profit, weight), GOAL, trees)
    assert is_closed_by_caps(claim(drawn, profit, weight - 1), GOAL, trees, LESS)
    assert not is_closed_by_caps(claim(drawn, profit, weight), GOAL, trees, LESS)
