"""Columns back to awards: the inverse that compiling a model returns with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from tnt_sim.rules.linear_terms import BoolArray, IntArray
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.offers.levels import Levels


@dataclass(frozen=True)
class Recovery:
    """How columns stand for awards.

    The columns in order: x of each candidate; t of each candidate whose amount is open (ranged or levelled), by
    rank; w of each level.

    Attributes
    ----------
    n : number of dossiers
    candidate, amount_rows, ranged, committed : int64, rows of the table
    options : the levels of candidates
    base_cents : int64 (n,), what x = 1 grants by itself: 0 for levelled dossiers
    least_cents, unit_cents, most_cents, committed_cents : int64 (n,)
    forced : bool (n,)
    dossier : the ids, String (n,)
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
        """The columns of a set of offers."""
        levelled = np.zeros(len(dossier), dtype=np.bool_)
        options = offers.levels.where(offers.candidate)
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
        """Number of columns that stand for awards."""
        return len(self.candidate) + len(self.amount_rows) + len(self.options.row)

    @property
    def funded_columns(self) -> IntArray:
        """The 0-1 columns in rank order."""
        return np.arange(len(self.candidate), dtype=np.int64)

    @property
    def amount_columns(self) -> IntArray:
        """The amount columns in rank order: a greater value is a greater grant."""
        start = len(self.candidate)
        return np.arange(start, start + len(self.amount_rows), dtype=np.int64)

    @property
    def ranged_columns(self) -> IntArray:
        """The amount columns of ranged candidates."""
        return self.amount_columns[np.searchsorted(self.amount_rows, self.ranged)]

    @property
    def option_columns(self) -> IntArray:
        """The 0-1 column of each level."""
        start = len(self.candidate) + len(self.amount_rows)
        return np.arange(start, start + len(self.options.row), dtype=np.int64)

    def is_committed(self) -> BoolArray:
        """Whether each dossier is committed, bool (n,)."""
        mask = np.zeros(self.n, dtype=np.bool_)
        mask[self.committed] = True
        return mask

    def steps(self) -> IntArray:
        """The largest value of each amount column: units from least to most, or the highest level's step."""
        j = self.amount_rows
        units = (self.most_cents[j] - self.least_cents[j]) // self.unit_cents[j]
        highest = np.full(self.n, -1, dtype=np.int64)
        np.maximum.at(highest, self.options.row, self.options.step)
        return np.where(highest[j] >= 0, highest[j], units)

    def column_bounds(self) -> tuple[IntArray, IntArray]:
        """Lower and upper bounds of the award columns."""
        levels = np.zeros_like(self.options.row)
        forced = self.forced[self.candidate].astype(np.int64)
        lower = np.concatenate([forced, np.zeros_like(self.amount_rows), levels])
        upper = np.concatenate([np.ones_like(self.candidate), self.steps(), levels + 1])
        return lower, upper

    def column_names(self) -> list[str]:
        """The dossier of each column; amounts end in `:amount`, levels in `:level`."""
        return [
            *self._names(self.candidate),
            *(f"{name}:amount" for name in self._names(self.amount_rows)),
            *(f"{name}:level" for name in self._names(self.options.row)),
        ]

    def _names(self, rows: IntArray) -> list[str]:
        # a gather costs as much as the rest of a small model
        if not len(rows):
            return []
        every = self.dossier if len(rows) == self.n else self.dossier.gather(rows)
        names: list[str] = every.to_list()
        return names

    def awards(self, x: IntArray) -> tuple[BoolArray, IntArray]:
        """Funded, bool (n,), and granted cents, int64 (n,), of a point of the model."""
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
