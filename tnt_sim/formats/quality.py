"""What is missing, odd or contradictory in a table of dossiers, before anything is solved.

Every check is a handful of expressions over whole columns. A share is compared in whole cents:

    grant above the cap  ⇔  grant · q > cost · p     for a cap of p/q
    by rounding only     ⇔  and the rate, rounded to a hundredth of a point, exceeds it by at most that
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import polars as pl

from tnt_sim.formats import codes
from tnt_sim.formats.findings import euros, found, together
from tnt_sim.formats.likeness import find_likeness
from tnt_sim.formats.map_checks import check_map
from tnt_sim.portfolio import INSTANT_TYPE, instants

_WATCHED = ("requested", "cost", "title", "applicant", "applicant_id", "department", "commune")
_OFF_MAP = ("syndicat", "mutualisation")
_LENGTHS = r"^(?:[0-9]{14}|[0-9]{9}|[0-9][0-9AB][0-9]{3}|[0-9]{2,3}|2[AB]|R[0-9]{2})$"
_MAX_VARIANTS = 200
_EMPTIED = ("unreadable", "negative", "zero_as_empty", "error_cell")


@dataclass(frozen=True, eq=False)
class Quality:
    """The quality report of a table.

    Attributes
    ----------
    findings : one row per finding (`findings.SCHEMA`)
    columns : one row per column: column, n_filled, n_empty, n_findings
    n_rows : rows of the table
    """

    findings: pl.DataFrame
    columns: pl.DataFrame
    n_rows: int

    def counts(self) -> dict[str, int]:
        """Findings by code, in the order in which the page tells them."""
        counted = self.findings.group_by("code", maintain_order=True).len()
        return dict(zip(counted["code"].to_list(), counted["len"].to_list(), strict=True))


def examine(
    table: pl.DataFrame,
    *,
    timezone: str = "Europe/Paris",
    map_year: int | None = 2021,
    rate_cap: Fraction | None = Fraction(4, 5),
    likeness: bool = True,
    variants: tuple[str, ...] = (),
    unwatched: frozenset[str] = frozenset(),
    parts: tuple[pl.DataFrame, ...] = (),
) -> Quality:
    """Check a table with the canonical columns that it has; money X is ``X_cents``.

    Parameters
    ----------
    table : the dossiers; a column that is absent, or empty in every row, is not missed
    timezone : for days and instants that are compared
    map_year : the map that codes and inhabitants are compared with; None for none
    rate_cap : the largest share of the eligible base, else of the cost; None for none
    likeness : whether dossiers that resemble each other are looked for
    variants : further columns whose values are compared for spelling
    unwatched : columns whose empty cells are not missed
    parts : findings of the reading itself
    """
    used = table.select(name for name in table.columns if name == "dossier" or _given(table[name]))
    checks = [*parts, *_missing(used, unwatched), *_amounts(used), *_rates(used, rate_cap)]
    checks += [*_identifiers(used), *_dates(used, timezone), *_spelling(table, variants)]
    if map_year is not None:
        checks += check_map(used, map_year)
    if likeness:
        checks.append(find_likeness(used))
    findings = together([*_untold(checks)])
    return Quality(findings, _by_column(table, findings), table.height)


def _untold(checks: list[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """The checks, without empty cells that are empty because of what is told of them already."""
    told = [part.select("index", "column") for part in checks if part.height and part["code"][0] in _EMPTIED]
    for part in checks:
        if told and part.height and part["code"][0] == "missing":
            yield part.join(pl.concat(told), on=["index", "column"], how="anti", maintain_order="left")
        else:
            yield part


def _given(values: pl.Series) -> bool:
    if values.dtype == pl.String:
        return bool((values != "").any())
    if isinstance(values.dtype, pl.List):
        return bool((values.list.len() > 0).any())
    return values.null_count() < len(values)


def _filled(values: pl.Series) -> pl.Series:
    if values.dtype == pl.String:
        return (values != "").fill_null(value=False)
    if isinstance(values.dtype, pl.List):
        return (values.list.len() > 0).fill_null(value=False)
    return values.is_not_null()


def _missing(table: pl.DataFrame, unwatched: frozenset[str]) -> Iterator[pl.DataFrame]:
    yield found("missing_number", table["dossier"] == "", "dossier")
    for name in _WATCHED:
        column = name if name in table.columns else f"{name}_cents"
        if column in table.columns and name not in unwatched:
            empty = ~_filled(table[column])
            if name == "commune" and "applicant_type" in table.columns:
                empty = empty & (table["applicant_type"] == "commune")
            if name == "requested" and "committed_cents" in table.columns:
                empty = empty & table["committed_cents"].is_null()
            yield found("missing", empty, name)


def _amounts(table: pl.DataFrame) -> Iterator[pl.DataFrame]:
    for name in ("cost", "requested"):
        if f"{name}_cents" in table.columns:
            yield found("zero_amount", table[f"{name}_cents"] == 0, name, "0")
    cost, base = _cents(table, "cost"), _cents(table, "base")
    if cost is not None and base is not None:
        yield found("base_above_cost", base > cost, "base", euros(base), euros(cost))
    for name in ("requested", "committed"):
        grant = _cents(table, name)
        if grant is not None and cost is not None:
            yield found("grant_above_cost", grant > cost, name, euros(grant), euros(cost))
        if grant is not None and base is not None:
            over = grant > base
            over = over & ~(grant > cost).fill_null(value=False) if cost is not None else over
            yield found("grant_above_base", over, name, euros(grant), euros(base))


def _rates(table: pl.DataFrame, cap: Fraction | None) -> Iterator[pl.DataFrame]:
    cost, base = _cents(table, "cost"), _cents(table, "base")
    grant = _cents(table, "requested")
    if cap is None or grant is None or (cost is None and base is None):
        return
    whole = base if cost is None else cost if base is None else base.fill_null(cost)
    assert whole is not None
    pairs = pl.DataFrame({"grant": grant, "whole": whole})
    above = pairs.select((pl.col("whole") > 0) & (_over(cap) > 0)).to_series()
    if not above.fill_null(value=False).any():
        return
    far = above & pairs.select(_over(cap + Fraction(3, 20_000)) >= 0).to_series()
    shown = (grant * 100 / whole).round(4).cast(pl.String)
    limit = _percent(cap)
    yield found("rate_above_cap", far, "requested", shown, limit)
    yield found("rate_rounded", above & ~far.fill_null(value=False), "requested", shown, limit)


def _over(rate: Fraction) -> pl.Expr:
    """grant · q − whole · p for a rate p/q, in 128 bits, so that a product of cents never overflows."""
    q, p = (pl.lit(part, dtype=pl.Int128) for part in (rate.denominator, rate.numerator))
    return pl.col("grant").cast(pl.Int128) * q - pl.col("whole").cast(pl.Int128) * p


def _percent(rate: Fraction) -> str:
    return f"{float(rate * 100):g}"


def _identifiers(table: pl.DataFrame) -> Iterator[pl.DataFrame]:
    if "applicant_id" in table.columns:
        text = table["applicant_id"]
        yield found("check_digit", codes.wrong_digits(text), "applicant_id", text)
        odd = (text != "") & ~text.str.contains(_LENGTHS)
        if "applicant_type" in table.columns:
            # A label of one's own is no mistake where no register numbers the applicant.
            odd = odd & ~(table["applicant_type"].is_in(_OFF_MAP) & ~text.str.contains(r"^[0-9]+$"))
        yield found("code_length", odd, "applicant_id", text)
    if "applicant_type" in table.columns:
        off = table["applicant_type"].is_in(_OFF_MAP)
        yield found("applicant_off_map", off, "applicant_type", table["applicant_type"])


def _dates(table: pl.DataFrame, timezone: str) -> Iterator[pl.DataFrame]:
    """Days that come before those that they must follow."""
    pairs = (("end", "start", "dates_reversed"), ("notified_at", "filed_at", "dates_reversed"),
             ("end", "filed_at", "dates_reversed"), ("start", "filed_at", "started_before"))  # fmt: skip
    for later, earlier, code in pairs:
        if later in table.columns and earlier in table.columns:
            after, before = _instant(table, later, timezone), _instant(table, earlier, timezone)
            wrong = (after < before) & (after.dt.date() != before.dt.date())
            expected = _day(before) if code == "started_before" else earlier + " (" + _day(before) + ")"
            yield found(code, wrong, later, _day(after), expected)


def _instant(table: pl.DataFrame, name: str, timezone: str) -> pl.Series:
    moment = table.select(instants(name, table.schema[name], timezone)).to_series()
    return moment.cast(INSTANT_TYPE).dt.convert_time_zone(timezone)


def _day(moments: pl.Series) -> pl.Series:
    return moments.dt.strftime("%d/%m/%Y")


def _spelling(table: pl.DataFrame, names: tuple[str, ...]) -> Iterator[pl.DataFrame]:
    """Values of a column of few values that differ by capitals, accents, spaces or a final s alone."""
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
            yield found("spelling", expected != table[name], name, table[name], expected)


def _cents(table: pl.DataFrame, name: str) -> pl.Series | None:
    return table[f"{name}_cents"] if f"{name}_cents" in table.columns else None


def _by_column(table: pl.DataFrame, findings: pl.DataFrame) -> pl.DataFrame:
    counted = findings.group_by("column").agg(n_findings=pl.len())
    names = [name for name in table.columns if not name.startswith("_")]
    filled = [int(_filled(table[name]).sum()) for name in names]
    columns = pl.DataFrame(
        {
            "column": [name.removesuffix("_cents") for name in names],
            "n_filled": pl.Series(filled, dtype=pl.Int64),
            "n_empty": pl.Series([table.height - n for n in filled], dtype=pl.Int64),
        }
    )
    joined = columns.join(counted, on="column", how="left", maintain_order="left")
    return joined.with_columns(pl.col("n_findings").fill_null(0).cast(pl.Int64))
