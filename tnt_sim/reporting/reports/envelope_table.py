"""The table of envelopes: the tree drawn before their names, amounts, and counts of dossiers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tnt_sim.i18n.message import Text, _, _n, _p
from tnt_sim.i18n.numbers import NO_BREAK
from tnt_sim.reporting.report_tree import Column, Kind, Table, Tone, Words

MOST_CHILDREN = 12
"""An envelope with more children than this shows them in one line."""
RUN_COLUMNS = (
    ("amount_cents", _("Amount")),
    ("granted_cents", _("Granted")),
    ("unspent_cents", _("Left")),
    ("n_dossiers", _("Filed")),
    ("n_eligible", _("Eligible")),
    ("n_funded", _p("column", "Funded")),
)
_EFFECTIVE = ("effective_cents", _("Available"))
CARD_COLUMNS = (_EFFECTIVE, *RUN_COLUMNS[1:3], *RUN_COLUMNS[4:])
"""Columns of a narrow page."""
_EXCESS = ("overprogrammed_cents", _("Excess at risk"))
_OPTIONAL = ("effective_cents", "n_dossiers", "n_eligible")


class EnvelopeFigures(Protocol):
    """An envelope of a document, with one field per figure."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def parent(self) -> str | None:
        """The envelope above it."""

    @property
    def title(self) -> str:
        """Its title, or ""."""


@dataclass(frozen=True, slots=True)
class _EnvelopeRow:
    """One envelope, or the parts of a split together; `name` begins with the branch of the tree."""

    name: Words
    title: str = ""
    is_top: bool = False
    cells: Mapping[str, int | None] = field(kw_only=True)


def build_envelope_table(entries: Sequence[EnvelopeFigures], keys: Sequence[tuple[str, Text]] = ()) -> Table:
    """Return the table of envelopes; amounts are in k€ or M€ where exact ones are too wide.

    `keys` names the columns (``…_cents`` are amounts); by default those of a run.
    """
    columns = list(keys or RUN_COLUMNS)
    rows = _build_rows(entries, [key for key, __ in columns])
    if not keys and any(row.cells[_EFFECTIVE[0]] != row.cells["amount_cents"] for row in rows):
        columns.insert(1, _EFFECTIVE)
    if not keys and any(row.cells[_EXCESS[0]] for row in rows):
        columns.insert(columns.index(RUN_COLUMNS[2]) + 1, _EXCESS)
    head = _("Envelope")
    titled = [f"{row.name} · {row.title}" if row.title else row.name for row in rows]
    return Table(
        [
            Column(head, titled, narrow=Column(head, [row.name for row in rows])),
            *(_build_column(key, text, rows) for key, text in columns),
        ],
        most=len(rows),
        tones=[Tone.PLAIN if row.is_top else None for row in rows],
    )


def _build_column(key: str, head: Text, rows: Sequence[_EnvelopeRow]) -> Column:
    values, optional = [row.cells[key] for row in rows], key in _OPTIONAL
    if not key.endswith("_cents"):
        return Column(head, values, Kind.COUNT, optional=optional)
    short = Column(head, values, Kind.ROUND_MONEY, optional=optional)
    return Column(head, values, Kind.MONEY, optional=optional, narrow=short)


def _build_rows(entries: Sequence[EnvelopeFigures], keys: Sequence[str]) -> list[_EnvelopeRow]:
    """Return each envelope with its branch drawn before its id; many children share one line."""
    children: dict[str | None, list[EnvelopeFigures]] = {}
    for entry in entries:
        children.setdefault(entry.parent, []).append(entry)
    rows: list[_EnvelopeRow] = []

    def visit(entry: EnvelopeFigures, lead: str, branch: str) -> None:
        title = "" if entry.title == entry.id else entry.title
        cells = _sum_figures([entry], keys)
        rows.append(_EnvelopeRow(lead + branch + entry.id, title, entry.parent is None, cells=cells))
        inner = lead + {_BRANCH: _PASSED, _LAST: _ENDED}.get(branch, "")
        own = children.get(entry.id, [])
        if len(own) > MOST_CHILDREN:
            rows.append(_EnvelopeRow(describe_parts(inner + _LAST, len(own)), cells=_sum_figures(own, keys)))
            return
        for k, child in enumerate(own):
            visit(child, inner, _LAST if k == len(own) - 1 else _BRANCH)

    for root in children.get(None, []):
        visit(root, "", "")
    return rows


_BRANCH, _LAST, _PASSED, _ENDED = (lead.replace(" ", NO_BREAK) for lead in ("├─ ", "└─ ", "│  ", "   "))


def describe_parts(before: str, n: int) -> Text:
    """Write the parts of a split after a name or a branch: « detr · 100 parts »."""
    return _n("{before}{n} part", "{before}{n} parts", n=n, before=before)


def _sum_figures(entries: Sequence[EnvelopeFigures], keys: Sequence[str]) -> dict[str, int | None]:
    """Sum each figure; None where an envelope has none."""
    result: dict[str, int | None] = {}
    for key in (*keys, _EFFECTIVE[0], _EXCESS[0]):
        values = [getattr(entry, key, None) for entry in entries]
        result[key] = None if None in values else sum(value for value in values if value is not None)
    return result
