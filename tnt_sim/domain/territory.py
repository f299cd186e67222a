"""The map of France of one year: communes, EPCI (groups of communes), departments and regions.

Codes are unique only within a type: « 01 » is a department (Ain) and a region (Guadeloupe). A region is « 84
» or « R84 ». The type `epci` does not include `metropole`, as in the dossier table.

Source: administrative division of France, `@etalab/decoupage-administratif` 1.1.1 and 6.0.0 (INSEE, DGCL,
Etalab), Licence Ouverte 2.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import polars as pl

YEARS = (2021, 2026)
TYPES = ("commune", "epci", "metropole", "departement", "region")
LEVELS = ("commune", "epci", "department", "region")
"""Columns of the dossier table that hold codes of the map."""

_LEVEL_OF = {
    "commune": "commune",
    "epci": "epci",
    "metropole": "epci",
    "departement": "department",
    "region": "region",
}
_OVERSEAS = ("975", "977", "978", "984", "986", "987", "988", "989")


@dataclass(frozen=True, eq=False)
class Territory:
    """The map of one year.

    Attributes
    ----------
    year : year of the map
    table : one row per territory: code, name, type (`TYPES`), level (`LEVELS`), nature (`epci-CC` …),
        department, region, epci, siren (text, empty where absent), population (Int64, null where unknown),
        overseas (Boolean: an overseas collectivity that is no department)
    """

    year: int
    table: pl.DataFrame

    @property
    def units(self) -> pl.DataFrame:
        """The 101 departments, 18 regions, their communes and EPCI: all but the overseas collectivities."""
        return self.table.filter(~pl.col("overseas"))

    def list_codes(self, level: str) -> list[str]:
        """Return the codes of a level, sorted, without overseas collectivities."""
        return self.units.filter(pl.col("level") == level)["code"].sort().to_list()

    def get_population(self, level: str) -> dict[str, int]:
        """Return the inhabitants by code of a level, where the map knows them."""
        known = self.table.filter((pl.col("level") == level) & pl.col("population").is_not_null())
        return dict(zip(known["code"].to_list(), known["population"].to_list(), strict=True))

    def list_keys(self) -> pl.DataFrame:
        """Return every way to name a territory: level, key, and the columns of `table`.

        A territory is named by its code, by its SIREN where it has one, and a region by « R84 » too. A key
        names one territory of a level.
        """
        named = [
            self.table.with_columns(key=pl.col("code")),
            self.table.filter((pl.col("siren") != "") & (pl.col("siren") != pl.col("code"))).with_columns(
                key=pl.col("siren")
            ),
            self.table.filter(pl.col("level") == "region").with_columns(key="R" + pl.col("code")),
        ]
        return pl.concat(named).unique(["level", "key"], keep="first", maintain_order=True)


def map_to_level(applicant_type: pl.Expr) -> pl.Expr:
    """Return the level of an applicant's type; null for applicants that are no territory."""
    return applicant_type.replace_strict(_LEVEL_OF, default=None, return_dtype=pl.String)


def extract_siren(column: str) -> pl.Expr:
    """Return a column of numbers with each SIRET (14 digits) reduced to its SIREN (9 digits)."""
    text = pl.col(column)
    return pl.when(text.str.contains(r"^\d{14}$")).then(text.str.slice(0, 9)).otherwise(text)


def has_members() -> pl.Expr:
    """Return whether a dossier serves its written `members`, and not its applicant's territory.

    The default members, the commune alone, count only where the applicant is no territory.
    """
    default = (pl.col("members").list.len() == 1) & (pl.col("members").list.first() == pl.col("commune"))
    return map_to_level(pl.col("applicant_type")).is_null() | ((pl.col("members").list.len() > 0) & ~default)


def locate_applicant() -> tuple[pl.Expr, pl.Expr, pl.Expr]:
    """Return the level of the applicant's territory, its number, and the table's column for that level."""
    level = map_to_level(pl.col("applicant_type"))
    return (
        level,
        extract_siren("applicant_id"),
        pl.coalesce(pl.when(level == name).then(pl.col(name)) for name in LEVELS),
    )


@cache
def load_territory(year: int) -> Territory:
    """Return the map of one of `YEARS`; it is read once."""
    if year not in YEARS:
        raise ValueError(f"there is no map of {year}")
    with (files("tnt_sim") / "data" / f"territories-{year}.parquet").open("rb") as stream:
        raw = pl.read_parquet(stream)
    nature = pl.col("type")
    metropole = nature.is_in(["epci-METRO", "epci-MET69"])
    kind = pl.when(metropole).then(pl.lit("metropole")).otherwise(nature.str.replace("-.*$", ""))
    table = raw.select(
        pl.when(nature == "region").then(pl.col("region")).otherwise("code").alias("code"),
        "name",
        kind.alias("type"),
        map_to_level(kind).alias("level"),
        nature.alias("nature"),
        *(pl.col(name).fill_null("") for name in ("department", "region", "epci", "siren")),
        "population",
    )
    place = pl.when(pl.col("level") == "region").then("region").otherwise("department")
    outside = place.is_in(_OVERSEAS) | (place == "")
    return Territory(year, table.with_columns(overseas=outside))
