"""Totals and moves: the same figures on each side, and who enters, leaves or gets another amount."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from tnt_sim.rules.base import exact_sum
from tnt_sim.study.compare.side import ATTRIBUTES, Side

SIZE_CLASSES = (
    (3_500, "0-3500"),
    (20_000, "3500-20000"),
    (100_000, "20000-100000"),
    (None, "100000+"),
)
"""Inhabitants of the applicant: below each bound, the last without one."""
DIMENSIONS = ("envelope", "region", "department", "applicant_type", "size_class")
ENTERS, LEAVES, CHANGES, STAYS = "enters", "leaves", "amount", "stays"


def totals(sides: Sequence[Side]) -> pl.DataFrame:
    """A row a group of a dimension and a side: `dimension`, `group`, `side`, `n_funded`, `granted_cents`.

    Figures of an envelope include all under it; `dimension` is empty in the row of the whole side.
    """
    return pl.concat([_of_side(side) for side in sides])


def _of_side(side: Side) -> pl.DataFrame:
    table = side.dossiers().with_columns(size_class().alias("size_class")).filter("funded")
    granted, funded = side.allocation.granted_cents, side.allocation.funded
    whole = pl.DataFrame(
        {"group": [""], "n_funded": [int(funded.sum())], "granted_cents": [exact_sum(granted)]}
    )
    parts = [whole.with_columns(pl.lit("").alias("dimension")), _envelopes(side)]
    for dimension in DIMENSIONS[1:]:
        grouped = table.group_by(pl.col(dimension).fill_null("").alias("group"))
        found = grouped.agg(pl.len().cast(pl.Int64).alias("n_funded"), pl.col("granted_cents").sum()).sort(
            "group"
        )
        parts.append(found.with_columns(pl.lit(dimension).alias("dimension")))
    columns = ["dimension", "group", pl.lit(side.name).alias("side"), "n_funded", "granted_cents"]
    return pl.concat([part.select(columns) for part in parts])


def _envelopes(side: Side) -> pl.DataFrame:
    """The tree's figures, each with all under it."""
    tree, node = side.problem.case.tree, side.node
    funded = np.bincount(node[side.allocation.funded], minlength=tree.n_nodes).tolist()
    return pl.DataFrame(
        {
            "dimension": ["envelope"] * tree.n_nodes,
            "group": list(tree.ids),
            "n_funded": tree.subtree_sums(funded),
            "granted_cents": list(side.reading.envelopes.granted_cents),
        },
        schema_overrides={"n_funded": pl.Int64, "granted_cents": pl.Int64},
    )


def size_class() -> pl.Expr:
    """The size class of an applicant by its inhabitants; empty where they are not known."""
    bounds = [bound for bound, _ in SIZE_CLASSES if bound is not None]
    passed = pl.sum_horizontal((pl.col("population") >= bound).cast(pl.Int64) for bound in bounds)
    names = {number: name for number, (_, name) in enumerate(SIZE_CLASSES)}
    known = pl.when(pl.col("population").is_not_null()).then(passed)
    return known.replace_strict(names, default="", return_dtype=pl.String)


def moves(first: Side, other: Side) -> pl.DataFrame:
    """A row a dossier that is not decided alike: `dossier`, its attributes, both amounts, `move`, `change_cents`.

    Amounts are 0 where a dossier is not funded, and null where it does not stand on that side.
    """
    one, two = first.dossiers(), other.dossiers()
    keys = ["dossier", "envelope", *ATTRIBUTES]
    amounts = ["funded", "granted_cents"]
    joined = one.select(*keys, *amounts).join(
        two.select(*keys, *amounts),
        on="dossier",
        how="full",
        suffix="_other",
        coalesce=True,
        maintain_order="left_right",
    )
    for column in keys[1:]:
        joined = joined.with_columns(pl.coalesce(column, f"{column}_other")).drop(f"{column}_other")
    before, after = (pl.col(name).fill_null(False) for name in ("funded", "funded_other"))
    paid = pl.col("granted_cents").fill_null(0), pl.col("granted_cents_other").fill_null(0)
    move = (
        pl.when(after & ~before)
        .then(pl.lit(ENTERS))
        .when(before & ~after)
        .then(pl.lit(LEAVES))
        .when(before & after & (paid[0] != paid[1]))
        .then(pl.lit(CHANGES))
        .otherwise(pl.lit(STAYS))
    )
    return (
        joined.with_columns(move.alias("move"), (paid[1] - paid[0]).alias("change_cents"))
        .filter(pl.col("move") != STAYS)
        .rename({"granted_cents": "before_cents", "granted_cents_other": "after_cents"})
        .drop("funded", "funded_other")
    )


def winners(moved: pl.DataFrame) -> pl.DataFrame:
    """Who gains and who loses: what the dossiers of each applicant type, department and region gain and lose."""
    parts = []
    for dimension in ("applicant_type", "department", "region"):
        grouped = moved.group_by(pl.col(dimension).fill_null("").alias("group"))
        gained = pl.col("change_cents").filter(pl.col("change_cents") > 0).sum().alias("gained_cents")
        lost = pl.col("change_cents").filter(pl.col("change_cents") < 0).sum().alias("lost_cents")
        found = grouped.agg(gained, lost, pl.col("change_cents").sum().alias("net_cents"))
        parts.append(found.select(pl.lit(dimension).alias("dimension"), pl.all()))
    return pl.concat(parts).sort("dimension", "net_cents", "group", descending=[False, True, False])
