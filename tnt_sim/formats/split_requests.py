"""One dossier that asks several funds: a row for each, requests of one project.

« Montant de l'aide demandée » = « dont DETR » + « dont DSIL »
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from tnt_sim.formats.findings import empty, euros, found

_SEPARATOR = "-"


def split_requests(table: pl.DataFrame, parts: Mapping[str, pl.Series]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The table with one row per fund that a dossier asks, further ones at its end, and what does not add up.

    Parameters
    ----------
    table : dossier and the other columns; `requested_cents` is that of all funds
    parts : envelope → what is asked from it, in cents, null or 0 for nothing
    """
    asked = pl.DataFrame({name: cents.fill_null(0) for name, cents in parts.items()})
    total = asked.sum_horizontal()
    some = total > 0
    if not some.any():
        return table, empty()
    off = some & (total != table["requested_cents"])
    findings = found("split_total", off, "requested", euros(table["requested_cents"]), euros(total))
    numbers = table["dossier"]
    project = table["project"] if "project" in table.columns else numbers
    base = table.with_columns(project.alias("project"))
    place = pl.Series("_at", range(table.height), dtype=pl.Int64)
    rows = [base.with_columns(place).filter(~some)]
    first = pl.Series("taken", [False]).new_from_index(0, table.height)
    for name, cents in zip(asked.columns, asked.iter_columns(), strict=True):
        mine = cents > 0
        if not mine.any():
            continue
        again = mine & first
        number = (numbers + _SEPARATOR + name.lower()).zip_with(again, numbers)
        own = base.with_columns(
            number.alias("dossier"), pl.lit(name).alias("envelope"), cents.alias("requested_cents")
        )
        later = place.zip_with(~again, place + table.height)
        rows.append(own.with_columns(later.alias("_at")).filter(mine))
        first = first | mine
    whole = pl.concat(rows, how="diagonal_relaxed").sort("_at", maintain_order=True).drop("_at")
    return whole, findings
