"""Classes by which a control body asks how applicants were treated: size, small commune, overseas, type.

An application without a class has the class "". Size and small communes follow the inhabitants of the applicant.
The maps have no density class. A scenario names the column that has one by `territory: {rural: COLUMN}`, and its
values are the classes. Without it, a commune is below `SMALL_COMMUNE` inhabitants or not, and other applicants
have no class there.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from tnt_sim.scenario.spec import ScenarioSpec

SIZES = (1_000, 3_500, 10_000, 50_000, 200_000, 500_000)
"""Lower bounds of the size classes, except the first, in inhabitants."""
SMALL_COMMUNE = 2_000
"""Inhabitants below which a commune counts as small: those that make an urban unit for INSEE."""
SMALL, LARGE = "below-2000", "2000+"
MAINLAND, OVERSEAS = "mainland", "overseas"
RURAL = "rural"
"""Column with the value that says how rural the territory of an application is."""
DIMENSIONS = ("size", "commune", RURAL, "overseas", "applicant_type")
"""Names of the dimensions, in the order of pages."""

_MAINLAND_CODE = r"^(?:0[1-9]|[1-8]\d|9[0-5]|2[AB])$"
_OVERSEAS_CODE = r"^9[78]\d$"
_OVERSEAS_REGION = r"^R?(?:0[1-6]|9[78]\d)$"
_MAINLAND_REGION = r"^R?(?:11|2[478]|32|44|5[23]|7[56]|84|9[34])$"


def list_size_codes() -> list[str]:
    """Return the codes of the size classes, smallest first: `0-1000` … `500000+`."""
    bounds = (0, *SIZES)
    return [f"{low}-{high}" for low, high in zip(bounds, SIZES, strict=False)] + [f"{SIZES[-1]}+"]


def rank_class(dimension: str, name: str) -> tuple[bool, int, str]:
    """Return what orders the classes of a dimension: by size, then by name, and those without a class last."""
    ranked = {"size": list_size_codes(), "commune": [SMALL, LARGE], "overseas": [MAINLAND, OVERSEAS]}
    names = ranked.get(dimension, [])
    return name == "", names.index(name) if name in names else len(names), name


def build_class_columns(spec: ScenarioSpec, columns: Sequence[str]) -> dict[str, pl.Expr]:
    """Return the class of each application by dimension, over a table with `inhabitants` (null if unknown).

    A dimension that the table or the scenario does not have is left out: where the territories are those of a
    column, there is no French commune and nothing overseas.
    """
    heads = pl.col("inhabitants")
    size = pl.lit("")
    for bound, code in zip((0, *SIZES), list_size_codes(), strict=True):
        size = pl.when(heads >= bound).then(pl.lit(code)).otherwise(size)
    classes = {"size": size}
    is_french = spec.place_column is None
    if RURAL in columns:
        classes[RURAL] = pl.col(RURAL).cast(pl.String).str.strip_chars().fill_null("")
    elif is_french and "applicant_type" in columns:
        small = pl.when(heads < SMALL_COMMUNE).then(pl.lit(SMALL)).otherwise(pl.lit(LARGE))
        is_known = (pl.col("applicant_type") == "commune") & heads.is_not_null()
        classes["commune"] = pl.when(is_known).then(small).otherwise(pl.lit(""))
    if is_french and "department" in columns:
        classes["overseas"] = _build_overseas("region" in columns)
    if "applicant_type" in columns:
        classes["applicant_type"] = pl.col("applicant_type").cast(pl.String).fill_null("")
    return classes


def _build_overseas(has_region: bool) -> pl.Expr:
    """Return where an application is by its department, or else by its region."""
    department = pl.col("department").cast(pl.String)
    region = pl.col("region").cast(pl.String) if has_region else pl.lit(None, pl.String)
    by_region = (
        pl.when(region.str.contains(_OVERSEAS_REGION))
        .then(pl.lit(OVERSEAS))
        .when(region.str.contains(_MAINLAND_REGION))
        .then(pl.lit(MAINLAND))
        .otherwise(pl.lit(""))
    )
    return (
        pl.when(department.str.contains(_OVERSEAS_CODE))
        .then(pl.lit(OVERSEAS))
        .when(department.str.contains(_MAINLAND_CODE))
        .then(pl.lit(MAINLAND))
        .when(department.fill_null("") == "")
        .then(by_region)
        .otherwise(pl.lit(""))
    )
