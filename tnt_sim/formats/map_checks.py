"""Codes and inhabitants of a table against the map of a year."""

from __future__ import annotations

import polars as pl

from tnt_sim.formats.findings import found
from tnt_sim.territory import level_of, siren, territory

_SHARE, _FEW = 0.10, 50
_LEVELS = ("department", "region", "epci", "commune")


def check_map(table: pl.DataFrame, map_year: int) -> list[pl.DataFrame]:
    """Codes that the map does not know, communes outside their department, populations far from the map's."""
    keys = territory(map_year).keys().select("level", "key", "department", "population")
    parts = []
    for name in _LEVELS:
        if name in table.columns:
            known = keys.filter(pl.col("level") == name)["key"]
            off = (table[name] != "") & ~table[name].is_in(known.implode())
            parts.append(found("code_off_map", off, name, table[name]))
    if "department" in table.columns and {"commune", "applicant_id"} & set(table.columns):
        parts += _departments(table, keys)
    if "population" in table.columns and "applicant_id" in table.columns:
        parts += _populations(table, keys)
    return parts


def _departments(table: pl.DataFrame, keys: pl.DataFrame) -> list[pl.DataFrame]:
    """The department against that of the commune, or of the applicant where it is one."""
    communes = keys.filter(pl.col("level") == "commune").select("key", true="department")
    column = "commune" if "commune" in table.columns else "applicant_id"
    where = table.select("department", siren(column).alias("key"))
    joined = where.join(communes, on="key", how="left", maintain_order="left")
    wrong = (joined["department"] != "") & (joined["true"] != "") & (joined["department"] != joined["true"])
    return [found("department_commune", wrong, "department", joined["department"], joined["true"])]


def _populations(table: pl.DataFrame, keys: pl.DataFrame) -> list[pl.DataFrame]:
    """The population against that of the applicant: its type says at which level its code is looked for."""
    level = (
        level_of(pl.col("applicant_type")) if "applicant_type" in table.columns else pl.lit("commune")
    ).alias("level")
    asked = table.select("population", siren("applicant_id").alias("key"), level)
    joined = asked.join(
        keys.select("level", "key", mapped="population"),
        on=["level", "key"],
        how="left",
        maintain_order="left",
    )
    gap = (joined["population"] - joined["mapped"]).abs()
    far = (gap > _SHARE * joined["mapped"]) & (gap > _FEW)
    shown, mapped = joined["population"].cast(pl.String), joined["mapped"].cast(pl.String)
    return [found("population_map", far, "population", shown, mapped)]
