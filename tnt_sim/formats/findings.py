"""What was found odd in a table: one row per finding, by columns, so that a hundred thousand cost nothing."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from tnt_sim.formats.finding_kinds import KINDS, Severity

SCHEMA = {
    "code": pl.String,
    "index": pl.UInt32,
    "column": pl.String,
    "value": pl.String,
    "expected": pl.String,
}
"""`index` is the row of the table (from 0), null for what concerns all of it."""


def empty() -> pl.DataFrame:
    """No finding."""
    return pl.DataFrame(schema=SCHEMA)


def found(
    code: str,
    mask: pl.Series,
    column: str,
    value: pl.Series | str | None = None,
    expected: pl.Series | str | None = None,
) -> pl.DataFrame:
    """A finding for each row where a Boolean series holds; null does not hold.

    `value` and `expected` are texts of all rows, or one text for all.
    """
    indices = mask.fill_null(value=False).arg_true()
    if not len(indices):
        return empty()
    return pl.DataFrame(
        {
            "code": pl.Series([code], dtype=pl.String).new_from_index(0, len(indices)),
            "index": indices.cast(pl.UInt32),
            "column": pl.Series([column], dtype=pl.String).new_from_index(0, len(indices)),
            "value": _at(value, indices),
            "expected": _at(expected, indices),
        }
    )


def _at(text: pl.Series | str | None, indices: pl.Series) -> pl.Series:
    if isinstance(text, pl.Series):
        return text.gather(indices).cast(pl.String).fill_null("")
    return pl.Series([text or ""], dtype=pl.String).new_from_index(0, len(indices))


def euros(cents: pl.Series) -> pl.Series:
    """Amounts in euros as text, « 12.50 », the cents only where there are some."""
    size = cents.abs()
    sign = pl.select(pl.when(cents < 0).then(pl.lit("-")).otherwise(pl.lit(""))).to_series()
    whole, rest = (size // 100).cast(pl.String), (size % 100).cast(pl.String).str.zfill(2)
    return (sign + whole + "." + rest).str.strip_suffix(".00")


def of_all(code: str, column: str, value: str, expected: str) -> pl.DataFrame:
    """A finding about the table as a whole."""
    return pl.DataFrame([[code], [None], [column], [value], [expected]], schema=SCHEMA)


def together(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """All findings: the gravest kinds first, then by row."""
    order = {code: (list(Severity).index(kind.severity), k) for k, (code, kind) in enumerate(KINDS.items())}
    rank = {code: k for k, code in enumerate(sorted(order, key=order.__getitem__))}
    both = pl.concat([empty(), *parts])
    return both.sort(
        pl.col("code").replace_strict(rank, return_dtype=pl.Int32), "index", "column", maintain_order=True
    )
