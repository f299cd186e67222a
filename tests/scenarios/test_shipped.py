"""The flagship as version 0.1.0 shipped it, and a year of real grants, run to a publishable, verified decision."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from support.flagship import FROZEN
from support.lanes import seeds
from support.paths import ROOT
from support.programs import WANT

from tnt_sim.engine.optimise import OptimiseOptions, optimise
from tnt_sim.engine.result import ResultData, Status
from tnt_sim.engine.solve import solve
from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.problem import compile_problem
from tnt_sim.solve.backends.registry import list_independent_backends

SCENARIOS = ROOT / "scenarios"


@pytest.fixture(scope="module")
def runs() -> dict[int, ResultData]:
    amounts = (88, 90, 98, 108)
    return {
        millions: solve(load_scenario(FROZEN, [f"programme.amount={millions} M€"]), cross_check="never")
        for millions in amounts
    }


@pytest.mark.slow
def test_each_enlargement_buys_more(runs: dict[int, ResultData]) -> None:
    values = [Fraction(run.document["objective"][0]["value"]) for run in runs.values()]
    funded = [run.document["n_funded"] for run in runs.values()]
    assert values == sorted(values)
    assert funded == sorted(funded)
    assert len(set(values)) == len(set(funded)) == 4


def test_every_run_is_optimal_and_canonical(runs: dict[int, ResultData]) -> None:
    for run in runs.values():
        assert run.status is Status.OPTIMAL
        assert run.document["canonical"]
        assert run.document["objective"][0]["gap"] == "0"


def envelope(run: ResultData, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(e for e in run.document["envelopes"] if e["id"] == name)
    return found


def test_published_figures_of_2021(runs: dict[int, ResultData]) -> None:
    """88 = 30 + 24 + 34; 200 filed, 120 eligible, 75 funded in axes 1-2; 2,076 filed; about 400 more."""
    run = runs[88]
    assert [envelope(run, name)["amount_cents"] for name in ("tnt", "axe-1", "axe-2", "axe-3")] == [
        8_800_000_000, 3_000_000_000, 2_400_000_000, 3_400_000_000,
    ]  # fmt: skip
    axes = [envelope(run, "axe-1"), envelope(run, "appels")]
    assert sum(e["n_dossiers"] for e in axes) == 200
    assert sum(e["n_eligible"] for e in axes) == 120
    assert sum(e["n_funded"] for e in axes) == 75
    local = envelope(run, "deconcentre")
    assert (local["n_dossiers"], local["amount_cents"]) == (2076, 2_800_000_000)
    assert local["committed_cents"] == 1_900_000_000
    assert 380 <= local["n_funded"] - 1400 <= 420
    assert envelope(run, "demat-ads")["effective_cents"] == 550_000_000


def test_the_enlargement_goes_where_demand_is(runs: dict[int, ResultData]) -> None:
    """Ten more millions are unassigned: free, and reach the local windows through axis 3."""
    run = runs[98]
    assert envelope(run, "axe-3")["effective_cents"] > 3_400_000_000
    assert envelope(run, "demat-ads")["effective_cents"] == 550_000_000
    assert envelope(run, "deconcentre")["granted_cents"] > 3_700_000_000


def test_the_jury_can_be_switched_off() -> None:
    scenario = load_scenario(FROZEN, ["rules.jury-axes-1-2.off=true"])
    run = solve(scenario, cross_check="never")
    assert sum(envelope(run, name)["n_funded"] for name in ("axe-1", "appels")) > 75
    assert "decided" not in run.dossiers["reason_code"].to_list()


@pytest.mark.parametrize("backend", seeds(["scipy", "pulp:HiGHS"], 1))
def test_other_routes_give_the_same_allocation(runs: dict[int, ResultData], backend: str) -> None:
    scenario = load_scenario(FROZEN)
    again = solve(scenario, backend=backend, cross_check="never")
    assert again.document["allocation_sha256"] == runs[88].document["allocation_sha256"]


def test_core_gives_the_same_allocation(runs: dict[int, ResultData]) -> None:
    scenario = load_scenario(FROZEN)
    again = solve(scenario, method="core", cross_check="never")
    assert again.document["allocation_sha256"] == runs[88].document["allocation_sha256"]


def test_a_second_solver_confirms() -> None:
    second = list_independent_backends()
    if not second:
        pytest.skip(WANT + "a solver beside HiGHS")
    run = solve(load_scenario(FROZEN), method="direct", cross_check=second[0])
    assert run.certificate["cross_check"]["verdict"] == "agrees"
    assert run.document["proof"] == "PROVED"
    assert run.document["publishable"]


@pytest.mark.slow
def test_a_whole_year_of_real_grants() -> None:
    """24,811 real projects: 24,809 usable, at most 23,146 of them within the envelopes."""
    problem = compile_problem(
        load_scenario(SCENARIOS / "detr-dsil-2019.yaml", ["objective=[{maximise: {dossiers: 1}}]"])
    )
    assert (problem.case.n, int(problem.offers.candidate.sum())) == (24_811, 24_809)
    found = optimise(
        problem, OptimiseOptions(prove=False, canonical=False)
    )  # a second goal, or ties, take minutes
    assert found.values[0] == found.bests[0] == 23_146
