"""How a list treats classes of applicants: applications filed, eligible, funded; money asked, granted, per head.

The inhabitants of a class are those of the applicants that filed in it, each applicant once: a programme of one
department is not uneven because it pays nothing elsewhere. The number of an applicant names it, a SIRET by its
SIREN, or else its name does. An application that has neither is an applicant of its own. An applicant whose
applications disagree on its inhabitants has the largest number. Money per head counts only applicants with known
inhabitants. A commune and the group it belongs to are two applicants, whose inhabitants overlap.

Gini index of money per inhabitant over many units, on columns of integers.

For units with inhabitants p_i, cents g_i, P = Σ p_i and M = Σ g_i, in ascending order of g_i / p_i::

    G = 1 − Σ_i p_i · (2·Σ_{j<i} g_j + g_i) / (P·M)

The order is exact: units are sorted by the whole part of g_i / p_i, then by 62 binary digits of its fraction.
Two different fractions with denominators below 2³¹ differ by more than 2⁻⁶². The sums are Python integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate
from operator import mul
from typing import Literal

import numpy as np
import polars as pl

from tnt_sim.analysis.equity.applicant_classes import DIMENSIONS, RURAL, build_class_columns, rank_class
from tnt_sim.analysis.equity.department_spread import ListMoney, compute_spreads, get_map_year
from tnt_sim.analysis.equity.theil_index import DECIMALS, TheilUnits
from tnt_sim.documents import Record
from tnt_sim.domain.territory import extract_siren
from tnt_sim.rules.linear_terms import IntArray, sum_by_group, sum_exactly
from tnt_sim.scenario.spec import ScenarioSpec

_BITS = 31


def compute_gini(inhabitants: IntArray, cents: IntArray) -> Fraction | None:
    """Compute the Gini index of units; None for fewer than two, or without money.

    Parameters
    ----------
    inhabitants : int64 (n,), each above 0
    cents : int64 (n,), each at least 0
    """
    population, money = sum_exactly(inhabitants), sum_exactly(cents)
    if len(inhabitants) < 2 or money <= 0:
        return None
    paid = cents > 0
    people, granted = inhabitants[paid], cents[paid]
    order = sort_by_per_head(people, granted)
    amounts = granted[order].tolist()
    doubled = (2 * after - own for after, own in zip(accumulate(amounts), amounts, strict=True))
    below = sum(map(mul, people[order].tolist(), doubled))
    return 1 - Fraction(below, population * money)


def sort_by_per_head(inhabitants: IntArray, cents: IntArray) -> IntArray:
    """Return the positions of units in ascending order of cents per inhabitant, exactly."""
    if len(inhabitants) and int(inhabitants.max()) >> _BITS:
        ratios = [Fraction(g, p) for g, p in zip(cents.tolist(), inhabitants.tolist(), strict=True)]
        return np.array(sorted(range(len(ratios)), key=ratios.__getitem__), dtype=np.int64)
    whole, rest = np.divmod(cents, inhabitants)
    high, rest = np.divmod(rest << _BITS, inhabitants)
    low = (rest << _BITS) // inhabitants
    return np.lexsort(((high << _BITS) + low, whole))


APPLICANT, DEPARTMENT = "applicant", "department"

"""Units between which money is compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EquityClass(Record):
    """One class of applicants, "" for applications without one, or the whole list with the dimension "".

    Requests are unknown if one of them states no amount; `inhabitants` and `known_cents` are of the applicants
    with known inhabitants; `before` is what the register had committed.
    """

    dimension: str
    class_: str
    n_dossiers: int
    n_eligible: int
    n_funded: int
    requested_cents: int | None
    eligible_cents: int | None
    granted_cents: int
    n_applicants: int
    n_funded_applicants: int
    n_unknown: int
    inhabitants: int
    known_cents: int
    per_head_cents: Fraction | None
    funded_share: Fraction | None
    money_share: Fraction | None
    before_cents: int | None = None
    before_per_head_cents: Fraction | None = None

    @property
    def eligible_share(self) -> Fraction | None:
        """Applications eligible, of those filed."""
        return _divide(self.n_eligible, self.n_dossiers)


@dataclass(frozen=True, slots=True, kw_only=True)
class EquityIndex(Record):
    """Gini and Theil indices of money per head between units, six decimals; `before` as the register stood."""

    unit: str
    n_units: int
    gini: Fraction
    theil: Fraction
    before_gini: Fraction | None = None
    before_theil: Fraction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EquitySplit(Record):
    """Theil index between applicants, in its parts between and within the classes of a dimension."""

    dimension: str
    between: Fraction
    within: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class EquityDocument:
    """How a list treats classes of applicants: the whole list, then the classes of each dimension."""

    status: Literal["done"] = "done"
    scenario: str
    classes: Sequence[EquityClass]
    indices: Sequence[EquityIndex]
    splits: Sequence[EquitySplit]


@dataclass(frozen=True, eq=False)
class ListEquity:
    """How a list treats classes of applicants.

    Attributes
    ----------
    total : the whole list
    classes : classes of each dimension with an application in a class, in the order of the dimensions
    indices : between applicants and between departments, none without money for two units
    splits : parts of the index between applicants, by dimension
    """

    total: EquityClass
    classes: Sequence[EquityClass]
    indices: Sequence[EquityIndex]
    splits: Sequence[EquitySplit]

    @property
    def every_class(self) -> tuple[EquityClass, ...]:
        """The whole list, then the classes of each dimension."""
        return (self.total, *self.classes)

    @property
    def is_compared(self) -> bool:
        """Whether a register had committed money to the same applications."""
        return self.total.before_cents is not None

    @property
    def dimensions(self) -> tuple[str, ...]:
        """Dimensions that the list has."""
        return tuple(dict.fromkeys(entry.dimension for entry in self.classes))

    def list_classes(self, dimension: str) -> list[EquityClass]:
        """Return the classes of a dimension."""
        return [entry for entry in self.classes if entry.dimension == dimension]

    def find_index(self, unit: str) -> EquityIndex | None:
        """Return the indices between units of a kind; None without."""
        return next((entry for entry in self.indices if entry.unit == unit), None)

    def with_before(self, before: ListEquity) -> ListEquity:
        """Return the same list beside what the register had committed to its applications."""
        total, *classes = (
            replace(entry, before_cents=old.granted_cents, before_per_head_cents=old.per_head_cents)
            for entry, old in zip(self.every_class, before.every_class, strict=True)
        )
        pairs = [(entry, before.find_index(entry.unit)) for entry in self.indices]
        indices = [
            entry if old is None else replace(entry, before_gini=old.gini, before_theil=old.theil)
            for entry, old in pairs
        ]
        return ListEquity(total, classes, indices, self.splits)

    def build_document(self, scenario: str) -> EquityDocument:
        """Return the document of the equity of a list."""
        return EquityDocument(
            scenario=scenario, classes=self.every_class, indices=self.indices, splits=self.splits
        )


def compute_equity(table: pl.DataFrame, spec: ScenarioSpec) -> ListEquity:
    """Compute how a list treats classes of applicants, and how the register did before it.

    The applications are those of the list, so that only the money differs. A scenario belongs to a register if it
    says `committed_from`; what its table commits besides is part of what was committed before.

    Parameters
    ----------
    table : one row per application: `dossier`, `eligible`, `funded`, `granted_cents`, and as far as the table
        has them `applicant_id`, `applicant`, `applicant_type`, `department`, `region`, `population`,
        `requested_cents`, `committed_cents`
    spec : the scenario, which names the map
    """
    equity = _compute_list(table, spec)
    if spec.committed_from is None or "committed_cents" not in table.columns:
        return equity
    signed = pl.col("committed_cents").fill_null(0)
    earlier = table.with_columns(funded=signed > 0, granted_cents=signed)
    return equity.with_before(_compute_list(earlier, spec)) if earlier["funded"].any() else equity


def _compute_list(table: pl.DataFrame, spec: ScenarioSpec) -> ListEquity:
    """Compute how one list treats classes of applicants."""
    units, dimensions = _build_units(table, spec)
    [total] = _sum_classes(units, "")
    classes = [entry for name in dimensions for entry in _sum_classes(units, name)]
    columns = ["key", "inhabitants", *dimensions]
    known = (
        units.filter(pl.col("inhabitants").is_not_null())
        .group_by(columns, maintain_order=True)
        .agg(pl.col("granted_cents").sum())
    )
    indices = [*_compute_applicant_index(known), *_compute_department_index(table, spec)]
    return ListEquity(total, classes, indices, _split_index(known, dimensions))


_WRITTEN = ("applicant_type", "department", "region")

"""Columns that decide the class of an applicant, with the one that says how rural its territory is."""


def _build_units(table: pl.DataFrame, spec: ScenarioSpec) -> tuple[pl.DataFrame, list[str]]:
    """Return a row per applicant and way in which it is written, with its classes, and the dimensions."""
    heads = pl.col("population") if "population" in table.columns else pl.lit(None, pl.Int64)
    sought = pl.col("requested_cents") if "requested_cents" in table.columns else pl.lit(None, pl.Int64)
    is_eligible = pl.col("eligible")
    written = [pl.col(name) for name in _WRITTEN if name in table.columns]
    if spec.rural_column is not None and spec.rural_column in table.columns:
        written.append(pl.col(spec.rural_column).alias(RURAL))
    names = [column.meta.output_name() for column in written]
    units = (
        table.lazy()
        .select(
            *written, "eligible", "funded", "granted_cents",
            key=_build_key(table.columns), heads=heads.cast(pl.Int64), sought=sought.cast(pl.Int64),
        )
        .group_by("key", *names)
        .agg(
            pl.len().cast(pl.Int64).alias("n_dossiers"),
            is_eligible.sum().cast(pl.Int64).alias("n_eligible"),
            pl.col("funded").sum().cast(pl.Int64).alias("n_funded"),
            pl.col("sought").sum().alias("requested_cents"),
            pl.col("sought").null_count().alias("n_unstated"),
            (pl.col("sought") * is_eligible).sum().alias("eligible_cents"),
            (pl.col("sought").is_null() & is_eligible).sum().alias("n_eligible_unstated"),
            pl.col("granted_cents").sum(),
            pl.col("heads").max(),
        )
        .with_columns(key=pl.col("key").cast(pl.Categorical).to_physical())
        .with_columns(inhabitants=pl.when(pl.col("heads") > 0).then("heads").max().over("key"))
        .with_columns(**build_class_columns(spec, names))
        .collect()
    )  # fmt: skip
    dimensions = [name for name in DIMENSIONS if name in units.columns and (units[name] != "").any()]
    return units, dimensions


def _build_key(columns: Sequence[str]) -> pl.Expr:
    """Return what tells applicants apart, with a first letter for where it comes from."""
    key = "d" + pl.col("dossier")
    for letter, name in (("n", "applicant"), ("i", "applicant_id")):
        if name in columns:
            text = extract_siren(name) if name == "applicant_id" else pl.col(name)
            key = pl.when(text.fill_null("") != "").then(letter + text).otherwise(key)
    return key


def _sum_classes(units: pl.DataFrame, dimension: str) -> list[EquityClass]:
    """Return the classes of a dimension in their order, or the whole list for ""."""
    names, code = _number_classes(units, dimension)
    n = len(names)
    column = {name: units[name].to_numpy() for name in units.columns if name.startswith("n_")}
    is_known = units["inhabitants"].is_not_null().to_numpy()
    heads = units["inhabitants"].fill_null(0).to_numpy()
    pair = units["key"].cast(pl.Int64).to_numpy() * n + code
    is_first = pl.Series(pair).is_first_distinct().to_numpy()
    funded_pairs = pl.Series(pair[column["n_funded"] > 0]).unique().to_numpy()
    granted = units["granted_cents"].to_numpy()
    sums = {
        **{name: sum_by_group(column[name], code, n) for name in _COUNTED},
        "granted_cents": sum_by_group(granted, code, n),
        "n_applicants": np.bincount(code[is_first], minlength=n).tolist(),
        "n_funded_applicants": np.bincount(funded_pairs % n, minlength=n).tolist(),
        "n_unknown": sum_by_group(column["n_dossiers"] * ~is_known, code, n),
        "inhabitants": sum_by_group(heads * is_first, code, n),
        "known_cents": sum_by_group(granted * is_known, code, n),
    }
    requested, eligible = (_sum_stated(units, *names, code, n) for names in _REQUESTS)
    entries = []
    for k in sorted(range(n), key=lambda k: rank_class(dimension, names[k])):
        row = {name: values[k] for name, values in sums.items()}
        entries.append(
            EquityClass(
                dimension=dimension,
                class_=names[k],
                requested_cents=requested[k],
                eligible_cents=eligible[k],
                **row,
                per_head_cents=_divide(row["known_cents"], row["inhabitants"]),
                funded_share=_divide(row["n_funded"], row["n_dossiers"]),
                money_share=_divide(row["granted_cents"], requested[k]),
                before_per_head_cents=None,
            )
        )
    return entries


def _divide(part: int, whole: int | None) -> Fraction | None:
    return Fraction(part, whole) if whole else None


def _sum_stated(
    units: pl.DataFrame, amounts: str, n_unstated: str, code: IntArray, n: int
) -> list[int | None]:
    """Return the sum of requests by class; None where one of them states no amount."""
    cents, unstated = (sum_by_group(units[name].to_numpy(), code, n) for name in (amounts, n_unstated))
    return [None if missing else total for total, missing in zip(cents, unstated, strict=True)]


def _number_classes(units: pl.DataFrame, dimension: str) -> tuple[list[str], IntArray]:
    """Return the names of the classes of a dimension, and the class of each unit; "" is all of them."""
    if not dimension:
        return [""], np.zeros(units.height, dtype=np.int64)
    names = units[dimension].unique().sort()
    return names.to_list(), units[dimension].replace_strict(
        names, range(len(names)), return_dtype=pl.Int64
    ).to_numpy()


_COUNTED = ("n_dossiers", "n_eligible", "n_funded")

_REQUESTS = (("requested_cents", "n_unstated"), ("eligible_cents", "n_eligible_unstated"))

"""Sums of requests, each with the column that counts those without an amount."""


def _compute_applicant_index(known: pl.DataFrame) -> list[EquityIndex]:
    """Return the indices between applicants with known inhabitants; none for fewer than two, or without money."""
    heads, cents = (known[name].to_numpy() for name in ("inhabitants", "granted_cents"))
    gini = compute_gini(heads, cents)
    if gini is None:
        return []
    theil = TheilUnits(heads, cents).compute_index()
    return [EquityIndex(unit=APPLICANT, n_units=known.height, gini=round(gini, DECIMALS), theil=theil)]


def _compute_department_index(table: pl.DataFrame, spec: ScenarioSpec) -> list[EquityIndex]:
    """Return the indices between departments with an application and known inhabitants."""
    if "department" not in table.columns or spec.place_column is not None:
        return []
    spread = compute_spreads([ListMoney("", table)], get_map_year(spec))
    if spread is None:
        return []
    gini, theil = round(spread.spreads[0].gini, DECIMALS), spread.theils[0]
    return [EquityIndex(unit=DEPARTMENT, n_units=spread.n_departments, gini=gini, theil=theil)]


def _split_index(known: pl.DataFrame, dimensions: Sequence[str]) -> list[EquitySplit]:
    """Return the parts of the index between applicants by dimension; applicants without a class are one class."""
    heads, cents = (known[name].to_numpy() for name in ("inhabitants", "granted_cents"))
    if known.height < 2 or not known["granted_cents"].sum():
        return []
    units, splits = TheilUnits(heads, cents), []
    for dimension in dimensions:
        names, code = _number_classes(known, dimension)
        split = units.split_index(code, len(names))
        splits.append(EquitySplit(dimension=dimension, between=split.between, within=split.within))
    return splits
