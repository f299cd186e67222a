"""Drawn small cases as the engine reads them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from support.small_cases import every_amount as brute
from support.small_cases.drawn import load, node_ids
from tnt_sim.errors import ScenarioError
from tnt_sim.scenario.problem import Problem, compile_problem
from tnt_sim.scenario.scenario import ScenarioData


def problem_of(case: dict[str, Any]) -> Problem | None:
    """The case as the engine reads it; None where it is refused before solving."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            return compile_problem(load(case, Path(folder), None))
        except ScenarioError:
            return None


def scenario_of(case: dict[str, Any]) -> ScenarioData:
    with tempfile.TemporaryDirectory() as folder:
        return load(case, Path(folder))


def envelopes(case: dict[str, Any]) -> list[str]:
    tree = case["envelopes"]
    return [name for name in node_ids(tree) if brute.path_to(tree, name)[-1]["amount"] is not None]
