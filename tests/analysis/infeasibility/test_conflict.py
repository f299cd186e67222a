"""Conflicts and repairs against enumeration, and in the words that a planner reads."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from support.analysis_cases.clashing_rules import (
    Choices,
    World,
    check_fixes,
    conflicts,
    corrections,
    world,
    write,
)
from support.lanes import seeds
from support.typed import as_typed

from tnt_sim.analysis.infeasibility.conflict_search import (
    ConflictSearch,
    FeasibilityTests,
    Satisfiability,
    compute_hitting_sets,
)
from tnt_sim.analysis.infeasibility.document import ClashEntry, MemberEntry
from tnt_sim.analysis.infeasibility.elastic_problem import ElasticProblem
from tnt_sim.analysis.infeasibility.minimal_conflicts import ConflictResult, conflict, find_conflict
from tnt_sim.analysis.infeasibility.sentences import describe_members
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.result import Status
from tnt_sim.engine.solve import solve
from tnt_sim.errors import ScenarioError
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.renderers.html import render_report_html
from tnt_sim.reporting.renderers.terminal import render_nodes
from tnt_sim.reporting.reports.infeasibility import build_first_conflict, describe_verdict, format_set_options
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.studies.registry import load_study
from tnt_sim.studies.study_answer import build_report


def compiled(case: World, folder: Path) -> Problem | None:
    """The world's problem; None where a contradiction needs no solver."""
    try:
        return compile_problem(write(case, folder))
    except ScenarioError:
        return None


def check(case: World, found: ConflictResult) -> int:
    """Everything equals enumeration; how many repairs were not proven least in time."""
    every = Choices(case)
    fixes = corrections(every)
    if frozenset() in fixes:
        assert found.status == "feasible"
        return 0
    assert (found.status, found.complete) == ("infeasible", True)
    check_fixes(every, found.repairs, fixes)
    told = [frozenset(line.entry for line in clash.lines) for clash in found.sets]
    assert sorted(map(sorted, told)) == sorted(map(sorted, conflicts(every)))
    for clash in found.sets:
        assert clash.proof == "PROVED"
        assert clash.minimal
        lines = {(line.entry, line.group) for line in clash.lines}
        assert not every.fits_lines(lines).any()
        assert all(every.fits_lines(lines - {one}).any() for one in lines)
    for repair in found.repairs:
        assert (repair.cents, repair.units) == every.cheapest(repair.fix)
        assert repair.least
    return sum(repair.least_proven is False for repair in found.repairs)


@pytest.mark.parametrize(
    ("seed", "largest"),
    [*seeds([(k, 7) for k in range(10)], 4), *seeds([(k, 12) for k in range(10, 19)], 2)],
)
def test_every_conflict_and_repair_equals_enumeration(
    seed: int, largest: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tnt_sim.analysis.infeasibility.repair_cost.PROOF_SECONDS", 30.0
    )  # however busy the machine
    case = world(seed, largest, least=3 if largest < 12 else 8)
    problem = compiled(case, tmp_path)
    if problem is not None:
        found = find_conflict(problem, Clock(None), max_sets=50, max_repairs=50, max_solves=1000)
        assert check(case, found) == 0


def test_a_group_of_refused_dossiers_keeps_its_bound(tmp_path: Path) -> None:
    """01 holds D1 alone, refused; its department may have none, so taking back the refusal is no repair."""
    row = {"envelope": "root", "written": "Eau", "theme": "Eau", "cents": 10_005, "tenths": 15}
    case = {
        "root": 90_000, "a": 100, "b": 100, "fenced": False,
        "dossiers": [
            {"id": "D1", "department": "01", **row},
            {"id": "D2", "department": "02", **row},
        ],
        "rules": [
            {"id": "r0", "kind": "refuse", "where": "Eau", "some": ["D1", "D2"]},
            {"id": "r1", "kind": "each", "where": "Eau", "some": ["D1", "D2"], "max": 0},
            {"id": "r2", "kind": "floor", "where": "Eau", "some": ["D1", "D2"], "min": 10_005},
        ],
    }  # fmt: skip
    problem = compiled(case, tmp_path)
    assert problem is not None
    found = find_conflict(problem, Clock(None), max_sets=50, max_repairs=50, max_solves=1000)
    assert {repair.fix for repair in found.repairs} == {
        frozenset({"rule:r2"}),
        frozenset({"rule:r1"}),
    }
    assert check(case, found) == 0


TABLE = """dossier,envelope,department,requested,cost,score,committed
1,a,48,600,600,10,
2,a,48,500,500,9,
3,b,01,800,800,8,700
4,b,2A,300,300,7,
"""
SCENARIO = """schema_version: 1
id: petit
date: 2021-11-22
territory: {year: 2021}
programme:
  id: tout
  amount: 2 500 €
  envelopes:
    - {id: a, amount: 500 €, ring_fenced: true}
    - {id: b, amount: 1 000 €}
dossiers: [{file: d.csv}]
rules:
"""


def small(folder: Path, *rules: str) -> ConflictResult:
    (folder / "d.csv").write_text(TABLE, encoding="utf-8")
    text = SCENARIO + "".join(f"  - {{{rule}}}\n" for rule in rules)
    (folder / "petit.yaml").write_text(text + "objective: [{maximise: {score: 1}}]\n", encoding="utf-8")
    return conflict(load_scenario(folder / "petit.yaml"))


def plain(text: str) -> str:
    return as_typed(text)


def test_members_of_a_conflict_are_in_planners_words(tmp_path: Path) -> None:
    found = small(
        tmp_path,
        "id: plancher, kind: limit, measure: granted, where: {department: ['48']}, by: department, min: 450 €",
        "id: non, kind: decide, refuse: ['2'], author: préfet",
    )
    members = [plain(member["words"]) for member in found.document["sets"][0]["members"]]
    assert members == [
        "décision « non » : « 2 » refusé",
        "l'enveloppe « a » n'a que 500 €",
        "la règle « plancher » : au moins 450 € pour Lozère (48)",
    ]
    assert [member["line"] for member in found.document["sets"][0]["members"]] == [14, 9, 13]
    assert [plain(repair["words"]) for repair in found.document["repairs"]] == [
        "revenir sur la décision « non » pour « 2 »",
        "relever l'enveloppe « a » de 100 € (à 600 €), et d'autant, au-dessus d'elle : tout",
        "baisser le minimum de la règle « plancher » pour Lozère (48) de 450 € (à 0 €)",
    ]
    assert found.document["repairs"][0]["set"] == ["rules.non.off=true"]
    assert found.document["repairs"][1]["set"] == [
        "envelopes.a.amount=600 €",
        "programme.amount=2600 €",
    ]
    assert [repair["least_proven"] for repair in found.document["repairs"]] == [None, True, True]


def test_commitments_are_members_and_never_repairs(tmp_path: Path) -> None:
    found = small(
        tmp_path,
        "id: corse, kind: limit, measure: dossiers, where: {department: 2A}, min: 1",
        "id: autre, kind: limit, measure: dossiers, by: envelope, groups: [b], max: 1",
    )
    members = [plain(member["words"]) for member in found.document["sets"][0]["members"]]
    assert "le dossier « 3 » est engagé pour 700 €" in members
    assert {a["kind"] for r in found.document["repairs"] for a in r["actions"]} == {"limit"}
    count = next(r for r in found.document["repairs"] if r["actions"][0]["id"] == "corse")
    assert plain(count["words"]) == (
        "baisser le minimum de la règle « corse » de 1 (à 0) ; le dossier le moins cher qui compterait : "
        "« 4 », 300 €"
    )


def test_a_feasible_scenario_has_no_conflict(tmp_path: Path) -> None:
    found = small(tmp_path, "id: peu, kind: limit, measure: dossiers, max: 3")
    assert (found.status, found.document["sets"], found.document["repairs"]) == ("feasible", [], [])


def written(kind: str, name: str, group: str | None, side: str, bound: str) -> MemberEntry:
    """A member that stands in no file."""
    nowhere: dict[str, Any] = {"title": "", "group_name": None, "table": False, "file": None, "line": None}
    return MemberEntry(
        kind=kind,
        id=name,
        group=group,
        side=side,
        bound=bound,
        bound_cents=None,
        source="",
        without=None,
        **nowhere,
    )


def test_one_line_for_many_groups() -> None:
    groups = [written("limit", "r", f"{k:02d}", "min", "3") for k in range(1, 9)]
    assert [text for _, text in describe_members(groups, Lang.FR)] == [
        "la règle « r » : au moins 3, dans 8 groupes (01, 02, 03, 04, 05 et 3 autres)"
    ]


def test_the_rule_comes_before_the_dossiers_that_are_committed(tmp_path: Path) -> None:
    """A page that shows a few lines shows the rule and the envelope among them, and all dossiers as one line."""
    committed = [written("committed", "committed", f"D{k}", "min", "1") for k in range(40)]
    members = [
        *committed,
        written("envelope", "a", None, "max", "1000"),
        written("limit", "r", None, "min", "3"),
    ]
    one = ClashEntry(members=members, minimal=True, proof=None)
    found = small(tmp_path, "id: tous, kind: limit, measure: dossiers, by: envelope, groups: [a], min: 2")
    nodes = build_first_conflict(replace(found.data, sets=[one], repairs=[]), scenario="x.yaml")
    shown = plain("\n".join(str(line) for line in render_nodes(nodes, Lang.FR, 100)))
    assert (
        shown.index("enveloppe « a »") < shown.index("règle « r »") < shown.index("40 dossiers sont engagés")
    )
    assert "de plus" not in shown


def test_notebook_and_table(tmp_path: Path) -> None:
    found = small(tmp_path, "id: tous, kind: limit, measure: dossiers, by: envelope, groups: [a], min: 2")
    assert found.to_dataframe().filter(set=1)["id"].to_list() == ["a", "tous"]
    report = build_report(load_study("conflict"), found.data)
    assert "« tous »" in render_report_html(report, Lang.FR)
    assert json.loads(found.to_json())["command"] == "conflict"


def test_time_that_runs_out_keeps_members(tmp_path: Path) -> None:
    (tmp_path / "d.csv").write_text(TABLE, encoding="utf-8")
    rule = "  - {id: tous, kind: limit, measure: dossiers, by: envelope, groups: [a], min: 2}\n"
    (tmp_path / "petit.yaml").write_text(SCENARIO + rule, encoding="utf-8")
    problem = compile_problem(load_scenario(tmp_path / "petit.yaml"))
    form = ElasticProblem.of(problem)
    tests = FeasibilityTests(form, Clock(None), budget=1)
    assert tests.decide_satisfiability(form.lines) is Satisfiability.NO
    search = ConflictSearch(tests, 8, 8)
    search.run()
    assert search.conflicts == [frozenset(entry.key for entry in form.entries)]
    assert (search.complete, tests.doubtful, tests.n_solves) == (False, True, 1)


def test_too_many_hitting_sets_are_not_called_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where some were left out, what is found later need not be minimal: the search ends and says so."""
    rule = "id: tous, kind: limit, measure: dossiers, by: envelope, groups: [a], min: 2"
    whole = small(tmp_path, rule)
    assert (whole.complete, len(whole.repairs)) == (True, 2)
    monkeypatch.setattr("tnt_sim.analysis.infeasibility.conflict_search.MOST_HITTING", 1)
    cut = small(tmp_path, rule)
    assert (cut.complete, cut.document["complete"]) == (False, False)
    assert compute_hitting_sets([frozenset("ab"), frozenset("bc")]) is None


def test_what_a_repair_writes_repairs_the_scenario(tmp_path: Path) -> None:
    found = small(
        tmp_path,
        "id: plancher, kind: limit, measure: granted, where: {department: ['48']}, min: 450 €",
        "id: non, kind: decide, refuse: ['2', '4'], author: préfet",
    )
    written = [repair["set"] for repair in found.document["repairs"]]
    assert written[0] == ['rules.non.refuse=["4"]']
    for sets in written:
        again = load_scenario(tmp_path / "petit.yaml", sets)
        assert solve(again, cross_check="never").status is Status.OPTIMAL


RESERVED = """schema_version: 1
id: petit
programme:
  id: p
  amount: 160 €
  envelopes: [{id: a, amount: 100 €, reserve: 10 %}, {id: b, amount: 60 €}]
dossiers: [{file: petit.csv}]
objective: [{maximise: {score: 1}}]
rules: [{id: deux, kind: limit, measure: dossiers, where: {envelope: a}, min: 2}]
"""


def test_a_repair_of_an_envelope_that_keeps_a_reserve_raises_enough(tmp_path: Path) -> None:
    table = "dossier,envelope,requested,score\nA,a,100,100\nB,a,50,45\nC,b,50,45\nD,b,50,48\n"
    (tmp_path / "petit.csv").write_text(table, encoding="utf-8")
    (tmp_path / "petit.yaml").write_text(RESERVED, encoding="utf-8")
    found = conflict(load_scenario(tmp_path / "petit.yaml"))
    repairs = {plain(repair["words"]): repair for repair in found.document["repairs"]}
    raised = repairs["relever l'enveloppe « a » de 66,67 € (à 166,67 €), et d'autant, au-dessus d'elle : p"]
    again = solve(load_scenario(tmp_path / "petit.yaml", raised["set"]), cross_check="never")
    assert again.status is Status.OPTIMAL
    assert raised["objective"][0]["value"] == again.document["objective"][0]["value"] == "193"


def test_what_is_typed_and_what_is_proven() -> None:
    assert (
        format_set_options(['rules.non.refuse=["4"]', "rules.r.min=2"])
        == '--set rules.non.refuse=\'["4"]\' --set rules.r.min="2"'
    )
    proven, unproven = (ClashEntry(members=(), minimal=True, proof=proof) for proof in ("PROVED", None))
    one: Any = SimpleNamespace(status="infeasible", step=None, sets=[proven, unproven])
    assert describe_verdict(one).fr.startswith("Il est démontré")
    one.sets = []
    assert not describe_verdict(one).fr.startswith("Il est démontré")


@pytest.mark.slow
def test_fifty_rules_in_at_most_a_hundred_solves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tnt_sim.analysis.infeasibility.repair_cost.PROOF_SECONDS", 0.1)
    draw = random.Random(5)
    table = ["dossier,lot,theme,requested,cost,score"]
    table += [
        f"D{k},L{k % 25},T{k % 7},{c},{c},{draw.randint(1, 20)}"
        for k in range(60)
        for c in [100 + 37 * (k % 11)]
    ]
    (tmp_path / "d.csv").write_text("\n".join(table) + "\n", encoding="utf-8")
    rules = [f"id: lot{k}, kind: limit, measure: dossiers, where: {{lot: L{k}}}, max: 2" for k in range(25)]
    rules += [
        f"id: part{k}, kind: share, measure: granted, where: {{theme: T{k}}}, max: 60 %" for k in range(7)
    ]
    rules += [f"id: paire{k}, kind: exclusive, dossiers: [D{k}, D{k + 9}], max: 1" for k in range(14)]
    rules += [
        f"id: socle{k}, kind: limit, measure: granted, where: {{theme: T{k}}}, min: 800 €" for k in range(4)
    ]
    text = (
        "schema_version: 1\nid: cinquante\nprogramme: {id: a, amount: 2 600 €}\ndossiers: [{file: d.csv}]\n"
    )
    text += "objective: [{maximise: {score: 1}}]\nrules:\n" + "".join(f"  - {{{rule}}}\n" for rule in rules)
    (tmp_path / "petit.yaml").write_text(text, encoding="utf-8")
    found = conflict(load_scenario(tmp_path / "petit.yaml"))
    assert (len(rules), found.status) == (50, "infeasible")
    assert found.n_solves <= 100
    assert all(clash.minimal and clash.proof == "PROVED" for clash in found.sets)
    assert found.repairs
