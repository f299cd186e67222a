"""Builder of integer rows: rules write into it, then `Builder.model` assembles the model.

Columns, in this order:

* x_i ∈ {0, 1} for each candidate dossier i in rank order: 1 if it is funded;
* t_i ∈ {0…K_i} for each candidate whose amount is a decision (a range or levels);
* w_ik ∈ {0, 1} for each level k of a candidate: 1 if it receives that amount;
* further columns that rules ask for.

The grant g_i is linear in these: g_i = least_i·x_i + unit_i·t_i with t_i ≤ K_i·x_i for a range, and g_i = Σ_k
cents_ik·w_ik with x_i = Σ_k w_ik for levels. Committed dossiers enter rows and objectives as constants.

Rows are scaled in two ways.

* `divide` divides a row by the greatest common divisor of its coefficients and rounds its bounds inwards.
  Integer points are unchanged, and the linear relaxation can only become tighter.
* `round_outwards` relaxes a row whose coefficients are too large for a solver. With s > 1 and x ≥ 0,

      Σ a_j x_j ≥ b   becomes   Σ ⌈a_j/s⌉ x_j ≥ ⌈b/s⌉
      Σ a_j x_j ≤ b   becomes   Σ ⌊a_j/s⌋ x_j ≤ ⌊b/s⌋

  Every integer point of the first row satisfies the second. The exact check rejects points that satisfy only
  the second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, IntArray, LinearModel
from tnt_sim.formulation.recovery import Recovery
from tnt_sim.rules.expressions.columns import CENT
from tnt_sim.rules.linear_terms import Once, Terms, Unit, sum_by_group
from tnt_sim.rules.protocols import RowKind, RowLabel, Sense, Soft
from tnt_sim.sparse_matrix import SparseMatrix

LARGEST = 2**40
"""Largest coefficient left as it is: with entries of 2^48 HiGHS reported a wrong optimum."""


def round_outwards(
    values: list[IntArray], low: int | None, high: int | None
) -> tuple[list[IntArray], int | None, int | None, int]:
    """Relax a one-sided row whose coefficients exceed `LARGEST` by dividing it and rounding outwards.

    Parameters
    ----------
    values : coefficients of the row, as several int64 arrays
    low, high : its bounds; exactly one must be None if the row is divided
    """
    largest = max((int(abs(part).max()) for part in values if len(part)), default=0)
    if largest <= LARGEST:
        return values, low, high, 1
    if (low is None) == (high is None):
        raise ValueError("a row is rounded outwards on one side only")
    step = -(-largest // LARGEST)
    if low is not None:
        return [-(-part // step) for part in values], -(-low // step), None, step
    assert high is not None
    return [part // step for part in values], None, high // step, step


def divide_rows(
    matrix: SparseMatrix, lower: IntArray, upper: IntArray
) -> tuple[SparseMatrix, IntArray, IntArray, IntArray]:
    """Divide each row by the greatest common divisor of its coefficients, and round its bounds inwards.

    Σ a_j x_j is a multiple of g = gcd(a) for integer x, so Σ (a_j/g) x_j ≤ ⌊b/g⌋ has the same integer points: a
    Chvátal–Gomory cut from one row. The divided matrix, the new bounds and the divisor of each row are returned.

    >>> rows = SparseMatrix.from_dense([[4, 6]])
    >>> matrix, low, high, divisor = divide_rows(rows, np.array([1]), np.array([9]))
    >>> matrix.toarray().tolist(), low.tolist(), high.tolist(), divisor.tolist()
    ([[2, 3]], [1], [4], [2])
    """
    divisor = matrix.reduce_rows(np.gcd, 1)
    divided = matrix.with_data(matrix.data // divisor[matrix.row])
    low = np.where(lower == NO_LOWER, lower, -(-lower // divisor))
    high = np.where(upper == NO_UPPER, upper, upper // divisor)
    return divided, low, high, divisor


ONE = Fraction(1)
LABELS_PER_LOOK = 20_000
"""Row labels created between two checks of the deadline, about 20 ms."""


@dataclass
class _OnceColumns:
    """Columns y_k = 1 if some funded dossier holds key k, one per key in ascending order.

    `members` lists the pairs (column x, column y) of shared keys. `needs_upper` asks for y ≤ Σ x,
    `needs_lower` for x ≤ y.
    """

    keys: IntArray
    column: IntArray
    members: tuple[IntArray, IntArray]
    needs_upper: bool = False
    needs_lower: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class GoalRow:
    """Sparse objective: columns, their coefficients (a column may occur several times) and a constant."""

    column: IntArray
    value: IntArray
    constant: int

    def to_dense(self, n_cols: int) -> IntArray:
        """Return one coefficient per column, int64 (n_cols,)."""
        objective = np.zeros(n_cols, dtype=np.int64)
        np.add.at(objective, self.column, self.value)
        return objective


@dataclass
class Builder:
    """Collects rows and columns, then assembles one model with `build_model()`.

    Every method may raise `DeadlineExpired`: writing a million dossiers takes seconds, and a partial model is
    of no use.

    Attributes
    ----------
    recovery : the award columns
    labels, units, measures, lower, upper : one entry per row
    extra_units : what 1 of each column that rules asked for is worth in its measure
    prices : (column, stage, price) for each penalised column
    """

    recovery: Recovery
    deadline: Deadline = UNLIMITED
    labels: list[RowLabel] = field(default_factory=list)
    units: list[Fraction] = field(default_factory=list)
    measures: list[Unit] = field(default_factory=list)
    prices: list[tuple[int, int, Fraction]] = field(default_factory=list)
    lower: list[int] = field(default_factory=list)
    upper: list[int] = field(default_factory=list)
    _row: list[IntArray] = field(default_factory=list)
    _column: list[IntArray] = field(default_factory=list)
    _value: list[IntArray] = field(default_factory=list)
    extra_units: list[Fraction] = field(default_factory=list)
    _extra_names: list[str] = field(default_factory=list)
    _extra_lower: list[int] = field(default_factory=list)
    _extra_upper: list[int] = field(default_factory=list)
    _once: dict[bytes, _OnceColumns] = field(default_factory=dict)
    _shared: dict[str, int] = field(default_factory=dict)

    @property
    def n_cols(self) -> int:
        """Number of columns so far."""
        return self.recovery.n_columns + len(self._extra_names)

    def add_column(self, name: str, lower: int, upper: int, unit: Fraction = ONE) -> int:
        """Add an integer column, which cannot be negative (`round_outwards` needs it), and return its index."""
        if lower < 0:
            raise ValueError(f"the column {name!r} may not be negative")
        self._extra_names.append(name)
        self._extra_lower.append(lower)
        self._extra_upper.append(upper)
        self.extra_units.append(unit)
        return self.n_cols - 1

    def add_shared_column(self, name: str, lower: int, upper: int, unit: Fraction = ONE) -> int:
        """Return the index of the additional column `name`, creating it on the first call."""
        if name not in self._shared:
            self._shared[name] = self.add_column(name, lower, upper, unit)
        return self._shared[name]

    def add_rows(
        self,
        labels: Sequence[RowLabel],
        terms: Terms,
        codes: IntArray | None,
        lower: Sequence[int | None],
        upper: Sequence[int | None],
        extra: Sequence[tuple[int, int, int]] = (),
        soft: Soft | None = None,
        wide: bool = False,
    ) -> None:
        """Add one row per group; see `RowBuilder.rows`."""
        self.deadline.check()
        n_groups, first, start = len(labels), len(self.labels), len(self._value)
        groups = np.zeros(self.recovery.n, dtype=np.int64) if codes is None else codes
        constants = self._add_entries(terms, groups, n_groups, first)
        for once in terms.once:
            up = any(bound is not None for bound in lower)
            down = any(bound is not None for bound in upper)
            settled = self._collect_once_entries(once, groups, n_groups, first, up=up, down=down)
            constants = [a + b for a, b in zip(constants, settled, strict=True)]
        constants = [value + terms.constant for value in constants]
        if extra:
            group, column, value = np.array(extra, dtype=np.int64).T
            self._add(first + group, column, value)
        if soft is not None:
            self._add_violation_columns(labels, first, lower, upper, constants, terms.scale, soft)
        low = [None if b is None else b - c for b, c in zip(lower, constants, strict=True)]
        high = [None if b is None else b - c for b, c in zip(upper, constants, strict=True)]
        scale = terms.scale
        if wide:
            self._value[start:], low[0], high[0], step = round_outwards(self._value[start:], low[0], high[0])
            scale *= step
        self.labels.extend(labels)
        self.units.extend([scale] * n_groups)
        self.measures.extend([terms.unit] * n_groups)
        self.lower.extend(NO_LOWER if b is None else b for b in low)
        self.upper.extend(NO_UPPER if b is None else b for b in high)

    def _add_violation_columns(
        self,
        labels: Sequence[RowLabel],
        first: int,
        lower: Sequence[int | None],
        upper: Sequence[int | None],
        constants: Sequence[int],
        scale: Fraction,
        soft: Soft,
    ) -> None:
        """Add a priced violation column to each side of each row, bounded by the largest possible violation."""
        low, high = self._compute_activity_bounds(first, len(labels))
        for group, label in enumerate(labels):
            sides = []
            if lower[group] is not None:
                sides.append((1, (lower[group] or 0) - constants[group] - low[group]))
            if upper[group] is not None:
                sides.append((-1, high[group] - ((upper[group] or 0) - constants[group])))
            for sign, longest in sides:
                if longest > 0:
                    column = self.add_column(f"short:{label}:{sign}", 0, longest, scale)
                    self._add([first + group], [column], [sign])
                    self.add_price(column, soft.stage, soft.price * scale)

    def _compute_activity_bounds(self, first: int, count: int) -> tuple[list[int], list[int]]:
        """Compute the least and largest activity of the rows from `first` on, over the bounds of their columns."""
        _, x_upper = self.recovery.build_column_bounds()
        reach = np.concatenate([x_upper, np.array(self._extra_upper, dtype=np.int64)])
        low, high = [0] * count, [0] * count
        for rows, columns, values in zip(self._row, self._column, self._value, strict=True):
            mine = rows >= first
            for row, column, value in zip(
                rows[mine].tolist(), columns[mine].tolist(), values[mine].tolist(), strict=True
            ):
                far = value * int(reach[column])
                low[row - first] += min(0, far)
                high[row - first] += max(0, far)
        return low, high

    def add_price(self, column: int, stage: int, price: Fraction) -> None:
        """Charge `add_price` against a stage's value for each unit of a column."""
        self.prices.append((column, stage, price))

    def get_funded_column(self, dossier: int) -> int | None:
        """Return the 0-1 column of a dossier; None if it is not a candidate."""
        place = int(np.searchsorted(self.recovery.candidate, dossier))
        found = place < len(self.recovery.candidate) and int(self.recovery.candidate[place]) == dossier
        return place if found else None

    def get_funded_columns(self) -> IntArray:
        """Return the 0-1 column of every dossier, int64 (n,); -1 where it is not a candidate."""
        found = np.full(self.recovery.n, -1, dtype=np.int64)
        found[self.recovery.candidate] = self.recovery.funded_columns
        return found

    def list_option_columns(self, dossier: int) -> list[tuple[int, int]]:
        """Return (column, cents) for each level of a dossier, in ascending order."""
        options = self.recovery.options
        places = np.flatnonzero(options.row == dossier)
        return [(int(self.recovery.option_columns[k]), int(options.cents[k])) for k in places]

    def add_link(
        self,
        name: str,
        entries: Sequence[tuple[int, int]],
        upper: int,
        lower: int | None = None,
        *,
        is_money: bool = False,
    ) -> None:
        """Add a row over columns only: lower ≤ Σ value·column ≤ upper, `entries` being (column, value)."""
        zeros = np.zeros(len(entries), dtype=np.int64)
        columns = np.array([column for column, _ in entries], dtype=np.int64)
        values = np.array([value for _, value in entries], dtype=np.int64)
        self.add_links(name, zeros, columns, values, lower, upper)
        if is_money:
            self.units[-1], self.measures[-1] = CENT, Unit.MONEY

    def add_links(
        self,
        name: str,
        row: IntArray,
        column: IntArray,
        value: IntArray,
        lower: int | None,
        upper: int | None,
    ) -> None:
        """Add several rows over columns only, all with the same bounds; see `RowBuilder.links`."""
        self.deadline.check()
        count = int(row.max(initial=-1)) + 1
        self._add(row + len(self.labels), column, value)
        self.labels.extend(RowLabel(RowKind.LINK, name, side=str(k)) for k in range(count))
        self.units.extend([Fraction(1)] * count)
        self.measures.extend([Unit.NUMBER] * count)
        self.lower.extend([NO_LOWER if lower is None else lower] * count)
        self.upper.extend([NO_UPPER if upper is None else upper] * count)

    def build_goal_row(self, terms: Terms, sense: Sense) -> GoalRow:
        """Return the coefficients of an objective by column, and its constant."""
        self.deadline.check()
        entry = np.zeros(self.recovery.n, dtype=np.int64)
        start = len(self._row)
        constant = self._add_entries(terms, entry, 1, 0)[0]
        for part in terms.once:
            up = sense is Sense.MAXIMISE
            constant += self._collect_once_entries(part, entry, 1, 0, up=up, down=not up)[0]
        constant += terms.constant
        goal = GoalRow(_join_arrays(self._column[start:]), _join_arrays(self._value[start:]), constant)
        del self._row[start:], self._column[start:], self._value[start:]
        return goal

    def build_model(self, *, whole: bool = True) -> LinearModel:
        """Assemble the model, with a zero objective.

        With `whole`, each row is divided by the greatest common divisor of its coefficients and its bounds
        are rounded. Pass False for a linear relaxation, whose fractional points this would cut off.
        """
        self._add_amount_links()
        for once in list(self._once.values()):
            self._add_once_links(once)
        n_rows = len(self.labels)
        self.deadline.check()
        value, row, column = (_join_arrays(part) for part in (self._value, self._row, self._column))
        matrix = SparseMatrix.from_entries(value, row, column, (n_rows, self.n_cols))
        self.deadline.check()
        matrix = self._without_idle_rows(matrix)
        self.deadline.check()
        lower, upper = np.array(self.lower, dtype=np.int64), np.array(self.upper, dtype=np.int64)
        if whole:
            matrix, lower, upper, divisor = divide_rows(matrix, lower, upper)
            for place in np.flatnonzero(divisor > 1).tolist():
                self.units[place] *= int(divisor[place])
        self.deadline.check()
        lower_x, upper_x = self.recovery.build_column_bounds()
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
            col_names=[*self.recovery.build_column_names(), *self._extra_names],
        )

    def _without_idle_rows(self, matrix: SparseMatrix) -> SparseMatrix:
        """Drop rows without entries that 0 satisfies, such as groups without any candidate."""
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

    def _add_entries(self, terms: Terms, groups: IntArray, n_groups: int, first: int) -> list[int]:
        """Add the entries of columns x, t and w; return the constants of committed dossiers by group."""
        recovery = self.recovery
        i = recovery.candidate
        inside = groups[i] >= 0
        value = terms.per_funded[i] + terms.per_cent[i] * recovery.base_cents[i]
        used = inside & (value != 0)
        self._add(groups[i[used]] + first, np.flatnonzero(used), value[used])
        j = recovery.ranged
        step = terms.per_cent[j] * recovery.unit_cents[j]
        used = (groups[j] >= 0) & (step != 0)
        self._add(groups[j[used]] + first, recovery.ranged_columns[used], step[used])
        o = recovery.options
        paid = terms.per_cent[o.row] * o.cents
        used = (groups[o.row] >= 0) & (paid != 0)
        self._add(groups[o.row[used]] + first, recovery.option_columns[used], paid[used])
        c = recovery.committed[groups[recovery.committed] >= 0]
        fixed = terms.per_funded[c] + terms.per_cent[c] * recovery.committed_cents[c]
        return sum_by_group(fixed, groups[c], n_groups)

    def _collect_once_entries(
        self, once_terms: Once, groups: IntArray, n_groups: int, first: int, *, up: bool, down: bool
    ) -> list[int]:
        recovery = self.recovery
        n_keys = max(len(once_terms.worth), 1)
        inside = groups[once_terms.row] >= 0
        row, pair = once_terms.row[inside], groups[once_terms.row[inside]] * n_keys + once_terms.key[inside]
        settled = np.unique(pair[recovery.is_committed()[row]])
        constants = sum_by_group(once_terms.worth[settled % n_keys], settled // n_keys, n_groups)
        place = self.get_funded_columns()[row]
        open_ = (place >= 0) & ~np.isin(pair, settled)
        once = self._add_once_columns(place[open_], pair[open_])
        worth, group = once_terms.worth[once.keys % n_keys], once.keys // n_keys
        used = worth != 0
        self._add(group[used] + first, once.column[used], worth[used])
        gains, losses = bool((worth > 0).any()), bool((worth < 0).any())
        once.needs_upper |= (up and gains) or (down and losses)
        once.needs_lower |= (down and gains) or (up and losses)
        return constants

    def _add_once_columns(self, x: IntArray, pair: IntArray) -> _OnceColumns:
        """Return one column per key: a new one, or column x if a single dossier holds the key."""
        name = x.tobytes() + pair.tobytes()
        if name in self._once:
            return self._once[name]
        self.deadline.check()
        keys, code, count = np.unique(pair, return_inverse=True, return_counts=True)
        self.deadline.check()
        column = np.empty(len(keys), dtype=np.int64)
        column[code] = x
        shared = np.flatnonzero(count > 1)
        start = self.n_cols
        names = self.recovery.build_column_names()
        self._extra_names.extend(f"any:{names[one]}" for one in column[shared].tolist())
        self._extra_lower.extend([0] * len(shared))
        self.extra_units.extend([ONE] * len(shared))
        self._extra_upper.extend([1] * len(shared))
        column[shared] = np.arange(start, start + len(shared))
        inside = count[code] > 1
        found = _OnceColumns(keys, column, (x[inside], column[code[inside]]))
        self._once[name] = found
        return found

    def _add_once_links(self, once: _OnceColumns) -> None:
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

    def _add_amount_links(self) -> None:
        """Add t ≤ K·x for all amounts, and x = Σ w, t = Σ k·w for levels, so that t orders amounts as cents do."""
        recovery = self.recovery
        t = recovery.amount_columns
        if len(t) == 0:
            return
        x = np.searchsorted(recovery.candidate, recovery.amount_rows)
        steps = recovery.compute_steps()
        place = np.arange(len(t))
        ones = np.ones(len(t), dtype=np.int64)
        self.add_links(
            "amount", np.tile(place, 2), np.concatenate([t, x]), np.concatenate([ones, -steps]), None, 0
        )
        o = recovery.options
        if len(o.row) == 0:
            return
        levelled, code = np.unique(o.row, return_inverse=True)
        own = np.arange(len(levelled))
        at = np.searchsorted(recovery.candidate, levelled)
        w = recovery.option_columns
        self.add_links(
            "level",
            np.concatenate([own, code]),
            np.concatenate([at, w]),
            np.concatenate([np.ones_like(own), -np.ones_like(code)]),
            0,
            0,
        )
        mine = t[np.searchsorted(recovery.amount_rows, levelled)]
        self.add_links(
            "step", np.concatenate([own, code]), np.concatenate([mine, w]),
            np.concatenate([np.ones_like(own), -o.step]), 0, 0,
        )  # fmt: skip

    def _link_rows(self, count: int, side: str) -> None:
        for start in range(0, count, LABELS_PER_LOOK):
            self.deadline.check()
            part = range(start, min(count, start + LABELS_PER_LOOK))
            self.labels.extend(RowLabel(RowKind.LINK, str(k), side=side) for k in part)
        self.units.extend([Fraction(1)] * count)
        self.measures.extend([Unit.NUMBER] * count)
        self.lower.extend([NO_LOWER] * count)
        self.upper.extend([0] * count)


def _join_arrays(arrays: list[IntArray]) -> IntArray:
    return np.concatenate([*arrays, np.zeros(0, dtype=np.int64)])
