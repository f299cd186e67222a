"""A list far longer than all else under a cap, whose states are looked for near the cap alone."""

from __future__ import annotations

import numpy as np
import pytest
from support.lanes import seeds
from support.long_lists import LongList

from tnt_sim.kernel.cap_tree import leaves
from tnt_sim.kernel.cap_tree.best_choice import can_reach, maximise_under_tree
from tnt_sim.kernel.cap_tree.caps import CapTreeNode
from tnt_sim.kernel.cap_tree.tree_search import minimise_weight_in_tree


@pytest.mark.parametrize("seed", seeds(range(20), 8))
def test_the_lightest_of_equal_choices_is_found_however_little_is_looked_at_first(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few different profits and many weights: the first states found lose far less than one unit of profit."""
    monkeypatch.setattr(leaves, "FRONTIER_CELLS", 0)
    drawn = LongList.drawn(seed)
    p, w = drawn.profit, drawn.weight
    own, inner = np.arange(len(drawn.below), len(p)), CapTreeNode(1, drawn.cap_below, drawn.below)
    root = CapTreeNode(0, drawn.cap, own, (inner,))
    found = maximise_under_tree(p, w, root)
    assert (found.profit, found.weight) == drawn.best
    assert can_reach(p, w, root, found.profit)
    assert not can_reach(p, w, root, found.profit + 1)
    target = int(np.random.default_rng(seed).integers(1, found.profit))
    cheapest = minimise_weight_in_tree(p, w, CapTreeNode(-1, int(w.sum()), own, (inner,)), target)
    assert cheapest is not None
    assert cheapest.weight == int(drawn.least[target:].min())
