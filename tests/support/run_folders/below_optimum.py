"""A run folder whose list is worse than the best, in words that hide it."""

from __future__ import annotations

from pathlib import Path

from support.run_folders.small_runs import Small, changed, forged, project, table
from tnt_sim.engine.result import Proof
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.scenario.load import load_scenario

BELOW = Small(
    "schema_version: 1\nid: dessous\nprogramme: {id: p, amount: 100 €}\ndossiers: [{file: table.csv}]\n"
    "objective: [{maximise: {score: 1}}]\n",
    {"table.csv": table("dossier,requested,score", "1,60,5", "2,50,4", "3,50,4", "4,45,1")},
)


def below_the_optimum(folder: Path) -> Path:
    """A list worth 5 where the best is worth 8, in the words of a run that two solvers confirmed."""
    result = solve(load_scenario(project(BELOW, folder)), cross_check="never")
    worse = changed(result, {"2": None, "3": None, "1": 6000})
    certificate = {
        **result.certificate, "proofs": [None], "cross_check": {"verdict": "agrees"},
        "tie_break": {"least_granted": None, "list": None},
    }  # fmt: skip
    return write_run(forged(result, worse, proof=Proof.CROSS_CHECKED, certificate=certificate))
