"""Lists of other programs: read by dossier, checked in integers, never called best without a proof."""

from __future__ import annotations

import itertools
import random
from fractions import Fraction
from pathlib import Path

import numpy as np
import polars as pl
import pulp
import pytest
from support.lanes import seeds
from support.tiny_scenario import HEAD, TABLE, tiny, with_committed

import tnt_sim as tnt
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.verify.allocation_reading import Allocation, list_broken_rules, read_allocation

RULES = """rules:
  - {id: plafond, kind: limit, measure: granted, by: department, max: 1000 €}
  - {id: au-plus, kind: limit, measure: dossiers, max: 2}
"""


@pytest.fixture
def scenario(tmp_path: Path) -> tnt.Scenario:
    return tnt.Scenario.from_data(tiny(tmp_path, HEAD + RULES))


def read_ids(scenario: tnt.Scenario) -> list[str]:
    ids: list[str] = compile_problem(scenario).case.table["dossier"].to_list()
    return ids


def test_the_same_list_in_every_form(scenario: tnt.Scenario) -> None:
    pandas = pytest.importorskip("pandas")
    euros = {"2": 500, "4": Fraction(400)}
    table = pl.DataFrame({"dossier": ["2", "4"], "granted_cents": [50_000, 40_000]})
    forms: list[tuple[object, str]] = [
        (euros, "euros"), ({"2": 50_000, "4": 40_000.00001}, "cents"), ({"2": True, "4": 0.99999}, "funded"),
        (table, "euros"), (table.to_pandas(), "euros"), (pandas.Series(euros), "euros"),
        (pl.DataFrame({"dossier": ["2", "4", "1"], "funded": [True, True, False]}), "euros"),
        (pl.DataFrame({"dossier": ["2", "4"], "granted": [500.0, 400.0]}), "euros"),
    ]  # fmt: skip
    found = [scenario.check(values, unit=unit) for values, unit in forms]
    assert {one.document["allocation_sha256"] for one in found} == {found[0].document["allocation_sha256"]}
    assert (found[0].status, found[0].proof) == ("feasible", "FEASIBLE_GAP")
    assert found[0].document["granted_cents"] == 90_000
    assert found[0].document["publishable"] is False


@pytest.mark.parametrize("seed", seeds(range(20), 5))
def test_it_holds_exactly_when_the_verification_finds_nothing(tmp_path: Path, seed: int) -> None:
    """Every list of four dossiers: a result if no rule is broken, else each broken rule by name."""
    scenario = tnt.Scenario.from_data(tiny(tmp_path, HEAD + RULES))
    problem, ids = compile_problem(scenario), read_ids(scenario)
    full = problem.offers.most_cents
    draw = random.Random(seed)
    for chosen in draw.sample(list(itertools.product((False, True), repeat=4)), 6):
        funded = np.array(chosen)
        allocation = Allocation(funded, np.where(funded, full, 0))
        broken = list_broken_rules(problem, allocation, read_allocation(problem, allocation))
        values = dict(zip(ids, chosen, strict=True))
        if broken:
            with pytest.raises(tnt.VerificationError) as caught:
                scenario.check(values, unit="funded")
            assert [one.code for one in caught.value.defects] == [one.code for one in broken]
        else:
            assert scenario.check(values, unit="funded").document["n_funded"] == sum(chosen)


def test_broken_rules_say_by_how_much(scenario: tnt.Scenario) -> None:
    with pytest.raises(tnt.VerificationError) as caught:
        scenario.check({"1": 600, "2": 500, "3": 800})
    lines = {defect.code: defect.line(tnt.Lang("en")) for defect in caught.value.defects}
    assert "exceeded by €400" in lines["envelope:tout"]
    assert "Distance: 400." in lines["rule:plafond"]  # 1,400 in department 01, for at most 1,000
    assert "Distance: 1." in lines["rule:au-plus"]


def test_every_wrong_value_is_named_at_once(scenario: tnt.Scenario) -> None:
    with pytest.raises(tnt.DataError) as caught:
        scenario.check({"9": 1, "1": 600.005, "2": "beaucoup", "3": float("nan"), "4": float("inf")})
    assert [defect.code for defect in caught.value.defects] == [
        "unknown-dossier",
        "value",
        "value",
        "value",
        "value",
    ]
    with pytest.raises(tnt.DataError, match=r"0 nor 1|ni 0 ni 1"):
        scenario.check({"1": 0.5}, unit="funded")
    for wrong in ([1, 2], 7, "1"):
        with pytest.raises(tnt.UsageError):
            scenario.check(wrong)
    with pytest.raises(tnt.UsageError, match="francs"):
        scenario.check({"1": 1}, unit="francs")
    with pytest.raises(tnt.DataError, match="granted_cents"):
        scenario.check(pl.DataFrame({"numero": ["1"]}))


def test_an_amount_that_the_grant_rules_refuse_is_named(scenario: tnt.Scenario) -> None:
    with pytest.raises(tnt.VerificationError) as caught:
        scenario.check({"2": 499})
    assert [defect.code for defect in caught.value.defects] == ["grant:amount"]


def test_one_of_several_amounts_is_asked_for(tmp_path: Path) -> None:
    ranged = "grants:\n  - {mode: range, min: 100 €}\n"
    scenario = tnt.Scenario.from_data(tiny(tmp_path, HEAD + ranged))
    with pytest.raises(tnt.DataError, match=r"several amounts|plusieurs montants"):
        scenario.check({"2": 1}, unit="funded")
    assert scenario.check({"2": 123.45}).document["granted_cents"] == 12_345


def test_a_list_cannot_drop_a_commitment(tmp_path: Path) -> None:
    scenario = tnt.Scenario.from_data(tiny(tmp_path, HEAD, with_committed("1", 600)))
    assert scenario.check({}).document["granted_cents"] == 60_000
    with pytest.raises(tnt.VerificationError) as caught:
        scenario.check({"1": 0})
    assert "committed" in {defect.code for defect in caught.value.defects}


def test_a_solved_problem_comes_back_as_the_decision(scenario: tnt.Scenario) -> None:
    problem = scenario.model().to_pulp()
    problem.solve(pulp.HiGHS(msg=False))
    found = scenario.check(problem, prove=True)
    assert found.proof == "PROVED"
    assert found.document["objective"] == scenario.solve().document["objective"]


def test_a_relaxed_problem_is_no_list(scenario: tnt.Scenario) -> None:
    problem = scenario.model().to_pulp(relax=True)
    with pytest.raises(tnt.DataError, match="fund_"):
        scenario.check(problem)
    problem.solve(pulp.HiGHS(msg=False))
    with pytest.raises(tnt.DataError, match="fund_"):
        scenario.check(problem)


def test_a_proof_is_that_of_the_values(tmp_path: Path) -> None:
    """Two lists of equal value: each is proved optimal, and only that of the tie-break is canonical."""
    head = HEAD.replace("maximise: {score: 1}", "maximise: {dossiers: 1}").replace("1 500 €", "1 000 €")
    head = head.replace("amount: 900 €", "amount: 600 €").replace(
        "amount: 600 €}\n    - {id: b", "amount: 600 €}\n    - {id: b"
    )
    head = head.replace("{id: b, amount: 600 €}", "{id: b, amount: 400 €}")
    scenario = tnt.Scenario.from_data(tiny(tmp_path, head, TABLE))
    best = scenario.solve()
    values = [{"1": 600, "4": 400}, {"2": 500, "4": 400}]
    found = [scenario.check(one, prove=True) for one in values]
    assert [(one.status, one.proof) for one in found] == [("optimal", "PROVED")] * 2
    same = [one.document["allocation_sha256"] == best.document["allocation_sha256"] for one in found]
    assert sorted(same) == [False, True]
    assert [one.document["canonical"] for one in found] == same
    for number, one in enumerate(found):
        run = tnt.open_run(one.save(tmp_path / str(number)))
        assert run.proof == "PROVED"


def test_a_worse_list_gets_the_proved_bound(scenario: tnt.Scenario, tmp_path: Path) -> None:
    best = scenario.solve().document["objective"][0]["value"]
    found = scenario.check({"4": 400}, prove=True)
    goal = found.document["objective"][0]
    assert (found.status, goal["value"], goal["bound"]) == ("feasible", "7", best)
    assert Fraction(goal["gap"]) == Fraction(best) - 7
    run = tnt.open_run(found.save(tmp_path / "runs"))
    assert run.proof == "FEASIBLE_GAP"
    with pytest.raises(tnt.TntError):
        run.export.order_annex(tmp_path / "annexe.csv")


def test_a_list_without_proof_is_kept_as_it_is(scenario: tnt.Scenario, tmp_path: Path) -> None:
    run = tnt.open_run(scenario.check({"2": 500, "4": 400}).save(tmp_path / "runs"))
    assert run.status == "feasible"
    assert any("outside-list" in line for line in run.document["warnings"])
