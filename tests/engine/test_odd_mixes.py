"""Rules that meet in ways that a planner seldom writes: what each pair comes to, by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.tiny_scenario import funded, tiny

from tnt_sim.engine.result import Status
from tnt_sim.engine.run_folder.replay import verify_run
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.errors import ScenarioError
from tnt_sim.i18n.message import Lang

TABLE = """dossier,envelope,filed_at,cost,requested,score
1,a,2021-01-01,1000,500,1
2,a,2021-01-02,1000,400,5
3,a,2021-01-03,1000,300,6
4,b,2021-01-04,1000,300,6
"""
HEAD = """schema_version: 1
id: tiny
date: 2021-06-01
dossiers: [{file: table.csv}]
programme: {id: p, amount: 1 000 €, envelopes: [{id: a, amount: 900 €%s}, {id: b, amount: 100 €}]%s}
"""
SCORE = "objective: [{maximise: {score: 1}}]\n"
QUEUE = "{id: file, kind: order, where: {envelope: a}, first_come: filed_at, skip: true%s}"


def test_a_queue_has_no_shortfall(tmp_path: Path) -> None:
    goals = "objective: [{minimise: {shortfall.file: 1}}, {maximise: {score: 1}}]\n"
    with pytest.raises(ScenarioError) as caught:
        solve(tiny(tmp_path, HEAD % ("", "") + f"rules: [{QUEUE % ', report: true'}]\n" + goals, TABLE))
    assert [defect.line(Lang.FR) for defect in caught.value.defects] == [
        "shortfall tiny.yaml:7:41 — « shortfall.file » : une file (`skip: true`) n'a pas d'écart à réduire. "
        "Rendez la règle ferme, ou écrivez `skip: false`."
    ]


@pytest.mark.parametrize("policy", ["free", "own", "pro_rata"])
def test_amounts_under_an_overbooked_node_are_ceilings(policy: str, tmp_path: Path) -> None:
    """a may have 600 € and b 200 €; the 200 € beyond them go nowhere, so that 4 cannot have its 300 €."""
    head = HEAD.replace("900 €", "600 €").replace("100 €", "200 €")
    result = solve(tiny(tmp_path, head % ("", f", overbooked: true, unassigned: {policy}") + SCORE, TABLE))
    assert funded(result) == {"3": 30000}
    effective = {entry["id"]: entry["effective_cents"] for entry in result.document["envelopes"]}
    assert effective == {"p": 100000, "a": 60000, "b": 20000}


def test_a_reserve_that_cannot_be_freed_leaves_the_decision(tmp_path: Path) -> None:
    """720 € in the queue: 1 and not 2. With 900 €, 2 would have its turn, but not beside 1: no list."""
    rules = f"rules: [{QUEUE % ''}, {{id: un, kind: exclusive, dossiers: [1, 2]}}]\n"
    result = solve(tiny(tmp_path, HEAD % (", reserve: 20 %", "") + rules + SCORE, TABLE))
    assert (result.status, funded(result)) == (Status.FEASIBLE, {"1": 50000})
    assert [w.line(Lang.EN) for w in result.warnings if w.code == "reserve-list"] == [
        "reserve-list — the reserve list is not drawn up: a limit stopped the run, or no allocation "
        "satisfies the rules once the "
        'reserves are freed. Raise `time_limit`, or look at the hard rules of the step "reserve".'
    ]
    assert verify_run(write_run(result)).ok
