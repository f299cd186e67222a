"""The parts of the search for prices: trees, blocks, sides of a split, multipliers, and the form of its proofs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from math import comb
from random import Random
from typing import Any

import numpy as np
import pytest
from support.systems.drawn import points, random_system
from support.systems.of_amounts import amounts_system
from support.systems.under_caps import draw_few_of_some, tree_system

from tnt_sim.certify.system import Box, System
from tnt_sim.certify.verifier import PlainSystem, check_claim
from tnt_sim.certify.verifier_rows import describe_system
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.prove import price_proofs
from tnt_sim.prove.cap_prices import SCALE, Tree
from tnt_sim.prove.price_proofs import (
    BITS,
    MOST_SELECTIONS,
    _build_box,
    _build_trees,
    _choose_blocks,
    _has_few_selections,
    _list_carried_rows,
    _list_known_trees,
    _list_rows,
    _narrow,
    _round_bits,
    find_price_proof,
)
from tnt_sim.prove.proof_lp import LpSolution, LpStatus, ProofLp


def draw_systems(count: int) -> Iterator[tuple[int, System]]:
    """Small systems, of blocks and ranges or of caps."""
    for seed in range(count):
        dice = Random(seed)
        yield seed, random_system(dice) if seed % 2 else tree_system(dice)[0]


def list_proofs(proof: Any) -> Iterator[Any]:
    """A proof and those of its sides."""
    yield proof
    for side in proof.get("parts", []):
        yield from list_proofs(side)


def measure_depth(proof: Any) -> int:
    """How many splits lie within one another."""
    return 1 + max(map(measure_depth, proof["parts"])) if "parts" in proof else 0


def test_proofs_hold_what_they_need_in_their_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside trees multipliers have few bits, elsewhere all of theirs; the carried row is one of them."""
    monkeypatch.setattr(price_proofs, "MOST_BLOCKS", 0)
    counted = Counter[str]()
    for seed in range(200):
        for draw in (draw_few_of_some, lambda dice: amounts_system(dice, 1)[0]):
            proof = find_price_proof(ask_for_more(draw(Random(seed))), UNLIMITED)
            for side in list_proofs(proof) if proof else ():
                assert "carried" not in side or (
                    str(side["carried"]) in side["multipliers"] and len(side["trees"]) == 1
                ), seed
                if "split" in side:
                    counted["split"] += 1
                    assert set(side) == {"split", "parts"}
                elif side.get("trees"):
                    others = [times for times in side["multipliers"].values() if times != SCALE]
                    counted.update({"trees": 1, "carried": "carried" in side, "beside": len(others)})
                    assert SCALE in side["multipliers"].values(), seed
                    assert all(times == _round_bits(times) for times in others), seed
                else:
                    assert set(side) <= {"multipliers", "trees"}
                    counted["exact"] += any(
                        times != _round_bits(times) for times in side["multipliers"].values()
                    )
    assert min(counted[kind] for kind in ("split", "trees", "carried", "beside", "exact")) > 3, counted


def ask_for_more(whole: System) -> System:
    """The same system with a goal just out of reach, where it holds points."""
    goal = whole.rows.goal
    row = np.zeros(whole.n_cols, dtype=np.int64)
    row[whole.rows.col[whole.rows.row == goal]] = whole.rows.value[whole.rows.row == goal]
    upper = whole.rows.upper.copy()
    upper[goal] = min((int(row @ np.array(x)) for x in points(whole)), default=int(upper[goal]) + 1) - 1
    return whole.with_rows(replace(whole.rows, upper=upper))


def test_a_number_is_rounded_to_few_bits() -> None:
    for number in (*range(5000), *(k * SCALE // 7 for k in range(50)), 2**40 - 1):
        rounded = _round_bits(number)
        assert abs(rounded - number) * 2**BITS <= number, number
        assert rounded % (1 << max(0, rounded.bit_length() - BITS - 1)) == 0
        assert number >= 2**BITS or rounded == number
    assert _round_bits(2**BITS + 1) == 2**BITS + 2
    assert _round_bits(2**BITS * 2 + 1) == 2**BITS * 2


def test_few_selections_are_counted_to_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    for n, most in product(range(12), range(14)):
        total = sum(comb(n, k) for k in range(most + 1))
        for limit, few in ((total, True), (total - 1, False)):
            monkeypatch.setattr(price_proofs, "MOST_SELECTIONS", limit)
            assert _has_few_selections(n, most) is few, (n, most)
    assert MOST_SELECTIONS == 5000


def read_rows(whole: System, plain: PlainSystem) -> list[tuple[dict[int, int], int]]:
    """Open columns and room of each row, as the verifier reads them."""
    return [plain.get_open_row(row) for row in range(whole.rows.n)]


def list_pairs(tree: Tree) -> Iterator[tuple[int, int]]:
    """Each cap of a tree with each cap right below it."""
    for child in tree[1]:
        yield tree[0], child[0]
        yield from list_pairs(child)


def test_rows_that_nest_in_the_same_weights_are_trees() -> None:
    nested = 0
    for seed, whole in draw_systems(150):
        plain, dice = PlainSystem(describe_system(whole)), Random(seed)
        rows = dice.sample(range(whole.rows.n), dice.randint(1, whole.rows.n))
        trees, holder = _build_trees(whole, plain, rows)
        read = read_rows(whole, plain)
        used = [row for tree in trees for row in _list_rows(tree)]
        assert len(used) == len(set(used))
        assert set(used) <= set(rows)
        for tree in trees:
            for above, below in list_pairs(tree):
                nested += 1
                upper, lower = read[above][0], read[below][0]
                assert lower.keys() <= upper.keys()
                ratios = {(lower[j] * upper[k] - lower[k] * upper[j]) for j in lower for k in lower}
                assert ratios == {0}, seed
        for row in set(rows) - set(used):  # what is left out has its reason
            columns = read[row][0]
            is_plain = columns and all(value > 0 for value in columns.values())
            is_apart = not any(columns.keys() & read[other][0].keys() for other in used)
            assert not (is_plain and is_apart and all(j < whole.n_choices for j in columns)), seed
        for j in range(whole.n_cols):
            holding = [row for row in used if j in read[row][0]]
            deepest = min(holding, key=lambda row: len(read[row][0]), default=-1)
            assert holder[j] == deepest or len(read[int(holder[j])][0]) == len(read[deepest][0]), seed
    assert nested > 10


def test_blocks_share_no_column_and_have_few_selections() -> None:
    chosen = 0
    for seed, whole in draw_systems(150):
        plain, dice = PlainSystem(describe_system(whole)), Random(seed)
        rows = dice.sample(range(whole.rows.n), whole.rows.n)
        _, holder = _build_trees(whole, plain, rows[:1])
        read, seen = read_rows(whole, plain), set[int]()
        answer = _choose_blocks(whole, plain, rows[1:], holder)
        grouped = {j for group in plain.groups for j in group}
        for row in rows[1:]:
            columns, room = read[row]
            fits = (
                0 <= room < sum(columns.values())
                and all(value > 0 and j < whole.n_choices for j, value in columns.items())
                and not (columns.keys() & (grouped | seen))
                and len({int(holder[j]) for j in columns}) == 1
            )
            assert (row in answer) is fits, seed
            if fits:
                seen |= columns.keys()
                chosen += 1
    assert chosen > 20


def list_points(whole: System, box: Box) -> list[tuple[int, ...]]:
    """Points of ranges and blocks alone."""
    low = [0] * whole.n_choices + box.low.tolist()
    high = box.open.astype(int).tolist() + box.high.tolist()
    result = []
    for x in product(*(range(a, b + 1) for a, b in zip(low, high, strict=True))):
        taken = np.bincount(
            whole.block[: whole.n_choices], weights=x[: whole.n_choices], minlength=len(box.must)
        )
        if (taken <= 1).all() and (taken[box.must] == 1).all():
            result.append(x)
    return result


def test_the_sides_of_a_split_part_the_points_of_a_box() -> None:
    for seed, whole in draw_systems(20):
        box = whole.build_box()
        inside = list_points(whole, box)
        for column in range(whole.n_cols):
            top = int(whole.high[column])
            for at in range(int(whole.low[column]), top):
                lower = list_points(whole, _narrow(whole, box, column, at, 1))
                upper = list_points(whole, _narrow(whole, box, column, at, -1))
                assert lower == [x for x in inside if x[column] <= at], seed
                assert upper == [x for x in inside if x[column] > at], seed


def test_a_narrowed_system_is_read_as_the_box_of_its_points() -> None:
    n_must = 0
    for seed, whole in draw_systems(150):
        plain = PlainSystem(describe_system(whole))
        for row in range(whole.rows.n):
            plain.narrow(*plain.get_row(row))
        if not plain.groups:
            continue
        group = Random(seed).choice(plain.groups)
        plain.narrow(dict.fromkeys(group, -1), -1)  # one of them is taken
        if plain.has_points():
            n_must += int(not whole.must[whole.block[group[0]]])
            box = _build_box(whole, plain)
            inside = list_points(whole, box)
            assert {x for x in points(whole) if any(x[j] for j in group)} <= set(inside)
            assert box.low.tolist() == plain.low[whole.n_choices :]
            assert box.high.tolist() == plain.high[whole.n_choices :]
            for group, must in zip(plain.groups, plain.must, strict=True):
                assert not must or all(sum(x[j] for j in group) == 1 for x in inside)
            for j in range(whole.n_choices):
                assert plain.high[j] or not any(x[j] for x in inside)
                assert not plain.low[j] or all(x[j] for x in inside)
    assert n_must > 10


def test_the_row_carried_first_leaves_the_most_open() -> None:
    _, whole = next((seed, answer) for seed, answer in draw_systems(99) if answer.rows.n > 3)
    rows = whole.rows
    spread = [int(np.abs(rows.value[rows.row == k]).max(initial=0)) for k in range(rows.n)]
    multipliers = {k: 7 - k for k in range(rows.n)}
    carried = _list_carried_rows(whole, multipliers, rows.n - 1)
    open_gain = sorted((spread[k] * (7 - k) for k in range(rows.n - 1)), reverse=True)
    assert [spread[k] * (7 - k) for k in carried] == open_gain[: len(carried)]
    assert len(carried) == price_proofs.MOST_CARRIED


def test_known_caps_are_tried_under_the_row_that_limits_the_cost() -> None:
    whole = next(answer for _, answer in draw_systems(9))
    caps = {"goal": 4, "groups": [[1, []], [2, [3]]]}
    trees = [(1, [], False), (2, [(3, (), False)], False)]
    assert _list_known_trees(whole, None) == _list_known_trees(whole, {"rounds": []}) == []
    assert _list_known_trees(whole, {"caps": caps}) == [({4: SCALE}, trees)]
    assert _list_known_trees(whole, {"caps": {**caps, "less": 0}}) == [({4: SCALE}, [(0, trees, False)])]


def test_a_search_without_an_answer_of_the_linear_program_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = next(answer for _, answer in draw_systems(99) if not points(answer))
    assert find_price_proof(whole, UNLIMITED) is not None

    def fail(self: ProofLp, *_: Any) -> LpSolution:
        nothing = np.zeros(self.system.n_cols)
        return LpSolution(LpStatus.UNCLEAR, nothing, np.nan, np.zeros(self.system.rows.n))

    monkeypatch.setattr(ProofLp, "solve", fail)
    assert find_price_proof(whole, UNLIMITED) is None
    assert find_price_proof(whole, Deadline(0.0)) is None


def test_limits_of_entries_and_splits_are_kept_to_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = [answer for _, answer in draw_systems(200) if not points(answer)]
    depths = []
    for whole in empty:
        proof = find_price_proof(whole, UNLIMITED)
        assert proof is not None
        assert check_claim(describe_system(whole), proof) == ""
        depths.append(measure_depth(proof))
    assert max(depths) > 1
    for name, count in (("MOST_DEEP", max(depths)), ("MOST_PARTS", None)):
        whole = empty[depths.index(max(depths))]
        proof = find_price_proof(whole, UNLIMITED)
        limit = sum(1 for _ in list_proofs(proof)) if count is None else count
        for more, is_found in ((0, True), (-1, False)):
            monkeypatch.setattr(price_proofs, name, limit + more)
            assert (find_price_proof(whole, UNLIMITED) is not None) is is_found, name
        monkeypatch.undo()
    whole = empty[0]
    for more, is_found in ((0, True), (-1, False)):
        monkeypatch.setattr(price_proofs, "MOST_ENTRIES", len(whole.rows.row) + more)
        assert (find_price_proof(whole, UNLIMITED) is not None) is is_found
