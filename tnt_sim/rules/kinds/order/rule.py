"""Rule `order`: no dossier before a better one (precedence), or first come, first served with skipping.

**Precedence** (`rank`, or `first_come` without `skip`). Eligible dossiers that are neither committed nor
funded by decision are sorted, in each group of `by`, into levels of equal rank L₁ (best), L₂, …

    xᵢ ≤ aₗ     for each i in Lₗ₊₁
    aₗ ≤ xⱼ     for each j in Lₗ        aₗ ∈ {0, 1}: all of level l, and so of all better levels, are funded

This takes at most two rows per dossier; where a level has one dossier, its x replaces a. A dossier with an
empty rank is outside the order, with a warning. `first_come` ranks by instant, an empty instant last. `ties`
decides between equal values: with `free` they form one level, with `rank` they follow the order of filing
and then the number, so that no two are equal. A penalty is charged per pair whose worse dossier is funded
and better one not.

**Queues** (`first_come` with `skip: true`). The queue of an envelope is the dossiers of `where` that ask
from it, eligible, neither committed nor decided, by instant and then number. Each is funded if what is left
suffices for it, and passed over otherwise. With M the money of the queue and bᵢ the least that dossier i may
get:

    xᵢ = 1  ⇔  bᵢ ≤ M − Σ_{j before i} gⱼ        and        Σ g ≤ M

M is what the envelope may grant by itself (written amount less reserve), less the amounts of its children,
less what is committed or decided in it (an amount left open by a decision counts at its most). Money added
from elsewhere does not lengthen a queue; dossiers of the envelope outside `where` share what the queue
leaves.

With fixed amounts the queue is settled by serving it once. With variable amounts (ranges, levels), what is
left at turn i lies in an interval [lowᵢ, highᵢ]: i is funded if bᵢ ≤ lowᵢ, is not if bᵢ > highᵢ, and in
between

    Σ_{j before i} gⱼ + (highᵢ − bᵢ + 1)·xᵢ ≥ M − bᵢ + 1
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
import polars as pl

from tnt_sim.domain.field_types import Code, Flag
from tnt_sim.domain.portfolio import convert_to_instants
from tnt_sim.i18n.message import _, _n
from tnt_sim.rules.envelopes.tree_reading import compute_unassigned_cents
from tnt_sim.rules.expressions.columns import (
    ValueKind,
    get_column_kind,
    read_numeric_column,
    record_unknown_column,
)
from tnt_sim.rules.expressions.groups import group_by_columns
from tnt_sim.rules.expressions.measures import Measures
from tnt_sim.rules.expressions.selectors import Selector, select
from tnt_sim.rules.kind_support.rule_spec import RuleSpec, compile_penalty, get_mode
from tnt_sim.rules.linear_terms import BoolArray, IntArray, Terms, Unit, sum_exactly
from tnt_sim.rules.offers.funded_rows import (
    FundedRows,
    build_empty_terms,
    format_dossier_rows,
    has_too_many_pairs,
)
from tnt_sim.rules.offers.grants import Offers
from tnt_sim.rules.protocols import (
    Case,
    Mode,
    Path,
    Penalty,
    Reading,
    RowBuilder,
    RowKind,
    RowLabel,
    RuleDefaults,
    RuleReading,
    Soft,
)

MAX_OPEN = 300
"""Most dossiers per queue whose turn depends on variable amounts; each is a row over all dossiers before it.
"""


@dataclass(frozen=True, slots=True)
class Queue:
    """The queue of one envelope.

    Attributes
    ----------
    name : id of the envelope
    money_cents : M, at least 0
    dossier : int64 (m,), rows of the table, first come first
    """

    name: str
    money_cents: int
    dossier: IntArray


@dataclass(frozen=True, slots=True)
class FirstCome(RuleDefaults):
    """A compiled `order` with `skip: true`."""

    id: str
    kind: str
    mode: Mode
    queues: tuple[Queue, ...]
    least_cents: IntArray
    most_cents: IntArray
    number: pl.Series
    penalty: Penalty | None = None

    def build_rows(self, builder: RowBuilder) -> None:
        """Write the queue rows of the module's equations."""
        for queue in self.queues:
            sure, never, open_ = self.split_queue(queue)
            self._fix(builder, sure, -1)
            self._fix(builder, never, 1)
            if self._has_fixed_amounts(queue) and not open_:
                continue
            codes = np.full(len(self.number), -1, dtype=np.int64)
            codes[queue.dossier] = 0
            label = RowLabel(RowKind.RULE, self.id, queue.name, "money")
            builder.add_rows([label], self._build_granted_terms(), codes, [None], [queue.money_cents])
            for place, high in open_:
                self._write_turn(builder, queue, place, high)

    def build_soft_rows(self, builder: RowBuilder, soft: Soft) -> None:
        """Write nothing: such a rule is hard or only reported."""

    def split_queue(self, queue: Queue) -> tuple[list[int], list[int], list[tuple[int, int]]]:
        """Return the dossiers funded in every case, those funded in none, and (place, highᵢ) of the others."""
        low = high = queue.money_cents
        sure: list[int] = []
        never: list[int] = []
        open_: list[tuple[int, int]] = []
        least, most = self.least_cents[queue.dossier].tolist(), self.most_cents[queue.dossier].tolist()
        for place, (a, b) in enumerate(zip(least, most, strict=True)):
            if a <= low:
                sure.append(int(queue.dossier[place]))
                low, high = max(0, low - b), high - a
            elif a > high:
                never.append(int(queue.dossier[place]))
            else:
                open_.append((place, high))
                low, high = 0, max(a - 1, high - a)
        return sure, never, open_

    def _has_fixed_amounts(self, queue: Queue) -> bool:
        return bool((self.least_cents[queue.dossier] == self.most_cents[queue.dossier]).all())

    def _fix(self, builder: RowBuilder, dossiers: list[int], sign: int) -> None:
        """Write x ≥ 1 with sign -1, x ≤ 0 with sign 1."""
        rows = np.array(dossiers, dtype=np.int64)
        ones = np.ones(len(rows), dtype=np.int64)
        FundedRows(
            self.number.gather(rows).to_list(),
            np.arange(len(rows)),
            rows,
            sign * ones,
            np.minimum(sign, 0) * ones,
        ).write(builder, self.id, np.zeros(len(self.number), dtype=np.bool_))

    def _write_turn(self, builder: RowBuilder, queue: Queue, place: int, high: int) -> None:
        """Write the row of a dossier whose turn depends on the amounts granted before it."""
        row = int(queue.dossier[place])
        need = int(self.least_cents[row])
        codes = np.full(len(self.number), -1, dtype=np.int64)
        codes[queue.dossier[:place]] = 0
        label = RowLabel(RowKind.RULE, self.id, self.number[row], "turn")
        column = int(builder.get_funded_columns()[row])
        lower = queue.money_cents - need + 1
        # a dossier refused in an analysis has no column: x_i = 0
        served = [(0, column, high - need + 1)] if column >= 0 else []
        builder.add_rows([label], self._build_granted_terms(), codes, [lower], [None], served)

    def _build_granted_terms(self) -> Terms:
        ones = np.ones(len(self.number), dtype=np.int64)
        return Terms(Fraction(1, 100), Unit.MONEY, np.zeros_like(ones), ones)

    def read(self, funded: BoolArray, granted_cents: IntArray) -> RuleReading:
        """Count in each queue the dossiers that are not treated as their turn requires."""
        wrong = [self._find_violations(queue, funded, granted_cents) for queue in self.queues]
        readings = tuple(
            Reading(queue.name, int((found >= 0).sum()), 1, None, Fraction(0))
            for queue, found in zip(self.queues, wrong, strict=True)
        )
        return RuleReading(self.id, self.kind, self.mode, readings, grouped=True)

    def _find_violations(self, queue: Queue, funded: BoolArray, granted_cents: IntArray) -> IntArray:
        """Return the dossiers funded without enough money, or not funded in spite of it.

        The others are -1: int64 (m,).
        """
        left = queue.money_cents - np.concatenate([[0], np.cumsum(granted_cents[queue.dossier])])
        held = funded[queue.dossier]
        wrong = np.where(held, left[1:] < 0, self.least_cents[queue.dossier] <= left[:-1])
        return np.where(wrong, queue.dossier, -1)

    @property
    def has_distance(self) -> bool:
        """False: the amount of one dossier decides the turn of all after it."""
        return False

    def record_no_distance(self, case: Case, name: str, path: Path) -> None:
        """Record that a queue has no distance."""
        case.record_defect(
            "shortfall",
            _('"{name}": a queue (`skip: true`) has no distance to make smaller.', name=name),
            path,
            _("Make the rule hard, or write `skip: false`."),
        )

    @property
    def queue_names(self) -> tuple[str, ...]:
        """The envelopes that have a queue."""
        return tuple(queue.name for queue in self.queues)

    @property
    def is_between(self) -> bool:
        """True: one dossier may exclude another."""
        return True

    def find_blocking_dossiers(self, funded: BoolArray, granted_cents: IntArray) -> IntArray:
        """Return for each unfunded dossier of a queue the last one funded before it, -1 if none: int64 (n,)."""
        places = np.full(len(funded), -1, dtype=np.int64)
        for queue in self.queues:
            served = -1
            for row in queue.dossier.tolist():
                if funded[row]:
                    served = row
                else:
                    places[row] = served
        return places


def compile_queue(
    rule: str, mode: Mode, mask: BoolArray, position: IntArray, case: Case, offers: Offers, path: Path
) -> FirstCome | None:
    """Build the queues of the envelopes that the dossiers of `mask` ask from.

    Parameters
    ----------
    rule : id of the rule
    mask : bool (n,), the dossiers in the queues
    position : int64 (n,), order of arrival
    """
    queues: list[Queue] = []
    for node in np.unique(case.node[mask & (case.node >= 0)]).tolist():
        money = _compute_queue_cents(case, offers, node)
        if money is None:
            _record_missing_amount(case, node, path)
            return None
        mine = np.flatnonzero(mask & (case.node == node))
        queues.append(Queue(case.tree.ids[node], max(0, money), mine[np.argsort(position[mine])]))
    result = FirstCome(
        rule, "order", mode, tuple(queues), offers.least_cents, offers.most_cents, case.table["dossier"]
    )
    for queue in queues:
        n_open = len(result.split_queue(queue)[2])
        if mode is Mode.HARD and n_open > MAX_OPEN:
            _record_open_queue(case, queue, n_open, path)
            return None
    return result


def _compute_queue_cents(case: Case, offers: Offers, node: int) -> int | None:
    """Return M: the envelope's own money less what is committed and decided there; None without an amount."""
    money = compute_unassigned_cents(case.tree, node)
    if money is None:
        return None
    inside = case.node == node
    for child in case.tree.list_children(node):
        if case.tree.amount_cents[child] is None:
            inside |= (case.node >= child) & (case.node < case.tree.end[child])
    taken = np.where(offers.forced, offers.most_cents, offers.committed_cents)
    return money - sum_exactly(taken[inside])


def _record_missing_amount(case: Case, node: int, path: Path) -> None:
    name = case.tree.ids[node]
    case.record_defect(
        "no-amount",
        _('the envelope "{name}" has no written amount: nothing says where its queue ends.', name=name),
        (*path, "skip"),
        _("Give it an amount, or write `skip: false`."),
    )


def _record_open_queue(case: Case, queue: Queue, n_open: int, path: Path) -> None:
    case.record_defect(
        "queue-open",
        _(
            'in the queue of "{queue_name}" the turn of {n_open} applications depends on amounts '
            "that the run chooses; the limit is {max_open}.",
            queue_name=queue.name,
            n_open=n_open,
            max_open=MAX_OPEN,
        ),
        (*path, "skip"),
        _("Settle the amounts (`all_or_nothing`), or write `skip: false`."),
    )


class OrderSpec(RuleSpec):
    """Better applications first, by a column; or first come, first served."""

    counts_pairs = True
    kind: Literal["order"]
    where: Selector | None = None
    by: Code | tuple[Code, ...] | None = None
    rank: Code | None = None
    best: Literal["high", "low"] | None = None
    first_come: Code | None = None
    skip: Flag | None = None
    ties: Literal["free", "rank"] | None = None

    @property
    def ties_used(self) -> Literal["free", "rank"]:
        """The treatment of equal values: `ties` if written, else `rank` in a queue and `free` otherwise.

        The sentence, the formula, the rows, the readings and the explanation all follow from it.
        """
        return self.ties or ("rank" if self.skip else "free")

    @property
    def is_ceiling(self) -> bool:
        """True."""
        return True

    @property
    def binds(self) -> Literal["free"]:
        """The dossiers that are neither settled nor out of play."""
        return "free"


@dataclass(frozen=True, slots=True)
class Order(RuleDefaults):
    """A compiled `order` without `skip`.

    Attributes
    ----------
    names : the groups
    group, dossier, level : int64 (m,), sorted by group and then best first; level counts from 0 in each
        group
    number : number of every dossier of the table
    """

    id: str
    kind: str
    mode: Mode
    names: tuple[str | None, ...]
    grouped: bool
    group: IntArray
    dossier: IntArray
    level: IntArray
    number: pl.Series
    penalty: Penalty | None = None

    def build_rows(self, builder: RowBuilder) -> None:
        """Write x ≤ a of the level before, and a ≤ x for each dossier of the level."""
        if len(self.dossier) == 0:
            return
        x = builder.get_funded_columns()[self.dossier]
        step = _enumerate_levels(self.group, self.level)
        size = np.bincount(step)
        first = np.searchsorted(step, np.arange(len(size)))
        gate, group = x[first], self.group[first]
        followed = np.append(group[1:] == group[:-1], False)
        shared = np.flatnonzero((size > 1) & followed)
        for k in shared.tolist():
            at = int(first[k])
            name = self.names[int(self.group[at])] or ""
            gate[k] = builder.add_column(f"level:{self.id}:{name}:{int(self.level[at])}", 0, 1)
        below = np.flatnonzero(self.level > 0)
        self._write(builder, RowKind.RULE, below, x[below], gate[step[below] - 1])
        inside = np.flatnonzero(np.isin(step, shared))
        self._write(builder, RowKind.LINK, inside, gate[step[inside]], x[inside])

    def _write(
        self, builder: RowBuilder, kind: RowKind, place: IntArray, small: IntArray, large: IntArray
    ) -> None:
        """Write small − large ≤ 0, one row per dossier of `place`.

        A column of -1 (a refused dossier) counts as 0.
        """
        if len(place) == 0:
            return
        names = self.number.gather(self.dossier[place]).to_list()
        labels = [RowLabel(kind, self.id, name) for name in names]
        extra = [
            (row, column, sign)
            for sign, columns in ((1, small), (-1, large))
            for row, column in enumerate(columns.tolist())
            if column >= 0
        ]
        none: list[int | None] = [None] * len(labels)
        builder.add_rows(labels, build_empty_terms(len(self.number)), None, none, [0] * len(labels), extra)

    def build_soft_rows(self, builder: RowBuilder, soft: Soft) -> None:
        """Write x_worse ≤ x_better for each pair, each violated pair at its price."""
        worse, better = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
        for code in np.unique(self.group).tolist():
            own = np.flatnonzero(self.group == code)
            level = self.level[own]
            i, j = np.nonzero(level[:, None] < level[None, :])
            better.append(self.dossier[own[i]])
            worse.append(self.dossier[own[j]])
        rows = FundedRows.from_implications(np.concatenate(worse), np.concatenate(better), self.number)
        rows.write(builder, self.id, np.zeros(len(self.number), dtype=np.bool_), soft=soft)

    def read(self, funded: BoolArray, granted_cents: IntArray) -> RuleReading:
        """Count in each group the pairs whose worse dossier is funded and better one is not."""
        held = funded[self.dossier]
        pairs = np.where(held, self._count_unfunded_before(held), 0)
        broken = np.zeros(len(self.names), dtype=np.int64)
        np.add.at(broken, self.group, pairs)
        readings = tuple(
            Reading(name, n, 1, None, Fraction(0))
            for name, n in zip(self.names, broken.tolist(), strict=True)
        )
        return RuleReading(self.id, self.kind, self.mode, readings, self.grouped)

    def _count_unfunded_before(self, held: BoolArray) -> IntArray:
        """Return how many strictly better dossiers of its group are unfunded, int64 (m,)."""
        before = np.concatenate([[0], np.cumsum(~held)])
        step = _enumerate_levels(self.group, self.level)
        level_start = np.searchsorted(step, step)
        group_start = np.searchsorted(self.group, self.group)
        better: IntArray = before[level_start] - before[group_start]
        return better

    @property
    def is_between(self) -> bool:
        """True: one dossier may exclude another."""
        return True

    def find_blocking_dossiers(self, funded: BoolArray, granted_cents: IntArray) -> IntArray:
        """Return for each unfunded dossier the best unfunded one of its group, int64 (n,), -1 for none."""
        held = funded[self.dossier]
        places = np.full(len(funded), -1, dtype=np.int64)
        barred = np.flatnonzero(~held & (self._count_unfunded_before(held) > 0))
        unfunded = np.flatnonzero(~held)
        start = np.searchsorted(self.group, self.group[barred])
        places[self.dossier[barred]] = self.dossier[unfunded[np.searchsorted(unfunded, start)]]
        return places

    @property
    def n_pairs(self) -> int:
        """Number of pairs of a strictly better and a worse dossier."""
        step = _enumerate_levels(self.group, self.level)
        start = np.searchsorted(self.group, self.group)
        return int((np.searchsorted(step, step) - start).sum())


def _enumerate_levels(group: IntArray, level: IntArray) -> IntArray:
    """Return a running number of the pairs (group, level), int64 (m,)."""
    new = np.ones(len(group), dtype=np.int64)
    new[1:] = (group[1:] != group[:-1]) | (level[1:] != level[:-1])
    return np.cumsum(new) - 1


def compile_order(
    spec: OrderSpec, path: Path, case: Case, measures: Measures, offers: Offers
) -> Order | FirstCome | None:
    """Resolve the rule on the dossiers; None, with defects recorded, when something is unknown."""
    if not _has_valid_keys(spec, case, path):
        return None
    chosen = select(case, spec.where, (*path, "where"))
    if chosen is None:
        return None
    mask = chosen & offers.candidate & ~offers.forced & case.select_applicable(spec.id)
    position = (
        _rank_by_value(spec, mask, case, measures, path) if spec.rank else _rank_by_instant(spec, case, path)
    )
    if position is None:
        return None
    if spec.ties_used == "rank":
        position = _break_ties(position)
    if spec.skip:
        return compile_queue(spec.id, get_mode(spec), mask, position, case, offers, path)
    groups = group_by_columns(case, spec.by, None, mask, mask & (position >= 0), path)
    if groups is None:
        return None
    dossier = np.flatnonzero(groups.codes >= 0)
    code, place = groups.codes[dossier], position[dossier]
    order = np.lexsort((dossier, place, code))
    dossier, code, place = dossier[order], code[order], place[order]
    step = _enumerate_levels(code, place)
    result = Order(
        spec.id,
        spec.kind,
        get_mode(spec),
        groups.names,
        groups.grouped,
        code,
        dossier,
        step - step[np.searchsorted(code, code)] if len(code) else step,
        case.table["dossier"],
        compile_penalty(spec, case, Unit.NUMBER, path),
    )
    if result.mode is Mode.PENALTY and has_too_many_pairs(case, result.n_pairs, path):
        return None
    return result


def _has_valid_keys(spec: OrderSpec, case: Case, path: Path) -> bool:
    """Return whether the keys of the rule fit together; record a defect otherwise."""
    faults = [
        (
            (spec.rank is None) == (spec.first_come is None),
            path,
            _("a rule `order` needs `rank` or `first_come`, one of the two."),
        ),
        (
            spec.best is not None and spec.rank is None,
            (*path, "best"),
            _("`best` is written with `rank` only. Take it out, or add `rank`."),
        ),
        (
            spec.skip is not None and spec.first_come is None,
            (*path, "skip"),
            _("`skip` is written with `first_come` only. Take it out, or add `first_come: filed_at`."),
        ),
        (
            bool(spec.skip) and spec.by is not None,
            (*path, "by"),
            _("with `skip: true` each envelope has its own queue: take out `by`."),
        ),
        (
            bool(spec.skip) and get_mode(spec) is Mode.PENALTY,
            (*path, "penalty"),
            _("a rule with `skip: true` takes no penalty: take `penalty` out, or write `report: true`."),
        ),
        (
            bool(spec.skip) and spec.ties == "free",
            (*path, "ties"),
            _(
                "with `skip: true` each application has its turn: equal applications follow the order of "
                "filing, then the number. Write `ties: rank`, or take `ties` out."
            ),
        ),
    ]
    for wrong, where, text in faults:
        if wrong:
            case.record_defect("order", text, where)
            return False
    return True


def _rank_by_value(
    spec: OrderSpec, mask: BoolArray, case: Case, measures: Measures, path: Path
) -> IntArray | None:
    """Return the place of each dossier by rank, int64 (n,).

    0 is best, equal ranks have equal places, and an empty rank is -1.
    """
    name, here = spec.rank or "", (*path, "rank")
    if name in measures.named:
        values = _read_measure(case, measures, name, here)
        missing = np.zeros(case.n, dtype=np.bool_)
    elif get_column_kind(case, name) is ValueKind.DATE:
        column = read_instants(case, name)
        values, missing = _convert_to_epoch(column), column.is_null().to_numpy()
    else:
        column_ = read_numeric_column(case, name, here, measures.list_names)
        if column_ is None:
            return None
        values, missing = column_.values, column_.missing
    if values is None:
        return None
    _warn_empty(case, mask & missing, name, here)
    key = -values if spec.best == "high" else values
    __, place = np.unique(key, return_inverse=True)
    return np.where(missing, -1, place.astype(np.int64))


def _read_measure(case: Case, measures: Measures, name: str, path: Path) -> IntArray | None:
    terms = measures.get_terms(name, path)
    if terms is None:
        return None
    if terms.once or terms.per_cent.any():
        case.record_defect(
            "order-measure",
            _(
                'the measure "{name}" does not give one figure for each application: it cannot rank them.',
                name=name,
            ),
            path,
            _("Rank by a column, for example `rank: score`."),
        )
        return None
    return terms.per_funded


def _warn_empty(case: Case, empty: BoolArray, name: str, path: Path) -> None:
    rows = np.flatnonzero(empty)
    if len(rows) == 0:
        return
    names = format_dossier_rows(case, rows)
    case.warnings.add(
        "order-empty",
        _n(
            'outside the order for want of "{name}", neither before nor after others: {n} application ({names}).',
            'outside the order for want of "{name}", neither before nor after others: {n} '
            "applications ({names}).",
            n=len(rows),
            name=name,
            names=names,
        ),
        case.locate(path),
        *(case.portfolio.locate(int(row), name) for row in rows[:5]),
    )


def _rank_by_instant(spec: OrderSpec, case: Case, path: Path) -> IntArray | None:
    """Return the place of each dossier by instant, int64 (n,): equal for equal instants, empty ones last."""
    name = spec.first_come or ""
    kind = get_column_kind(case, name)
    if kind is None:
        record_unknown_column(case, name, (*path, "first_come"))
        return None
    if kind is not ValueKind.DATE:
        case.record_defect(
            "order-date",
            _('the column "{name}" does not hold dates: it does not say who comes first.', name=name),
            (*path, "first_come"),
            _("Name a column of dates, for example `first_come: filed_at`."),
        )
        return None
    column = read_instants(case, name)
    values = _convert_to_epoch(column)
    values[column.is_null().to_numpy()] = np.iinfo(np.int64).max
    __, place = np.unique(values, return_inverse=True)
    return place.astype(np.int64)


def _break_ties(position: IntArray) -> IntArray:
    """Return places with ties broken by the order of the table (filing, then number); -1 stays: int64 (n,)."""
    place = np.empty(len(position), dtype=np.int64)
    place[np.argsort(position, kind="stable")] = np.arange(len(position))
    return np.where(position < 0, -1, place)


def read_instants(case: Case, name: str) -> pl.Series:
    """Return a date column as instants, null where empty."""
    return case.table.select(convert_to_instants(name, case.table.schema[name], case.timezone)).to_series()


def _convert_to_epoch(column: pl.Series) -> IntArray:
    return column.dt.epoch("us").fill_null(0).to_numpy().astype(np.int64, copy=True)
