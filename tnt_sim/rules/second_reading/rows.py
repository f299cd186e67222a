"""Language of the second reading: rows rebuilt from the data of rules, independently of the model.

    Σ_choices a_c·x_c + Σ_ranged s_i·u_i ≤ bound

x_c ∈ {0, 1} takes choice c, one amount of one dossier (`ChoiceColumns`); u_i counts the steps above the least
amount of a ranged dossier i. Nothing here calls the `rows` of a rule or a `RowBuilder`. The proof checker
compares the rows that a rule wrote for the solvers with these, so an error must be made twice, in different
code, to pass.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from hashlib import blake2b
from typing import Any, NamedTuple, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from tnt_sim.rules.linear_terms import BoolArray, IntArray, Terms
from tnt_sim.rules.offers.grants import Offers


@dataclass(frozen=True, slots=True, eq=False)
class ChoiceColumns:
    """The choices of all candidates, a multiple-choice group per dossier.

    Attributes
    ----------
    dossier, block, cents : int64 (n_choices,), by rank: the dossier, its position in `candidate`, the amount
    candidate : int64, rows of the candidates
    ranged : int64, rows of the candidates whose amount is a range
    """

    dossier: IntArray
    block: IntArray
    cents: IntArray
    candidate: IntArray
    ranged: IntArray

    @classmethod
    def of(cls, offers: Offers) -> ChoiceColumns:
        """Build one choice per amount that a candidate may receive; a range contributes its least amount."""
        candidate = np.flatnonzero(offers.candidate)
        menu = offers.levels.restrict(offers.candidate)
        is_plain = offers.candidate.copy()
        is_plain[menu.row] = False
        plain = np.flatnonzero(is_plain)
        dossier = np.concatenate([plain, menu.row])
        single = np.where(offers.ranged, offers.least_cents, offers.most_cents)
        cents = np.concatenate([single[plain], menu.cents])
        order = np.argsort(dossier, kind="stable")
        dossier, cents = dossier[order], cents[order]
        block = np.searchsorted(candidate, dossier)
        return cls(dossier, block, cents, candidate, np.flatnonzero(offers.candidate & offers.ranged))


Numbers = NDArray[Any]
"""int64, or Python integers (dtype object) where 64 bits may not suffice."""

ROOM = 2**62
"""Sums below this bound cannot overflow int64."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Columns of the second reading: the choices, then one column of steps per ranged dossier.

    Attributes
    ----------
    first, count : int64 (n,), first choice of each dossier and number of its choices, 0 for no candidate
    further : columns of the system that stand for no dossier, by name, unless several have it; None where its
        names are not known
    width : number of columns of the system
    shared : the holders of each further column that is 1 exactly if one of them is funded, as sums need it
    """

    offers: Offers
    choices: ChoiceColumns
    first: IntArray
    count: IntArray
    further: Mapping[str, int] | None = None
    width: int = 0
    shared: dict[int, IntArray] = field(default_factory=dict)

    @classmethod
    def of(cls, offers: Offers, names: Sequence[str] | None = None) -> Columns:
        """Build the columns of all candidates, and name those of the system that follow the choices."""
        choices = ChoiceColumns.of(offers)
        count = np.bincount(choices.dossier, minlength=len(offers.candidate)).astype(np.int64)
        further = None if names is None else _map_names(names, len(choices.dossier))
        width = len(choices.dossier) + (len(choices.ranged) if names is None else len(names))
        return cls(offers, choices, np.cumsum(count) - count, count, further, width)

    @property
    def n(self) -> int:
        """Number of dossiers."""
        return len(self.count)

    @property
    def n_choices(self) -> int:
        """Number of choices; the columns of steps follow them."""
        return len(self.choices.dossier)

    @property
    def size(self) -> int:
        """Number of columns."""
        return self.n_choices + len(self.choices.ranged)


def _map_names(names: Sequence[str], first: int) -> dict[str, int]:
    """Return the place of each name that stands once, counted from `first`."""
    places: dict[str, int] = {}
    several = set()
    for place, name in enumerate(names, first):
        if name and places.setdefault(name, place) != place:
            several.add(name)
    return {name: place for name, place in places.items() if name not in several}


def format_shared_name(holders: IntArray) -> str:
    """Return the name of the column that is 1 exactly if a dossier of `holders`, which rise, is funded."""
    return f"any:{blake2b(holders.astype(np.int64).tobytes(), digest_size=16).hexdigest()}"


@dataclass(frozen=True, slots=True, eq=False)
class Second:
    """The second reading of one rule: rows Σ value · column ≤ bound, sorted by row and then column.

    Attributes
    ----------
    names : name of each row, as in the model
    row, col : int64 (n_entries,)
    value : (n_entries,), integers
    bound : integers, one per row
    unread : names of rows that are not rebuilt, because they need further columns
    most : the largest value that each further column must be able to take
    """

    names: tuple[str, ...]
    row: IntArray
    col: IntArray
    value: Numbers
    bound: tuple[int, ...]
    unread: frozenset[str]
    most: Mapping[int, int] = field(default_factory=dict)


class MissingColumnError(LookupError):
    """A system has no column for what its rules let move."""


class RuleData(Protocol):
    """A compiled rule, by its id; each kind adds the fields that its second reading reads."""

    @property
    def id(self) -> str:
        """Id of the rule in the scenario."""


@dataclass
class RowCollector:
    """Collector of the rows of one second reading."""

    columns: Columns
    names: list[str] = field(default_factory=list)
    bound: list[int] = field(default_factory=list)
    entries: list[tuple[IntArray, IntArray, Numbers]] = field(default_factory=list)
    unread: set[str] = field(default_factory=set)
    most: dict[int, int] = field(default_factory=dict)

    def add_further(self, name: str, most: int) -> int:
        """Return the further column of a name, which must be able to take each value from 0 to `most`.

        Raises
        ------
        MissingColumnError
            If the system has none.
        """
        if not self.has_further(name):
            raise MissingColumnError(name)
        column = (self.columns.further or {})[name]
        self.most[column] = most
        return column

    def has_further(self, name: str) -> bool:
        """Whether the system has a further column of a name."""
        return name in (self.columns.further or {})

    def add_entries(self, name: str, entries: Sequence[tuple[int, int]]) -> None:
        """Add (column, value) pairs to a row that was added before."""
        pairs = np.array(entries, dtype=np.int64).reshape(-1, 2)
        row = np.full(len(pairs), self.names.index(name), dtype=np.int64)
        self.entries.append((row, pairs[:, 0], pairs[:, 1]))

    def add(
        self, names: Sequence[str], row: IntArray, col: IntArray, value: Numbers, bound: Iterable[int]
    ) -> None:
        """Add rows given by entries over columns; `row` counts from 0 within these names."""
        self.entries.append((row + len(self.names), col, value))
        self.names.extend(names)
        self.bound.extend(bound)

    def add_funded(
        self, names: Sequence[str], row: IntArray, dossier: IntArray, value: IntArray, bound: Sequence[int]
    ) -> None:
        """Add rows Σ value · x ≤ bound, where x is 1 for committed dossiers and 0 for other settled ones."""
        columns = self.columns
        held = np.zeros(len(names), dtype=np.int64)
        paid = columns.offers.committed[dossier]
        np.add.at(held, row[paid], value[paid])
        times = columns.count[dossier]
        inner = np.arange(int(times.sum())) - np.repeat(np.cumsum(times) - times, times)
        col = np.repeat(columns.first[dossier], times) + inner
        left = [limit - fixed for limit, fixed in zip(bound, held.tolist(), strict=True)]
        self.add(names, np.repeat(row, times), col, np.repeat(value, times), left)

    def add_further_entries(
        self, first: int, row: Sequence[int], col: Sequence[int], value: Sequence[int]
    ) -> None:
        """Add entries of further columns to rows that were added before; `row` counts from `first`."""
        at, where, worth = (np.array(part, dtype=np.int64) for part in (row, col, value))
        self.entries.append((at + first, where, worth))

    def _add_shared_rows(self) -> None:
        """Write x_i ≤ y for each holder of a shared column, then y ≤ Σ x_i."""
        for column, holders in self.columns.shared.items():
            self.most[column] = 1
            n, first = len(holders), len(self.names)
            row = np.append(np.arange(n), np.full(n, n))
            sign = np.repeat([1, -1], n)
            name = format_shared_name(holders)
            self.add_funded([name] * (n + 1), row, np.append(holders, holders), sign, [0] * (n + 1))
            self.add_further_entries(first, range(n + 1), [column] * (n + 1), [*[-1] * n, 1])

    def build_second_reading(self) -> Second:
        """Return all rows in order, with entries of the same column added up."""
        self._add_shared_rows()
        none = np.zeros(0, dtype=np.int64)
        row = np.concatenate([*(part[0] for part in self.entries), none])
        col = np.concatenate([*(part[1] for part in self.entries), none])
        value: Numbers = np.concatenate([*(part[2] for part in self.entries), none])
        order = np.lexsort((col, row))
        row, col, value = row[order], col[order], value[order]
        if len(row):
            first = np.flatnonzero(np.r_[True, (np.diff(row) != 0) | (np.diff(col) != 0)])
            row, col, value = row[first], col[first], np.add.reduceat(value, first)
        used = value != 0
        return Second(
            tuple(self.names),
            row[used],
            col[used],
            value[used],
            tuple(self.bound),
            frozenset(self.unread),
            self.most,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Sum:
    """A sum over dossiers by group, expressed over columns.

    Attributes
    ----------
    group : int64 (width,), group of each column, -1 for none
    value : (width,), coefficient of each column
    constant : what is settled, one per group
    linear : bool (n_groups,), False where several candidates share a key that counts once, and no column says
        whether one of them is funded
    """

    group: IntArray
    value: Numbers
    constant: tuple[int, ...]
    linear: BoolArray


def sum_over_columns(columns: Columns, terms: Terms, codes: IntArray, n_groups: int) -> Sum:
    """Return Σ terms of each group over columns.

    A choice contributes per_funded + per_cent · its cents. `codes` is int64 (n,), -1 for no group.
    """
    offers, choices = columns.offers, columns.choices
    funded, cent = _widen_coefficients(terms, offers)
    constant = [terms.constant] * n_groups
    paid = np.flatnonzero(offers.committed & (codes >= 0))
    settled = (funded[paid] + cent[paid] * offers.committed_cents[paid]).tolist()
    for group, number in zip(codes[paid].tolist(), settled, strict=True):
        constant[group] += number
    linear = np.ones(n_groups, dtype=np.bool_)
    shared: list[tuple[int, int, int]] = []
    for part in terms.once:
        whose, worth, held, several = _resolve_once(offers, part.row, part.key, part.worth, codes)
        funded = funded.copy()
        np.add.at(funded, whose, worth)
        for group, number in held:
            constant[group] += number
        for group, number, holders in several:
            column = (columns.further or {}).get(format_shared_name(holders))
            if column is None:
                linear[group] = False
            else:
                columns.shared[column] = holders
                shared.append((column, group, number))
    dossier, ranged = choices.dossier, choices.ranged
    value = np.concatenate(
        [funded[dossier] + cent[dossier] * choices.cents, cent[ranged] * offers.unit_cents[ranged]]
    )
    group = np.full(columns.width, -1, dtype=np.int64)
    group[: len(value)] = np.concatenate([codes[dossier], codes[ranged]])
    value = np.concatenate([value, np.zeros(columns.width - len(value), dtype=value.dtype)])
    for column, code, number in shared:
        group[column] = code
        value[column] += number
    return Sum(group, value, tuple(constant), linear)


class SharedSums(NamedTuple):
    """Sums over all dossiers, for the columns of what several dossiers share."""

    terms: tuple[Terms, ...]


def add_shared_rows(lines: RowCollector, sums: SharedSums) -> None:
    """Write the rows of the columns that the sums need, and no other."""
    everywhere = np.zeros(lines.columns.n, dtype=np.int64)
    for terms in sums.terms:
        if terms.once:
            sum_over_columns(lines.columns, terms, everywhere, 1)


def _widen_coefficients(terms: Terms, offers: Offers) -> tuple[Numbers, Numbers]:
    """Return per_funded and per_cent, as Python integers where sums over all dossiers could overflow."""
    largest = max(int(offers.highest_cents.max(initial=1)), int(offers.unit_cents.max(initial=1)), 1) * int(
        np.abs(terms.per_cent).max(initial=0)
    ) + int(np.abs(terms.per_funded).max(initial=0))
    if largest * max(1, len(offers.candidate)) < ROOM:
        return terms.per_funded, terms.per_cent
    return terms.per_funded.astype(object), terms.per_cent.astype(object)


def _resolve_once(
    offers: Offers, dossier: IntArray, key: IntArray, worth: IntArray, codes: IntArray
) -> tuple[IntArray, IntArray, list[tuple[int, int]], list[tuple[int, int, IntArray]]]:
    """Return quantities counted once.

    They are the sole holders, their worths, settled sums by group, and group, worth and holders of shared keys.
    """
    inside = codes[dossier] >= 0
    pair = np.unique(np.stack([codes[dossier[inside]], key[inside], dossier[inside]]), axis=1)
    paid = offers.committed[pair[2]]
    done = {(group, one) for group, one in pair[:2, paid].T.tolist()}
    held = [(group, int(worth[one])) for group, one in sorted(done)]
    open_ = pair[:, offers.candidate[pair[2]]]
    holders: dict[tuple[int, int], list[int]] = {}
    for group, one, whose in open_.T.tolist():
        if (group, one) not in done:
            holders.setdefault((group, one), []).append(whose)
    sole = [(whose[0], int(worth[one])) for (_, one), whose in holders.items() if len(whose) == 1]
    shared = [
        (group, int(worth[code]), np.array(sorted(whose), dtype=np.int64))
        for (group, code), whose in holders.items()
        if len(whose) > 1
    ]
    alone = np.array(sole, dtype=np.int64).reshape(-1, 2)
    return alone[:, 0], alone[:, 1], held, shared


def add_bounded_rows(
    lines: RowCollector,
    names: Sequence[str],
    total: Sum,
    low: Sequence[int | None],
    high: Sequence[int | None],
) -> None:
    """Add low ≤ Σ ≤ high for each group, named « name:min » and « name:max ».

    Non-linear groups are left unread.
    """
    for sign, end, limits in ((-1, "min", low), (1, "max", high)):
        bounded = np.array([limit is not None for limit in limits], dtype=np.bool_)
        if not bounded.any():
            continue
        lines.unread.update(f"{names[g]}:{end}" for g in np.flatnonzero(bounded & ~total.linear).tolist())
        selected = np.flatnonzero(bounded & total.linear)
        place = np.full(len(names) + 1, -1, dtype=np.int64)
        place[selected] = np.arange(len(selected))
        row = place[total.group]
        col = np.flatnonzero(row >= 0)
        bound = [sign * ((limits[g] or 0) - total.constant[g]) for g in selected.tolist()]
        lines.add(
            [f"{names[g]}:{end}" for g in selected.tolist()], row[col], col, sign * total.value[col], bound
        )


class Pricing(NamedTuple):
    """Price at which a rule may be broken.

    Attributes
    ----------
    stage : the goal that pays, from 0
    price : value of the goal per unit of the rule's measure
    get_cost : what one unit of a further column costs in that goal; it raises `MissingColumnError` for a column
        that enters another goal
    """

    stage: int
    price: Fraction
    get_cost: Callable[[int], Fraction]


def add_priced_rows(
    lines: RowCollector,
    pricing: Pricing,
    names: Sequence[str],
    total: Sum,
    scale: Fraction,
    low: Sequence[Fraction | None],
    high: Sequence[Fraction | None],
) -> None:
    """Write low − d ≤ scale · Σ ≤ high + d for each group; bounds and d are exact, in the unit of the measure.

    The distance d has a price p per unit of the measure. A column s whose unit costs c stands for d = s·c / p. So
    a row is true of every allocation at the cost of its distance, if all coefficients and the bound are whole in
    the unit c / p, and s may be as large as any distance.

    Raises
    ------
    MissingColumnError
        If a distance has no column, or one whose units are not whole or do not cost what the distance does.
    """
    for group, name in enumerate(names):
        for sign, end, limit in ((-1, "min", low[group]), (1, "max", high[group])):
            if limit is None:
                continue
            row = f"{name}:{end}"
            if not total.linear[group] or not pricing.price:
                lines.unread.add(row)
                continue
            col = np.flatnonzero(total.group == group)
            value = [sign * int(number) for number in total.value[col].tolist()]
            bound = sign * (limit / scale - total.constant[group])
            if _compute_greatest(lines.columns, col.tolist(), value) <= bound:
                continue
            column = lines.add_further(f"short:{pricing.stage}:{row}", 0)
            cost = pricing.get_cost(column)
            if cost <= 0:
                raise MissingColumnError(row)
            factor = scale * pricing.price / cost
            scaled, limit = [number * factor for number in value], bound * factor
            if any(number.denominator != 1 for number in (*scaled, limit)):
                raise MissingColumnError(row)
            whole = [int(number) for number in scaled]
            lines.most[column] = _compute_greatest(lines.columns, col.tolist(), whole) - int(limit)
            first, is_wide = len(lines.names), max(map(abs, whole), default=0) >= ROOM
            entries = np.array(whole, dtype=object if is_wide else np.int64)
            lines.add([row], np.zeros_like(col), col, entries, [int(limit)])
            lines.add_further_entries(first, [0], [column], [-1])


def _compute_greatest(columns: Columns, col: Sequence[int], value: Sequence[int]) -> int:
    """Return the greatest value of a sum: one choice of each dossier, and each further column at its most."""
    n, choices, offers = columns.n_choices, columns.choices, columns.offers
    best: dict[int, int] = {}
    most = 0
    for column, number in zip(col, value, strict=True):
        if column < n:
            dossier = int(choices.dossier[column])
            best[dossier] = max(best.get(dossier, 0), number)
        elif number > 0:
            ranged = column - n
            steps = 1
            if ranged < len(choices.ranged):
                dossier = int(choices.ranged[ranged])
                above = int(offers.most_cents[dossier]) - int(offers.least_cents[dossier])
                steps = above // int(offers.unit_cents[dossier])
            most += steps * number
    return most + sum(best.values())


def format_row_name(kind: str, rule: str, group: str | None = None, side: str = "") -> str:
    """Return « rule:ID:GROUP:side », the name of a row in the model."""
    return ":".join(part for part in (kind, rule, group, side) if part)


def _add_implications(
    lines: RowCollector, rule: str, first: IntArray, second: IntArray, numbers: pl.Series
) -> None:
    """Add x_first ≤ x_second for each pair."""
    pairs = zip(numbers.gather(first).to_list(), numbers.gather(second).to_list(), strict=True)
    names = [f"{format_row_name('rule', rule, f'{a} → {b}')}:max" for a, b in pairs]
    row, ones = np.arange(len(names)), np.ones(len(names), dtype=np.int64)
    lines.add_funded(
        names,
        np.concatenate([row, row]),
        np.concatenate([first, second]),
        np.concatenate([ones, -ones]),
        [0] * len(names),
    )


def _assign_single_group(columns: Columns) -> IntArray:
    return np.zeros(columns.n, dtype=np.int64)


def round_bounds(
    bounds: Sequence[Fraction | None], scale: Fraction, rounded: Callable[[Fraction], int]
) -> list[int | None]:
    """Return each bound in whole units of `scale`; neighbours that are the same object are divided once."""
    result: list[int | None] = []
    for k, bound in enumerate(bounds):
        if k and bound is bounds[k - 1]:
            result.append(result[-1])
        else:
            result.append(None if bound is None else rounded(bound / scale))
    return result


def _round_up(value: Fraction) -> int:
    return math.ceil(value)


def _round_down(value: Fraction) -> int:
    return value.numerator // value.denominator


def _select_group(total: Sum, group: int) -> Sum:
    """Return one group of a sum as a sum of its own."""
    code = np.where(total.group == group, 0, -1)
    return Sum(code, total.value, (total.constant[group],), total.linear[[group]])


def _pool_groups(total: Sum) -> Sum:
    """Return all groups of a sum as one."""
    code = np.where(total.group >= 0, 0, -1)
    return Sum(code, total.value, (sum(total.constant),), np.array([bool(total.linear.all())]))


def _subtract_share(total: Sum, whole: Sum, ratio: Fraction) -> Sum:
    """Return q · part − p · whole for a ratio p/q, by group; a column outside a sum has coefficient 0."""
    group = np.maximum(total.group, whole.group)
    left = _multiply_exact(np.where(total.group >= 0, total.value, 0), ratio.denominator)
    right = _multiply_exact(np.where(whole.group >= 0, whole.value, 0), ratio.numerator)
    constant = tuple(
        ratio.denominator * a - ratio.numerator * b
        for a, b in zip(total.constant, whole.constant, strict=True)
    )
    return Sum(group, left - right, constant, total.linear & whole.linear)


def _multiply_exact(value: Numbers, factor: int) -> Numbers:
    """Return value · factor, in int64 if a difference of two products fits, else in Python integers."""
    largest = max((abs(int(value.max(initial=0))), abs(int(value.min(initial=0)))), default=0)
    exact: Numbers = value if largest * factor < ROOM // 2 else value.astype(object)
    return exact * factor
