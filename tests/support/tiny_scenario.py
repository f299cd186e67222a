"""A tiny scenario written as text, for tests that say exactly what they need."""

from __future__ import annotations

from pathlib import Path

from tnt_sim.scenario.load import load_scenario
from tnt_sim.scenario.scenario import ScenarioData

TABLE = """dossier,envelope,department,applicant_id,population,cost,requested,score
1,a,01,x,100,1000,600,10
2,a,02,y,200,1000,500,9
3,b,01,z,300,2000,800,8
4,b,2A,w,400,900,400,7
"""

HEAD = """schema_version: 1
id: tiny
programme:
  id: tout
  amount: 1 500 €
  envelopes:
    - {id: a, amount: 900 €}
    - {id: b, amount: 600 €}
dossiers: [{file: table.csv}]
objective: [{maximise: {score: 1}}]
"""


def tiny(folder: Path, scenario: str = HEAD, table: str = TABLE) -> ScenarioData:
    """The scenario of two texts, written into a folder."""
    (folder / "table.csv").write_text(table, encoding="utf-8")
    (folder / "tiny.yaml").write_text(scenario, encoding="utf-8")
    return load_scenario(folder / "tiny.yaml")


def with_committed(dossier: str, euros: int, table: str = TABLE) -> str:
    """The table with a column `committed`, filled for one dossier."""
    head, *rows = table.strip().split("\n")
    filled = [f"{row},{euros if row.split(',')[0] == dossier else ''}" for row in rows]
    return "\n".join([f"{head},committed", *filled]) + "\n"


def funded(result: object) -> dict[str, int]:
    """Dossier → cents of a result."""
    table = result.dossiers.filter(result.dossiers["funded"])  # type: ignore[attr-defined]
    return dict(zip(table["dossier"].to_list(), table["granted_cents"].to_list(), strict=True))
