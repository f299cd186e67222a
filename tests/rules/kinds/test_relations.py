"""`exclusive`, `requires`, `together`, and the columns `requires` and `variant_of` of the dossier table."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.rule_worlds import Award, World, answer, best, dossiers, options, quick, rows_agree, score

from tnt_sim.engine.result import ResultData
from tnt_sim.engine.solve import solve
from tnt_sim.errors import ScenarioError
from tnt_sim.formulation.formulate import formulate
from tnt_sim.i18n.message import Lang
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.verify.allocation_reading import Allocation, list_broken_rules, read_allocation

REFUSED = {"committed-exceeds", "exclusive-broken", "requires-broken", "together-broken", "requires-circle"}
HEAD = """schema_version: 1
id: petit
programme: {id: tnt, amount: 1 000 €}
dossiers: [{file: table.csv}]
objective: [{maximise: {score: 1}}]
"""
TABLE = "dossier,requested,score,lot,members\n1,500,9,A,x;y\n2,400,8,A,y;z\n3,300,2,B,z\n4,100,1,B,\n"


def scenario(folder: Path, rules: str = "", table: str = TABLE) -> Any:
    (folder / "table.csv").write_text(table, encoding="utf-8")
    (folder / "petit.yaml").write_text(HEAD + rules, encoding="utf-8")
    return load_scenario(folder / "petit.yaml")


def run(folder: Path, rules: str = "", table: str = TABLE) -> ResultData:
    return solve(scenario(folder, rules, table), cross_check="never")


def funded(result: ResultData) -> list[str]:
    found: list[str] = result.dossiers.filter(result.dossiers["funded"])["dossier"].to_list()
    return found


def told(result: ResultData, dossier: str) -> tuple[str, str]:
    row = result.dossiers.filter(result.dossiers["dossier"] == dossier)
    return row["reason_code"][0], row["reason"][0]


def faults(folder: Path, rules: str = "", table: str = TABLE) -> list[str]:
    with pytest.raises(ScenarioError) as caught:
        compile_problem(scenario(folder, rules, table))
    assert all(defect.line(Lang.EN) for defect in caught.value.defects)
    return [defect.line(Lang.FR) for defect in caught.value.defects]


def warnings(folder: Path, rules: str = "", table: str = TABLE) -> list[str]:
    problem = compile_problem(scenario(folder, rules, table))
    assert all(defect.line(Lang.EN) for defect in problem.warnings)
    return [defect.line(Lang.FR) for defect in problem.warnings]


# by hand: 1 000 € buys 1, 2 and 4 (score 18)


def test_without_a_rule(tmp_path: Path) -> None:
    assert funded(run(tmp_path)) == ["1", "2", "4"]


def test_exclusive_by_name(tmp_path: Path) -> None:
    result = run(tmp_path, "rules: [{id: r, kind: exclusive, dossiers: [1, 2]}]\n")
    assert funded(result) == ["1", "3", "4"]  # 9 + 2 + 1 = 12 against 8 + 2 + 1 = 11
    (figures,) = result.document["rules"]
    assert (figures["value"], figures["max"], figures["binds"], figures["groups"]) == ("1", "1", True, [])


def test_exclusive_by_column_names_its_groups(tmp_path: Path) -> None:
    result = run(tmp_path, "rules: [{id: r, kind: exclusive, by: lot}]\n")
    assert funded(result) == ["1", "3"]
    assert told(result, "4") == ("crowded_out", "Le financer ferait rompre la règle « r ».")
    (figures,) = result.document["rules"]
    assert [(group["group"], group["value"]) for group in figures["groups"]] == [("A", "1"), ("B", "1")]


def test_exclusive_by_list_counts_a_dossier_in_each_of_its_groups(tmp_path: Path) -> None:
    """No commune twice: 1 and 2 share y, 2 and 3 share z."""
    result = run(tmp_path, "rules: [{id: r, kind: exclusive, by: members}]\n")
    assert funded(result) == ["1", "3", "4"]
    (figures,) = result.document["rules"]
    assert [(group["group"], group["value"]) for group in figures["groups"]] == [
        ("x", "1"),
        ("y", "1"),
        ("z", "1"),
    ]


def test_exclusive_counts_what_is_committed(tmp_path: Path) -> None:
    table = TABLE.replace("members\n", "members,committed\n").replace("z;\n", "z\n")
    table = table.replace("x;y\n", "x;y,\n").replace("y;z\n", "y;z,\n").replace(",B,z\n", ",B,z,300\n")
    table = table.replace("4,100,1,B,\n", "4,100,1,B,,\n")
    result = run(tmp_path, "rules: [{id: r, kind: exclusive, by: lot}]\n", table)
    assert funded(result) == ["1", "3"]


def test_requires_all_of_them(tmp_path: Path) -> None:
    result = run(tmp_path, "rules: [{id: r, kind: requires, dossiers: [1], need: [3, 4]}]\n")
    assert funded(result) == ["1", "3", "4"]  # 12 against 2 + 3 + 4 = 11
    result = run(tmp_path, "rules: [{id: r, kind: requires, dossiers: [2], need: [3, 4]}]\n")
    assert funded(result) == ["1", "3", "4"]
    assert told(result, "2")[0] in ("outranked", "none_fits")


def test_requires_some_of_them(tmp_path: Path) -> None:
    result = run(tmp_path, "rules: [{id: r, kind: requires, dossiers: [1, 2], need: [3, 4], at_least: 1}]\n")
    assert funded(result) == ["1", "2", "4"]


def test_a_prerequisite_that_is_refused(tmp_path: Path) -> None:
    rules = (
        "rules: [{id: r, kind: requires, dossiers: [1], need: [4]}, {id: non, kind: decide, refuse: [4]}]\n"
    )
    result = run(tmp_path, rules)
    assert funded(result) == ["2", "3"]
    assert told(result, "1") == ("prerequisite", "Un dossier préalable n'est pas retenu : « 4 ».")
    assert warnings(tmp_path, rules) == [
        "requires-impossible petit.yaml:6:9, table.csv:2 [1] — 1 dossier ne peut pas être financé, faute "
        "d'un préalable qui puisse l'être : 1."
    ]


def test_together_funds_all_dossiers_or_none(tmp_path: Path) -> None:
    result = run(tmp_path, "rules: [{id: r, kind: together, dossiers: [2, 3]}]\n")
    assert funded(result) == ["2", "3", "4"]  # 11 against 1 + 4 = 10
    assert told(result, "1")[0] in ("outranked", "none_fits")
    result = run(tmp_path, "rules: [{id: r, kind: together, by: lot}]\n")
    assert funded(result) == ["1", "2"]
    assert told(result, "4") == ("crowded_out", "Le financer ferait rompre la règle « r ».")


def test_together_with_one_that_is_refused(tmp_path: Path) -> None:
    rules = "rules: [{id: r, kind: together, dossiers: [1, 4]}, {id: non, kind: decide, refuse: [4]}]\n"
    assert funded(run(tmp_path, rules)) == ["2", "3"]
    assert warnings(tmp_path, rules) == [
        "together-impossible petit.yaml:6:9 — 1 dossier ne peut pas être financé (1), faute de ceux "
        "avec qui aller : 4."
    ]
    rules = "rules: [{id: r, kind: together, by: lot}, {id: non, kind: decide, refuse: [4]}]\n"
    assert funded(run(tmp_path, rules)) == ["1", "2"]
    assert warnings(tmp_path, rules) == [
        "together-left-out petit.yaml:6:9 — 1 dossier non éligible ou refusé ne compte pas dans son "
        "groupe : 4."
    ]


@pytest.mark.parametrize(
    ("rule", "cheap", "dear", "pairs"),
    [
        ("kind: exclusive, dossiers: [1, 2, 4], max: 1", "0.25", "9", 3),
        ("kind: exclusive, dossiers: [1, 2, 4], max: 2", "0.5", "9", 1),
        ("kind: exclusive, dossiers: [1, 2, 4], max: 0", "0.25", "20", 3),
        ("kind: requires, dossiers: [1, 2], need: [3]", "0.5", "20", 2),
        ("kind: together, dossiers: [1, 2, 3]", "0.5", "20", 2),
    ],
)
def test_a_price_for_each_pair(tmp_path: Path, rule: str, cheap: str, dear: str, pairs: int) -> None:
    """Cheap, the rule is broken and the goal pays for each pair; dear, it is kept."""
    result = run(tmp_path, f"rules: [{{id: r, {rule}, penalty: {{cost: {cheap}}}}}]\n")
    assert funded(result) == ["1", "2", "4"]
    assert Fraction(result.document["objective"][0]["value"]) == 18 - pairs * Fraction(cheap)
    assert not result.document["rules"][0]["holds"]
    result = run(tmp_path, f"rules: [{{id: r, {rule}, penalty: {{cost: {dear}}}}}]\n")
    assert result.document["rules"][0]["holds"]


def test_a_relation_to_report_counts_and_does_not_bind(tmp_path: Path) -> None:
    result = run(tmp_path, "rules: [{id: r, kind: together, dossiers: [2, 3], report: true}]\n")
    assert funded(result) == ["1", "2", "4"]
    (figures,) = result.document["rules"]
    assert (figures["mode"], figures["value"], figures["holds"]) == ("report", "1", False)


# the two columns of the table


def linked(requires: str = "", variant: str = "") -> str:
    """The table with `requires` of 1, and `variant_of` of 2."""
    rows = ["dossier,requested,score,requires,variant_of", f"1,500,9,{requires},", f"2,400,8,,{variant}"]
    return "\n".join([*rows, "3,300,2,,", "4,100,1,,"]) + "\n"


def test_the_column_requires(tmp_path: Path) -> None:
    assert funded(run(tmp_path, "", linked("3;4"))) == ["1", "3", "4"]
    result = run(tmp_path, "rules: [{id: non, kind: decide, refuse: [3]}]\n", linked("3"))
    assert funded(result) == ["2", "4"]
    assert told(result, "1") == ("prerequisite", "Un dossier préalable n'est pas retenu : « 3 ».")
    assert result.document["rules"] == []


def test_the_column_variant_of(tmp_path: Path) -> None:
    """The dossier whose own number is the label is one of the variants."""
    result = run(tmp_path, "", linked(variant="1"))
    assert funded(result) == ["1", "3", "4"]
    assert told(result, "2") == ("variant", "Une autre variante est retenue : « 1 ».")
    assert funded(run(tmp_path, "", linked(variant="X"))) == ["1", "2", "4"]


def test_the_verifier_reads_the_columns(tmp_path: Path) -> None:
    problem = compile_problem(scenario(tmp_path, "", linked("3", "1")))
    kept = np.array([True, True, False, False])
    allocation = Allocation(kept, np.where(kept, problem.offers.most_cents, 0))
    broken = list_broken_rules(problem, allocation, read_allocation(problem, allocation))
    assert [defect.line(Lang.FR) for defect in broken] == [
        "variant — 2 variantes de « 1 » sont retenues, et une au plus peut l'être.",
        "prerequisite — le dossier « 1 » est retenu sans 1 dossier qu'il exige.",
    ]


# bad inputs

BAD = {
    "unknown dossiers, with the nearest": (
        "rules:\n  - {id: r, kind: exclusive, dossiers: [1, 22]}\n  - {id: s, kind: requires, dossiers: "
        "[33], need: [4]}\n"
        "  - {id: t, kind: together, dossiers: [1, 1]}\n",
        TABLE,
        [
            "unknown-dossier petit.yaml:7:44 — le dossier « 22 » n'existe pas. Vouliez-vous dire « 2 » ?",
            "unknown-dossier petit.yaml:8:40 — le dossier « 33 » n'existe pas. Vouliez-vous dire « 3 » ?",
            "dossier-twice petit.yaml:9:43 — le dossier « 1 » est nommé deux fois. Gardez-le une seule fois.",
        ],
    ),
    "nothing named": (
        "rules: [{id: r, kind: exclusive}]\n",
        TABLE,
        [
            "members petit.yaml:6:9 — cette règle ne dit pas de quels dossiers elle parle. Donnez "
            "`dossiers`, `by` "
            "ou `where`."
        ],
    ),
    "an unknown column": (
        "rules: [{id: r, kind: together, by: lots}]\n",
        TABLE,
        ["unknown-column petit.yaml:6:37 — la colonne « lots » n'existe pas. Vouliez-vous dire « lot » ?"],
    ),
    "more at least than there are": (
        "rules: [{id: r, kind: requires, dossiers: [1], need: [2, 3], at_least: 3}]\n",
        TABLE,
        [
            "at-least petit.yaml:6:72 — `at_least` va de 1 à 2, le nombre de dossiers de `need`. Corrigez "
            "`at_least`, "
            "ou retirez-le : tous sont alors exigés."
        ],
    ),
    "a circle of a rule": (
        "rules:\n  - {id: r, kind: requires, dossiers: [1], need: [2]}\n  - {id: s, kind: requires, "
        "dossiers: [2], need: [3]}\n"
        "  - {id: t, kind: requires, dossiers: [3], need: [1]}\n",
        TABLE,
        [
            "requires-circle petit.yaml:7:5, petit.yaml:8:5, petit.yaml:9:5 — ces dossiers s'exigent en cercle : "
            "1 → 2 → 3 → 1. Coupez le cercle, ou écrivez une règle `together` s'ils vont ensemble."
        ],
    ),
    "a circle of the table and a rule": (
        "rules: [{id: r, kind: requires, dossiers: [3], need: [1]}]\n",
        linked("3"),
        [
            "requires-circle table.csv:2 [1], petit.yaml:6:9 — ces dossiers s'exigent en cercle : 1 → 3 → 1. "
            "Coupez le cercle, ou écrivez une règle `together` s'ils vont ensemble."
        ],
    ),
    "a dossier that requires itself": (
        "",
        linked("1"),
        [
            "requires-circle table.csv:2 [1] — ces dossiers s'exigent en cercle : 1 → 1. Coupez le cercle, ou "
            "écrivez une règle `together` s'ils vont ensemble."
        ],
    ),
    "an unknown dossier in the table": (
        "",
        linked("33"),
        ["unknown-dossier table.csv:2 [1] — le dossier exigé « 33 » n'existe pas. Vouliez-vous dire « 3 » ?"],
    ),
    "two that exclude each other, both decided": (
        "rules:\n  - {id: r, kind: exclusive, dossiers: [1, 2]}\n  - {id: oui, kind: decide, fund: [1, 2]}\n",
        TABLE,
        [
            "exclusive-broken petit.yaml:7:5, table.csv:2 [1], table.csv:3 [2] — 2 dossiers sont "
            "engagés ou retenus "
            "par décision, et 1 au plus peut l'être : 1, 2."
        ],
    ),
    "two variants, both decided": (
        "rules: [{id: oui, kind: decide, fund: [1, 2]}]\n",
        linked(variant="1"),
        [
            "exclusive-broken table.csv:2 [1], table.csv:3 [2] — 2 dossiers de « 1 » sont engagés ou retenus par "
            "décision, et 1 au plus peut l'être : 1, 2."
        ],
    ),
    "decided, and its prerequisite refused": (
        "rules: [{id: d, kind: decide, fund: [1], refuse: [3]}]\n",
        linked("3"),
        [
            "requires-broken table.csv:2 [1] — le dossier « 1 » est engagé ou retenu par décision, mais ce qu'il "
            "exige ne peut pas être financé : 3."
        ],
    ),
    "together, one decided and one refused": (
        "rules:\n  - {id: r, kind: together, dossiers: [1, 2]}\n"
        "  - {id: d, kind: decide, fund: [1], refuse: [2]}\n",
        TABLE,
        [
            "together-broken petit.yaml:7:5, table.csv:3 [2] — « 1 » est engagé ou retenu par décision, "
            "mais "
            "« 2 », qui doit l'accompagner, ne peut pas être financé."
        ],
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_each_wrong_relation_is_refused_at_its_line(name: str, tmp_path: Path) -> None:
    rules, table, expected = BAD[name]
    assert faults(tmp_path, rules, table) == expected


def test_a_choice_among_needs_is_no_circle(tmp_path: Path) -> None:
    rules = (
        "rules:\n  - {id: r, kind: requires, dossiers: [1], need: [2, 3], at_least: 1}\n"
        "  - {id: s, kind: requires, dossiers: [2], need: [1]}\n"
    )
    assert funded(run(tmp_path, rules)) == ["1", "2", "4"]


@pytest.mark.parametrize("soft", ["penalty: {cost: 1}", "report: true"])
def test_a_circle_with_a_priced_or_reported_side(tmp_path: Path, soft: str) -> None:
    """1 needs 2; that 2 needs 1 too is only priced, or only told: nothing contradicts itself."""
    rules = (
        "rules:\n  - {id: r, kind: requires, dossiers: [1], need: [2]}\n"
        f"  - {{id: s, kind: requires, dossiers: [2], need: [1], {soft}}}\n"
    )
    assert funded(run(tmp_path, rules)) == ["1", "2", "4"]
    assert faults(tmp_path, rules.replace(f", {soft}", ""))[0].startswith("requires-circle")
    # the columns of the table always hold: they still close a circle with a hard rule, not with a soft one
    circle = f"rules: [{{id: r, kind: requires, dossiers: [3], need: [1], {soft}}}]\n"
    assert funded(run(tmp_path, circle, linked("3"))) == ["1", "3", "4"]


def test_pairs_are_the_distance_of_a_reported_rule(tmp_path: Path) -> None:
    goal = "rules: [{id: r, kind: exclusive, dossiers: [1, 2, 4], report: true}]\n"
    text = HEAD.replace("{maximise: {score: 1}}", "{maximise: {score: 1, shortfall.r: -1}}")
    (tmp_path / "table.csv").write_text(TABLE, encoding="utf-8")
    (tmp_path / "petit.yaml").write_text(text + goal, encoding="utf-8")
    result = solve(load_scenario(tmp_path / "petit.yaml"), cross_check="never")
    # 9 + 8 − 1 pair; with 4 there would be three pairs for one point more
    assert funded(result) == ["1", "2"]
    assert Fraction(result.document["objective"][0]["value"]) == 16


def test_pairs_of_a_large_group_need_few_columns(tmp_path: Path) -> None:
    rows = "".join(f"{k},1,1,A,\n" for k in range(1, 302))
    table = "dossier,requested,score,lot,members\n" + rows
    rule = "rules: [{id: r, kind: exclusive, by: lot, penalty: {cost: 0.01}}]\n"
    result = run(tmp_path, rule, table)
    # one more is worth 1 − 0.01·k after k others: 0 for the 101st, and fewer euros are better
    assert len(funded(result)) == 100
    assert Fraction(result.document["objective"][0]["value"]) == 100 - Fraction(99 * 100, 200)
    problem = compile_problem(scenario(tmp_path, rule, table))
    assert formulate(problem).model.matrix.shape[1] == 301 + 300


def test_too_many_pairs_to_price(tmp_path: Path) -> None:
    rows = "".join(f"{k},1,1,A,\n" for k in range(1, 203))
    table = "dossier,requested,score,lot,members\n" + rows
    assert faults(tmp_path, "rules: [{id: r, kind: together, by: lot, penalty: {cost: 1}}]\n", table) == [
        "too-many-pairs petit.yaml:6:51 — une pénalité se compte par paire de dossiers : il y en aurait "
        "20301, et la "
        "limite est de 20000. Formez des groupes plus petits (`where`, `by`), ou retirez la pénalité."
    ]
    problem = compile_problem(scenario(tmp_path, "rules: [{id: r, kind: together, by: lot}]\n", table))
    assert formulate(problem).model.matrix.shape[0] == 203


# the rows, the reading and brute force agree


@st.composite
def relations(draw: st.DrawFn, *, soft: bool = False) -> World:
    rows = draw(dossiers(6, lot=st.sampled_from(["A", "B", ""])))
    names = [d["id"] for d in rows]
    some = st.lists(st.sampled_from(names), min_size=1, max_size=4, unique=True)
    kind = draw(st.sampled_from(["exclusive", "requires", "together"]))
    rule: dict[str, Any] = {"id": "r", "kind": kind}
    if kind == "requires":
        rule |= {"dossiers": draw(some), "need": draw(some)}
        if draw(st.booleans()):
            rule["at_least"] = draw(st.integers(1, len(rule["need"])))
    elif draw(st.booleans()):
        rule["by"] = "lot"
    else:
        rule["dossiers"] = draw(some)
    if kind == "exclusive":
        rule["max"] = draw(st.integers(0, 2))
    if soft:
        rule["penalty"] = {"cost": str(draw(st.integers(0, 4)))}
    total = sum(d["amounts"][-1] for d in rows)
    return {"dossiers": rows, "amount": total * draw(st.integers(20, 110)) // 100, "rule": rule}


def pairs_broken(world: World, award: Award) -> int:
    rule, rows = world["rule"], world["dossiers"]
    if rule["kind"] == "requires":
        need = rule.get("at_least", len(rule["need"]))
        return sum(
            max(0, need - sum(n in award for n in rule["need"])) for d in rule["dossiers"] if d in award
        )
    alive = [d for d in rows if options(d) != [None]]
    groups: list[list[str]] = [rule.get("dossiers", [])]
    if "by" in rule:
        groups = [[d["id"] for d in alive if d["lot"] == name] for name in ("A", "B")]
    total = 0
    for members in groups:
        held = sum(name in award for name in members)
        if rule["kind"] == "together":
            total += held * (len(members) - held)
        elif rule["max"] == 1:
            total += sum(a in award and b in award for a, b in combinations(members, 2))
        else:
            total += max(0, held - rule["max"])
    return total


def check(world: World, rules: list[dict[str, Any]], cost: Fraction | None) -> None:
    found = answer(world, ["lot"], rules=rules)
    if isinstance(found, set):
        assert found <= REFUSED
        if "requires-circle" not in found:
            assert best(world, lambda a: pairs_broken(world, a) == 0, lambda a: (score(world, a),)) is None
        return
    if cost is None:
        expected = best(world, lambda a: pairs_broken(world, a) == 0, lambda a: (score(world, a),))
    else:
        expected = best(world, lambda a: True, lambda a: (score(world, a) - cost * pairs_broken(world, a),))
    assert found == expected


@quick
@given(relations())
def test_brute_force_hard(world: World) -> None:
    check(world, [world["rule"]], None)


@quick
@given(relations(soft=True))
def test_brute_force_soft(world: World) -> None:
    check(world, [world["rule"]], Fraction(world["rule"]["penalty"]["cost"]))


@quick
@given(relations())
def test_rows_agree_with_reading(world: World) -> None:
    rows_agree(world, ["lot"], rules=[world["rule"]])


@st.composite
def tables(draw: st.DrawFn) -> World:
    rows = draw(dossiers(6))
    names = [d["id"] for d in rows]
    for d in rows:
        later = [name for name in names if int(name) > int(d["id"])]
        d["requires"] = ";".join(
            draw(st.lists(st.sampled_from(later), max_size=2, unique=True)) if later else []
        )
        d["variant_of"] = draw(st.sampled_from(["", "", "1", "V"]))
    total = sum(d["amounts"][-1] for d in rows)
    return {"dossiers": rows, "amount": total * draw(st.integers(40, 110)) // 100}


def table_holds(world: World, award: Award) -> bool:
    rows = world["dossiers"]
    for label in {d["variant_of"] for d in rows} - {""}:
        if sum(d["id"] in award for d in rows if d["variant_of"] == label or d["id"] == label) > 1:
            return False
    return all(need in award for d in rows if d["id"] in award for need in d["requires"].split(";") if need)


@quick
@given(tables())
def test_brute_force_table(world: World) -> None:
    found = answer(world, ["requires", "variant_of"])
    expected = best(world, lambda a: table_holds(world, a), lambda a: (score(world, a),))
    if isinstance(found, set):
        assert found <= REFUSED
        assert expected is None
        return
    assert found == expected


@quick
@given(tables())
def test_rows_agree_with_reading_of_the_table(world: World) -> None:
    rows_agree(world, ["requires", "variant_of"])
