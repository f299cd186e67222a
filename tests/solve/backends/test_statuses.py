"""Every word a solver can end with is known here, or is an error: none becomes « optimal » by default."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from support.lanes import seeds
from support.programs import each_backend
from support.solve_instances import model_of, near_miss

from tnt_sim.deadline import Deadline
from tnt_sim.errors import SolverError
from tnt_sim.formulation.linear_model import NO_LOWER
from tnt_sim.solve.backends import highs, scipy_milp
from tnt_sim.solve.backends.backend import Limits, RawSolution, Termination, Tuning, refuse_non_finite
from tnt_sim.solve.backends.highs import HighsBackend, import_highspy
from tnt_sim.solve.backends.registry import get_backend
from tnt_sim.solve.methods.integral import solve_integral

REFUSED = {"kNotset", "kLoadError", "kModelError", "kObjectiveBound", "kObjectiveTarget"}


def test_every_status_of_highs_is_known_or_refused() -> None:
    for name in import_highspy().HighsModelStatus.__members__:
        if name in ("kMin", "kMax"):  # names for the ends of the list
            continue
        stub = SimpleNamespace(getModelStatus=lambda name=name: SimpleNamespace(name=name))
        if name in highs._STATUSES:
            found = highs._read_termination(stub, Limits(), "HiGHS")
            assert (found is Termination.OPTIMAL) == (name in ("kOptimal", "kModelEmpty"))
        else:
            assert name in REFUSED, name
            with pytest.raises(SolverError, match=name):
                highs._read_termination(stub, Limits(), "HiGHS")


@pytest.mark.parametrize("status", [*range(-1, 9), 99])
def test_every_status_of_scipy_is_known_or_refused(status: int) -> None:
    found = SimpleNamespace(status=status, message="HiGHS said something")
    if status in range(5):
        termination = scipy_milp._read_termination(found, Limits())
        assert (termination is Termination.OPTIMAL) == (status == 0)
    else:
        with pytest.raises(SolverError, match="inconnu"):
            scipy_milp._read_termination(found, Limits())


def test_optimal_without_a_point_is_trouble() -> None:
    """HiGHS: a status and no primal solution, which its Python object fills with zeros."""
    model = near_miss(5)
    solver = SimpleNamespace(
        getInfo=lambda: SimpleNamespace(
            primal_solution_status=0, dual_solution_status=0, mip_dual_bound=np.inf
        ),
        getSolution=lambda: SimpleNamespace(col_value=[0.0] * model.n_cols, row_dual=[], col_dual=[]),
        getModelStatus=lambda: SimpleNamespace(name="kOptimal"),
    )
    answer = highs._read(solver, Termination.OPTIMAL, True, "HiGHS", highs._Watch(), 0.0)
    assert answer.termination is Termination.NUMERIC_TROUBLE
    assert answer.values is None
    assert answer.bound is None


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_point_that_is_not_finite_is_nothing(bad: float) -> None:
    point = np.array([1.0, bad, 0.0])
    raw = RawSolution(Termination.OPTIMAL, point, 1.0, 1.0, point, point, "any", 0.0)
    refused = refuse_non_finite(raw)
    assert refused.termination is Termination.NUMERIC_TROUBLE
    assert (refused.values, refused.objective, refused.bound, refused.row_duals) == (None,) * 4


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_bound_that_is_not_finite_claims_nothing(bad: float) -> None:
    class Odd:
        name, capabilities = "odd", HighsBackend.capabilities

        def solve(self, model: Any, **_options: Any) -> RawSolution:
            return RawSolution(Termination.TIME_LIMIT, np.zeros(2), 0.0, bad, None, None, "odd", 0.0)

    found = solve_integral(model_of([[5, 4]], [NO_LOWER], [9], [3, 4]), Odd())
    assert (found.termination, found.value, found.bound) == (Termination.TIME_LIMIT, 0, None)


@pytest.mark.parametrize("name", seeds(each_backend(), 3))
def test_no_time_is_never_optimal(name: str) -> None:
    """A limit that leaves a point, or none, is told by its own word; presolve may still finish a small model."""
    rng = np.random.default_rng(0)
    weights = (2 * rng.integers(10**5, 10**6, 45)).tolist()
    limit = sum(weights) // 2
    hard = model_of([weights], [NO_LOWER], [limit + (limit + 1) % 2], weights)
    found = solve_integral(hard, get_backend(name), Limits(Deadline(1.0)))
    assert found.termination is Termination.TIME_LIMIT
    if found.value is not None:
        assert found.bound is None or found.bound >= found.value


def test_highs_reads_back_what_it_was_told() -> None:
    """Gaps 0, one thread, the limits: what is set is what is found, for every option that is ever set."""
    solver = import_highspy().Highs()
    options = highs._build_options(
        Limits(Deadline(3.0, clock=lambda: 0.0), nodes=7), Tuning(tolerance=1e-9, presolve=False, seed=5)
    )
    highs._set_options(solver, options, "HiGHS")
    wanted = {"threads": 1, "mip_rel_gap": 0.0, "mip_abs_gap": 0.0, "time_limit": 3.0, "mip_max_nodes": 7}
    assert {name: solver.getOptionValue(name)[1] for name in wanted} == wanted
    assert options.keys() >= wanted.keys()
    never_written = SimpleNamespace(
        setOptionValue=lambda _name, _value: SimpleNamespace(name="kOk"),
        getOptionValue=lambda _name: (SimpleNamespace(name="kOk"), 0),
    )
    with pytest.raises(SolverError, match="threads"):
        highs._set_options(never_written, {"threads": 1}, "HiGHS")
