"""Inhabitants of the communes that funded dossiers reach, each commune counted once.

    inhabitants = Σ_c population_c · [some funded dossier reaches commune c]

This is a weighted set-cover measure. A dossier reaches the communes of its `members` (communes, EPCI or
departments), or else those of the territory of its applicant: a commune itself, or all communes of an EPCI,
a department or a region. The applicant is located by its number, or by the column of its level where the map
does not know the number. An applicant that is no territory reaches, by default, its commune.

Populations are those of the scenario's map by commune, whose sums give departments and regions. The map's
own figure for an EPCI is counted differently and is not used.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import polars as pl

from tnt_sim.domain.territory import Territory, extract_siren, has_members, locate_applicant
from tnt_sim.i18n.message import _, _n
from tnt_sim.rules.linear_terms import BoolArray, IntArray, Once, Terms, Unit, sum_exactly
from tnt_sim.rules.protocols import Case, Path

INHABITANTS = "inhabitants"
MAX_LISTED = 5
_GATHERING = ("epci", "department", "region")


@dataclass(frozen=True, slots=True, eq=False)
class ReachedCommunes:
    """The communes that each dossier reaches.

    Attributes
    ----------
    row, commune : int64 (n_pairs,), dossier `row` reaches `commune`; distinct pairs, by commune and then row
    people : int64 (n_communes,), inhabitants of each commune of the map
    unlocated : bool (n,), dossiers that name no territory, or one that the map does not know
    """

    row: IntArray
    commune: IntArray
    people: IntArray
    unlocated: BoolArray

    def count_inhabitants(self, funded: BoolArray) -> int:
        """Return the inhabitants of all communes that some funded dossier reaches."""
        return sum_exactly(self.people[np.unique(self.commune[funded[self.row]])])

    def build_once(self, rows: BoolArray) -> Once:
        """Return the measure over the dossiers `rows`.

        Communes reached by the same dossiers are merged into one key.
        """
        inside = rows[self.row]
        row, commune = self.row[inside], self.commune[inside]
        starts = np.flatnonzero(np.diff(commune, prepend=-1))
        key_of: dict[bytes, int] = {}
        holders: list[IntArray] = []
        codes = []
        for reached_by in np.split(row, starts[1:]) if len(starts) else []:
            key = key_of.setdefault(reached_by.tobytes(), len(holders))
            if key == len(holders):
                holders.append(reached_by)
            codes.append(key)
        worth = np.zeros(len(holders), dtype=np.int64)
        np.add.at(worth, np.array(codes, dtype=np.int64), self.people[commune[starts]])
        sizes = [len(one) for one in holders]
        empty = np.zeros(0, dtype=np.int64)
        return Once(np.concatenate([empty, *holders]), np.repeat(np.arange(len(holders)), sizes), worth)


def find_reached_communes(case: Case) -> ReachedCommunes | None:
    """Return the communes that each dossier reaches on the scenario's map; None when it names no map."""
    known = case.map
    if known is None:
        return None
    return case.portfolio.memoise(("reach", known.year), lambda: _join_reached_communes(case.table, known))


def build_inhabitants_terms(case: Case, candidates: BoolArray, needed: BoolArray, path: Path) -> Terms | None:
    """Return the measure over the dossiers that can be funded.

    Returns None, with a defect recorded, when it is undefined.

    `needed` are the dossiers all of whose territories must be known to the map, bool (n,).
    """
    reach = find_reached_communes(case)
    if reach is None:
        case.record_defect(
            "no-map",
            _('the measure "inhabitants" counts the communes of the map, and the scenario names none.'),
            path,
            _("Add `territory: {{year: 2021}}`."),
        )
        return None
    _refuse_unlocated(case, reach, needed, path)
    zeros = np.zeros(case.n, dtype=np.int64)
    return Terms(Fraction(1), Unit.NUMBER, zeros, zeros, (reach.build_once(candidates),))


def _join_reached_communes(table: pl.DataFrame, known: Territory) -> ReachedCommunes:
    """Join the territories named by the dossiers with the map."""
    named = _locate_territories(table, known.list_keys().select("level", "key", "code"))
    communes = known.table.filter(pl.col("level") == "commune").with_row_index("commune")
    inside = pl.concat(
        communes.select(pl.lit(level).alias("level"), pl.col(column).alias("code"), "commune")
        for level, column in (("commune", "code"), *((name, name) for name in _GATHERING))
    )
    pairs = named.join(inside, on=["level", "code"]).select("row", "commune").unique().sort("commune", "row")
    rows = pl.int_range(table.height, dtype=pl.UInt32, eager=True)
    lost = named.filter(pl.col("code").is_null())["row"]
    unlocated = rows.is_in(lost.implode()) | ~rows.is_in(named["row"].implode())
    return ReachedCommunes(
        row=pairs["row"].cast(pl.Int64).to_numpy(),
        commune=pairs["commune"].cast(pl.Int64).to_numpy(),
        people=communes["population"].fill_null(0).cast(pl.Int64).to_numpy(),
        unlocated=unlocated.to_numpy(),
    )


def _locate_territories(table: pl.DataFrame, places: pl.DataFrame) -> pl.DataFrame:
    """Return row, level and code of each territory that a dossier names.

    The code is null where the map knows none.
    """
    level, number, column = locate_applicant()
    rows = table.with_row_index("row").with_columns(
        served=has_members(), level=level, number=number, column=column
    )
    members = rows.filter("served").explode("members").filter(pl.col("members").fill_null("") != "")
    served = members.select("row", key=extract_siren("members")).join(
        places.filter(pl.col("level") != "region"), on="key", how="left"
    )
    own = rows.filter(~pl.col("served")).select("row", "level", "number", "column")
    for way in ("number", "column"):
        codes = places.select("level", pl.col("key").alias(way), pl.col("code").alias(f"{way}_code"))
        own = own.join(codes, on=["level", way], how="left")
    itself = own.with_columns(code=pl.coalesce("number_code", "column_code"))
    return pl.concat([one.select("row", "level", "code") for one in (served, itself)])


def _refuse_unlocated(case: Case, reach: ReachedCommunes, needed: BoolArray, path: Path) -> None:
    rows = np.flatnonzero(reach.unlocated & needed)
    if not len(rows):
        return
    names = ", ".join(case.table["dossier"].gather(rows[:MAX_LISTED]).to_list())
    more = f" (+{len(rows) - MAX_LISTED})" if len(rows) > MAX_LISTED else ""
    case.defects.add(
        "inhabitants-unlocated",
        _n(
            'the measure "inhabitants": {n} eligible application names no territory, or a code that '
            "the map of {map_year} does not know: {names}{more}.",
            'the measure "inhabitants": {n} eligible applications name no territory, or a code that '
            "the map of {map_year} does not know: {names}{more}.",
            n=len(rows),
            map_year=str(case.map_year),
            names=names,
            more=more,
        ),
        case.locate(path),
        *(case.portfolio.locate(int(row), "applicant_id") for row in rows[:MAX_LISTED]),
        hint=_(
            "Correct `applicant_type`, `applicant_id`, `commune` or `members`, or write a named "
            "measure `{{column: inhabitants, empty: 0}}`: what the map does not know then counts as "
            "zero."
        ),
    )
