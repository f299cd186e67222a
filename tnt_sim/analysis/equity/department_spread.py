"""The spread of money of lists over the inhabitants of departments, all of them over the same departments.

The departments are those with at least one application in some list: a programme of one region is not uneven
because it pays nothing elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import polars as pl

from tnt_sim.analysis.equity.money_spread import MoneySpread, TerritoryMoney, compute_spread
from tnt_sim.analysis.equity.theil_index import TheilUnits
from tnt_sim.domain.money import divide_cents
from tnt_sim.domain.territory import YEARS, load_territory
from tnt_sim.scenario.spec import ScenarioSpec


@dataclass(frozen=True, slots=True)
class ListMoney:
    """A list's applications with their department and grants (`department`, `granted_cents`), and its name."""

    name: str
    table: pl.DataFrame


@dataclass(frozen=True, slots=True)
class SpreadLists:
    """The spread of some lists over the same departments.

    Attributes
    ----------
    names, spreads, theils, means : of each list; a mean is in cents per inhabitant
    n_departments : departments with an application and a known population
    n_unknown : departments with an application whose population is not known
    outside_cents : granted in no department, or in one of these, by list
    """

    names: Sequence[str]
    spreads: Sequence[MoneySpread]
    theils: Sequence[Fraction]
    means: Sequence[int]
    n_departments: int
    n_unknown: int
    outside_cents: Sequence[int]


def get_map_year(spec: ScenarioSpec) -> int:
    """Return the year of the scenario's map, by default the first one."""
    return spec.map_year or YEARS[0]


def compute_spreads(lists: Sequence[ListMoney], year: int) -> SpreadLists | None:
    """Compute the spread of lists over the departments of their applications; None if it cannot be.

    There must be two departments with a known population, and each list must grant money there.
    """
    units = load_territory(year).units.filter(pl.col("level") == "department")
    known = {
        code: (name, heads) for code, name, heads in units.select("code", "name", "population").iter_rows()
    }
    named = {
        code for one in lists for code in one.table["department"].drop_nulls().unique().to_list() if code
    }
    codes = sorted(code for code in named if known.get(code, ("", 0))[1])
    spreads, theils, means, outside = [], [], [], []
    for one in lists:
        cents = dict(one.table.group_by("department").agg(pl.col("granted_cents").sum()).iter_rows())
        territories = [TerritoryMoney(known[code][0], known[code][1], cents.get(code, 0)) for code in codes]
        spread = compute_spread(territories)
        if spread is None:
            return None
        total = sum(territory.cents for territory in territories)
        spreads.append(spread)
        theils.append(_compute_theil(territories))
        means.append(divide_cents(total, sum(territory.inhabitants for territory in territories)))
        outside.append(sum(cents.values()) - total)
    return SpreadLists(
        [one.name for one in lists], spreads, theils, means, len(codes), len(named) - len(codes), outside
    )


def _compute_theil(territories: Sequence[TerritoryMoney]) -> Fraction:
    columns = ([one.inhabitants for one in territories], [one.cents for one in territories])
    return TheilUnits(*(np.array(column, dtype=np.int64) for column in columns)).compute_index()
