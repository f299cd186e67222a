"""Which texts of a column are one value: those that differ only in case, accents, spaces or apostrophes.

Only columns of free text are joined: codes are compared as they are written (`is_code`), and so is a column of
which the scenario says `values: {COLUMN: {exact: true}}`. A value goes by its most frequent spelling, the first in
the order of code points among equals; groups are named by it. Only the distinct texts of a column are compared.
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
from tnt_sim.rules.protocols import Case

_MARKS = r"[\u{0300}-\u{036F}\u{00AD}\u{200B}\u{2060}\u{FEFF}]"
"""Accents apart from their letter, and signs that nobody sees."""
_APOSTROPHES = r"\s*['’‘‛ʼʹ´`′＇]\s*"
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
    """A table of dossiers, and which of its columns keep their spellings apart: a scenario, or its case."""

    @property
    def portfolio(self) -> Portfolio:
        """The dossiers."""

    def is_exact(self, column: str) -> bool:
        """Whether the values of a column are compared as they are written."""


class ValuesSpec(Spec):
    """How the values of one column are compared."""

    exact: Flag = False
    allow_absent: Flag = False


@dataclass(frozen=True, slots=True)
class Joined:
    """The spellings of one value: the one that stands for all, and every spelling with its number of cells."""

    name: str
    spellings: tuple[tuple[str, int], ...]


@dataclass(frozen=True, eq=False, slots=True)
class Spellings:
    """The texts of one column, distinct and filled.

    Attributes
    ----------
    table : text, n (cells), key (the form that its spellings share), name (the spelling that stands for them)
    changed : each spelling that goes by another one
    joined : the values that have several spellings
    """

    table: pl.DataFrame
    changed: Mapping[str, str] = field(default_factory=dict)
    joined: tuple[Joined, ...] = ()

    def names_of(self, texts: Sequence[str]) -> list[str]:
        """The names of texts of the scenario: as the column spells them, or as they are where it lacks them."""
        if not texts:
            return []
        asked = pl.DataFrame({"text": texts}, schema={"text": pl.String}).select("text", key=plain("text"))
        known = self.table.select("key", "name").unique("key")
        found = asked.join(known, on="key", how="left", maintain_order="left")
        return found.select(pl.coalesce("name", "text")).to_series().to_list()


def plain(column: str) -> pl.Expr:
    """The form that all spellings of a text share: lower case, no accents, single spaces, straight apostrophes."""
    return (
        pl.col(column)
        .str.to_lowercase()
        .str.normalize("NFD")
        .str.replace_all(_MARKS, "")
        .str.replace_all(_APOSTROPHES, "'")
        .str.replace_all(r"\s+", " ")
        .str.strip_chars(" ")
    )


def is_code(name: str) -> bool:
    """Whether a column holds codes, never joined: by its canonical kind, else by a word of its header."""
    kind = CANONICAL.get(name)
    if kind is not None:
        return kind not in _FREE_KINDS and name not in _FREE_LISTS
    bare = "".join(c for c in unicodedata.normalize("NFD", name.lower()) if not unicodedata.combining(c))
    return "n°" in bare or not _CODE_WORDS.isdisjoint(re.findall(r"[a-z0-9]+", bare))


def is_joined(of: Spelled, name: str) -> bool:
    """Whether a column's spellings are joined: free text that the scenario does not keep exact."""
    return not is_code(name) and not of.is_exact(name) and _is_text(of.portfolio.table.schema.get(name))


def _is_text(dtype: pl.DataType | None) -> bool:
    return dtype == pl.String or dtype == pl.List(pl.String)


def spellings(of: Spelled, name: str) -> Spellings:
    """The texts of a column of text, or of the items of a column of lists."""
    return of.portfolio.once(("spellings", name), lambda: _spellings(of.portfolio.table[name]))


def _spellings(column: pl.Series) -> Spellings:
    texts = column.explode() if isinstance(column.dtype, pl.List) else column
    counted = texts.alias("text").value_counts(name="n").filter(pl.col("text").fill_null("") != "")
    keyed = counted.with_columns(key=plain("text"))
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
        tuple(Joined(name, tuple(zip(texts, n, strict=True))) for name, texts, n in groups.iter_rows()),
    )


def joined_column(case: Case, name: str) -> pl.Series:
    """A column of text or of lists of text with each value by its name; as it stands where nothing is joined."""
    column = case.table[name]
    if not is_joined(case, name):
        return column
    case.columns_read.add(name)
    return case.portfolio.once(("joined", name), lambda: _renamed(column, spellings(case, name).changed))


def named_values(column: pl.Series) -> pl.Series:
    """The texts of a table that no scenario holds, each value by its name; codes as they stand."""
    return column if is_code(column.name) else _renamed(column, _spellings(column).changed)


def _renamed(column: pl.Series, changed: Mapping[str, str]) -> pl.Series:
    if not changed:
        return column
    if isinstance(column.dtype, pl.List):
        return column.list.eval(pl.element().replace(changed))
    return column.replace(changed)


def matched(values: pl.Series, names: Sequence[str]) -> pl.Series:
    """Values by the names that they are a spelling of, "" where they are none."""
    known = pl.DataFrame({"name": list(names)}, schema={"name": pl.String}).with_columns(key=plain("name"))
    asked = pl.DataFrame({"text": values.cast(pl.String).fill_null("")}).select(key=plain("text"))
    found = asked.join(known.unique("key"), on="key", how="left", maintain_order="left")
    return found["name"].fill_null("")


def names_in(of: Spelled, column: str, texts: Iterable[str]) -> list[str]:
    """Texts of the scenario or of a side table by the names that `joined_column` gives them."""
    listed = without_ends(texts)
    return spellings(of, column).names_of(listed) if is_joined(of, column) else listed


def without_ends(texts: Iterable[str]) -> list[str]:
    """Texts of the scenario as cells are read: without spaces at their ends."""
    return [text.strip() for text in texts]
