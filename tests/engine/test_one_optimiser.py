"""Every solve goes through one loop, every kept value through one rounding, every direction is one `Sense`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.tiny_scenario import tiny

import tnt_sim as tnt
from tnt_sim.engine import optimise
from tnt_sim.engine.optimise import OptimiseOptions
from tnt_sim.engine.result import Proof, Status
from tnt_sim.engine.run_folder.run_access import verify_stored
from tnt_sim.engine.run_folder.writer import write_run
from tnt_sim.engine.solve import solve
from tnt_sim.formulation.linear_model import LinearModel
from tnt_sim.formulation.recovery import Recovery
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.allocation_reading import Allocation

PACKAGE = Path(tnt.__file__).parent


@cache
def parse_package() -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")}


@cache
def callers() -> dict[str, set[str]]:
    """The functions of the package, with their files, by the name of each function or method that they call."""
    found: dict[str, set[str]] = {}
    for path, tree in parse_package().items():
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef):
                for name in calls_of(function):
                    found.setdefault(name, set()).add(
                        f"{path.relative_to(PACKAGE).as_posix()}:{function.name}"
                    )
    return found


def calls_of(function: ast.FunctionDef) -> Iterator[str]:
    for node in ast.walk(function):
        if isinstance(node, ast.Call):
            called = node.func
            yield called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")


def test_one_loop_solves_breaks_ties_cuts_off_and_reads_again() -> None:
    loop = "engine/optimise.py:"
    greedy = "engine/incumbent.py:find_late_allocation"  # a list for when the loop finds none
    assert callers()["without_refused"] == {f"{loop}_find_optimum", greedy}
    assert callers()["_find_optimum"] == {f"{loop}build_outcome"}
    assert callers()["read_again"] == {f"{loop}build_outcome"}
    assert callers()["find_canonical_point"] == {f"{loop}_break_ties"}
    assert callers()["_Optimisation"] == {f"{loop}optimise"}
    # besides the loop, the repairs of an infeasible problem are stages of an elastic model of their own
    elastic = "analysis/infeasibility/repair_cost.py:_solve_form"
    assert callers()["solve_lexicographic"] == {f"{loop}_solve", elastic}


def test_one_place_rounds_a_kept_value() -> None:
    bounds = {
        "analysis/audit/question_limits.py:_build_model",
        "analysis/audit/question_limits.py:_find_least",
        "analysis/uncertainty/draw_bounds.py:compute_optimum_limits",
    }
    assert callers()["round_value"] == {"formulation/formulate.py:with_kept_values", *bounds}


def test_every_direction_is_one_sense() -> None:
    """No other enumeration has its two values, and no module compares a direction with a text."""
    senses = []
    for path, tree in parse_package().items():
        for node in ast.walk(tree):
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


def test_a_session_without_proofs_takes_the_list_of_a_kernel(tmp_path: Path) -> None:
    session = tnt.Session(tiny(tmp_path))
    proven, bare = session.solve(), session.solve(prove=False, canonical=False)
    assert bare.document["method"] == proven.document["method"] == "tree"
    assert (bare.status, bare.proof) == (Status.FEASIBLE, Proof.FEASIBLE_GAP)
    assert bare.document["stopped_by"] is None, "no limit was given"


def test_a_run_whose_last_round_proves_nothing_counts_no_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cut starts the stages again; what was proved before it is not what the run stands on."""
    cut, proved = iter([True]), iter([True])
    real_cut, real_proof = optimise.without_refused, optimise.prove_stages

    def refuse_once(
        problem: Problem, recovery: Recovery, model: LinearModel, held: Allocation
    ) -> LinearModel:
        narrower = real_cut(problem, recovery, model, held)
        row = np.zeros((1, model.n_cols), dtype=np.int64)
        return model.with_rows(row, [0], [0], ["refused"]) if next(cut, False) else narrower

    def prove_once(*given: Any) -> list[Any]:
        return real_proof(*given) if next(proved, False) else [None]

    monkeypatch.setattr(optimise, "without_refused", refuse_once)
    monkeypatch.setattr(optimise, "prove_stages", prove_once)
    found = solve(tiny(tmp_path), cross_check="never")
    assert (found.proof, found.document["proof_rows"]) == (Proof.FEASIBLE_GAP, {"read": 0, "unread": 0})
    assert verify_stored(write_run(found, tmp_path / "runs"), tmp_path).ok
