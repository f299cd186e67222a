"""Groups: the values of one column, or of several, among the dossiers that a rule looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from tnt_sim.rules.base import BoolArray, Case, IntArray, Path
from tnt_sim.rules.columns import Kind, kind_of, unknown_column


@dataclass(frozen=True, slots=True)
class Groups:
    """Group codes per dossier, int64 (n,), -1 in none; names in order; one nameless group without `by`."""

    names: tuple[str | None, ...]
    codes: IntArray
    grouped: bool


def groups_by(
    case: Case,
    by: str | Sequence[str] | None,
    extra: str | Sequence[str] | None,
    named: BoolArray,
    inside: BoolArray,
    path: Path,
) -> Groups | None:
    """The values among the dossiers of `named`; only those of `inside` are counted in them.

    Empty values form no group; `extra` adds named groups.
    """
    if by is None:
        return Groups((None,), np.where(inside, 0, -1), grouped=False)
    columns = [by] if isinstance(by, str) else list(by)
    for k, column in enumerate(columns):
        kind = kind_of(case, column)
        if kind is None or kind is Kind.LIST:
            unknown_column(case, column, (*path, "by") if isinstance(by, str) else (*path, "by", k))
            return None
    texts = [_as_text(case, column) for column in columns]
    key = texts[0] if len(texts) == 1 else _joined(texts)
    filled = pl.Series(named) & (key != "")
    present = key.filter(filled).unique().sort().to_list()
    added = list(extra) if extra is not None and not isinstance(extra, str) else []
    names = sorted({*present, *added})
    position = pl.DataFrame({"key": pl.Series(names, dtype=pl.String)}).with_row_index("code")
    codes = pl.DataFrame({"key": key}).join(position, on="key", how="left", maintain_order="left")["code"]
    found = codes.cast(pl.Int64).fill_null(-1).to_numpy()
    counted = inside & (key != "").to_numpy()
    return Groups(tuple(names), np.where(counted, found, -1), grouped=True)


def _as_text(case: Case, column: str) -> pl.Series:
    if kind_of(case, column) is Kind.MONEY:
        return case.table[f"{column}_cents"].cast(pl.String).fill_null("")
    text = case.table[column].cast(pl.String).fill_null("")
    if column != "applicant_id":
        return text
    siren = pl.when(text.str.contains(r"^\d{14}$")).then(text.str.slice(0, 9)).otherwise(text)
    return pl.select(siren).to_series()


def _joined(texts: list[pl.Series]) -> pl.Series:
    parts = pl.DataFrame({f"p{k}": text for k, text in enumerate(texts)})
    whole = pl.all_horizontal(pl.all() != "")
    joined = pl.concat_str(pl.all(), separator=" · ")
    return parts.select(pl.when(whole).then(joined).otherwise(pl.lit(""))).to_series()
