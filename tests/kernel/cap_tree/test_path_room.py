"""What others bring when weight is taken from, or added to, a leaf's path: against enumeration."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product

import numpy as np
import pytest

from tnt_sim.deadline import UNLIMITED
from tnt_sim.kernel.cap_tree import path_room
from tnt_sim.kernel.cap_tree.caps import CapTreeNode
from tnt_sim.kernel.cap_tree.path_room import FAR, IntegerBounds, PartTree, PathRoom, build_leaf_states
from tnt_sim.kernel.cap_tree.states import Budget
from tnt_sim.kernel.cap_tree.tree_search import scale_to_units

B = 1 << 20
MOST = 60


@dataclass
class Drawn:
    """A small tree, and what enumeration tells of it; weights in units of the tree."""

    profit: np.ndarray
    weight: np.ndarray
    root: CapTreeNode
    paths: dict[int, tuple[CapTreeNode, ...]] = field(init=False)

    def __post_init__(self) -> None:
        self.paths = dict(list_paths(self.root))
        self.every = np.array(list(product((0, 1), repeat=len(self.profit))))

    def find_best(self, item: int, taken: int, leaf: int = 0, above: int = 0) -> dict[int, int]:
        """By profit of the others: the least weight in all of a selection that fits beside the item."""
        fits = self.every[:, item] == 0
        own = self.paths[item]
        for node in {node.row: node for path in self.paths.values() for node in path}.values():
            under = [j for j, path in self.paths.items() if any(other.row == node.row for other in path)]
            cap = node.cap
            if any(other.row == node.row for other in own):
                lowest = node.row == own[-1].row and not node.children and len(own) > 1
                cap += (leaf if lowest else above) - taken
            fits &= self.every[:, under] @ self.weight[under] <= cap
        best: dict[int, int] = {}
        for p, w in zip(self.every[fits] @ self.profit, self.every[fits] @ self.weight, strict=True):
            best[int(p)] = min(best.get(int(p), FAR), int(w) + taken)
        return best

    def reaches(self, profit: int, item: int, taken: int, leaf: int = 0, above: int = 0) -> bool:
        """Whether the others bring a profit beside the item."""
        return max(self.find_best(item, taken, leaf, above), default=-1) >= profit


def draw_tree(random: np.random.Generator, depth: int) -> Drawn:
    n = int(random.integers(5, 9))
    profit, weight = random.integers(1, 12, n), random.integers(1, 15, n)
    pieces = np.split(np.arange(n), np.sort(random.integers(0, n + 1, 2)))

    def cap(columns: np.ndarray) -> int:
        return int(weight[columns].sum() * random.integers(3, 10) // 10)

    nodes = tuple(CapTreeNode(k + 1, cap(own), own) for k, own in enumerate(pieces[:2]) if len(own))
    if depth == 0 or not nodes:
        return Drawn(profit, weight, CapTreeNode(0, cap(np.arange(n)), np.arange(n)))
    if depth == 2:
        below = np.concatenate([node.columns for node in nodes])
        nodes = (CapTreeNode(9, cap(below), np.zeros(0, dtype=np.int64), nodes),)
    return Drawn(profit, weight, CapTreeNode(0, cap(np.arange(n)), pieces[2], nodes))


def list_paths(
    node: CapTreeNode, above: tuple[CapTreeNode, ...] = ()
) -> list[tuple[int, tuple[CapTreeNode, ...]]]:
    """The caps above each column, the outermost first."""
    path = (*above, node)
    return [(int(column), path) for column in node.columns] + [
        pair for child in node.children for pair in list_paths(child, path)
    ]


def check(limits: IntegerBounds, truth: int) -> bool:
    """The limits hold; whether they meet."""
    assert limits.low <= truth <= limits.high
    return limits.exact


@pytest.mark.parametrize("depth", [0, 1, 2])
@pytest.mark.parametrize("cells", [path_room.LEAF_CELLS, 12])
def test_answers_hold_and_meet(depth: int, cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(path_room, "LEAF_CELLS", cells)
    random = np.random.default_rng(7 + depth)
    asked = met = 0
    for _ in range(20):
        drawn = draw_tree(random, depth)
        task, light = scale_to_units(drawn.profit, drawn.weight, drawn.root, 10**6, None, None, UNLIMITED)
        drawn = Drawn(drawn.profit, task.weight, light)
        tree = PartTree(task, light, B, Budget(10**7))
        price, gamma = int(random.integers(0, 3 * B)), int(random.choice([0, B, 100 * B]))
        for number, outside in tree.generate_rooms(price, gamma, frozenset(range(len(tree.leaves)))):
            part = tree.leaves[number]
            own = part.columns
            inner = outside.price + (0 if part.capacity == FAR else int(random.integers(0, B)))
            everyone = list(range(len(own)))
            for gone, states in build_leaf_states(
                drawn.profit[own], drawn.weight[own], inner, B, everyone, UNLIMITED
            ):
                if gone is None:
                    continue
                item, room = int(own[gone]), PathRoom(outside, states, part.capacity)
                taken, z = int(random.integers(0, 20)), int(random.integers(0, 30))
                fits = drawn.find_best(item, taken)
                met += check(room.find_profit(taken), max(fits, default=-FAR))
                asked += 1
                most = max((t for t in range(MOST) if drawn.reaches(z, item, t)), default=-1)
                found = room.find_taken(z)
                check(IntegerBounds(max(-1, found.low), max(-1, found.high)), most)
                if depth < 2:
                    least = min((w for p, w in fits.items() if p >= z), default=FAR)
                    check(room.find_weight(z, taken), least)
                if depth < 2 and (depth == 0 or part.capacity < FAR):
                    for leaf, above in ((True, False), (False, True), (True, True))[1 - bool(depth) :]:
                        more = room.find_added(z, taken, leaf=leaf, above=above)
                        enough = (
                            add
                            for add in range(MOST)
                            if drawn.reaches(z, item, taken, leaf=add * leaf, above=add * above)
                        )
                        check(more, next(enough, FAR))
    assert asked > 80
    assert met > asked // 20


def test_a_price_beyond_64_bits_has_no_rooms() -> None:
    drawn = draw_tree(np.random.default_rng(3), 1)
    task, root = scale_to_units(drawn.profit, drawn.weight, drawn.root, 10**6, None, None, UNLIMITED)
    tree = PartTree(task, root, B, Budget(10**7))
    list(tree.generate_rooms(1, B, frozenset({0})))
    with pytest.raises(OverflowError, match="price of a tree"):
        next(tree.generate_rooms(path_room.ROOM, B, frozenset({0})))
