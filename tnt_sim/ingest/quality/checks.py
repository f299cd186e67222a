"""Quality checks of a table of dossiers: missing, odd or contradictory cells, and likely duplicates.

Every check is a few operations on whole columns. A share is compared in whole cents:

    grant above the cap  ⇔  grant · q > cost · p     for a cap of p/q
    by rounding only     ⇔  and the rate, rounded to a hundredth of a point, exceeds it by at most that

Duplicates are found by blocking: dossiers are compared only when they share a key, never pair by pair.

    title key        = the set of the title's words and numbers, without accents, short words and endings
    likely duplicate : same applicant, same title key, same cost and same request
    similar          : same applicant and same title key

Codes and inhabitants are compared with the map of a year.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import polars as pl

from tnt_sim.domain.portfolio import INSTANT_TYPE, convert_to_instants
from tnt_sim.domain.territory import extract_siren, load_territory, map_to_level
from tnt_sim.ingest.quality.findings import build_empty_table, build_findings, combine_findings, format_euros
from tnt_sim.ingest.tables import cell_types

_LONGEST, _WORD, _FEWEST_LETTERS = 300, 5, 8
_WORDS = r"[a-z]{4,}|[0-9]+"


def compute_title_keys(titles: pl.Series) -> pl.Series:
    """Return a number for each title, equal for titles with the same set of words.

    Titles with too few letters give null.
    """
    values = titles.unique()
    plain = (
        values.str.slice(0, _LONGEST).str.normalize("NFKD").str.replace_all(r"\p{M}", "").str.to_lowercase()
    )
    words = (
        pl.DataFrame({"title": values, "word": plain.str.extract_all(_WORDS)}).explode("word").drop_nulls()
    )
    cut = words.with_columns(pl.col("word").str.slice(0, _WORD)).unique()
    # XOR of the hashes identifies a set of words whatever their order, so no list is sorted.
    keys = (
        cut.group_by("title")
        .agg(key=pl.col("word").hash().bitwise_xor(), letters=pl.col("word").str.len_chars().sum())
        .select("title", key=pl.when(pl.col("letters") >= _FEWEST_LETTERS).then("key"))
    )
    return titles.to_frame("title").join(keys, on="title", how="left", maintain_order="left")["key"]


def find_likeness(table: pl.DataFrame) -> pl.DataFrame:
    """Report each dossier that resembles an earlier one of the same applicant, with that dossier.

    Parameters
    ----------
    table : dossier, title, applicant or applicant_id, and the money columns available
    """
    who = _identify_applicants(table)
    if who is None or "title" not in table.columns:
        return build_empty_table()
    money = [name for name in ("cost_cents", "requested_cents") if name in table.columns]
    index = pl.Series("index", range(table.height), dtype=pl.UInt32)
    named = table.select("dossier", "title", *money).with_columns(who, index)
    if "project" in table.columns:
        # Requests of one project to several funds are alike on purpose.
        named = named.filter(table["project"].is_first_distinct() | (table["project"] == ""))
    several = named.filter((pl.col("who") != "") & pl.col("who").is_duplicated())
    keyed = several.with_columns(compute_title_keys(several["title"]).alias("key")).drop_nulls("key")
    like = keyed.filter(pl.struct("who", "key").is_duplicated())
    if not like.height:
        return build_empty_table()
    same = ["who", "key", *money]
    rendered = like.with_columns(
        first=pl.col("dossier").first().over("who", "key"),
        twin=pl.col("dossier").first().over(same),
        double=~pl.struct(same).is_first_distinct() if money else pl.lit(value=False),
    )
    later = rendered.filter(~pl.struct("who", "key").is_first_distinct())
    return pl.concat(
        [
            _with_text("likely_double", later.filter(pl.col("double")), "twin", table),
            _with_text("similar", later.filter(~pl.col("double")), "first", table),
        ]
    )


def _identify_applicants(table: pl.DataFrame) -> pl.Series | None:
    """Return the applicant: its number reduced to the SIREN, else its name in plain letters."""
    pieces = []
    if "applicant_id" in table.columns:
        number = pl.col("applicant_id")
        pieces.append(
            pl.when(number.str.contains(r"^\d{14}$")).then(number.str.slice(0, 9)).otherwise(number)
        )
    if "applicant" in table.columns:
        pieces.append(pl.col("applicant").str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", " "))
    if not pieces:
        return None
    filled = [pl.when(part != "").then(part) for part in pieces]
    return table.select(pl.coalesce(*filled).fill_null("").alias("who")).to_series()


def _with_text(code: str, rows: pl.DataFrame, other: str, table: pl.DataFrame) -> pl.DataFrame:
    if not rows.height:
        return build_empty_table()
    mask = pl.Series("mask", [False]).new_from_index(0, table.height).scatter(rows["index"], True)
    others = pl.Series("other", [""]).new_from_index(0, table.height).scatter(rows["index"], rows[other])
    return build_findings(code, mask, "title", table["title"], others)


_SHARE, _FEW = 0.10, 50
_LEVELS = ("department", "region", "epci", "commune")


def check_map(table: pl.DataFrame, map_year: int) -> list[pl.DataFrame]:
    """Report unknown codes, communes outside their department, populations far from the map's."""
    keys = load_territory(map_year).list_keys().select("level", "key", "department", "population")
    pieces = []
    for name in _LEVELS:
        if name in table.columns:
            known = keys.filter(pl.col("level") == name)["key"]
            off = (table[name] != "") & ~table[name].is_in(known.implode())
            pieces.append(build_findings("code_off_map", off, name, table[name]))
    if "department" in table.columns and {"commune", "applicant_id"} & set(table.columns):
        pieces += _check_departments(table, keys)
    if "population" in table.columns and "applicant_id" in table.columns:
        pieces += _check_populations(table, keys)
    return pieces


def _check_departments(table: pl.DataFrame, keys: pl.DataFrame) -> list[pl.DataFrame]:
    """Compare the department with that of the commune, or of the applicant where it is one."""
    communes = keys.filter(pl.col("level") == "commune").select("key", true="department")
    column = "commune" if "commune" in table.columns else "applicant_id"
    where = table.select("department", extract_siren(column).alias("key"))
    joined = where.join(communes, on="key", how="left", maintain_order="left")
    wrong = (joined["department"] != "") & (joined["true"] != "") & (joined["department"] != joined["true"])
    return [build_findings("department_commune", wrong, "department", joined["department"], joined["true"])]


def _check_populations(table: pl.DataFrame, keys: pl.DataFrame) -> list[pl.DataFrame]:
    """Compare the population with that of the applicant on the map, at the level of its type."""
    level = (
        map_to_level(pl.col("applicant_type")) if "applicant_type" in table.columns else pl.lit("commune")
    ).alias("level")
    asked = table.select("population", extract_siren("applicant_id").alias("key"), level)
    joined = asked.join(
        keys.select("level", "key", mapped="population"),
        on=["level", "key"],
        how="left",
        maintain_order="left",
    )
    gap = (joined["population"] - joined["mapped"]).abs()
    far = (gap > _SHARE * joined["mapped"]) & (gap > _FEW)
    shown, mapped = joined["population"].cast(pl.String), joined["mapped"].cast(pl.String)
    return [build_findings("population_map", far, "population", shown, mapped)]


_WATCHED = ("requested", "cost", "title", "applicant", "applicant_id", "department", "commune")
_OFF_MAP = ("syndicat", "mutualisation")
_LENGTHS = r"^(?:[0-9]{14}|[0-9]{9}|[0-9][0-9AB][0-9]{3}|[0-9]{2,3}|2[AB]|R[0-9]{2})$"
_MAX_VARIANTS = 200
_EMPTIED = ("unreadable", "negative", "zero_as_empty", "error_cell")


@dataclass(frozen=True, eq=False)
class Quality:
    """Quality report of a table.

    Attributes
    ----------
    findings : one row per finding (`findings.SCHEMA`)
    columns : one row per column: column, n_filled, n_empty, n_findings
    n_rows : rows of the table
    """

    findings: pl.DataFrame
    columns: pl.DataFrame
    n_rows: int

    def count_by_code(self) -> dict[str, int]:
        """Return the number of findings by code, in the order of the report."""
        counted = self.findings.group_by("code", maintain_order=True).len()
        return dict(zip(counted["code"].to_list(), counted["len"].to_list(), strict=True))


def check_quality(
    table: pl.DataFrame,
    *,
    timezone: str = "Europe/Paris",
    map_year: int | None = 2021,
    rate_cap: Fraction | None = Fraction(4, 5),
    likeness: bool = True,
    variants: tuple[str, ...] = (),
    unwatched: frozenset[str] = frozenset(),
    earlier: tuple[pl.DataFrame, ...] = (),
) -> Quality:
    """Check a table with the canonical columns that it has; money X is ``X_cents``.

    Parameters
    ----------
    table : the dossiers; a column that is absent, or empty in every row, is not reported as missing
    timezone : time zone in which days and instants are compared
    map_year : year of the map that codes and inhabitants are compared with; None for no comparison
    rate_cap : the largest share of the eligible base, else of the cost; None for no check
    likeness : whether to search for dossiers that resemble each other
    variants : further columns whose values are compared for spelling
    unwatched : columns whose empty cells are not reported
    parts : findings of the reading itself
    """
    used = table.select(name for name in table.columns if name == "dossier" or _is_filled(table[name]))
    checks = [
        *earlier,
        *_check_missing(used, unwatched),
        *_check_amounts(used),
        *_check_rates(used, rate_cap),
    ]
    checks += [*_check_identifiers(used), *_check_dates(used, timezone), *_check_spelling(table, variants)]
    if map_year is not None:
        checks += check_map(used, map_year)
    if likeness:
        checks.append(find_likeness(used))
    findings = combine_findings([*_drop_reported_empties(checks)])
    return Quality(findings, _count_by_column(table, findings), table.height)


def _drop_reported_empties(checks: list[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Return the checks without empty cells that are empty because of a finding already reported."""
    entries = [
        part.select("index", "column") for part in checks if part.height and part["code"][0] in _EMPTIED
    ]
    for chunk in checks:
        if entries and chunk.height and chunk["code"][0] == "missing":
            yield chunk.join(pl.concat(entries), on=["index", "column"], how="anti", maintain_order="left")
        else:
            yield chunk


def _is_filled(values: pl.Series) -> bool:
    if values.dtype == pl.String:
        return bool((values != "").any())
    if isinstance(values.dtype, pl.List):
        return bool((values.list.len() > 0).any())
    return values.null_count() < len(values)


def _select_filled(values: pl.Series) -> pl.Series:
    if values.dtype == pl.String:
        return (values != "").fill_null(value=False)
    if isinstance(values.dtype, pl.List):
        return (values.list.len() > 0).fill_null(value=False)
    return values.is_not_null()


def _check_missing(table: pl.DataFrame, unwatched: frozenset[str]) -> Iterator[pl.DataFrame]:
    yield build_findings("missing_number", table["dossier"] == "", "dossier")
    for name in _WATCHED:
        column = name if name in table.columns else f"{name}_cents"
        if column in table.columns and name not in unwatched:
            empty = ~_select_filled(table[column])
            if name == "commune" and "applicant_type" in table.columns:
                empty = empty & (table["applicant_type"] == "commune")
            if name == "requested" and "committed_cents" in table.columns:
                empty = empty & table["committed_cents"].is_null()
            yield build_findings("missing", empty, name)


def _check_amounts(table: pl.DataFrame) -> Iterator[pl.DataFrame]:
    for name in ("cost", "requested"):
        if f"{name}_cents" in table.columns:
            yield build_findings("zero_amount", table[f"{name}_cents"] == 0, name, "0")
    cost, base = _get_cents(table, "cost"), _get_cents(table, "base")
    if cost is not None and base is not None:
        yield build_findings("base_above_cost", base > cost, "base", format_euros(base), format_euros(cost))
    for name in ("requested", "committed"):
        grant = _get_cents(table, name)
        if grant is not None and cost is not None:
            yield build_findings(
                "grant_above_cost", grant > cost, name, format_euros(grant), format_euros(cost)
            )
        if grant is not None and base is not None:
            over = grant > base
            over = over & ~(grant > cost).fill_null(value=False) if cost is not None else over
            yield build_findings("grant_above_base", over, name, format_euros(grant), format_euros(base))


def _check_rates(table: pl.DataFrame, cap: Fraction | None) -> Iterator[pl.DataFrame]:
    cost, base = _get_cents(table, "cost"), _get_cents(table, "base")
    grant = _get_cents(table, "requested")
    if cap is None or grant is None or (cost is None and base is None):
        return
    whole = base if cost is None else cost if base is None else base.fill_null(cost)
    assert whole is not None
    pairs = pl.DataFrame({"grant": grant, "whole": whole})
    above = pairs.select((pl.col("whole") > 0) & (_compute_excess(cap) > 0)).to_series()
    if not above.fill_null(value=False).any():
        return
    far = above & pairs.select(_compute_excess(cap + Fraction(3, 20_000)) >= 0).to_series()
    displayed = (grant * 100 / whole).round(4).cast(pl.String)
    limit = _format_percent(cap)
    yield build_findings("rate_above_cap", far, "requested", displayed, limit)
    yield build_findings("rate_rounded", above & ~far.fill_null(value=False), "requested", displayed, limit)


def _compute_excess(rate: Fraction) -> pl.Expr:
    """Return grant · q − whole · p for a rate p/q, in 128-bit integers, so that it cannot overflow."""
    q, p = (pl.lit(part, dtype=pl.Int128) for part in (rate.denominator, rate.numerator))
    return pl.col("grant").cast(pl.Int128) * q - pl.col("whole").cast(pl.Int128) * p


def _format_percent(rate: Fraction) -> str:
    return f"{float(rate * 100):g}"


def _check_identifiers(table: pl.DataFrame) -> Iterator[pl.DataFrame]:
    if "applicant_id" in table.columns:
        text = table["applicant_id"]
        yield build_findings("check_digit", cell_types.select_wrong_identifiers(text), "applicant_id", text)
        odd = (text != "") & ~text.str.contains(_LENGTHS)
        if "applicant_type" in table.columns:
            # No register numbers these applicants, so a free label is no mistake.
            odd = odd & ~(table["applicant_type"].is_in(_OFF_MAP) & ~text.str.contains(r"^[0-9]+$"))
        yield build_findings("code_length", odd, "applicant_id", text)
    if "applicant_type" in table.columns:
        off = table["applicant_type"].is_in(_OFF_MAP)
        yield build_findings("applicant_off_map", off, "applicant_type", table["applicant_type"])


def _check_dates(table: pl.DataFrame, timezone: str) -> Iterator[pl.DataFrame]:
    """Yield dates that precede those that they must follow."""
    pairs = (("end", "start", "dates_reversed"), ("notified_at", "filed_at", "dates_reversed"),
             ("end", "filed_at", "dates_reversed"), ("start", "filed_at", "started_before"))  # fmt: skip
    for later, earlier, code in pairs:
        if later in table.columns and earlier in table.columns:
            after, before = (
                _convert_to_instants(table, later, timezone),
                _convert_to_instants(table, earlier, timezone),
            )
            wrong = (after < before) & (after.dt.date() != before.dt.date())
            expected = (
                _format_days(before)
                if code == "started_before"
                else earlier + " (" + _format_days(before) + ")"
            )
            yield build_findings(code, wrong, later, _format_days(after), expected)


def _convert_to_instants(table: pl.DataFrame, name: str, timezone: str) -> pl.Series:
    moment = table.select(convert_to_instants(name, table.schema[name], timezone)).to_series()
    return moment.cast(INSTANT_TYPE).dt.convert_time_zone(timezone)


def _format_days(moments: pl.Series) -> pl.Series:
    return moments.dt.strftime("%d/%m/%Y")


def _check_spelling(table: pl.DataFrame, names: tuple[str, ...]) -> Iterator[pl.DataFrame]:
    """Yield values of a column of few values that differ only by capitals, accents, spaces or a final s."""
    for name in names:
        if name not in table.columns or table.schema[name] != pl.String:
            continue
        counted = table[name].value_counts(sort=True).filter(pl.col(name) != "")
        if not 2 <= counted.height <= _MAX_VARIANTS:
            continue
        key = (
            pl.col(name).str.normalize("NFKD").str.replace_all(r"\p{M}", "").str.to_lowercase()
            .str.replace_all(r"[^a-z0-9]+", " ").str.replace_all(r"s\b", "").str.strip_chars(" ")
        )  # fmt: skip
        usual = counted.with_columns(usual=pl.col(name).first().over(key))
        rare = usual.filter(pl.col("usual") != pl.col(name))
        if rare.height:
            written = dict(rare.select(name, "usual").iter_rows())
            expected = table[name].replace(written)
            yield build_findings("spelling", expected != table[name], name, table[name], expected)


def _get_cents(table: pl.DataFrame, name: str) -> pl.Series | None:
    return table[f"{name}_cents"] if f"{name}_cents" in table.columns else None


def _count_by_column(table: pl.DataFrame, findings: pl.DataFrame) -> pl.DataFrame:
    counted = findings.group_by("column").agg(n_findings=pl.len())
    names = [name for name in table.columns if not name.startswith("_")]
    filled = [int(_select_filled(table[name]).sum()) for name in names]
    columns = pl.DataFrame(
        {
            "column": [name.removesuffix("_cents") for name in names],
            "n_filled": pl.Series(filled, dtype=pl.Int64),
            "n_empty": pl.Series([table.height - n for n in filled], dtype=pl.Int64),
        }
    )
    joined = columns.join(counted, on="column", how="left", maintain_order="left")
    return joined.with_columns(pl.col("n_findings").fill_null(0).cast(pl.Int64))
