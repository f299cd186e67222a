"""The normalised form of a text, in which spellings of one value are equal."""

from __future__ import annotations

import polars as pl

_MARKS = r"[\u{0300}-\u{036F}\u{00AD}\u{200B}\u{2060}\u{FEFF}]"
"""Combining accents and invisible characters."""
_APOSTROPHES = r"\s*['’‘‛ʼʹ´`′＇]\s*"


def normalise_text(column: str) -> pl.Expr:
    """Return the normalised form of a text: lower case, no accents, single spaces, straight apostrophes."""
    return (
        pl.col(column)
        .str.to_lowercase()
        .str.normalize("NFD")
        .str.replace_all(_MARKS, "")
        .str.replace_all(_APOSTROPHES, "'")
        .str.replace_all(r"\s+", " ")
        .str.strip_chars(" ")
    )
