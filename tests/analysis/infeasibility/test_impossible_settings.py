"""Settings that are impossible before any solve: repairs against enumeration, and each repair solved."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from support.analysis_cases.clashing_rules import Choices, check_fixes, corrections, world, write
from support.analysis_cases.impossible_settings import NAMES, check_repairs, draw_setting, write_scenario
from support.lanes import seeds
from support.tiny_scenario import HEAD, TABLE, tiny, with_committed

from tnt_sim.analysis.infeasibility import written_clashes
from tnt_sim.analysis.infeasibility.minimal_conflicts import conflict
from tnt_sim.analysis.infeasibility.repair_cost import optimise_repaired
from tnt_sim.analysis.infeasibility.written_clashes import find_written_repairs
from tnt_sim.analysis.shared.progress import StudyProgress
from tnt_sim.deadline import UNLIMITED
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.result import SolveOutcome, Status
from tnt_sim.engine.solve import solve
from tnt_sim.errors import InfeasibleScenarioError, ScenarioError
from tnt_sim.reporting.reports.infeasibility import describe_what_stands, format_set_options
from tnt_sim.scenario.load import with_sets
from tnt_sim.scenario.problem import Problem, compile_problem

SMALL_FIRST = sorted(NAMES, key=lambda name: name == "demo")


def is_impossible(scenario: object) -> bool:
    """Whether a check before the solve refuses the scenario as impossible."""
    try:
        compile_problem(scenario)  # type: ignore[arg-type]
    except InfeasibleScenarioError:
        return True
    return False


@pytest.mark.parametrize(("name", "seed"), seeds([(name, k) for name in SMALL_FIRST for k in range(4)], 8))
def test_each_repair_leads_to_its_optimum(name: str, seed: int, tmp_path: Path) -> None:
    scenario = with_sets(write_scenario(name, tmp_path), draw_setting(name, seed))
    found = conflict(scenario)
    if found.status == "infeasible":
        assert found.document["repairs"]
        check_repairs(scenario, found)
    else:
        assert not is_impossible(scenario)


@pytest.mark.parametrize("seed", seeds(list(range(8)), 8))
def test_repairs_before_a_solve_equal_enumeration(seed: int, tmp_path: Path) -> None:
    """Worlds that a check refuses: the same minimal repairs and the same least euros as by enumeration."""
    case = world(seed)
    scenario = write(case, tmp_path)
    if not is_impossible(scenario):
        return
    found = conflict(scenario, max_sets=50, max_repairs=50, max_solves=1000)
    check_repairs(scenario, found)
    if found.written_sets:
        return
    every = Choices(case)
    fixes = corrections(every)
    check_fixes(every, found.repairs, fixes)
    assert all((repair.cents, repair.units) == every.cheapest(repair.fix) for repair in found.repairs)


def test_parts_above_their_envelope_are_named_by_their_titles(tmp_path: Path) -> None:
    text = HEAD.replace("{id: a, amount: 900 €}", "{id: a, title: Les routes, amount: 1000.01 €}")
    found = conflict(tiny(tmp_path, text))
    told = [(one["price"], one["set"]) for one in _prices(found.document["repairs"])]
    assert told == [
        (0, ["programme.overbooked=true"]),
        (10_001, ["programme.amount=1600.01 €"]),
        (10_001, ["envelopes.a.amount=900 €"]),
        (10_001, ["envelopes.b.amount=499.99 €"]),
        (10_001, ["envelopes.a.amount=937.50 €", "envelopes.b.amount=562.50 €"]),
    ]
    words = "\n".join(member["words"] for member in found.document["sets"][0]["members"])
    assert "Les routes" in words
    assert "« a »" not in words


BY_GROUP = """schema_version: 1
id: parts
programme: {id: tout, amount: 200 €}
dossiers: [{file: table.csv}]
objective: [{maximise: {score: 1}}]
rules:
  - {id: jury, kind: decide, fund: [FUND]}
  - {id: part, title: Part x, kind: share, measure: granted, where: {theme: x}, by: department, min: 50 %}
"""
SHARED = """dossier,theme,department,cost,requested,score
D1,x,01,100,20,5
D2,y,01,100,80,5
D3,x,02,100,10,5
D4,y,02,100,90,5
"""


@pytest.mark.parametrize(
    ("funded", "line"), [("D4", "rules.part.min=10 %"), ("D2, D4", "rules.part.min=10 %")]
)
def test_a_minimum_share_by_group_is_lowered_for_all_groups(tmp_path: Path, funded: str, line: str) -> None:
    """The line eases each group, so the sentence says so: a share has no amount that could be 0."""
    found = conflict(tiny(tmp_path, BY_GROUP.replace("FUND", funded), SHARED))
    check_repairs(found.scenario, found)
    (eased,) = [one for one in found.document["repairs"] if one["set"] == [line]]
    assert "la règle « Part x » pour tous ses groupes" in eased["words"]


CAPPED = """schema_version: 1
id: plafonds
programme: {id: tout, amount: 190 €}
dossiers: [{file: table.csv}]
objective: [{maximise: {score: 1}}]
caps: [{id: etat, max: 80 %, of: cost}, {id: tous, max: 90 %, of: cost}]
rules:
  - {id: jury, kind: decide, fund: [D1, D2]}
"""
PROJECTS = """dossier,project,cost,requested,score
D1,P,100,60,5
D2,P,100,40,5
D3,Q,100,85,9
D4,R,100,50,8
"""


@pytest.mark.parametrize(
    "waived", ["", "waivers: [{of: etat, where: {dossier: [D3]}, reason: toit, author: préfet}]\n"]
)
def test_a_cap_is_waived_beside_the_waivers_that_are_written(tmp_path: Path, waived: str) -> None:
    """Two caps are in one line, and the waiver of D3 stays."""
    found = conflict(tiny(tmp_path, CAPPED + waived, PROJECTS))
    check_repairs(found.scenario, found)
    (line,) = [one["set"][0] for one in found.document["repairs"] if "waivers" in str(one["set"])]
    waivers = json.loads(line.removeprefix("waivers="))
    assert [one["where"]["dossier"] for one in waivers] == [["D3"]] * bool(waived) + [["D1", "D2"]] * 2
    again = solve(with_sets(found.scenario, [line]), cross_check="never")
    assert again.status is Status.OPTIMAL


def test_waivers_that_are_written_stay_in_a_step_too(tmp_path: Path) -> None:
    waived = "waivers: [{of: etat, where: {dossier: [D3]}, reason: toit de l'école, author: préfet}]\n"
    steps = "steps: [{id: un, set: {rules.jury.off: true, programme.amount: 10 €}}, {id: deux}]\n"
    found = conflict(tiny(tmp_path, CAPPED + waived + steps, PROJECTS))
    (line,) = [one["set"][0] for one in found.document["repairs"] if "waivers" in str(one["set"])]
    waivers = json.loads(line.removeprefix("waivers="))
    assert [one["where"]["dossier"] for one in waivers] == [["D3"], ["D1", "D2"], ["D1", "D2"]]
    assert waivers[0]["reason"] == "toit de l'école"


def test_typed_repairs_are_read_by_a_shell_as_they_are_written() -> None:
    sets = ['waivers=[{"reason": "toit de l\'école"}]', "rules.jury.fund=[L'E-01]", "programme.amount=$ 5"]
    assert shlex.split(format_set_options(sets))[1::2] == sets


def test_what_was_solved_before_time_ran_out_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second change is solved when time runs out; a third, as dear, is not."""
    text = HEAD.replace("{id: a, amount: 900 €}", "{id: a, title: Les routes, amount: 1000.01 €}")
    problem = compile_problem(tiny(tmp_path, text), keeps_clashes=True)
    solved: list[Problem] = []

    def solve_within(changed: Problem, clock: Clock) -> SolveOutcome | None:
        solved.append(changed)
        return optimise_repaired(changed, Clock(60))

    class EndsAfterTwo:
        @property
        def expired(self) -> bool:
            return len(solved) == 2

    monkeypatch.setattr(written_clashes, "optimise_repaired", solve_within)
    clock = cast(Clock, SimpleNamespace(deadline=EndsAfterTwo()))
    course = StudyProgress(UNLIMITED, "solves")
    found, is_whole, n = find_written_repairs(problem, clock, 8, lambda changed: [], course=course)
    assert [list(one.set or ()) for one in found] == [
        ["programme.overbooked=true"],
        ["programme.amount=1600.01 €"],
    ]
    assert (is_whole, n) == (False, 2)


def test_ctrl_c_ends_the_search_with_what_was_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = HEAD.replace("{id: a, amount: 900 €}", "{id: a, title: Les routes, amount: 1000.01 €}")
    solved: list[Problem] = []

    def solve_two(changed: Problem, clock: Clock) -> SolveOutcome | None:
        if len(solved) == 2:
            raise KeyboardInterrupt
        solved.append(changed)
        return optimise_repaired(changed, Clock(60))

    monkeypatch.setattr(written_clashes, "optimise_repaired", solve_two)
    found = conflict(tiny(tmp_path, text))
    assert (found.document["stopped_by"], len(found.document["repairs"])) == ("interrupt", 2)
    assert not found.document["complete"]


def _prices(repairs: list[dict[str, object]]) -> list[dict[str, object]]:
    return [{**one, "price": one["cents"] or one["change_cents"]} for one in repairs]


def test_commitments_above_an_envelope_raise_the_right_one_by_the_right_amount(tmp_path: Path) -> None:
    found = conflict(tiny(tmp_path, HEAD, with_committed("1", 1000)))
    first = found.document["repairs"][0]
    assert (first["cents"], first["set"]) == (
        10_000,
        ["envelopes.a.amount=1000 €", "programme.amount=1600 €"],
    )
    kinds = {member["kind"] for member in found.document["sets"][0]["members"]}
    assert kinds == {"committed", "envelope"}


AIDED = """schema_version: 1
id: loi
programme: {id: tout, title: Le programme, amount: 500 €}
dossiers: [{file: table.csv}]
objective: [{maximise: {score: 1}}]
grants: [{mode: range, min: 1 €}]
"""
AID = """dossier,project,cost,requested,other_public,score
1,P,100,80,40,5
2,P,100,30,40,4
3,Q,200,50,,3
"""
LAW = {
    "a minimum": (
        "{id: r, title: Au moins, kind: limit, measure: granted, min: 130 €}",
        ["rules.r.min=110 €"],
    ),
    "two decisions": (
        "{id: r, title: Jury, kind: decide, fund: ['1', '2'], amounts: {'1': 50 €, '2': 10.01 €}}",
        None,
    ),
    "an amount": (
        "{id: r, title: Jury, kind: decide, fund: ['1'], amounts: {'1': 75 €}}",
        ["rules.r.amounts=null"],
    ),
    "one amount of two": (
        "{id: r, title: Jury, kind: decide, fund: ['1'], amounts: {'1': 75 €, '3': 20 €}}",
        ['rules.r.amounts={"1": null}'],
    ),
}


@pytest.mark.parametrize("name", LAW)
def test_the_law_is_named_as_what_no_repair_lifts(name: str, tmp_path: Path) -> None:
    """80 € and 30 € beside 40 € of others exceed the cost of 100 €."""
    rule, line = LAW[name]
    found = conflict(tiny(tmp_path, f"{AIDED}rules: [{rule}]\n", AID))
    kinds = {member["kind"] for one in found.document["sets"] for member in one["members"]}
    assert "law" in kinds
    assert describe_what_stands(found.data.sets)
    assert "public-aid-100" not in str(found.document["sets"][0]["words"])
    lines = [one["set"] for one in found.document["repairs"]]
    assert lines
    assert line is None or line in lines
    assert not any("waivers" in str(one) for one in lines)
    check_repairs(found.scenario, found)


def test_the_law_is_not_named_where_it_takes_no_part(tmp_path: Path) -> None:
    rule = "{id: r, title: Au moins, kind: limit, measure: granted, min: 490 €}"
    found = conflict(tiny(tmp_path, f"{AIDED}rules: [{rule}]\n", AID))
    assert found.status == "infeasible"
    assert all(member["kind"] != "law" for one in found.document["sets"] for member in one["members"])


def test_money_in_a_part_and_in_its_whole_is_counted_once(tmp_path: Path) -> None:
    """Both parts stand apart and are committed; 100 € more in one of them is 100 € more in the programme."""
    text = HEAD.replace("900 €}", "900 €, ring_fenced: true}").replace("600 €}", "600 €, ring_fenced: true}")
    head, *rows = TABLE.strip().split("\n")
    committed = {"1": "1000", "3": "600"}
    table = [f"{head},committed", *(f"{row},{committed.get(row[0], '')}" for row in rows)]
    (repair,) = conflict(tiny(tmp_path, text, "\n".join(table))).document["repairs"]
    assert (repair["cents"], repair["n_rules"]) == (10_000, 1)
    assert repair["set"] == ["envelopes.a.amount=1000 €", "programme.amount=1600 €"]
    assert repair["least_proven"]


def test_two_bounds_may_give_way_for_less_than_one(tmp_path: Path) -> None:
    """800 € fund 400 € and 500 € in no way; 900 € with a minimum of 900 € add 100 € + 10 €, one alone more."""
    text = """schema_version: 1
id: deux
programme: {id: tout, title: Le programme, amount: 800 €}
dossiers: [{file: table.csv}]
objective: [{maximise: {score: 1}}]
rules: [{id: r, title: Au moins, kind: limit, measure: granted, min: 910 €}]
"""
    table = "dossier,cost,requested,score\n1,400,400,5\n2,500,500,5\n3,1500,1500,5\n"
    repairs = conflict(tiny(tmp_path, text, table)).document["repairs"]
    assert [(one["cents"], one["set"]) for one in repairs] == [
        (11_000, ["programme.amount=900 €", "rules.r.min=900 €"]),
        (41_000, ["rules.r.min=500 €"]),
        (70_000, ["programme.amount=1500 €"]),
    ]


def test_a_decision_on_a_dossier_that_may_not_be_funded_is_taken_back(tmp_path: Path) -> None:
    text = HEAD + "eligibility:\n  - {id: petit, where: {dossier: '1'}, require: {population: {below: 50}}}\n"
    found = conflict(tiny(tmp_path, text + "rules:\n  - {id: oui, kind: decide, fund: ['1']}\n", TABLE))
    assert [one["set"] for one in found.document["repairs"]] == [["rules.oui.off=true"]]


def test_a_mistake_is_still_an_error(tmp_path: Path) -> None:
    text = HEAD + "rules:\n  - {id: oui, kind: decide, fund: ['99']}\n"
    with pytest.raises(ScenarioError, match="unknown-dossier"):
        conflict(tiny(tmp_path, text.replace("{id: b, amount: 600 €}", "{id: b, amount: 700 €}")))


STEPS = """steps:
  - {id: un, date: 2021-01-31FIRST}
  - {id: deux, date: 2021-03-01SECOND}
"""
MINIMUM = "rules: [{id: n, title: Au moins, kind: limit, measure: granted, min: AMOUNT}]\n"
IN_STEPS = {
    "amount of the first step": (
        MINIMUM.replace("AMOUNT", "1400 €"),
        "programme.amount: 1000 €, envelopes.a.amount: 600 €, envelopes.b.amount: 400 €",
        "",
        [["rules.n.min=1000 €"]],
    ),
    "minimum of the second step": (
        MINIMUM.replace("AMOUNT", "600 €"),
        "",
        "rules.n.min: 1900 €",
        [
            ['steps.deux.set={"programme.amount": "1700 €", "rules.n.min": "1500 €"}'],
            ["programme.amount=2300 €"],
            ['steps.deux.set={"rules.n.min": "1000 €"}'],
        ],
    ),
    "parts of the first step": (
        "",
        "envelopes.a.amount: 1000 €",
        "",
        [
            ["programme.overbooked=true"],
            ["programme.amount=1600 €"],
            ['steps.un.set={"envelopes.a.amount": "900 €"}'],
            ["envelopes.b.amount=500 €"],
            ['steps.un.set={"envelopes.a.amount": "937.50 €", "envelopes.b.amount": "562.50 €"}'],
        ],
    ),
}


@pytest.mark.parametrize("name", IN_STEPS)
def test_a_repair_of_a_step_is_written_where_the_step_reads_it(name: str, tmp_path: Path) -> None:
    """A value that a step sets hides that of the scenario; a change that fails a later step is no repair."""
    rules, first, second, lines = IN_STEPS[name]
    steps = STEPS
    for place, changes in (("FIRST", first), ("SECOND", second)):
        steps = steps.replace(place, f", set: {{{changes}}}" if changes else "")
    scenario = tiny(tmp_path, HEAD + rules + steps)
    found = conflict(scenario)
    assert [one["set"] for one in found.document["repairs"]] == lines
    for texts in lines:
        assert solve(with_sets(scenario, texts), cross_check="never").status is Status.OPTIMAL


def test_a_typed_change_of_a_step_stays_beside_its_repair(tmp_path: Path) -> None:
    """A second text of one path replaces the first, so the line of the repair repeats what was typed."""
    steps = STEPS.replace("FIRST", "").replace("SECOND", "")
    scenario = tiny(tmp_path, HEAD + MINIMUM.replace("AMOUNT", "600 €") + steps)
    typed = with_sets(scenario, ["steps.deux.set={rules.n.min: 1900 €, envelopes.a.amount: 899 €}"])
    texts = [one["set"][0] for one in conflict(typed).document["repairs"] if "steps" in one["set"][0]]
    text = texts[-1]
    assert json.loads(text.removeprefix("steps.deux.set=")) == {
        "rules.n.min": "1000 €",
        "envelopes.a.amount": "899 €",
    }
    assert solve(with_sets(typed, [text]), cross_check="never").status is Status.OPTIMAL
