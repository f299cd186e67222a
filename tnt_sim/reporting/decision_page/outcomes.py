"""Outcomes of the applications, and the money of each envelope by outcome, as the decision note shows them.

An application is committed, newly funded, not selected, or excluded. It is not selected if it is eligible and
only money, a rule or the objective keeps it out: a letter refuses it, unless it is on the reserve list. Sums of
unfunded applications are of what they ask, where that is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt
import polars as pl

from tnt_sim.analysis.explain.document import ExplainDocument
from tnt_sim.engine.stored_run import NODE, StoredRun
from tnt_sim.i18n.message import Lang, _n
from tnt_sim.reporting.reports.decision_table import ApplicantDecision, classify_decisions

Index = npt.NDArray[np.int64]
CLOSED = frozenset({"decided", "state", "not_given", "ineligible", "capped_out", "variant"})
"""Reason codes of an unfunded application that no further money would fund."""
MOST_ROWS, MOST_AXES, MOST_LINES = 11, 6, 4
"""Most rows of the picture, most axes, and most lines of one axis; the others are summed in one row."""


class Outcome(IntEnum):
    """Decision on an application."""

    COMMITTED = 0
    FUNDED = 1
    NOT_SELECTED = 2
    EXCLUDED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyRow:
    """Money and applications of an envelope by outcome, in the order of `Outcome`.

    Attributes
    ----------
    depth : 0 for the programme
    cents : granted, or asked by those that get nothing
    counts : applications
    left_cents : money that is left and can be spent in this envelope
    node : number of the envelope, None for several together
    """

    title: str
    depth: int
    cents: tuple[int, int, int, int]
    counts: tuple[int, int, int, int]
    left_cents: int
    node: int | None = None

    @property
    def granted_cents(self) -> int:
        """Return the money granted, committed or new."""
        return self.cents[Outcome.COMMITTED] + self.cents[Outcome.FUNDED]

    @property
    def n_funded(self) -> int:
        """Return the number of funded applications."""
        return self.counts[Outcome.COMMITTED] + self.counts[Outcome.FUNDED]

    @property
    def total_cents(self) -> int:
        """Return all the money of the row: granted, left, and asked in vain."""
        return sum(self.cents) + self.left_cents


@dataclass(frozen=True, eq=False)
class Outcomes:
    """Outcome and amount of each application, and the money of each envelope.

    Attributes
    ----------
    outcome : int (n,)
    cents : granted or asked, 0 where unknown, int (n,)
    known : whether the amount is known, bool (n,)
    rows : one per envelope in preorder
    n_reserve : unfunded applications on the reserve list
    n_refusals : letters that refuse
    """

    outcome: Index
    cents: Index
    known: npt.NDArray[np.bool_]
    rows: Sequence[MoneyRow]
    n_reserve: int = 0
    n_refusals: int = 0


def classify_outcomes(table: pl.DataFrame) -> Index:
    """Return the outcome of each application of a run, int (n,)."""
    codes = pl.col("reason_code").fill_null("")
    committed = pl.col("committed_cents").is_not_null()
    outcome = (
        pl.when(pl.col("funded") & committed)
        .then(int(Outcome.COMMITTED))
        .when("funded")
        .then(int(Outcome.FUNDED))
        .when(codes.is_in(sorted(CLOSED)))
        .then(int(Outcome.EXCLUDED))
        .otherwise(int(Outcome.NOT_SELECTED))
    )
    return table.select(outcome.cast(pl.Int64)).to_series().to_numpy()


def build_outcomes(run: StoredRun, explanation: ExplainDocument | None = None) -> Outcomes:
    """Return the outcomes of a run; an explanation also knows the amounts of formulas."""
    table = run.table
    outcome = classify_outcomes(table)
    requested = table["requested_cents"]
    if explanation is not None and requested.null_count():
        known = {entry.dossier: entry.asked_cents for entry in explanation.dossiers}
        formula = pl.Series([known.get(name) for name in table["dossier"].to_list()], dtype=pl.Int64)
        requested = pl.select(pl.coalesce(requested, formula)).to_series()
    funded = table["funded"].to_numpy()
    cents = np.where(funded, table["granted_cents"].to_numpy(), requested.fill_null(0).to_numpy())
    known_amount = funded | requested.is_not_null().to_numpy()
    decisions = table.select(classify_decisions(table)).to_series()
    return Outcomes(
        outcome,
        cents,
        known_amount,
        _build_rows(run, outcome, cents),
        int((decisions == ApplicantDecision.WAITING.value).sum()),
        int((decisions == ApplicantDecision.REFUSED.value).sum()),
    )


def _build_rows(run: StoredRun, outcome: Index, cents: Index) -> list[MoneyRow]:
    n_nodes, n_outcomes = len(run.envelopes), len(Outcome)
    node = run.table[NODE].fill_null(0).to_numpy()
    money, counts = (np.zeros((n_nodes, n_outcomes), dtype=np.int64) for _ in range(2))
    np.add.at(money, (node, outcome), cents)
    np.add.at(counts, (node, outcome), 1)
    left = _distribute_unspent(run)
    return [
        MoneyRow(
            title=run.get_title(k),
            depth=run.depths[k],
            cents=_convert_row(money[k : run.ends[k]].sum(axis=0)),
            counts=_convert_row(counts[k : run.ends[k]].sum(axis=0)),
            left_cents=left[k],
            node=k,
        )
        for k in range(n_nodes)
    ]


def _convert_row(values: Index) -> tuple[int, int, int, int]:
    committed, funded, not_selected, excluded = (int(value) for value in values)
    return committed, funded, not_selected, excluded


def _distribute_unspent(run: StoredRun) -> list[int]:
    """Return what each envelope leaves; children have theirs only where it is part of their parent's."""
    children = list_children(run)
    left = [entry.unspent_cents for entry in run.envelopes]
    for k in reversed(range(len(left))):
        if left[k] is None:
            left[k] = sum(left[child] or 0 for child in children[k])
    shared = [value or 0 for value in left]
    for k, own in enumerate(children):
        if sum(shared[child] for child in own) > shared[k]:
            for child in own:
                shared[child] = 0
    return shared


def list_children(run: StoredRun) -> list[list[int]]:
    """Return the numbers of the envelopes right below each envelope."""
    number = {entry.id: k for k, entry in enumerate(run.envelopes)}
    children: list[list[int]] = [[] for _ in run.envelopes]
    for k, entry in enumerate(run.envelopes):
        if entry.parent is not None:
            children[number[entry.parent]].append(k)
    return children


def select_rows(run: StoredRun, outcomes: Outcomes, lang: Lang) -> list[MoneyRow]:
    """Return the programme, its axes and their lines, few enough for one picture, in the order of the tree."""
    children, rows = list_children(run), outcomes.rows
    axes = _select_largest(children[0], rows, MOST_AXES)
    room = MOST_ROWS - 1 - len(axes.displayed) - bool(axes.others)
    lines: dict[int, _Selection] = {}
    for axis in sorted(axes.displayed, key=lambda k: -rows[k].granted_cents):
        chosen = _select_largest(children[axis], rows, MOST_LINES)
        n_rows = len(chosen.displayed) + bool(chosen.others)
        if n_rows <= room:
            lines[axis], room = chosen, room - n_rows
    result = [rows[0]]
    for axis in axes.displayed:
        result.append(rows[axis])
        if axis in lines:
            result += [rows[k] for k in lines[axis].displayed]
            result += _add_rows([rows[k] for k in lines[axis].others], lang)
    return [*result, *_add_rows([rows[k] for k in axes.others], lang)]


@dataclass(frozen=True, slots=True)
class _Selection:
    displayed: Sequence[int]
    others: Sequence[int]


def _select_largest(nodes: Sequence[int], rows: Sequence[MoneyRow], most: int) -> _Selection:
    """Keep the envelopes with the most money; one alone is never summed up."""
    if len(nodes) <= most + 1:
        return _Selection(nodes, ())
    largest = sorted(nodes, key=lambda k: (-rows[k].total_cents, k))[:most]
    return _Selection([k for k in nodes if k in largest], [k for k in nodes if k not in largest])


def _add_rows(rows: Sequence[MoneyRow], lang: Lang) -> list[MoneyRow]:
    """Return the sum of rows as at most one row."""
    if not rows:
        return []
    title = _n("{n} other envelope", "{n} other envelopes", n=len(rows)).in_(lang)
    return [
        MoneyRow(
            title=title,
            depth=rows[0].depth,
            cents=_convert_row(np.sum([row.cents for row in rows], axis=0)),
            counts=_convert_row(np.sum([row.counts for row in rows], axis=0)),
            left_cents=sum(row.left_cents for row in rows),
        )
    ]


def list_unspent(outcomes: Outcomes) -> Mapping[int, int]:
    """Return the envelopes with the money that they leave and no envelope below them holds, the largest first."""
    rows = outcomes.rows
    held = {k: row.left_cents for k, row in enumerate(rows) if row.left_cents}
    for k, row in enumerate(rows):
        depth = row.depth + 1
        for j in range(k + 1, len(rows)):
            if rows[j].depth < depth:
                break
            if rows[j].depth == depth and k in held:
                held[k] -= rows[j].left_cents
    return dict(sorted(((k, v) for k, v in held.items() if v > 0), key=lambda item: (-item[1], item[0])))
