"""The keys of a grant: what each application may get at most and at least, from its own cells in fractions."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from support.claims import Award, Row, cents, choose_best, decide, euros

Amount = Callable[[Row], int | None]
"""An amount in cents of an application; None where nothing is said."""


def draw_rows(dice: random.Random, n: int = 6) -> list[Row]:
    """Applications with cents, blanks, decimals and ties."""
    return [
        {
            "dossier": f"D{k}",
            "requested": euros(dice.randrange(40_000, 900_000, dice.choice((1, 50_000)))),
            "cost": euros(dice.randrange(900_000, 2_000_000)),
            "base": dice.choice(("", euros(dice.randrange(50_000, 900_000, dice.choice((1, 100_000)))))),
            "limit": dice.choice(("", euros(dice.randrange(1, 300_000)))),
            "units": dice.choice(("0", "1", "2.5", "7", "12")),
            "heads": dice.choice(("100", "2291", "140220", "10000000")),
            "score": dice.choice(("1", "2.25", "2.25", "4.5")),
            "kind": dice.choice(("x", "y", "y")),
        }
        for k in range(n)
    ]


def base_of(row: Row) -> int:
    return cents(row["base"] or row["cost"])


def rate(text: str) -> Fraction:
    return Fraction(text.rstrip(" %")) / 100


def least_and_most(folder: Path, rows: list[Row], grants: list[dict[str, Any]]) -> tuple[Award, Award]:
    """What a programme without limit grants at least where grants are ranges, and all of it where they are not."""
    body = {"programme": {"id": "p"}, "objective": [{"maximise": {"dossiers": 1}}]}
    ranges = [{"mode": "range", "min": "0.01 €", **entry} for entry in grants]
    low, high = (decide(folder, rows, body | {"grants": entries}) for entries in (ranges, grants))
    assert low is not None
    assert high is not None
    return low, high


def check(
    folder: Path,
    grants: Mapping[str, Any],
    most: Amount,
    least: Amount = lambda row: 1,
    unit: int = 1,
    seeds: int = 8,
) -> None:
    """Both ends of the range of each drawn application, as `most` and `least` say beside the rest."""
    n_mattered = 0
    for seed in range(6):
        rows = draw_rows(random.Random(seed))
        low, high = least_and_most(folder, rows, [dict(grants)])
        for row in rows:
            own = most(row)
            tops = [cents(row["requested"]), base_of(row), *([] if own is None else [own])]
            bottom = -(-(least(row) or 1) // unit) * unit
            top = min(tops) // unit * unit
            expected = (bottom, top) if 0 < bottom <= top else (None, None)
            assert (low.get(row["dossier"]), high.get(row["dossier"])) == expected, (grants, row)
            n_mattered += expected != (1, min(tops[:2]))
    assert n_mattered > 3


@pytest.mark.claim("GrantSpec.max_rate", "BracketsSpec.brackets", "Bracket.up_to", "Bracket.rate")
@pytest.mark.parametrize("written", ["12.5 %", "33.3 %", "80 %", "brackets"])
def test_the_rate_is_of_the_base_or_of_its_brackets(tmp_path: Path, written: str) -> None:
    if written != "brackets":
        check(tmp_path, {"max_rate": written}, lambda row: int(rate(written) * base_of(row)))
        return
    brackets = [("1 000,01 €", 100_001, "80 %"), ("5 k€", 500_000, "33.3 %"), ("", 10**12, "5 %")]
    keys = [({"up_to": text} if text else {}) | {"rate": share} for text, __, share in brackets]

    def most(row: Row) -> int:
        total, start = Fraction(0), 0
        for __, end, share in brackets:
            total += rate(share) * max(0, min(base_of(row), end) - start)
            start = end
        return int(total)

    check(tmp_path, {"max_rate": {"brackets": keys}}, most)


@pytest.mark.claim("GrantSpec.bonus", "BonusSpec.where", "BonusSpec.rate", "BonusSpec.up_to")
@pytest.mark.parametrize("ceiling", [None, "35 %", "90 %"])
def test_a_bonus_adds_points_for_some_up_to_a_rate(tmp_path: Path, ceiling: str | None) -> None:
    bonus = {"where": {"kind": "y"}, "rate": "12.5 %"} | ({"up_to": ceiling} if ceiling else {})
    everyone = {"rate": "3.3 %", "up_to": "30 %"}

    def most(row: Row) -> int:
        share = rate("25 %")
        if row["kind"] == "y":
            share = min(share + rate("12.5 %"), rate(ceiling) if ceiling else Fraction(1))
        return int(max(share, min(share + rate("3.3 %"), rate("30 %"))) * base_of(row))

    check(tmp_path, {"max_rate": "25 %", "bonus": [bonus, everyone]}, most)


@pytest.mark.claim("GrantSpec.max", "GrantSpec.min", "MoneyColumn.column", "GrantSpec.min_rate")
@pytest.mark.parametrize("key", ["max", "max column", "min", "min column", "min_rate"])
def test_an_amount_or_a_column_bounds_a_grant(tmp_path: Path, key: str) -> None:
    def held(row: Row) -> int | None:
        return cents(row["limit"]) if row["limit"] else None

    match key:
        case "max":
            check(tmp_path, {"max": "1 234,56 €"}, lambda row: 123_456)
        case "max column":
            check(tmp_path, {"max": {"column": "limit"}}, held)
        case "min":
            check(tmp_path, {"min": "1 234,56 €"}, lambda row: None, lambda row: 123_456)
        case "min column":
            check(tmp_path, {"min": {"column": "limit"}, "min_rate": "0.001 %"}, lambda row: None,
                  lambda row: max(held(row) or 0, -int(-rate("0.001 %") * base_of(row) // 1)))  # fmt: skip
        case _:
            check(tmp_path, {"min_rate": "33.3 %"}, lambda row: None,
                  lambda row: -int(-rate("33.3 %") * base_of(row) // 1))  # fmt: skip


@pytest.mark.claim("GrantSpec.round")
@pytest.mark.parametrize("unit", ["1 €", "0,05 €", "100 €"])
def test_grants_are_rounded_down_to_the_unit(tmp_path: Path, unit: str) -> None:
    whole = cents(unit.rstrip(" €").replace(",", "."))
    check(tmp_path, {"round": unit, "max_rate": "33.3 %", "min_rate": "7.7 %"},
          lambda row: int(rate("33.3 %") * base_of(row)),
          lambda row: -int(-rate("7.7 %") * base_of(row) // 1), whole)  # fmt: skip


@pytest.mark.claim("GrantSpec.formula", "FormulaSpec.flat", "FormulaSpec.per", "FormulaSpec.max",
                   "PerUnit.column", "PerUnit.amount", "PerUnit.up_to")  # fmt: skip
@pytest.mark.parametrize("ceiling", [None, "2 500 €"])
def test_a_flat_fee_adds_amounts_for_units(tmp_path: Path, ceiling: str | None) -> None:
    per = [{"column": "units", "amount": "333,33 €", "up_to": 5}, {"column": "heads", "amount": "0.01 €"}]
    formula = {"flat": "150.05 €", "per": per} | ({"max": ceiling} if ceiling else {})
    for seed in range(8):
        rows = draw_rows(random.Random(seed))
        for row in rows:
            del row["requested"]
        __, high = least_and_most(tmp_path, rows, [{"formula": formula}])
        for row in rows:
            fee = 15_005 + 33_333 * min(Fraction(row["units"]), 5) + int(row["heads"])
            fee = min(fee, Fraction(250_000)) if ceiling else fee
            assert high[row["dossier"]] == min(int(fee), base_of(row)), row


@pytest.mark.claim("GrantSpec.where", "Scenario.grants")
def test_the_first_entry_that_matches_decides(tmp_path: Path) -> None:
    for seed in range(6):
        rows = draw_rows(random.Random(seed))
        grants: list[dict[str, Any]] = [
            {"where": {"kind": "x"}, "max": "300 €"},
            {"where": {"units": {"above": 2}}, "max": "500.5 €"},
            {"where": {"kind": ["x", "y"], "units": "0"}, "max": "700 €"},
        ]
        if seed % 2:
            grants.append({"max": "200 €"})
        random.Random(seed).shuffle(grants)
        __, high = least_and_most(tmp_path, rows, grants)

        def fits(row: Row, where: Mapping[str, Any]) -> bool:
            units = where.get("units", row["units"])
            right = Fraction(row["units"]) > 2 if isinstance(units, dict) else units == row["units"]
            return right and row["kind"] in where.get("kind", "xy")

        for row in rows:
            top = next((entry["max"] for entry in grants if fits(row, entry.get("where", {}))), None)
            tops = [cents(row["requested"]), base_of(row), *([cents(top.rstrip(" €"))] if top else [])]
            assert high[row["dossier"]] == min(tops), (row, grants)


@pytest.mark.claim("GrantSpec.mode", "GrantSpec.levels", "GrantSpec.by")
@pytest.mark.parametrize("mode", ["all_or_nothing", "range", "levels", "common_rate"])
@pytest.mark.parametrize("goal", ["score", "granted"])
def test_each_mode_offers_its_own_amounts(tmp_path: Path, mode: str, goal: str) -> None:
    """A scarce programme, with rates, amounts that do not fit, and groups of which some are blank."""
    levels = ["20 %", "33.3 %", "600.01 €", "90 %"]
    n_differ = 0
    for seed in range(5):
        dice = random.Random(seed)
        rows = draw_rows(dice, 4)
        amount = dice.randrange(100_000, 700_000)
        keys: dict[str, Any] = {
            "range": {"min": "150 €", "round": "700 €"},
            "levels": {"levels": levels},
            "common_rate": {"levels": levels, "by": "kind"},
        }.get(mode, {})
        menu = {row["dossier"]: _menu(row, levels) for row in rows}
        offers: dict[str, list[int]] = {}
        for row in rows:
            top = min(cents(row["requested"]), base_of(row))
            offers[row["dossier"]] = {
                "all_or_nothing": [top],
                "range": list(range(70_000, top + 1, 70_000)),
            }.get(mode, sorted({level for level in menu[row["dossier"]] if 0 < level <= top}))

        def holds(award: Award, rows: list[Row] = rows, amount: int = amount, menu: Any = menu) -> bool:
            if sum(award.values()) > amount:
                return False
            groups = [[row["dossier"] for row in rows if row["kind"] == kind] for kind in "xy"]
            return mode != "common_rate" or all(
                any(all(menu[name][k] == award[name] for name in group if name in award) for k in range(4))
                for group in groups
            )

        worths: dict[str, Callable[[Award], Any]] = {
            "score": lambda award, rows=rows: sum(
                Fraction(r["score"]) for r in rows if r["dossier"] in award
            ),
            "granted": lambda award: sum(award.values()),
        }
        body = {
            "programme": {"id": "p", "amount": euros(amount)},
            "grants": [{"mode": mode, **keys}],
            "objective": [{"maximise": {goal: 1}}],
        }
        expected = choose_best(offers, holds, worths[goal])
        assert decide(tmp_path, rows, body) == expected, (rows, body)
        n_differ += expected != choose_best({n: some[-1:] for n, some in offers.items()}, holds, worths[goal])
    assert mode == "all_or_nothing" or n_differ > 2


def _menu(row: Row, levels: list[str]) -> list[int]:
    """The amount of each level: a rate of the base, or an amount."""
    return [int(rate(text) * base_of(row)) if "%" in text else cents(text.rstrip(" €")) for text in levels]
