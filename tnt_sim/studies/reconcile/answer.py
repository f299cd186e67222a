"""The answer of `reconcile`: totals by list, what does not agree, and one row for each line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import polars as pl

from tnt_sim.analysis.reconcile.document import (
    AccountingLine,
    DoubtfulDecision,
    DoubtfulLine,
    ReconciledDecision,
    ReconcileDocument,
    ReconciliationTotal,
    SetAsideLine,
)
from tnt_sim.analysis.reconcile.run_reconciliation import RunReconciliation
from tnt_sim.i18n.message import Lang, Text, _
from tnt_sim.i18n.parameters import Count, Money
from tnt_sim.reporting.export.flat_table import CellKind, Flat, FlatColumn
from tnt_sim.reporting.report_tree import (
    Callout,
    Kind,
    Node,
    Paragraph,
    Report,
    Section,
    Tone,
    Words,
)
from tnt_sim.studies.answer_tables import Col, build_table

LISTS: Mapping[str, Text] = {
    "matched": _("Decision and lines agree to the cent"),
    "other_amount": _("Another amount"),
    "without_line": _("Decision without a line"),
    "without_decision": _("Line without a decision"),
    "doubtful": _("To be settled by hand"),
    "all": _("Total"),
}
"""Title of each list."""
DOUBTS: Mapping[str, Text] = {
    "tie": _("Another way to match is as good."),
    "supplier": _(
        "A line names this application, and its supplier is another one or does not show that it is the same."
    ),
    "two_numbers": _("A line names several applications."),
    "same_supplier": _("Other lines or decisions of this supplier could belong to it."),
    "undecided": _("Too many lines could belong to it."),
    "time": _("The time was too short."),
}
EVIDENCE: Mapping[str, Text] = {
    "number": _("application number"),
    "siret": _("SIRET"),
    "siren": _("SIREN"),
    "name": _("name"),
}
ASIDE: Mapping[str, Text] = {
    "total": _("A total of the lines"),
    "other_total": _("A total that is not the sum of the lines"),
    "no_amount": _("No amount"),
}


def map_tables(result: RunReconciliation) -> Mapping[str, Callable[[], pl.DataFrame]]:
    """Return one row for each line, and one for each decision."""
    return {
        "lines": lambda: result.reconciliation.lines,
        "decisions": lambda: result.reconciliation.decisions,
    }


def build_verdict(document: ReconcileDocument) -> Iterator[Callout]:
    """Yield whether all agree; where the time was too short, how far it came says it."""
    matched, whole = [(one.n_decisions, one.n_lines) for one in (document.totals[0], document.totals[-1])]
    if document.status == "agrees":
        yield Callout(_("Each decision and each line agree to the cent."), Tone.GOOD)
    elif document.status == "differs" and matched == whole:
        yield Callout(
            _(
                "Each decision and each line agree to the cent, but a total of the file is not that of its lines."
            ),
            Tone.BAD,
        )
    elif document.status == "differs":
        yield Callout(_("Some decisions and lines do not agree: see the lists below."), Tone.BAD)


def build_page(document: ReconcileDocument) -> Iterator[Node]:
    """Yield the amounts, the totals of the lists, and each list."""
    yield from map(Paragraph, _describe(document))
    yield Section(_("The lists"), [build_table(TOTALS, document.totals)])
    yield from _list_sections(document)


def finish_report(report: Report, result: RunReconciliation) -> Report:
    """Return the report with the file that was read in place of the scenario."""
    document = result.data
    foot = {document.file: document.file_sha256, "allocation": document.allocation_sha256}
    return replace(report, about=[document.file], foot=foot, bare=True)


def build_flat_table(result: RunReconciliation, lang: Lang) -> Flat:
    """Return one row per line, then one per decision without a line.

    The grant and the difference stand on the first line of each decision alone, so that their columns sum up to
    the totals of the decisions.
    """
    reconciliation, file = result.reconciliation, result.data.file
    decisions = reconciliation.decisions.select(
        "dossier", "applicant", "granted_cents", "difference_cents", "evidence",
        pl.col("list").alias("own_list"), pl.col("why").alias("own_why"),
    )  # fmt: skip
    rows = reconciliation.lines.join(decisions, on="dossier", how="left", maintain_order="left")
    first = pl.col("dossier").is_not_null() & pl.col("dossier").is_first_distinct()
    rows = rows.with_columns(
        pl.when(first).then(pl.col(name)).alias(name) for name in ("granted_cents", "difference_cents")
    )
    alone = decisions.join(reconciliation.lines, on="dossier", how="anti", maintain_order="left")
    table = pl.concat([rows, alone], how="diagonal").with_columns(
        pl.coalesce("list", "own_list").alias("list"), pl.coalesce("why", "own_why").alias("why")
    )
    words = {"list": LISTS, "evidence": EVIDENCE, "why": DOUBTS}
    columns = [
        FlatColumn(
            head.in_(lang),
            kind,
            table[name].replace_strict(
                {code: text.in_(lang) for code, text in words[name].items()},
                default=None,
                return_dtype=pl.String,
            )
            if name in words
            else table[name],
            width,
        )
        for name, head, kind, width in FLAT
    ]
    return Flat(columns, _("Reconciliation with {file}", file=file), file, total=True)


def _describe(document: ReconcileDocument) -> Iterator[Text]:
    whole = document.totals[-1]
    yield _(
        "The list grants {granted} (applications: {decisions}). The file has {amount} (lines: {lines}).",
        granted=Money(whole.granted_cents),
        decisions=Count(whole.n_decisions),
        lines=Count(whole.n_lines),
        amount=Money(whole.lines_cents),
    )
    yield _('The amounts were read in the column "{header}".', header=document.columns["amount"])
    difference = whole.lines_cents - whole.granted_cents
    if difference > 0:
        yield _("The file has {amount} more than the list grants.", amount=Money(difference))
    if difference < 0:
        yield _("The file has {amount} less than the list grants.", amount=Money(-difference))


def _list_sections(document: ReconcileDocument) -> Iterator[Section]:
    for name in ("other_amount", "without_line"):
        yield from _build_list(LISTS[name], _list_columns(getattr(document, name)), getattr(document, name))
    yield from _build_list(LISTS["without_decision"], [*LINE_COLUMNS, REMARK], document.without_decision)
    doubtful = document.doubtful_decisions
    yield from _build_list(LISTS["doubtful"], (*_list_columns(doubtful), WHY), doubtful)
    columns: Sequence[Col[DoubtfulLine]] = (
        LINE_COLUMNS[0],
        PERHAPS,
        *LINE_COLUMNS[1:],
        replace(WHY, optional=True),
    )
    yield from _build_list(_("Lines to be settled by hand"), columns, document.doubtful_lines)
    yield from _build_list(_("Rows that are no line"), ASIDE_LINE, document.set_aside)
    matched = document.matched
    yield from _build_list(LISTS["matched"], (*_list_columns(matched), RECOGNISED), matched, annex=True)


def _build_list[Row](
    title: Text, columns: Iterable[Col[Row]], rows: Sequence[Row], *, annex: bool = False
) -> Iterator[Section]:
    if rows:
        yield Section(title, [build_table(columns, rows)], annex=annex)


def _list_columns(
    rows: Sequence[ReconciledDecision] | Sequence[DoubtfulDecision],
) -> Sequence[Col[ReconciledDecision | DoubtfulDecision]]:
    return (*DECISION, *LINES) if any(row.lines for row in rows) else DECISION


def _describe_name(row: AccountingLine) -> Words:
    if not row.names:
        return ""
    return _("names the application {dossier}, which is not funded", dossier=row.names)


def _format_lines(row: ReconciledDecision | DoubtfulDecision) -> str:
    return ", ".join(map(str, row.lines[:6])) + (", …" if len(row.lines) > 6 else "")


TOTALS: Sequence[Col[ReconciliationTotal]] = (
    Col(_("List"), lambda row: LISTS[row.list]),
    Col(_("Applications"), lambda row: row.n_decisions, Kind.COUNT),
    Col(_("Granted"), lambda row: row.granted_cents, Kind.MONEY),
    Col(_("Lines"), lambda row: row.n_lines, Kind.COUNT),
    Col(_("Amount of the lines"), lambda row: row.lines_cents, Kind.MONEY),
)
DECISION: Sequence[Col[ReconciledDecision | DoubtfulDecision]] = (
    Col(_("Application"), lambda row: row.dossier),
    Col(_("Applicant"), lambda row: row.applicant, optional=True),
    Col(_("Granted"), lambda row: row.granted_cents, Kind.MONEY),
)
LINES: Sequence[Col[ReconciledDecision | DoubtfulDecision]] = (
    Col(_("Rows of the file"), _format_lines),
    Col(_("Amount of the lines"), lambda row: row.lines_cents, Kind.MONEY, optional=True),
    Col(_("Difference"), lambda row: row.difference_cents, Kind.MONEY, sparse=True),
)
LINE_COLUMNS: Sequence[Col[AccountingLine | DoubtfulLine]] = (
    Col(_("Row of the file"), lambda row: str(row.line)),
    Col(_("Commitment"), lambda row: row.number, optional=True, sparse=True),
    Col(_("Supplier"), lambda row: row.supplier, sparse=True),
    Col(_("Label"), lambda row: row.label, optional=True, sparse=True),
    Col(_("Amount"), lambda row: row.cents, Kind.MONEY),
)
ASIDE_LINE: Sequence[Col[SetAsideLine]] = (
    Col(_("Row of the file"), lambda row: str(row.line)),
    Col(_("Text"), lambda row: row.text),
    Col(_("Amount"), lambda row: row.cents, Kind.MONEY),
    Col(_("Why"), lambda row: ASIDE[row.why]),
)
WHY: Col[DoubtfulDecision | DoubtfulLine] = Col(_("Why"), lambda row: DOUBTS[row.why])
PERHAPS: Col[DoubtfulLine] = Col(_("Perhaps for"), lambda row: row.dossier or "")
RECOGNISED: Col[ReconciledDecision] = Col(
    _("Recognised by"), lambda row: EVIDENCE[row.evidence] if row.evidence else ""
)
REMARK: Col[AccountingLine] = Col(_("Remark"), _describe_name, optional=True, sparse=True)
FLAT: Sequence[tuple[str, Text, CellKind, float]] = (
    ("list", _("List"), CellKind.TEXT, 34),
    ("dossier", _("Application"), CellKind.TEXT, 16),
    ("applicant", _("Applicant"), CellKind.TEXT, 32),
    ("granted_cents", _("Granted"), CellKind.MONEY, 16),
    ("line", _("Row of the file"), CellKind.COUNT, 12),
    ("number", _("Commitment"), CellKind.TEXT, 16),
    ("supplier", _("Supplier"), CellKind.TEXT, 32),
    ("label", _("Label"), CellKind.TEXT, 40),
    ("day", _("Date"), CellKind.TEXT, 12),
    ("cents", _("Amount"), CellKind.MONEY, 16),
    ("difference_cents", _("Difference"), CellKind.MONEY, 16),
    ("evidence", _("Recognised by"), CellKind.TEXT, 18),
    ("why", _("Why"), CellKind.TEXT, 50),
)
"""Columns of `--table`: name, head, kind, width."""
