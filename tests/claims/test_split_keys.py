"""The keys of a split: the parts of drawn amounts as fractions, whole cents by largest remainders."""

from __future__ import annotations

import random
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from support.claims import Row, cents, choose_best, euros, score_of, solve_case
from support.enumeration.envelopes import largest_remainder
from support.enumeration.rows import UNITS
from support.text_scenarios import awards

HEADS = {name: Fraction(UNITS[name]["population"]) for name in ("05", "23", "48")}
"""Inhabitants of three departments, as the map of 2021 has them."""


def draw_rows(dice: random.Random, n: int = 7) -> list[Row]:
    return [
        {
            "dossier": f"D{k}",
            "requested": euros(dice.randrange(10_000, 60_000)),
            "score": dice.choice(("1", "2.25", "2.25", "4.5")),
            "department": dice.choice(("05", "23", "48", "48")),
            "weight": dice.choice(("", "0.5", "3", "10000000")),
        }
        for k in range(n)
    ]


def check(
    folder: Path, rows: list[Row], amount: int | None, split: dict[str, Any], parts: Mapping[str, int | Fraction],
    files: Mapping[str, str] | None = None, territory: bool = True,
) -> None:  # fmt: skip
    """Each group has its part as an envelope, and grants what fits it."""
    programme: dict[str, Any] = {"id": "p", "split": {"by": "department", **split}}
    if amount is not None:
        programme["amount"] = euros(amount)
    body = {"programme": programme, **({"territory": {"year": 2021}} if territory else {})}
    result = solve_case(folder, rows, body, files)
    found = {one["id"]: one["amount_cents"] for one in result.document["envelopes"] if one["id"] != "p"}
    assert {name: found.get(f"p/{name}") for name in parts} == parts, (split, amount)
    assert split.get("groups") == "map" or found.keys() == {f"p/{name}" for name in parts}
    of = {row["dossier"]: row["department"] for row in rows}
    offers = {row["dossier"]: [cents(row["requested"])] if row["department"] in parts else [] for row in rows}
    expected = choose_best(
        offers,
        lambda award: all(
            sum(award.get(n, 0) for n in of if of[n] == g) <= part for g, part in parts.items()
        ),
        score_of(rows),
    )
    assert awards(result) == expected, (split, rows)


def present(rows: list[Row]) -> list[str]:
    return sorted({row["department"] for row in rows})


@pytest.mark.claim(
    "EnvelopeSpec.split", "ProgrammeSpec.split", "SplitSpec.by", "SplitSpec.each", "SplitSpec.groups"
)
@pytest.mark.parametrize("groups", ["map", "present", ["05", "48"], None], ids=str)
def test_each_group_has_an_envelope_of_the_same_amount(tmp_path: Path, groups: Any) -> None:
    for seed in range(3 if groups == "map" else 6):
        dice = random.Random(seed)
        rows, each = draw_rows(dice), dice.randrange(30_000, 90_000)
        if groups == ["05", "48"]:
            rows = [row for row in rows if row["department"] != "23"]
        names = groups if isinstance(groups, list) else present(rows)
        keys = {} if groups is None else {"groups": groups}
        check(tmp_path, rows, None, {"each": euros(each), **keys}, dict.fromkeys(names, each))
        if groups == "map":
            result = solve_case(
                tmp_path, rows,
                {"programme": {"id": "p", "split": {"by": "department", "each": "1 €", "groups": "map"}},
                 "territory": {"year": 2021}},
            )  # fmt: skip
            assert len(result.document["envelopes"]) == 1 + 101  # with Mayotte and the four others overseas


@pytest.mark.claim("SplitSpec.key", "SplitSpec.fixed")
@pytest.mark.parametrize("key", ["population", "weight", "requested"])
@pytest.mark.parametrize("fixed", [None, "30 %", "33.3 %", "100 %"])
def test_the_key_divides_what_is_not_given_equally(tmp_path: Path, key: str, fixed: str | None) -> None:
    for seed in range(4):
        dice = random.Random(seed)
        rows, amount = draw_rows(dice), dice.randrange(100_000, 200_000)
        groups = present(rows)
        sums = HEADS if key == "population" else {
            g: sum((Fraction(r[key] or 0) for r in rows if r["department"] == g), Fraction(0)) for g in groups
        }  # fmt: skip
        sums = {g: sums[g] for g in groups}
        total = sum(sums.values())
        if not total:
            continue
        share = Fraction(fixed.rstrip(" %")) / 100 if fixed else Fraction(0)
        weights = {g: share / len(groups) + (1 - share) * one / total for g, one in sums.items()}
        keys = {"key": key, "groups": groups} | ({"fixed": fixed} if fixed else {})
        check(tmp_path, rows, amount, keys, largest_remainder(amount, weights), territory=key == "population")


@pytest.mark.claim("SplitSpec.table")
@pytest.mark.parametrize("kind", ["amount", "weight"])
def test_a_table_gives_amounts_or_weights(tmp_path: Path, kind: str) -> None:
    for seed in range(5):
        dice = random.Random(seed)
        rows, amount = draw_rows(dice), dice.randrange(100_000, 200_000)
        groups = present(rows)
        cells = {g: euros(dice.randrange(10_000, 60_000)) for g in groups}
        text = f"group,{kind}\n" + "".join(f"{g},{cell}\n" for g, cell in cells.items())
        parts = {g: cents(cell) for g, cell in cells.items()} if kind == "amount" else largest_remainder(
            amount, {g: Fraction(cell) for g, cell in cells.items()}
        )  # fmt: skip
        whole = None if kind == "amount" else amount
        check(tmp_path, rows, whole, {"table": "t.csv"}, parts, {"t.csv": text}, territory=False)


@pytest.mark.claim("SplitSpec.previous", "SplitSpec.change")
def test_no_part_moves_further_from_last_year_than_allowed(tmp_path: Path) -> None:
    """Parts in proportion to the key where last year allows it, else at its bounds; the whole is divided."""
    n_bound = 0
    for seed in range(8):
        dice = random.Random(seed)
        rows, amount = draw_rows(dice), dice.randrange(100_000, 200_000)
        groups = present(rows)
        before = {g: amount // len(groups) + dice.randrange(-9_000, 9_000) for g in groups}
        change = dice.choice((Fraction(20, 100), Fraction(333, 1000)))
        text = "group,amount\n" + "".join(f"{g},{euros(one)}\n" for g, one in before.items())
        programme = {
            "id": "p", "amount": euros(amount),
            "split": {"by": "department", "groups": groups, "key": "population", "previous": "t.csv",
                      "change": f"{float(change * 100)} %"},
        }  # fmt: skip
        body = {"programme": programme, "territory": {"year": 2021}}
        document = solve_case(tmp_path, rows, body, {"t.csv": text}).document
        parts = {one["id"][2:]: one["amount_cents"] for one in document["envelopes"] if one["id"] != "p"}
        assert sum(parts.values()) == amount
        low = {g: (1 - change) * one for g, one in before.items()}
        high = {g: (1 + change) * one for g, one in before.items()}
        assert all(low[g] <= parts[g] <= high[g] for g in groups), (parts, before, change)
        free = [g for g in groups if low[g] + 1 < parts[g] < high[g] - 1]
        rates = [parts[g] / HEADS[g] for g in free]
        assert all(abs(parts[g] - rates[0] * HEADS[g]) <= 2 for g in free), (
            parts
        )  # one rate for all that are free
        for g in set(groups) - set(free):
            n_bound += 1
            if rates:  # at the lower bound its share of the key is less, at the upper bound more
                assert (parts[g] <= rates[0] * HEADS[g] + 2) is (parts[g] >= high[g] - 1), (g, parts)
    assert n_bound > 2
