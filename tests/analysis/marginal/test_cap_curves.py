"""What the curves of nested caps tell of raised envelopes equals one solve for each of them."""

from __future__ import annotations

import gc
from pathlib import Path

import numpy as np
import pytest
from support.nested_caps import solve_nested_caps, solve_two_trees

from tnt_sim.analysis.marginal import entry_thresholds, marginal_euro
from tnt_sim.analysis.marginal.cap_limits import compute_extension_limits
from tnt_sim.analysis.marginal.entry_thresholds import KERNEL, UNKNOWN, NoLoss, find_no_loss_extensions
from tnt_sim.analysis.marginal.marginal_euro import BOUNDED, RISES, STOPPED, NextEuro, compute_marginal_euros
from tnt_sim.analysis.shared import cap_curves
from tnt_sim.analysis.shared.cap_curves import CapCurves
from tnt_sim.analysis.shared.cap_prices import CapPrices
from tnt_sim.analysis.shared.envelope_path import build_envelope_path
from tnt_sim.analysis.shared.progress import StudyProgress
from tnt_sim.deadline import UNLIMITED, DeadlineExpired
from tnt_sim.kernel.cap_tree.caps import find_binding_caps
from tnt_sim.kernel.cap_tree.path_room import FAR, IntegerBounds


def compare(one: NextEuro) -> tuple[object, ...]:
    """What must not depend on the way in which a step is found."""
    return one.id, one.status, one.step, one.gain, one.moves, one.n_funded, one.granted_cents


@pytest.mark.parametrize("seed", range(12))
def test_every_step_is_that_of_a_solve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    base = solve_nested_caps(tmp_path, seed, cents=seed % 2 == 1, rule=seed % 3 == 2)
    curves = CapCurves.of(base.problem, base.allocation, UNLIMITED)
    assert curves is not None
    names = base.problem.case.tree.ids
    paths = [build_envelope_path(base.problem, name).restrict_upwards() for name in names]
    assert set(curves.find_raised_paths(paths, UNLIMITED)) == set(names)
    found = compute_marginal_euros(base, rules=[], prove=False)
    monkeypatch.setattr(CapCurves, "of", lambda *_: None)
    solved = compute_marginal_euros(base, rules=[], prove=False)
    assert [compare(one) for one in found] == [compare(one) for one in solved]
    for one, other in zip(found, solved, strict=True):  # both are slopes of one corner
        assert one.shadow_price.price is not None
        assert other.shadow_price.price is not None
        assert one.shadow_price.price <= other.shadow_price.price * (1 + 1e-9) + 1e-9


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


@pytest.mark.parametrize("seed", range(12))
def test_prices_and_exchanges_bound_every_extension(tmp_path: Path, seed: int) -> None:
    """The limits from one pass contain the exact extension, and the prices bound every list within the caps."""
    base = solve_nested_caps(tmp_path, seed + 120, cents=seed % 2 == 1, rule=seed % 3 == 2)
    curves = CapCurves.of(base.problem, base.allocation, UNLIMITED)
    assert curves is not None
    for tree in curves.trees:
        prices = CapPrices.of(tree.task.profit, tree.task.weight, tree.root)
        assert prices is not None
        assert prices.b * tree.decided_profit <= prices.bound
        assert min(prices.price.values()) >= 0
    rows = np.flatnonzero(base.problem.offers.candidate & ~base.allocation.funded).tolist()
    n_exact = 0
    for name in base.problem.case.tree.ids:
        path = build_envelope_path(base.problem, name)
        raised = curves.find_raised_caps(path)
        assert raised is not None
        limits = compute_extension_limits(curves, rows, raised)
        assert set(limits) == set(rows)
        unit = curves.trees[raised.tree].task.unit if raised.tree >= 0 else 1
        for row, exact in curves.find_extensions(rows, path, UNLIMITED).items():
            low, high = raised.to_cents(limits[row], unit)
            assert exact.low <= high
            if exact.exact:  # otherwise a cap that does not rise may bind
                assert low <= exact.low
                n_exact += 1
    assert n_exact or not rows


def test_a_tree_that_rises_pays_for_losses_elsewhere(tmp_path: Path) -> None:
    """What an exchange in one tree loses, applications that come into another tree gain."""
    n_limits = n_tight = n_trees = 0
    for seed in range(12):
        base = solve_two_trees(tmp_path, seed)
        curves = CapCurves.of(base.problem, base.allocation, UNLIMITED)
        if curves is None:
            continue
        n_trees += len(curves.trees) == 2
        rows = np.flatnonzero(base.problem.offers.candidate & ~base.allocation.funded).tolist()
        for name in ("a", "a1", "a2", "b"):
            path = build_envelope_path(base.problem, name)
            raised = curves.find_raised_caps(path)
            if raised is None or raised.tree < 0:
                continue
            limits = compute_extension_limits(curves, rows, raised)
            unit = curves.trees[raised.tree].task.unit
            for row, exact in curves.find_extensions(rows, path, UNLIMITED).items():
                if curves.tree_of[curves.column[row]] == raised.tree or not exact.exact:
                    continue
                low, high = raised.to_cents(limits[row], unit)
                assert low <= exact.low <= high
                n_limits += high < FAR
                n_tight += low < high == exact.low > 0
    assert n_trees > 6
    assert n_limits > 30
    assert n_tight > 3


def test_limits_from_prices_stay_when_time_is_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base = solve_nested_caps(tmp_path, 4, n=30, cents=False, rule=False)
    path = build_envelope_path(base.problem, "tout")
    exact = find_no_loss_extensions(base, path)
    monkeypatch.setattr(entry_thresholds, "MOST_SOLVED", 0)  # as with many dossiers

    def stop(*_: object) -> dict[int, IntegerBounds]:
        raise DeadlineExpired

    monkeypatch.setattr(CapCurves, "find_extensions", stop)
    known = NoLoss.from_reference(base)
    with pytest.raises(DeadlineExpired):
        find_no_loss_extensions(base, path, into=known)
    waiting = np.flatnonzero(base.problem.offers.candidate & ~base.allocation.funded)
    assert len(waiting)
    for row in waiting.tolist():
        assert known.method[row]
        if known.never[row]:
            assert exact.never[row]
        elif not exact.never[row]:
            assert known.lower[row] <= exact.lower[row]
        if known.upper[row] != UNKNOWN:
            assert known.upper[row] >= exact.upper[row]
            assert not exact.never[row]


@pytest.mark.parametrize("seed", range(3))
def test_questions_a_few_at_a_time_have_the_same_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    base = solve_nested_caps(tmp_path, seed, n=30, cents=False, rule=False)
    rows = np.flatnonzero(base.problem.offers.candidate & ~base.allocation.funded).tolist()
    path = build_envelope_path(base.problem, "tout")
    curves = [CapCurves.of(base.problem, base.allocation, UNLIMITED) for _ in range(2)]
    assert curves[0] is not None
    assert curves[1] is not None
    together = curves[0].find_extensions(rows, path, UNLIMITED)
    monkeypatch.setattr(cap_curves, "MOST_TOGETHER", 2)
    assert curves[1].find_extensions(rows, path, UNLIMITED) == together


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
        assert one.status in (other.status, BOUNDED, STOPPED, RISES)
        if one.step.low is not None and other.step.low is not None:
            assert one.step.low <= other.step.low
            assert one.step.high is None or other.step.low <= one.step.high


def test_prices_and_relaxations_leave_no_garbage(tmp_path: Path) -> None:
    """Arrays in a cycle stay until the garbage is collected: 12 MB per envelope with a million dossiers."""
    base = solve_nested_caps(tmp_path, 4, n=30, cents=False, rule=False)
    curves = CapCurves.of(base.problem, base.allocation, UNLIMITED)
    assert curves is not None
    (tree,) = curves.trees
    task, root = tree.task, tree.root
    raised = curves.find_raised_caps(build_envelope_path(base.problem, "e0"))
    assert raised is not None
    assert tree.relaxation.find_price(root.cap) > 0
    gc.collect()
    gc.disable()
    try:
        assert tree.compute_shadow_price(raised) >= 0
        assert CapPrices.of(task.profit, task.weight, root) is not None
        assert find_binding_caps([root], task.profit, task.weight)
        assert gc.collect() == 0
    finally:
        gc.enable()
