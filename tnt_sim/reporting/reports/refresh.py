"""Report of a new reading of a table: applications that come, go and change."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from tnt_sim.domain.money import parse_cents_series
from tnt_sim.i18n.message import _
from tnt_sim.i18n.parameters import Count, Money
from tnt_sim.ingest.intake.intake import Intake
from tnt_sim.ingest.intake.questions import Question
from tnt_sim.reporting.command_documents import CopyChange, IntakeSummary, RefreshDocument
from tnt_sim.reporting.report_tree import Callout, Column, Node, Paragraph, Report, Section, Table, Tone
from tnt_sim.reporting.reports.intake_review import build_questions

_SOURCE_ROW = "source_row"


def compare_copies(
    before: pl.DataFrame, intake: Intake, scenario: str, summary: IntakeSummary, *, applied: bool
) -> RefreshDocument:
    """Return what changes from the copy of a project to the table as it is now, by number of application."""
    after = intake.dossiers
    old, new = (table["dossier"].to_list() for table in (before, after))
    changed = list(_iterate_changes(before, after))
    added, removed = [one for one in new if one not in set(old)], [one for one in old if one not in set(new)]
    same = not (added or removed or changed)
    return RefreshDocument(
        scenario=scenario,
        status="unchanged" if same and not applied else "applied" if applied else "to_apply",
        file=intake.shown_as,
        added=added,
        removed=removed,
        changed=changed,
        requested_cents_before=_sum_requested(before),
        requested_cents_after=int(intake.cents.sum()),
        intake=summary,
    )


def _sum_requested(table: pl.DataFrame) -> int:
    if "requested" not in table.columns:
        return 0
    return int(parse_cents_series(table["requested"], ".")[0].sum() or 0)


def _iterate_changes(before: pl.DataFrame, after: pl.DataFrame) -> list[CopyChange]:
    """Return the cells that differ, in the order of the table; a column that one side lacks is empty there."""
    names = [
        name
        for name in dict.fromkeys([*before.columns, *after.columns])
        if name not in ("dossier", _SOURCE_ROW)
    ]
    names = [name for name in names if not name.startswith("_")]
    both = _complete(after, names).join(
        _complete(before, names), on="dossier", suffix="\0", maintain_order="left"
    )
    changes = []
    for name in names:
        rows = both.filter(pl.col(name) != pl.col(f"{name}\0")).select("dossier", f"{name}\0", name)
        changes += [
            CopyChange(dossier=number, column=name, before=old, after=new)
            for number, old, new in rows.iter_rows()
        ]
    return changes


def _complete(table: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    return table.select(
        "dossier", *(pl.col(name) if name in table.columns else pl.lit("").alias(name) for name in names)
    )


def build_report(document: RefreshDocument, questions: Sequence[Question]) -> Report:
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
    nodes: list[Node] = [Callout(text, tone), Paragraph(counts)]
    for title, numbers in (
        (_("Applications that come"), document.added),
        (_("Applications that go"), document.removed),
    ):
        if numbers:
            nodes.append(Section(title, [Table([Column(_("Number"), list(numbers))])]))
    if document.changed:
        columns = [
            Column(_("Number"), [one.dossier for one in document.changed]),
            Column(_("Column"), [one.column for one in document.changed]),
            Column(_("Before"), [one.before or None for one in document.changed]),
            Column(_("Now"), [one.after or None for one in document.changed]),
        ]
        nodes.append(Section(_("Cells that change"), [Table(columns)]))
    return Report(title=_("Table read again"), nodes=[*nodes, *build_questions(questions)], bare=True)
