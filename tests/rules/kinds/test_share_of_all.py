"""`share` with `of: all`: each group's part of the whole; and a share of itself, which is refused."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_page import parse_fragment
from support import draws
from support.rule_worlds import Award, World, answer, best, dossiers, quick, rows_agree, score

from tnt_sim.certify.claim_systems import build_claims
from tnt_sim.certify.rule_rows import compare_readings
from tnt_sim.engine.solve import solve
from tnt_sim.errors import ScenarioError
from tnt_sim.i18n.message import Lang
from tnt_sim.rules.kinds.registry import format_rule_formula
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem

HEAD = """schema_version: 1
id: petit
programme: {id: tnt, amount: 1 000 €}
dossiers: [{file: table.csv}]
objective: [{maximise: {score: 1}}]
"""
TABLE = """dossier,requested,score,zone,kind
1,100,9,N,a
2,100,8,N,b
3,100,7,N,a
4,100,1,S,a
5,100,1,,a
"""


def problem(folder: Path, rules: str, table: str = TABLE) -> Any:
    (folder / "table.csv").write_text(table, encoding="utf-8")
    (folder / "petit.yaml").write_text(HEAD + f"rules: [{rules}]\n", encoding="utf-8")
    return load_scenario(folder / "petit.yaml")


def lines(folder: Path, rules: str) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        compile_problem(problem(folder, rules))
    assert all(defect.line(Lang.EN) for defect in caught.value.defects)
    return [defect.line(Lang.FR) for defect in caught.value.defects]


WRONG = (
    "share-of-itself petit.yaml:6:9 — cette part a le même numérateur et le même dénominateur : elle vaut "
)
BY = (
    "toujours 100 %. Pour la part de chaque groupe dans l'ensemble, écrivez `of: all` ; pour une part dans chaque "
    "groupe, dites quels dossiers comptent au numérateur (`where`)."
)
OTHER = "ou donnez une autre mesure à `of_measure`."
ALONE = f"toujours 100 %. Dites quels dossiers comptent au numérateur (`where`), {OTHER}"
OF_ITSELF = {
    "measure: dossiers, by: zone, max: 60 %": BY,
    "measure: granted, of_measure: granted, by: zone, min: 10 %, report: true": BY,
    "measure: granted, max: 60 %, penalty: {cost: 1}": ALONE,
    "measure: granted, of: {kind: a}, where: {kind: a}, min: 20 %": ALONE,
    "measure: granted, of: {kind: a}, min: 20 %": ALONE,
    "measure: granted, of: all, min: 20 %": ALONE,
}


@pytest.mark.parametrize("rule", OF_ITSELF)
def test_a_share_of_itself_is_refused(rule: str, tmp_path: Path) -> None:
    assert lines(tmp_path, f"{{id: r, kind: share, {rule}}}") == [WRONG + OF_ITSELF[rule]]


def test_no_zone_above_its_part_of_all(tmp_path: Path) -> None:
    """Three of five are 60 %; 5 lies in no zone and counts in the whole only."""
    rule = "{id: r, kind: share, measure: dossiers, by: zone, of: all, max: %s %%}"
    result = solve(problem(tmp_path, rule % 60), cross_check="never")
    assert (result.document["n_funded"], result.document["status"]) == (5, "optimal")
    found = [
        (one["group"], one["num"], one["den"], one["value"]) for one in result.document["rules"][0]["groups"]
    ]
    assert found == [("N", 3, 5, "0.6"), ("S", 1, 5, "0.2")]
    result = solve(problem(tmp_path, rule % 50), cross_check="never")
    funded = result.dossiers.filter(result.dossiers["funded"])["dossier"].to_list()
    assert funded == ["1", "2", "4", "5"]  # two of four


def test_groups_that_cannot_share_the_whole(tmp_path: Path) -> None:
    rule = "{id: r, kind: share, measure: granted, by: kind, of: all, %s}"
    assert lines(tmp_path, rule % "max: 40 %") == [
        "shares-whole petit.yaml:6:72 — avec 2 groupes, cette borne fait 80\u202f% de l'ensemble, moins que les "
        "100 % à répartir. Corrigez `max`."
    ]
    assert lines(tmp_path, rule % "min: 60 %") == [
        "shares-whole petit.yaml:6:72 — avec 2 groupes, cette borne fait 120\u202f% de l'ensemble, plus que les "
        "100 % à répartir. Corrigez `min`."
    ]
    # 5 is in no zone: both zones may stay below 40 %
    compile_problem(problem(tmp_path, "{id: r, kind: share, measure: granted, by: zone, of: all, max: 40 %}"))


def test_formula_and_second_reading(tmp_path: Path) -> None:
    rule = "{id: r, kind: share, measure: dossiers, by: zone, of: all, max: 60 %}"
    (spec,) = parse_fragment(f"rules: [{rule}]").rules
    assert format_rule_formula(spec) == "∀ d : Σ{zone = d} x_i ≤ 60 % · Σ x_i"
    compiled = compile_problem(problem(tmp_path, rule))
    found = compare_readings(compiled, build_claims(compiled))
    assert (found.narrow, found.n_unread) == ((), 0)


@st.composite
def shared(draw: st.DrawFn) -> World:
    rows = draw(dossiers(6, zone=st.sampled_from(["N", "S", "O", ""]), kind=st.sampled_from(["a", "b"])))
    measure = draw(st.sampled_from(["dossiers", "granted"]))
    rule: dict[str, Any] = {"id": "r", "kind": "share", "measure": measure, "by": "zone", "of": "all"}
    if draw(st.booleans()):
        rule["where"] = {"kind": "a"}
    side = draw(st.sampled_from(["min", "max"]))
    rule[side] = draw(st.sampled_from(draws.SHARES))
    if draw(st.integers(0, 3)) == 0:
        rule["penalty"] = {"cost": draw(st.sampled_from(["0", "0.25", "2"]))}
    total = sum(d["amounts"][-1] for d in rows)
    return {"dossiers": rows, "amount": total * draw(st.integers(20, 110)) // 100, "rules": [rule]}


def distance(world: World, award: Award) -> Fraction:
    """What all zones together lack or have too much, in euros or dossiers."""
    (rule,) = world["rules"]
    value = {
        d["id"]: 1 if rule["measure"] == "dossiers" else Fraction(award.get(d["id"], 0), 100)
        for d in world["dossiers"]
    }
    whole = sum((Fraction(value[name]) for name in award), Fraction(0))
    broken = Fraction(0)
    for zone in {d["zone"] for d in world["dossiers"] if d["zone"] and (d["eligible"] or "committed" in d)}:
        part = sum(
            (
                Fraction(value[d["id"]])
                for d in world["dossiers"]
                if d["id"] in award and d["zone"] == zone and ("where" not in rule or d["kind"] == "a")
            ),
            Fraction(0),
        )
        for side in ("min", "max"):
            if side in rule:
                bound = Fraction(rule[side].split()[0]) / 100 * whole
                broken += max(Fraction(0), bound - part if side == "min" else part - bound)
    return broken


@quick
@given(shared())
def test_share_of_all_equals_enumeration(world: World) -> None:
    found = answer(world, ["zone", "kind"], rules=world["rules"])
    penalty = world["rules"][0].get("penalty")
    cost = Fraction(penalty["cost"]) if penalty else Fraction(0)
    expected = best(
        world,
        lambda a: penalty is not None or distance(world, a) == 0,
        lambda a: (score(world, a) - cost * distance(world, a),),
    )
    if isinstance(found, set):  # refused before solving: nothing at all can be funded then
        assert found <= {"committed-exceeds", "share-reach", "shares-whole"}
        assert not expected or ("shares-whole" in found and expected == {})
        return
    assert found == expected


@quick
@given(shared())
def test_rows_agree_with_reading(world: World) -> None:
    world["rules"][0].pop("penalty", None)
    rows_agree(world, ["zone", "kind"], rules=world["rules"])


def test_a_refusal_leaves_its_group_in_the_rule(tmp_path: Path) -> None:
    """Groups are the values among eligible applications, as in `limit` and `equity`."""
    share = "{id: r, kind: share, measure: granted, by: zone, of: all, min: 20 %, report: true}"
    result = solve(problem(tmp_path, f"{share}, {{id: d, kind: decide, refuse: [4]}}"))
    (rule,) = [rule for rule in result.document["rules"] if rule["id"] == "r"]
    assert [(group["group"], group["num"]) for group in rule["groups"]] == [("N", 300_00), ("S", 0)]
    assert not rule["holds"]


def test_a_group_that_is_refused_whole_leaves_nothing_to_the_others(tmp_path: Path) -> None:
    share = "{id: r, kind: share, measure: granted, by: zone, of: all, min: 20 %}"
    refused = "{id: no, kind: decide, refuse: [4], reason: non, author: cabinet}"
    for rules, expected in ((f"{share}, {refused}", ["share-zero"]), (share, [])):
        scenario = problem(tmp_path, rules)
        warnings = [warning for warning in compile_problem(scenario).warnings if warning.code == "share-zero"]
        assert [warning.code for warning in warnings] == expected
        granted = solve(scenario).document["granted_cents"]
        assert granted == (0 if expected else 500_00)
        assert all("S" in warning.text.in_(lang) for warning in warnings for lang in Lang)
