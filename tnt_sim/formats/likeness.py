"""Dossiers that may be one and the same: found by keys that small differences of writing do not change.

Two dossiers are compared when they share a key, never one by one with all others:

    title key     = the set of the title's words and numbers, without accents, short words and endings
    likely double : same applicant, same title key, same cost and same sum asked
    similar       : same applicant and same title key
"""

from __future__ import annotations

import polars as pl

from tnt_sim.formats.findings import empty, found

_LONGEST, _WORD, _FEWEST_LETTERS = 300, 5, 8
_WORDS = r"[a-z]{4,}|[0-9]+"


def title_keys(titles: pl.Series) -> pl.Series:
    """A number for each title that is the same for titles of the same words; null where they say too little."""
    values = titles.unique()
    plain = (
        values.str.slice(0, _LONGEST).str.normalize("NFKD").str.replace_all(r"\p{M}", "").str.to_lowercase()
    )
    words = (
        pl.DataFrame({"title": values, "word": plain.str.extract_all(_WORDS)}).explode("word").drop_nulls()
    )
    cut = words.with_columns(pl.col("word").str.slice(0, _WORD)).unique()
    # The set of words is told by the exclusive or of their hashes: no list is ever sorted.
    keys = (
        cut.group_by("title")
        .agg(key=pl.col("word").hash().bitwise_xor(), letters=pl.col("word").str.len_chars().sum())
        .select("title", key=pl.when(pl.col("letters") >= _FEWEST_LETTERS).then("key"))
    )
    return titles.to_frame("title").join(keys, on="title", how="left", maintain_order="left")["key"]


def find_likeness(table: pl.DataFrame) -> pl.DataFrame:
    """Each dossier that is like an earlier one of its applicant, which is named.

    Parameters
    ----------
    table : dossier, title, applicant or applicant_id, and the money columns that there are
    """
    who = _who(table)
    if who is None or "title" not in table.columns:
        return empty()
    money = [name for name in ("cost_cents", "requested_cents") if name in table.columns]
    index = pl.Series("index", range(table.height), dtype=pl.UInt32)
    named = table.select("dossier", "title", *money).with_columns(who, index)
    if "project" in table.columns:
        # Requests of one project to several funds are alike on purpose.
        named = named.filter(table["project"].is_first_distinct() | (table["project"] == ""))
    several = named.filter((pl.col("who") != "") & pl.col("who").is_duplicated())
    keyed = several.with_columns(title_keys(several["title"]).alias("key")).drop_nulls("key")
    like = keyed.filter(pl.struct("who", "key").is_duplicated())
    if not like.height:
        return empty()
    same = ["who", "key", *money]
    told = like.with_columns(
        first=pl.col("dossier").first().over("who", "key"),
        twin=pl.col("dossier").first().over(same),
        double=~pl.struct(same).is_first_distinct() if money else pl.lit(value=False),
    )
    later = told.filter(~pl.struct("who", "key").is_first_distinct())
    return pl.concat(
        [
            _told("likely_double", later.filter(pl.col("double")), "twin", table),
            _told("similar", later.filter(~pl.col("double")), "first", table),
        ]
    )


def _who(table: pl.DataFrame) -> pl.Series | None:
    """Who asks: the number, else the name, cut to the SIREN and to plain letters."""
    parts = []
    if "applicant_id" in table.columns:
        number = pl.col("applicant_id")
        parts.append(pl.when(number.str.contains(r"^\d{14}$")).then(number.str.slice(0, 9)).otherwise(number))
    if "applicant" in table.columns:
        parts.append(pl.col("applicant").str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", " "))
    if not parts:
        return None
    filled = [pl.when(part != "").then(part) for part in parts]
    return table.select(pl.coalesce(*filled).fill_null("").alias("who")).to_series()


def _told(code: str, rows: pl.DataFrame, other: str, table: pl.DataFrame) -> pl.DataFrame:
    if not rows.height:
        return empty()
    mask = pl.Series("mask", [False]).new_from_index(0, table.height).scatter(rows["index"], True)
    others = pl.Series("other", [""]).new_from_index(0, table.height).scatter(rows["index"], rows[other])
    return found(code, mask, "title", table["title"], others)
