"""Whole cents by dossier: exact products with rates, and columns read as money."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import polars as pl

from tnt_sim.errors import Text
from tnt_sim.money import parse_cents_series
from tnt_sim.rules.base import SAFE_SUM, BoolArray, Case, IntArray, Path, Unit
from tnt_sim.rules.columns import Kind, cents_series, kind_of, numeric_column, unknown_column

NO_LIMIT = 2**60
"""An amount that limits nothing."""


def filled_cents(column: pl.Series, empty: int) -> IntArray:
    """A column of cents, int64 (n,), `empty` where a cell is empty."""
    return column.fill_null(empty).cast(pl.Int64).to_numpy().astype(np.int64)


def cents_of(case: Case, name: str, empty: int) -> IntArray:
    """A money column of the table in cents, int64 (n,), `empty` where a cell is empty; closed for writing."""
    return case.portfolio.once(("cents", name, empty), lambda: filled_cents(cents_series(case, name), empty))


def is_committed(case: Case) -> BoolArray:
    """The dossiers that are promised an amount already, bool (n,)."""
    return case.portfolio.once(("committed",), lambda: case.table["committed_cents"].is_not_null().to_numpy())


def floor_times(values: IntArray, rate: Fraction) -> IntArray:
    """⌊values · rate⌋, exact; never more than `NO_LIMIT`."""
    largest = int(np.abs(values).max(initial=0))
    if largest * abs(rate.numerator) < SAFE_SUM:
        return values * np.int64(rate.numerator) // np.int64(rate.denominator)
    exact = values.astype(object) * rate.numerator // rate.denominator
    capped: IntArray = np.minimum(exact, NO_LIMIT).astype(np.int64)
    return capped


def exact_times(values: IntArray, factor: int) -> IntArray:
    """values · factor without any wrap: int64 where it fits, Python integers (dtype object) elsewhere."""
    largest = int(np.abs(values).max(initial=0))
    if largest * abs(factor) < SAFE_SUM // 64:
        return values * np.int64(factor)
    product: IntArray = values.astype(object) * factor
    return product


def money_column(case: Case, name: str, path: Path, empty: int) -> IntArray:
    """A column read as money in cents, int64 (n,); `empty` where a cell is empty."""
    kind = kind_of(case, name)
    if kind is None:
        unknown_column(case, name, path)
        return np.full(case.n, empty, dtype=np.int64)
    if kind is Kind.MONEY:
        return cents_of(case, name, empty)
    if kind is Kind.TEXT:
        text = case.table[name].fill_null("")
        cents, reasons = parse_cents_series(text)
        bad = np.flatnonzero((reasons.is_not_null() & (text != "")).to_numpy())
        for row in bad[:20]:
            case.defects.add(
                "amount",
                Text(f"« {text[int(row)]} » n'est pas un montant.", f'"{text[int(row)]}" is not an amount.'),
                case.portfolio.place(int(row), name),
            )
        return filled_cents(cents, empty)
    column = numeric_column(case, name, path)
    if column is None or column.unit is Unit.MONEY:
        return np.full(case.n, empty, dtype=np.int64)
    return np.where(column.missing, empty, floor_times(column.values, column.scale * 100))
