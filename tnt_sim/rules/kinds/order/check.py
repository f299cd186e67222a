"""Second reading of `order`: its rows rebuilt for the proof checker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import polars as pl

from tnt_sim.rules.linear_terms import IntArray
from tnt_sim.rules.second_reading.rows import RowCollector, RuleData, format_row_name


class OrderData(RuleData, Protocol):
    """Fields of a compiled `order` that its second reading reads."""

    @property
    def names(self) -> Sequence[str | None]:
        """The name of each group."""

    @property
    def group(self) -> IntArray:
        """The group of each ranked dossier, int64 (m,)."""

    @property
    def dossier(self) -> IntArray:
        """The ranked dossiers, int64 (m,)."""

    @property
    def level(self) -> IntArray:
        """The level of each, 0 for the best, int64 (m,)."""

    @property
    def number(self) -> pl.Series:
        """The number of every dossier."""


class QueueData(Protocol):
    """Fields of one queue that the second reading of `order` reads."""

    @property
    def name(self) -> str:
        """The envelope."""

    @property
    def money_cents(self) -> int:
        """The money that the queue shares out."""

    @property
    def dossier(self) -> IntArray:
        """The dossiers, first come first, int64 (m,)."""


class FirstComeData(RuleData, Protocol):
    """Fields of a compiled `order` with queues that its second reading reads."""

    @property
    def queues(self) -> Sequence[QueueData]:
        """The queue of each envelope."""

    @property
    def least_cents(self) -> IntArray:
        """The least amount of each dossier, int64 (n,)."""

    @property
    def most_cents(self) -> IntArray:
        """The greatest amount of each dossier, int64 (n,)."""

    @property
    def number(self) -> pl.Series:
        """The number of every dossier."""


def add_order_rows(lines: RowCollector, rule: OrderData) -> None:
    """Write each dossier against all dossiers of the level before it.

    Where that level has several dossiers a further column y says that all of them are funded: x ≤ y for each
    dossier below, y ≤ x for each of the level. Without it the rows are left unread.
    """
    numbers = dict(zip(rule.dossier.tolist(), rule.number.gather(rule.dossier).to_list(), strict=True))
    names: list[str] = []
    row, dossier, value = [], [], []
    further: list[tuple[int, int, int]] = []
    levels: dict[tuple[int, int], list[int]] = {}
    for group, level, entry in zip(
        rule.group.tolist(), rule.level.tolist(), rule.dossier.tolist(), strict=True
    ):
        levels.setdefault((group, level), []).append(entry)
    for (group, level), ranked in levels.items():
        above = levels.get((group, level - 1), [])
        below = [f"{format_row_name('rule', rule.id, numbers[entry])}:max" for entry in ranked if above]
        first = len(names)
        if len(above) == 1:
            row += [k for place in range(len(below)) for k in (first + place, first + place)]
            dossier += [k for entry in ranked for k in (entry, above[0])]
            value += [1, -1] * len(below)
            names += below
        elif above:
            links = [f"{format_row_name('link', rule.id, numbers[better])}:max" for better in above]
            gate = f"level:{rule.id}:{rule.names[group] or ''}:{level - 1}"
            if not lines.has_further(gate):
                lines.unread.update((*below, *links))
                continue
            column = lines.add_further(gate, 1)
            size = len(below) + len(links)
            row += range(first, first + size)
            dossier += [*ranked, *above]
            value += [*[1] * len(below), *[-1] * len(links)]
            further += [(first + k, column, -1 if k < len(below) else 1) for k in range(size)]
            names += [*below, *links]
    at, whose, worth = (np.array(part, dtype=np.int64) for part in (row, dossier, value))
    start = len(lines.names)
    lines.add_funded(names, at, whose, worth, [0] * len(names))
    places, columns, signs = zip(*further, strict=True) if further else ((), (), ())
    lines.add_further_entries(start, places, columns, signs)


def add_queue_rows(lines: RowCollector, rule: FirstComeData) -> None:
    """Write the queues whose amounts are fixed, by serving them in turn.

    Queues with variable amounts are left unread.
    """
    for queue in rule.queues:
        most, least = rule.most_cents[queue.dossier], rule.least_cents[queue.dossier]
        names = rule.number.gather(queue.dossier).to_list()
        if (most == least).all():
            _add_fixed_queue(lines, rule, queue, names)
            continue
        lines.unread.update(f"{format_row_name('rule', rule.id, name)}:max" for name in names)
        lines.unread.update(f"{format_row_name('rule', rule.id, name, 'turn')}:min" for name in names)
        lines.unread.add(f"{format_row_name('rule', rule.id, queue.name, 'money')}:max")


def _add_fixed_queue(lines: RowCollector, rule: FirstComeData, queue: QueueData, names: list[str]) -> None:
    left, value, bound = queue.money_cents, [], []
    for cents in rule.least_cents[queue.dossier].tolist():
        served = cents <= left
        left -= cents if served else 0
        value.append(-1 if served else 1)
        bound.append(-1 if served else 0)
    labels = [f"{format_row_name('rule', rule.id, name)}:max" for name in names]
    lines.add_funded(labels, np.arange(len(labels)), queue.dossier, np.array(value, dtype=np.int64), bound)
