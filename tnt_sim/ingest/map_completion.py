"""Completion of applications from the map of France: empty cells whose value is certain, and codes not on the map.

An applicant is a territory of the map by its number, else by the column of its level, else by its name: that of
one commune in the written department, or of one EPCI. A number that the map does not know is nobody's: its name is
not looked up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from functools import cache

import polars as pl

from tnt_sim.domain.portfolio import Portfolio
from tnt_sim.domain.territory import (
    LEVELS,
    YEARS,
    Territory,
    extract_siren,
    has_members,
    load_territory,
    locate_applicant,
    map_to_level,
)
from tnt_sim.errors import Defect, Defects, Place, ScenarioError
from tnt_sim.i18n.message import _, _n
from tnt_sim.ingest.tables.headers import normalise_header

FILLED = "_filled_"
"""Head of the columns that say which cells the map filled, bool (n,)."""
MAX_LISTED = 5
MAP_COLUMNS = ("department", "region", "population", "epci")
NUMBERS = ("applicant_id", "commune", "epci")
"""Columns of numbers that the map completes where it is certain of the applicant."""

_UNIT = ("level", "code", "siren")
_INSEE, _SIREN = 5, 9
_KINDS_OF_EPCI = (
    (r"^communaute (?:de )?communes?\b", "cc"),
    (r"^communaute (?:d )?agglo(?:meration)?\b", "ca"),
    (r"^communaute urbaine\b", "cu"),
)
_LINKS = {"de", "d", "du", "des", "la", "le", "les", "l"}


def fill_from_map(
    portfolio: Portfolio, year: int, names: Sequence[str], locate: Callable[[tuple[str | int, ...]], Place]
) -> tuple[Portfolio, tuple[Defect, ...]]:
    """Fill the empty cells of the columns `names` from the map; return the dossiers and the notices.

    A column `FILLED` + name says which cells were filled.

    - applicant_id: the SIREN of the applicant, or its INSEE code where the table names communes so.
    - commune: that of the applicant; epci: that of the commune, else of the applicant.
    - department: that of `commune`, else of `epci`, else of the applicant.
    - region: the same, or that of `department`.
    - population: the sum over the distinct `members` written (a commune whose EPCI is a member too counts
      once), else the applicant's own by `applicant_type`; an applicant that is no territory takes its
      members' sum.
    """
    if year not in YEARS:
        raise ScenarioError([_build_map_defect(year, locate(("territory", "year")))])
    known = load_territory(year)
    notes = Defects()
    completed, filled = complete_columns(portfolio.table, known, names), dict[str, pl.Series]()
    for name, new in completed.items():
        empty, left = _find_empty(portfolio.table[name]), _find_empty(new)
        _warn_filled(notes, name, year, empty & ~left, empty & left, locate(("territory", "fill")))
        filled[f"{FILLED}{name}"] = empty & ~left
    result = (
        portfolio.with_table(portfolio.table.with_columns(**completed, **filled)) if completed else portfolio
    )
    _check(result, known, notes)
    return result, tuple(notes.entries)


def complete_columns(table: pl.DataFrame, known: Territory, names: Sequence[str]) -> dict[str, pl.Series]:
    """Return the columns `names`, with their empty cells filled where the map is certain.

    Parameters
    ----------
    table : columns `applicant`, `applicant_type`, and those of `NUMBERS` and of places, texts, "" where empty; for
        the population `population` and `members`, too
    """
    numbers = _complete_numbers(table, known, names) if any(name in NUMBERS for name in names) else {}
    table = table.with_columns(**numbers)
    keys = known.list_keys().select("level", "key", *MAP_COLUMNS)
    places = _derive_places(table, keys)
    derived = {name: places[name] for name in places.columns}
    if "population" in names:
        derived["population"] = _derive_population(table.with_columns(places), keys)
    return {
        name: numbers[name]
        if name in numbers
        else table[name].zip_with(~_find_empty(table[name]), derived[name])
        for name in names
    }


def _build_map_defect(year: int, place: Place) -> Defect:
    known = ", ".join(str(one) for one in YEARS)
    return Defect(
        "territory-year",
        _("there is no map of {year}.", year=year),
        (place,),
        _("Known maps: {known}.", known=known),
    )


def _derive_places(table: pl.DataFrame, keys: pl.DataFrame) -> pl.DataFrame:
    """Return department and region of each dossier by the map, "" where the map does not give them."""
    level = map_to_level(pl.col("applicant_type"))
    by_commune = _look(table, pl.lit("commune"), pl.col("commune"), keys)
    by_epci = _look(table, pl.lit("epci"), pl.col("epci"), keys)
    by_applicant = _look(table, level, extract_siren("applicant_id"), keys)
    department = _coalesce_texts([one["department"] for one in (table, by_commune, by_epci, by_applicant)])
    by_department = _look(pl.DataFrame({"d": department}), pl.lit("department"), pl.col("d"), keys)
    region = _coalesce_texts([one["region"] for one in (by_commune, by_epci, by_department, by_applicant)])
    return pl.DataFrame({"department": department.fill_null(""), "region": region.fill_null("")})


def _find_empty(column: pl.Series) -> pl.Series:
    """Return where a column of numbers or of texts holds nothing, Boolean."""
    return column.is_null() if column.dtype != pl.String else column == ""


def _complete_numbers(table: pl.DataFrame, known: Territory, names: Collection[str]) -> dict[str, pl.Series]:
    """Return those columns of `NUMBERS` among `names`, with their empty cells filled."""
    units = locate_units(table, known)
    commune = table["commune"].zip_with(
        table["commune"] != "", units.select(pl.when(pl.col("level") == "commune").then("code")).to_series()
    )
    mapped = known.table.filter(pl.col("level") == "commune").select(key="code", mapped="epci")
    own = pl.when(pl.col("level") == "epci").then("code")
    of_commune = pl.when(pl.col("mapped") != "").then("mapped")
    epci = (
        units.with_columns(key=commune)
        .join(mapped, on="key", how="left", maintain_order="left")
        .select(pl.coalesce(of_commune, own))
        .to_series()
    )
    found = {"applicant_id": _choose_numbers(table["applicant_id"], units), "commune": commune, "epci": epci}
    return {
        name: table[name].zip_with(table[name] != "", found[name].fill_null(""))
        for name in NUMBERS
        if name in names
    }


def _choose_numbers(written: pl.Series, units: pl.DataFrame) -> pl.Series:
    """Return the number of each located applicant as the table writes those of communes; null where it cannot.

    One applicant must not get two numbers: where communes are named in both ways, or by a SIREN that the map
    lacks, their cells stay empty.
    """
    is_commune = (units["level"] == "commune").fill_null(value=False)
    lengths = written.str.len_chars()
    by_code = bool((is_commune & (lengths == _INSEE)).any())
    by_siren = bool((is_commune & (lengths >= _SIREN)).any())
    siren = units["siren"].set(units["siren"] == "", None)
    missing = is_commune & (written == "")
    if by_code and by_siren:
        return siren.set(is_commune, None)
    if by_code or (not by_siren and bool((missing & siren.is_null()).any())):
        return units["code"].zip_with(is_commune, siren)
    return siren


def locate_units(table: pl.DataFrame, known: Territory) -> pl.DataFrame:
    """Return level, code and siren of the territory that each applicant is; null where it is none for certain.

    An applicant of type « autre », which is that of every empty cell, may be one by a SIREN or by a name that
    states its level.
    """
    keys = known.list_keys().select("level", "key", *_UNIT[1:])
    level, number, column = locate_applicant()
    untyped = pl.col("applicant_type") == "autre"
    by_type = _look(table, level, number, keys)
    sirens = keys.filter((pl.col("siren") != "") & (pl.col("key") == pl.col("siren")))
    by_siren = table.select(key=pl.when(untyped).then(number)).join(
        sirens, on="key", how="left", maintain_order="left"
    )
    by_column = _look(table, level, column, keys)
    by_name = _locate_by_name(table.with_columns(level=level, untyped=untyped), known)
    blank = table["applicant_id"] == ""
    numbered, other = _coalesce_units(by_type, by_siren), _coalesce_units(by_column, by_name)
    units = pl.DataFrame([other[name].zip_with(blank, numbered[name]) for name in _UNIT])
    return units.with_columns(pl.when(pl.col("code").is_not_null()).then("level").alias("level"))


def _locate_by_name(table: pl.DataFrame, known: Territory) -> pl.DataFrame:
    """Return level, code and siren of the commune or EPCI that an applicant's name is the only one to be.

    A commune is looked for in the written department alone, an EPCI in France; none is taken from elsewhere.
    """
    names = table.filter(pl.col("applicant_id") == "")["applicant"].unique().to_list()  # others need no name
    read = [(name, *simplify_name(name)) for name in names]
    words = pl.DataFrame(
        read, schema=dict.fromkeys(("applicant", "stated", "name", "plain"), pl.String), orient="row"
    )
    units = _list_named_units(known)
    communes = units.filter(
        (pl.col("level") == "commune") & ~pl.struct("level", "name", "department").is_duplicated()
    )
    epci = units.filter((pl.col("level") == "epci") & ~pl.struct("level", "name").is_duplicated())
    applicants = table.select("applicant", "department", "level", "untyped").join(
        words, on="applicant", how="left", maintain_order="left"
    )
    applicants = applicants.with_columns(level=pl.when("untyped").then("stated").otherwise("level"))
    agrees = pl.col("stated").is_null() | (pl.col("stated") == pl.col("level"))
    applicants = applicants.with_columns(level=pl.when(agrees).then("level"))
    by_plain, by_rest = (
        applicants.join(
            communes,
            left_on=["level", column, "department"],
            right_on=["level", "name", "department"],
            how="left",
            maintain_order="left",
        )
        for column in ("plain", "name")
    )
    by_epci = applicants.join(
        epci.rename({"department": "seat"}),
        left_on=["level", "plain"],
        right_on=["level", "name"],
        how="left",
        maintain_order="left",
    )
    near = (pl.col("department") == "") | (pl.col("department") == pl.col("seat"))
    of_epci = by_epci.select(pl.when(near).then(name).alias(name) for name in _UNIT)
    return _coalesce_units(_coalesce_units(by_plain, by_rest), of_epci)


@cache
def _list_named_units(known: Territory) -> pl.DataFrame:
    """Return communes and EPCI with their names in plain letters; they are read once for each map."""
    units = known.table.filter(pl.col("level").is_in(["commune", "epci"])).select(
        "name", "department", *_UNIT
    )
    names = [simplify_name(name)[2] for name in units["name"]]
    return units.with_columns(name=pl.Series(names, dtype=pl.String))


def _coalesce_units(first: pl.DataFrame, second: pl.DataFrame) -> pl.DataFrame:
    """Return the unit of each row in the first table, else in the second."""
    known = first["code"].is_not_null()
    return pl.DataFrame([first[name].zip_with(known, second[name]) for name in _UNIT])


def simplify_name(name: str) -> tuple[str | None, str, str]:
    """Return the level that a name states, None where it states none, the name without it, and the whole name.

    >>> simplify_name("Mairie du Mans")
    ('commune', 'le mans', 'mairie du mans')
    >>> simplify_name("Communauté de communes du Pays de St-Flour (CCPSF)")
    ('epci', 'cc pays saint flour', 'cc pays saint flour')
    """
    text = normalise_header(re.sub(r"\([^)]*\)", " ", name))
    text = re.sub(r"\bste\b", "sainte", re.sub(r"\bst\b", "saint", text))
    for pattern, short in _KINDS_OF_EPCI:
        text = re.sub(pattern, short, text)
    if re.match(r"(?:cc|ca|cu|metropole)\b", text):
        text = " ".join(word for word in text.split() if word not in _LINKS)
        return "epci", text, text
    of_commune = re.match(r"(?:commune|ville|mairie)\s+(?:(de|d|du|des)\s+)?(.+)", text)
    if of_commune:
        article = {"du": "le ", "des": "les "}.get(of_commune[1] or "", "")
        return "commune", article + of_commune[2], text
    return None, text, text


def _derive_population(table: pl.DataFrame, keys: pl.DataFrame) -> pl.Series:
    """Return the population of the written members, else of the applicant, else of its default members."""
    level, number, column = locate_applicant()
    itself = _look(table, level, pl.when(pl.col("applicant_id") != "").then(number).otherwise(column), keys)
    return _sum_members(table, keys).zip_with(table.select(has_members()).to_series(), itself["population"])


def _sum_members(table: pl.DataFrame, keys: pl.DataFrame) -> pl.Series:
    """Return the inhabitants of the distinct members of each dossier.

    The sum is null when the map does not know one of them.
    """
    codes = keys.filter(pl.col("level") != "region").select(
        pl.col("key").alias("members"), "population", "epci"
    )
    result = (
        table.select("members")
        .with_row_index("row")
        .explode("members")
        .drop_nulls()
        .unique(maintain_order=True)
        .join(codes, on="members", how="left", maintain_order="left")
    )
    groups = result.select("row", pl.col("members").alias("epci"))
    inside = pl.col("members") != pl.col("epci")
    counted = result.filter(inside).join(groups, on=["row", "epci"], how="semi").select("row", "members")
    sums = (
        result.join(counted, on=["row", "members"], how="anti")
        .group_by("row")
        .agg(pl.col("population").sum(), unknown=pl.col("population").is_null().any())
        .with_columns(pl.when("unknown").then(None).otherwise("population").alias("population"))
    )
    rows = pl.DataFrame({"row": pl.int_range(table.height, dtype=pl.UInt32, eager=True)})
    return rows.join(sums, on="row", how="left", maintain_order="left")["population"]


def _look(table: pl.DataFrame, level: pl.Expr, key: pl.Expr, keys: pl.DataFrame) -> pl.DataFrame:
    """Return the row of `keys` for a level and a key of each dossier; null where the map has none."""
    asked = table.select(level.alias("level"), key.alias("key"))
    return asked.join(keys, on=["level", "key"], how="left", maintain_order="left")


def _coalesce_texts(columns: list[pl.Series]) -> pl.Series:
    """Return the first non-empty text of each row."""
    frame = pl.DataFrame([column.alias(str(k)) for k, column in enumerate(columns)])
    filled = [pl.when(pl.col(name) != "").then(pl.col(name)) for name in frame.columns]
    return frame.select(pl.coalesce(filled)).to_series()


def _check(portfolio: Portfolio, known: Territory, notes: Defects) -> None:
    """Report codes of the table that the map does not know, and places that lie elsewhere on it."""
    keys = known.list_keys()
    table = portfolio.table
    for name in LEVELS:
        column = table[name]
        codes = keys.filter(pl.col("level") == name)["key"]
        _warn_unknown_codes(
            portfolio, notes, name, known.year, (column != "") & ~column.is_in(codes.implode())
        )
    for inner, outer in (("commune", "department"), ("department", "region")):
        found = _look(table, pl.lit(inner), pl.col(inner), keys.select("level", "key", outer))
        written = table[outer].str.strip_prefix("R")
        elsewhere = (written != "") & (found[outer] != "") & (found[outer] != written)
        _warn_mismatched_levels(portfolio, notes, inner, outer, known.year, elsewhere.fill_null(value=False))
    _warn_two_numbers(portfolio, known, notes)


def _warn_two_numbers(portfolio: Portfolio, known: Territory, notes: Defects) -> None:
    """Report communes that one dossier names by the INSEE code and another by the SIREN: they count as two."""
    table = portfolio.table
    keys = known.list_keys().filter((pl.col("level") == "commune") & (pl.col("siren") != ""))
    level, number, __ = locate_applicant()
    named = _look(table, level, number, keys.select("level", "key", "code"))["code"]
    by_code = table.select(pl.col("applicant_id").str.len_chars() == _INSEE).to_series()
    both = set(named.filter(by_code).drop_nulls()) & set(named.filter(~by_code).drop_nulls())
    if both:
        rows = named.is_in(list(both)).fill_null(value=False).arg_true().to_list()
        notes.add(
            "territory-two-numbers",
            _n(
                "{n} commune is named by its INSEE code in one application and by its SIREN in another: a rule by "
                "applicant takes it for two.",
                "{n} communes are named by their INSEE code in one application and by their SIREN in another: a "
                "rule by applicant takes each for two.",
                n=len(both),
            ),
            *(portfolio.locate(row, "applicant_id") for row in rows[:MAX_LISTED]),
            hint=_("Write one of the two in every application of a commune."),
        )


def _warn_filled(
    notes: Defects, name: str, year: int, filled: pl.Series, left: pl.Series, place: Place
) -> None:
    done = _n("{n} cell filled", "{n} cells filled", n=int(filled.sum()))
    rest = _n("{n} stays empty", "{n} stay empty", n=int(left.sum()))
    notes.add(
        "territory-filled",
        _('map of {year}, "{name}": {done}, {rest}.', year=year, name=name, done=done, rest=rest),
        place,
    )


def _warn_unknown_codes(portfolio: Portfolio, notes: Defects, name: str, year: int, bad: pl.Series) -> None:
    rows = bad.arg_true().to_list()
    if not rows:
        return
    codes = portfolio.table[name].filter(bad).unique(maintain_order=True)
    text = ", ".join(codes.head(MAX_LISTED).to_list()) + (", …" if len(codes) > MAX_LISTED else "")
    notes.add(
        "territory-unknown",
        _n(
            'column "{name}": {n} application holds a code that the map of {year} does not know ({names}).',
            'column "{name}": {n} applications hold a code that the map of {year} does not know ({names}).',
            n=len(rows),
            name=name,
            year=year,
            names=text,
        ),
        *(portfolio.locate(row, name) for row in rows[:MAX_LISTED]),
    )


def _warn_mismatched_levels(
    portfolio: Portfolio, notes: Defects, inner: str, outer: str, year: int, bad: pl.Series
) -> None:
    rows = bad.arg_true().to_list()
    if rows:
        notes.add(
            "territory-elsewhere",
            _n(
                '{n} application has a "{inner}" that on the map of {year} does not lie in the "{outer}" '
                "of the row.",
                '{n} applications have a "{inner}" that on the map of {year} does not lie in the '
                '"{outer}" of the row.',
                n=len(rows),
                inner=inner,
                year=year,
                outer=outer,
            ),
            *(portfolio.locate(row, inner) for row in rows[:MAX_LISTED]),
        )
