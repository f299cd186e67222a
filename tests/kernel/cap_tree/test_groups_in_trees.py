"""Trees of caps over groups of items of which one is taken at most, against trying every choice."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from support.cap_trees import caps_of, keeps, needed, random_tree, sharing_tree
from support.lanes import seeds

from tnt_sim.kernel.cap_tree import leaves
from tnt_sim.kernel.cap_tree.best_choice import Memory, can_reach, maximise_under_caps, maximise_under_tree
from tnt_sim.kernel.cap_tree.caps import CapRows, CapTreeNode
from tnt_sim.kernel.cap_tree.dominance import select_undominated_items
from tnt_sim.kernel.cap_tree.tree_search import can_tree_reach, maximise_in_tree
from tnt_sim.kernel.knapsack import ChoiceGroups, TooManyStates

Case = tuple[np.ndarray, np.ndarray, ChoiceGroups]


def some_menus(rng: np.random.Generator, n: int) -> ChoiceGroups:
    """Groups of 1-4 items whose numbers leave some out, of which some are raised."""
    group = np.sort(rng.integers(0, int(rng.integers(1, n + 1)), n)) * 2 + 1
    raised = rng.random(2 * n + 2) < 0.3
    return ChoiceGroups(group, raised[group])


def some_items(rng: np.random.Generator, most: int = 9) -> Case:
    n, top = int(rng.integers(1, most + 1)), int(rng.choice([3, 6, 20, 1_000, 10**6]))
    p, w = rng.integers(0, top, n), rng.integers(1, top, n)
    return p, w.copy() if rng.random() < 0.8 else np.maximum(p, 1), some_menus(rng, n)


def over_items(node: CapTreeNode, menus: ChoiceGroups) -> CapTreeNode:
    """A tree over groups as one over their items."""
    groups = np.unique(menus.group)
    own = np.flatnonzero(np.isin(menus.group, groups[node.columns]))
    return replace(node, columns=own, children=tuple(over_items(child, menus) for child in node.children))


def tree_of_groups(rng: np.random.Generator, w: np.ndarray, menus: ChoiceGroups) -> CapTreeNode:
    """A tree that keeps groups together."""
    groups = np.unique(menus.group)
    heavy = np.array([int(w[menus.group == g].max()) for g in groups])
    return over_items(random_tree(rng, np.arange(len(groups)), heavy, int(rng.integers(0, 4))), menus)


def place(menus: ChoiceGroups, taken: np.ndarray) -> tuple[int, ...]:
    """The places in the order of choices as a list of marks: of two the greater goes first."""
    marks = np.zeros(2 * int(menus.group.max()) + 2 + len(menus.group), dtype=int)
    marks[menus.compute_rank_key(taken)] = 1
    return tuple(marks.tolist())


def choices(menus: ChoiceGroups, root: CapTreeNode | None = None) -> list[np.ndarray]:
    """Every choice of one item a group; with a tree, of one a group among each node's own."""
    n = len(menus.group)
    parts = [np.arange(n)] if root is None else root.list_columns_by_node()
    key = [(k, int(menus.group[j])) for k, part in enumerate(parts) for j in part.tolist()]
    item = [int(j) for part in parts for j in part.tolist()]
    found = [np.flatnonzero(x) for x in itertools.product([1, 0], repeat=len(item))]
    held = [t for t in found if len({key[j] for j in t.tolist()}) == len(t)]
    return [np.sort(np.array([item[j] for j in t.tolist()], dtype=np.int64)) for t in held]


def indicator(taken: np.ndarray, n: int) -> np.ndarray:
    x = np.zeros(n, dtype=np.int64)
    x[taken] = 1
    return x


def best_of(
    p: np.ndarray, w: np.ndarray, menus: ChoiceGroups, held: list[np.ndarray]
) -> tuple[int, int, list[int]]:
    best = max(held, key=lambda t: (int(p[t].sum()), -int(w[t].sum()), place(menus, t)))
    return int(p[best].sum()), int(w[best].sum()), best.tolist()


def agree(
    p: np.ndarray, w: np.ndarray, root: CapTreeNode, menus: ChoiceGroups, best: tuple[int, int, list[int]]
) -> None:
    memory = Memory()
    for _ in range(2):
        found = maximise_under_tree(p, w, root, memory, menus)
        assert (found.profit, found.weight, sorted(found.columns.tolist())) == best
        assert found.canonical
        assert can_reach(p, w, root, best[0], memory, menus)
        assert not can_reach(p, w, root, best[0] + 1, memory, menus)
    grown = maximise_in_tree(p, w, root, choice_groups=menus)
    assert (grown.profit, grown.weight, sorted(grown.columns.tolist())) == best
    assert grown.canonical
    assert can_tree_reach(p, w, root, best[0], choice_groups=menus)
    assert not can_tree_reach(p, w, root, best[0] + 1, choice_groups=menus)


@pytest.mark.parametrize("cells", [0, 50, 10**9])
@pytest.mark.parametrize("seed", seeds(range(36), 15))
def test_a_tree_of_groups_is_solved_as_by_trying_every_choice(
    seed: int, cells: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaves, "FRONTIER_CELLS", cells)
    rng = np.random.default_rng(seed)
    for _ in range(4):
        p, w, menus = some_items(rng)
        root = tree_of_groups(rng, w, menus)
        held = [t for t in choices(menus) if keeps(indicator(t, len(p)), w, root)]
        best = best_of(p, w, menus, held)
        agree(p, w, root, menus, best)
        lazily = maximise_under_caps(caps_of(root), p, w, choice_groups=menus)
        assert np.flatnonzero(lazily.x).tolist() == best[2]
        assert lazily.is_unique


@pytest.mark.parametrize("seed", seeds(range(36), 15))
def test_free_money_is_shared_out_to_groups(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(3):
        p, w, menus = some_items(rng)
        p = np.maximum(p, 1)
        groups = np.unique(menus.group)
        if len(groups) < 2:
            continue
        heavy = np.array([int(w[menus.group == g].max()) for g in groups])
        owed = int(rng.choice([0, 0, 3]))
        root = over_items(sharing_tree(rng, np.arange(len(groups)), heavy, 2, False, owed), menus)
        held = [t for t in choices(menus) if needed(indicator(t, len(p)), w, root) is not None]
        agree(p, w, root, menus, best_of(p, w, menus, held))


@pytest.mark.parametrize("seed", seeds(range(36), 15))
def test_parts_of_a_group_under_different_nodes_are_groups_of_their_own(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for _ in range(3):
        p, w, menus = some_items(rng, 8)
        root = random_tree(rng, np.arange(len(p)), w, int(rng.integers(1, 4)))
        every = choices(menus, root)
        profit, weight, _ = best_of(p, w, menus, [t for t in every if keeps(indicator(t, len(p)), w, root)])
        found = maximise_under_tree(p, w, root, choice_groups=menus)
        assert (found.profit, found.weight) == (profit, weight)
        own = [
            menus.group[found.columns[np.isin(found.columns, part)]] for part in root.list_columns_by_node()
        ]
        assert all(len(set(part.tolist())) == len(part) for part in own)
        if found.canonical:
            real = [t for t in choices(menus) if keeps(indicator(t, len(p)), w, root)]
            assert sorted(found.columns.tolist()) == best_of(p, w, menus, real)[2]
        # under as few caps as settle it: never less than any choice of one a group
        lazily = maximise_under_caps(caps_of(root), p, w, choice_groups=menus)
        real = [t for t in choices(menus) if keeps(indicator(t, len(p)), w, root)]
        best = best_of(p, w, menus, real)
        taken = np.flatnonzero(lazily.x)
        assert (int(p[taken].sum()), -int(w[taken].sum())) >= (best[0], -best[1])
        if lazily.is_unique or len(set(menus.group[taken].tolist())) == len(taken):
            assert (int(p[taken].sum()), int(w[taken].sum())) == best[:2]
        if lazily.is_unique:
            assert taken.tolist() == best[2]


def caps_at_random(rng: np.random.Generator, w: np.ndarray) -> CapRows:
    """Rows over any columns: some cross others."""
    rows = [np.flatnonzero(rng.random(len(w)) < rng.random()) for _ in range(int(rng.integers(1, 5)))]
    rows = sorted((row for row in rows if len(row)), key=lambda row: -len(row))
    caps = [int(rng.integers(0, int(w[row].sum()) + 1)) for row in rows]
    return CapRows(tuple(range(len(rows))), tuple(rows), tuple(caps))


@pytest.mark.parametrize("seed", seeds(range(36), 15))
def test_caps_that_cross_leave_nothing_out(seed: int) -> None:
    """What is found is as good as every choice that keeps all rows; one that keeps them is the best of these."""
    rng = np.random.default_rng(seed)
    for _ in range(4):
        p, w, menus = some_items(rng)
        caps = caps_at_random(rng, w)
        held = [
            t
            for t in choices(menus)
            if all(
                int(w[np.intersect1d(t, r)].sum()) <= c for r, c in zip(caps.columns, caps.cap, strict=True)
            )
        ]
        profit, weight, taken = best_of(p, w, menus, held)
        found = maximise_under_caps(caps, p, w, choice_groups=menus)
        x = np.flatnonzero(found.x)
        assert (int(p[x].sum()), -int(w[x].sum())) >= (profit, -weight)
        if any(t.tolist() == x.tolist() for t in held):
            assert (int(p[x].sum()), int(w[x].sum())) == (profit, weight)
            if found.is_unique:
                assert x.tolist() == taken


def test_columns_under_no_cap_are_taken_one_a_group() -> None:
    p, w = np.array([5, 7, 7, 7, 0, 3]), np.array([1, 4, 3, 3, 1, 9])
    menus = ChoiceGroups.of(np.array([0, 0, 0, 0, 1, 2]))
    found = maximise_under_caps(CapRows((), (), ()), p, w, choice_groups=menus)
    assert (np.flatnonzero(found.x).tolist(), found.is_unique) == ([2, 5], True)


@pytest.mark.parametrize("seed", seeds(range(100), 25))
def test_items_that_another_beats_go(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, w, menus = some_items(rng, 30)
    items = np.flatnonzero(rng.random(len(p)) < 0.8)

    def beaten(j: int) -> bool:
        return any(
            menus.group[i] == menus.group[j]
            and p[i] >= p[j]
            and w[i] <= w[j]
            and (p[i] > p[j] or w[i] < w[j] or i < j)
            for i in items.tolist()
            if i != j
        )

    stays = [j for j in items.tolist() if p[j] > 0 and not beaten(j)]
    assert select_undominated_items(items, p, w, menus).tolist() == stays


def test_memory_tells_groups_apart() -> None:
    p, w = np.array([3, 2, 2]), np.array([3, 2, 2])
    root, memory = CapTreeNode(0, 5, np.arange(3)), Memory()
    for group, best in (([0, 1, 2], 5), ([0, 0, 1], 5), ([0, 0, 0], 3), ([0, 1, 1], 5), ([0, 0, 1], 5)):
        menus = ChoiceGroups.of(np.array(group))
        assert maximise_under_tree(p, w, root, memory, menus).profit == best
        assert can_reach(p, w, root, best, memory, menus)
        assert not can_reach(p, w, root, best + 1, memory, menus)
    assert maximise_under_tree(p, w, root, memory).profit == 5
    # of two choices as good goes first which takes the first group, or if it is raised, the first item
    p, w, root = np.array([2, 2]), np.array([2, 2]), CapTreeNode(0, 2, np.arange(2))
    for raised, first in (([False, False], 0), ([True, False], 1), ([True, True], 0)):
        menus = ChoiceGroups(np.arange(2), np.array(raised))
        assert maximise_under_tree(p, w, root, memory, menus).columns.tolist() == [first]


@pytest.mark.slow
def test_too_many_states_are_told() -> None:
    rng = np.random.default_rng(3)
    n = 3_000
    w = rng.integers(10**7, 10**9, n)
    menus = ChoiceGroups.of(np.arange(n) // 3)
    w = np.sort(w.reshape(-1, 3), axis=1)[:, ::-1].ravel()
    root = CapTreeNode(0, int(w.sum()) // 7, np.arange(n))
    with pytest.raises(TooManyStates):
        maximise_under_tree(w + 10**7, w, root, choice_groups=menus)
