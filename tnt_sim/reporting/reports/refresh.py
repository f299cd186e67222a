"""Report of a new reading of a table: applications that come, go and change."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from tnt_sim.domain.money import parse_cents_series
from tnt_sim.i18n.message import _
from tnt_sim.i18n.parameters import Count, Money
from tnt_sim.ingest.intake.intake import Intake
from tnt_sim.ingest.intake.questions import Question
from tnt_sim.ingest.intake.unread_columns import UnreadColumn
from tnt_sim.reporting.command_documents import CopyChange, IntakeSummary, RefreshDocument
from tnt_sim.reporting.reading_document import ApiReading
from tnt_sim.reporting.report_tree import Callout, Column, Node, Paragraph, Report, Section, Table, Tone
from tnt_sim.reporting.reports.api_reading import build_reading
from tnt_sim.reporting.reports.intake_review import build_questions
from tnt_sim.reporting.reports.unread_columns import build_unread_columns

_SOURCE_ROW = "source_row"


def compare_copies(
    before: pl.DataFrame, intake: Intake, scenario: str, summary: IntakeSummary, *, applied: bool,
    reading: ApiReading | None = None,
) -> RefreshDocument:  # fmt: skip
    """Return what changes from the copy of a project to the table as it is now, by number of application."""
    after = intake.dossiers
    old, new = (table["dossier"].to_list() for table in (before, after))
    changed = list(_iterate_changes(before, after))
    kept = [name for name in before.columns if not name.startswith("_")]
    came = [name for name in after.columns if name not in kept]
    went = [name for name in kept if name not in after.columns]
    added, removed = [one for one in new if one not in set(old)], [one for one in old if one not in set(new)]
    same = not (added or removed or changed or came or went)
    return RefreshDocument(
        scenario=scenario,
        status="unchanged" if same and not applied else "applied" if applied else "to_apply",
        file=intake.shown_as,
        added=added,
        removed=removed,
        changed=changed,
        columns_added=came,
        columns_removed=went,
        requested_cents_before=_sum_requested(before),
        requested_cents_after=int(intake.cents.sum()),
        intake=summary,
        reading=reading,
    )


def _sum_requested(table: pl.DataFrame) -> int:
    if "requested" not in table.columns:
        return 0
    return int(parse_cents_series(table["requested"], ".")[0].sum() or 0)


def _iterate_changes(before: pl.DataFrame, after: pl.DataFrame) -> list[CopyChange]:
    """Return the cells that differ in the columns of both sides, in the order of the table."""
    names = [
        name
        for name in before.columns
        if name in after.columns and name not in ("dossier", _SOURCE_ROW) and not name.startswith("_")
    ]
    both = after.select("dossier", *names).join(
        before.select("dossier", *names), on="dossier", suffix="\0", maintain_order="left"
    )
    changes = []
    for name in names:
        rows = both.filter(pl.col(name) != pl.col(f"{name}\0")).select("dossier", f"{name}\0", name)
        changes += [
            CopyChange(dossier=number, column=name, before=old, after=new)
            for number, old, new in rows.iter_rows()
        ]
    return changes


def build_report(
    document: RefreshDocument, questions: Sequence[Question], unread: Sequence[UnreadColumn] = ()
) -> Report:
    """Return the report of a new reading."""
    verdicts = {
        "unchanged": (_("The copy is what the table says."), Tone.GOOD),
        "to_apply": (_("The table has changed; the copy is as it was."), Tone.DOUBT),
        "applied": (_("The copy is what the table says now."), Tone.GOOD),
    }
    text, tone = verdicts[document.status]
    counts = _(
        "{added} applications come, {removed} go, {changed} cells change. Requested: {before} before, "
        "{after} now.",
        added=Count(len(document.added)), removed=Count(len(document.removed)),
        changed=Count(len(document.changed)),
        before=Money(document.requested_cents_before), after=Money(document.requested_cents_after),
    )  # fmt: skip
    nodes: list[Node] = [Callout(text, tone), *build_reading(document.reading), Paragraph(counts)]
    number, column = _("Number"), _("Column")
    for title, head, numbers in (
        (_("Applications that come"), number, document.added),
        (_("Applications that go"), number, document.removed),
        (_("New columns"), column, document.columns_added),
        (_("Columns that are not there any more"), column, document.columns_removed),
    ):
        if numbers:
            nodes.append(Section(title, [Table([Column(head, list(numbers))])]))
    if document.changed:
        columns = [
            Column(_("Number"), [one.dossier for one in document.changed]),
            Column(_("Column"), [one.column for one in document.changed]),
            Column(_("Before"), [one.before or None for one in document.changed]),
            Column(_("Now"), [one.after or None for one in document.changed]),
        ]
        nodes.append(Section(_("Cells that change"), [Table(columns)]))
    return Report(
        title=_("Table read again"),
        nodes=[*nodes, *build_questions(questions), *build_unread_columns(unread)],
        bare=True,
    )
