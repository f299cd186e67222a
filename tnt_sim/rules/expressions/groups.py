"""Groups of dossiers: the distinct values of one column, or of several together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from tnt_sim.i18n.message import _, _n
from tnt_sim.rules.expressions.columns import (
    ValueKind,
    get_column_kind,
    list_cents_columns,
    read_text_keys,
    record_unknown_column,
)
from tnt_sim.rules.expressions.territory_names import list_map_codes
from tnt_sim.rules.expressions.values import is_joined, map_to_names
from tnt_sim.rules.linear_terms import BoolArray, Groups, IntArray
from tnt_sim.rules.protocols import Case, Path

MAX_LISTED = 10
MARK = "·"
"""Separator between the values of several columns in the name of a group."""


def group_by_columns(
    case: Case,
    by: str | Sequence[str] | None,
    wanted: str | Sequence[str] | None,
    named: BoolArray,
    inside: BoolArray,
    path: Path,
) -> Groups | None:
    """Return the groups by the values of the columns `by`.

    Parameters
    ----------
    case : the dossiers
    by : a column or several; None puts all of `inside` in one nameless group
    wanted : "present" or None for the groups of `named`, "map" for these and all units of the scenario's map, or
        the names of the groups, which are then the only ones
    named : bool (n,), the dossiers whose values form groups; an empty value forms none
    inside : bool (n,), the dossiers that are counted in their group
    path : place of the rule in the scenario, for defects
    """
    if by is None:
        return Groups((None,), np.where(inside, 0, -1), grouped=False)
    columns = [by] if isinstance(by, str) else list(by)
    if not columns:
        _record_missing_column(case, (*path, "by"))
        return None
    for k, column in enumerate(columns):
        kind = get_column_kind(case, column)
        if kind is None or kind is ValueKind.LIST:
            here = (*path, "by") if isinstance(by, str) else (*path, "by", k)
            if kind is None:
                record_unknown_column(case, column, here)
            else:
                _record_list_column(case, column, here)
            return None
    values, code = _encode_values(case, columns)
    if wanted is None or isinstance(wanted, str):
        added = list_map_codes(case, by, (*path, "groups")) if wanted == "map" else []
        if added is None:
            return None
        names = sorted({*(values[k] for k in np.unique(code[named & (code >= 0)]).tolist()), *added})
    else:
        names = sorted({*(map_to_names(case, columns[0], wanted) if len(columns) == 1 else wanted)})
        _warn_absent_groups(case, sorted({*names} - {*values}), (*path, "groups"))
    place = {name: k for k, name in enumerate(names)}
    # the last entry is for empty cells, whose code is -1
    position = np.array([*(place.get(value, -1) for value in values), -1], dtype=np.int64)
    return Groups(tuple(names), np.where(inside, position[code], -1), grouped=True)


def _encode_values(case: Case, columns: Sequence[str]) -> tuple[list[str], IntArray]:
    """Return the sorted values of some columns together, and the position of each dossier's.

    The positions are int64 (n,), -1 where a cell is empty.
    """

    def read(case: Case) -> tuple[list[str], IntArray]:
        texts = [_as_text(case, column) for column in columns]
        key = texts[0] if len(texts) == 1 else _join_values(texts)
        values = key.filter(key != "").unique().sort().to_list()
        code = key.replace_strict(
            {value: k for k, value in enumerate(values)}, default=-1, return_dtype=pl.Int64
        )
        return values, code.to_numpy()

    # the envelope of a dossier depends on the tree, so it cannot be cached with the table
    joined = tuple(is_joined(case, column) for column in columns)
    if "envelope" in columns:
        return read(case)
    from_table = {name for column in columns for name in (column, *list_cents_columns(column))}
    return case.memoise(("groups", *columns, joined), read, from_table)


def _warn_absent_groups(case: Case, names: Sequence[str], path: Path) -> None:
    """Warn of listed groups that no application has: a misspelled one would leave its applications out."""
    if names:
        case.warnings.add(
            "groups-absent",
            _n(
                "no application belongs to {n} group of this list ({names}); those of other groups are left out.",
                "no application belongs to {n} groups of this list ({names}); those of other groups are left out.",
                n=len(names),
                names=", ".join(names[:MAX_LISTED]) + (", …" if len(names) > MAX_LISTED else ""),
            ),
            case.locate(path),
            hint=_("Write each group as the table does, for example 01 and not 1."),
        )


def _record_missing_column(case: Case, path: Path) -> None:
    case.record_defect(
        "by-empty",
        _("`by` names no column."),
        path,
        _("Name one, or take `by` out."),
    )


def _record_list_column(case: Case, column: str, path: Path) -> None:
    case.record_defect(
        "by-list",
        _('"{column}" is a list: an application would be in several groups of it.', column=column),
        path,
        _("For each value to serve once, write an `exclusive` rule with this `by`."),
    )


def _as_text(case: Case, column: str) -> pl.Series:
    """Return the values that form groups: the envelope of each dossier, the cost where `base` is empty."""
    if column == "envelope":
        ids = pl.Series([*case.tree.ids, ""], dtype=pl.String)
        return ids.gather(pl.Series(np.where(case.node < 0, case.tree.n_nodes, case.node)))
    if column == "base":
        base = case.table.select(pl.coalesce("base_cents", "cost_cents")).to_series()
        return base.cast(pl.String).fill_null("")
    if get_column_kind(case, column) is ValueKind.MONEY:
        return case.table[f"{column}_cents"].cast(pl.String).fill_null("")
    return read_text_keys(case, column)


def _join_values(texts: list[pl.Series]) -> pl.Series:
    """Join the values of several columns: « 01 · commune ».

    Ambiguous values are quoted, so that keys are distinct.
    """
    pieces = pl.DataFrame({f"p{k}": _quote_ambiguous(text) for k, text in enumerate(texts)})
    whole = pl.all_horizontal(pl.all() != "")
    joined = pl.concat_str(pl.all(), separator=f" {MARK} ")
    return pieces.select(pl.when(whole).then(joined).otherwise(pl.lit(""))).to_series()


def _quote_ambiguous(text: pl.Series) -> pl.Series:
    unclear = text.str.contains(MARK, literal=True) | text.str.starts_with('"')
    escaped = text.str.replace_all("\\", "\\\\", literal=True).str.replace_all('"', '\\"', literal=True)
    return text.zip_with(~unclear, '"' + escaped + '"')
