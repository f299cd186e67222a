"""The map meets the dossiers: empty cells are filled from it, and codes that it does not know are told."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl

from tnt_sim.errors import Defect, Defects, Place, ScenarioError, Text, so_many
from tnt_sim.portfolio import Portfolio
from tnt_sim.rules.base import Path
from tnt_sim.scenario.spec import TerritorySpec
from tnt_sim.territory import (
    LEVELS,
    YEARS,
    Territory,
    has_members,
    level_of,
    own_place,
    siren,
    territory,
)

SHOWN = 5
FOUND = ("department", "region", "population", "epci")


def on_the_map(
    portfolio: Portfolio, spec: TerritorySpec, locate: Callable[[Path], Place]
) -> tuple[Portfolio, tuple[Defect, ...]]:
    """The dossiers with the cells of `fill` filled where they were empty, and what there is to say of it.

    department: of `commune`, else of `epci`, else of the applicant. region: the same, or that of `department`.
    population: the sum over the distinct written `members` (a commune whose EPCI is a member too counts once),
    else the applicant's own by `applicant_type`; an applicant that is no territory has its members' sum.

    Raises
    ------
    ScenarioError
        When there is no map of that year.
    """
    if spec.year not in YEARS:
        raise ScenarioError([_no_map(spec.year, locate(("territory", "year")))])
    known = territory(spec.year)
    notes = Defects()
    filled = _filled(portfolio.table, known)
    columns = []
    for name in dict.fromkeys(spec.fill):
        column = portfolio.table[name]
        empty = column.is_null() if name == "population" else column == ""
        found = filled[name] if name == "population" else filled[name].fill_null("")
        new = column.zip_with(~empty, found)
        left = new.is_null() if name == "population" else new == ""
        columns.append(new.alias(name))
        _tell_filled(notes, name, spec.year, empty & ~left, empty & left, locate(("territory", "fill")))
    result = portfolio.with_table(portfolio.table.with_columns(columns)) if columns else portfolio
    _check(result, known, notes)
    return result, tuple(notes.found)


def _no_map(year: int, place: Place) -> Defect:
    known = ", ".join(str(one) for one in YEARS)
    return Defect(
        "territory-year",
        Text(f"il n'y a pas de carte de {year}.", f"there is no map of {year}."),
        (place,),
        Text(f"Cartes connues : {known}.", f"Known maps: {known}."),
    )


def _filled(table: pl.DataFrame, known: Territory) -> pl.DataFrame:
    """What the map says of each dossier: department, region, population; null where it says nothing."""
    keys = known.keys().select("level", "key", *FOUND)
    level = level_of(pl.col("applicant_type"))
    by_commune = _look(table, pl.lit("commune"), pl.col("commune"), keys)
    by_epci = _look(table, pl.lit("epci"), pl.col("epci"), keys)
    by_applicant = _look(table, level, siren("applicant_id"), keys)
    department = _first([one["department"] for one in (table, by_commune, by_epci, by_applicant)])
    by_department = _look(pl.DataFrame({"d": department}), pl.lit("department"), pl.col("d"), keys)
    region = _first([one["region"] for one in (by_commune, by_epci, by_department, by_applicant)])
    placed = table.with_columns(department=department, region=region)
    population = _population(placed, keys)
    return pl.DataFrame({"department": department, "region": region, "population": population})


def _population(table: pl.DataFrame, keys: pl.DataFrame) -> pl.Series:
    """The written members' sum; else the applicant's own; else the sum of the members by default."""
    level, number, column = own_place()
    itself = _look(table, level, pl.when(pl.col("applicant_id") != "").then(number).otherwise(column), keys)
    return _members_sum(table, keys).zip_with(table.select(has_members()).to_series(), itself["population"])


def _members_sum(table: pl.DataFrame, keys: pl.DataFrame) -> pl.Series:
    """The inhabitants of the distinct members of each dossier; null when the map does not know one of them."""
    codes = keys.filter(pl.col("level") != "region").select(
        pl.col("key").alias("members"), "population", "epci"
    )
    found = (
        table.select("members")
        .with_row_index("row")
        .explode("members")
        .drop_nulls()
        .unique(maintain_order=True)
        .join(codes, on="members", how="left", maintain_order="left")
    )
    groups = found.select("row", pl.col("members").alias("epci"))
    inside = pl.col("members") != pl.col("epci")
    counted = found.filter(inside).join(groups, on=["row", "epci"], how="semi").select("row", "members")
    sums = (
        found.join(counted, on=["row", "members"], how="anti")
        .group_by("row")
        .agg(pl.col("population").sum(), unknown=pl.col("population").is_null().any())
        .with_columns(pl.when("unknown").then(None).otherwise("population").alias("population"))
    )
    rows = pl.DataFrame({"row": pl.int_range(table.height, dtype=pl.UInt32, eager=True)})
    return rows.join(sums, on="row", how="left", maintain_order="left")["population"]


def _look(table: pl.DataFrame, level: pl.Expr, key: pl.Expr, keys: pl.DataFrame) -> pl.DataFrame:
    """The rows of `keys` for a level and a key of each dossier; null where the map has none."""
    asked = table.select(level.alias("level"), key.alias("key"))
    return asked.join(keys, on=["level", "key"], how="left", maintain_order="left")


def _first(columns: list[pl.Series]) -> pl.Series:
    """The first filled text of each row."""
    frame = pl.DataFrame([column.alias(str(k)) for k, column in enumerate(columns)])
    filled = [pl.when(pl.col(name) != "").then(pl.col(name)) for name in frame.columns]
    return frame.select(pl.coalesce(filled)).to_series()


def _check(portfolio: Portfolio, known: Territory, notes: Defects) -> None:
    """Codes of the table that the map does not know, and places that lie elsewhere on it."""
    keys = known.keys()
    table = portfolio.table
    for name in LEVELS:
        column = table[name]
        codes = keys.filter(pl.col("level") == name)["key"]
        _tell_unknown(portfolio, notes, name, known.year, (column != "") & ~column.is_in(codes.implode()))
    for inner, outer in (("commune", "department"), ("department", "region")):
        found = _look(table, pl.lit(inner), pl.col(inner), keys.select("level", "key", outer))
        written = table[outer].str.strip_prefix("R")
        elsewhere = (written != "") & (found[outer] != "") & (found[outer] != written)
        _tell_elsewhere(portfolio, notes, inner, outer, known.year, elsewhere.fill_null(value=False))


def _tell_filled(
    notes: Defects, name: str, year: int, filled: pl.Series, left: pl.Series, place: Place
) -> None:
    done = so_many(
        int(filled.sum()), ("cellule remplie", "cellules remplies"), ("cell filled", "cells filled")
    )
    rest = so_many(int(left.sum()), ("reste vide", "restent vides"), ("stays empty", "stay empty"))
    notes.add(
        "territory-filled",
        Text(
            f"carte de {year}, « {name} » : {done.fr}, {rest.fr}.",
            f'map of {year}, "{name}": {done.en}, {rest.en}.',
        ),
        place,
    )


def _tell_unknown(portfolio: Portfolio, notes: Defects, name: str, year: int, bad: pl.Series) -> None:
    rows = bad.arg_true().to_list()
    if not rows:
        return
    codes = portfolio.table[name].filter(bad).unique(maintain_order=True)
    shown = ", ".join(codes.head(SHOWN).to_list()) + (", …" if len(codes) > SHOWN else "")
    n = so_many(len(rows), ("dossier porte", "dossiers portent"), ("dossier holds", "dossiers hold"))
    notes.add(
        "territory-unknown",
        Text(
            f"colonne « {name} » : {n.fr} un code que la carte de {year} ne connaît pas ({shown}).",
            f'column "{name}": {n.en} a code that the map of {year} does not know ({shown}).',
        ),
        *(portfolio.place(row, name) for row in rows[:SHOWN]),
    )


def _tell_elsewhere(
    portfolio: Portfolio, notes: Defects, inner: str, outer: str, year: int, bad: pl.Series
) -> None:
    rows = bad.arg_true().to_list()
    if rows:
        n = so_many(len(rows), ("dossier a", "dossiers ont"), ("dossier has", "dossiers have"))
        notes.add(
            "territory-elsewhere",
            Text(
                f"{n.fr} un « {inner} » qui, sur la carte de {year}, n'est pas dans le « {outer} » de la ligne.",
                f'{n.en} a "{inner}" that on the map of {year} does not lie in the "{outer}" of the row.',
            ),
            *(portfolio.place(row, inner) for row in rows[:SHOWN]),
        )
