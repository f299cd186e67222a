"""Sparse matrices agree with dense ones and with scipy.sparse."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

from tnt_sim.sparse_matrix import SparseMatrix, label_components, stack_rows


@st.composite
def dense_matrices(draw: st.DrawFn, n_cols: int | None = None) -> np.ndarray:
    """A small matrix with zeros, empty rows and empty columns."""
    n_rows = draw(st.integers(0, 5))
    n_cols = draw(st.integers(0, 5)) if n_cols is None else n_cols
    values = draw(st.lists(st.integers(-3, 3), min_size=n_rows * n_cols, max_size=n_rows * n_cols))
    return np.array(values, dtype=np.int64).reshape(n_rows, n_cols)


def is_canonical(matrix: SparseMatrix) -> bool:
    """Whether columns ascend in each row, without zeros."""
    parts = np.split(matrix.indices, matrix.indptr[1:-1])
    return bool(matrix.data.all()) and all((np.diff(part) > 0).all() for part in parts if matrix.shape[0])


@given(dense_matrices(), st.data())
def test_products_and_parts_equal_dense_ones(dense: np.ndarray, data: st.DataObject) -> None:
    matrix = SparseMatrix.from_dense(dense) if dense.size else SparseMatrix.convert(sp.csr_array(dense))
    n_rows, n_cols = dense.shape
    right = np.array(
        data.draw(st.lists(st.integers(-9, 9), min_size=n_cols, max_size=n_cols)), dtype=np.int64
    )
    left = np.array(data.draw(st.lists(st.integers(-9, 9), min_size=n_rows, max_size=n_rows)), dtype=np.int64)
    assert (matrix @ right).tolist() == (dense @ right).tolist()
    assert (left @ matrix).tolist() == (left @ dense).tolist()
    assert (matrix @ (right / 8)).tolist() == (dense @ (right / 8)).tolist()
    assert ((left / 8) @ matrix).tolist() == ((left / 8) @ dense).tolist()
    assert (matrix @ right.astype(object)).tolist() == (dense @ right).tolist()
    largest = [max((abs(v) for v in row if v), default=7) for row in dense.tolist()]
    assert matrix.reduce_rows(np.maximum, 7).tolist() == largest
    rows = data.draw(st.lists(st.integers(0, n_rows - 1), max_size=6) if n_rows else st.just([]))
    columns = data.draw(st.permutations(range(n_cols)))[: data.draw(st.integers(0, n_cols))]
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=n_cols, max_size=n_cols)), dtype=np.bool_)
    for part, expected in [
        (matrix[rows], dense[rows]),
        (matrix[:, columns], dense[:, list(columns)]),
        (matrix[rows, mask], dense[rows][:, mask]),
        (matrix[1:3], dense[1:3]),
        (matrix.T, dense.T),
        (-matrix, -dense),
        (abs(matrix), abs(dense)),
        (matrix.positive, np.maximum(dense, 0)),
        (matrix.negative, np.minimum(dense, 0)),
        (stack_rows([matrix, matrix[rows]]), np.concatenate([dense, dense[rows]])),
    ]:
        assert part.shape == expected.shape
        assert part.toarray().tolist() == expected.tolist()
        assert is_canonical(part)
    other = data.draw(dense_matrices()) if not n_cols else None
    if other is None:
        other = np.arange(n_cols * 3, dtype=np.int64).reshape(n_cols, 3) % 4 - 1
        product = matrix @ SparseMatrix.from_dense(other)
        assert product.toarray().tolist() == (dense @ other).tolist()
        assert is_canonical(product)


@given(st.lists(st.tuples(st.integers(-2, 2), st.integers(0, 3), st.integers(0, 3)), max_size=12))
def test_entries_in_any_order_are_added_up(entries: list[tuple[int, int, int]]) -> None:
    value, row, column = np.array(entries, dtype=np.int64).reshape(-1, 3).T
    matrix = SparseMatrix.from_entries(value, row, column, (4, 4))
    expected = sp.coo_array((value, (row, column)), shape=(4, 4))
    assert matrix.toarray().tolist() == expected.toarray().tolist()
    assert is_canonical(matrix)
    assert SparseMatrix.convert(expected).toarray().tolist() == expected.toarray().tolist()
    assert (matrix.to_scipy() != expected.tocsr()).nnz == 0


def test_integers_are_exact_where_floats_are_not() -> None:
    matrix = SparseMatrix.from_dense([[2**53, 1]])
    assert (matrix @ np.array([1, 1])).tolist() == [2**53 + 1]
    assert (np.array([1]) @ matrix).tolist() == [2**53, 1]


def test_a_vector_of_another_length_is_refused() -> None:
    matrix = SparseMatrix.from_dense([[1, 0, 2]])
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        matrix @ np.array([1, 2])
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        np.array([1, 2]) @ matrix


@pytest.mark.parametrize("seed", range(30))
def test_components_equal_those_of_scipy(seed: int) -> None:
    """Sparse, dense and long chains, in a random order: the same parts, numbered by their least row."""
    random = np.random.default_rng(seed)
    n_rows, n_cols = (int(n) for n in random.integers(1, 60, 2))
    n_entries = int(random.integers(0, 2 * (n_rows + n_cols)))
    row, column = random.integers(0, n_rows, n_entries), random.integers(0, n_cols, n_entries)
    if seed % 3 == 0:
        n_rows = n_cols = 50
        order = random.permutation(50)
        row, column = np.concatenate([order, order[1:]]), np.concatenate([np.arange(50), np.arange(49)])
    rows, columns = label_components(row, column, (n_rows, n_cols))
    size = n_rows + n_cols
    graph = sp.coo_array((np.ones(len(row)), (row, n_rows + column)), shape=(size, size))
    _, expected = connected_components(graph, directed=False)
    assert np.unique(np.concatenate([rows, columns]), return_inverse=True)[1].tolist() == expected.tolist()
    for label in np.unique(rows):
        assert label == np.flatnonzero(rows == label)[0]
