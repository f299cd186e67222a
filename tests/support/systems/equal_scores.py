"""A decision in which many lists are worth as much, so that the least money and the rank decide."""

from __future__ import annotations

from pathlib import Path

from support.tiny_scenario import tiny
from tnt_sim.engine.result import SolveOutcome
from tnt_sim.engine.solve import solve

TABLE = """dossier,department,applicant_id,population,cost,requested,score
1,01,x,100,1000,600,5
2,01,y,100,1000,500,5
3,01,z,100,1000,500,5
4,01,w,100,1000,500,5
"""
"""Equal scores, of which the money pays two: the first asks for more, and of the others any two will do."""
SCENARIO = """schema_version: 1
id: tiny
programme: {id: tout, amount: 1 100 €}
dossiers: [{file: table.csv}]
objective: [{maximise: {score: 1}}]
"""


def decide(folder: Path) -> SolveOutcome:
    """The decision of the four dossiers."""
    return solve(tiny(folder, SCENARIO, TABLE), cross_check="never")
