"""Every solve goes through one loop, every kept value through one rounding, every direction is one `Sense`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import tnt_sim
from tnt_sim.engine.optimise import OptimiseOptions

PACKAGE = Path(tnt_sim.__file__).parent


def functions_that_call(name: str) -> set[str]:
    """The functions of the package, with their files, that call a function or a method of this name."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef) and name in set(calls_of(function)):
                found.add(f"{path.relative_to(PACKAGE).as_posix()}:{function.name}")
    return found


def calls_of(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            called = node.func
            yield called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def test_one_loop_solves_breaks_ties_cuts_off_and_reads_again() -> None:
    loop = "engine/optimise.py:"
    assert functions_that_call("without_refused") == {f"{loop}_find_optimum"}
    assert functions_that_call("_find_optimum") == {f"{loop}build_outcome"}
    assert functions_that_call("read_again") == {f"{loop}build_outcome"}
    assert functions_that_call("find_canonical_point") == {f"{loop}_break_ties"}
    assert functions_that_call("_Optimisation") == {f"{loop}optimise"}
    # besides the loop, the repairs of an infeasible problem are stages of an elastic model of their own
    elastic = "analysis/infeasibility/repair_cost.py:_solve_form"
    assert functions_that_call("solve_lexicographic") == {f"{loop}_solve", elastic}


def test_one_place_rounds_a_kept_value() -> None:
    assert functions_that_call("round_value") == {"formulation/formulate.py:with_kept_values"}


def test_every_direction_is_one_sense() -> None:
    """No other enumeration has its two values, and no module compares a direction with a text."""
    senses = []
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                values = {
                    item.value.value
                    for item in node.body
                    if isinstance(item, ast.Assign) and isinstance(item.value, ast.Constant)
                }
                if {"maximise", "minimise"} <= values:
                    senses.append(node.name)
            if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq):
                words = {part.value for part in ast.walk(node) if isinstance(part, ast.Constant)}
                assert not words & {"maximise", "minimise"}, (path, ast.unparse(node))
    assert senses == ["Sense"]


def test_a_decision_keeps_no_stage() -> None:
    for wrong in ({"n_stages": 1}, {"least_granted": False}):
        with pytest.raises(ValueError, match="a decision has all stages"):
            OptimiseOptions(with_evidence=True, **wrong)  # type: ignore[arg-type]
