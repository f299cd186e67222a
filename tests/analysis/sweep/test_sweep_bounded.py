"""Amounts that time did not reach: a list that keeps every rule, with a bound; and amounts derived from one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from support.analysis_cases.sweep_steps import SPAN, check_bounds, chosen, euros
from support.analysis_cases.sweeps import List, small
from support.clocks import StepClock
from support.lanes import seeds

from tnt_sim.analysis.shared import amount_variation
from tnt_sim.analysis.shared.amount_variation import AmountVariation
from tnt_sim.analysis.sweep import result as sweep_result
from tnt_sim.analysis.sweep.plan import build_plan
from tnt_sim.analysis.sweep.result import build_document
from tnt_sim.analysis.sweep.runner import run
from tnt_sim.certify.claim_systems import build_claims
from tnt_sim.documents import dump_document, iterate_json
from tnt_sim.engine.optimise import optimise
from tnt_sim.errors import ScenarioError, VerificationError
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.reports import sweep as sweep_report
from tnt_sim.scenario.load import load_scenario

LIMITS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Seconds of a clock that advances by a millisecond at each reading."""
MOST_AFTER = 40
"""Readings of the clock after the limit, beside two for each list."""


@pytest.mark.parametrize("seed", seeds(range(6), 2))
@pytest.mark.parametrize("crossing", [False, True])
def test_every_amount_has_a_list_and_a_bound(
    seed: int, crossing: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = small(800 + seed, crossing=crossing, own=seed % 2 == 0, tenths=seed % 3 == 0)
    plan = build_plan(case.scenario(tmp_path), start=euros(case.base), stop=euros(case.base + SPAN), steps=6)
    n_bounded = 0
    for limit in LIMITS:
        StepClock().install(monkeypatch)
        found = run(plan, time_limit=limit)
        check_bounds(case, found)
        if found.stopped_by == "time" and found.free and found.free[0].allocation is not None:
            assert len(found.free) == len(found.nested) == len(plan.amounts)
            n_bounded += sum(point.method == "kept" for point in found.free + found.nested)
    assert n_bounded


@pytest.mark.parametrize(("seed", "crossing"), seeds([(0, False), (1, True), (4, True)], 2))
def test_what_a_sweep_does_after_its_limit_is_counted(
    seed: int, crossing: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two looks at the clock a list, and a few more; the files need none, and no object for each dossier."""
    case = small(800 + seed, crossing=crossing, own=seed % 2 == 0)
    plan = build_plan(case.scenario(tmp_path), start=euros(case.base), stop=euros(case.base + SPAN), steps=6)
    monkeypatch.setattr(sweep_result, "SweptDossier", None)
    stopped = 0
    for limit in (0.0, *LIMITS):
        clock = StepClock().install(monkeypatch)
        found = run(plan, time_limit=limit)
        stopped += found.stopped_by == "time"
        readings = clock.readings
        assert clock.readings_after(limit) <= MOST_AFTER + 2 * 2 * len(plan.amounts)
        sweep_report.write_sweep(build_document(found), tmp_path / "sweep", Lang.EN)
        assert clock.readings == readings
    assert stopped >= 3


@pytest.mark.parametrize("seed", seeds(range(6), 3))
def test_columns_of_dossiers_say_what_the_lists_say(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each dossier by itself, read from the lists; ended by time, without a curve, and without any list."""
    case = small(860 + seed, crossing=seed % 2 == 0, own=seed % 3 == 0, tenths=seed % 2 == 1)
    how = ({}, {"free": True}, {"nested": True})[seed % 3]
    span = {"start": euros(case.base), "stop": euros(case.base + SPAN), "steps": 4}
    plan = build_plan(case.scenario(tmp_path), **span, **how)
    StepClock().install(monkeypatch)
    for found in (run(plan), run(plan, time_limit=0.2), run(plan, time_limit=0.0)):
        document = build_document(found)
        lists = [
            [(p.cents, p.allocation) for p in points if p.allocation is not None]
            for points in (found.free, found.nested)
        ]
        expected = []
        for row, name in enumerate(found.base.case.table["dossier"]):
            funded = [[cents for cents, one in curve if one.funded[row]] for curve in lists]
            if len({bool(one.funded[row]) for curve in lists for _, one in curve}) < 2:
                continue
            stable = [
                min((a for a, _ in curve if {c for c, _ in curve if c >= a} <= {*at}), default=None)
                for curve, at in zip(lists, funded, strict=True)
            ]
            most = max(int(one.granted_cents[row]) for curve in lists for _, one in curve)
            expected.append((name, most, stable[0], funded[0], stable[1], funded[1]))
        assert [
            (one.dossier, one.granted_cents, one.free_from_cents, one.free_at_cents,
             one.nested_from_cents, one.nested_at_cents)
            for one in document.dossiers
        ] == expected  # fmt: skip
        assert "".join(iterate_json(document)) == json.dumps(
            dump_document(document), ensure_ascii=False, indent=2
        )


@pytest.mark.parametrize("seed", seeds(range(12), 4))
def test_a_derived_amount_has_the_rows_of_a_compiled_one(seed: int, tmp_path: Path) -> None:
    """Whatever the rules: where a problem is derived, compiling gives the same rows, and refuses nothing."""
    case = small(
        820 + seed, crossing=seed % 3 == 1, own=seed % 2 == 0, use=seed % 3 == 2, tenths=seed % 4 == 0
    )
    moved = build_plan(
        case.scenario(tmp_path), start=euros(case.base), stop=euros(case.base + SPAN), steps=2
    ).moved
    base = moved.compile_problem_at(moved.base_cents)
    derived = 0
    for cents in range(0, case.base + SPAN, 3):
        problem = moved.derive_problem_at(base, cents)
        if problem is None:
            continue
        derived += 1
        rows, expected = (build_claims(one).system.rows for one in (problem, moved.compile_problem_at(cents)))
        assert rows.names == expected.names
        for name in ("row", "col", "value", "upper"):
            assert np.array_equal(getattr(rows, name), getattr(expected, name))
    assert bool(derived) == (seed % 3 != 2), "a share of the amount is compiled, the rest is derived"
    below = [cents for cents in range(case.base) if moved.find_overdrawn_envelope(cents)]
    for cents in below[:: max(1, len(below) // 5)]:
        assert moved.derive_problem_at(base, cents) is None
        with pytest.raises(ScenarioError):
            moved.compile_problem_at(cents)


@pytest.mark.parametrize("seed", seeds(range(6), 3))
def test_one_compiled_problem_serves_every_amount(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last amount alone is compiled, to compare it; with crossing rules or none, curves equal enumeration."""
    case = small(840 + seed, crossing=seed % 2 == 0, own=seed % 3 == 0, tenths=seed % 3 == 1)
    plan = build_plan(case.scenario(tmp_path), start=euros(case.base), stop=euros(case.base + SPAN), steps=5)
    compiled: list[object] = []
    compile_problem = amount_variation.compile_problem
    monkeypatch.setattr(
        amount_variation, "compile_problem", lambda *given: compiled.append(given) or compile_problem(*given)
    )
    found = run(plan)
    assert len(compiled) == 1
    build_document(found)
    promised: List | None = None
    for free, nested in zip(found.free, found.nested, strict=True):
        assert chosen(free) == case.best(free.cents)
        assert chosen(nested) == case.best(nested.cents, promised)
        promised = chosen(nested)


DOSSIERS = """dossier,requested,score,envelope
D1,60,5,a
D2,30,4,a
D3,40,9,b
D4,20,2,b
D5,15,1,b
"""
SHARED = "amount: 100 €, unassigned: pro_rata, envelopes: [{id: a, amount: 60 €}, {id: b, amount: 40 €}]"
APART = "amount: 100 €, unassigned: own, envelopes: [{id: a, amount: 60 €}, {id: b, amount: 0 €"


@pytest.mark.parametrize(
    ("programme", "envelope", "amounts"),
    [
        (SHARED, "tout", (10_000, 12_000, 15_000)),
        (f"{APART}, reserve: 50 %}}]", "b", (0, 2_000, 4_000)),
        (f"{APART}, overprogram: 50 %}}]", "b", (0, 2_000, 3_000)),
        (f"{APART}, min_use: 30 %}}]", "b", (0, 2_000, 4_000)),
    ],
)
def test_an_option_that_is_nothing_at_the_written_amount_counts_at_others(
    programme: str, envelope: str, amounts: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "d.csv").write_text(DOSSIERS, encoding="utf-8")
    (tmp_path / "s.yaml").write_text(
        f"schema_version: 1\nid: s\ntitle: s\nprogramme: {{id: tout, {programme}}}\n"
        "dossiers: [{file: d.csv}]\nobjective: [{maximise: {score: 1}}]\nsolver: {cross_check: never}\n",
        encoding="utf-8",
    )
    scenario = load_scenario(tmp_path / "s.yaml")
    plan = build_plan(
        scenario, envelopes=(envelope,), at=[f"{cents // 100} €" for cents in amounts], free=True
    )
    alone = []
    for cents in amounts:
        problem = plan.moved.compile_problem_at(cents)
        assert (
            plan.moved.derive_problem_at(plan.moved.compile_problem_at(plan.moved.base_cents), cents) is None
        )
        alone.append(optimise(problem).values)
    found = run(plan)
    assert [point.cents for point in found.free] == list(amounts)
    assert [point.values for point in found.free] == alone
    # had the option been forgotten, its sweep would end with an error and no lists
    monkeypatch.setattr(AmountVariation, "_has_plain_envelopes", True)
    with pytest.raises(VerificationError):
        run(plan)
