"""Columns by which envelopes get free money of the envelope above, read from a model's rows.

    G_c − e_c ≤ a_c   for each envelope c that may gain,        Σ_c e_c − e_X ≤ f_X   for the one above

with G_c in cents of grants, e_c ≥ 0 and in no other row than such, so that the least e_c is max(0, G_c − a_c), and
the least e_X what its own envelopes need beyond f_X. An envelope that shares money out keeps its own row too,
G_X − e_X ≤ a_X: it says no more, and is left to the check of all rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tnt_sim.formulation.linear_model import NO_LOWER, NO_UPPER, IntArray, LinearModel
from tnt_sim.kernel.forest import Shared


@dataclass(frozen=True, slots=True, eq=False)
class FreeMoney:
    """The rows that share money out, and the columns of what they give.

    Attributes
    ----------
    cost : of each choice in the unit of these columns, int64 (n_choices,)
    choices, gains : places of the 0-1 choices and of the gains among the model's columns
    shared : the rows at the top, in units of `cost`
    paid_by : the column that pays what each row's envelope needs beyond its own, by row
    """

    cost: IntArray
    choices: IntArray
    gains: IntArray
    shared: tuple[Shared, ...]
    paid_by: Mapping[int, int]

    def point(self, model: LinearModel, taken: IntArray) -> IntArray:
        """The choices with the least gains that they need."""
        x = np.zeros(model.n_cols, dtype=np.int64)
        x[self.choices] = taken
        spent = model.matrix @ x

        def pay(shared: Shared) -> int:
            parts = [self._pay(row, int(spent[row] - model.row_upper[row]), x) for row in shared.caps]
            need = sum(parts) + sum(pay(child) for child in shared.below)
            return self._pay(shared.row, need - shared.cap, x) if shared.beyond else need

        for top in self.shared:
            pay(top)
        return x

    def _pay(self, row: int, need: int, x: IntArray) -> int:
        x[self.paid_by[row]] = max(0, need)
        return max(0, need)


def free_money(model: LinearModel, cost: IntArray) -> FreeMoney | None:
    """The free money of a model whose choices are the columns of positive cost; None where its rows say more."""
    money = np.flatnonzero(cost == 0)
    if not len(money):
        return FreeMoney(cost, np.arange(model.n_cols), money, (), {})
    if (model.col_lower[money] != 0).any() or (model.col_upper[money] <= 1).any():
        return None
    by_column = model.matrix[:, money].tocoo()
    if (np.abs(by_column.data) != 1).any() or (model.row_lower[by_column.row] != NO_LOWER).any():
        return None
    is_choice = cost > 0
    held = np.unique(model.matrix[:, np.flatnonzero(is_choice)].tocoo().row)
    has_choices = np.zeros(model.n_rows, dtype=np.bool_)
    has_choices[held] = True
    giver: dict[int, int] = {}
    takes: dict[int, list[int]] = {int(column): [] for column in money}
    for row, place, value in zip(
        by_column.row.tolist(), by_column.col.tolist(), by_column.data.tolist(), strict=True
    ):
        column = int(money[place])
        if value < 0:
            takes[column].append(row)
        elif has_choices[row] or column in giver:
            return None
        else:
            giver[column] = row
    reader = _Reader(model, giver, takes, has_choices)
    if giver.keys() != takes.keys() or not reader.read():
        return None
    unit = reader.unit(is_choice, cost)
    if unit is None:
        return None
    tops = [row for row in sorted(set(giver.values())) if row not in reader.beyond]
    shared = tuple(reader.shared(row) for row in tops)
    choices = np.flatnonzero(is_choice)
    return FreeMoney(cost[choices] * unit, choices, money, shared, reader.paid_by)


@dataclass
class _Reader:
    """Reads which rows gain and which share out."""

    model: LinearModel
    giver: dict[int, int]
    takes: dict[int, list[int]]
    has_choices: np.ndarray

    def __post_init__(self) -> None:
        self.paid_by: dict[int, int] = {}
        self.beyond: set[int] = set()
        self.below: dict[int, list[int]] = {}

    def read(self) -> bool:
        """Whether each column pays for one envelope: for the row that shares its money out, else for its cap."""
        for column, rows in self.takes.items():
            sharing = [row for row in rows if not self.has_choices[row]]
            caps = [row for row in rows if self.has_choices[row]]
            if len(sharing) > 1 or (not sharing and len(caps) != 1) or len(caps) > 1:
                return False
            row = (sharing or caps)[0]
            if row in self.paid_by or self.model.row_upper[row] == NO_UPPER:
                return False
            self.paid_by[row] = column
            self.beyond.update(sharing)
            self.below.setdefault(self.giver[column], []).append(row)
        return all(self.model.row_upper[row] != NO_UPPER for row in self.below)

    def unit(self, is_choice: np.ndarray, cost: IntArray) -> int | None:
        """What a cost counts in these columns' unit: one number over all rows that gain."""
        rows = [row for row in self.paid_by if self.has_choices[row]]
        part = self.model.matrix[rows][:, np.flatnonzero(is_choice)].tocoo()
        own = cost[is_choice][part.col]
        units = np.unique(part.data // own)
        if len(units) != 1 or (units[0] * own != part.data).any() or units[0] <= 0:
            return None
        return int(units[0])

    def shared(self, row: int) -> Shared:
        """A row that shares money out, with all under it."""
        below = self.below.get(row, [])
        return Shared(
            row,
            int(self.model.row_upper[row]),
            tuple(r for r in below if self.has_choices[r]),
            tuple(self.shared(r) for r in below if not self.has_choices[r]),
            row in self.beyond,
        )
