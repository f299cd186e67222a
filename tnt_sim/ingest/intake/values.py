"""The lists of values of a table: each value with its spellings, its lines and euros, and what opinions mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from tnt_sim.domain.portfolio import FIXED_VALUES
from tnt_sim.domain.spelling import normalise_text
from tnt_sim.ingest.forms.layouts import WORDS
from tnt_sim.ingest.tables.headers import normalise_header

MOST_VALUES = 60
"""A column with more values is not listed."""


class Opinion(StrEnum):
    """Meaning of an opinion."""

    FOR = "for"
    RESERVED = "reserved"
    AGAINST = "against"
    UNKNOWN = "unknown"


_AGAINST = re.compile(
    r"non|(?:avis )?(?:tres )?(?:defavorable|non favorable|refus|rejet|negatif|irrecevable|ineligible"
    r"|unfavourable|unfavorable|rejected)\w*(?: .*)?"
)
_RESERVED = re.compile(r"(?:.* )?(?:reserves?|reservee?|conditions?|mitigee?|conditionnel)(?: .*)?")
_FOR = re.compile(
    r"oui|ok|(?:avis )?(?:tres |plutot )?(?:favorable|accord|accepte|positif|retenu|favourable|eligible)\w*"
    r"(?: .*)?"
)


@dataclass(frozen=True, slots=True)
class ListedValue:
    """One value with its spellings.

    Attributes
    ----------
    value : its most frequent spelling; "" for empty cells
    n : lines that have it
    cents : requested on these lines
    spellings : every spelling with its number of lines
    becomes : the canonical value that it stands for, "" where it has none
    known : whether it has one meaning
    opinion : what it says, in a column of opinions
    """

    value: str
    n: int
    cents: int
    spellings: tuple[tuple[str, int], ...]
    becomes: str = ""
    known: bool = True
    opinion: Opinion | None = None


@dataclass(frozen=True, slots=True)
class ValueList:
    """The values of one column: `name` in the copy, `label` in the file."""

    name: str
    label: str
    values: tuple[ListedValue, ...]

    @property
    def settled(self) -> bool:
        """Return whether the meaning of every value is known."""
        return all(one.known for one in self.values)


def classify_opinion(value: str) -> Opinion:
    """Return what an opinion says.

    >>> classify_opinion("Favorable"), classify_opinion("favorable sous réserve"), classify_opinion("DÉFAVORABLE")
    (<Opinion.FOR: 'for'>, <Opinion.RESERVED: 'reserved'>, <Opinion.AGAINST: 'against'>)
    """
    plain = normalise_header(value)
    if _AGAINST.fullmatch(plain):
        return Opinion.AGAINST
    if _RESERVED.fullmatch(plain):
        return Opinion.RESERVED
    return Opinion.FOR if _FOR.fullmatch(plain) else Opinion.UNKNOWN


def list_values(
    name: str,
    label: str,
    texts: pl.Series,
    cents: pl.Series | None,
    *,
    opinion: bool,
    stated: Mapping[str, str],
) -> ValueList | None:
    """Return the values of a column, the most frequent first; None where they are too many for a list."""
    amounts = cents if cents is not None else pl.Series([0], dtype=pl.Int64).new_from_index(0, len(texts))
    table = pl.DataFrame({"text": texts, "cents": amounts.fill_null(0)}).with_columns(
        key=normalise_text("text")
    )
    if table["key"].n_unique() > MOST_VALUES:
        return None
    spelt = table.group_by("key", "text").agg(n=pl.len(), cents=pl.col("cents").sum())
    spelt = spelt.sort(["key", "n", "text"], descending=[False, True, False])
    values = []
    for (__,), group in spelt.group_by("key", maintain_order=True):
        value = group["text"][0]
        becomes, known = _translate(name, value, stated)
        judged = classify_opinion(value) if opinion and value else None
        if judged is Opinion.UNKNOWN:
            known = value in stated
        values.append(
            ListedValue(
                value,
                int(group["n"].sum()),
                int(group["cents"].sum()),
                tuple(zip(group["text"].to_list(), group["n"].to_list(), strict=True)),
                becomes,
                known,
                judged,
            )
        )
    return ValueList(name, label, tuple(sorted(values, key=lambda one: (one.value == "", -one.n, one.value))))


def _translate(name: str, value: str, stated: Mapping[str, str]) -> tuple[str, bool]:
    """Return the canonical value of a text, and whether it is known."""
    if name not in FIXED_VALUES or not value:
        return "", True
    becomes = stated.get(value) or (
        value if value in FIXED_VALUES[name] else WORDS[name].get(normalise_header(value), "")
    )
    return becomes, bool(becomes)
