"""One suite for every backend on this machine: what holds for one holds for all."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pulp
import pytest
from support.lanes import seeds
from support.programs import each_backend
from support.solve_instances import best_of, model_of

from tnt_sim.deadline import Deadline
from tnt_sim.errors import SolverError, UsageError
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, LinearModel
from tnt_sim.rules.protocols import Sense
from tnt_sim.solve.backends import highs, pulp_bridge
from tnt_sim.solve.backends.backend import Backend, Limits, RawSolution, Termination, Tuning
from tnt_sim.solve.backends.highs import HighsBackend, compute_absolute_gap, import_highspy, is_near_step
from tnt_sim.solve.backends.pulp_bridge import PulpBackend, to_pulp, write_lp
from tnt_sim.solve.backends.registry import get_backend, list_available_backends, list_independent_backends


def _has_prices(name: str) -> bool:
    kind = PulpBackend(name.removeprefix("pulp:")) if name.startswith("pulp:") else get_backend(name)
    return kind.capabilities.duals


EVERY, PRICED = each_backend(), each_backend(_has_prices)


@pytest.fixture(params=EVERY)
def backend(request: pytest.FixtureRequest) -> Backend:
    return get_backend(request.param)


def knapsack(seed: int, sense: Sense = Sense.MAXIMISE) -> LinearModel:
    """Ten dossiers, an envelope, a floor on four of them, exactly five funded."""
    rng = np.random.default_rng(seed)
    costs = rng.integers(1_000, 900_000, 10)
    scores = rng.integers(1, 1_000, 10)
    floor = [1, 1, 1, 1, 0, 0, 0, 0, 0, 0]
    rows = [costs.tolist(), floor, [1] * 10]
    envelope = int(costs.sum() * 0.6)
    return model_of(rows, [NO_LOWER, 2, 5], [envelope, 3, 5], scores.tolist(), sense)


def check_optimal(model: LinearModel, answer: RawSolution, best: int | None) -> None:
    assert answer.termination is Termination.OPTIMAL
    assert answer.values is not None
    point = np.rint(answer.values).astype(np.int64)
    assert np.abs(answer.values - point).max() < 1e-5
    assert model.is_feasible(point)
    assert model.compute_value(point) == best
    assert answer.objective == pytest.approx(best)
    assert answer.bound == pytest.approx(best)
    assert answer.row_duals is None, "an integer decision has no prices"
    assert answer.solver
    assert answer.seconds >= 0


@pytest.mark.parametrize("sense", list(Sense))
@pytest.mark.parametrize("seed", range(6))
def test_knapsacks_with_floors_and_an_equality(backend: Backend, seed: int, sense: Sense) -> None:
    model = knapsack(seed, sense)
    check_optimal(model, backend.solve(model), best_of(model))


@pytest.mark.parametrize("sense", list(Sense))
@pytest.mark.parametrize("step", [1, 7, 1_000_000])
@pytest.mark.parametrize("seed", range(4))
def test_values_that_are_multiples_of_a_step_are_optimal(
    backend: Backend, seed: int, step: int, sense: Sense
) -> None:
    model = knapsack(seed, sense)
    model = model.with_objective(model.objective // 100 * step, sense)
    check_optimal(model, backend.solve(model), best_of(model))


def test_the_absolute_gap_is_below_one_step_of_the_objective() -> None:
    model = model_of([[1, 1, 1]], [0], [2], [6, 9, 0], Sense.MAXIMISE)
    assert compute_absolute_gap(model) == pytest.approx(2.7)
    assert compute_absolute_gap(model.with_objective(np.array([0, 0, 0]), Sense.MINIMISE)) == 0
    assert compute_absolute_gap(dataclasses.replace(model, integer=np.array([True, False, True]))) == 0
    assert compute_absolute_gap(dataclasses.replace(model, integer=np.array([True, True, False]))) > 0


@pytest.mark.parametrize("relax", [False, True])
def test_highs_is_given_the_absolute_gap_of_a_whole_model(
    relax: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, set_options = list[dict[str, Any]](), highs._set_options

    def record(solver: Any, options: dict[str, Any], name: str) -> None:
        seen.append(options)
        set_options(solver, options, name)

    monkeypatch.setattr(highs, "_set_options", record)
    model = knapsack(1)
    HighsBackend().solve(model, relax=relax)
    assert [one["mip_abs_gap"] for one in seen] == [0.0 if relax else compute_absolute_gap(model)]
    assert compute_absolute_gap(model) > 0


def test_a_value_between_two_steps_is_solved_again_without_a_gap(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_near_step(-21.0, 7.0)
    assert not is_near_step(21.5, 7.0)
    monkeypatch.setattr(highs, "is_near_step", lambda *_: False)
    model = knapsack(1)
    check_optimal(model, HighsBackend().solve(model), best_of(model))


@pytest.mark.parametrize("sense", list(Sense))
def test_whole_amounts_equal_enumeration_on_every_backend(backend: Backend, sense: Sense) -> None:
    model = model_of(
        [[3, 7, -2], [1, 1, 1]], [-4, 3], [25, NO_UPPER], [5, 9, -1], sense,
        col_lower=[-2, 0, 1], col_upper=[6, 5, 7],
    )  # fmt: skip
    check_optimal(model, backend.solve(model), best_of(model))


def test_large_amounts_in_cents(backend: Backend) -> None:
    """A dossier of 123,456,789.01 € with all of it to give; CBC's answer has 8 digits only."""
    amount = 12_345_678_901
    model = model_of([[1, -amount]], [NO_LOWER], [0], [1, -7], col_lower=[0, 0], col_upper=[amount, 1])
    answer = backend.solve(model)
    assert answer.termination is Termination.OPTIMAL
    assert answer.values is not None
    lost = 10 ** (11 - backend.capabilities.digits) if backend.capabilities.digits < 11 else 0.5
    assert abs(answer.values[0] - amount) <= lost


def test_an_infeasible_model_has_no_values(backend: Backend) -> None:
    model = knapsack(1).with_rows([[1] * 10], [6], [7], ["too many"])
    answer = backend.solve(model)
    assert answer.termination is Termination.INFEASIBLE
    assert answer.values is None


def test_infeasible_for_whole_values_only(backend: Backend) -> None:
    model = model_of([[2, 2, 2]], [3], [3], [1, 1, 1])
    assert backend.solve(model).termination is Termination.INFEASIBLE


@pytest.mark.parametrize("rows", [True, False])
def test_crossed_bounds_are_infeasible(backend: Backend, rows: bool) -> None:
    model = knapsack(1)
    if rows:
        model = model.with_rows([[1] * 10], [6], [5], ["crossed"])
    else:
        model = model.with_bounds(np.full(10, 1), np.full(10, 0))
    assert backend.solve(model).termination is Termination.INFEASIBLE


def test_an_unbounded_model_is_called_so(backend: Backend) -> None:
    model = model_of([[1, -1]], [NO_LOWER], [8], [5, 1], col_upper=[NO_UPPER, NO_UPPER])
    unbounded = (Termination.UNBOUNDED, Termination.INFEASIBLE_OR_UNBOUNDED)
    assert backend.solve(model).termination in unbounded
    assert backend.solve(model, relax=True).termination in unbounded


@pytest.mark.parametrize("sense", list(Sense))
def test_a_model_without_rows_is_solved(backend: Backend, sense: Sense) -> None:
    model = model_of([], [], [], [3, -2, 0], sense)
    check_optimal(model, backend.solve(model), best_of(model))


def test_an_empty_row_can_forbid_everything(backend: Backend) -> None:
    model = model_of([[1, 1], [0, 0]], [0, 1], [1, 1], [1, 1])
    assert backend.solve(model).termination is Termination.INFEASIBLE


def test_a_start_changes_nothing(backend: Backend) -> None:
    model = knapsack(3)
    first = backend.solve(model)
    assert first.values is not None
    start = np.rint(first.values).astype(np.int64)
    check_optimal(model, backend.solve(model, start=start), best_of(model))


def test_no_time_is_a_time_limit(backend: Backend) -> None:
    answer = backend.solve(knapsack(2), limits=Limits(Deadline(0.0)))
    # The smallest models are solved before the clock is read.
    assert answer.termination in (Termination.TIME_LIMIT, Termination.OPTIMAL)


@pytest.mark.parametrize("tuning", [Tuning(presolve=False, seed=3), Tuning(tolerance=1e-9)])
def test_other_paths_reach_the_same_value(backend: Backend, tuning: Tuning) -> None:
    model = knapsack(4)
    check_optimal(model, backend.solve(model, tuning=tuning), best_of(model))


@pytest.mark.parametrize("sense", seeds(list(Sense), 1))
@pytest.mark.parametrize("name", PRICED)
def test_prices_are_the_slope_of_the_value(name: str, sense: Sense) -> None:
    """Signs included: the price of a row is what one more unit of its bound adds to the value."""
    rng = np.random.default_rng(11)
    priced = 0
    for _ in range(12):
        a = rng.integers(1, 50, (3, 6))
        c = rng.integers(-20, 60, 6)
        reach = a.sum(axis=1)
        lower = [NO_LOWER, int(reach[1] * 0.3), int(reach[2] * 0.5)]
        upper = [int(reach[0] * 0.6), int(reach[1] * 0.5), int(reach[2] * 0.5)]
        model = model_of(a.tolist(), lower, upper, c.tolist(), sense)
        answer = get_backend(name).solve(model, relax=True)
        if answer.termination is not Termination.OPTIMAL:
            continue
        assert answer.row_duals is not None
        assert answer.reduced_costs is not None
        np.testing.assert_allclose(answer.reduced_costs, c - a.T @ answer.row_duals, atol=1e-6)
        slopes = [_slopes(model, row) for row in range(3)]
        for price, (left, right) in zip(answer.row_duals, slopes, strict=True):
            assert min(left, right) - 1e-6 <= price <= max(left, right) + 1e-6
            priced += abs(price) > 1e-6
    assert priced > 5


def _slopes(model: LinearModel, row: int) -> tuple[float, float]:
    """The change of the value for a tenth of a unit of both bounds of a row, left and right, by SciPy."""
    backend = get_backend("scipy")

    def value(step: int) -> float:
        # Ten times the model, so that a tenth of a unit is whole.
        scaled = dataclasses.replace(
            model,
            row_lower=_times_ten(model.row_lower, row, step),
            row_upper=_times_ten(model.row_upper, row, step),
            col_upper=model.col_upper * 10,
        )
        answer = backend.solve(scaled, relax=True)
        assert answer.objective is not None
        return answer.objective / 10

    here = value(0)
    return (here - value(-1)) * 10, (value(1) - here) * 10


def _times_ten(bounds: Any, row: int, step: int) -> Any:
    present = (bounds != NO_LOWER) & (bounds != NO_UPPER)
    scaled = np.where(present, np.where(present, bounds, 0) * 10, bounds)
    if present[row]:
        scaled[row] += step
    return scaled


# -- the statuses of PuLP, without waiting for a solver to give them -----------------------------------


@pytest.fixture
def cbc_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """As far as PuLP knows: what it would be asked is answered by the test."""
    monkeypatch.setattr(type(pulp.getSolver("COIN_CMD", msg=False)), "available", lambda _self: True)


@pytest.mark.usefixtures("cbc_is_here")
@pytest.mark.parametrize("status", list(pulp.LpSolveStatus))
def test_every_status_of_pulp_is_known(status: pulp.LpSolveStatus, monkeypatch: pytest.MonkeyPatch) -> None:
    def solve(_self: pulp.LpProblem, _solver: Any) -> Any:
        return SimpleNamespace(status=status, has_solution=False, best_bound=None)

    monkeypatch.setattr(pulp.LpProblem, "solve", solve)
    answer = PulpBackend("COIN_CMD").solve(knapsack(1), limits=Limits(Deadline(1.0)))
    assert isinstance(answer.termination, Termination)
    assert answer.termination is not Termination.OPTIMAL, "nothing is held"
    if status is pulp.LpSolveStatus.TimeLimit:
        assert answer.termination is Termination.TIME_LIMIT


@pytest.mark.usefixtures("cbc_is_here")
def test_an_unknown_status_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    odd = SimpleNamespace(status=99, has_solution=True, best_bound=None)
    monkeypatch.setattr(pulp.LpProblem, "solve", lambda _self, _solver: odd)
    with pytest.raises(SolverError, match="99"):
        PulpBackend("COIN_CMD").solve(knapsack(1))


@pytest.mark.usefixtures("cbc_is_here")
def test_a_crash_of_a_solver_is_a_solver_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(_self: pulp.LpProblem, _solver: Any) -> Any:
        raise pulp.PulpError("segmentation fault")

    monkeypatch.setattr(pulp.LpProblem, "solve", crash)
    with pytest.raises(SolverError, match="segmentation fault"):
        PulpBackend("COIN_CMD").solve(knapsack(1))


def test_figures_too_long_for_a_file_are_refused() -> None:
    model = model_of([[1, 1]], [NO_LOWER], [1], [12_345_678_901_234, 1])
    with pytest.raises(SolverError, match="13 chiffres"):
        PulpBackend("COIN_CMD").solve(model)


# -- HiGHS ---------------------------------------------------------------------------------------------


def test_a_bad_option_is_an_error() -> None:
    with pytest.raises(SolverError):
        highs._set_options(import_highspy().Highs(), {"no_such_option": 1}, "HiGHS")
    with pytest.raises(SolverError):
        highs._set_options(import_highspy().Highs(), {"mip_rel_gap": -1.0}, "HiGHS")


def hard_knapsack() -> LinearModel:
    """A pure parity knapsack: branch-and-bound needs far more than a second."""
    rng = np.random.default_rng(0)
    weights = (2 * rng.integers(10**5, 10**6, 45)).tolist()
    limit = sum(weights) // 2
    return model_of([weights], [NO_LOWER], [limit + (limit + 1) % 2], weights)


def test_a_limit_of_nodes_or_time_is_told() -> None:
    model = hard_knapsack()
    held = HighsBackend().solve(model, limits=Limits(nodes=1))
    assert held.termination is Termination.NODE_LIMIT
    assert held.values is not None
    assert held.bound is not None
    assert held.objective is not None
    assert held.bound >= held.objective
    assert HighsBackend().solve(model, limits=Limits(Deadline(0.2))).termination is Termination.TIME_LIMIT
    assert "Solving report" in held.log


def test_ctrl_c_gives_the_incumbent() -> None:
    before = signal.getsignal(signal.SIGINT)
    timer = threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    answer = HighsBackend().solve(hard_knapsack(), limits=Limits(Deadline(20.0)))
    timer.join()
    assert answer.termination is Termination.INTERRUPTED
    assert answer.values is not None
    assert answer.seconds < 10
    assert signal.getsignal(signal.SIGINT) is before


def test_another_thread_count_before_is_no_trouble() -> None:
    """HiGHS refuses to run when its scheduler was begun with another count."""
    module = import_highspy()
    module.Highs.resetThreadScheduler(True)
    model = knapsack(1)
    other = module.Highs()
    other.setOptionValue("output_flag", False)
    other.setOptionValue("threads", 2)
    other.addVar(0.0, 1.0)
    other.run()
    check_optimal(model, HighsBackend().solve(model), best_of(model))


def test_threads_of_python_may_solve_together() -> None:
    found: dict[int, RawSolution] = {}

    def work(seed: int) -> None:
        found[seed] = HighsBackend().solve(knapsack(seed))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, answer in found.items():
        check_optimal(knapsack(seed), answer, best_of(knapsack(seed)))
    assert len(found) == 4


# -- names and files -------------------------------------------------------------------------------------


def test_names_of_backends() -> None:
    assert list_available_backends()[:2] == ("highs", "scipy")
    assert not any("HiGHS" in name for name in list_independent_backends())
    with pytest.raises(UsageError, match="highs"):
        get_backend("higs")
    with pytest.raises(UsageError):
        get_backend("pulp:NO_SUCH")
    for name in list_available_backends():
        assert get_backend(name).name == name


def test_the_lp_file_is_the_same_every_time(tmp_path: Path) -> None:
    model = knapsack(1)
    write_lp(model, tmp_path / "a.lp")
    write_lp(model, tmp_path / "b.lp")
    text = (tmp_path / "a.lp").read_text()
    assert text == (tmp_path / "b.lp").read_text()
    assert "r1_row_1_lo" in text
    assert "r2_row_2:" in text
    assert "x3_D_3" in text


def test_a_planner_may_add_a_constraint_through_pulp() -> None:
    model = knapsack(1)
    problem, variables = to_pulp(model)
    problem.addConstraint(variables[0] + variables[1] <= 1, "mine")
    stats = problem.solve(pulp.HiGHS(msg=False, threads=1, gapRel=0, gapAbs=0))
    stricter = model.with_rows([[1, 1] + [0] * 8], [NO_LOWER], [1], ["mine"])
    assert stats.objective == pytest.approx(best_of(stricter))


def test_no_temporary_file_is_left(backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("TMP", str(tmp_path))
    monkeypatch.setattr(pulp_bridge.tempfile, "tempdir", str(tmp_path))
    backend.solve(knapsack(1))
    assert list(tmp_path.iterdir()) == []
