"""`linear`: a weighted sum over named dossiers, against counting every list in fractions."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest
from support.lanes import seeds
from support.tiny_scenario import HEAD, tiny, with_committed

import tnt_sim as tnt
from tnt_sim.engine.solve import solve
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.text.vocabulary import build_labels

EUROS = {"1": 600, "2": 500, "3": 800, "4": 400}
SCORES = {"1": 10, "2": 9, "3": 8, "4": 7}
HOMES = {"1": "a", "2": "a", "3": "b", "4": "b"}
AMOUNTS = {"a": 900, "b": 900}
FUNDED = pl.col("funded")
WIDE = HEAD.replace("1 500 €", "1 800 €").replace("{id: b, amount: 600 €}", "{id: b, amount: 900 €}")


def count_best(
    granted: dict[str, Fraction], funded: dict[str, Fraction], low: Fraction, high: Fraction
) -> int | None:
    """The best score of all lists that the envelopes and the sum allow; None if there is none."""
    best = None
    for size in range(5):
        for chosen in itertools.combinations(EUROS, size):
            spent = {home: sum(EUROS[one] for one in chosen if HOMES[one] == home) for home in AMOUNTS}
            parts = (
                granted.get(one, Fraction(0)) * EUROS[one] + funded.get(one, Fraction(0)) for one in chosen
            )
            total = sum(parts, Fraction(0))
            if all(spent[home] <= AMOUNTS[home] for home in AMOUNTS) and low <= total <= high:
                score = sum(SCORES[one] for one in chosen)
                best = score if best is None else max(best, score)
    return best


@pytest.mark.parametrize("seed", seeds(range(60), 15))
def test_every_drawn_sum_is_that_of_the_enumeration(seed: int, tmp_path: Path) -> None:
    draw = random.Random(seed)
    granted = {one: Fraction(draw.randint(-20, 30), 8) for one in EUROS if draw.random() < 0.7}
    funded = {one: Fraction(draw.randint(-900, 900)) for one in EUROS if draw.random() < 0.4}
    granted = {one: value for one, value in granted.items() if value} or {"1": Fraction(1)}
    low, high = sorted((Fraction(draw.randint(-900, 1200)), Fraction(draw.randint(-300, 2000))))
    scenario = tnt.Scenario.from_data(tiny(tmp_path, WIDE))
    changed = scenario.add("somme", granted=granted, funded=funded, min=f"{low} €", max=f"{high} €")
    found = changed.solve()
    best = count_best(granted, funded, low, high)
    if best is None:
        assert (found.status, found.proof) == ("infeasible", "PROVED")
        return
    assert (found.document["objective"][0]["value"], found.proof) == (str(best), "PROVED")
    entry = next(rule for rule in found.document["rules"] if rule["id"] == "somme")
    assert entry["holds"]


def test_a_run_with_it_is_verified_from_its_folder(tmp_path: Path) -> None:
    scenario = tnt.Scenario.from_data(tiny(tmp_path, WIDE)).add(
        "ensemble", granted={"1": 1, "3": "0.5"}, funded={"2": -100}, max="900 €", title="Deux dossiers"
    )
    found = scenario.solve()
    assert found.document["proof_rows"]["unread"] == 0, "the second reading covers its rows"
    run = tnt.open_run(found.save(tmp_path / "runs"))
    assert (run.proof, run.status) == ("PROVED", "optimal")
    assert scenario.sha256 != tnt.Scenario.from_data(tiny(tmp_path, WIDE)).sha256


def test_a_list_that_breaks_it_is_named_with_its_distance(tmp_path: Path) -> None:
    scenario = tnt.Scenario.from_data(tiny(tmp_path, WIDE)).add(
        "duo", granted={"1": 1, "4": 2}, max="1 000 €"
    )
    with pytest.raises(tnt.VerificationError) as caught:
        scenario.check({"1": 600, "4": 400})
    assert [defect.code for defect in caught.value.defects] == ["rule:duo"]
    shown = caught.value.defects[0].line(tnt.Lang("en"))
    assert 'the rule "duo" is broken: 1400 instead of at most 1000.' in shown
    assert "Distance: 400." in shown
    assert scenario.check({"1": 600}).status == "feasible"


def test_it_is_a_row_of_the_model(tmp_path: Path) -> None:
    model = (
        tnt.Scenario.from_data(tiny(tmp_path, WIDE))
        .add("duo", granted={"1": 1, "4": 2}, max="1 000 €")
        .model()
    )
    row = model.rows.filter(model.rows["id"] == "duo").to_dicts()
    assert [(one["name"], one["sense"], one["rhs"], one["measure"]) for one in row] == [
        ("rule_duo_max", "<=", 1000.0, "€")
    ]
    coefficients = model.named.matrix.toarray()[model.rows["name"].to_list().index("rule_duo_max")]
    by_name = dict(zip(model.columns["name"].to_list(), coefficients.tolist(), strict=True))
    assert (by_name["fund_1"], by_name["fund_4"], by_name["fund_2"]) == (600, 800, 0)


def test_what_leaves_and_enters_without_the_rule_is_explained(tmp_path: Path) -> None:
    """Lifted in place, the rule is read as lifted: the answer without it breaks nothing."""
    free = tnt.Scenario.from_data(tiny(tmp_path, WIDE))
    found = free.add("duo", granted={"1": 1, "3": 1}, max="1 000 €").solve()
    effect = next(one for one in found.explain(everyone=True).document["rules"] if one["id"] == "duo")
    before, after = (set(one.table().filter(FUNDED)["dossier"].to_list()) for one in (found, free.solve()))
    assert before != after
    assert (set(effect["enters"]), set(effect["leaves"])) == (after - before, before - after)


def test_amounts_are_shown_as_amounts(tmp_path: Path) -> None:
    scenario = tnt.Scenario.from_data(tiny(tmp_path, WIDE)).add("duo", granted={"1": 1, "4": 2}, max="2 k€")
    found = scenario.add("compte", funded={"1": 1, "4": 2}, max="2").solve()
    assert build_labels(found, Lang.EN).rule_units == {"duo": "money", "compte": "number"}


def test_commitments_and_other_dossiers_count_as_they_are(tmp_path: Path) -> None:
    rule = "rules: [{id: r, kind: linear, granted: {1: 1, 2: 1}, max: 700 €}]\n"
    table = with_committed("1", 600)
    found = solve(tiny(tmp_path, HEAD + rule, table))
    entry = next(one for one in found.document["rules"] if one["id"] == "r")
    assert entry["value"] == "600"


def test_a_penalty_and_a_report(tmp_path: Path) -> None:
    priced = "rules: [{id: r, kind: linear, funded: {1: 1, 2: 1, 4: 1}, max: 1, penalty: {cost: 100}}]\n"
    found = solve(tiny(tmp_path, WIDE + priced))
    assert found.document["n_funded"] == 2  # one of 1, 2 and 4, and 3
    shown = "rules: [{id: r, kind: linear, funded: {1: 2, 2: 3}, report: true}]\n"
    entry = next(one for one in solve(tiny(tmp_path, WIDE + shown)).document["rules"] if one["id"] == "r")
    assert entry["mode"] == "report"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("granted: {9: 1}, max: 10 €", "unknown-dossier"),
        ("funded: {1: 1}", "no-bound"),
        ("funded: {1: 1}, min: 2, max: 1", "bounds-crossed"),
        ("granted: {1: beaucoup}, max: 10 €", "number"),
        ("granted: {1: 1}, max: 10 pommes", "bound"),
        ("granted: {1: 99999999999999999999999}, funded: {2: 0.0000001}, max: 10 €", "too-large"),
    ],
)
def test_every_wrong_key_is_named(written: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(tnt.ScenarioError) as caught:
        solve(tiny(tmp_path, HEAD + f"rules: [{{id: r, kind: linear, {written}}}]\n"))
    assert [defect.code for defect in caught.value.defects] == [code]


def test_a_conflict_says_by_how_much_its_bound_moves(tmp_path: Path) -> None:
    scenario = tnt.Scenario.from_data(tiny(tmp_path, WIDE))
    both = scenario.add("deux", funded={"1": 1, "3": 1}, min="2")
    found = tnt.conflict(both.add("duo", granted={"1": 1, "3": 1}, max="1 k€")).document
    assert [repair["set"] for repair in found["repairs"]] == [["rules.deux.min=1"], ["rules.duo.max=1400 €"]]


def test_constraints_are_added_one_after_the_other(tmp_path: Path) -> None:
    """A second one keeps the first, and changes made between them."""
    scenario = tnt.Scenario.from_data(tiny(tmp_path, WIDE)).add("duo", funded={"1": 1, "3": 1}, max="1")
    changed = scenario.with_({"rules.duo.max": "2"}).add("trio", funded={"1": 1, "2": 1, "4": 1}, max="1")
    again = changed.add("seul", funded={"4": 1}, max="0")
    assert [(rule.id, rule.model_dump()["max"]) for rule in again.spec.rules] == [
        ("duo", "2"), ("trio", "1"), ("seul", "0"),
    ]  # fmt: skip
    assert again.solve().document["objective"][0]["value"] == "18"


def test_a_name_is_taken_once_and_a_coefficient_is_exact(tmp_path: Path) -> None:
    scenario = tnt.Scenario.from_data(tiny(tmp_path, HEAD)).add("duo", funded={"1": 1}, max="1")
    with pytest.raises(tnt.UsageError, match="duo"):
        scenario.add("duo", funded={"2": 1}, max="1")
    for wrong in ("un", float("nan"), None, object()):
        with pytest.raises(tnt.UsageError):
            scenario.add("autre", funded={"2": wrong}, max="1")
    assert scenario.spec.rules[-1].model_dump(mode="json")["funded"] == {"1": "1"}
