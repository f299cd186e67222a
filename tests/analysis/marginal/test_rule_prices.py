"""Prices, and the ways to share an extension, equal brute force."""

from __future__ import annotations

import copy
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st
from support.lanes import drawn
from support.nested_caps import solve_nested_caps
from support.small_cases import every_amount as brute
from support.small_cases.compiled import scenario_of
from support.small_cases.drawn import cases, load
from support.small_cases.unproven import unproven

from tnt_sim.analysis.marginal import rule_prices
from tnt_sim.analysis.marginal.extension_allocation import KEY, WHOLLY, optimise_extension_options
from tnt_sim.analysis.marginal.rule_prices import APART, FENCE, FORCED, REFUSED, RULE, compute_prices
from tnt_sim.analysis.shared.amount_variation import apportion_cents
from tnt_sim.analysis.shared.envelope_path import build_envelope_path
from tnt_sim.analysis.shared.goal_bounds import GoalBounds
from tnt_sim.analysis.shared.progress import TIME, StudyProgress
from tnt_sim.analysis.shared.reference_solution import ReferenceSolution, solve_reference
from tnt_sim.deadline import UNLIMITED, Deadline, DeadlineExpired
from tnt_sim.errors import NothingDecided, ScenarioError
from tnt_sim.rules.protocols import Sense


def without(case: dict[str, Any], kind: str, name: str) -> dict[str, Any]:
    """The case with one thing let go."""
    found = copy.deepcopy(case)
    if kind == RULE:
        found["rules"] = [rule for rule in found["rules"] if rule["id"] != name]
    elif kind == FENCE:
        brute.path_to(found["envelopes"], name)[-1]["ring_fenced"] = False
    elif kind == APART:
        open_below(brute.path_to(found["envelopes"], name)[-1])
    else:
        next(d for d in found["dossiers"] if d["id"] == name)["decided"] = 0
    return found


@drawn(40)
@given(cases(largest=5), st.data())
def test_prices_between_lists_not_proven_are_within_their_limits(case: dict[str, Any], data: Any) -> None:
    """Of both optima only some list is known: the change of the first objective lies within its limits."""
    stopped = data.draw(st.booleans())
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        proven, every, best = based(case, folder)
        amount = case["envelopes"]["amount"]
        base = unproven(proven, data.draw(st.sampled_from([p for p in every if p.need <= amount])))
        if stopped:  # no time for the optimum without it either
            patch.setattr(rule_prices, "optimise", lambda *_, **__: base.answer)
        course = StudyProgress(UNLIMITED, "questions")
        found = compute_prices(base, build_envelope_path(base.problem, "root"), prove=False, course=course)
    assert course.stopped_by == (TIME if found else None)
    sign = 1 if base.problem.stages[0].sense is Sense.MAXIMISE else -1
    for price in found:
        there = brute.best_at(brute.points(without(case, price.kind, price.named.id), "root"), amount)
        assert there is not None
        change = max(Fraction(0), there.goals[0] - best.goals[0])  # in an order, one more candidate may cost
        event(f"{price.kind}, {'known' if price.gain.change_upto == price.gain.change else 'interval'}")
        assert 0 <= sign * price.gain.change <= change
        assert price.gain.change_upto is None or change <= sign * price.gain.change_upto
        assert price.gain.goal is not None or change == 0
        assert price.one_level is None  # a difference between lists that are not optimal is no price


@pytest.mark.parametrize("n_asked", [0, 1])
@pytest.mark.parametrize("seed", range(4))
def test_every_price_under_nested_caps_has_limits_wherever_time_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, n_asked: int
) -> None:
    """Prices of caps bound each restriction before any optimum without it; the exact price lies within."""
    base = solve_nested_caps(tmp_path, seed, cents=seed % 2 == 1, rule=False)
    path = build_envelope_path(base.problem, "tout")
    exact = compute_prices(base, path, prove=False)
    left = [n_asked]

    def stop(*rest: Any, **named: Any) -> Any:
        if not left[0]:
            raise DeadlineExpired
        left[0] -= 1
        return solve_without(*rest, **named)

    solve_without = rule_prices._optimise_without
    monkeypatch.setattr(rule_prices, "_optimise_without", stop)
    course = StudyProgress(Deadline(1000.0), "questions")
    limits = compute_prices(base, path, prove=False, course=course)
    assert len(limits) == len(exact) > 0
    assert course.n_done == len(exact)
    for one, other in zip(limits, exact, strict=True):
        assert (one.kind, one.named) == (other.kind, other.named)
        assert one.gain.change_upto is not None
        assert one.gain.change <= other.gain.change <= one.gain.change_upto


def test_a_value_bound_by_caps_bounds_every_list(tmp_path: Path) -> None:
    for seed in range(6):
        base = solve_nested_caps(tmp_path, seed + 30, cents=seed % 2 == 1, rule=False)
        by_caps = GoalBounds(base.problem).compute_bound(only_caps=True)
        by_program = GoalBounds(base.problem).compute_bound()
        assert by_caps is not None
        assert by_program is not None
        assert base.answer.bests[0] <= by_program <= by_caps
        assert GoalBounds(base.problem, most_columns=0).compute_bound() == by_caps


def open_below(node: dict[str, Any]) -> None:
    """Take the amounts below an envelope away at all depths; a fence keeps its own."""
    for child in node.get("children", ()):
        open_below(child)
        if not child.get("ring_fenced"):
            child["amount"] = None


def fenced(node: dict[str, Any]) -> set[str]:
    """The envelopes with a fence."""
    mine = {node["id"]} if node.get("ring_fenced") else set()
    return mine.union(*(fenced(child) for child in node.get("children", ())))


def based(
    case: dict[str, Any], folder: str | None = None
) -> tuple[ReferenceSolution, list[brute.Point], Any]:
    every = brute.points(case, "root")
    best = brute.best_at(every, case["envelopes"]["amount"])
    assume(best is not None)
    scenario = scenario_of(case) if folder is None else load(case, Path(folder))
    try:
        return solve_reference(scenario, prove=False), every, best
    except (ScenarioError, NothingDecided):
        assume(False)
        raise


@drawn(25)
@given(cases(largest=5))
def test_prices_equal_brute_force(case: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:  # a refusal is let go in the scenario itself
        base, every, best = based(case, folder)
        found = compute_prices(base, build_envelope_path(base.problem, "root"), prove=False)
    amount = case["envelopes"]["amount"]
    signs = [1 if stage.sense is Sense.MAXIMISE else -1 for stage in base.problem.stages]
    decided = {d["id"] for d in case["dossiers"] if d["decided"] and "committed" not in d and d["eligible"]}
    for price in found:
        if price.kind in (FORCED, REFUSED):
            assert price.named.id in decided
        other = without(case, price.kind, price.named.id)
        then = brute.best_at(brute.points(other, "root"), amount)
        assert then is not None
        assert [sign * value for sign, value in zip(signs, price.values, strict=True)] == list(then.goals)
        assert set(price.moves.enter) == set(then.award) - set(best.award)
        first = next((k for k, (a, b) in enumerate(zip(best.goals, then.goals, strict=True)) if a != b), None)
        if first is None or then.goals[first] < best.goals[first]:
            assert price.gain.goal is None
            continue
        assert price.gain.value == then.goals[first] - best.goals[first]
        kept = (*best.goals[:first], then.goals[first])
        need = brute.least(every, lambda p, k=kept: all(a >= b for a, b in zip(p.goals, k, strict=False)))
        assert price.euros.cents == (None if need is None else max(0, need - amount))
    told = {(price.kind, price.named.id) for price in found}
    hard = [rule["id"] for rule in case["rules"] if "penalty" not in rule and not rule.get("report")]
    assert {(RULE, name) for name in hard} <= told
    assert {name for kind, name in told if kind in (FORCED, REFUSED)} <= decided
    for name in decided - {name for kind, name in told if kind in (FORCED, REFUSED)}:
        # without the decision nothing fits any more: what it costs has no answer
        assert brute.best_at(brute.points(without(case, FORCED, name), "root"), amount) is None
    assert {name for kind, name in told if kind == FENCE} == fenced(case["envelopes"])


@drawn(25)
@given(cases(largest=5), st.integers(1, 3000))
def test_ways_to_extend_equal_brute_force(case: dict[str, Any], cents: int) -> None:
    base, _, _ = based(case)
    signs = [1 if stage.sense is Sense.MAXIMISE else -1 for stage in base.problem.stages]
    tree = case["envelopes"]
    axes = [child for child in tree.get("children", ()) if child["amount"] is not None]
    found = optimise_extension_options(base, cents, prove=False)
    assert sum(way.way == WHOLLY for way in found) == len(axes)
    for way in found:
        other = copy.deepcopy(case)
        other["envelopes"]["amount"] += cents
        mine = {child["id"]: child for child in other["envelopes"].get("children", ())}
        if way.way == WHOLLY:
            mine[way.axis]["amount"] += cents
        if way.way == KEY:
            parts = apportion_cents(cents, [a["amount"] for a in axes], [a["id"] for a in axes])
            assert {one.envelope: one.cents for one in way.added} == {
                a["id"]: part for a, part in zip(axes, parts, strict=True)
            }
            for axis, part in zip(axes, parts, strict=True):
                mine[axis["id"]]["amount"] += part
        then = brute.best_at(brute.points(other, "root"), other["envelopes"]["amount"])
        if not way.allowed:
            continue
        assert then is not None
        values = [Fraction(one.value) for one in way.objective]
        assert [sign * value for sign, value in zip(signs, values, strict=True)] == list(then.goals)
        assert way.n_funded == len(then.award)
        assert way.granted_cents == sum(then.award.values())
