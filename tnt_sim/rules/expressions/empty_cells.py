"""Conditions that depend on an empty cell, told apart from conditions that are not satisfied.

Three-valued logic (Kleene, *Introduction to Metamathematics*, 1952): a comparison with an empty cell is
unknown. `any` is unknown when no alternative is true and one is unknown, `all` when none is false and one is
unknown. An empty list is a list without items, not an empty cell; the envelope is never empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.errors import Defects
from tnt_sim.rules.expressions.columns import ValueKind, get_column_kind
from tnt_sim.rules.expressions.selectors import TEXT_TESTS, evaluate_conditions, split_options
from tnt_sim.rules.linear_terms import BoolArray
from tnt_sim.rules.protocols import Case, Path


def select_unknown(case: Case, key: str, wanted: object, path: Path) -> BoolArray:
    """Return the dossiers for which one condition is unknown because of an empty cell, bool (n,).

    No defect is recorded.
    """
    return _evaluate_unknown(
        replace(case, defects=Defects(), warnings=Defects(), questions=[]), key, wanted, path
    )


def _evaluate_unknown(case: Case, key: str, wanted: Any, path: Path) -> BoolArray:
    nothing = np.zeros(case.n, dtype=np.bool_)
    if key in ("any", "all") and isinstance(wanted, list):
        pieces = [
            _evaluate_selector(case, part, (*path, k))
            for k, part in enumerate(wanted)
            if isinstance(part, dict)
        ]
        return _combine_conditions(case.n, pieces, any_of=key == "any")
    if key == "not" and isinstance(wanted, dict):
        return _evaluate_selector(case, wanted, path)[1]
    if key == "envelope":
        return nothing
    pieces = []
    options, tests = split_options(wanted) if isinstance(wanted, dict) else ({}, {"in": wanted})
    for test, bound in tests.items():
        alone = {key: {**(options if test in TEXT_TESTS else {}), test: bound}}
        held = next(iter(evaluate_conditions(case, alone, path)))[1]
        unknown = nothing.copy()
        for column in (key, *_list_bound_columns(bound)):
            unknown |= is_blank(case, column)
        pieces.append((nothing if held is None else held, unknown))
    return _combine_conditions(case.n, pieces, any_of=False)


def _evaluate_selector(case: Case, mapping: Mapping[str, Any], path: Path) -> tuple[BoolArray, BoolArray]:
    """Return where a whole selector is satisfied, and where it is unknown."""
    holds = np.ones(case.n, dtype=np.bool_)
    pieces = []
    for key, held in evaluate_conditions(case, mapping, path):
        mine = np.zeros(case.n, dtype=np.bool_) if held is None else held
        pieces.append((mine, _evaluate_unknown(case, key, mapping[key], (*path, key))))
        holds &= mine
    return holds, _combine_conditions(case.n, pieces, any_of=False)


def _combine_conditions(n: int, conditions: list[tuple[BoolArray, BoolArray]], *, any_of: bool) -> BoolArray:
    """Return where a conjunction, or a disjunction (`any_of`), is unknown, bool (n,).

    A part is unknown there, and no other part settles it.

    `evaluate_conditions` are pairs (satisfied, unknown), bool (n,).
    """
    unknown, settled = np.zeros(n, dtype=np.bool_), np.zeros(n, dtype=np.bool_)
    for holds, open_ in conditions:
        unknown |= open_
        settled |= ~open_ & (holds if any_of else ~holds)
    return unknown & ~settled


def _list_bound_columns(bound: Any) -> Iterator[str]:
    """Yield the columns that a bound refers to, under `not` too."""
    if isinstance(bound, dict):
        if isinstance(bound.get("column"), str):
            yield bound["column"]
        for inner in bound.values():
            yield from _list_bound_columns(inner)


def list_condition_columns(key: str, wanted: object) -> tuple[str, ...]:
    """Return the columns that one condition of a selector refers to, each once, in written order."""
    if key in ("any", "all", "not"):
        pieces = wanted if isinstance(wanted, list) else [wanted]
        result = [
            column
            for part in pieces
            if isinstance(part, dict)
            for name, inner in part.items()
            for column in list_condition_columns(name, inner)
        ]
    else:
        result = [key, *_list_bound_columns(wanted)]
    return tuple(dict.fromkeys(result))


def is_blank(case: Case, column: str) -> BoolArray:
    """Return the dossiers whose cell in a column is empty, bool (n,); an empty `base` is read from the cost."""
    kind = get_column_kind(case, column)
    if kind is None or kind is ValueKind.LIST or column == "envelope":
        return np.zeros(case.n, dtype=np.bool_)
    read = ("base_cents", "cost_cents") if column == "base" else (column, f"{column}_cents")
    return case.portfolio.memoise(("blank", column), lambda: _find_blank_cells(case, column, kind), read)


def _find_blank_cells(case: Case, column: str, kind: ValueKind) -> BoolArray:
    if column == "base":
        cells = case.table.select(pl.coalesce("base_cents", "cost_cents")).to_series()
    else:
        cells = case.table[f"{column}_cents" if kind is ValueKind.MONEY else column]
    empty = (cells == "").fill_null(True) if cells.dtype == pl.String else cells.is_null()
    return empty.to_numpy()
