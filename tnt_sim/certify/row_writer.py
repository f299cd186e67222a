"""Write the rows of a problem as an integer system, for the proof checker.

Rules write rows through the `RowBuilder` protocol, here as for the solver, in terms of *handles*. A handle
stands for « the dossier is funded » (the sum of its choices), for one amount, or for a further column. Each
candidate becomes a block of choices: its single amount, its levels, or the least amount of its range, with a
free column for the units above. Committed money enters as a constant.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from tnt_sim.certify.system import Rows, System
from tnt_sim.deadline import UNLIMITED, Deadline
from tnt_sim.rules.linear_terms import BoolArray, IntArray, Once, Terms, sum_by_group
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.protocols import RowLabel, Soft
from tnt_sim.rules.second_reading.rows import ChoiceColumns, format_shared_name

WIDE = 2**45
"""Larger coefficients are divided and rounded so that the row is weaker: sums must fit 64 bits."""


@dataclass
class RowWriter:
    """Collects rows over handles; `build_system` expands them to columns. Implements `RowBuilder`.

    Every method may raise `DeadlineExpired`.

    Attributes
    ----------
    free_names, low, high : names and bounds of the further columns; "" where nobody looks for one
    upper, names : right-hand sides and names of the rows
    entries : (row, handle, value) arrays
    prices : (column, stage, price) of columns that cost a stage's value
    """

    offers: Offers
    choices: ChoiceColumns
    deadline: Deadline = UNLIMITED
    prices: list[tuple[int, int, Fraction]] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    free_names: list[str] = field(default_factory=list)
    low: list[int] = field(default_factory=list)
    high: list[int] = field(default_factory=list)
    upper: list[int] = field(default_factory=list)
    entries: list[tuple[IntArray, IntArray, IntArray]] = field(default_factory=list)
    _once: dict[bytes, tuple[IntArray, IntArray]] = field(default_factory=dict)
    _shared: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ranged = self.choices.ranged
        steps = (self.offers.most_cents - self.offers.least_cents)[ranged] // self.offers.unit_cents[ranged]
        for dossier, most in zip(ranged.tolist(), steps.tolist(), strict=True):
            units = self.add_column("", 0, most)
            self._write_at_most(f"range:{dossier}", [(units, 1), (dossier, -most)], 0)

    @property
    def n(self) -> int:
        """Number of dossiers; a smaller handle stands for « funded »."""
        return len(self.offers.candidate)

    @property
    def first_free(self) -> int:
        """Handle of the first further column."""
        return self.n + len(self.choices.dossier)

    def add_column(self, name: str, lower: int, upper: int, unit: Fraction = Fraction(1)) -> int:
        """Add an integer column; return its handle. Proofs count in whole units, whatever one is worth."""
        self.free_names.append(name)
        self.low.append(lower)
        self.high.append(upper)
        return self.first_free + len(self.low) - 1

    def add_shared_column(self, name: str, lower: int, upper: int, unit: Fraction = Fraction(1)) -> int:
        """Return the handle of the column of that name; add it at the first call."""
        if name not in self._shared:
            self._shared[name] = self.add_column(name, lower, upper)
        return self._shared[name]

    def add_rows(
        self,
        labels: Sequence[RowLabel],
        terms: Terms,
        codes: IntArray | None,
        lower: Sequence[int | None],
        upper: Sequence[int | None],
        extra: Sequence[tuple[int, int, int]] = (),
        soft: Soft | None = None,
        wide: bool = False,
    ) -> None:
        """Write one row per group: lower ≤ Σ terms + Σ coefficient·column ≤ upper; see `RowBuilder`.

        Integers of any length are accepted; they are rounded only where 64 bits require it.
        """
        self.deadline.check()
        groups = np.zeros(self.n, dtype=np.int64) if codes is None else codes
        row, handle, value, constants = self.expand_terms(terms, groups, len(labels))
        if extra:
            more = np.array(extra, dtype=np.int64)
            row, handle = np.concatenate([row, more[:, 0]]), np.concatenate([handle, more[:, 1]])
            value = np.concatenate([value, more[:, 2]])
        order = np.argsort(row, kind="stable")
        row, handle, value = row[order], handle[order], value[order]
        starts = np.searchsorted(row, np.arange(len(labels) + 1)).tolist()
        sides = [bounds for bounds in (lower, upper) if any(b is not None for b in bounds)]
        if soft is None and len(sides) == 1 and int(np.abs(value).max(initial=0)) < WIDE:
            self._write_all(labels, -1 if sides[0] is lower else 1, sides[0], constants, (row, handle, value))
            return
        for k, label in enumerate(labels):
            span = slice(starts[k], starts[k + 1])
            for sign, bound in ((-1, lower[k]), (1, upper[k])):
                if bound is None:
                    continue
                h, v, b = handle[span], sign * value[span], sign * (bound - constants[k])
                if soft is not None:
                    far = self._compute_greatest_sum(h, v) - b
                    if far <= 0:
                        continue
                    side = "min" if sign < 0 else "max"
                    short = self.add_column(f"short:{soft.stage}:{label}:{side}", 0, far)
                    self.add_price(short, soft.stage, soft.price * terms.scale)
                    h, v = np.append(h, short), np.append(v, -1)
                self._write(f"{label}:{'min' if sign < 0 else 'max'}", h, v, b)

    def _write_all(
        self,
        labels: Sequence[RowLabel],
        sign: int,
        bounds: Sequence[int | None],
        constants: Sequence[int],
        entries: tuple[IntArray, IntArray, IntArray],
    ) -> None:
        """Write the rows of one side at once, as `_write` would one by one; entries are sorted by row."""
        row, handle, value = entries
        filled = np.bincount(row, minlength=len(labels)) > 0
        place = np.full(len(labels), -1, dtype=np.int64)
        for k, (bound, constant, full) in enumerate(zip(bounds, constants, filled.tolist(), strict=True)):
            if bound is None or (not full and sign * (bound - constant) >= 0):
                continue
            place[k] = len(self.upper)
            self.upper.append(sign * (bound - constant))
            self.names.append(f"{labels[k]}:{'min' if sign < 0 else 'max'}")
        used = place[row] >= 0
        self.entries.append((place[row[used]], handle[used], sign * value[used]))

    def _compute_greatest_sum(self, handle: IntArray, value: IntArray) -> int:
        """Return the greatest value of a sum over handles."""
        most = np.ones(self.first_free + len(self.low), dtype=np.int64)
        most[self.first_free :] = self.high
        return sum(max(0, v * int(most[h])) for h, v in zip(handle.tolist(), value.tolist(), strict=True))

    def _write(self, name: str, handle: IntArray, value: IntArray, bound: int) -> None:
        """Write one row Σ value·handle ≤ bound; an empty row that is always satisfied is left out."""
        if not len(handle) and bound >= 0:
            return
        longest = int(np.abs(value).max(initial=0))
        step = max(1, longest // WIDE)
        if step > 1:
            # columns are ≥ 0: coefficients rounded down and the bound rounded up only weaken the row
            value, bound = value // step, -(-bound // step)
        self.entries.append((np.full(len(handle), len(self.upper), dtype=np.int64), handle, value))
        self.upper.append(bound)
        self.names.append(name)

    def _write_at_most(self, name: str, entries: Sequence[tuple[int, int]], bound: int) -> None:
        """Write one row from (handle, value) pairs."""
        pairs = np.array(entries, dtype=np.int64).reshape(-1, 2)
        self._write(name, pairs[:, 0], pairs[:, 1], bound)

    def add_link(
        self,
        name: str,
        entries: Sequence[tuple[int, int]],
        upper: int,
        lower: int | None = None,
        *,
        is_money: bool = False,
    ) -> None:
        """Write a row over handles only: lower ≤ Σ coefficient·handle ≤ upper."""
        self._write_at_most(name, entries, upper)
        if lower is not None:
            self._write_at_most(name, [(h, -v) for h, v in entries], -lower)

    def add_links(
        self,
        name: str,
        row: IntArray,
        column: IntArray,
        value: IntArray,
        lower: int | None,
        upper: int | None,
    ) -> None:
        """Write many rows over handles at once, with the same bounds for all."""
        count = int(row.max(initial=-1)) + 1
        for sign, bound in ((1, upper), (-1, lower)):
            if bound is not None:
                self.entries.append((row + len(self.upper), column, sign * value))
                self.upper.extend([sign * bound] * count)
                self.names.extend([name] * count)

    def get_funded_column(self, dossier: int) -> int | None:
        """Return the handle of « funded »; None if the dossier's decision is already fixed."""
        return dossier if bool(self.offers.candidate[dossier]) else None

    def get_funded_columns(self) -> IntArray:
        """Return the handle of « funded » for every dossier, int64 (n,); −1 if its decision is already fixed."""
        return np.where(self.offers.candidate, np.arange(self.n), -1)

    def list_option_columns(self, dossier: int) -> list[tuple[int, int]]:
        """Return (handle, cents) of each choice of a dossier, by rising amount."""
        places = np.flatnonzero(self.choices.dossier == dossier)
        return [(self.n + int(k), int(self.choices.cents[k])) for k in places]

    def add_price(self, column: int, stage: int, price: Fraction) -> None:
        """Let one unit of a column cost `add_price` of a stage's value."""
        self.prices.append((column, stage, price))

    def expand_terms(
        self, terms: Terms, groups: IntArray, n_groups: int
    ) -> tuple[IntArray, IntArray, IntArray, list[int]]:
        """Expand a sum over dossiers: entries (group, handle, value), and the constant of each group."""
        self.deadline.check()
        c, r = self.choices, self.choices.ranged
        value = terms.per_funded[c.dossier] + terms.per_cent[c.dossier] * c.cents
        used = (groups[c.dossier] >= 0) & (value != 0)
        pieces = [(groups[c.dossier[used]], self.n + np.flatnonzero(used), value[used])]
        step = terms.per_cent[r] * self.offers.unit_cents[r]
        open_ = (groups[r] >= 0) & (step != 0)
        pieces.append((groups[r[open_]], self.first_free + np.flatnonzero(open_), step[open_]))
        settled = np.flatnonzero(self.offers.committed & (groups >= 0))
        fixed = terms.per_funded[settled] + terms.per_cent[settled] * self.offers.committed_cents[settled]
        constants = [a + terms.constant for a in sum_by_group(fixed, groups[settled], n_groups)]
        for part in terms.once:
            found, held = self._collect_once_entries(part, groups, n_groups)
            pieces.append(found)
            constants = [a + b for a, b in zip(constants, held, strict=True)]
        row, handle, number = (np.concatenate(list(column)) for column in zip(*pieces, strict=True))
        return row.astype(np.int64), handle.astype(np.int64), number.astype(np.int64), constants

    def _collect_once_entries(
        self, once: Once, groups: IntArray, n_groups: int
    ) -> tuple[tuple[IntArray, IntArray, IntArray], list[int]]:
        """Expand what counts once per key and group: a handle is 1 exactly when some holder is funded."""
        n_keys = max(len(once.worth), 1)
        inside = groups[once.row] >= 0
        row, pair = once.row[inside], groups[once.row[inside]] * n_keys + once.key[inside]
        settled = np.unique(pair[self.offers.committed[row]])
        constants = sum_by_group(once.worth[settled % n_keys], settled // n_keys, n_groups)
        open_: BoolArray = self.offers.candidate[row] & ~np.isin(pair, settled)
        key, handle = self._resolve_handles(row[open_], pair[open_])
        return (key // n_keys, handle, once.worth[key % n_keys]), constants

    def _resolve_handles(self, dossier: IntArray, pair: IntArray) -> tuple[IntArray, IntArray]:
        """Return the distinct keys and the handle of each: a sole holder's own, else a new linked column."""
        name = dossier.tobytes() + b"|" + pair.tobytes()
        if name not in self._once:
            self.deadline.check()
            order = np.lexsort((dossier, pair))
            self.deadline.check()
            pair, dossier = pair[order], dossier[order]
            keys, start, count = np.unique(pair, return_index=True, return_counts=True)
            handle = dossier[start].astype(np.int64)
            for k in np.flatnonzero(count > 1).tolist():
                handle[k] = self._add_maximum(dossier[start[k] : start[k] + count[k]].astype(np.int64))
            self._once[name] = (keys, handle)
        return self._once[name]

    def _add_maximum(self, holders: IntArray) -> int:
        """Return the handle of y = max x over the holders: x ≤ y for each, and y ≤ Σ x. Each set has one."""
        name, n = format_shared_name(holders), len(holders)
        if name not in self._shared:
            y = self.add_shared_column(name, 0, 1)
            k, ones = np.arange(n), np.ones(n, dtype=np.int64)
            self.add_links(
                name, np.append(k, k), np.append(holders, y * ones), np.append(ones, -ones), None, 0
            )
            self.add_links(name, 0 * np.append(k, 0), np.append(y, holders), np.append(1, -ones), None, 0)
        return self._shared[name]

    def build_system(self) -> System:
        """Return the integer system: choices by rank, then the further columns."""
        c = self.choices
        n_choices, n_free = len(c.dossier), len(self.low)
        empty = np.zeros(0, dtype=np.int64)
        row, handle, value = (np.concatenate([*(part[k] for part in self.entries), empty]) for k in range(3))
        self.deadline.check()
        row, col, value = self.expand_entries(row, handle, value)
        self.deadline.check()
        forced = self.offers.forced[c.candidate]
        return System(
            block=np.concatenate([c.block, np.full(n_free, -1, dtype=np.int64)]),
            must=forced,
            low=np.concatenate([np.zeros(n_choices, dtype=np.int64), np.array(self.low, dtype=np.int64)]),
            high=np.concatenate([np.ones(n_choices, dtype=np.int64), np.array(self.high, dtype=np.int64)]),
            rows=Rows.from_entries(row, col, value, np.array(self.upper, dtype=np.int64), tuple(self.names)),
            free_names=tuple(self.free_names),
        )

    def expand_entries(
        self, row: IntArray, handle: IntArray, value: IntArray
    ) -> tuple[IntArray, IntArray, IntArray]:
        """Expand entries from handles to columns: « funded » becomes every choice of its dossier."""
        funded = handle < self.n
        first = np.searchsorted(self.choices.dossier, handle[funded], side="left")
        last = np.searchsorted(self.choices.dossier, handle[funded], side="right")
        count = last - first
        ends = np.cumsum(count)
        col = np.arange(int(count.sum())) + np.repeat(first - (ends - count), count)
        return (
            np.concatenate([row[~funded], np.repeat(row[funded], count)]),
            np.concatenate([handle[~funded] - self.n, col]),
            np.concatenate([value[~funded], np.repeat(value[funded], count)]),
        )
