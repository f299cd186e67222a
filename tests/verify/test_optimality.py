"""One dossier more: named where it would have been better, never where it adds nothing or breaks a rule."""

from __future__ import annotations

import pytest
from support.run_folders.checked import codes
from support.run_folders.small_runs import Small, changed, forged, project, table

from tnt_sim.engine.result import Proof, ResultData
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.scenario.load import load_scenario
from tnt_sim.verify.allocation_reading import read_allocation
from tnt_sim.verify.claim_consistency import list_improving_dossiers
from tnt_sim.verify.decision_reasons import determine_reasons

SMALL = Small(
    """schema_version: 1
id: rien-de-plus
locale: en
programme: {id: p, amount: 1 000 €}
dossiers: [{file: table.csv}]
rules:
  - {id: vise, kind: limit, measure: dossiers, where: {department: 01}, min: 1, report: true}
  - {id: deux, kind: exclusive, dossiers: [A, D], max: 1}
objective: [{minimise: {shortfall.vise: 1}}, {maximise: {score: 1}}]
""",
    {
        "table.csv": table(
            "dossier,department,requested,score", "A,01,300,5", "B,02,100,0", "C,02,200,3", "D,02,100,4"
        )
    },
)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> ResultData:
    return solve(load_scenario(project(SMALL, tmp_path_factory.mktemp("small"))), cross_check="never")


def said(result: ResultData, **change: int | None) -> tuple[list[str], list[str]]:
    """The dossiers whose reason is that they add nothing, and what is said of the changed allocation."""
    problem, allocation = result.problem, changed(result, change)
    reading = read_allocation(problem, allocation)
    why = determine_reasons(problem, allocation, reading)
    names = problem.case.table["dossier"]
    idle = names.filter((why.code == "crowded_out") & (why.rule == "")).to_list()
    return idle, [defect.text.en for defect in list_improving_dossiers(problem, allocation, reading, why)]


def test_a_dossier_that_adds_nothing_is_not_better(result: ResultData) -> None:
    assert result.allocation is not None
    assert result.allocation.funded.tolist() == [True, False, True, False]
    assert said(result) == (["B"], [])


def test_a_dossier_that_was_left_out_is_named(result: ResultData) -> None:
    idle, found = said(result, C=None)
    assert idle == ["B", "C"]
    assert found == ['the allocation is not optimal: funding "C" too is better.']


def test_an_earlier_goal_goes_first(result: ResultData) -> None:
    """Without A the first goal is missed by one; C adds to the second goal only, A to both."""
    _, found = said(result, A=None)
    assert any('"A"' in text for text in found)
    assert all('"B"' not in text for text in found)


def test_the_check_of_a_run_folder_names_it(result: ResultData) -> None:
    """Whatever supports the claim: two solvers may agree on what one dossier refutes."""
    run = write_run(forged(result, changed(result, {"C": None}), proof=Proof.CROSS_CHECKED))
    assert "optimal" in codes(run)
