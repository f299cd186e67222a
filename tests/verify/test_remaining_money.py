"""The money left to one more dossier of each envelope is what the reading of the tree allows, to the cent."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from support.analysis_cases import nested_envelopes as cases
from support.lanes import first_of, seeds, share

from tnt_sim.domain.budget_tree import Tree
from tnt_sim.errors import InputError
from tnt_sim.rules.envelopes.tree_reading import read_envelopes
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.verify.decision_reasons import UNLIMITED, compute_remaining_money


def fits(tree: Tree, own: list[int], node: int, cents: int) -> bool:
    more = np.array(own)
    more[node] += cents
    return read_envelopes(tree, np.arange(tree.n_nodes), more).holds


@pytest.mark.drawn
@pytest.mark.parametrize("first", seeds(range(0, 200, 100), 1))
def test_room_equals_the_tree_read_again(first: int, tmp_path: Path) -> None:
    seen: Counter[str] = Counter()
    for seed in first_of(range(first, first + 100), 60):
        case = cases.drawn(seed)
        try:
            tree = compile_problem(cases.load(case, tmp_path)).case.tree
        except InputError:
            continue
        dice = random.Random(seed)
        for _ in range(6):
            most = max(1, (tree.amount_cents[0] or 0) // tree.n_nodes)
            own = [dice.choice([0, 0, dice.randint(0, most)]) for _ in range(tree.n_nodes)]
            nodes = np.arange(tree.n_nodes)
            reading = read_envelopes(tree, nodes, np.array(own))
            if not reading.holds:
                continue
            room = compute_remaining_money(tree, reading, own).whole_cents
            for node in range(tree.n_nodes):
                left = int(room[node])

                assert fits(tree, own, node, min(left, 10**9)), (seed, own, tree.ids[node], left)
                assert left == UNLIMITED or not fits(tree, own, node, left + 1), (
                    seed,
                    own,
                    tree.ids[node],
                    left,
                )
                seen["some" if left else "none"] += 1
    assert min(seen["some"], seen["none"]) > 5


@pytest.mark.drawn
def test_room_where_money_moves_is_there_and_misses_no_straight_way(tmp_path: Path) -> None:
    """What a dossier is said to be left fits; more fits only where money must go through several envelopes."""
    seen: Counter[str] = Counter()
    for seed in first_of(range(150), 75):
        dice = random.Random(seed)
        case = cases.with_transfers(cases.drawn(seed), dice)
        try:
            tree = compile_problem(cases.load(case, tmp_path)).case.tree
        except InputError:
            continue
        for _ in range(6):
            most = max(1, (tree.amount_cents[0] or 0) // tree.n_nodes)
            own = [dice.choice([0, 0, dice.randint(0, most)]) for _ in range(tree.n_nodes)]
            reading = read_envelopes(tree, np.arange(tree.n_nodes), np.array(own))
            if not reading.holds:
                continue
            for node, left in enumerate(compute_remaining_money(tree, reading, own).whole_cents.tolist()):
                assert fits(tree, own, node, min(left, 10**9)), (seed, own, tree.ids[node], left)
                seen["moved" if reading.moves else "still"] += 1
                seen["short"] += left < UNLIMITED and fits(tree, own, node, left + 1)
    assert seen["moved"] > share(50)
    assert 50 * seen["short"] < seen["moved"] + seen["still"]


def test_what_a_sibling_of_the_parent_leaves_reaches_the_child(tmp_path: Path) -> None:
    """Axis 1 may give its rest to axis 3, and axis 3 to a line under it."""
    child = {"id": "p10", "amount": 50, "children": [], "unassigned": "free"}
    giver = {"id": "p0", "amount": 100, "children": [], "unassigned": "free", "transfers": {"to": ["p1"]}}
    taker = {"id": "p1", "amount": 50, "children": [child], "unassigned": "free"}
    root = {"id": "p", "amount": 150, "children": [giver, taker], "unassigned": "free"}
    dossier = {"id": "D0", "envelope": "p10", "most": 50, "least": 50, "score": 1}
    tree = compile_problem(cases.load({"root": root, "dossiers": [dossier], "unit": 1}, tmp_path)).case.tree
    own = [{"p0": 60, "p10": 50}.get(name, 0) for name in tree.ids]
    reading = read_envelopes(tree, np.arange(tree.n_nodes), np.array(own))
    assert dict(zip(tree.ids, compute_remaining_money(tree, reading, own).whole_cents.tolist(), strict=True)) == {
        "p": 40, "p0": 40, "p1": 40, "p10": 40,
    }  # fmt: skip
