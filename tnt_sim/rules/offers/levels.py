"""Levels: a dossier receives nothing or one amount of a list (a multiple-choice group).

    Σ_l w_{i,l} ≤ 1        w_{i,l} ≤ y_{g(i),l}        Σ_l y_{g,l} ≤ 1        w, y ∈ {0, 1}

w_{i,l} says that dossier i receives its level l. A level is a rate of the base or an amount, rounded down to
`round`; only levels within [least, most] count. With `common_rate`, y_{g,l} chooses one level for group g,
and every funded dossier of the group receives it. Without it, only the first constraint applies.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tnt_sim.domain.field_types import write_amount, write_number
from tnt_sim.domain.money import MoneyError, parse_cents, parse_decimal, parse_rate
from tnt_sim.i18n.message import _
from tnt_sim.i18n.parameters import Items, Names
from tnt_sim.rules.linear_terms import BoolArray, IntArray
from tnt_sim.rules.offers.rates import record_rate_above_one
from tnt_sim.rules.protocols import Case, Path, RowBuilder


@dataclass(frozen=True, slots=True)
class Levels:
    """The levels of all dossiers that have some, sorted by dossier and then amount; all arrays int64 (m,).

    Attributes
    ----------
    row : the dossier
    cents : the amount
    step : 0, 1, 2, … within the dossier
    menu : position of the level in the planner's list
    group : group that must have one common level, -1 for none
    """

    row: IntArray
    cents: IntArray
    step: IntArray
    menu: IntArray
    group: IntArray

    @classmethod
    def build_empty(cls) -> Levels:
        """Return an empty set of levels."""
        empty = np.zeros(0, dtype=np.int64)
        return cls(empty, empty, empty, empty, empty)

    def restrict(self, mask: BoolArray) -> Levels:
        """Return the levels of the dossiers in `select_dossiers`, bool (n,)."""
        keep = mask[self.row]
        return Levels(self.row[keep], self.cents[keep], self.step[keep], self.menu[keep], self.group[keep])

    def select_dossiers(self, n: int) -> BoolArray:
        """Return the dossiers that have a level, bool (n,)."""
        found = np.zeros(n, dtype=np.bool_)
        found[self.row] = True
        return found

    def match_levels(self, granted_cents: IntArray) -> BoolArray:
        """Return whether each dossier's amount is one of its levels, bool (n,)."""
        found = np.zeros(len(granted_cents), dtype=np.bool_)
        found[self.row[self.cents == granted_cents[self.row]]] = True
        return found

    def find_bounds(self, n: int) -> tuple[IntArray, IntArray]:
        """Return the least and the largest level of each dossier, 0 where it has none: two int64 (n,)."""
        least, most = np.full(n, 2**62, dtype=np.int64), np.zeros(n, dtype=np.int64)
        np.minimum.at(least, self.row, self.cents)
        np.maximum.at(most, self.row, self.cents)
        return np.where(self.select_dossiers(n), least, 0), most


@dataclass(frozen=True, slots=True)
class Menu:
    """One entry of `grants` with levels: its dossiers, the amount of each level by dossier, the groups."""

    mask: BoolArray
    cents: tuple[IntArray, ...]
    group: IntArray
    path: Path = ()


def parse_level_cents(case: Case, text: str, base: IntArray, unit: IntArray, path: Path) -> IntArray | None:
    """Return the amount of one level for each dossier, int64 (n,), rounded down to the unit.

    Returns None with a defect.
    """
    try:
        if "%" in text:
            rate = parse_rate(text)
            if rate > 1:
                record_rate_above_one(case, rate, path)
                return None
            if rate <= 0:
                _record_zero_level(case, text, path)
                return None
            exact = base.astype(object) * rate.numerator // rate.denominator
            cents = np.minimum(exact, 2**60).astype(np.int64)
        else:
            amount = parse_cents(text)
            if amount <= 0:
                _record_zero_level(case, text, path)
                return None
            cents = np.full(case.n, amount, dtype=np.int64)
    except MoneyError as error:
        case.record_defect("level", error.text, path)
        return None
    rounded: IntArray = cents // unit * unit
    return rounded


# Longer numbers are never ambiguous: they are too large, or too fine, for a rate or an amount.
_BARE = re.compile(r"[0-9]{1,12}(?:[.,][0-9]{1,12})?")


def find_ambiguous_levels(texts: Sequence[str]) -> list[str]:
    """Return the levels that may be a rate or an amount.

    These are bare numbers up to 1, or all bare numbers where none exceeds 100.

    >>> find_ambiguous_levels(["0.5", "20000"]), find_ambiguous_levels(["20", "25 %"])
    (['0.5'], ['20'])
    >>> find_ambiguous_levels(["150", "20"])
    []
    """
    bare = [text.strip() for text in texts if _BARE.fullmatch(text.strip())]
    values = {text: parse_decimal(text) for text in bare}
    small = all(value <= 100 for value in values.values())
    return [text for text in bare if small or values[text] <= 1]


def has_clear_levels(case: Case, texts: Sequence[str], path: Path) -> bool:
    """Return whether every level is clearly a rate or an amount; otherwise record how to write it."""
    unclear = find_ambiguous_levels(texts)
    if not unclear:
        return True
    values = [parse_decimal(text) for text in unclear]
    factor = 100 if max(values) <= 1 else 1
    rates = Items([f"{write_number(value * factor)} %" for value in values], ";")
    hint = _("Write {levels}.", levels=rates)
    if all((value * 100).denominator == 1 for value in values):
        amounts = Items([write_amount(int(value * 100)) for value in values], ";")
        hint = _("Write {rates} or {amounts}.", rates=rates, amounts=amounts)
    case.record_defect(
        "levels-unclear",
        _(
            "{levels}: without a unit, this is a rate or an amount in euros.",
            levels=Items([Names([text]) for text in unclear], ";"),
        ),
        (*path, list(texts).index(unclear[0])),
        hint,
    )
    return False


def _record_zero_level(case: Case, text: str, path: Path) -> None:
    case.record_defect(
        "level",
        _('"{level}" grants nothing.', level=text),
        path,
        _("Take this level out: an application that is not funded gets 0 € already."),
    )


def collect_levels(menus: Sequence[Menu], least: IntArray, most: IntArray, open_: BoolArray) -> Levels:
    """Return the levels that fit each open dossier; equal amounts of one entry without groups count once."""
    pieces: list[tuple[IntArray, IntArray, IntArray, IntArray]] = []
    for menu in menus:
        for position, cents in enumerate(menu.cents):
            fits = menu.mask & open_ & (cents > 0) & (cents >= least) & (cents <= most)
            held = np.flatnonzero(fits)
            places = np.full(len(held), position, dtype=np.int64)
            pieces.append((held, cents[held], places, menu.group[held]))
    if not pieces:
        return Levels.build_empty()
    row, cents, place, group = [np.concatenate([part[k] for part in pieces]) for k in range(4)]
    order = np.lexsort((place, cents, row))
    row, cents, place, group = row[order], cents[order], place[order], group[order]
    again = np.zeros(len(row), dtype=np.bool_)
    again[1:] = (row[1:] == row[:-1]) & (cents[1:] == cents[:-1]) & (group[1:] < 0)
    row, cents, place, group = row[~again], cents[~again], place[~again], group[~again]
    first = np.searchsorted(row, row)
    return Levels(row, cents, np.arange(len(row)) - first, place, group)


@dataclass(frozen=True, slots=True)
class CommonRates:
    """One common level per group: Σ_l y_{g,l} ≤ 1 and w_{i,l} ≤ y_{g(i),l}, all binary."""

    levels: Levels
    names: tuple[str, ...]

    def build_rows(self, builder: RowBuilder) -> None:
        """Write the rows of every group that has a level."""
        chosen: dict[tuple[int, int], int] = {}
        for row in np.unique(self.levels.row[self.levels.group >= 0]).tolist():
            mine = np.flatnonzero(self.levels.row == row)
            columns = builder.list_option_columns(row)
            for (column, __), level in zip(columns, mine.tolist(), strict=True):
                key = (int(self.levels.group[level]), int(self.levels.menu[level]))
                if key not in chosen:
                    chosen[key] = builder.add_column(f"level:{self.names[key[0]]}:{key[1]}", 0, 1)
                builder.add_link(f"level:{self.names[key[0]]}", [(column, 1), (chosen[key], -1)], 0)
        for group in sorted({key[0] for key in chosen}):
            ys = [(column, 1) for key, column in sorted(chosen.items()) if key[0] == group]
            builder.add_link(f"one level:{self.names[group]}", ys, 1)

    def list_violated_groups(self, funded: BoolArray, granted_cents: IntArray) -> list[str]:
        """Return the groups in which no single level explains the amounts of all funded dossiers."""
        result = []
        for group, name in enumerate(self.names):
            own = self.levels.group == group
            rows = np.unique(self.levels.row[own])
            rows = rows[funded[rows]]
            if len(rows) == 0:
                continue
            hit = own & (self.levels.cents == granted_cents[self.levels.row]) & funded[self.levels.row]
            shared = [
                np.isin(rows, self.levels.row[hit & (self.levels.menu == menu)]).all()
                for menu in np.unique(self.levels.menu[own])
            ]
            if not any(shared):
                result.append(name)
        return result
