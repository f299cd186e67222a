"""Amounts: formulas rounded once, levels without a unit, commitments above their limits, decided amounts."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.lanes import drawn
from support.tiny_scenario import HEAD, TABLE, funded, tiny, with_committed

from tnt_sim.engine.solve import solve
from tnt_sim.errors import ScenarioError
from tnt_sim.i18n.message import Lang
from tnt_sim.rules.offers.levels import find_ambiguous_levels
from tnt_sim.scenario.problem import compile_problem

NB, NNB = "\u00a0", "\u202f"
WIDE = HEAD.replace("1 500 €", "9 k€").replace("900 €", "4 k€").replace("600 €", "4 k€")


def answer(folder: Path, tail: str, table: str = TABLE) -> dict[str, int]:
    return funded(solve(tiny(folder, WIDE + tail, table), cross_check="never"))


def refusal(folder: Path, tail: str, table: str = TABLE) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        compile_problem(tiny(folder, WIDE + tail, table))
    assert all(defect.line(Lang.EN) for defect in caught.value.defects)
    return [defect.line(Lang.FR) for defect in caught.value.defects]


def warnings(folder: Path, tail: str, table: str = TABLE) -> list[str]:
    problem = compile_problem(tiny(folder, WIDE + tail, table))
    assert all(defect.line(Lang.EN) for defect in problem.warnings)
    guard = "public-aid-100"  # its excess over commitments: tests/rules/offers/test_total_aid.py
    return [defect.line(Lang.FR) for defect in problem.warnings if guard not in defect.line(Lang.FR)]


# a formula is summed exactly and rounded down once


def with_columns(names: str, cells: list[str]) -> str:
    head, *rows = TABLE.strip().split("\n")
    return "\n".join([f"{head},{names}", *(f"{r},{c}" for r, c in zip(rows, cells, strict=True))]) + "\n"


def test_parts_of_a_formula_are_rounded_down_once(tmp_path: Path) -> None:
    """1.50 × 0.01 € + 1.50 × 0.01 € is 3 cents, and not twice 1 cent."""
    table = with_columns("a,b", ["1.5,1.5", "1.5,0.4", "0.9,0", "-0.5,2.6"])
    tail = (
        "grants: [{formula: {flat: 1 €, per: [{column: a, amount: 0.01 €}, {column: b, amount: 0.01 €}]}}]\n"
    )
    # 1: 3.0; 2: 1.9; 3: 0.9; 4: 2.1 cents
    assert answer(tmp_path, tail, table) == {"1": 103, "2": 101, "3": 100, "4": 102}
    rounded = tail.replace("}]}}]", "}]}, round: 1 €}]")
    assert answer(tmp_path, rounded, table) == {"1": 100, "2": 100, "3": 100, "4": 100}
    # a column of money counts euros, `up_to` bounds its own part, `max` the whole
    tail = (
        "grants: [{formula: {per: [{column: cost, amount: 0.333 k€, up_to: 2}, {column: a, amount: 1 €}]}}]\n"
    )
    assert answer(tmp_path, tail, table) == {"1": 600_00, "2": 500_00, "3": 666_90, "4": 400_00}
    capped = tail.replace("amount: 1 €}]", "amount: 1 €}], max: 333.33 €")
    assert set(answer(tmp_path, capped, table).values()) == {333_33}


@drawn(30)
@given(st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)), min_size=4, max_size=4))
def test_a_formula_equals_fractions(
    tmp_path_factory: pytest.TempPathFactory, cells: list[tuple[int, int]]
) -> None:
    """In millionths of a unit at 0.07 € and 1.01 €: ⌊7·a/10⁶ + 101·b/10⁶⌋ cents."""
    text = [f"{a // 10**6}.{a % 10**6:06},{b // 10**6}.{b % 10**6:06}" for a, b in cells]
    tail = "grants: [{formula: {per: [{column: a, amount: 0.07 €}, {column: b, amount: 1.01 €}]}}]\n"
    folder = tmp_path_factory.mktemp("formula")
    most = compile_problem(tiny(folder, WIDE + tail, with_columns("a,b", text))).offers.most_cents
    assert most.tolist() == [int(Fraction(7 * a + 101 * b, 10**6)) for a, b in cells]


# levels without a unit

UNCLEAR = {
    "[0.5, 1]": (
        "levels-unclear tiny.yaml:11:34 — « 0.5 » ; « 1 » : sans unité, c'est un taux ou un montant en euros. "
        "Écrivez 50 % ; 100 % ou 0.50 € ; 1 €."
    ),
    "[20, 25, 30]": (
        "levels-unclear tiny.yaml:11:34 — « 20 » ; « 25 » ; « 30 » : sans unité, c'est un taux ou un montant en "
        "euros. Écrivez 20 % ; 25 % ; 30 % ou 20 € ; 25 € ; 30 €."
    ),
    "[20 %, 25]": (
        "levels-unclear tiny.yaml:11:40 — « 25 » : sans unité, c'est un taux ou un montant en euros. "
        "Écrivez 25 % ou 25 €."
    ),
    "[0.125]": (
        "levels-unclear tiny.yaml:11:34 — « 0.125 » : sans unité, c'est un taux ou un montant en euros. "
        "Écrivez 12.5 %."
    ),
    "[500, 0.5]": (
        "levels-unclear tiny.yaml:11:39 — « 0.5 » : sans unité, c'est un taux ou un montant en euros. "
        "Écrivez 50 % ou 0.50 €."
    ),
    "[0 %, 20 %]": (
        "level tiny.yaml:11:34 — « 0 % » n'accorde rien. Retirez ce niveau : un dossier qui n'est pas retenu "
        "reçoit déjà 0 €."
    ),
    "[-5 €, 20 %]": (
        "level tiny.yaml:11:34 — « -5 € » n'accorde rien. Retirez ce niveau : un dossier qui n'est pas retenu "
        "reçoit déjà 0 €."
    ),
}


@pytest.mark.parametrize("levels", UNCLEAR)
def test_levels_without_a_unit(levels: str, tmp_path: Path) -> None:
    assert refusal(tmp_path, f"grants: [{{mode: levels, levels: {levels}}}]\n") == [UNCLEAR[levels]]


def test_levels_that_are_clear(tmp_path: Path) -> None:
    """Bare numbers of which one passes 100 are euros; any unit is clear."""
    tail = "grants: [{mode: levels, levels: [50, 400]}]\nobjective: [{maximise: {granted: 1}}]\n"
    head = WIDE.replace("objective: [{maximise: {score: 1}}]\n", "")
    result = solve(tiny(tmp_path, head + tail), cross_check="never")
    assert set(funded(result).values()) == {400_00}
    assert find_ambiguous_levels(["0.5 €", "50 %", "1 k€", "20000"]) == []
    assert find_ambiguous_levels(["101", "99.99"]) == []
    assert find_ambiguous_levels(["100", "99"]) == ["100", "99"]


# commitments above their limits: kept, and told once for each kind


def test_commitments_above_every_limit_are_told(tmp_path: Path) -> None:
    """1 is committed for 1 200 €: asked 600, base 1 000, half of it 500, at most 450, formula 100."""
    tail = "grants: [{max_rate: 50 %, max: 450 €}]\n"
    table = with_committed("1", 1200)
    above = "committed-above table.csv:2 [1] — 1 engagement, qui reste acquis, dépasse"
    expected = [
        f"{above} le montant demandé, de : 1 (600{NB}€).",
        f"{above} l'assiette, de : 1 (200{NB}€).",
        f"{above} `max_rate` de l'assiette, de : 1 (700{NB}€).",
        f"{above} `max` du barème, de : 1 (750{NB}€).",
    ]
    assert warnings(tmp_path, tail, table) == expected
    assert answer(tmp_path, tail, table)["1"] == 1200_00
    assert warnings(tmp_path, tail, with_committed("1", 450)) == []
    formula = "grants: [{formula: {flat: 100 €}}]\n"
    assert warnings(tmp_path, formula, with_committed("1", 450)) == [
        f"{above} le montant de la formule, de : 1 (350{NB}€)."
    ]
    # a formula that cannot be computed for a committed dossier says nothing of it
    gap = with_columns("a,committed", [",450", "1,", "1,", "1,"])
    assert warnings(tmp_path, "grants: [{formula: {per: [{column: a, amount: 1 €}]}}]\n", gap) == []


def test_twenty_commitments_by_name_and_then_the_count(tmp_path: Path) -> None:
    rows = [f"{k},a,01,x,1,1000,100,1,{100 + k}" for k in range(1, 24)]
    table = "\n".join([TABLE.split("\n")[0] + ",committed", *rows]) + "\n"
    (told,) = warnings(tmp_path, "", table)
    assert told.startswith(
        "committed-above table.csv:2 [1], table.csv:3 [2], table.csv:4 [3], table.csv:5 [4], table.csv:6 [5], "
        f"… (+15) — 23 engagements, qui restent acquis, dépassent le montant demandé, de : 1 (1{NB}€), 2 (2{NB}€),"
    )
    assert told.endswith(f"20 (20{NB}€), … (+3).")


def test_ineligible_commitments_are_named(tmp_path: Path) -> None:
    tail = "eligibility: [{id: grand, require: {population: {min: 300}}}]\n"
    assert warnings(tmp_path, tail, with_committed("1", 450)) == [
        "committed-ineligible table.csv:2 [1] — 1 dossier engagé ne remplit pas les conditions "
        "d'éligibilité ; il reste financé : 1."
    ]


# decided amounts

TWO = "rules:\n  - {id: a, kind: decide, %s}\n  - {id: b, kind: decide, %s}\n"


def test_two_decisions_that_contradict_each_other(tmp_path: Path) -> None:
    amounts = TWO % ("amounts: {1: 50 €, 2: 60 €}", "amounts: {1: 70 €, 2: 60 €}")
    assert refusal(tmp_path, amounts) == [
        f"decide-amounts tiny.yaml:12:40, tiny.yaml:13:40 — deux décisions donnent au dossier « 1 » deux "
        f"montants : "
        f"50{NB}€ et 70{NB}€. Gardez un seul des deux montants."
    ]
    both = TWO % ("fund: [2, 1]", "refuse: [1]")
    assert refusal(tmp_path, both) == [
        "decide-twice tiny.yaml:12:37, tiny.yaml:13:36 — le dossier « 1 » est à la fois retenu et refusé par "
        "décision. Gardez une seule des deux décisions."
    ]
    one = "rules: [{id: a, kind: decide, fund: [1], refuse: [1]}]\n"
    assert refusal(tmp_path, one)[0].startswith("decide-twice tiny.yaml:11:38, tiny.yaml:11:51 — ")


def test_equal_decisions_and_decisions_that_are_off(tmp_path: Path) -> None:
    exact = "grants: [{mode: range, min: 1 €}]\n"
    same = exact + TWO % ("fund: [1], amounts: {1: 50 €}", "fund: [1], amounts: {1: 50.00 €}")
    assert answer(tmp_path, same)["1"] == 50_00
    off = exact + TWO % ("fund: [1], amounts: {1: 50 €}", "off: true, refuse: [1], amounts: {1: 70 €}")
    assert answer(tmp_path, off)["1"] == 50_00


def test_an_amount_decided_on_a_commitment_changes_nothing(tmp_path: Path) -> None:
    rule = "rules: [{id: a, kind: decide, amounts: {1: 50 €}}]\n"
    assert warnings(tmp_path, rule, with_committed("1", 450)) == [
        f"decide-committed tiny.yaml:11:44 — le dossier « 1 » est engagé pour 450{NB}€ : le montant décidé, "
        f"50{NB}€, "
        "n'y change rien. Corrigez la colonne `committed`."
    ]
    assert warnings(tmp_path, rule, with_committed("1", 50)) == []
