"""Subtotals by department, region and population class, also recomputed by the report's script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from tnt_sim.analysis.equity.applicant_classes import SIZES
from tnt_sim.domain.territory import YEARS, load_territory
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.charts.department_map import list_department_codes
from tnt_sim.reporting.decision_page.page_text import PAGE
from tnt_sim.reporting.text.size_names import list_size_names
from tnt_sim.scenario.spec import ScenarioSpec

Index = npt.NDArray[np.int64]


class Tabled(Protocol):
    """Source of the sums: a stored run, or a solution that is not stored; `spec` names the map."""

    @property
    def spec(self) -> ScenarioSpec: ...

    @property
    def table(self) -> pl.DataFrame:
        """Return one row per application, with `funded`, `granted_cents` and `requested_cents`."""


@dataclass(frozen=True, eq=False)
class Grouping:
    """Applications grouped by one key.

    Attributes
    ----------
    key : `department`, `region`, `size`, or `place` for the territories of a column
    names : of the groups; the last one holds applications without group
    codes : of the groups, "" for the last
    population : of the groups, 0 if unknown
    group : group of each application, int (n,)
    """

    key: str
    names: Sequence[str]
    codes: Sequence[str]
    population: Sequence[int]
    group: Index


@dataclass(frozen=True, slots=True)
class Tally:
    """One row of a table: amounts in cents."""

    k: int
    code: str
    name: str
    population: int
    filed: int
    funded: int
    requested_cents: int
    granted_cents: int

    @property
    def per_head_cents(self) -> float | None:
        """Return the grant per inhabitant; None if the population is unknown."""
        return self.granted_cents / self.population if self.population else None


def build_groupings(run: Tabled, lang: Lang) -> list[Grouping]:
    """Group by department, region and size of the applicant; empty groupings are omitted.

    A scenario whose territories are a column of the table has no department and no region: its groups are the
    values of the column.
    """
    year = run.spec.map_year or YEARS[0]
    every = load_territory(year).table.filter(pl.col("level").is_in(["department", "region"]))
    by_department = _build_grouping(run, every, "department", PAGE["elsewhere"].in_(lang))
    by_region = _build_grouping(run, every, "region", PAGE["no_region"].in_(lang))
    result = [one for one in (by_department, by_region) if (one.group < len(one.names) - 1).any()]
    if run.spec.place_column is not None:
        result = [_build_place_grouping(run.table[run.spec.place_column])]
    population = run.table["population"] if "population" in run.table.columns else None
    if population is not None and population.null_count() < population.len():
        names = list_size_names(lang)
        sizes = np.searchsorted(np.array(SIZES), population.fill_null(0).to_numpy(), side="right")
        group = np.where(population.is_null().to_numpy(), len(names) - 1, sizes).astype(np.int64)
        result.append(Grouping("size", names, [""] * len(names), [0] * len(names), group))
    return result


def _build_grouping(run: Tabled, table: pl.DataFrame, level: str, rest: str) -> Grouping:
    units = table.filter((pl.col("level") == level) & ~pl.col("overseas")).sort("code")
    if level == "department":
        units = units.filter(pl.col("code").is_in(list_department_codes()))
    codes = units["code"].to_list()
    number = {code: k for k, code in enumerate(codes)}
    column = run.table[level] if level in run.table.columns else pl.Series([None] * run.table.height)
    group = column.cast(pl.String).replace_strict(number, default=len(codes), return_dtype=pl.Int64)
    population = [value or 0 for value in units["population"].to_list()]
    return Grouping(level, [*units["name"].to_list(), rest], [*codes, ""], [*population, 0], group.to_numpy())


def _build_place_grouping(column: pl.Series) -> Grouping:
    """Group by the values of a column, in the order of their names."""
    places = column.cast(pl.String)
    names = places.drop_nulls().unique().sort().to_list()
    number = {name: k for k, name in enumerate(names)}
    group = places.replace_strict(number, default=len(names), return_dtype=pl.Int64)
    n = len(names) + 1
    return Grouping("place", [*names, "–"], [""] * n, [0] * n, group.to_numpy())


def build_tallies(run: Tabled, grouping: Grouping) -> list[Tally]:
    """Return one row per group with applications; territories are listed even without any."""
    table, n = run.table, len(grouping.names)
    funded = table["funded"].to_numpy()
    filed, selected = (
        _sum_by_group(grouping.group, flags.astype(np.int64), n) for flags in (np.ones(len(funded)), funded)
    )
    requested = _sum_by_group(grouping.group, table["requested_cents"].fill_null(0).to_numpy(), n)
    granted = _sum_by_group(grouping.group, table["granted_cents"].to_numpy(), n)
    return [
        Tally(
            k, grouping.codes[k], grouping.names[k], grouping.population[k],
            int(filed[k]), int(selected[k]), int(requested[k]), int(granted[k]),
        )
        for k in range(n)
        if filed[k] or (k < n - 1 and grouping.key != "size")
    ]  # fmt: skip


DEPARTMENT_COLUMNS = {
    "department": pl.String,
    "name": pl.String,
    "population": pl.Int64,
    "n_dossiers": pl.Int64,
    "n_funded": pl.Int64,
    "requested_cents": pl.Int64,
    "granted_cents": pl.Int64,
}


def build_department_table(run: Tabled) -> pl.DataFrame:
    """Return one row per department of the map; no row if no application has a department."""
    grouping = next((one for one in build_groupings(run, Lang.FR) if one.key == "department"), None)
    rows = [
        (
            tally.code, tally.name, tally.population or None, tally.filed, tally.funded,
            tally.requested_cents, tally.granted_cents,
        )
        for tally in (build_tallies(run, grouping) if grouping is not None else ())
        if tally.code
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=DEPARTMENT_COLUMNS, orient="row")


def _sum_by_group(group: Index, values: npt.NDArray[np.int64], n: int) -> Index:
    """Sum values by group, exactly in 64-bit integers."""
    total = np.zeros(n, dtype=np.int64)
    np.add.at(total, group, values)
    return total
