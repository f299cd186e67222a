"""The table of envelopes: the tree drawn before their names, amounts, and counts of dossiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Flag, auto
from typing import NamedTuple, Protocol

from tnt_sim.i18n.message import Text, _, _n
from tnt_sim.i18n.numbers import NO_BREAK
from tnt_sim.reporting.report_tree import Column, Kind, Table, Tone, Words

MOST_CHILDREN = 12
"""An envelope with more children than this shows them in one line."""


class Outlet(Flag):
    """What has a table of envelopes."""

    REPORT = auto()
    NOTE = auto()
    WORKBOOK = auto()
    CARD = auto()
    CHECK = auto()
    DECISION = REPORT | NOTE | WORKBOOK | CARD


class EnvelopeColumn(NamedTuple):
    """A figure of each envelope, with the outputs that show it; `key` ends with `_cents` for an amount.

    Attributes
    ----------
    optional : a terminal that is too narrow drops it
    unlike : a report shows it only where it differs from this figure of an envelope; "" for a figure of zero
    """

    key: str
    head: Text
    outlets: Outlet = Outlet.DECISION
    optional: bool = False
    unlike: str | None = None

    @property
    def is_money(self) -> bool:
        """Whether it is an amount."""
        return self.key.endswith("_cents")

    def is_shown(self, outlet: Outlet, entries: Sequence[EnvelopeFigures]) -> bool:
        """Return whether an output has this column for these envelopes."""
        if outlet not in self.outlets:
            return False
        if self.unlike is None or (self.unlike and outlet is not Outlet.REPORT):
            return True
        others = (get_figure(entry, self.unlike) if self.unlike else 0 for entry in entries)
        return [get_figure(entry, self.key) for entry in entries] != list(others)


ENVELOPE_COLUMNS = [
    EnvelopeColumn("amount_cents", _("Amount"), Outlet.REPORT | Outlet.WORKBOOK | Outlet.CHECK),
    EnvelopeColumn("effective_cents", _("Available"), optional=True, unlike="amount_cents"),
    EnvelopeColumn("committed_cents", _("Committed"), Outlet.CHECK),
    EnvelopeColumn("demand_cents", _("Demand"), Outlet.CHECK),
    EnvelopeColumn("granted_cents", _("Granted")),
    EnvelopeColumn("overprogrammed_cents", _("Excess at risk"), unlike=""),
    EnvelopeColumn("unspent_cents", _("Left")),
    EnvelopeColumn("n_dossiers", _("Filed"), ~Outlet.CARD, optional=True),
    EnvelopeColumn("n_eligible", _("Eligible"), Outlet.DECISION | Outlet.CHECK, optional=True),
    EnvelopeColumn("n_funded", _("Funded")),
]
"""The columns of every table of envelopes, in their order."""


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
class EnvelopeRow:
    """One envelope, or the parts of a split together.

    Attributes
    ----------
    members : places of its envelopes among the entries
    branch : the lines of the tree before its name
    """

    members: Sequence[int]
    depth: int
    branch: str

    def add_up(self, entries: Sequence[EnvelopeFigures], key: str) -> int | None:
        """Return the sum of a figure; None where one of its envelopes has none."""
        values = [get_figure(entries[k], key) for k in self.members]
        return None if None in values else sum(value for value in values if value is not None)


def get_figure(entry: EnvelopeFigures, key: str) -> int | None:
    """Return a figure of an envelope; None where it has none."""
    value: int | None = getattr(entry, key, None)
    return value


def list_columns(outlet: Outlet, entries: Sequence[EnvelopeFigures]) -> list[EnvelopeColumn]:
    """Return the columns of the table of envelopes in an output."""
    return [column for column in ENVELOPE_COLUMNS if column.is_shown(outlet, entries)]


def build_envelope_table(entries: Sequence[EnvelopeFigures], outlet: Outlet = Outlet.REPORT) -> Table:
    """Return the table of envelopes; amounts are in k€ or M€ where exact ones are too wide."""
    rows = list_rows(entries)
    head, names, titled = _("Envelope"), list[Words](), list[Words]()
    for row in rows:
        first = entries[row.members[0]]
        single = len(row.members) == 1
        name = f"{row.branch}{first.id}" if single else describe_parts(row.branch, len(row.members))
        names.append(name)
        titled.append(f"{name} · {first.title}" if single and first.title not in ("", first.id) else name)
    return Table(
        [
            Column(head, titled, narrow=Column(head, names)),
            *(_build_column(column, entries, rows) for column in list_columns(outlet, entries)),
        ],
        most=len(rows),
        tones=[None if row.depth else Tone.PLAIN for row in rows],
    )


def _build_column(
    column: EnvelopeColumn, entries: Sequence[EnvelopeFigures], rows: Sequence[EnvelopeRow]
) -> Column:
    head, values = column.head, [row.add_up(entries, column.key) for row in rows]
    if not column.is_money:
        return Column(head, values, Kind.COUNT, optional=column.optional)
    short = Column(head, values, Kind.ROUND_MONEY, optional=column.optional)
    return Column(head, values, Kind.MONEY, optional=column.optional, narrow=short)


def list_rows(entries: Sequence[EnvelopeFigures]) -> list[EnvelopeRow]:
    """Return the tree of envelopes from the top, many children of one envelope in one row."""
    children: dict[str | None, list[int]] = {}
    for k, entry in enumerate(entries):
        children.setdefault(entry.parent, []).append(k)
    rows: list[EnvelopeRow] = []

    def visit(k: int, depth: int, lead: str, branch: str) -> None:
        rows.append(EnvelopeRow((k,), depth, lead + branch))
        inner = lead + {_BRANCH: _PASSED, _LAST: _ENDED}.get(branch, "")
        below = children.get(entries[k].id, [])
        if len(below) > MOST_CHILDREN:
            rows.append(EnvelopeRow(below, depth + 1, inner + _LAST))
            return
        for part in below:
            visit(part, depth + 1, inner, _LAST if part == below[-1] else _BRANCH)

    for root in children.get(None, []):
        visit(root, 0, "", "")
    return rows


_BRANCH, _LAST, _PASSED, _ENDED = (lead.replace(" ", NO_BREAK) for lead in ("├─ ", "└─ ", "│  ", "   "))


def describe_parts(before: str, n: int) -> Text:
    """Write the parts of a split after a name or a branch: « detr · 100 parts »."""
    return _n("{before}{n} part", "{before}{n} parts", n=n, before=before)
