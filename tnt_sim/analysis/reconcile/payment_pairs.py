"""Pairs of decisions and payments that may belong together: by dossier number, supplier number or name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import polars as pl

from tnt_sim.ingest.tables.headers import normalise_header

MOST_PAIRS = 250_000
"""Pairs of one supplier, name or amount; more of them are not looked at one by one."""
_SHORT = 6
"""Digits from which a number without a word before it may be that of a dossier."""
_MARK = r"(?i)\b(?:DS|dossiers?|demandes?)\b[\s:.#_-]*(?:n\s?[°o]\.?|num.ro)?[\s:.#_-]*"
_GOES_ON = r"(?:\s?\d|[/.-]\d)?"
"""Figures after a number, which make it a date or part of a longer number: « demande 12/03/2026 »."""
_BARE = rf"\b\d{{{_SHORT},10}}\b"
_MIXED = r"[0-9A-Za-z]+(?:[-_/.][0-9A-Za-z]+)+|[A-Za-z]+\d+[0-9A-Za-z]*"
_COMMON = frozenset(
    ["commune", "de", "du", "des", "d", "la", "le", "les", "l", "mairie", "ville", "et", "en", "sur"]
)


def build_number_key(texts: pl.Expr) -> pl.Expr:
    """Return a dossier's number as it is compared: capitals, no « DS- », and no zeros before a figure."""
    plain = texts.str.strip_chars().str.to_uppercase().str.replace(r"^DS[\s_-]*", "")
    return pl.when(plain.str.contains(r"^\d+$")).then(plain.str.replace(r"^0+(\d)", "${1}")).otherwise(plain)


def find_named_dossiers(lines: pl.DataFrame, dossiers: pl.DataFrame) -> pl.DataFrame:
    """Return `line` and `dossier` of each line whose label or reference gives the number of a dossier.

    A number of less than 6 digits counts after « DS », « dossier » or « demande » alone, and other numbers of a
    dossier only if they have a figure.

    Parameters
    ----------
    lines : `line`, `label`, `reference`
    dossiers : `dossier`
    """
    keys = dossiers.select("dossier", build_number_key(pl.col("dossier")).alias("key"))
    text = pl.concat_str("label", "reference", separator=" ; ")
    candidates = [
        lines.select(
            "line",
            text.str.extract_all(rf"{_MARK}\d{{1,10}}\b{_GOES_ON}")
            .list.eval(pl.element().str.extract(rf"^{_MARK}(\d{{1,10}})$"))
            .alias("key"),
        ),
        lines.select("line", text.str.extract_all(_BARE).alias("key")),
        lines.select("line", text.str.extract_all(_MIXED).alias("key")),
    ]
    tokens = pl.concat(one.explode("key").drop_nulls() for one in candidates)
    whole = lines.filter(pl.col("reference") != "").select("line", pl.col("reference").alias("key"))
    has_figure = keys.filter(pl.col("key").str.contains(r"\d"))
    named = (
        tokens.select("line", build_number_key(pl.col("key")).alias("key"))
        .join(has_figure, on="key")
        .select("line", "dossier")
    )
    referred = (
        whole.select("line", build_number_key(pl.col("key")).alias("key"))
        .join(keys, on="key")
        .select("line", "dossier")
    )
    return pl.concat([named, referred]).unique().sort("line", "dossier")


def add_supplier_keys(table: pl.DataFrame, identifier: str, name: str) -> pl.DataFrame:
    """Add `siret`, `siren` ("" if unknown), `name_key` and `name_word` of an organisation."""
    digits = (
        pl.col(identifier).fill_null("").str.replace_all(r"[\s\u00a0\u202f]", "").str.replace(r"\.0$", "")
    )
    names = table[name].fill_null("")
    words = {one: normalise_name(one) for one in names.unique().to_list()}
    keys = {one: " ".join(word) for one, word in words.items()}
    longest = {one: max(word, key=lambda each: (len(each), each), default="") for one, word in words.items()}
    return table.with_columns(
        pl.when(digits.str.contains(r"^\d{14}$")).then(digits).otherwise(pl.lit("")).alias("siret"),
        pl.when(digits.str.contains(r"^\d{14}$|^\d{9}$"))
        .then(digits.str.head(9))
        .otherwise(pl.lit(""))
        .alias("siren"),
        names.replace_strict(keys, return_dtype=pl.String).alias("name_key"),
        names.replace_strict(longest, return_dtype=pl.String).alias("name_word"),
    )


def normalise_name(name: str) -> tuple[str, ...]:
    """Return the words of a name that tell it from others, sorted.

    >>> normalise_name("Commune de Saint-Étienne-du-Bois")
    ('bois', 'etienne', 'saint')
    """
    words = normalise_header(name).split()
    return tuple(sorted({word for word in words if word not in _COMMON} or set(words)))


@cache
def compute_name_points(first: str, second: str) -> int:
    """Return how much two names differ, from 0 (the same words) to 20 (none in common).

    >>> compute_name_points("bois etienne saint", "etienne saint")
    4
    """
    one, other = set(first.split()), set(second.split())
    shared = 2 * len(one & other)
    return 20 - 20 * shared // (len(one) + len(other)) if one or other else 20


_COMPARED = ("siret", "siren", "name_key")


@dataclass(frozen=True, slots=True, eq=False)
class PaymentPairs:
    """Admissible pairs with their cost, and what was left out as too numerous.

    Attributes
    ----------
    pairs : `decision`, `payment`, `cost` (0 to 40), sorted
    crowded_decisions, crowded_payments : those with more than `MOST_PAIRS` pairs of one key
    """

    pairs: pl.DataFrame
    crowded_decisions: frozenset[int]
    crowded_payments: frozenset[int]


def find_pairs(decisions: pl.DataFrame, payments: pl.DataFrame) -> PaymentPairs:
    """Find the pairs of decisions and payments that may belong together, with the cost of their identity.

    The same SIRET costs 0, the same SIREN 10, the same name 20, if one of the two has no SIREN; so does a name
    with the same longest word, if the amount is the same. The difference of the names is added:
    up to 5 for the same SIREN, up to 20 otherwise.

    Parameters
    ----------
    decisions : `decision`, `cents`, and the columns of `add_supplier_keys`
    payments : `payment`, `cents`, and these columns
    """
    candidates: list[pl.DataFrame] = []
    crowded: tuple[set[int], set[int]] = (set(), set())
    known, unknown = pl.col("siren") != "", pl.col("siren") == ""
    for keys in (["siren"], ["name_key"], ["cents", "name_word"]):
        sides = [(known, known)] if keys == ["siren"] else [(unknown, pl.lit(value=True)), (known, unknown)]
        for left_side, right_side in sides:
            left = decisions.filter(left_side & (pl.col(keys[-1]) != ""))
            right = payments.filter(right_side & (pl.col(keys[-1]) != ""))
            dense = _list_crowded_keys(left, right, keys)
            crowded[0].update(left.join(dense, on=keys, how="semi")["decision"].to_list())
            crowded[1].update(right.join(dense, on=keys, how="semi")["payment"].to_list())
            right = right.select("payment", *keys, *(pl.col(one).alias(f"{one}_right") for one in _COMPARED))
            left = left.join(dense, on=keys, how="anti").select("decision", *{*keys, *_COMPARED})
            candidates.append(
                left.join(right, on=keys).select(
                    "decision", "payment", *_COMPARED, *(f"{one}_right" for one in _COMPARED)
                )
            )
    all_pairs = pl.concat(candidates).unique(["decision", "payment"])
    names = all_pairs.select("name_key", "name_key_right").unique()
    points = names.with_columns(
        pl.Series("points", [compute_name_points(*one) for one in names.iter_rows()], dtype=pl.Int64)
    )
    same_siren = (pl.col("siren") != "") & (pl.col("siren") == pl.col("siren_right"))
    same_siret = (pl.col("siret") != "") & (pl.col("siret") == pl.col("siret_right"))
    cost = (
        pl.when(same_siret)
        .then(pl.col("points") // 4)
        .when(same_siren)
        .then(10 + pl.col("points") // 4)
        .otherwise(20 + pl.col("points"))
    )
    pairs = all_pairs.join(points, on=["name_key", "name_key_right"]).select(
        "decision", "payment", cost.alias("cost")
    )
    return PaymentPairs(pairs.sort("decision", "payment"), frozenset(crowded[0]), frozenset(crowded[1]))


def _list_crowded_keys(left: pl.DataFrame, right: pl.DataFrame, keys: list[str]) -> pl.DataFrame:
    """List the keys with more than `MOST_PAIRS` pairs."""
    sizes = left.group_by(keys).agg(pl.len().cast(pl.Int64).alias("n_left"))
    sizes = sizes.join(right.group_by(keys).agg(pl.len().cast(pl.Int64).alias("n_right")), on=keys)
    return sizes.filter(pl.col("n_left") * pl.col("n_right") > MOST_PAIRS).select(keys)
