"""`order` with `first_come` and `skip: true`: first come, first served, until the money is used up.

Each envelope has its queue: the dossiers of `where` asked from it, eligible, neither committed nor decided, by
instant and then number. With M the money of the queue and bᵢ the least that dossier i may get,

    xᵢ = 1  ⇔  bᵢ ≤ M − Σ_{j before i} gⱼ        and        Σ g ≤ M

M is what the envelope may grant by itself (its written amount, less its reserve), less its children's amounts,
less what is committed and decided in it (an amount left open by a decision at its most). Money that others
leave free does not lengthen a queue; dossiers of the envelope outside `where` have what the queue leaves.

Where amounts are not open the queue is settled by reading it once. With open amounts (ranges, levels) what is left
lies in an interval [low, high]: i is funded where bᵢ ≤ low, not where bᵢ > high, and between the two

    Σ_{j before i} gⱼ + (highᵢ − bᵢ + 1)·xᵢ ≥ M − bᵢ + 1
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import polars as pl

from tnt_sim.errors import Text
from tnt_sim.rules.base import (
    BoolArray,
    Case,
    IntArray,
    Mode,
    Path,
    Penalty,
    Reading,
    RowBuilder,
    RowKind,
    RowLabel,
    RuleReading,
    Soft,
    Terms,
    Unit,
    exact_sum,
)
from tnt_sim.rules.envelope import unassigned_cents
from tnt_sim.rules.funded import FundedRows
from tnt_sim.rules.grant import Offers

MAX_OPEN = 300
"""Dossiers whose turn depends on open amounts, in one queue: each is a row over all that come before it."""


@dataclass(frozen=True, slots=True)
class Queue:
    """The queue of one envelope.

    Attributes
    ----------
    name : the envelope
    money_cents : what the queue may have, 0 at least
    dossier : int64 (m,), rows of the table, first come first
    """

    name: str
    money_cents: int
    dossier: IntArray


@dataclass(frozen=True, slots=True)
class FirstCome:
    """A compiled `order` with `skip: true`."""

    id: str
    kind: str
    mode: Mode
    queues: tuple[Queue, ...]
    least_cents: IntArray
    most_cents: IntArray
    number: pl.Series
    penalty: Penalty | None = None

    def rows(self, builder: RowBuilder) -> None:
        """See the module's equations."""
        for queue in self.queues:
            sure, never, open_ = self.settled(queue)
            self._fix(builder, sure, -1)
            self._fix(builder, never, 1)
            if self._fixed(queue) and not open_:
                continue
            codes = np.full(len(self.number), -1, dtype=np.int64)
            codes[queue.dossier] = 0
            label = RowLabel(RowKind.RULE, self.id, queue.name, "money")
            builder.rows([label], self._granted(), codes, [None], [queue.money_cents])
            for place, high in open_:
                self._turn(builder, queue, place, high)

    def soft_rows(self, builder: RowBuilder, soft: Soft) -> None:
        """None: such a rule is hard or report only."""

    def settled(self, queue: Queue) -> tuple[list[int], list[int], list[tuple[int, int]]]:
        """Who is funded and who not whatever is decided, and (place, most that can be left) of the others."""
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

    def _fixed(self, queue: Queue) -> bool:
        return bool((self.least_cents[queue.dossier] == self.most_cents[queue.dossier]).all())

    def _fix(self, builder: RowBuilder, dossiers: list[int], sign: int) -> None:
        """x ≥ 1 with sign -1, x ≤ 0 with sign 1."""
        rows = np.array(dossiers, dtype=np.int64)
        ones = np.ones(len(rows), dtype=np.int64)
        FundedRows(
            self.number.gather(rows).to_list(),
            np.arange(len(rows)),
            rows,
            sign * ones,
            np.minimum(sign, 0) * ones,
        ).write(builder, self.id, np.zeros(len(self.number), dtype=np.bool_))

    def _turn(self, builder: RowBuilder, queue: Queue, place: int, high: int) -> None:
        """The row of one dossier whose turn depends on the amounts before it."""
        row = int(queue.dossier[place])
        need = int(self.least_cents[row])
        codes = np.full(len(self.number), -1, dtype=np.int64)
        codes[queue.dossier[:place]] = 0
        label = RowLabel(RowKind.RULE, self.id, self.number[row], "turn")
        column = int(builder.funded_columns()[row])
        lower = queue.money_cents - need + 1
        # one that a question refuses has no column: it is not served
        served = [(0, column, high - need + 1)] if column >= 0 else []
        builder.rows([label], self._granted(), codes, [lower], [None], served)

    def _granted(self) -> Terms:
        ones = np.ones(len(self.number), dtype=np.int64)
        return Terms(Fraction(1, 100), Unit.MONEY, np.zeros_like(ones), ones)

    def read(self, funded: BoolArray, granted_cents: IntArray) -> RuleReading:
        """In each queue, how many are not treated as their turn says."""
        wrong = [self._wrong(queue, funded, granted_cents) for queue in self.queues]
        readings = tuple(
            Reading(queue.name, int((found >= 0).sum()), 1, None, Fraction(0))
            for queue, found in zip(self.queues, wrong, strict=True)
        )
        return RuleReading(self.id, self.kind, self.mode, readings, grouped=True)

    def _wrong(self, queue: Queue, funded: BoolArray, granted_cents: IntArray) -> IntArray:
        """The dossiers funded without room, or not funded in spite of room; -1 for the others: int64 (m,)."""
        left = queue.money_cents - np.concatenate([[0], np.cumsum(granted_cents[queue.dossier])])
        held = funded[queue.dossier]
        wrong = np.where(held, left[1:] < 0, self.least_cents[queue.dossier] <= left[:-1])
        return np.where(wrong, queue.dossier, -1)

    def barred_by(self, funded: BoolArray, granted_cents: IntArray) -> IntArray:
        """For each unfunded dossier without room at its turn the last one served before it: int64 (n,)."""
        found = np.full(len(funded), -1, dtype=np.int64)
        for queue in self.queues:
            served = -1
            for row in queue.dossier.tolist():
                if funded[row]:
                    served = row
                else:
                    found[row] = served
        return found


def compile_queue(
    rule: str, mode: Mode, mask: BoolArray, position: IntArray, case: Case, offers: Offers, path: Path
) -> FirstCome | None:
    """The queues of the envelopes that the dossiers of `mask` ask from."""
    queues: list[Queue] = []
    for node in np.unique(case.node[mask & (case.node >= 0)]).tolist():
        money = _money(case, offers, node)
        if money is None:
            _no_amount(case, node, path)
            return None
        mine = np.flatnonzero(mask & (case.node == node))
        queues.append(Queue(case.tree.ids[node], max(0, money), mine[np.argsort(position[mine])]))
    found = FirstCome(
        rule, "order", mode, tuple(queues), offers.least_cents, offers.most_cents, case.table["dossier"]
    )
    for queue in queues:
        n_open = len(found.settled(queue)[2])
        if mode is Mode.HARD and n_open > MAX_OPEN:
            _too_open(case, queue, n_open, path)
            return None
    return found


def _money(case: Case, offers: Offers, node: int) -> int | None:
    """What a queue may have: the node's own money less what is committed and decided there."""
    money = unassigned_cents(case.tree, node)
    if money is None:
        return None
    inside = case.node == node
    for child in case.tree.children(node):
        if case.tree.amount_cents[child] is None:
            inside |= (case.node >= child) & (case.node < case.tree.end[child])
    taken = np.where(offers.forced, offers.most_cents, offers.committed_cents)
    return money - exact_sum(taken[inside])


def _no_amount(case: Case, node: int, path: Path) -> None:
    name = case.tree.ids[node]
    case.fault(
        "no-amount",
        Text(
            f"l'enveloppe « {name} » n'a pas de montant écrit : rien ne dit où sa file s'arrête.",
            f'the envelope "{name}" has no written amount: nothing says where its queue ends.',
        ),
        (*path, "skip"),
        Text(
            "Donnez-lui un montant, ou écrivez `skip: false`.", "Give it an amount, or write `skip: false`."
        ),
    )


def _too_open(case: Case, queue: Queue, n_open: int, path: Path) -> None:
    case.fault(
        "queue-open",
        Text(
            f"dans la file de « {queue.name} », le tour de {n_open} dossiers dépend de montants ouverts ; la "
            f"limite est de {MAX_OPEN}.",
            f'in the queue of "{queue.name}" the turn of {n_open} dossiers depends on open amounts; the limit is '
            f"{MAX_OPEN}.",
        ),
        (*path, "skip"),
        Text(
            "Fixez les montants (`all_or_nothing`), ou écrivez `skip: false`.",
            "Settle the amounts (`all_or_nothing`), or write `skip: false`.",
        ),
    )
