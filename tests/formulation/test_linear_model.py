"""The model: exact readings, shapes, magnitudes, names."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from support.solve_instances import model_of

from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, LinearModel, ModelError, Violation
from tnt_sim.rules.protocols import Sense

PLAIN = model_of([[1, 2], [3, -4]], [0, NO_LOWER], [3, 2], [5, 6])


def test_readings_are_exact_beyond_int64() -> None:
    big = 2**53 - 1
    model = model_of([[big, big], [1, 0]], [0, 0], [5, 1], [big, big], col_upper=[NO_UPPER] * 2)
    x = np.array([2**61, 2**61])
    assert model.compute_activity(x).tolist() == [big * 2**62, 2**61]
    assert model.compute_value(x) == big * 2**62
    assert [v.activity for v in model.list_violations(x)] == [big * 2**62, 2**61]


def test_violations_have_names_and_no_tolerance() -> None:
    assert PLAIN.list_violations(np.array([1, 1])) == ()
    assert PLAIN.list_violations([1, 2]) == (Violation("row 0", 5, 0, 3), Violation("D-1", 2, 0, 1))
    assert PLAIN.is_feasible([1, 1])
    assert PLAIN.compute_value([1, 1]) == 11


def test_a_point_is_whole_and_complete() -> None:
    with pytest.raises(ModelError):
        PLAIN.compute_activity(np.array([0.5, 1.0]))
    with pytest.raises(ModelError):
        PLAIN.compute_value(np.array([1]))


def test_figures_that_a_float_would_lose_are_refused() -> None:
    for change in (
        {"objective": np.array([2**53, 1])},
        {"row_upper": np.array([2**53, 1])},
        {"col_lower": np.array([-(2**53), 1])},
        {"matrix": sp.csr_array(np.array([[1, 2], [-(2**53), 1]]))},
        {"matrix": sp.csr_array(np.array([[1.0, 2.0], [3.0, 1.0]]))},
        {"objective": np.array([1])},
        {"row_names": ("one",)},
    ):
        with pytest.raises(ModelError):
            replace(PLAIN, **change)  # type: ignore[arg-type]


def test_new_models_share_arrays_and_leave_the_old_one_alone() -> None:
    other = PLAIN.with_objective([1, 1], Sense.MINIMISE)
    assert other.matrix is PLAIN.matrix
    longer = PLAIN.with_rows([[1, 1]], [0], [5], ["z"]).with_bounds([0, 0], [2, 2])
    assert (longer.n_rows, PLAIN.n_rows) == (3, 2)
    assert longer.row_names[-1] == "z"
    with pytest.raises(ValueError, match="read-only"):
        PLAIN.objective[0] = 9
    with pytest.raises(ModelError):
        PLAIN.with_rows([[1, 1, 1]], [0], [5], ["z"])


def test_names_for_solvers_are_plain_and_unique() -> None:
    model: LinearModel = replace(PLAIN, row_names=("Économie d'énergie", "e1 5"), col_names=("été", "ete"))
    names = model.build_solver_names()
    assert names.rows == ("r0_Economie_d_energie", "r1_e1_5")
    assert names.columns == ("x0_ete", "x1_ete")


def test_stored_zeros_and_duplicates_are_cleaned() -> None:
    matrix = sp.coo_array((np.array([1, 2, 0]), (np.array([0, 0, 1]), np.array([1, 1, 0]))), shape=(2, 2))
    model = replace(PLAIN, matrix=matrix)
    assert model.matrix.nnz == 1
    assert model.compute_activity([1, 1]).tolist() == [3, 0]
