"""A sweep that goes on from a file: what the file says is shown again, or it counts for nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.analysis_cases.sweep_steps import SPAN, chosen, euros
from support.analysis_cases.sweeps import Small, small

from tnt_sim.analysis.sweep.envelope_point import Point, Settler
from tnt_sim.analysis.sweep.plan import SweepPlan, build_plan
from tnt_sim.analysis.sweep.runner import SweepResult, run
from tnt_sim.analysis.sweep.store import PointStore
from tnt_sim.engine.result import Proof, Status
from tnt_sim.scenario.problem import Problem
from tnt_sim.verify.allocation_reading import Allocation

KEY = "key"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The amounts that are solved, none by prices."""
    amounts: list[int] = []
    settled = Settler._optimise_amount

    def counted(self: Settler, problem: Problem, cents: int, seconds: float | None) -> Point:
        amounts.append(cents)
        return settled(self, problem, cents, seconds)

    monkeypatch.setattr(Settler, "_optimise_amount", counted)
    monkeypatch.setattr(Settler, "settle_by_surrogates", lambda *_: None)
    return amounts


def case_and_plan(folder: Path, seed: int = 102) -> tuple[Small, SweepPlan]:
    case = small(seed, crossing=True)
    scenario = case.scenario(folder)
    return case, build_plan(scenario, start=euros(case.base), stop=euros(case.base + SPAN), steps=3)


def again(plan: SweepPlan, path: Path, **more: Any) -> SweepResult:
    return run(plan, store=PointStore.open(path, KEY, resume=True), **more)


def lists(found: SweepResult) -> list[Any]:
    return [chosen(point) for point in (*found.free, *found.nested)]


def test_certificates_are_replayed(tmp_path: Path, asked: list[int]) -> None:
    _, plan = case_and_plan(tmp_path)
    path = tmp_path / "points.jsonl"
    first = run(plan, store=PointStore.open(path, KEY, resume=False))
    assert len(asked) == 8
    asked.clear()
    second = again(plan, path)
    assert not asked
    assert lists(second) == lists(first)
    for point in (*second.free, *second.nested):
        assert (point.proof, point.status, point.settled) == (Proof.PROVED, Status.OPTIMAL, True)


def _weaker(told: dict[str, Any]) -> None:
    """A list that keeps every rule and is worth less: nothing at all."""
    nothing = Allocation(np.zeros(told["n"], dtype=bool), np.zeros(told["n"], dtype=np.int64))
    empty = Point(
        0, Status.OPTIMAL, Proof.PROVED, (Fraction(0),), (Fraction(0),), nothing, True, "direct", 0.0
    )
    from tnt_sim.analysis.sweep.store import _encode_point

    told |= {key: _encode_point(empty)[key] for key in ("funded", "granted", "values")}


def _bare(told: dict[str, Any]) -> None:
    told["shown"] = []


def _other(told: dict[str, Any]) -> None:
    told["values"] = [str(Fraction(told["values"][0]) + 1)]


def _impossible(told: dict[str, Any]) -> None:
    told |= {"status": "infeasible", "funded": None, "granted": None, "n": None, "values": []}


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("change", [_weaker, _bare, _other, _impossible])
def test_a_changed_line_proves_nothing(
    change: Callable[[dict[str, Any]], None], sealed: bool, tmp_path: Path, asked: list[int]
) -> None:
    """Neither where the line was changed by hand, nor where its hash was made anew."""
    case, plan = case_and_plan(tmp_path)
    path = tmp_path / "points.jsonl"
    first = run(plan, store=PointStore.open(path, KEY, resume=False))
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    forged = [head]
    for line in lines:
        told = json.loads(line)
        change(told["point"])
        forged.append(_sealed(told["point"]) if sealed else json.dumps(told))
    path.write_text("\n".join(forged) + "\n", encoding="utf-8")
    asked.clear()
    second = again(plan, path)
    assert len(asked) == 8
    assert lists(second) == lists(first)
    for point in second.free:
        best = case.best(point.cents)
        assert best is not None
        assert point.values == (case.value(best),)


def _sealed(told: dict[str, Any]) -> str:
    from tnt_sim.analysis.sweep.store import _seal_record as seal

    return seal(told)


def test_an_impossible_amount_is_shown_again(tmp_path: Path, asked: list[int]) -> None:
    case = small(206, use=True)
    case.use = 100  # every cent must be granted
    scenario = case.scenario(tmp_path)
    amounts = [c for c in range(case.base, case.base + SPAN) if case.best(c) is None][:2]
    assert amounts
    plan = build_plan(scenario, at=[euros(cents) for cents in amounts], free=True)
    path = tmp_path / "points.jsonl"
    run(plan, store=PointStore.open(path, KEY, resume=False))
    asked.clear()
    second = again(plan, path)
    assert not asked
    assert {(point.status, point.proof) for point in second.free} == {(Status.INFEASIBLE, Proof.PROVED)}


def test_without_proof_the_list_is_kept_and_bounded_anew(
    tmp_path: Path, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under the same limit nothing is asked again; with much more time, or none, it is."""
    from tnt_sim.analysis.sweep import dual_bounds as bounds
    from tnt_sim.analysis.sweep import envelope_point as points_of

    case, plan = case_and_plan(tmp_path, 101)
    path = tmp_path / "points.jsonl"
    first_ask = points_of.optimise
    monkeypatch.setattr(
        points_of,
        "optimise",
        lambda problem, options, **more: first_ask(problem, replace(options, prove=False), **more),
    )
    monkeypatch.setattr(bounds, "_compute_surrogate_bound", lambda *_: None)
    monkeypatch.setattr(bounds, "_find_line", lambda *_: None)
    store = PointStore.open(path, KEY, resume=False)
    first = run(plan, store=store, time_limit=800.0)
    loose = [point for point in first.free if not point.settled]
    assert loose
    slow = [replace(point, seconds=99.0) for point in first.free]
    again_store = PointStore.open(path, KEY, resume=False)
    for point in slow:
        again_store.put("free", point)
    asked.clear()
    second = again(replace(plan, nested=False), path, time_limit=400.0)  # 100 s an amount
    assert not asked
    for point in second.free:
        best = case.best(point.cents)
        assert best is not None
        assert point.bounds[0] is not None
        assert point.values[0] <= case.value(best) <= point.bounds[0]
        assert point.settled or point.proof is Proof.FEASIBLE_GAP
    again(replace(plan, nested=False), path)
    assert set(asked) == {point.cents for point in first.free if not point.settled}


def test_what_lies_between_the_amounts_is_kept_too(tmp_path: Path, asked: list[int]) -> None:
    case = small(102, crossing=True)
    scenario = case.scenario(tmp_path)
    plan = build_plan(
        scenario, start=euros(case.base), stop=euros(case.base + SPAN), steps=1, free=True, tolerance="1"
    )
    path = tmp_path / "points.jsonl"
    first = run(plan, store=PointStore.open(path, KEY, resume=False))
    assert len(asked) > 2
    asked.clear()
    second = again(plan, path)
    assert not asked
    assert [p.cents for p in second.walked] == [p.cents for p in first.walked]
