"""Where no goal is better for a higher amount, the lowest are granted, and a warning says why."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.tiny_scenario import tiny

from tnt_sim.engine.solve import solve
from tnt_sim.scenario.problem import compile_problem

HEAD = """schema_version: 1
id: t
programme: {id: p, amount: 1000 €}
dossiers: [{file: table.csv}]
territory: {year: 2021}
reference: table.csv
grants: [GRANT]
measures: {fixe: {sum: [{column: score}, {value: 5}]}, mixte: {sum: [{column: score}, {column: granted}]}}
rules:
  - {id: plafond, kind: limit, measure: granted, max: 100 €, report: true}
  - {id: plancher, kind: limit, measure: granted, min: 900 €, report: true}
  - {id: nombre, kind: limit, measure: dossiers, min: 3, report: true}
objective: [GOALS]
"""
TABLE = """dossier,requested,cost,score,department,population,applicant_id,commune,granted
A,800,1000,5,01,100,01001,01001,10
B,800,1000,3,48,200,48095,48095,
"""
LEVELS = "{mode: levels, levels: [20 %, 50 %, 80 %]}"
BETTERED = ("{maximise: {granted: 1}}", "{maximise: {mixte: 1}}", "{maximise: {score: 1, granted: 0.001}}",
            "{maximise: {smallest: {measure: granted, by: department}}}", "{minimise: {leverage: 1}}",
            "{minimise: {shortfall.plancher: 1}}", "{maximise: {score: 1}}, {maximise: {granted: 1}}")  # fmt: skip
SUMS = (
    "score",
    "dossiers",
    "projects",
    "applicants",
    "population",
    "inhabitants",
    "cost",
    "base",
    "requested",
    "fixe",
)
NOT_BETTERED = (
    *(f"{{maximise: {{{name}: 1}}}}" for name in (*SUMS, "leverage", "changed")),
    "{minimise: {granted: 1}}", "{minimise: {changed: 1}}", "{minimise: {shortfall.plafond: 1}}",
    "{minimise: {shortfall.nombre: 1}}", "{maximise: {smallest: {measure: dossiers, by: department}}}",
    "{maximise: {score: 1}}, {maximise: {dossiers: 1}}",
)  # fmt: skip


def warned(folder: Path, goals: str, grant: str = LEVELS) -> list[str]:
    text = HEAD.replace("GOALS", goals).replace("GRANT", grant)
    problem = compile_problem(tiny(folder, text, TABLE))
    return [str(w.hint.en if w.hint else "") for w in problem.warnings if w.code == "lowest-amounts"]


@pytest.mark.parametrize("goals", NOT_BETTERED)
@pytest.mark.parametrize("grant", [LEVELS, "{mode: range, min_rate: 20 %}"])
def test_it_is_said_for_every_goal_that_a_higher_amount_cannot_better(
    tmp_path: Path, goals: str, grant: str
) -> None:
    assert len(warned(tmp_path, goals, grant)) == 1


@pytest.mark.parametrize("goals", BETTERED)
def test_it_is_not_said_otherwise(tmp_path: Path, goals: str) -> None:
    assert not warned(tmp_path, goals)
    assert not warned(tmp_path, NOT_BETTERED[0], "{mode: all_or_nothing}")


@pytest.mark.parametrize("goals", ["{maximise: {score: 1}}", "{maximise: {leverage: 1}}"])
def test_the_line_that_it_names_changes_the_amounts(tmp_path: Path, goals: str) -> None:
    (hint,) = warned(tmp_path, goals)
    line = "{maximise: {granted: 1}}"
    assert f"`- {line}`" in hint
    added = [goals, line] if hint.endswith("stage 2.") else [line, goals]
    text = HEAD.replace("GRANT", LEVELS)
    low = solve(tiny(tmp_path, text.replace("GOALS", goals), TABLE)).document["granted_cents"]
    high = solve(tiny(tmp_path, text.replace("GOALS", ", ".join(added)), TABLE)).document["granted_cents"]
    assert (low, high) == (400_00, 1000_00)
