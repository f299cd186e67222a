"""Tried as a forger would: a sample of `benchmarks/forge.py` with hashes made to fit, and the flagship (row 2)."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from support.benchmarks import benchmark
from support.lanes import share
from support.paths import ROOT
from support.run_folders.small_runs import forged

from tnt_sim.cli.main import main
from tnt_sim.engine.result import Proof, ResultData
from tnt_sim.engine.run_folder.replay import verify_run
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.scenario.load import load_scenario
from tnt_sim.verify.allocation_reading import Allocation, list_broken_rules, read_allocation

forge = benchmark("forge")


@pytest.mark.drawn
def test_nothing_false_is_shown_and_no_traceback_comes(tmp_path: Path) -> None:
    n = share(60)
    outcomes = forge.forgeries(forge.workshop(tmp_path), n)
    assert [one for one in outcomes if one.wrong] == []
    assert len(outcomes) == n
    kinds = Counter(one.kind for one in outcomes)
    if n == 60:
        assert {kind.__name__ for kind in forge.OWN} - set(kinds) == set()
    assert sum(one.said == "refused" for one in outcomes) > share(35)


@pytest.mark.slow
def test_a_list_of_the_flagship_below_the_optimum(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The best of the uncommitted dossiers dropped, refilled with the worst, under « two solvers agree »."""
    shutil.copytree(ROOT / "tests" / "support" / "data" / "tnt-2021-3206", tmp_path / "flagship")
    result = solve(load_scenario(tmp_path / "flagship" / "scenario.yaml"), cross_check="never")
    run = write_run(forged(result, refilled(result), proof=Proof.CROSS_CHECKED, certificate={
        **result.certificate, "proofs": [None] * len(result.problem.stages),
        "cross_check": {"verdict": "agrees"}, "tie_break": {"least_granted": None, "list": None},
    }))  # fmt: skip
    found = verify_run(run)
    assert found.ok, found.defects
    assert (found.rules.standing.value, found.optimal.standing.value) == ("shown", "claimed")
    assert main(["verify", str(run)]) == 0
    assert "✔" not in capsys.readouterr().out
    assert main(["verify", str(run), "--require-proof", "--quiet"]) == 5
    assert main(["sign", str(run), "--as", "liste-1", "--quiet"]) == 2
    assert main(["export", str(run), "--format", "arrete", "--quiet"]) == 2
    page = tmp_path / "page.html"
    assert main(["report", str(run), "--no-explain", "--out", str(page), "--quiet"]) == 0
    text = page.read_text(encoding="utf-8")
    assert "rien ne le démontre ici" in text
    assert "Confirmé par un second solveur" not in text
    capsys.readouterr()
    assert main(["verify", str(run), "--solve", "--json", "--lang", "en"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert "gives a better allocation" in document["defects"][0]["message"]


def refilled(result: ResultData) -> Allocation:
    """The 60 best of those newly funded out, and of the others as many in, the worst first, as rules allow."""
    assert result.allocation is not None
    problem = result.problem
    funded, granted = result.allocation.funded.copy(), result.allocation.granted_cents.copy()
    worth = problem.stages[0].terms.per_funded
    free = np.flatnonzero(funded & ~problem.offers.committed)
    out = free[np.argsort(-worth[free], kind="stable")][:60]
    funded[out], granted[out] = False, 0
    waiting = np.flatnonzero(problem.offers.candidate & ~funded)
    waiting = waiting[~np.isin(waiting, out)]
    order = waiting[np.argsort(worth[waiting], kind="stable")]
    for row in [*order[:200].tolist(), *out[::-1].tolist()]:
        trial, cents = funded.copy(), granted.copy()
        trial[row], cents[row] = True, problem.offers.least_cents[row]
        more = Allocation(trial, cents)
        if not list_broken_rules(problem, more, read_allocation(problem, more)):
            funded, granted = trial, cents
    return Allocation(funded, granted)
