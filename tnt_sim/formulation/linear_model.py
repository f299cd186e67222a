"""Integer linear program in exact integers, independent of any solver.

    maximise (or minimise)  c·x
    subject to              row_lower ≤ A x ≤ row_upper
                            col_lower ≤   x ≤ col_upper,   x_j integer where integer_j

All data are integers below 2^53 in magnitude. A 64-bit float represents each of them exactly, so a
floating-point solver receives the same model as the exact checks (`activity`, `value`, `violations`). These
checks use no tolerance: a point is feasible or it is not.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tnt_sim.errors import TntError
from tnt_sim.i18n.message import Text, _
from tnt_sim.rules.protocols import Sense
from tnt_sim.sparse_matrix import SparseMatrix, stack_rows

NO_LOWER = -(2**62)
"""Marks a row or a column without a lower bound."""

NO_UPPER = 2**62
"""Marks a row or a column without an upper bound."""

EXACT_LIMIT = 2**53
"""Integers below this magnitude are exact in a 64-bit float."""

IntArray = NDArray[np.int64]
FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
ExactArray = NDArray[Any]
"""Array of integers: int64 where the values fit, otherwise an object array of Python ints."""


class ModelError(TntError):
    """A model has data that a floating-point solver cannot represent, or its shapes disagree."""

    code = "model"


@dataclass(frozen=True, slots=True)
class Violation:
    """A row or a column whose exact value lies outside its bounds.

    Attributes
    ----------
    name : name of the row or column
    found : its exact value
    lower, upper : its bounds; None where absent
    """

    name: str
    activity: int
    lower: int | None
    upper: int | None


@dataclass(frozen=True, slots=True)
class SolverNames:
    """Row and column names for LP and MPS files: ASCII, unique, identical on every machine."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]


def _build_error(text: Text) -> ModelError:
    return ModelError(text)


def _freeze_array(values: ArrayLike, dtype: Any) -> NDArray[Any]:
    """Return a read-only integer view; the caller's array stays writable and is copied only to change its type."""
    array = np.asarray(values)
    if array.size and array.dtype.kind == "f":
        raise _build_error(_("a model holds whole numbers only"))
    view = array.astype(dtype, copy=False).view()
    view.flags.writeable = False
    return view


def _freeze_matrix(matrix: Any) -> SparseMatrix:
    """Return a sparse or dense matrix as a sparse one of int64."""
    whole = SparseMatrix.convert(matrix)
    if whole.dtype.kind not in "iu":
        raise _build_error(_("a model holds whole numbers only"))
    return whole.astype(np.int64)


def _build_slug(name: str) -> str:
    """Reduce a name to ASCII letters, digits and underscores, 40 characters at most."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")[:40]


def _build_solver_names(letter: str, names: Iterable[str]) -> tuple[str, ...]:
    # The index makes a name unique; the leading letter keeps LP readers from parsing it as a number (« 1e5 »).
    return tuple(f"{letter}{i}_{_build_slug(name)}".rstrip("_") for i, name in enumerate(names))


@dataclass(frozen=True, eq=False)
class LinearModel:
    """Immutable integer linear program; see the module's equation.

    Each `with_…` method returns a new model that shares the unchanged arrays.

    Parameters
    ----------
    matrix : (n_rows, n_cols), int64; a dense matrix, or one of scipy.sparse, is converted
        A.
    row_lower, row_upper : int64 (n_rows,)
        Bounds of A x; `NO_LOWER` or `NO_UPPER` where absent.
    col_lower, col_upper : int64 (n_cols,)
        Bounds of x; `NO_LOWER` or `NO_UPPER` where absent.
    integer : bool (n_cols,)
        True where x_j must be an integer.
    objective : int64 (n_cols,)
        c.
    sense : Sense
    row_names, col_names
        Names that the planner recognises. They need be neither unique nor ASCII (see `build_solver_names`).

    Raises
    ------
    ModelError
        If shapes disagree, if data are floats, or if a coefficient or a present bound reaches 2^53 in
        magnitude.

    Examples
    --------
    >>> import numpy as np
    >>> model = LinearModel(
    ...     matrix=[[2, 3]], row_lower=[NO_LOWER], row_upper=[4],
    ...     col_lower=[0, 0], col_upper=[1, 1], integer=[True, True],
    ...     objective=[5, 4], sense=Sense.MAXIMISE, row_names=["cap"], col_names=["a", "b"],
    ... )
    >>> model.compute_value([1, 0]), model.is_feasible([1, 0])
    (5, True)
    >>> model.list_violations([1, 1])
    (Violation(name='cap', activity=5, lower=None, upper=4),)
    """

    matrix: SparseMatrix
    row_lower: IntArray
    row_upper: IntArray
    col_lower: IntArray
    col_upper: IntArray
    integer: BoolArray
    objective: IntArray
    sense: Sense
    row_names: tuple[str, ...]
    col_names: Sequence[str]

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "matrix", _freeze_matrix(self.matrix))
        for name in ("row_lower", "row_upper", "col_lower", "col_upper", "objective"):
            put(self, name, _freeze_array(getattr(self, name), np.int64))
        put(self, "integer", _freeze_array(self.integer, np.bool_))
        put(self, "row_names", tuple(self.row_names))
        self._check_shapes()
        self._check_magnitudes()

    def _check_shapes(self) -> None:
        rows, cols = self.matrix.shape
        sizes = {
            "row_lower": rows, "row_upper": rows, "row_names": rows,
            "col_lower": cols, "col_upper": cols, "integer": cols, "objective": cols, "col_names": cols,
        }  # fmt: skip
        for name, size in sizes.items():
            result = len(getattr(self, name))
            if result != size:
                raise _build_error(
                    _(
                        "{name} has {result} values, the matrix asks for {size}",
                        name=name,
                        result=result,
                        size=size,
                    )
                )

    def _check_magnitudes(self) -> None:
        _check_below_limit(self.matrix.data, "matrix")
        self._check_vectors()

    def _check_vectors(self) -> None:
        _check_below_limit(self.objective, "objective")
        for name in ("row_lower", "row_upper", "col_lower", "col_upper"):
            values = getattr(self, name)
            _check_below_limit(values[(values != NO_LOWER) & (values != NO_UPPER)], name)

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(self.matrix.shape[0])

    @property
    def n_cols(self) -> int:
        """Number of columns."""
        return int(self.matrix.shape[1])

    def with_objective(self, objective: ArrayLike, sense: Sense) -> LinearModel:
        """Return the model with another objective."""
        return self._replace_fields(objective=_freeze_array(objective, np.int64), sense=sense)

    def with_rows(
        self, matrix: object, lower: ArrayLike, upper: ArrayLike, names: Iterable[str]
    ) -> LinearModel:
        """Return the model with rows appended; `matrix` is sparse or dense, (k, n_cols)."""
        added = _freeze_matrix(matrix)
        if added.shape[1] != self.n_cols:
            raise _build_error(
                _("rows of {shape} columns for a model of {n_cols}", shape=added.shape[1], n_cols=self.n_cols)
            )
        _check_below_limit(added.data, "matrix")
        low, high = (np.atleast_1d(np.asarray(bound, dtype=np.int64)) for bound in (lower, upper))
        return self._replace_fields(
            matrix=stack_rows([self.matrix, added]),
            row_lower=_freeze_array(np.concatenate([self.row_lower, low]), np.int64),
            row_upper=_freeze_array(np.concatenate([self.row_upper, high]), np.int64),
            row_names=(*self.row_names, *names),
        )

    def with_kept_objective(self, name: str, objective: IntArray, sense: Sense, limit: int) -> LinearModel:
        """Return the model with the constraint that an objective is no worse than `limit`."""
        lower, upper = (limit, NO_UPPER) if sense is Sense.MAXIMISE else (NO_LOWER, limit)
        return self.with_rows(objective[None, :], [lower], [upper], [f"stage {name}"])

    def with_bounds(self, col_lower: ArrayLike, col_upper: ArrayLike) -> LinearModel:
        """Return the model with other column bounds."""
        return self._replace_fields(
            col_lower=_freeze_array(col_lower, np.int64), col_upper=_freeze_array(col_upper, np.int64)
        )

    def with_row_bounds(self, row_lower: ArrayLike, row_upper: ArrayLike) -> LinearModel:
        """Return the model with other row bounds."""
        return self._replace_fields(
            row_lower=_freeze_array(row_lower, np.int64), row_upper=_freeze_array(row_upper, np.int64)
        )

    def _replace_fields(self, **fields: Any) -> LinearModel:
        """Return the model with some (frozen) fields replaced; matrix entries are not checked again."""
        created = object.__new__(LinearModel)
        for name in self.__dataclass_fields__:
            object.__setattr__(created, name, fields.get(name, getattr(self, name)))
        created._check_shapes()
        created._check_vectors()
        return created

    def compute_activity(self, x: ArrayLike) -> ExactArray:
        """Compute A x exactly: int64 if no partial sum can overflow, otherwise an object array of Python ints."""
        values = self._require_point(x)
        if values.dtype != object:
            # one bound over all rows usually suffices, and allocates no matrix
            together = np.abs(self.matrix.data.astype(np.float64)).sum() * float(
                np.abs(values).max(initial=0)
            )
            if together < 2.0**62:
                return np.asarray(self.matrix @ values)
            with np.errstate(over="ignore"):
                reach = abs(self.matrix).astype(np.float64) @ np.abs(values.astype(np.float64))
            if not len(reach) or reach.max() < 2.0**62:
                return np.asarray(self.matrix @ values)
        m = self.matrix
        exact = [
            sum(int(a) * int(values[j]) for a, j in zip(m.data[lo:hi], m.indices[lo:hi], strict=True))
            for lo, hi in zip(m.indptr[:-1], m.indptr[1:], strict=True)
        ]
        return np.array(exact, dtype=object)

    def compute_value(self, x: ArrayLike) -> int:
        """Compute c·x exactly, in the units of the objective."""
        return compute_dot(self.objective, self._require_point(x))

    def list_violations(self, x: ArrayLike) -> tuple[Violation, ...]:
        """List all rows and columns that `x` violates, exactly and without tolerance.

        Raises
        ------
        ModelError
            If `x` does not have shape (n_cols,) or does not hold integers.
        """
        values = self._require_point(x)
        violations = _list_violations(
            self.compute_activity(values), self.row_lower, self.row_upper, self.row_names
        )
        return (*violations, *_list_violations(values, self.col_lower, self.col_upper, self.col_names))

    def is_feasible(self, x: ArrayLike) -> bool:
        """Whether `x` satisfies all rows and bounds exactly."""
        return not self.list_violations(x)

    def build_solver_names(self) -> SolverNames:
        """Return names for LP and MPS files, such as `r3_envelope_axe_1` and `x12_D_0007`."""
        return SolverNames(_build_solver_names("r", self.row_names), _build_solver_names("x", self.col_names))

    def _require_point(self, x: ArrayLike) -> ExactArray:
        values = np.asarray(x)
        if values.shape != (self.n_cols,):
            raise _build_error(
                _(
                    "a point of shape {shape} for a model of {n_cols} columns",
                    shape=str(values.shape),
                    n_cols=self.n_cols,
                )
            )
        if values.dtype.kind in "iub":
            return values.astype(np.int64, copy=False)
        if values.dtype != object:
            raise _build_error(_("an exact reading needs whole numbers"))
        return values


def compute_dot(left: ExactArray, right: ExactArray) -> int:
    """Compute Σ left·right of two integer arrays exactly."""
    if left.dtype != object and right.dtype != object:
        reach = np.abs(left.astype(np.float64)) @ np.abs(right.astype(np.float64))
        if reach < 2.0**62:
            return int(left @ right)
    return sum(int(a) * int(b) for a, b in zip(left, right, strict=True) if a and b)


def _check_below_limit(values: IntArray, name: str) -> None:
    # min and max rather than abs: |−2^63| is not an int64
    if values.size and (values.max() >= EXACT_LIMIT or values.min() <= -EXACT_LIMIT):
        raise _build_error(_("{name}: a number reaches 2^53, a solver would lose its last digits", name=name))


def _list_violations(
    activity: ExactArray, lower: IntArray, upper: IntArray, names: Sequence[str]
) -> tuple[Violation, ...]:
    broken = ((lower != NO_LOWER) & (activity < lower)) | ((upper != NO_UPPER) & (activity > upper))
    return tuple(
        Violation(
            names[i],
            int(activity[i]),
            None if lower[i] == NO_LOWER else int(lower[i]),
            None if upper[i] == NO_UPPER else int(upper[i]),
        )
        for i in np.flatnonzero(broken.astype(bool)).tolist()
    )


@dataclass(frozen=True, slots=True, eq=False)
class SolveStage:
    """One objective of a lexicographic problem, with its tolerance.

    Attributes
    ----------
    name : name of the objective
    objective : int64 (n_cols,), coefficients c over the model's columns
    sense : direction
    tolerance : share of the best value that later stages may give up, 0 or more
    constant : contribution of committed dossiers, which `objective` leaves out

    Examples
    --------
    >>> SolveStage("score", np.array([3, 5]), Sense.MAXIMISE, Fraction(1, 100)).compute_limit(201)
    199
    """

    name: str
    objective: IntArray
    sense: Sense
    tolerance: Fraction = Fraction(0)
    constant: int = 0

    def compute_limit(self, value: int) -> int:
        """Compute the worst value that later stages may give this objective: v ∓ tolerance·|v + constant|.

        The result is rounded towards the best value `value` (v): up when maximising, down when minimising.
        """
        given_up = self.tolerance * abs(value + self.constant)
        if self.sense is Sense.MAXIMISE:
            return math.ceil(value - given_up)
        return math.floor(value + given_up)
