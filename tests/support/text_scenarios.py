"""Scenarios of a few dossiers, written as texts in the test that needs them.

`programme(…)` writes the envelopes, `answer(…)` gives dossier → cents. Each test of the catalogue runs an instance
without a rule of domain.md §3 and with it, and states both answers as computed by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tnt_sim.engine.result import ResultData, Status
from tnt_sim.engine.solve import solve
from tnt_sim.scenario.load import load_scenario

BEST_SCORE = "objective: [{maximise: {score: 1}}]\n"


def run(folder: Path, table: str, body: str, files: Mapping[str, str] | None = None) -> ResultData:
    """Solve a scenario of texts; the programme, rules… are `body`; the goal is the score unless it says so."""
    for name, text in (files or {}).items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "table.csv").write_text(table, encoding="utf-8")
    goal = "" if "objective:" in body else BEST_SCORE
    source = "" if "dossiers: [{file" in body else "dossiers: [{file: table.csv}]\n"
    text = f"schema_version: 1\nid: petit\n{source}{body}\n{goal}"
    if body.startswith("extends:"):
        text = body
    (folder / "petit.yaml").write_text(text, encoding="utf-8")
    result = solve(load_scenario(folder / "petit.yaml"), cross_check="never")
    assert result.status is Status.OPTIMAL
    assert all(goal["gap"] == "0" for goal in result.document["objective"])
    return result


def awards(result: ResultData) -> dict[str, int]:
    """Dossier → cents of what is funded, committed included."""
    table = result.dossiers.filter(result.dossiers["funded"])
    return dict(zip(table["dossier"].to_list(), table["granted_cents"].to_list(), strict=True))


def answer(folder: Path, table: str, body: str, files: Mapping[str, str] | None = None) -> dict[str, int]:
    """Dossier → cents of the decision."""
    return awards(run(folder, table, body, files))


def reason_codes(result: ResultData) -> dict[str, str]:
    """Dossier → why it is funded or not."""
    table = result.dossiers
    return dict(zip(table["dossier"].to_list(), table["reason_code"].to_list(), strict=True))


def rule_of(result: ResultData, name: str) -> dict[str, Any]:
    """The figures of one rule."""
    found: dict[str, Any] = next(rule for rule in result.document["rules"] if rule["id"] == name)
    return found


def envelope_of(result: ResultData, name: str) -> dict[str, Any]:
    """The figures of one envelope."""
    found: dict[str, Any] = next(e for e in result.document["envelopes"] if e["id"] == name)
    return found


def total(amount: str) -> str:
    """A programme of one envelope."""
    return f"programme: {{id: tnt, amount: {amount}}}\n"
