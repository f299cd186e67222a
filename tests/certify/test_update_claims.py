"""Claims carried to other amounts and goals are those written anew, and only what changed is compared again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.tiny_scenario import HEAD, tiny

from tnt_sim.certify.claim_systems import (
    ENVELOPES_PLACE,
    FORCED_PLACE,
    Claims,
    build_claims,
    update_claims,
)
from tnt_sim.certify.rule_rows import compare_readings
from tnt_sim.engine.session import derive_by_amounts, derive_by_goals
from tnt_sim.scenario.load import with_changes
from tnt_sim.scenario.problem import Problem, compile_problem

RULES = "rules: [{id: r, kind: limit, measure: dossiers, max: 2}]\n"
CEILINGS = HEAD.replace("  amount: 1 500 €\n", "  amount: 1 500 €\n  overbooked: true\n") + RULES
"""Amounts of the envelopes are ceilings, so that no money moves between them."""
AMOUNTS: list[dict[str, Any]] = [
    {"programme.amount": "1 000.07 €"},
    {"envelopes.a.amount": "1 100 €", "envelopes.b.amount": "0.50 €"},
]
GOALS: list[dict[str, Any]] = [
    {"objective": [{"maximise": {"score": 2.5, "requested": 0.01}}]},
    {"objective": [{"maximise": {"score": 1}}, {"maximise": {"dossiers": 1}}]},
]


def assert_equal_claims(moved: Claims | None, fresh: Claims) -> None:
    """Rows, columns and goals are the same."""
    assert moved is not None
    for name in ("row", "col", "value", "upper", "names"):
        assert np.array_equal(getattr(moved.system.rows, name), getattr(fresh.system.rows, name)), name
    assert np.array_equal(moved.system.high, fresh.system.high)
    assert [(w.first, w.last) for w in moved.written] == [(w.first, w.last) for w in fresh.written]
    for goal, other in zip(moved.goals, fresh.goals, strict=True):
        assert goal.coefficient.tolist() == other.coefficient.tolist()
        for name in ("name", "constant", "scale", "sign", "tolerance"):
            assert getattr(goal, name) == getattr(other, name), name


def derive(problem: Problem, changes: dict[str, Any]) -> Problem:
    """The problem with other amounts or goals, and the rest of it as it is."""
    changed = with_changes(problem.scenario, changes)
    derived = derive_by_amounts(problem, changed) or derive_by_goals(problem, changed)
    assert derived is not None
    return derived


@pytest.mark.parametrize("changes", [*AMOUNTS, *GOALS], ids=str)
def test_claims_moved_to_a_change_are_those_written_anew(tmp_path: Path, changes: dict[str, Any]) -> None:
    problem = compile_problem(tiny(tmp_path, CEILINGS))
    derived = derive(problem, changes)
    claims, fresh = build_claims(problem), build_claims(derived)
    assert compare_readings(problem, claims).holds
    moved = update_claims(claims, derived)
    assert_equal_claims(moved, fresh)
    assert moved is not None
    assert compare_readings(derived, moved) == compare_readings(derived, fresh)
    # claims that were not written from a problem have nothing that could be the same
    foreign = update_claims(replace(claims, problem=None), derived)
    assert_equal_claims(foreign, fresh)
    assert update_claims(build_claims(problem), problem) is not None


def test_only_what_has_changed_is_compared_again(tmp_path: Path) -> None:
    problem = compile_problem(tiny(tmp_path, CEILINGS))
    claims = build_claims(problem)
    compare_readings(problem, claims)
    whole = set(claims.compared)
    assert whole == {FORCED_PLACE, *range(len(claims.written))}
    assert set(claims.matched) == {ENVELOPES_PLACE}
    undecided = replace(problem, decided=replace(problem.decided))
    for derived, left in (
        (derive(problem, AMOUNTS[0]), whole - {ENVELOPES_PLACE}),
        (derive(problem, GOALS[0]), whole),
        (undecided, whole - {FORCED_PLACE}),
    ):
        moved = update_claims(claims, derived)
        assert moved is not None
        assert set(moved.compared) == left
        assert set(moved.matched) == {ENVELOPES_PLACE}
        assert moved.problem is derived


def test_bounds_of_other_amounts_are_compared_to_the_cent_without_the_entries(tmp_path: Path) -> None:
    """Grants are multiples of 100 €, in the second envelope of 400 €: 7 cents above one are spare, 8 are not."""
    problem = compile_problem(tiny(tmp_path, CEILINGS))
    claims = build_claims(problem)
    compare_readings(problem, claims)
    amounts = {
        "programme.amount": "1 000.07 €",
        "envelopes.a.amount": "900.07 €",
        "envelopes.b.amount": "800.07 €",
    }
    derived = derive(problem, amounts)
    for place, name in enumerate(("envelope:tout:max", "envelope:a:max", "envelope:b:max")):
        for step, narrow in ((-8, (name,)), (-7, ()), (0, ()), (1, ())):
            moved = update_claims(claims, derived)
            assert moved is not None
            index = moved.written[ENVELOPES_PLACE].first + place
            assert moved.system.rows.names[index] == name
            moved.system.rows.upper[index] += step
            assert compare_readings(derived, moved).narrow == narrow


def test_rows_of_other_envelopes_are_not_carried_on(tmp_path: Path) -> None:
    """Where money moves, the bounds of its columns depend on the amounts."""
    problem = compile_problem(tiny(tmp_path, HEAD))
    claims = build_claims(problem)
    assert update_claims(claims, derive(problem, {"envelopes.a.amount": "800 €"})) is None
    again = update_claims(claims, problem)
    assert_equal_claims(again, claims)
