"""Rows over the 0-1 decisions only, for rules that depend on who is funded and not on amounts.

    Σ valueᵢ · xᵢ ≤ upper

xᵢ is 1 for committed dossiers and 0 for dossiers that are neither committed nor candidates; both enter as
constants.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl

from tnt_sim.errors import Place, suggest_name
from tnt_sim.i18n.message import Text, _, _n
from tnt_sim.rules.expressions.columns import ValueKind, get_column_kind
from tnt_sim.rules.expressions.groups import group_by_columns
from tnt_sim.rules.expressions.selectors import Selector, select
from tnt_sim.rules.expressions.values import get_merged_column
from tnt_sim.rules.linear_terms import BoolArray, IntArray, Terms, Unit
from tnt_sim.rules.protocols import (
    Case,
    CompiledRule,
    GroupReadings,
    Path,
    RowBuilder,
    RowKind,
    RowLabel,
    RuleReading,
    Soft,
)

MAX_PAIRS = 20_000
"""Most pairs for which a penalty per pair is accepted: each needs a column."""
MAX_LISTED = 20


@dataclass(frozen=True, slots=True)
class FundedRows:
    """Sparse rows Σ value · x ≤ upper.

    Attributes
    ----------
    names : name of each row
    row, dossier, value : int64 (n_entries,), the coefficients as triplets
    upper : int64 (n_rows,)
    """

    names: Sequence[str | None]
    row: IntArray
    dossier: IntArray
    value: IntArray
    upper: IntArray

    @classmethod
    def from_implications(cls, first: IntArray, second: IntArray, dossier: pl.Series) -> FundedRows:
        """Build x_first ≤ x_second for each pair, named « first → second »."""
        rows = np.arange(len(first))
        names = [
            f"{a} → {b}"
            for a, b in zip(dossier.gather(first).to_list(), dossier.gather(second).to_list(), strict=True)
        ]
        ones = np.ones(len(first), dtype=np.int64)
        return cls(
            names,
            np.concatenate([rows, rows]),
            np.concatenate([first, second]),
            np.concatenate([ones, -ones]),
            np.zeros(len(first), dtype=np.int64),
        )

    def write(
        self,
        builder: RowBuilder,
        rule: str,
        committed: BoolArray,
        side: str = "",
        soft: Soft | None = None,
        relief: Sequence[tuple[int, int, int]] = (),
    ) -> None:
        """Write the rows that some choice could violate; settled dossiers enter as constants.

        `relief` lists further entries (row, column, coefficient) of these rows.
        """
        count = len(self.upper)
        column = builder.get_funded_columns()[self.dossier]
        open_ = column >= 0
        fixed = np.where(~open_ & committed[self.dossier], self.value, 0)
        constant, most = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
        np.add.at(constant, self.row, fixed)
        np.add.at(most, self.row, fixed + np.where(open_, np.maximum(self.value, 0), 0))
        selected = most > self.upper
        if not selected.any():
            return
        place = np.cumsum(selected) - 1
        used = open_ & selected[self.row]
        extra = list(
            zip(place[self.row[used]].tolist(), column[used].tolist(), self.value[used].tolist(), strict=True)
        )
        extra += [(int(place[row]), column, value) for row, column, value in relief if selected[row]]
        labels = [
            RowLabel(RowKind.RULE, rule, self.names[row], side) for row in np.flatnonzero(selected).tolist()
        ]
        bounds = (self.upper - constant)[selected].tolist()
        builder.add_rows(
            labels, build_empty_terms(len(committed)), None, [None] * len(labels), bounds, extra, soft
        )


def build_empty_terms(n: int) -> Terms:
    """Return an empty sum, for rows over columns only."""
    zeros = np.zeros(n, dtype=np.int64)
    return Terms(Fraction(1), Unit.NUMBER, zeros, zeros)


@dataclass(frozen=True, slots=True)
class Members:
    """Membership of dossiers in groups; a dossier may belong to several.

    Attributes
    ----------
    names : the groups in order; None for a group without a name
    group, dossier : int64 (n_pairs,), sorted by group and then rank
    grouped : whether the groups come from a column
    """

    names: tuple[str | None, ...]
    group: IntArray
    dossier: IntArray
    grouped: bool

    @classmethod
    def of_codes(cls, names: tuple[str | None, ...], codes: IntArray, *, grouped: bool) -> Members:
        """Build from at most one group per dossier: `codes` int64 (n,), -1 for none."""
        dossier = np.flatnonzero(codes >= 0)
        order = np.argsort(codes[dossier], kind="stable")
        return cls(names, codes[dossier][order], dossier[order], grouped)

    def count(self, mask: BoolArray) -> IntArray:
        """Return how many members of each group are in `mask`, int64 (n_groups,)."""
        return np.bincount(self.group[mask[self.dossier]], minlength=len(self.names)).astype(np.int64)

    def find_first(self, mask: BoolArray) -> IntArray:
        """Return the first member of each group in `mask`, -1 for none: int64 (n_groups,)."""
        places = np.full(len(self.names), -1, dtype=np.int64)
        held = np.flatnonzero(mask[self.dossier])[::-1]
        places[self.group[held]] = self.dossier[held]
        return places

    def restrict(self, mask: BoolArray) -> Members:
        """Return the members in `mask`; the groups stay."""
        kept = mask[self.dossier]
        return Members(self.names, self.group[kept], self.dossier[kept], self.grouped)


def build_members(
    case: Case,
    names: Sequence[str] | None,
    by: str | Sequence[str] | None,
    where: Selector | None,
    in_play: BoolArray,
    path: Path,
) -> Members | None:
    """Return the groups that `dossiers`, `where` and `by` define together.

    Returns None, with defects recorded, when they cannot.

    The groups are the values found among dossiers in play; every dossier with such a value is a member.
    """
    if names is None and by is None and where is None:
        case.record_defect(
            "members",
            _("this rule does not say which applications it is about."),
            path,
            _("Give `dossiers`, `by` or `where`."),
        )
        return None
    mask = np.ones(case.n, dtype=np.bool_)
    if names is not None:
        rows = find_rows(case, names, (*path, "dossiers"))
        if rows is None:
            return None
        mask[:] = False
        mask[rows] = True
    chosen = select(case, where, (*path, "where"))
    if chosen is None:
        return None
    mask &= chosen
    if isinstance(by, str) and get_column_kind(case, by) is ValueKind.LIST:
        return _group_by_list_items(case, by, mask, mask & in_play)
    groups = group_by_columns(case, by, None, mask & in_play, mask, path)
    return None if groups is None else Members.of_codes(groups.names, groups.codes, grouped=groups.grouped)


def _group_by_list_items(case: Case, by: str, mask: BoolArray, named: BoolArray) -> Members:
    """Return groups by the items of a list column: a dossier belongs to the group of each item."""
    table = pl.DataFrame(
        {"row": np.arange(case.n), "key": get_merged_column(case, by), "mask": mask, "named": named}
    )
    pairs = table.filter("mask").explode("key").filter(pl.col("key").fill_null("") != "").unique()
    names = pairs.filter("named")["key"].unique().sort()
    codes = pl.DataFrame({"key": names}).with_row_index("code")
    result = pairs.join(codes, on="key").sort("code", "row")
    return Members(
        tuple(names.to_list()),
        result["code"].cast(pl.Int64).to_numpy(),
        result["row"].cast(pl.Int64).to_numpy(),
        grouped=True,
    )


def find_rows(case: Case, names: Sequence[str], path: Path) -> IntArray | None:
    """Return the rows of dossiers given by number; unknown or repeated numbers are defects."""
    rows = dict(zip(case.table["dossier"].to_list(), range(case.n), strict=True))
    result: list[int] = []
    fine = True
    for k, name in enumerate(names):
        row = rows.get(name)
        if row is None:
            case.record_defect(
                "unknown-dossier",
                _('there is no application "{name}".', name=name),
                (*path, k),
                suggest_name(name, rows),
            )
            fine = False
        elif row in result:
            case.record_defect(
                "dossier-twice",
                _('the application "{name}" is named twice.', name=name),
                (*path, k),
                _("Keep it once."),
            )
            fine = False
        else:
            result.append(row)
    return np.array(result, dtype=np.int64) if fine else None


def format_dossier_rows(case: Case, rows: Any, most: int = 5) -> str:
    """Return some dossiers by number: « D-1, D-2 (+3) »."""
    names = ", ".join(case.table["dossier"].gather(rows[:most]).to_list())
    return names + (f" (+{len(rows) - most})" if len(rows) > most else "")


def describe_unfundable(n: int) -> Text:
    """Return « 2 dossiers ne peuvent pas être financés »."""
    return _n("{n} application cannot be funded", "{n} applications cannot be funded", n=n)


def has_too_many_pairs(case: Case, count: int, path: Path) -> bool:
    """Return whether a penalty per pair would need too many columns, with a defect recorded."""
    if count <= MAX_PAIRS:
        return False
    case.record_defect(
        "too-many-pairs",
        _(
            "a penalty is counted per pair of applications: there would be {count}, and the limit is "
            "{max_pairs}.",
            count=count,
            max_pairs=MAX_PAIRS,
        ),
        (*path, "penalty"),
        _("Form smaller groups (`where`, `by`), or take the penalty out."),
    )
    return True


def spread(members: Members, per_group: IntArray, mask: BoolArray) -> IntArray:
    """Return the value of each group for its members in `mask`, -1 elsewhere: int64 (n,)."""
    places = np.full(len(mask), -1, dtype=np.int64)
    value = per_group[members.group]
    kept = mask[members.dossier] & (value >= 0)
    places[members.dossier[kept]] = value[kept]
    return places


def build_count_reading(
    rule: CompiledRule,
    names: tuple[str | None, ...] | list[str],
    counts: list[int],
    most: int,
    *,
    grouped: bool,
) -> RuleReading:
    """Build the reading of a rule that counts: at most `most` in each group."""
    n = len(counts)
    readings = GroupReadings(names, counts, 1, [None] * n, [Fraction(most)] * n, [False] * n)
    return RuleReading(rule.id, rule.kind, rule.mode, readings, grouped)


def _locate_rule(case: Case, path: Path | None, rows: IntArray, column: str) -> list[Place]:
    """Return the place of a rule, or the cells of some dossiers when the table states the rule."""
    cells = [case.portfolio.locate(int(row), "dossier" if path else column) for row in rows]
    return cells if path is None else [case.locate(path), *cells]
