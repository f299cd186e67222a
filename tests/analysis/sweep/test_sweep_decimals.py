"""A walk over scores with decimals ends, and its steps are those of enumeration; the limit ends any walk."""

from __future__ import annotations

import csv
from fractions import Fraction
from itertools import product
from pathlib import Path

import pytest
from support.analysis_cases.sweep_steps import SPAN, chosen, euros, staircase
from support.analysis_cases.sweeps import small
from support.clocks import StepClock
from support.lanes import seeds

from tnt_sim.analysis.sweep import curve_intervals as walks
from tnt_sim.analysis.sweep.curve_intervals import Walk
from tnt_sim.analysis.sweep.envelope_point import Point, Settler
from tnt_sim.analysis.sweep.plan import build_plan
from tnt_sim.analysis.sweep.result import build_document
from tnt_sim.analysis.sweep.runner import SweepResult, run
from tnt_sim.deadline import Deadline
from tnt_sim.documents import dump_document
from tnt_sim.engine.budgets import Clock
from tnt_sim.engine.result import Proof, derive_status
from tnt_sim.scenario.load import load_scenario

CROSSING = """\
schema_version: 1
id: t
title: T
date: 2026-03-31
dossiers: [{file: d.csv}]
grants: [{mode: all_or_nothing}]
objective: [{maximise: {score: 1}}]
programme: {id: p, title: P, amount: 200 k€}
rules:
  - {id: dep, title: cap, kind: limit, measure: granted, by: department, max: 120 k€}
  - {id: part, title: share, kind: share, measure: granted, where: {department: "02"}, min: 35 %}
"""
ROWS = """\
dossier,envelope,department,cost,requested,score,filed_at
A1,p,01,100000,60000,14.5,2026-01-01
A2,p,01,100000,55000,12.1,2026-01-02
A3,p,01,100000,41000,9.8,2026-01-03
A4,p,02,100000,72000,15.7,2026-01-04
A5,p,02,100000,35000,7.4,2026-01-05
A6,p,02,100000,28000,6.6,2026-01-06
A7,p,03,100000,52000,11.3,2026-01-07
A8,p,03,100000,64000,13.2,2026-01-08
A9,p,03,100000,23000,5.9,2026-01-09
B1,p,03,100000,47000,10.4,2026-01-10
"""


def point(cents: int, value: Fraction, bound: Fraction) -> Point:
    proof = Proof.PROVED if value == bound else Proof.FEASIBLE_GAP
    return Point(cents, derive_status(proof), proof, (value,), (bound,), None, True, "direct", 0.0)


def test_a_width_with_decimals_is_taken_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """From 0.1 to 100.0: each pair waits under the very width that it has when it is looked at."""
    for width in (Fraction(tenths, 10) for tenths in range(1, 1001)):
        low, high = point(0, Fraction(3), Fraction(3)), point(2, 3 + width, 3 + width)
        found = Walk(None, None, Fraction(1, 10), at={0: low, 2: high})  # type: ignore[arg-type]
        monkeypatch.setattr(found, "_narrow_interval", lambda *pair: pair[1])
        found._wait(low, high)
        assert found.waiting[0][0] == -width
        assert found.solve_widest_interval(None) is high
        assert not found.waiting


@pytest.mark.parametrize("seed", seeds([0, 1], 1))
def test_a_list_serves_alike_whether_the_problem_is_compiled_or_not(seed: int, tmp_path: Path) -> None:
    case = small(500 + seed, crossing=seed % 4 != 0, own=seed % 2 == 0, tenths=True)
    moved = build_plan(
        case.scenario(tmp_path), start=euros(case.base), stop=euros(case.base + SPAN), exact=True
    ).moved
    top = case.base + SPAN
    near = moved.compile_problem_at(top)
    found = Settler(Clock(None)).solve_point(near, top)
    assert found.allocation is not None
    amounts = range(0, top + 1, max(1, top // 60))
    served = [walks.is_feasible_at(moved, cents, found.allocation) for cents in amounts]
    assert [walks.is_feasible_at(moved, cents, found.allocation, near) for cents in amounts] == served
    assert len(set(served)) == 2, "some amounts serve, some do not"


@pytest.mark.parametrize("seed", seeds(range(10), 4))
def test_steps_with_decimals_equal_enumeration(seed: int, tmp_path: Path) -> None:
    """Scores in tenths, equal ones among them, amounts in cents: at every cent, crossing rules or none."""
    case = small(500 + seed, crossing=seed % 4 != 0, own=seed % 2 == 0, tenths=True)
    scenario = case.scenario(tmp_path)
    found = run(build_plan(scenario, start=euros(case.base), stop=euros(case.base + SPAN), exact=True))
    assert not found.open
    steps = staircase(found)
    for amount in range(case.base, case.base + SPAN + 1):
        best = case.best(amount)
        assert best is not None
        at = max(cents for cents in steps if cents <= amount)
        assert steps[at][0] == case.value(best)
        if at == amount:
            assert steps[at][1] == best


@pytest.mark.parametrize("seed", seeds(range(5), 3))
def test_a_tolerance_with_decimals_ends(seed: int, tmp_path: Path) -> None:
    case = small(600 + seed, crossing=True, own=seed % 2 == 0, tenths=True)
    for tolerance in ("0,5 %", "0.3"):
        scenario = case.scenario(tmp_path)
        asked = build_plan(
            scenario, start=euros(case.base), stop=euros(case.base + SPAN), free=True, tolerance=tolerance
        )
        assert not run(asked).open


def crossing(folder: Path, *, stop: str = "400 k€", time_limit: float | None = None) -> SweepResult:
    """Rules that cross, scores in tenths."""
    (folder / "d.csv").write_text(ROWS, encoding="utf-8")
    (folder / "w.yaml").write_text(CROSSING, encoding="utf-8")
    scenario = load_scenario(folder / "w.yaml")
    return run(build_plan(scenario, start="200 k€", stop=stop, exact=True), time_limit=time_limit)


def test_rules_that_cross_give_every_step(tmp_path: Path) -> None:
    """Each of 1,024 lists at every amount at which one begins to fit."""
    found = crossing(tmp_path)
    rows = list(csv.DictReader(ROWS.splitlines()))
    lists = []
    for taken in product((0, 1), repeat=len(rows)):
        picked = [row for row, x in zip(rows, taken, strict=True) if x]
        money = [(row["department"], int(row["requested"])) for row in picked]
        by = {name: sum(cents for place, cents in money if place == name) for name in ("01", "02", "03")}
        granted = sum(by.values())
        if max(by.values()) <= 120_000 and 100 * by["02"] >= 35 * granted:
            lists.append((granted, sum(Fraction(row["score"]) for row in picked), taken))
    expected: dict[int, tuple[Fraction, tuple[int, ...]]] = {}
    for amount in sorted({200_000, *(granted for granted, _, _ in lists if 200_000 < granted <= 400_000)}):
        best = max((one for one in lists if one[0] <= amount), key=lambda one: (one[1], -one[0], one[2]))
        if not expected or next(reversed(expected.values()))[0] != best[1]:
            expected[amount * 100] = (Fraction(best[1]), best[2])
    assert staircase(found) == expected
    told = dump_document(build_document(found))
    assert (told["status"], told["stopped_by"], told["band"]) == ("optimal", None, [])
    assert told["steps"]["amount_cents"] == list(expected)


@pytest.mark.slow
def test_a_walk_without_time_is_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is known when the deadline passes: every step true, and the rest between two values."""
    full = {cents: value for cents, (value, _) in staircase(crossing(tmp_path)).items()}
    for after in (60, 1, 20, 200):
        StepClock(tick=0.001).install(monkeypatch)
        found = crossing(tmp_path, time_limit=0.001 * after)
        for low, high in found.band:
            for cents in full:
                if low.cents <= cents < high.cents and high.bounds[0] is not None:
                    assert low.values[0] <= full[cents] <= high.bounds[0], after
        for step in found.walked:
            if step.settled and step.cents in full:
                assert step.values[0] == full[step.cents], after
                assert chosen(step) is not None
        if after == 1:
            assert found.stopped_by == "time"


def test_a_walk_looks_at_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is asked once it has passed, and the list is left where it is known to serve."""
    low, high = point(0, Fraction(1), Fraction(1)), point(900, Fraction(9, 2), Fraction(9, 2))
    found = Walk(None, None, Fraction(1, 10), deadline=Deadline(0.0))  # type: ignore[arg-type]
    monkeypatch.setattr(walks, "is_feasible_at", lambda *_: pytest.fail("no time to look"))
    found.add_interval(low, high)
    assert found.solve_widest_interval(1.0) is None
    assert found.find_least_feasible_amount(high, 1) == 900
    assert found.list_band_intervals() == [(low, high)]
