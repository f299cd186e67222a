"""Map from model columns back to awards: the inverse of the formulation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from tnt_sim.rules.linear_terms import BoolArray, IntArray
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.offers.levels import Levels


@dataclass(frozen=True)
class Recovery:
    """Layout of the award columns, and the map from a point to funded dossiers and granted cents.

    Columns in order: x of each candidate; t of each candidate whose amount is a decision (a range or levels),
    in rank order; w of each level.

        g_i = base_i·x_i + unit_i·t_i       (range, or a fixed amount without t)
        g_i = Σ_k cents_ik·w_ik             (levels)

    Attributes
    ----------
    n : number of dossiers
    candidate, amount_rows, ranged, committed : int64, row numbers in the dossier table
    options : levels of candidates
    base_cents : int64 (n,), amount that x = 1 grants by itself; 0 for dossiers with levels
    least_cents, unit_cents, most_cents, committed_cents : int64 (n,)
    forced : bool (n,), dossiers that must be funded
    dossier : ids, String (n,)
    """

    n: int
    candidate: IntArray
    amount_rows: IntArray
    ranged: IntArray
    committed: IntArray
    options: Levels
    base_cents: IntArray
    least_cents: IntArray
    unit_cents: IntArray
    most_cents: IntArray
    committed_cents: IntArray
    forced: BoolArray
    dossier: pl.Series

    @classmethod
    def of(cls, offers: Offers, dossier: pl.Series) -> Recovery:
        """Derive the column layout from the offers."""
        levelled = np.zeros(len(dossier), dtype=np.bool_)
        options = offers.levels.restrict(offers.candidate)
        levelled[options.row] = True
        return cls(
            n=len(dossier),
            candidate=np.flatnonzero(offers.candidate),
            amount_rows=np.flatnonzero(offers.candidate & (offers.ranged | levelled)),
            ranged=np.flatnonzero(offers.candidate & offers.ranged),
            committed=np.flatnonzero(offers.committed),
            options=options,
            base_cents=np.where(levelled, 0, offers.least_cents),
            least_cents=offers.least_cents,
            unit_cents=offers.unit_cents,
            most_cents=offers.most_cents,
            committed_cents=offers.committed_cents,
            forced=offers.forced,
            dossier=dossier,
        )

    @property
    def n_columns(self) -> int:
        """Number of award columns."""
        return len(self.candidate) + len(self.amount_rows) + len(self.options.row)

    @property
    def funded_columns(self) -> IntArray:
        """The 0-1 columns x, in rank order."""
        return np.arange(len(self.candidate), dtype=np.int64)

    @property
    def amount_columns(self) -> IntArray:
        """The columns t, in rank order: a larger value is a larger grant."""
        start = len(self.candidate)
        return np.arange(start, start + len(self.amount_rows), dtype=np.int64)

    @property
    def ranged_columns(self) -> IntArray:
        """The columns t of candidates with a range."""
        return self.amount_columns[np.searchsorted(self.amount_rows, self.ranged)]

    @property
    def option_columns(self) -> IntArray:
        """The 0-1 column w of each level."""
        start = len(self.candidate) + len(self.amount_rows)
        return np.arange(start, start + len(self.options.row), dtype=np.int64)

    def is_committed(self) -> BoolArray:
        """Return the mask of committed dossiers, bool (n,)."""
        mask = np.zeros(self.n, dtype=np.bool_)
        mask[self.committed] = True
        return mask

    def compute_steps(self) -> IntArray:
        """Return the upper bound K of each column t: units from least to most, or the highest level's step."""
        j = self.amount_rows
        units = (self.most_cents[j] - self.least_cents[j]) // self.unit_cents[j]
        highest = np.full(self.n, -1, dtype=np.int64)
        np.maximum.at(highest, self.options.row, self.options.step)
        return np.where(highest[j] >= 0, highest[j], units)

    def build_column_bounds(self) -> tuple[IntArray, IntArray]:
        """Return the lower and upper bounds of the award columns; x of a forced dossier has lower bound 1."""
        levels = np.zeros_like(self.options.row)
        forced = self.forced[self.candidate].astype(np.int64)
        lower = np.concatenate([forced, np.zeros_like(self.amount_rows), levels])
        upper = np.concatenate([np.ones_like(self.candidate), self.compute_steps(), levels + 1])
        return lower, upper

    def build_column_names(self) -> list[str]:
        """Return the dossier id of each column, with the suffix `:amount` for t and `:level` for w."""
        return [
            *self._list_dossiers(self.candidate),
            *(f"{name}:amount" for name in self._list_dossiers(self.amount_rows)),
            *(f"{name}:level" for name in self._list_dossiers(self.options.row)),
        ]

    def _list_dossiers(self, rows: IntArray) -> list[str]:
        # gather would cost as much as the rest of a small model
        if not len(rows):
            return []
        every = self.dossier if len(rows) == self.n else self.dossier.gather(rows)
        names: list[str] = every.to_list()
        return names

    def compute_awards(self, x: IntArray) -> tuple[BoolArray, IntArray]:
        """Compute the awards of a point: funded, bool (n,), and granted cents, int64 (n,)."""
        funded = np.zeros(self.n, dtype=np.bool_)
        granted = np.zeros(self.n, dtype=np.int64)
        chosen = x[: len(self.candidate)]
        funded[self.candidate] = chosen > 0
        granted[self.candidate] = self.base_cents[self.candidate] * chosen
        granted[self.ranged] += self.unit_cents[self.ranged] * x[self.ranged_columns]
        np.add.at(granted, self.options.row, self.options.cents * x[self.option_columns])
        funded[self.committed] = True
        granted[self.committed] = self.committed_cents[self.committed]
        return funded, granted
