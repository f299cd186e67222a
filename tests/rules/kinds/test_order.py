"""`order`: merit order, the applicant's own priority, first come first served with and without skipping."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rules_page import parse_fragment
from support.rule_worlds import Award, World, answer, best, dossiers, quick, rows_agree, score

from tnt_sim.engine.result import ResultData, Status
from tnt_sim.engine.solve import solve
from tnt_sim.errors import ScenarioError
from tnt_sim.formulation.formulate import formulate
from tnt_sim.i18n.message import Lang
from tnt_sim.rules.kinds.registry import format_rule_formula
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem

HEAD = """schema_version: 1
id: petit
programme: {id: tnt, amount: 1 000 €}
dossiers: [{file: table.csv}]
objective: [{maximise: {worth: 1}}]
"""
TABLE = """dossier,requested,score,worth,lot,filed_at
1,600,9,5,A,2021-03-04
2,500,8,6,A,2021-03-01
3,300,8,4,B,2021-03-02T10:00
4,200,2,3,B,2021-03-02T09:00
5,100,,1,B,
"""


def scenario(folder: Path, rules: str = "", table: str = TABLE, head: str = HEAD) -> Any:
    (folder / "table.csv").write_text(table, encoding="utf-8")
    (folder / "petit.yaml").write_text(head + rules, encoding="utf-8")
    return load_scenario(folder / "petit.yaml")


def run(folder: Path, rules: str = "", table: str = TABLE, head: str = HEAD) -> ResultData:
    return solve(scenario(folder, rules, table, head), cross_check="never")


def funded(result: ResultData) -> set[str]:
    return set(result.dossiers.filter(result.dossiers["funded"])["dossier"].to_list())


def told(result: ResultData, dossier: str) -> tuple[str, str]:
    row = result.dossiers.filter(result.dossiers["dossier"] == dossier)
    return row["reason_code"][0], row["reason"][0]


def test_without_a_rule(tmp_path: Path) -> None:
    assert funded(run(tmp_path)) == {"2", "3", "4"}  # 6 + 4 + 3 for 1 000 €


def test_merit_order_funds_no_lower_score_before_a_higher(tmp_path: Path) -> None:
    """Once 1 has its 600 €, either 3 (equal to 2) fits, and 5, which has no score: 5 + 4 + 1."""
    result = run(tmp_path, "rules: [{id: r, kind: order, rank: score, best: high}]\n")
    assert funded(result) == {"1", "3", "5"}
    assert told(result, "2") == ("none_fits", "Ne tient pas dans ce qui reste de « tnt » (0\u00a0€).")
    assert told(result, "4") == ("order", "Dans l'ordre de la règle « r », « 2 » passe avant.")
    (figures,) = result.document["rules"]
    assert (figures["value"], figures["max"], figures["groups"]) == ("0", "0", [])


def test_merit_order_says_who_is_outside_it(tmp_path: Path) -> None:
    problem = compile_problem(scenario(tmp_path, "rules: [{id: r, kind: order, rank: score, best: high}]\n"))
    assert [defect.line(Lang.FR) for defect in problem.warnings] == [
        "order-empty petit.yaml:6:36, table.csv:6 [5] — hors de l'ordre, faute de « score », donc ni "
        "avant ni après les autres : 1 dossier (5)."
    ]


def test_in_each_group(tmp_path: Path) -> None:
    """In A 1 before 2, in B 3 before 4: 1, 3 and 5 are worth 10, and 3 and 4 with 5 only 8."""
    result = run(tmp_path, "rules: [{id: r, kind: order, rank: score, best: high, by: lot}]\n")
    assert funded(result) == {"1", "3", "5"}
    assert [group["group"] for group in result.document["rules"][0]["groups"]] == ["A", "B"]


def test_low_is_best_by_default(tmp_path: Path) -> None:
    """The applicant's first priority is 1."""
    table = TABLE.replace("score,", "priority,").replace(",9,5", ",2,5").replace(",8,6", ",1,6")
    result = run(tmp_path, "rules: [{id: r, kind: order, rank: priority, by: lot}]\n", table)
    assert funded(result) == {"2", "4", "3"}
    result = run(tmp_path, "rules: [{id: r, kind: order, rank: worth, by: lot}]\n")
    assert funded(result) == {"5", "4", "1"}  # A: 1 before 2; B: 5, 4, 3


def test_a_measure_can_rank(tmp_path: Path) -> None:
    rules = "measures: {jury: {sum: [{column: worth}, {value: 9, where: {lot: B}}]}}\n"
    rules += "rules: [{id: r, kind: order, rank: jury, best: high}]\n"
    assert funded(run(tmp_path, rules)) == {"3", "4", "5"}  # B first, then 2 (500 €) which does not fit


def test_committed_and_decided_are_outside(tmp_path: Path) -> None:
    table = TABLE.replace("filed_at\n", "filed_at,committed\n").replace("2021-03-04\n", "2021-03-04,\n")
    table = table.replace("2021-03-01\n", "2021-03-01,\n").replace("T10:00\n", "T10:00,\n")
    table = table.replace("T09:00\n", "T09:00,200\n").replace("B,\n", "B,,\n")
    rules = "rules: [{id: r, kind: order, rank: score, best: high}, {id: d, kind: decide, refuse: [1]}]\n"
    assert funded(run(tmp_path, rules, table)) == {"4", "2", "3"}
    rules = "rules: [{id: r, kind: order, rank: score, best: high}, {id: d, kind: decide, fund: [4]}]\n"
    assert funded(run(tmp_path, rules)) == {"4", "1", "5"}


def test_a_price_for_each_pair(tmp_path: Path) -> None:
    """Keeping 2, 3, 4 breaks three pairs (1 before each): 13 − 3·½ against 10."""
    rule = "rules: [{{id: r, kind: order, rank: score, best: high, penalty: {{cost: {}}}}}]\n"
    result = run(tmp_path, rule.format("0.5"))
    assert funded(result) == {"2", "3", "4"}
    assert result.document["objective"][0]["value"] == "11.5"
    assert (result.document["rules"][0]["value"], result.document["rules"][0]["holds"]) == ("3", False)
    result = run(tmp_path, rule.format("2"))
    assert funded(result) == {"1", "3", "5"}


def test_an_order_to_report_counts_and_does_not_bind(tmp_path: Path) -> None:
    result = run(tmp_path, "rules: [{id: r, kind: order, rank: score, best: high, report: true}]\n")
    assert funded(result) == {"2", "3", "4"}
    assert result.document["rules"][0]["value"] == "3"


def test_first_come_stops_at_the_first_that_does_not_fit(tmp_path: Path) -> None:
    """2, then 4 (9 o'clock), then 3: 1 000 €."""
    rules = "rules: [{id: r, kind: order, first_come: filed_at, skip: false}]\n"
    assert funded(run(tmp_path, rules)) == {"2", "4", "3"}
    head = HEAD.replace("1 000 €", "900 €")
    result = run(tmp_path, rules, head=head)
    assert funded(result) == {"2", "4"}
    assert told(result, "3")[0] == "none_fits"
    assert told(result, "1") == ("order", "Dans l'ordre de la règle « r », « 3 » passe avant.")
    assert told(result, "5")[0] == "order"


TIED = """dossier,requested,score,worth,lot,filed_at
A,150,1,1,A,2021-03-01
B,50,1,1,A,2021-03-01
C,50,1,1,A,2021-03-02
"""


def test_dossiers_of_one_day_are_free(tmp_path: Path) -> None:
    """B may pass A, filed on its day; C may not, for A stays unfunded."""
    head = HEAD.replace("1 000 €", "100 €")
    for order in ("first_come: filed_at, skip: false", "rank: filed_at"):
        result = run(tmp_path, f"rules: [{{id: r, kind: order, {order}}}]\n", TIED, head)
        assert funded(result) == {"B"}
        assert told(result, "C") == ("order", "Dans l'ordre de la règle « r », « A » passe avant.")


def test_ties_by_rank_follow_the_number(tmp_path: Path) -> None:
    head = HEAD.replace("1 000 €", "100 €")
    for order in ("first_come: filed_at, skip: false", "rank: score, best: high"):
        rules = f"rules: [{{id: r, kind: order, {order}, ties: rank}}]\n"
        result = run(tmp_path, rules, TIED, head)
        assert funded(result) == set()
        assert told(result, "B") == ("order", "Dans l'ordre de la règle « r », « A » passe avant.")
    assert funded(run(tmp_path, rules, TIED.replace("2021-03-01\nC", "2021-02-28\nC"), head)) == {"B"}


def test_first_come_skips_what_does_not_fit(tmp_path: Path) -> None:
    """With 900 €: 2 and 4 leave 200 €; 3 and 1 do not fit, 5 does. 3 alone would bring more than 5."""
    rules = "rules: [{id: r, kind: order, first_come: filed_at, skip: true}]\n"
    result = run(tmp_path, rules, head=HEAD.replace("1 000 €", "900 €"))
    assert funded(result) == {"2", "4", "5"}
    assert told(result, "3") == ("order", "Dans l'ordre de la règle « r », « 4 » passe avant.")
    (figures,) = result.document["rules"]
    assert [(group["group"], group["value"]) for group in figures["groups"]] == [("tnt", "0")]


def test_a_queue_comes_before_the_others_of_its_envelope(tmp_path: Path) -> None:
    rules = "rules: [{id: r, kind: order, where: {lot: B}, first_come: filed_at, skip: true}]\n"
    assert funded(run(tmp_path, rules)) == {"4", "3", "5"}  # 600 € for the queue; of A nothing fits in 400 €


def test_each_envelope_has_its_own_queue(tmp_path: Path) -> None:
    head = HEAD.replace(
        "amount: 1 000 €}", "amount: 1 000 €, envelopes: [{id: A, amount: 550 €}, {id: B, amount: 450 €}]}"
    )
    table = TABLE.replace("lot", "envelope")
    rules = "rules: [{id: r, kind: order, first_come: filed_at, skip: true}]\n"
    assert funded(run(tmp_path, rules, table, head)) == {
        "2",
        "4",
        "5",
    }  # B: 200 €, then 300 € do not fit in 250 €


def test_a_queue_with_open_amounts(tmp_path: Path) -> None:
    """2 gets 300 to 500 € and so says what is left: 3 (300 €) after 4 is in only if 2 gets at most 400 €."""
    table = TABLE.replace("requested", "requested,min_grant")
    for number, money, low in ((1, 600, 600), (2, 500, 300), (3, 300, 300), (4, 200, 200), (5, 100, 100)):
        table = table.replace(f"\n{number},{money},", f"\n{number},{money},{low},")
    rules = "grants: [{where: {dossier: 2}, mode: range, round: 100 €}]\n"
    rules += "rules: [{id: r, kind: order, first_come: filed_at, skip: true}]\n"
    result = run(tmp_path, rules, table, HEAD.replace("1 000 €", "900 €"))
    assert funded(result) == {"2", "3", "4", "5"}
    granted = dict(zip(result.dossiers["dossier"], result.dossiers["granted_cents"], strict=True))
    assert granted["2"] == 30000


BAD = {
    "neither rank nor first_come": (
        "{id: r, kind: order}",
        "order petit.yaml:6:9 — une règle `order` demande `rank` ou `first_come`, l'un des deux.",
    ),
    "both": (
        "{id: r, kind: order, rank: score, first_come: filed_at}",
        "order petit.yaml:6:9 — une règle `order` demande `rank` ou `first_come`, l'un des deux.",
    ),
    "best without rank": (
        "{id: r, kind: order, first_come: filed_at, best: high}",
        "order petit.yaml:6:58 — `best` ne s'écrit qu'avec `rank`. Retirez-le, ou ajoutez `rank`.",
    ),
    "skip without first_come": (
        "{id: r, kind: order, rank: score, skip: true}",
        "order petit.yaml:6:49 — `skip` ne s'écrit qu'avec `first_come`. Retirez-le, ou ajoutez "
        "`first_come: filed_at`.",
    ),
    "skip by a column": (
        "{id: r, kind: order, first_come: filed_at, skip: true, by: lot}",
        "order petit.yaml:6:68 — avec `skip: true`, chaque enveloppe a sa file : retirez `by`.",
    ),
    "skip with a price": (
        "{id: r, kind: order, first_come: filed_at, skip: true, penalty: {cost: 1}}",
        "order petit.yaml:6:73 — une règle avec `skip: true` ne prend pas de pénalité : retirez "
        "`penalty`, ou écrivez `report: true`.",
    ),
    "ties of a queue": (
        "{id: r, kind: order, first_come: filed_at, skip: true, ties: free}",
        "order petit.yaml:6:70 — avec `skip: true`, chaque dossier a son tour : les ex æquo suivent l'ordre de "
        "dépôt, puis le numéro. Écrivez `ties: rank`, ou retirez `ties`.",
    ),
    "no such column": (
        "{id: r, kind: order, rank: scores}",
        "unknown-column petit.yaml:6:36 — la colonne « scores » n'existe pas. Vouliez-vous dire « score » ?",
    ),
    "no such date": (
        "{id: r, kind: order, first_come: filed}",
        "unknown-column petit.yaml:6:42 — la colonne « filed » n'existe pas. Vouliez-vous dire « filed_at » ?",
    ),
    "not a date": (
        "{id: r, kind: order, first_come: lot}",
        "order-date petit.yaml:6:42 — la colonne « lot » ne contient pas de dates : elle ne dit pas qui "
        "vient d'abord. Nommez une colonne de dates, par exemple `first_come: filed_at`.",
    ),
    "a measure of grants": (
        "{id: r, kind: order, rank: m}",
        "order-measure petit.yaml:6:36 — la mesure « m » ne donne pas un chiffre par dossier : elle ne peut pas "
        "les classer. Classez selon une colonne, par exemple `rank: score`.",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_each_wrong_order_is_refused_at_its_line(name: str, tmp_path: Path) -> None:
    rule, expected = BAD[name]
    measures = "measures: {m: {column: granted}}\n"
    with pytest.raises(ScenarioError) as caught:
        compile_problem(scenario(tmp_path, f"rules: [{rule}]\n{measures}"))
    assert [defect.line(Lang.FR) for defect in caught.value.defects] == [expected]
    assert all(defect.line(Lang.EN) for defect in caught.value.defects)


def test_a_queue_without_an_amount(tmp_path: Path) -> None:
    head = HEAD.replace("amount: 1 000 €}", "amount: 1 000 €, envelopes: [{id: A}, {id: B, amount: 450 €}]}")
    rules = "rules: [{id: r, kind: order, first_come: filed_at, skip: true}]\n"
    with pytest.raises(ScenarioError) as caught:
        compile_problem(scenario(tmp_path, rules, TABLE.replace("lot", "envelope"), head))
    assert [defect.line(Lang.FR) for defect in caught.value.defects] == [
        "no-amount petit.yaml:6:58 — l'enveloppe « A » n'a pas de montant écrit : rien ne dit où sa file "
        "s'arrête. Donnez-lui un montant, ou écrivez `skip: false`."
    ]


def test_too_many_pairs_to_price(tmp_path: Path) -> None:
    rows = "".join(f"{k},1,{k},1,A,\n" for k in range(1, 203))
    table = TABLE.split("\n")[0] + "\n" + rows
    with pytest.raises(ScenarioError) as caught:
        compile_problem(
            scenario(tmp_path, "rules: [{id: r, kind: order, rank: score, penalty: {cost: 1}}]\n", table)
        )
    assert [defect.line(Lang.FR) for defect in caught.value.defects] == [
        "too-many-pairs petit.yaml:6:52 — une pénalité se compte par paire de dossiers : il y en aurait 20301, "
        "et la limite est de 20000. Formez des groupes plus petits (`where`, `by`), ou retirez la pénalité."
    ]
    assert caught.value.exit_code == 3


@pytest.mark.slow
def test_as_many_rows_as_dossiers(tmp_path: Path) -> None:
    """Two levels of 400 dossiers each: 800 rows and one column, not 160 000 pairs."""
    rows = "".join(f"{k},2.50,{k % 2},1,A,\n" for k in range(1, 801))
    table = TABLE.split("\n")[0] + "\n" + rows
    problem = compile_problem(
        scenario(tmp_path, "rules: [{id: r, kind: order, rank: score, best: high}]\n", table)
    )
    model = formulate(problem).model
    assert model.matrix.shape == (801, 801)
    result = solve(problem.scenario, cross_check="never")
    assert result.status is Status.OPTIMAL
    assert result.document["n_funded"] == 400


# the rows, the reading and brute force agree


@st.composite
def ordered(draw: st.DrawFn, *, soft: bool = False, skip: bool = False) -> World:
    rows = draw(
        dossiers(
            6,
            lot=st.sampled_from(["A", "B", ""]),
            rank=st.sampled_from(["1", "2", "2.5", ""]),
            filed_at=st.sampled_from(["2021-03-01", "2021-03-02", "2021-03-02T08:30", ""]),
            decided=st.sampled_from([0, 0, 0, 0, 1, -1]),
        )
    )
    for d in rows:
        if "committed" in d or not d["eligible"]:
            d["decided"] = 0
        if d["decided"] == -1:
            d["eligible"] = False
    rows.sort(key=lambda d: (when(d), int(d["id"])))
    rule: dict[str, Any] = {"id": "r", "kind": "order"}
    if skip:
        rule |= {"first_come": "filed_at", "skip": "true"}
    elif draw(st.booleans()):
        rule |= {"rank": "rank"}
        if draw(st.booleans()):
            rule["best"] = draw(st.sampled_from(["high", "low"]))
    else:
        rule |= {"first_come": "filed_at"}
    ties = draw(st.sampled_from([None, "rank"] if skip else [None, "free", "rank"]))
    if ties is not None:
        rule["ties"] = ties
    if not skip and draw(st.booleans()):
        rule["by"] = "lot"
    elif draw(st.booleans()):
        rule["where"] = {"lot": ["A", "B"]}
    if soft:
        rule["penalty"] = {"cost": str(draw(st.integers(0, 3)))}
    total = sum(d["amounts"][-1] for d in rows)
    rules = [rule]
    fund = [d["id"] for d in rows if d["decided"] == 1]
    refuse = [d["id"] for d in rows if d["decided"] == -1]
    if fund or refuse:
        rules.append({"id": "d", "kind": "decide", "fund": fund, "refuse": refuse})
    return {"dossiers": rows, "amount": total * draw(st.integers(20, 110)) // 100, "rules": rules}


def when(d: dict[str, Any]) -> str:
    """A day is its 00:00; empty last."""
    text: str = d["filed_at"]
    return {"": "9"}.get(text, text if "T" in text else f"{text}T00:00")


def queue_of(world: World) -> list[dict[str, Any]]:
    rule = world["rules"][0]
    return [
        d
        for d in world["dossiers"]
        if d["eligible"]
        and "committed" not in d
        and not d["decided"]
        and (d["lot"] or not {"by", "where"} & set(rule))
    ]


def is_before(world: World, i: dict[str, Any], j: dict[str, Any]) -> bool:
    """Whether i is before j by the formula that `show --model` prints for the rule."""
    (rule,) = parse_fragment("rules: [" + json.dumps(world["rules"][0]) + "]").rules
    printed = re.fullmatch(
        r"(?:∀ d : )?(.*) ⇒ x_j ≤ x_i(?: \{.*\})?(?: \(.*pair\))?", format_rule_formula(rule)
    )
    assert printed is not None
    if "by" in world["rules"][0] and i["lot"] != j["lot"]:
        return False
    if "rank" in world["rules"][0] and not (i["rank"] and j["rank"]):
        return False
    return bool(eval(printed[1].replace("−", "-"), {}, figures_of(i, "i") | figures_of(j, "j")))


def figures_of(d: dict[str, Any], mark: str) -> dict[str, Any]:
    """What the names of a formula stand for."""
    figures = {"filed_at": when(d), "dossier": int(d["id"]), "rank": float(d["rank"] or 0)}
    return {f"{name}_{mark}": value for name, value in figures.items()}


def pairs_broken(world: World, award: Award) -> int:
    free = queue_of(world)
    held = [d for d in free if d["id"] in award]
    out = [d for d in free if d["id"] not in award]
    return sum(is_before(world, i, j) for i in out for j in held)


def served_in_turn(world: World, award: Award) -> bool:
    left = world["amount"]
    left -= sum(d["committed"] for d in world["dossiers"] if "committed" in d)
    left -= sum(d["amounts"][-1] for d in world["dossiers"] if d["decided"] == 1)
    left = max(0, left)
    for d in queue_of(world):
        fits = d["amounts"][0] <= left
        if fits != (d["id"] in award):
            return False
        left -= award.get(d["id"], 0)
        if left < 0:
            return False
    return True


def decided_kept(world: World, award: Award) -> bool:
    return all(d["id"] in award for d in world["dossiers"] if d["decided"] == 1)


COLUMNS = ["lot", "rank", "filed_at"]


def check(world: World, holds: Any, cost: Fraction = Fraction(0)) -> None:
    found = answer(world, COLUMNS, rules=world["rules"])
    expected = best(
        world,
        lambda a: decided_kept(world, a) and holds(world, a),
        lambda a: (score(world, a) - cost * (pairs_broken(world, a) if cost else 0),),
    )
    if isinstance(found, set):
        assert found == {"committed-exceeds"}
        assert expected is None
        return
    assert found == expected


@quick
@given(ordered())
def test_brute_force_hard(world: World) -> None:
    check(world, lambda w, a: pairs_broken(w, a) == 0)


@quick
@given(ordered(soft=True))
def test_brute_force_soft(world: World) -> None:
    check(world, lambda w, a: True, Fraction(world["rules"][0]["penalty"]["cost"]))


@quick
@given(ordered(skip=True))
def test_brute_force_first_come_skipping(world: World) -> None:
    check(world, served_in_turn)


@quick
@given(ordered())
def test_rows_agree_with_reading(world: World) -> None:
    rows_agree(world, COLUMNS, rules=world["rules"][:1])


@quick
@given(ordered(skip=True))
def test_rows_agree_with_reading_first_come_skipping(world: World) -> None:
    rows_agree(world, COLUMNS, rules=world["rules"][:1])
