"""Sparse matrices as three arrays, compressed by row, for exact integers and for floats.

Row i has the entries `indptr[i]` ≤ k < `indptr[i + 1]`: `data[k]` in column `indices[k]`. Columns ascend in each
row, no entry stands twice, and none is zero. A product of integers is exact if its sums stay below 2^63.

Source: compressed row storage as in Saad, *Iterative Methods for Sparse Linear Systems* (2003), §3.4.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

IntArray = NDArray[np.int64]
AnyArray = NDArray[Any]


class SparseMatrix:
    """A matrix that stores its entries that are not zero; it is not changed after it was built.

    Attributes
    ----------
    data : (n_entries,), int64 or float64
    indices : int64 (n_entries,), the column of each entry
    indptr : int64 (n_rows + 1,), where each row starts
    shape : (n_rows, n_cols)

    Examples
    --------
    >>> matrix = SparseMatrix.from_dense([[2, 0, 3], [0, 0, 1]])
    >>> (matrix @ np.array([1, 1, 1])).tolist(), matrix[[1]].toarray().tolist()
    ([5, 1], [[0, 0, 1]])
    >>> matrix.T[:, [0]].toarray().ravel().tolist(), matrix.nnz
    ([2, 0, 3], 3)
    """

    __slots__ = ("data", "indices", "indptr", "shape")
    __array_ufunc__ = None  # so that `vector @ matrix` comes here
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, data: AnyArray, indices: IntArray, indptr: IntArray, shape: tuple[int, int]) -> None:
        self.data = data
        self.indices = indices
        self.indptr = indptr
        self.shape = shape

    @classmethod
    def from_entries(
        cls, value: ArrayLike, row: ArrayLike, column: ArrayLike, shape: tuple[int, int]
    ) -> SparseMatrix:
        """Build a matrix from entries in any order; those of the same place are added up."""
        data, rows, columns = np.asarray(value), np.asarray(row), np.asarray(column)
        n_rows, n_cols = int(shape[0]), int(shape[1])
        place = rows.astype(np.int64) * n_cols + columns
        if len(place) > 1:
            step = np.diff(place)
            if (step <= 0).any():
                order = np.argsort(place, kind="stable")
                place, data = place[order], data[order]
                heads = np.flatnonzero(np.diff(place, prepend=-1))
                if len(heads) < len(place):
                    place, data = place[heads], np.add.reduceat(data, heads)
        if not data.all():
            wanted = data != 0
            place, data = place[wanted], data[wanted]
        rows, indices = np.divmod(place, n_cols) if n_cols else (place, place)
        return cls(data, indices, _compute_starts(np.bincount(rows, minlength=n_rows)), (n_rows, n_cols))

    @classmethod
    def from_dense(cls, values: ArrayLike) -> SparseMatrix:
        """Build a matrix from a dense one, or from one row."""
        dense = np.atleast_2d(np.asarray(values))
        rows, columns = np.nonzero(dense)
        starts = _compute_starts(np.bincount(rows, minlength=dense.shape[0]))
        return cls(dense[rows, columns], columns, starts, (dense.shape[0], dense.shape[1]))

    @classmethod
    def convert(cls, matrix: Any) -> SparseMatrix:
        """Return a dense matrix, or one of `scipy.sparse`, as a `SparseMatrix`."""
        if isinstance(matrix, cls):
            return matrix
        if hasattr(matrix, "tocoo"):
            entries = matrix.tocoo()
            return cls.from_entries(entries.data, entries.row, entries.col, entries.shape)
        return cls.from_dense(matrix)

    @property
    def nnz(self) -> int:
        """Number of entries."""
        return len(self.data)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the entries."""
        return self.data.dtype

    @property
    def row(self) -> IntArray:
        """Row of each entry, int64 (n_entries,)."""
        return np.repeat(np.arange(self.shape[0]), np.diff(self.indptr))

    @property
    def T(self) -> SparseMatrix:  # noqa: N802
        """The transposed matrix, whose rows are the columns of this one."""
        order = np.argsort(self.indices, kind="stable")
        starts = _compute_starts(np.bincount(self.indices, minlength=self.shape[1]))
        return SparseMatrix(self.data[order], self.row[order], starts, (self.shape[1], self.shape[0]))

    def __getitem__(self, key: Any) -> SparseMatrix:
        """Return rows, or rows and columns: indices, a mask or a slice of each, in the order of the key."""
        rows, columns = key if isinstance(key, tuple) else (key, slice(None))
        return self._pick_rows(rows)._pick_columns(columns)

    def _pick_rows(self, key: Any) -> SparseMatrix:
        if _is_whole(key):
            return self
        rows = _list_places(key, self.shape[0])
        size = np.diff(self.indptr)[rows]
        starts = _compute_starts(size)
        entry = np.repeat(self.indptr[:-1][rows] - starts[:-1], size) + np.arange(starts[-1])
        return SparseMatrix(self.data[entry], self.indices[entry], starts, (len(rows), self.shape[1]))

    def _pick_columns(self, key: Any) -> SparseMatrix:
        if _is_whole(key):
            return self
        columns = _list_places(key, self.shape[1])
        shape = self.shape[0], len(columns)
        if len(columns) > 1 and (np.diff(columns) <= 0).any():
            return self.T._pick_rows(columns).T
        place = np.full(self.shape[1], -1, dtype=np.int64)
        place[columns] = np.arange(len(columns))
        moved = place[self.indices]
        wanted = moved >= 0
        return SparseMatrix(self.data, moved, self.indptr, shape)._keep_entries(wanted)

    def __matmul__(self, other: Any) -> Any:
        """Return the product with a vector (an array) or with a sparse matrix."""
        if isinstance(other, SparseMatrix):
            return self._multiply(other)
        vector = np.asarray(other)
        if vector.shape != (self.shape[1],):
            raise ValueError(f"a vector of shape {vector.shape} for a matrix of shape {self.shape}")
        terms = self.data * vector[self.indices]
        if terms.dtype.kind == "f":
            return np.bincount(self.row, weights=terms, minlength=self.shape[0])
        total = np.zeros(self.shape[0], dtype=terms.dtype)
        filled = np.flatnonzero(np.diff(self.indptr))
        if len(filled):
            total[filled] = np.add.reduceat(terms, self.indptr[filled])
        return total

    def __rmatmul__(self, other: Any) -> Any:
        """Return vector @ matrix."""
        vector = np.asarray(other)
        if vector.shape != (self.shape[0],):
            raise ValueError(f"a vector of shape {vector.shape} for a matrix of shape {self.shape}")
        terms = self.data * np.repeat(vector, np.diff(self.indptr))
        if terms.dtype.kind == "f":
            return np.bincount(self.indices, weights=terms, minlength=self.shape[1])
        total = np.zeros(self.shape[1], dtype=terms.dtype)
        np.add.at(total, self.indices, terms)
        return total

    def _multiply(self, other: SparseMatrix) -> SparseMatrix:
        """Return the product with a sparse matrix: each entry times the row of the other that it meets."""
        size = np.diff(other.indptr)[self.indices]
        first = _compute_starts(size)
        entry = np.repeat(other.indptr[:-1][self.indices] - first[:-1], size) + np.arange(first[-1])
        value = np.repeat(self.data, size) * other.data[entry]
        shape = self.shape[0], other.shape[1]
        return SparseMatrix.from_entries(value, np.repeat(self.row, size), other.indices[entry], shape)

    def reduce_rows(self, function: np.ufunc, empty: int) -> AnyArray:
        """Return `function` over the magnitudes of each row's entries, (n_rows,); `empty` for rows without any.

        >>> SparseMatrix.from_dense([[4, -6], [0, 0]]).reduce_rows(np.gcd, 1).tolist()
        [2, 1]
        """
        result = np.full(self.shape[0], empty, dtype=self.dtype)
        filled = np.flatnonzero(np.diff(self.indptr))
        if len(filled):
            result[filled] = function.reduceat(np.abs(self.data), self.indptr[filled])
        return result

    def __neg__(self) -> SparseMatrix:
        return self.with_data(-self.data)

    def __abs__(self) -> SparseMatrix:
        return self.with_data(np.abs(self.data))

    def with_data(self, data: AnyArray) -> SparseMatrix:
        """Return the matrix with other values, none of them zero, in the same places."""
        return SparseMatrix(data, self.indices, self.indptr, self.shape)

    @property
    def positive(self) -> SparseMatrix:
        """The matrix with its positive entries alone."""
        return self._keep_entries(self.data > 0)

    @property
    def negative(self) -> SparseMatrix:
        """The matrix with its negative entries alone."""
        return self._keep_entries(self.data < 0)

    def _keep_entries(self, wanted: NDArray[np.bool_]) -> SparseMatrix:
        if wanted.all():
            return self
        before = _compute_starts(wanted.astype(np.int64))
        return SparseMatrix(self.data[wanted], self.indices[wanted], before[self.indptr], self.shape)

    def astype(self, dtype: Any) -> SparseMatrix:
        """Return the matrix with entries of another type."""
        return self if self.dtype == dtype else self.with_data(self.data.astype(dtype))

    def toarray(self) -> AnyArray:
        """Return the dense matrix."""
        dense = np.zeros(self.shape, dtype=self.dtype)
        dense[self.row, self.indices] = self.data
        return dense

    def to_scipy(self) -> Any:
        """Return a `scipy.sparse.csr_array`."""
        from scipy.sparse import csr_array

        result = csr_array((self.data, self.indices, self.indptr), shape=self.shape)
        result.has_canonical_format = True
        return result


def stack_rows(matrices: Sequence[SparseMatrix]) -> SparseMatrix:
    """Stack matrices of as many columns, one below the other.

    >>> stack_rows([SparseMatrix.from_dense([[1, 0]]), SparseMatrix.from_dense([[0, 2]])]).toarray().tolist()
    [[1, 0], [0, 2]]
    """
    first = matrices[0]
    starts, n_entries = [first.indptr[:1]], 0
    for part in matrices:
        starts.append(part.indptr[1:] + n_entries)
        n_entries += part.nnz
    return SparseMatrix(
        np.concatenate([part.data for part in matrices]),
        np.concatenate([part.indices for part in matrices]),
        np.concatenate(starts),
        (sum(part.shape[0] for part in matrices), first.shape[1]),
    )


def label_components(row: IntArray, column: IntArray, shape: tuple[int, int]) -> tuple[IntArray, IntArray]:
    """Label the rows and the columns of a matrix by connected component, from the places of its entries.

    A row and a column are connected where an entry stands. The label is the least row of the component, and
    n_rows + j for a column j without entries.

    Notes
    -----
    Source: Y. Zhang, A. Azad, Z. Hu, "FastSV: a distributed-memory connected component algorithm with fast
    convergence", SIAM Conference on Parallel Processing (2020).

    Examples
    --------
    >>> rows, columns = label_components(np.array([0, 2, 2]), np.array([1, 1, 0]), (3, 3))
    >>> rows.tolist(), columns.tolist()
    ([0, 1, 0], [0, 0, 5])
    """
    n_rows, n_cols = shape
    parent = np.arange(n_rows + n_cols, dtype=np.int64)
    start = np.concatenate([row, n_rows + column])
    end = np.concatenate([n_rows + column, row])
    while True:
        above = parent[parent]
        least = parent.copy()
        np.minimum.at(least, parent[start], above[end])
        np.minimum.at(least, start, above[end])
        least = np.minimum(least, above)
        if np.array_equal(least, parent):
            return parent[:n_rows], parent[n_rows:]
        parent = least


def _compute_starts(sizes: IntArray) -> IntArray:
    starts = np.zeros(len(sizes) + 1, dtype=np.int64)
    np.cumsum(sizes, out=starts[1:])
    return starts


def _is_whole(key: Any) -> bool:
    return isinstance(key, slice) and key == slice(None)


def _list_places(key: Any, size: int) -> IntArray:
    """Return the places that a key names, int64."""
    if isinstance(key, slice):
        return np.arange(size)[key]
    places = np.asarray(key)
    if places.dtype == np.bool_:
        return np.flatnonzero(places)
    places = places.astype(np.int64, copy=False)
    return np.where(places < 0, places + size, places) if len(places) and places.min() < 0 else places
