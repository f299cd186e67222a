"""A sweep that goes on from its store: what the store says is shown again, or it counts for nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from support.analysis_cases.sweep_steps import SPAN, chosen, euros
from support.analysis_cases.sweeps import Small, small

from tnt_sim.analysis.sweep.envelope_point import Point, Settler
from tnt_sim.analysis.sweep.plan import SweepPlan, build_plan
from tnt_sim.analysis.sweep.runner import SweepResult, run
from tnt_sim.analysis.sweep.store import EVIDENCE, SCHEMA, SweepStore
from tnt_sim.disk import encode_parquet
from tnt_sim.engine import optimise
from tnt_sim.engine.result import Proof, Status
from tnt_sim.scenario.problem import Problem
from tnt_sim.solve.methods.tie_break import TieBreakResult


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
    return stored(plan, path, resume=True, **more)


def stored(plan: SweepPlan, path: Path, *, resume: bool = False, **more: Any) -> SweepResult:
    with SweepStore.open(path, plan, resume=resume) as store:
        return run(plan, store=store, **more)


def lists(found: SweepResult) -> list[Any]:
    return [chosen(point) for point in (*found.free, *found.nested)]


def test_certificates_are_replayed(tmp_path: Path, asked: list[int]) -> None:
    _, plan = case_and_plan(tmp_path)
    path = tmp_path / "points"
    first = stored(plan, path)
    assert len(asked) == 8
    asked.clear()
    second = again(plan, path)
    assert not asked
    assert lists(second) == lists(first)
    for point in (*second.free, *second.nested):
        assert (point.proof, point.status, point.settled) == (Proof.PROVED, Status.OPTIMAL, True)


def test_the_kernel_that_found_a_point_breaks_its_ties_again(
    tmp_path: Path, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Resuming searches nothing that the sweep did not search, and every list is canonical again."""
    _, plan = case_and_plan(tmp_path)
    first = stored(plan, tmp_path / "points")
    assert {point.method for point in (*first.free, *first.nested)} <= {"tree", "blocks"}
    searched: list[object] = []
    search = optimise.find_canonical_point

    def counted(*arguments: Any) -> TieBreakResult:
        searched.append(arguments)
        return search(*arguments)

    monkeypatch.setattr(optimise, "find_canonical_point", counted)
    asked.clear()
    second = again(plan, tmp_path / "points")
    assert (asked, searched) == ([], [])
    assert lists(second) == lists(first)
    assert all(point.canonical for point in (*second.free, *second.nested))


def _weaker(row: dict[str, Any]) -> None:
    """A list that keeps every rule and is worth less: nothing at all."""
    row |= {"rows": [], "granted_cents": [], "values": ["0"]}


def _bare(row: dict[str, Any]) -> None:
    row["certificates"] = None


def _unreadable(row: dict[str, Any]) -> None:
    row["certificates"] = b"no certificate"


def _other(row: dict[str, Any]) -> None:
    row["values"] = [str(Fraction(row["values"][0]) + 1)]


def _impossible(row: dict[str, Any]) -> None:
    row |= {"status": "infeasible", "n_dossiers": None, "rows": None, "granted_cents": None, "values": []}


def _beside(row: dict[str, Any]) -> None:
    """A place that is not in the table."""
    row["rows"] = [row["n_dossiers"]] * len(row["rows"])


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("change", [_weaker, _bare, _unreadable, _other, _impossible, _beside])
def test_a_changed_row_proves_nothing(
    change: Callable[[dict[str, Any]], None], sealed: bool, tmp_path: Path, asked: list[int]
) -> None:
    """Neither where the row was changed by hand, nor where the hash of its file was made anew."""
    case, plan = case_and_plan(tmp_path)
    path = tmp_path / "points"
    first = stored(plan, path)
    _change_rows(path, change, sealed=sealed)
    asked.clear()
    second = again(plan, path)
    assert len(asked) == 8
    assert lists(second) == lists(first)
    for point in second.free:
        best = case.best(point.cents)
        assert best is not None
        assert point.values == (case.value(best),)


def _change_rows(path: Path, change: Callable[[dict[str, Any]], None], *, sealed: bool) -> None:
    (file,) = (path / "runs").glob("*.parquet")
    beside = pl.read_parquet(path / "evidence.parquet")
    rows = pl.read_parquet(file).join(beside, on="case_sha256").to_dicts()
    for row in rows:
        change(row)
    table = pl.DataFrame(rows, schema={**SCHEMA, **EVIDENCE}, infer_schema_length=None)
    table.select("case_sha256", *EVIDENCE).write_parquet(path / "evidence.parquet")
    data = encode_parquet(table.select(list(SCHEMA)))
    file.write_bytes(data)
    if sealed:
        file.rename(file.with_name(f"00000-{hashlib.sha256(data).hexdigest()[:32]}.parquet"))


def test_evidence_that_cannot_be_read_proves_nothing(tmp_path: Path, asked: list[int]) -> None:
    _, plan = case_and_plan(tmp_path)
    path = tmp_path / "points"
    first = stored(plan, path)
    (path / "evidence.parquet").write_bytes(b"nothing")
    asked.clear()
    assert lists(again(plan, path)) == lists(first)
    assert len(asked) == 8


def test_an_impossible_amount_is_shown_again(tmp_path: Path, asked: list[int]) -> None:
    case = small(206, use=True)
    case.use = 100  # every cent must be granted
    scenario = case.scenario(tmp_path)
    amounts = [c for c in range(case.base, case.base + SPAN) if case.best(c) is None][:2]
    assert amounts
    plan = build_plan(scenario, at=[euros(cents) for cents in amounts], free=True)
    path = tmp_path / "points"
    stored(plan, path)
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
    path = tmp_path / "points"
    first_ask = points_of.optimise
    monkeypatch.setattr(
        points_of,
        "optimise",
        lambda problem, options, **more: first_ask(problem, replace(options, prove=False), **more),
    )
    monkeypatch.setattr(bounds, "_compute_surrogate_bound", lambda *_: None)
    monkeypatch.setattr(bounds, "_find_line", lambda *_: None)
    first = stored(plan, path, time_limit=800.0)
    loose = [point for point in first.free if not point.settled]
    assert loose
    slow = [replace(point, seconds=99.0) for point in first.free]
    with SweepStore.open(path, plan, resume=False) as store:
        for point in slow:
            store.put("free", point)
        store.flush()
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
    path = tmp_path / "points"
    first = stored(plan, path)
    assert len(asked) > 2
    asked.clear()
    second = again(plan, path)
    assert not asked
    assert [p.cents for p in second.walked] == [p.cents for p in first.walked]
