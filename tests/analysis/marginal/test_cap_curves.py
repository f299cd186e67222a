"""What the curves of nested caps tell of raised envelopes equals one solve for each of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from tnt_sim.analysis.marginal import marginal_euro
from tnt_sim.analysis.marginal.entry_thresholds import KERNEL, find_no_loss_extensions
from tnt_sim.analysis.marginal.marginal_euro import RISES, STOPPED, NextEuro, compute_marginal_euros
from tnt_sim.analysis.shared import cap_curves
from tnt_sim.analysis.shared.cap_curves import CapCurves
from tnt_sim.analysis.shared.envelope_path import build_envelope_path
from tnt_sim.analysis.shared.progress import StudyProgress
from tnt_sim.analysis.shared.reference_solution import ReferenceSolution, solve_reference
from tnt_sim.deadline import UNLIMITED
from tnt_sim.scenario.load import load_scenario

RULE = "rules: [{id: all, kind: limit, measure: granted, max: %d €}]\n"


def solve_nested_caps(folder: Path, seed: int, n: int = 13, *, cents: bool, rule: bool) -> ReferenceSolution:
    """A decision under ceilings in a ceiling, with an envelope that nobody asks: SYNTHETIC."""
    random = np.random.default_rng(seed)
    leaf = random.integers(0, 3, n)
    ask = random.choice([3, 4, 4, 5, 8, 13], n) + (random.integers(0, 3, n) * 0.37 if cents else 0.0)
    score = random.integers(1, 7, n) + (random.integers(0, 2, n) * 0.5 if cents else 0.0)
    table = pl.DataFrame(
        {
            "dossier": [f"D{k:02d}" for k in range(n)],
            "envelope": [f"e{k}" for k in leaf.tolist()],
            "cost": ask,
            "requested": ask,
            "score": score,
        }
    )
    table.write_csv(folder / "dossiers.csv")
    caps = [int(ask[leaf == k].sum() * random.integers(4, 11)) / 10 for k in range(3)]
    leaves = ", ".join(f"{{id: e{k}, amount: {cap:.2f} €}}" for k, cap in enumerate([*caps, 5.0]))
    amount = int(ask.sum() * random.integers(3, 8)) / 10
    text = f"""schema_version: 1
id: nested
title: SYNTHETIC
programme: {{id: tout, amount: {amount + 90 * rule:.2f} €, overbooked: true, envelopes: [{leaves}]}}
dossiers: [{{file: dossiers.csv}}]
objective: [{{maximise: {{score: 1}}}}]
"""
    text += RULE % int(sum(caps) + 2) if rule else ""
    (folder / "nested.yaml").write_text(text, encoding="utf-8")
    return solve_reference(load_scenario(folder / "nested.yaml"), prove=False)


def compare(one: NextEuro) -> tuple[object, ...]:
    """What must not depend on the way in which a step is found."""
    return one.id, one.status, one.step, one.upper, one.gain, one.bought, one.n_funded, one.granted_cents


@pytest.mark.parametrize("seed", range(12))
def test_every_step_is_that_of_a_solve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    base = solve_nested_caps(tmp_path, seed, cents=seed % 2 == 1, rule=seed % 3 == 2)
    curves = CapCurves.of(base.problem, base.allocation, UNLIMITED)
    assert curves is not None
    names = base.problem.case.tree.ids
    paths = [build_envelope_path(base.problem, name).restrict_upwards() for name in names]
    assert set(curves.find_increases(paths, UNLIMITED)) == set(names)
    found = compute_marginal_euros(base, rules=[], prove=False)
    monkeypatch.setattr(CapCurves, "of", lambda *_: None)
    solved = compute_marginal_euros(base, rules=[], prove=False)
    assert [compare(one) for one in found] == [compare(one) for one in solved]
    for one, other in zip(found, solved, strict=True):  # both are slopes of one corner
        assert one.shadow_price is not None
        assert other.shadow_price is not None
        assert one.shadow_price <= other.shadow_price * (1 + 1e-9) + 1e-9


@pytest.mark.parametrize("seed", range(12))
def test_every_extension_is_that_of_a_solve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    base = solve_nested_caps(tmp_path, seed + 40, cents=seed % 2 == 1, rule=seed % 3 == 2)
    rows = np.flatnonzero(base.problem.offers.candidate & ~base.allocation.funded).tolist()
    for name in base.problem.case.tree.ids:
        path = build_envelope_path(base.problem, name)
        with monkeypatch.context() as patch:
            told = find_no_loss_extensions(base, path, named=rows)
            if name == "tout":
                assert KERNEL in told.method or not rows
            patch.setattr(CapCurves, "of", lambda *_: None)
            solved = find_no_loss_extensions(base, path, named=rows)
        for row in rows:
            assert told.never[row] == solved.never[row]
            assert (told.lower[row], told.upper[row]) == (solved.lower[row], solved.upper[row])


@pytest.mark.parametrize("seed", range(6))
def test_what_is_left_open_is_an_interval(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Without rounds of growing loss, every step lies between its limits, and what is unknown is not told."""
    base = solve_nested_caps(tmp_path, seed + 80, n=30, cents=seed % 2 == 1, rule=False)
    exact = compute_marginal_euros(base, rules=[], prove=False)
    monkeypatch.setattr(marginal_euro, "MOST_SOLVED", 0)
    monkeypatch.setattr(cap_curves, "ROUNDS", seed % 3)
    course = StudyProgress(UNLIMITED, "questions")
    limits = compute_marginal_euros(base, rules=[], prove=False, course=course)
    assert course.n_done == sum(one.status != STOPPED for one in limits)
    for one, other in zip(limits, exact, strict=True):
        assert one.status in (other.status, STOPPED, RISES)
        if one.step is not None and other.step is not None:
            assert one.step <= other.step
            assert one.upper is None or other.step <= one.upper
