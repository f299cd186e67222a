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

    The model passes through a further column where that level has several dossiers; such rows are left
    unread.
    """
    numbers = dict(zip(rule.dossier.tolist(), rule.number.gather(rule.dossier).to_list(), strict=True))
    names: list[str] = []
    row, dossier, value = [], [], []
    levels: dict[tuple[int, int], list[int]] = {}
    for group, level, entry in zip(
        rule.group.tolist(), rule.level.tolist(), rule.dossier.tolist(), strict=True
    ):
        levels.setdefault((group, level), []).append(entry)
    for (group, level), mine in levels.items():
        above = levels.get((group, level - 1), [])
        for entry in mine if above else ():
            row += [len(names)] * (1 + len(above))
            dossier += [entry, *above]
            value += [len(above), *([-1] * len(above))]
            names.append(f"{format_row_name('rule', rule.id, numbers[entry])}:max")
            if len(above) > 1:
                lines.unread.add(names[-1])
                lines.unread.update(
                    f"{format_row_name('link', rule.id, numbers[better])}:max" for better in above
                )
    at, whose, worth = (np.array(part, dtype=np.int64) for part in (row, dossier, value))
    lines.add_funded(names, at, whose, worth, [0] * len(names))


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
