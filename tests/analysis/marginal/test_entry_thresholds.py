"""Entry figures equal brute force over every amount."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, event, given
from hypothesis import strategies as st
from support.lanes import drawn, seeds
from support.small_cases import every_amount as brute
from support.small_cases.compiled import envelopes, scenario_of
from support.small_cases.drawn import cases, load
from support.small_cases.unproven import unproven
from support.tiny_scenario import TABLE, tiny

import tnt_sim as tnt
from tnt_sim.analysis.marginal import entry_lists
from tnt_sim.analysis.marginal.entry_thresholds import (
    UNKNOWN,
    Lists,
    NoLoss,
    bracket_first_amounts,
    bracket_stable_amounts,
    build_entries,
    find_no_loss_extensions,
)
from tnt_sim.analysis.shared.envelope_path import (
    EnvelopePath,
    build_envelope_path,
    list_amount_dependent_rules,
)
from tnt_sim.analysis.shared.reference_solution import solve_reference
from tnt_sim.analysis.sweep.plan import SweepPlan
from tnt_sim.analysis.sweep.runner import SweepResult, run
from tnt_sim.engine.result import Proof, Status
from tnt_sim.errors import NothingDecided, ScenarioError, UsageError


@drawn(25)
@given(cases(largest=5), st.data())
def test_no_loss_equals_brute_force(case: dict[str, Any], data: Any) -> None:
    name = data.draw(st.sampled_from(envelopes(case)))
    every = brute.points(case, name)
    amount = brute.path_to(case["envelopes"], name)[-1]["amount"]
    best = brute.best_at(every, amount)
    assume(best is not None)
    assert best is not None
    try:
        base = solve_reference(scenario_of(case), prove=False)
    except (ScenarioError, NothingDecided):
        assume(False)
    named = data.draw(st.sampled_from([None, ()]))
    found = find_no_loss_extensions(base, build_envelope_path(base.problem, name), named=named)
    for row, dossier in enumerate(base.problem.case.table["dossier"].to_list()):
        if not base.problem.offers.candidate[row]:
            continue
        need = brute.least(
            every,
            lambda p, d=dossier: (
                d in p.award and all(a >= b for a, b in zip(p.goals, best.goals, strict=True))
            ),
        )
        lower, upper = int(found.lower[row]), int(found.upper[row])
        if need is None:
            assert upper == UNKNOWN
            assert found.never[row] or (named == () and found.method[row] == "limits")
            continue
        extra = max(0, need - amount)
        if named is None or found.method[row] != "limits":
            assert lower == upper == extra
        else:
            assert 0 <= lower <= extra
            assert upper == UNKNOWN or upper >= extra


@drawn(40)
@given(cases(largest=5), st.data())
def test_limits_hold_for_a_list_that_is_not_proven(case: dict[str, Any], data: Any) -> None:
    """From any feasible list, the least amount without loss and the first in the optimum are within limits."""
    name = data.draw(st.sampled_from(envelopes(case)))
    every = brute.points(case, name)
    amount = brute.path_to(case["envelopes"], name)[-1]["amount"]
    feasible = [point for point in every if point.need <= amount]
    assume(feasible)
    try:
        base = solve_reference(scenario_of(case), prove=False)
    except (ScenarioError, NothingDecided):
        assume(False)
    today = data.draw(st.sampled_from(feasible))
    names = base.problem.case.table["dossier"].to_list()
    base = unproven(base, today)
    allocation = base.allocation
    path = build_envelope_path(base.problem, name)
    found = find_no_loss_extensions(base, path)
    rising = len(base.problem.stages) == 1 and not list_amount_dependent_rules(base.problem, path.nodes)
    at = np.array([amount], dtype=np.int64)
    lists = Lists(
        at, allocation.funded[:, None], np.zeros(0, np.bool_), False, rising, amount, amount, None, False
    )
    table = build_entries(base, path, lists, found).table
    assert table["first_upto_cents"].null_count() == table["stable_upto_cents"].null_count() == len(names)
    assert not table["exact"].any()
    for row, dossier in enumerate(names):
        if not base.problem.offers.candidate[row]:
            continue
        least = brute.least(
            every,
            lambda p, d=dossier: (
                d in p.award and all(a >= b for a, b in zip(p.goals, today.goals, strict=True))
            ),
        )
        lower, upper = int(found.lower[row]), int(found.upper[row])
        event(f"{found.method[row]}, upper {upper != UNKNOWN}")
        if least is None:
            assert upper == UNKNOWN
            continue
        assert not found.never[row]
        assert lower <= max(0, least - amount)
        assert upper == UNKNOWN or upper >= max(0, least - amount)
        first = table["first_from_cents"][row]
        for cents_there in {point.need for point in every if point.need >= amount}:
            best = brute.best_at(every, cents_there)
            if best is not None and dossier in best.award:
                assert first is not None
                assert first <= cents_there


def test_kernels_settle_one_envelope() -> None:
    plain = (
        "schema_version: 1\nid: tiny\nprogramme: {id: tout, amount: 1 500 €}\ndossiers: [{file: table.csv}]\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        scenario = tiny(
            Path(folder),
            plain + "objective: [{maximise: {score: 1}}]\n",
            TABLE.replace(",a,", ",,").replace(",b,", ",,"),
        )
    base = solve_reference(scenario, prove=False)
    found = find_no_loss_extensions(base, build_envelope_path(base.problem, "tout"))
    assert set(found.method) == {"", "kernel"}
    # 1, 2 and 4 (26 points) take all 1,500 €: 3 (8 points, 800 €) needs 26 points, with 1 and 2 at the least
    assert found.lower.tolist() == [0, 0, 400_00, 0]


@drawn(300)
@given(
    st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=2, max_size=9),
    st.lists(st.booleans(), min_size=8, max_size=8),
    st.data(),
)
def test_brackets_hold_the_amounts(columns: list[list[bool]], known: list[bool], data: Any) -> None:
    """Of lists at rising amounts only some are known: the true entry lies in each bracket, exact without gaps."""
    every = np.array(columns).T
    at = [0, *(k for k in range(1, len(columns) - 1) if known[k - 1]), len(columns) - 1]
    unseen = [any((every[:, k] != every[:, a]).any() for k in range(a + 1, b)) for a, b in pairwise(at)]
    gaps = [gap or data.draw(st.booleans()) for gap in unseen]
    cents, nothing = np.array(at) * 10 + 5, np.full(4, UNKNOWN)
    lists = Lists(cents, every[:, at], np.array(gaps), from_cents=5)
    no_loss = NoLoss(nothing, nothing, [""] * 4, np.zeros(4, np.bool_))
    line = EnvelopePath("p", 0, (0,), 5, 0, 100)
    first, stable = bracket_first_amounts(line, lists, no_loss), bracket_stable_amounts(lists)
    for row in range(4):
        held = every[row].tolist()
        if any(held):
            entry = held.index(True) * 10 + 5
            assert first.low[row] <= entry
            assert entry <= first.high[row] or (first.high[row] == UNKNOWN and any(gaps))
        elif not any(gaps):
            assert first.high[row] == UNKNOWN
        if held[-1]:
            last = max((k for k, inside in enumerate(held) if not inside), default=-1)
            assert stable.low[row] <= (last + 1) * 10 + 5 <= stable.high[row]
        else:
            assert stable.high[row] == UNKNOWN
        if not any(gaps):
            assert (first.low[row], stable.low[row]) == (first.high[row], stable.high[row])


def plain(case: dict[str, Any]) -> dict[str, Any]:
    """The case with one envelope, one amount a dossier and no rule."""
    for dossier in case["dossiers"]:
        for key in ("levels", "common", "round", "committed"):
            dossier.pop(key, None)
        dossier |= {"ranged": False, "min": 0, "envelope": "root", "decided": 0}
    tree = {**case["envelopes"], "children": []}
    return {**case, "envelopes": tree, "rules": [], "stages": [("maximise", {"score": 1})]}


@drawn(25)
@given(cases(largest=6), st.integers(0, 20000))
def test_entries_on_the_exact_curve(case: dict[str, Any], more: int) -> None:
    case = plain(case)
    every = brute.points(case, "root")
    low = case["envelopes"]["amount"]
    high = low + more
    assume(any(d["eligible"] and d["requested"] > 0 for d in case["dossiers"]))
    with tempfile.TemporaryDirectory() as folder:
        scenario = load(case, Path(folder))
        found = tnt.entries(scenario, start=euros_text(low), stop=euros_text(high))
    event(f"every step is known: {found.document['exact']}")
    if not found.document["exact"]:
        return
    amounts = [low, *(c for c in brute.amounts(every) if low < c <= high)]
    lists = [set(best.award) for best in (brute.best_at(every, c) for c in amounts) if best is not None]
    for entry in found.document["entries"]:
        held = [entry["dossier"] in one for one in lists]
        changes = [k for k in range(1, len(held)) if held[k] != held[k - 1]]
        assert entry["flips"] == len(changes)
        assert entry["first_cents"] == (amounts[held.index(True)] if any(held) else None)
        stable = amounts[changes[-1] if changes else 0] if held[-1] else None
        assert entry["stable_from_cents"] == stable
        flag = "always" if all(held) else "never" if not any(held) else None
        assert flag is None or entry["flag"] == flag


def shrink(node: dict[str, Any], tenths: int) -> None:
    """A part of every amount, so that money is short."""
    if node.get("amount") is not None:
        node["amount"] = node["amount"] * tenths // 10
    for child in node.get("children", []):
        shrink(child, tenths)


@drawn(40)
@given(cases(largest=6), st.integers(0, 20000), st.data())
def test_entries_of_a_walk_equal_brute_force(case: dict[str, Any], more: int, data: Any) -> None:
    """Where no pass gives every step: the walk gives every entry to the cent; cut short, brackets hold them."""
    name = data.draw(st.sampled_from(envelopes(case)))
    shrink(case["envelopes"], data.draw(st.integers(1, 9)))
    every = brute.points(case, name)
    low = brute.path_to(case["envelopes"], name)[-1]["amount"]
    high = low + more
    most = data.draw(st.sampled_from([0, 4, 6, 160]))
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("tnt_sim.analysis.sweep.runner.compute_exact_steps", lambda *_: None)
        patch.setattr(entry_lists, "MOST_LISTS", most)
        try:
            scenario = load(case, Path(folder))
            found = tnt.entries(
                scenario, envelope=name, start=euros_text(low), stop=euros_text(high), steps=3
            )
        except (ScenarioError, NothingDecided, UsageError):
            assume(False)
    amounts = [low, *(c for c in brute.amounts(every) if low < c <= high)]
    best = [brute.best_at(every, c) for c in amounts]
    assume(all(one is not None for one in best))
    lists = [set(one.award) for one in best if one is not None]
    event(f"exact: {found.document['exact']} of {most}")
    for entry in found.document["entries"]:
        _holds(entry, amounts, [entry["dossier"] in one for one in lists])


def _holds(entry: dict[str, Any], amounts: list[int], held: list[bool]) -> None:
    """Each figure of a dossier is the true one, or a bracket that holds it."""
    first = amounts[held.index(True)] if any(held) else None
    changes = [k for k in range(1, len(held)) if held[k] != held[k - 1]]
    stable = amounts[changes[-1] if changes else 0] if held[-1] else None
    assert entry["first_cents"] in (None, first)
    assert entry["stable_from_cents"] in (None, stable)
    assert entry["flips"] <= len(changes)
    if first is not None:
        assert entry["first_from_cents"] is not None
        assert entry["first_from_cents"] <= first
        assert entry["first_upto_cents"] is None or first <= entry["first_upto_cents"]
    if stable is not None:
        assert entry["stable_low_cents"] <= stable <= entry["stable_upto_cents"]
    if entry["exact"]:
        assert entry["first_cents"] == first
        assert entry["stable_from_cents"] == stable
        assert entry["flips"] == len(changes)


W_ROWS = """dossier,envelope,department,requested,score
A1,p,01,60000,14
A2,p,01,55000,12
A3,p,01,41000,9.5
A4,p,02,72000,15
A5,p,02,35000,7
A6,p,02,28000,6.5
A7,p,03,52000,11
B1,p,03,47000,10
"""
W_TEXT = """schema_version: 1
id: w
programme: {id: p, amount: 150 k€}
dossiers: [{file: table.csv}]
rules:
  - {id: dep, kind: limit, measure: granted, by: department, max: 120 k€}
  - {id: part, kind: share, measure: granted, where: {department: "02"}, min: 35 %}
objective: [{maximise: {score: 1}}]
"""


@pytest.mark.parametrize("most", seeds([20, 160, 0], 0))
def test_a_range_within_another_agrees(most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The entry over a range is that over each longer one, and every bracket holds it."""
    scenario = tiny(tmp_path, W_TEXT, W_ROWS)
    whole = {e["dossier"]: e for e in tnt.entries(scenario, stop="290 k€").document["entries"]}
    monkeypatch.setattr(entry_lists, "MOST_LISTS", most)
    assert all(entry["exact"] for entry in whole.values())
    for stop in ("170 k€", "200 k€", "230 k€", "290 k€"):
        found = tnt.entries(scenario, stop=stop)
        assert found.document["exact"] or most < 160
        for entry in found.document["entries"]:
            first, low = whole[entry["dossier"]]["first_cents"], entry["first_from_cents"]
            high = entry["first_upto_cents"]
            if first is None or first > found.document["to_cents"]:
                assert high is None
                continue
            assert low <= first
            assert high is None or first <= high
            if entry["exact"]:
                assert entry["first_cents"] == first
            assert entry["first_cents"] in (None, first)


def test_what_is_not_looked_at_is_an_interval(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dossier 3 enters without loss at 1,900 €; the list of 2,100 € serves from there on, and what lies between
    1,800 and 1,900 € is not looked at."""
    monkeypatch.setattr("tnt_sim.analysis.sweep.runner.compute_exact_steps", lambda *_: None)
    monkeypatch.setattr(entry_lists, "MOST_LISTS", 0)
    plain = (
        "schema_version: 1\nid: tiny\nprogramme: {id: tout, amount: 1 500 €}\ndossiers: [{file: table.csv}]\n"
        "objective: [{maximise: {score: 1}}]\n"
    )
    scenario = tiny(tmp_path, plain, TABLE.replace(",a,", ",,").replace(",b,", ",,"))
    told = tnt.entries(scenario, at=["1500 €", "1800 €", "2100 €"]).document
    assert not told["exact"]
    third = next(entry for entry in told["entries"] if entry["dossier"] == "3")
    assert third["no_loss_cents"] == 400_00
    assert (third["first_from_cents"], third["first_upto_cents"]) == (1_900_00, 1_900_00)
    assert (third["stable_low_cents"], third["stable_upto_cents"]) == (1_800_01, 1_900_00)
    assert (third["first_cents"], third["stable_from_cents"]) == (1_900_00, None)
    assert (third["out_until_cents"], third["flips"], third["exact"]) == (1_800_00, 1, False)


def test_more_of_the_first_goal_may_cost_the_second(tmp_path: Path) -> None:
    """The best list at 1,600 € is dossier 4 alone: without loss in the number of dossiers it enters at 2,600 €."""
    plain = (
        "schema_version: 1\nid: tiny\nprogramme: {id: tout, amount: 1 500 €}\ndossiers: [{file: table.csv}]\n"
        "objective: [{maximise: {score: 1}}, {maximise: {dossiers: 1}}]\n"
    )
    table = "dossier,requested,score\n1,500,1\n2,500,1\n3,500,1\n4,1600,10\n"
    told = tnt.entries(tiny(tmp_path, plain, table), at=["1500 €", "3100 €"], dossiers=["4"]).document
    fourth = next(entry for entry in told["entries"] if entry["dossier"] == "4")
    assert fourth["no_loss_cents"] == 1_100_00
    assert fourth["first_cents"] == 1_600_00


def test_a_list_that_a_limit_stopped_is_no_best_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tnt_sim.analysis.sweep.runner.compute_exact_steps", lambda *_: None)

    def stopped(plan: SweepPlan, **asked: Any) -> SweepResult:
        found = run(replace(plan, exact=False), **{**asked, "most_lists": None})
        found.free[0] = replace(
            found.free[0], status=Status.FEASIBLE, proof=Proof.FEASIBLE_GAP, canonical=False
        )
        return found

    monkeypatch.setattr(entry_lists, "run", stopped)
    told = tnt.entries(tiny(tmp_path), at=["1500 €", "1900 €", "2100 €"]).document
    assert told["n_lists"] == 2
    assert (told["from_cents"], told["to_cents"], told["exact"]) == (1_500_00, 2_100_00, False)
    assert all(entry["first_upto_cents"] in (None, 1_900_00, 2_100_00) for entry in told["entries"])
    assert {entry["first_from_cents"] for entry in told["entries"] if entry["funded"]} == {1_500_00}


def euros_text(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d} €"


@drawn(10)
@given(cases(largest=5), st.lists(st.integers(1, 9000), min_size=1, max_size=3))
def test_nested_entries_enter_once(case: dict[str, Any], steps: list[int]) -> None:
    case = plain(case)
    low = case["envelopes"]["amount"]
    at = [euros_text(low + sum(steps[: k + 1])) for k in range(len(steps))]
    assume(any(d["eligible"] for d in case["dossiers"]))
    with tempfile.TemporaryDirectory() as folder:
        found = tnt.entries(load(case, Path(folder)), start=euros_text(low), at=at, nested=True)
    assert found.document["exact"]
    for entry in found.document["entries"]:
        assert entry["flips"] <= 1
        assert entry["flag"] in ("always", "enters", "never")
        assert entry["first_cents"] == entry["stable_from_cents"]
