"""Writes the rows that rules say into integer arrays; fulfils `RowBuilder`.

Columns, in this order: x_i ∈ {0,1} for each candidate i by rank; t_i ∈ {0…K_i} for each ranged candidate, with
g_i = least_i·x_i + unit_i·t_i and t_i ≤ K_i·x_i; then the further columns that rules ask for. What is already
committed enters as constants.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike

from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, LinearModel, Sense
from tnt_sim.formulation.recovery import Recovery
from tnt_sim.rules.base import IntArray, Once, RowKind, RowLabel, Terms, Unit, group_sums


@dataclass
class _OnceColumns:
    """The columns that stand for « some funded dossier holds this key »."""

    column: IntArray
    members: tuple[IntArray, IntArray]
    needs_upper: bool = False
    needs_lower: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Goal:
    """A stage as it is written: columns, their coefficients (a column may recur), and a constant."""

    column: IntArray
    value: IntArray
    constant: int

    def dense(self, n_cols: int) -> IntArray:
        """One coefficient for each column of the closed model, int64 (n_cols,)."""
        objective = np.zeros(n_cols, dtype=np.int64)
        np.add.at(objective, self.column, self.value)
        return objective


@dataclass
class Builder:
    """Collects rows; `model()` closes it. One instance builds one model."""

    recovery: Recovery
    labels: list[RowLabel] = field(default_factory=list)
    units: list[Fraction] = field(default_factory=list)
    measures: list[Unit] = field(default_factory=list)
    lower: list[int] = field(default_factory=list)
    upper: list[int] = field(default_factory=list)
    _row: list[IntArray] = field(default_factory=list)
    _column: list[IntArray] = field(default_factory=list)
    _value: list[IntArray] = field(default_factory=list)
    _extra_names: list[str] = field(default_factory=list)
    _extra_lower: list[int] = field(default_factory=list)
    _extra_upper: list[int] = field(default_factory=list)
    _once: dict[bytes, _OnceColumns] = field(default_factory=dict)

    @property
    def n_cols(self) -> int:
        """Columns so far."""
        return self.recovery.n_columns + len(self._extra_names)

    def column(self, name: str, lower: int, upper: int) -> int:
        """A further integer column; gives its index."""
        self._extra_names.append(name)
        self._extra_lower.append(lower)
        self._extra_upper.append(upper)
        return self.n_cols - 1

    def rows(
        self,
        labels: Sequence[RowLabel],
        terms: Terms,
        codes: IntArray | None,
        lower: Sequence[int | None],
        upper: Sequence[int | None],
        extra: Sequence[tuple[int, int, int]] = (),
    ) -> None:
        """One row per group; see `RowBuilder`."""
        n_groups, first = len(labels), len(self.labels)
        groups = np.zeros(self.recovery.n, dtype=np.int64) if codes is None else codes
        constants = self._entries(terms, groups, n_groups, first)
        for part in terms.once:
            up = any(bound is not None for bound in lower)
            down = any(bound is not None for bound in upper)
            settled = self._once_entries(part, groups, n_groups, first, up=up, down=down)
            constants = [a + b for a, b in zip(constants, settled, strict=True)]
        for group, column, value in extra:
            self._add([first + group], [column], [value])
        self.labels.extend(labels)
        self.units.extend([terms.scale] * n_groups)
        self.measures.extend([terms.unit] * n_groups)
        self.lower.extend(NO_LOWER if b is None else b - c for b, c in zip(lower, constants, strict=True))
        self.upper.extend(NO_UPPER if b is None else b - c for b, c in zip(upper, constants, strict=True))

    def link(self, name: str, entries: Sequence[tuple[int, int]], upper: int) -> None:
        """A row over further columns only."""
        row = len(self.labels)
        self._add([row] * len(entries), [c for c, _ in entries], [v for _, v in entries])
        self.labels.append(RowLabel(RowKind.LINK, name))
        self.units.append(Fraction(1))
        self.measures.append(Unit.NUMBER)
        self.lower.append(NO_LOWER)
        self.upper.append(upper)

    def objective(self, terms: Terms, sense: Sense) -> Goal:
        """The coefficients of a stage by column, and its constant."""
        one = np.zeros(self.recovery.n, dtype=np.int64)
        start = len(self._row)
        constant = self._entries(terms, one, 1, 0)[0]
        for part in terms.once:
            up = sense is Sense.MAXIMISE
            constant += self._once_entries(part, one, 1, 0, up=up, down=not up)[0]
        goal = Goal(_joined(self._column[start:]), _joined(self._value[start:]), constant)
        del self._row[start:], self._column[start:], self._value[start:]
        return goal

    def model(self, *, whole: bool = True) -> LinearModel:
        """The model without objective; with `whole`, rows divided by their common divisor, bounds rounded."""
        self._amount_links()
        for once in list(self._once.values()):
            self._once_links(once)
        n_rows = len(self.labels)
        entries = (_joined(self._value), (_joined(self._row), _joined(self._column)))
        matrix = sp.coo_array(entries, shape=(n_rows, self.n_cols)).tocsr()
        matrix.sum_duplicates()
        matrix = self._without_idle_rows(matrix)
        if whole:
            lower, upper = _divide(matrix, self.lower, self.upper, self.units)
        else:
            lower, upper = np.array(self.lower, dtype=np.int64), np.array(self.upper, dtype=np.int64)
        lower_x, upper_x = self.recovery.column_bounds()
        extra_lower = np.array(self._extra_lower, dtype=np.int64)
        extra_upper = np.array(self._extra_upper, dtype=np.int64)
        return LinearModel(
            matrix=matrix,
            row_lower=lower,
            row_upper=upper,
            col_lower=np.concatenate([lower_x, extra_lower]),
            col_upper=np.concatenate([upper_x, extra_upper]),
            integer=np.ones(self.n_cols, dtype=np.bool_),
            objective=np.zeros(self.n_cols, dtype=np.int64),
            sense=Sense.MAXIMISE,
            row_names=tuple(str(label) for label in self.labels),
            col_names=[*self.recovery.column_names(), *self._extra_names],
        )

    def _without_idle_rows(self, matrix: Any) -> Any:
        """Drop rows without entries that hold anyway: groups whose dossiers are all settled."""
        low, high = np.array(self.lower), np.array(self.upper)
        keep = (np.diff(matrix.indptr) > 0) | (low > 0) | (high < 0)
        if keep.all():
            return matrix
        rows = np.flatnonzero(keep).tolist()
        self.labels = [self.labels[row] for row in rows]
        self.units = [self.units[row] for row in rows]
        self.measures = [self.measures[row] for row in rows]
        self.lower, self.upper = low[keep].tolist(), high[keep].tolist()
        return matrix[keep]

    def _add(self, row: ArrayLike, column: ArrayLike, value: ArrayLike) -> None:
        self._row.append(np.asarray(row, dtype=np.int64))
        self._column.append(np.asarray(column, dtype=np.int64))
        self._value.append(np.asarray(value, dtype=np.int64))

    def _entries(self, terms: Terms, groups: IntArray, n_groups: int, first: int) -> list[int]:
        """Add the entries of x and t columns; give the constants of what is committed, per group."""
        recovery = self.recovery
        i = recovery.candidate
        inside = groups[i] >= 0
        value = terms.per_funded[i] + terms.per_cent[i] * recovery.least_cents[i]
        used = inside & (value != 0)
        self._add(groups[i[used]] + first, np.flatnonzero(used), value[used])
        j = recovery.ranged
        step = terms.per_cent[j] * recovery.unit_cents[j]
        used = (groups[j] >= 0) & (step != 0)
        self._add(groups[j[used]] + first, len(i) + np.flatnonzero(used), step[used])
        c = recovery.committed[groups[recovery.committed] >= 0]
        fixed = terms.per_funded[c] + terms.per_cent[c] * recovery.committed_cents[c]
        return group_sums(fixed, groups[c], n_groups)

    def _once_entries(
        self, part: Once, groups: IntArray, n_groups: int, first: int, *, up: bool, down: bool
    ) -> list[int]:
        recovery = self.recovery
        n_keys = len(part.worth)
        pair = np.where((groups >= 0) & (part.key >= 0), groups * n_keys + part.key, -1)
        settled = np.unique(pair[recovery.committed])
        settled = settled[settled >= 0]
        constants = group_sums(part.worth[settled % max(n_keys, 1)], settled // max(n_keys, 1), n_groups)
        held = pair[recovery.candidate]
        held = np.where(np.isin(held, settled), -1, held)
        once = self._once_columns(held)
        worth = part.worth[np.unique(held[held >= 0]) % max(n_keys, 1)]
        group = np.unique(held[held >= 0]) // max(n_keys, 1)
        used = worth != 0
        self._add(group[used] + first, once.column[used], worth[used])
        gains, losses = bool((worth > 0).any()), bool((worth < 0).any())
        once.needs_upper |= (up and gains) or (down and losses)
        once.needs_lower |= (down and gains) or (up and losses)
        return constants

    def _once_columns(self, held: IntArray) -> _OnceColumns:
        """One column per distinct key among the candidates: the dossier's own where it is alone."""
        name = held.tobytes()
        if name in self._once:
            return self._once[name]
        x = np.flatnonzero(held >= 0)
        keys, code, count = np.unique(held[x], return_inverse=True, return_counts=True)
        column = np.empty(len(keys), dtype=np.int64)
        column[code] = x
        shared = np.flatnonzero(count > 1)
        start = self.n_cols
        names = self.recovery.column_names()
        for key in shared.tolist():
            self.column(f"any:{names[int(column[key])]}", 0, 1)
        column[shared] = np.arange(start, start + len(shared))
        inside = count[code] > 1
        found = _OnceColumns(column, (x[inside], column[code[inside]]))
        self._once[name] = found
        return found

    def _once_links(self, once: _OnceColumns) -> None:
        x, y = once.members
        if len(x) == 0:
            return
        if once.needs_lower:
            first = len(self.labels)
            rows = np.arange(first, first + len(x))
            self._add(np.tile(rows, 2), np.concatenate([x, y]), np.repeat([1, -1], len(x)))
            self._link_rows(len(x), "holds")
        if once.needs_upper:
            first = len(self.labels)
            keys, code = np.unique(y, return_inverse=True)
            rows = np.arange(first, first + len(keys))
            self._add(np.concatenate([rows, rows[code]]), np.concatenate([keys, x]),
                      np.repeat([1, -1], [len(keys), len(x)]))  # fmt: skip
            self._link_rows(len(keys), "held")

    def _amount_links(self) -> None:
        recovery = self.recovery
        t = recovery.ranged_columns
        if len(t) == 0:
            return
        first = len(self.labels)
        rows = np.arange(first, first + len(t))
        steps = recovery.steps()
        x = np.searchsorted(recovery.candidate, recovery.ranged)
        self._add(np.tile(rows, 2), np.concatenate([t, x]), np.concatenate([np.ones_like(steps), -steps]))
        self._link_rows(len(t), "amount")

    def _link_rows(self, count: int, side: str) -> None:
        self.labels.extend(RowLabel(RowKind.LINK, str(k), side=side) for k in range(count))
        self.units.extend([Fraction(1)] * count)
        self.measures.extend([Unit.NUMBER] * count)
        self.lower.extend([NO_LOWER] * count)
        self.upper.extend([0] * count)


def _joined(parts: list[IntArray]) -> IntArray:
    return np.concatenate([*parts, np.zeros(0, dtype=np.int64)])


def _divide(
    matrix: Any, lower: list[int], upper: list[int], units: list[Fraction]
) -> tuple[IntArray, IntArray]:
    """Divide each row by the common divisor of its coefficients, in place; bounds are rounded inwards.

    Σ a_j x_j is a multiple of the divisor, so rounding the bounds inwards changes nothing but helps solvers.
    """
    low, high = np.array(lower, dtype=np.int64), np.array(upper, dtype=np.int64)
    filled = np.flatnonzero(np.diff(matrix.indptr))
    if len(filled) == 0:
        return low, high
    divisor = np.ones(matrix.shape[0], dtype=np.int64)
    divisor[filled] = np.gcd.reduceat(np.abs(matrix.data), matrix.indptr[filled])
    matrix.data //= np.repeat(divisor, np.diff(matrix.indptr))
    for row in np.flatnonzero(divisor > 1).tolist():
        units[row] *= int(divisor[row])
    low = np.where(low == NO_LOWER, low, -(-low // divisor))
    high = np.where(high == NO_UPPER, high, high // divisor)
    return low, high
