"""The relaxation of a stage for Python users: value, prices, ranges and the integrality gap."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from math import ceil, floor

import numpy as np
import polars as pl

from tnt_sim.deadline import Deadline
from tnt_sim.engine.stage_values import find_best_values
from tnt_sim.formulation.linear_model import FloatArray
from tnt_sim.formulation.named_model import NamedModel
from tnt_sim.scenario.problem import Problem
from tnt_sim.solve.methods.relaxation_prices import PricedPoint
from tnt_sim.solve.reductions.fixing import compute_bound_in_time

PLACES = 6
"""Decimals of the bound, the best value and the gap."""


@dataclass(frozen=True, eq=False)
class Relaxation:
    """The linear relaxation of one stage: an upper bound and prices, never a decision.

    Prices are per unit of the row: per euro for an envelope or a rule on money. Where several vectors of prices
    are optimal, solvers may give different ones; all of them give the same bound.

    Attributes
    ----------
    problem, number : the problem, and the stage from 1
    named : numbers and names of the stage
    point : values and prices in the order of the model
    row_table, column_table : what each name stands for
    """

    problem: Problem = field(repr=False)
    number: int
    named: NamedModel = field(repr=False)
    point: PricedPoint = field(repr=False)
    row_table: pl.DataFrame = field(repr=False)
    column_table: pl.DataFrame = field(repr=False)

    @property
    def solver(self) -> str:
        """Name and version of the solver."""
        return self.point.solver

    @property
    def value(self) -> float:
        """Value of the relaxation as the solver gives it, commitments included."""
        return float(self.named.cost @ self.point.values) + float(self.named.offset)

    @cached_property
    def bound(self) -> Decimal | None:
        """Bound that the prices prove, computed in integers: no allocation is better. Rounded outwards to 10⁻⁶.

        None if they prove none, or within the `time_limit` of the scenario.
        """
        named = self.named
        scales = np.array([float(scale / named.cost_scale) for scale in named.row_scales])
        until = Deadline(self.problem.scenario.spec.solver.time_limit)
        bound = compute_bound_in_time(named.linear, self.point.prices * scales, until)
        if bound is None:
            return None
        steps = named.to_value(bound) * 10**PLACES
        return Decimal(ceil(steps) if named.is_maximised else floor(steps)).scaleb(-PLACES)

    @cached_property
    def best(self) -> Decimal:
        """Best value of the stage in whole decisions, which the engine finds and proves on first use."""
        return Decimal(round(find_best_values(self.problem, self.number)[0][-1] * 10**PLACES)).scaleb(-PLACES)

    @property
    def gap(self) -> Decimal | None:
        """Integrality gap: how far the bound is from the best decision, in the unit of the stage."""
        if self.bound is None:
            return None
        return self.bound - self.best if self.named.is_maximised else self.best - self.bound

    @property
    def rows(self) -> pl.DataFrame:
        """Rows: `name`, `title`, `sense`, `rhs`, `activity`, `slack`, `price`, `measure`, `rhs_from`, `rhs_to`."""
        named, ranges = self.named, self.point.ranges
        activity = named.matrix @ self.point.values
        table = self.row_table
        return table.select("name", "title", "sense", "rhs").with_columns(
            pl.Series("activity", activity),
            pl.Series("slack", np.abs(named.rhs - activity)),
            pl.Series("price", self.point.prices),
            table["measure"],
            _build_range("rhs_from", None if ranges is None else ranges.rhs_from),
            _build_range("rhs_to", None if ranges is None else ranges.rhs_to),
        )

    @property
    def columns(self) -> pl.DataFrame:
        """Columns: `name`, `kind`, `dossier`, `title`, `value`, `cost`, `reduced_cost`, `cost_from`, `cost_to`."""
        ranges = self.point.ranges
        table = self.column_table.select("name", "kind", "dossier", "title", "cost")
        return table.with_columns(
            pl.Series("value", self.point.values),
            pl.Series("reduced_cost", self.point.compute_reduced_costs(self.named)),
            _build_range("cost_from", None if ranges is None else ranges.cost_from),
            _build_range("cost_to", None if ranges is None else ranges.cost_to),
        )


def _build_range(name: str, values: FloatArray | None) -> pl.Expr | pl.Series:
    return pl.lit(None, dtype=pl.Float64).alias(name) if values is None else pl.Series(name, values)
