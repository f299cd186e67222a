"""The columns that no rule reads, in the review of a table, its new reading and the check of a scenario."""

from __future__ import annotations

from collections.abc import Sequence

from tnt_sim.i18n.message import Lang, _
from tnt_sim.ingest.intake.unread_columns import UnreadColumn
from tnt_sim.reporting.command_documents import UnreadColumnEntry
from tnt_sim.reporting.report_tree import Column, Node, Section, Table, Words


def build_unread_entry(unread: UnreadColumn, lang: Lang) -> UnreadColumnEntry:
    """Return a column for JSON documents."""
    return UnreadColumnEntry(column=unread.name, use=unread.use.in_(lang), line=unread.instruction.in_(lang))


def build_unread_columns(unread: Sequence[UnreadColumn]) -> list[Node]:
    """Return the section of the columns that no rule reads, each with the line that would read it."""
    return _build_section(
        [(entry.name, entry.use, entry.instruction if entry.entry else None) for entry in unread]
    )


def build_unread_entries(unread: Sequence[UnreadColumnEntry]) -> list[Node]:
    """Return the same section from a document."""
    return _build_section([(entry.column, entry.use, entry.line or None) for entry in unread])


def _build_section(rows: Sequence[tuple[str, Words, Words | None]]) -> list[Node]:
    if not rows:
        return []
    columns = [
        Column(_("Column"), [row[0] for row in rows]),
        Column(_("Could serve as"), [row[1] for row in rows]),
        Column(_("Line to write"), [row[2] for row in rows], below=True),
    ]
    return [
        Section(
            _("Columns that no rule reads"),
            [Table(columns, most=len(rows), as_cards=True, narrow_cards=True)],
        )
    ]
