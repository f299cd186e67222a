"""Merging of spellings: texts that differ only in case, accents, spaces or apostrophes are one value.

Only columns of free text are merged. Columns of codes (`is_code`) are compared as written, and so is a
column with `values: {COLUMN: {exact: true}}`. A value is named by its most frequent spelling, the first by
code point among equally frequent ones; groups carry that name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import polars as pl

from tnt_sim.domain.field_types import Flag, Spec
from tnt_sim.domain.portfolio import CANONICAL, ColumnKind, Portfolio
from tnt_sim.domain.spelling import normalise_text
from tnt_sim.rules.protocols import Case

_CODE_WORDS = frozenset(
    {
        "code",
        "codes",
        "siret",
        "siren",
        "insee",
        "id",
        "identifiant",
        "numero",
        "rna",
        "uai",
        "finess",
        "iban",
    }
)
_FREE_KINDS = (ColumnKind.TEXT,)
_FREE_LISTS = ("tags",)


class Spelled(Protocol):
    """A table of dossiers that says which columns are compared exactly: a scenario, or its `Case`."""

    @property
    def portfolio(self) -> Portfolio:
        """The table of dossiers."""

    def is_exact(self, column: str) -> bool:
        """Return whether the values of a column are compared as written."""


class ValuesSpec(Spec):
    """How the values of one column are compared."""

    exact: Flag = False
    allow_absent: Flag = False


@dataclass(frozen=True, slots=True)
class MergedSpellings:
    """One value with several spellings: the one that names it, and the number of cells of each."""

    name: str
    spellings: tuple[tuple[str, int], ...]


@dataclass(frozen=True, eq=False, slots=True)
class Spellings:
    """The distinct non-empty texts of one column.

    Attributes
    ----------
    table : columns text, n (cells), key (normalised form), name (spelling that stands for the key)
    changed : each spelling that is replaced, with the spelling that replaces it
    joined : the values that have several spellings
    """

    table: pl.DataFrame
    changed: Mapping[str, str] = field(default_factory=dict)
    joined: tuple[MergedSpellings, ...] = ()

    def get_names(self, texts: Sequence[str]) -> list[str]:
        """Return texts of the scenario as the column spells them, or unchanged where the column lacks them."""
        if not texts:
            return []
        requested = pl.DataFrame({"text": texts}, schema={"text": pl.String}).select(
            "text", key=normalise_text("text")
        )
        known = self.table.select("key", "name").unique("key")
        found = requested.join(known, on="key", how="left", maintain_order="left")
        return found.select(pl.coalesce("name", "text")).to_series().to_list()


def is_code(name: str) -> bool:
    """Return whether a column holds codes, by its canonical kind, else by a word of its header."""
    kind = CANONICAL.get(name)
    if kind is not None:
        return kind not in _FREE_KINDS and name not in _FREE_LISTS
    bare = "".join(c for c in unicodedata.normalize("NFD", name.lower()) if not unicodedata.combining(c))
    return "n°" in bare or not _CODE_WORDS.isdisjoint(re.findall(r"[a-z0-9]+", bare))


def is_joined(of: Spelled, name: str) -> bool:
    """Return whether the spellings of a column are merged: free text that is not compared exactly."""
    portfolio = of.portfolio
    return not of.is_exact(name) and portfolio.memoise(
        ("free text", name),
        lambda: not is_code(name) and _is_text(portfolio.table.schema.get(name)),
        (name,),
    )


def _is_text(dtype: pl.DataType | None) -> bool:
    return dtype == pl.String or dtype == pl.List(pl.String)


def read_spellings(of: Spelled, name: str) -> Spellings:
    """Return the texts of a column of text, or of the items of a column of lists."""
    return of.portfolio.memoise(
        ("spellings", name), lambda: _merge_spellings(of.portfolio.table[name]), (name,)
    )


def _merge_spellings(column: pl.Series) -> Spellings:
    texts = column.explode() if isinstance(column.dtype, pl.List) else column
    counted = texts.alias("text").value_counts(name="n").filter(pl.col("text").fill_null("") != "")
    keyed = counted.with_columns(key=normalise_text("text"))
    doubled = keyed["key"].is_duplicated()
    if not doubled.any():
        return Spellings(keyed.with_columns(name="text"))
    several = (
        keyed.filter(doubled)
        .sort(["n", "text"], descending=[True, False])
        .with_columns(name=pl.col("text").first().over("key"))
    )
    changed = several.filter(pl.col("text") != pl.col("name")).select("text", "name")
    groups = several.group_by("name", maintain_order=True).agg("text", "n")
    return Spellings(
        pl.concat([several, keyed.filter(~doubled).with_columns(name="text")]),
        dict(changed.iter_rows()),
        tuple(
            MergedSpellings(name, tuple(zip(texts, n, strict=True))) for name, texts, n in groups.iter_rows()
        ),
    )


def get_merged_column(case: Case, name: str) -> pl.Series:
    """Return a column of text, or of lists of text, with each value by its name.

    The column is unchanged where nothing is merged.
    """
    column = case.table[name]
    if not is_joined(case, name):
        return column
    case.columns_read.add(name)
    return case.portfolio.memoise(
        ("joined", name), lambda: _rename_values(column, read_spellings(case, name).changed), (name,)
    )


def merge_values(column: pl.Series) -> pl.Series:
    """Return the texts of a table outside any scenario, each value by its name; codes are unchanged."""
    return column if is_code(column.name) else _rename_values(column, _merge_spellings(column).changed)


def _rename_values(column: pl.Series, changed: Mapping[str, str]) -> pl.Series:
    if not changed:
        return column
    if isinstance(column.dtype, pl.List):
        return column.list.eval(pl.element().replace(changed))
    return column.replace(changed)


def match_names(values: pl.Series, names: Sequence[str]) -> pl.Series:
    """Return for each value the name of which it is a spelling, "" where there is none."""
    known = pl.DataFrame({"name": list(names)}, schema={"name": pl.String}).with_columns(
        key=normalise_text("name")
    )
    asked = pl.DataFrame({"text": values.cast(pl.String).fill_null("")}).select(key=normalise_text("text"))
    found = asked.join(known.unique("key"), on="key", how="left", maintain_order="left")
    return found["name"].fill_null("")


def map_to_names(of: Spelled, column: str, texts: Iterable[str]) -> list[str]:
    """Return texts of the scenario or of a side table by the names that `get_merged_column` gives them."""
    listed = without_ends(texts)
    if not is_joined(of, column):
        return listed
    names = of.portfolio.memoise(
        ("mapped", column, *listed), lambda: tuple(read_spellings(of, column).get_names(listed)), (column,)
    )
    return list(names)


def without_ends(texts: Iterable[str]) -> list[str]:
    """Strip the spaces around texts of the scenario, as cells are read."""
    return [text.strip() for text in texts]
