"""The linear program: its value bounds the decision, its prices are slopes."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from support.tiny_scenario import HEAD, tiny, with_committed

from tnt_sim.engine.solve import solve

RULE = "rules: [{id: r, kind: limit, measure: granted, where: {department: 01}, max: 300 €}]\n"


def value(folder: Path, text: str, backend: str = "highs") -> Fraction:
    return Fraction(solve(tiny(folder, text), relax=True, backend=backend).document["objective"][0]["value"])


@pytest.mark.parametrize("backend", ["highs", "scipy", "pulp:HiGHS"])
def test_prices_are_slopes(tmp_path: Path, backend: str) -> None:
    """A price is what one more euro of the row brings, measured by moving the row."""
    result = solve(tiny(tmp_path, HEAD + RULE), relax=True, backend=backend)
    prices = {(p["kind"], p["id"]): Fraction(p["price"]) for p in result.document["prices"]}
    base = value(tmp_path, HEAD + RULE, backend)
    step = 10
    more = value(tmp_path, HEAD + RULE.replace("300 €", f"{300 + step} €"), backend)
    assert prices["rule", "r"] * step == pytest.approx(float(more - base), abs=1e-6)
    wider = HEAD.replace("{id: b, amount: 600 €}", f"{{id: b, amount: {600 + step} €}}")
    wider = wider.replace("1 500 €", f"{1500 + step} €")
    more = value(tmp_path, wider + RULE, backend)
    total = prices["envelope", "b"] + prices["envelope", "tout"]
    assert float(total) * step == pytest.approx(float(more - base), abs=1e-6)
    assert all(price >= 0 for price in prices.values())


def test_the_relaxed_value_bounds_the_decision(tmp_path: Path) -> None:
    document = solve(tiny(tmp_path), relax=True).document
    assert document["relaxed"]
    assert document["allocation_sha256"] is None
    assert document["publishable"] is False
    assert {price["per"] for price in document["prices"]} == {"€"}
    whole = Fraction(solve(tiny(tmp_path), cross_check="never").document["objective"][0]["value"])
    assert Fraction(document["objective"][0]["value"]) >= whole


def test_the_bound_of_the_relaxed_program_is_exact(tmp_path: Path) -> None:
    """Hand-computed: 900 € in a take dossiers 2 (9 for 500 €) and 4/6 of 1 (10 for 600 €); 600 € in b take dossier
    4 (7 for 400 €) and a quarter of 3 (8 for 800 €): 9 + 20/3 + 7 + 2."""
    goal = solve(tiny(tmp_path), relax=True).document["objective"][0]
    exact = 9 + Fraction(20, 3) + 7 + 2
    assert exact - Fraction(1, 10**9) <= Fraction(goal["bound"]) <= exact + Fraction(1, 10**6)
    assert Fraction(goal["gap"]) <= Fraction(1, 10**6)


def test_committed_money_counts_in_the_value(tmp_path: Path) -> None:
    result = solve(tiny(tmp_path, HEAD, with_committed("1", 600)), relax=True)
    assert Fraction(result.document["objective"][0]["value"]) >= 10
