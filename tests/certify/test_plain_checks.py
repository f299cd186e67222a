"""What the verifier reads from ranges, groups and single rows is exact; each fault of form has its sentence."""

from __future__ import annotations

import itertools
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from tnt_sim.certify import verifier
from tnt_sim.certify.verifier import LARGEST, check_claim

Record = dict[str, Any]


def draw_ranges(dice: Random) -> Record:
    """Draw groups of one to three columns, some closed or taken, columns with ranges, and one row over all."""
    low: list[int] = []
    high: list[int] = []
    groups = []
    for _ in range(dice.randint(1, 3)):
        columns = [len(low) + k for k in range(dice.randint(1, 3))]
        low += [int(dice.random() < 0.2) for _ in columns]
        high += [max(low[j], int(dice.random() < 0.8)) for j in columns]
        groups.append({"columns": columns, "must": dice.random() < 0.4})
    for _ in range(dice.randint(0, 2)):
        low.append(dice.randint(-2, 1))
        high.append(low[-1] + dice.randint(0, 3))
    values = [dice.randint(-3, 3) for _ in low]
    row = {"columns": [*range(len(low))], "values": values, "upper": dice.randint(-6, 3)}
    return {"columns": {"low": low, "high": high}, "groups": groups, "rows": [row]}


def has_point(record: Record) -> bool:
    """Whether any point of a record keeps its groups and rows, by enumeration."""
    low, high = record["columns"]["low"], record["columns"]["high"]
    for x in itertools.product(*(range(a, b + 1) for a, b in zip(low, high, strict=True))):
        sums = [(sum(x[j] for j in group["columns"]), group["must"]) for group in record["groups"]]
        fits = all(n <= 1 and (n or not must) for n, must in sums)
        if fits and all(
            sum(v * x[j] for j, v in zip(row["columns"], row["values"], strict=True)) <= row["upper"]
            for row in record["rows"]
        ):
            return True
    return False


def test_a_single_row_over_groups_and_ranges_is_decided_exactly() -> None:
    """Its multiplier shows that there is no point if and only if there is none, as does the row of a split."""
    dice, seen = Random(4), {True: 0, False: 0}
    for _ in range(600):
        record = draw_ranges(dice)
        is_empty = not has_point(record)
        assert (check_claim(record, {"multipliers": {"0": 1}}) == "") is is_empty, record
        (row,) = record["rows"]
        split = {"columns": row["columns"], "values": row["values"], "at": row["upper"]}
        other = {**record, "rows": []}
        proof = {"split": split, "parts": [{"multipliers": {"0": 1}}, None]}
        shown = check_claim(other, proof) == ""
        opposite = {**row, "values": [-v for v in row["values"]], "upper": -row["upper"] - 1}
        assert not shown or (is_empty and not has_point({**record, "rows": [opposite]})), record
        seen[is_empty] += 1
    assert min(seen.values()) > 150


def test_a_split_narrows_to_no_less_than_its_points() -> None:
    """Two rows are split on in turn: what is shown without any multiplier holds no point."""
    dice, shown, reached = Random(9), 0, 0
    for _ in range(400):
        record = draw_ranges(dice)
        first, second = record["rows"][0], draw_ranges(dice)["rows"][0]
        second = {
            **second,
            **{k: [*second[k], 0, 0, 0, 0, 0, 0, 0, 0, 0][: len(first[k])] for k in ("values",)},
        }
        second["columns"] = first["columns"]
        inner = {"split": {**pick(second), "at": second["upper"]}, "parts": [{}, {}]}
        proof = {"split": {**pick(first), "at": first["upper"]}, "parts": [inner, inner]}
        whole = {**record, "rows": []}
        if check_claim(whole, proof) == "":
            shown += 1
            assert not has_point(whole), record
        else:
            reached += 1
    assert shown > 30
    assert reached > 30


def pick(row: Record) -> Record:
    """Return the columns and values of a row."""
    return {"columns": row["columns"], "values": row["values"]}


BASE: Record = {
    "columns": {"low": [0, 0, 0, 0], "high": [1, 1, 1, 5]},
    "groups": [{"columns": [0, 1], "must": False}],
    "rows": [
        {"columns": [0, 1, 2, 3], "values": [2, 3, 2, 1], "upper": 4},
        {"columns": [2], "values": [4], "upper": 8},
        {"columns": [0, 1, 2, 3], "values": [-4, -5, -4, -1], "upper": -9},
    ],
}
"""Two dossiers, the first with two amounts, and money over: at most 4, and no list of these gains 9."""
PROOF: Record = {
    "multipliers": {"2": 1},
    "trees": [{"row": 0, "price": 2, "below": [{"row": 1, "price": 0}]}],
}


def put(of: Any, value: Any, *path: Any) -> Any:
    """Return a copy with one place of it exchanged, or an item appended behind the last of a list."""
    if not path:
        return value
    copy = dict(of) if isinstance(of, dict) else list(of)
    if isinstance(copy, list) and path[0] == len(copy):
        copy.append(None)
    inner = copy.get(path[0]) if isinstance(copy, dict) else copy[path[0]]
    copy[path[0]] = put(inner, value, *path[1:])
    return copy


def test_the_certificate_that_is_spoilt_below_shows_its_claim() -> None:
    assert not has_point(BASE)
    assert check_claim(BASE, PROOF) == ""
    assert has_point(put(BASE, -8, "rows", 2, "upper"))
    assert check_claim(put(BASE, -8, "rows", 2, "upper"), PROOF).startswith("the prices and lists leave room")


UNREADABLE: list[tuple[tuple[Any, ...], Any, str]] = [
    (("groups", 0, "columns"), [0, 4], "a column of a group is not 0 or 1"),
    (("groups", 0, "columns"), [0, 3], "a column of a group is not 0 or 1"),
    (("groups", 1), {"columns": [1], "must": False}, "two groups share a column"),
    (("groups", 0, "columns"), [0, 0], "two groups share a column"),
    (("groups", 0, "columns"), [-1], "'-1' is not a whole number in range"),
    (("groups", 0, "must"), 1, "the columns or groups are not in the form"),
    (("columns", "high"), [1, 1, 1], "the columns or groups are not in the form"),
    (("columns", "high"), [1, 1, 1, 5, 0], "the columns or groups are not in the form"),
    (("columns", "low", 0), -1, "a column of a group is not 0 or 1"),
    (("columns", "high", 3), LARGEST + 1, "is not a whole number in range"),
    (("columns", "low", 3), -LARGEST - 1, "is not a whole number in range"),
    (("columns", "low", 3), False, "'False' is not a whole number in range"),
    (("rows", 2, "columns"), [0, 1, 2, 4], "a row counts a column that does not exist"),
    (("rows", 2, "columns"), [0, 1, 2, -1], "a row counts a column that does not exist"),
    (("rows", 2, "columns"), [0, 1, 2, 2], "the columns and values of a row do not match"),
    (("rows", 2, "values"), [-4, -5, -4], "the columns and values of a row do not match"),
    (("rows", 2, "values"), [-4, -5, -4, -1, 0], "the columns and values of a row do not match"),
    (("rows", 2, "upper"), -0.5, "'-0.5' is not a whole number in range"),
    (("rows", 0), None, "the files are not in the form that is read here"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "told"), UNREADABLE)
def test_rows_of_another_form_are_told_by_their_fault(path: tuple[Any, ...], value: Any, told: str) -> None:
    assert told in check_claim(put(BASE, value, *path), PROOF)


def test_the_largest_figures_are_read() -> None:
    """A column of any size that no row counts changes nothing."""
    for low, high in ((0, LARGEST), (-LARGEST, 0)):
        wide = put(put(BASE, low, "columns", "low", 4), high, "columns", "high", 4)
        assert check_claim(wide, PROOF) == ""


SPOILT: list[tuple[tuple[Any, ...], Any, str]] = [
    (("multipliers",), {"02": 1}, "'02' is no number of a row"),
    (("multipliers",), {"3": 1}, "there is no such row"),
    (("multipliers",), {"2": -1}, "'-1' is not a whole number in range"),
    (("multipliers",), {"2": 1, "0": -1}, "'-1' is not a whole number in range"),
    (("trees", 0, "row"), 3, "there is no such row"),
    (("trees", 0, "row"), -1, "'-1' is not a whole number in range"),
    (("trees", 0, "price"), -1, "'-1' is not a whole number in range"),
    (("trees", 0, "best"), LARGEST + 1, "is not a whole number in range"),
    (("trees", 0, "best"), 7, "a cap has a selection that is worth more than is claimed"),
    (("trees", 0, "below", 0, "row"), 2, "a cap counts other weights than the one above"),
    (("trees", 0, "below", 1), {"row": 1, "price": 0}, "two caps share a column"),
    (("trees", 1), {"row": 1, "price": 0}, "two caps share a column"),
    (("trees", 0, "below", 0, "may_exceed"), True, "no column of the cap above pays for what exceeds a cap"),
    (("trees", 0), {"row": 1, "price": 0, "below": [{"row": 0, "price": 0}]}, "two caps share a column"),
    (("blocks",), [0], "the columns of a block are under several caps, or have another place"),
    (("blocks",), [3], "there is no such row"),
    (("carried",), 1, ""),
    (("split",), {"columns": [3], "values": [1, 1], "at": 0}, "the columns and values of a row do not match"),
    (("split",), {"columns": [3], "values": [1], "at": 0}, "the files are not in the form that is read here"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "told"), SPOILT)
def test_a_spoilt_certificate_is_told_by_its_fault(path: tuple[Any, ...], value: Any, told: str) -> None:
    answer = check_claim(BASE, put(PROOF, value, *path))
    assert told in answer
    assert bool(told) is bool(answer)


def test_pairs_of_blocks_are_counted_to_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three columns of ten values make 10, 100 and 1,000 pairs, of which a block keeps the sums up to 30."""
    record = {
        "columns": {"low": [0] * 3, "high": [9] * 3}, "groups": [],
        "rows": [{"columns": [0, 1, 2], "values": [1, 1, 1], "upper": 30},
                 {"columns": [0, 1, 2], "values": [-1, -1, -1], "upper": -28}],
    }  # fmt: skip
    proof = {"multipliers": {"1": 1}, "blocks": [0]}
    for most, told in ((1110, ""), (1109, "the lists are too long")):
        monkeypatch.setattr(verifier, "MOST_PAIRS", most)
        assert check_claim(record, proof) == told


def test_a_block_beside_a_goal_is_decided_exactly() -> None:
    """All values of its columns that keep its row are one choice: a goal over them holds a point or none."""
    dice, shown = Random(6), 0
    for _ in range(300):
        n = dice.randint(1, 3)
        low = [dice.randint(0, 1) for _ in range(n + 1)]
        high = [a + dice.randint(0, 3) for a in low]
        block = [dice.randint(1, 3) for _ in range(n)]
        goal = [dice.randint(-3, 3) for _ in range(n + 1)]
        rows = [
            {"columns": [*range(n)], "values": block, "upper": dice.randint(2, 8)},
            {"columns": [*range(n + 1)], "values": goal, "upper": dice.randint(-9, 2)},
        ]
        record = {"columns": {"low": low, "high": high}, "groups": [], "rows": rows}
        if any(a < b for a, b in zip(low[:n], high[:n], strict=True)):
            is_empty = not has_point(record)
            proof = {"multipliers": {"1": 1}, "blocks": [0]}
            answer = check_claim(record, proof)
            assert (answer == "") is is_empty or "no value that keeps" in answer, record
            shown += is_empty
    assert shown > 80


def test_rates_of_a_list_are_the_greatest_that_each_part_costs() -> None:
    """What a part falls short of the best pays for each unit that it is lighter, or heavier."""
    dice = Random(8)
    for _ in range(200):
        entries = [
            (dice.randint(0, 9), dice.randint(-5, 5), dice.randint(-30, 0)) for _ in range(dice.randint(1, 6))
        ]
        price, rate = dice.randint(0, 5), dice.randint(0, 5)
        best = -min(m + price * w + rate * v for w, v, m in entries)
        step = verifier.ListStep(list(entries), price, rate, best)
        shorts = [(best + m + price * w + rate * v, w, v) for w, v, m in entries]
        usual = min(shorts)
        assert step.usual == usual[1:]
        for k in (0, 1):
            for sign, rates in ((1, step.lighter), (-1, step.heavier)):
                costs = [
                    Fraction(short[0], sign * (usual[k + 1] - short[k + 1]))
                    for short in shorts
                    if sign * (usual[k + 1] - short[k + 1]) > 0
                ]
                assert rates[k] == (min(costs) // 1 if costs else LARGEST)


@pytest.mark.parametrize(("below", "told"), [(1, "a block has a value below zero"), (0, "")])
def test_a_block_has_neither_values_nor_columns_below_zero(below: int, told: str) -> None:
    """Half of a row that may fall again would be dropped too early."""
    low, values = [-below, 0], [1, 1]
    record = {"columns": {"low": low, "high": [2, 2]}, "groups": [],
              "rows": [{"columns": [0, 1], "values": values, "upper": 3},
                       {"columns": [0, 1], "values": [-1, -1], "upper": -4}]}  # fmt: skip
    proof = {"multipliers": {"1": 1}, "blocks": [0]}
    assert check_claim(record, proof) == told
    turned = put(put(record, [1, -1] if below else [1, 1], "rows", 0, "values"), [0, 0], "columns", "low")
    assert check_claim(turned, proof) == told
