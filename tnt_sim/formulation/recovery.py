"""Columns back to awards: the inverse that compiling a model returns with it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from tnt_sim.rules.base import BoolArray, IntArray
from tnt_sim.rules.grant import Offers


@dataclass(frozen=True)
class Recovery:
    """How columns stand for awards.

    Attributes
    ----------
    n : number of dossiers
    candidate, ranged, committed : int64, rows of the table; column k is candidate[k], then come the ranged ones
    least_cents, unit_cents, most_cents, committed_cents : int64 (n,)
    forced : bool (n,)
    dossier : the ids, String (n,)
    """

    n: int
    candidate: IntArray
    ranged: IntArray
    committed: IntArray
    least_cents: IntArray
    unit_cents: IntArray
    most_cents: IntArray
    committed_cents: IntArray
    forced: BoolArray
    dossier: pl.Series

    @classmethod
    def of(cls, offers: Offers, dossier: pl.Series) -> Recovery:
        """The columns of a set of offers."""
        return cls(
            n=len(dossier),
            candidate=np.flatnonzero(offers.candidate),
            ranged=np.flatnonzero(offers.candidate & offers.ranged),
            committed=np.flatnonzero(offers.committed),
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
        return len(self.candidate) + len(self.ranged)

    @property
    def funded_columns(self) -> IntArray:
        """The 0-1 columns in rank order."""
        return np.arange(len(self.candidate), dtype=np.int64)

    @property
    def ranged_columns(self) -> IntArray:
        """The amount columns in rank order."""
        return np.arange(len(self.candidate), self.n_columns, dtype=np.int64)

    def steps(self) -> IntArray:
        """K_i: how many units lie between the least and the most of each ranged candidate."""
        j = self.ranged
        return (self.most_cents[j] - self.least_cents[j]) // self.unit_cents[j]

    def column_bounds(self) -> tuple[IntArray, IntArray]:
        """Lower and upper bounds of the award columns."""
        lower = np.concatenate([self.forced[self.candidate].astype(np.int64), np.zeros_like(self.ranged)])
        upper = np.concatenate([np.ones_like(self.candidate), self.steps()])
        return lower, upper

    def column_names(self) -> list[str]:
        """The dossier of each column; amounts end in `:amount`."""
        names: list[str] = self.dossier.gather(self.candidate).to_list()
        return names + [f"{name}:amount" for name in self.dossier.gather(self.ranged).to_list()]

    def awards(self, x: IntArray) -> tuple[BoolArray, IntArray]:
        """Funded, bool (n,), and granted cents, int64 (n,), of a point of the model."""
        funded = np.zeros(self.n, dtype=np.bool_)
        granted = np.zeros(self.n, dtype=np.int64)
        chosen = x[: len(self.candidate)]
        funded[self.candidate] = chosen > 0
        granted[self.candidate] = self.least_cents[self.candidate] * chosen
        granted[self.ranged] += self.unit_cents[self.ranged] * x[len(self.candidate) : self.n_columns]
        funded[self.committed] = True
        granted[self.committed] = self.committed_cents[self.committed]
        return funded, granted
