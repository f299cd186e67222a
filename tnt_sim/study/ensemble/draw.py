"""One draw: the scenario as it turns out, and what a decision pays there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.portfolio import table_column
from tnt_sim.rules.base import BoolArray, IntArray
from tnt_sim.rules.decide import DecideSpec
from tnt_sim.scenario.scenario import Scenario
from tnt_sim.study.ensemble.inputs import Input
from tnt_sim.study.ensemble.sampling import FloatArray

OUT = "sans_suite"


@dataclass(frozen=True, eq=False)
class Draw:
    """What one draw says, by row of the table.

    Attributes
    ----------
    gone : taken back, not eligible or not arrived: neither chosen nor paid, bool (n,)
    unpaid : funded but lapsed, bool (n,)
    final : the real cost over the planned one, float64 (n,)
    changes : (column of the table, row, new value) of what differs
    """

    gone: BoolArray
    unpaid: BoolArray
    final: FloatArray
    changes: tuple[tuple[str, IntArray, pl.Series], ...]

    def paid_cents(self, granted_cents: IntArray) -> IntArray:
        """What is paid of each grant: nothing where gone or lapsed, else at most its share of the real cost."""
        share = np.where(self.gone | self.unpaid, 0.0, np.minimum(1.0, self.final))
        paid: IntArray = np.floor(granted_cents * share + 1e-6).astype(np.int64)
        return paid


def draw_of(table: pl.DataFrame, inputs: Sequence[Input], values: Sequence[FloatArray]) -> Draw:
    """The draw that the values of each input make of a table of dossiers."""
    n = table.height
    gone, unpaid, final = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_), np.ones(n)
    changed: dict[str, FloatArray] = {}
    for one, value in zip(inputs, values, strict=True):
        event = one.spec.event
        if event == "withdrawn":
            gone[one.rows] |= value > 0
        elif event in ("eligible", "arrives"):
            gone[one.rows] |= value == 0
        elif event == "lapsed":
            unpaid[one.rows] |= value > 0
        elif event == "final_cost":
            final[one.rows] *= value
        else:
            assert one.spec.column is not None
            name = table_column(one.spec.column)
            now = changed.setdefault(name, table[name].cast(pl.Float64).to_numpy().copy())
            now[one.rows] = (
                now[one.rows] * value if one.spec.times is not None else now[one.rows] + _in_unit(name, value)
            )
    rows = np.arange(n)
    changes = tuple((name, rows, _like(table[name], now)) for name, now in changed.items())
    return Draw(gone, unpaid, final, changes)


def _in_unit(name: str, value: FloatArray) -> FloatArray:
    """An amount that is added: money is written in euros and held in cents."""
    return value * 100 if name.endswith("_cents") else value


def _like(column: pl.Series, values: FloatArray) -> pl.Series:
    """Values in the type and the grain of a column: whole cents, or as many decimals as its own values have."""
    empty = column.is_null().to_numpy() | ~np.isfinite(values)
    if column.dtype.is_integer():
        whole = np.where(empty, 0, np.maximum(np.rint(values), 0)).astype(np.int64)
        return pl.Series(column.name, whole).set(pl.Series(empty), None).cast(column.dtype)
    places = decimals_of(column)
    rounded = np.round(np.where(empty, 0.0, values), places)
    return pl.Series(column.name, rounded).set(pl.Series(empty), None).cast(column.dtype)


def decimals_of(column: pl.Series) -> int:
    """How many decimals the values of a column have, at most 6."""
    known = column.drop_nulls().cast(pl.Float64).to_numpy()
    for places in range(6):
        if np.abs(known - np.round(known, places)).max(initial=0.0) < 1e-9:
            return places
    return 6


def scenario_of(scenario: Scenario, draw: Draw) -> Scenario:
    """The scenario as a draw turns out, before the decision: events that come after it change nothing here."""
    table = scenario.portfolio.table
    columns = [series for _, _, series in draw.changes]
    gone = pl.Series(draw.gone)
    state = pl.when(gone).then(pl.lit(OUT)).otherwise(pl.col("state")).alias("state")
    committed = pl.when(gone).then(None).otherwise(pl.col("committed_cents")).alias("committed_cents")
    changed = table.with_columns(columns).with_columns(state, committed)
    spec = scenario.spec
    if draw.gone.any():
        spec = spec.model_copy(update={"rules": _without_gone(spec.rules, table["dossier"].filter(gone))})
    return replace(scenario, spec=spec, portfolio=scenario.portfolio.with_table(changed))


def _without_gone(rules: Sequence[Any], gone: pl.Series) -> tuple[Any, ...]:
    """The rules without decisions to fund dossiers that are gone: there is nothing left to decide on."""
    names = set(gone.to_list())
    kept = []
    for rule in rules:
        if isinstance(rule, DecideSpec):
            fund = tuple(name for name in rule.fund if name not in names)
            amounts = {name: cents for name, cents in rule.amounts.items() if name not in names}
            rule = rule.model_copy(update={"fund": fund, "amounts": amounts})
        kept.append(rule)
    return tuple(kept)
