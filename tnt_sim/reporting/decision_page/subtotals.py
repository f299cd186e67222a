"""Sums by place and size: what the tables of the report show, and what its script sums again at each position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from tnt_sim.domain.territory import YEARS, territory
from tnt_sim.i18n.message import Lang
from tnt_sim.reporting.charts.department_map import department_codes
from tnt_sim.reporting.decision_page.page_text import PAGE, SIZES, size_names
from tnt_sim.scenario.spec import ScenarioSpec

Index = npt.NDArray[np.int64]


class Tabled(Protocol):
    """What is summed: a stored run, or an answer that is not stored; `spec` names the map."""

    @property
    def spec(self) -> ScenarioSpec: ...

    @property
    def table(self) -> pl.DataFrame:
        """One row a dossier, with `funded`, `granted_cents` and `requested_cents`."""


@dataclass(frozen=True, eq=False)
class Grouping:
    """Dossiers by one key.

    Attributes
    ----------
    key : `department`, `region` or `size`
    names : of each group; the last one holds those that belong to none
    codes : of each group, "" for the last
    population : of each group, 0 where unknown
    group : the group of each dossier, (n,)
    """

    key: str
    names: Sequence[str]
    codes: Sequence[str]
    population: Sequence[int]
    group: Index


@dataclass(frozen=True, slots=True)
class Tally:
    """One line of a table: amounts in cents."""

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
        """Granted over inhabitants; None where they are unknown."""
        return self.granted_cents / self.population if self.population else None


def groupings(run: Tabled, lang: Lang) -> list[Grouping]:
    """By department, by region and by size of the applicant; those that no dossier fills are left out."""
    year = run.spec.territory.year if run.spec.territory is not None else YEARS[0]
    every = territory(year).table.filter(pl.col("level").is_in(["department", "region"]))
    by_department = _grouping(run, every, "department", PAGE["elsewhere"].in_(lang))
    by_region = _grouping(run, every, "region", PAGE["no_region"].in_(lang))
    found = [one for one in (by_department, by_region) if (one.group < len(one.names) - 1).any()]
    population = run.table["population"] if "population" in run.table.columns else None
    if population is not None and population.null_count() < population.len():
        names = size_names(lang)
        sizes = np.searchsorted(np.array(SIZES), population.fill_null(0).to_numpy(), side="right")
        group = np.where(population.is_null().to_numpy(), len(names) - 1, sizes).astype(np.int64)
        found.append(Grouping("size", names, [""] * len(names), [0] * len(names), group))
    return found


def _grouping(run: Tabled, every: pl.DataFrame, level: str, rest: str) -> Grouping:
    units = every.filter((pl.col("level") == level) & ~pl.col("overseas")).sort("code")
    if level == "department":
        units = units.filter(pl.col("code").is_in(department_codes()))
    codes = units["code"].to_list()
    number = {code: k for k, code in enumerate(codes)}
    column = run.table[level] if level in run.table.columns else pl.Series([None] * run.table.height)
    group = column.cast(pl.String).replace_strict(number, default=len(codes), return_dtype=pl.Int64)
    population = [value or 0 for value in units["population"].to_list()]
    return Grouping(level, [*units["name"].to_list(), rest], [*codes, ""], [*population, 0], group.to_numpy())


def tallies(run: Tabled, grouping: Grouping) -> list[Tally]:
    """One line for each group that has dossiers; departments and regions without any are kept, the rest is not."""
    table, n = run.table, len(grouping.names)
    funded = table["funded"].to_numpy()
    filed, kept = (
        _sums(grouping.group, flags.astype(np.int64), n) for flags in (np.ones(len(funded)), funded)
    )
    requested = _sums(grouping.group, table["requested_cents"].fill_null(0).to_numpy(), n)
    granted = _sums(grouping.group, table["granted_cents"].to_numpy(), n)
    return [
        Tally(
            k, grouping.codes[k], grouping.names[k], grouping.population[k],
            int(filed[k]), int(kept[k]), int(requested[k]), int(granted[k]),
        )
        for k in range(n)
        if filed[k] or (k < n - 1 and grouping.key != "size")
    ]  # fmt: skip


def _sums(group: Index, values: npt.NDArray[np.int64], n: int) -> Index:
    """Σ values by group, exact in 64-bit integers."""
    total = np.zeros(n, dtype=np.int64)
    np.add.at(total, group, values)
    return total
