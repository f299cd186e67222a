"""Report of a reconciliation: totals by list, then what does not agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from tnt_sim.analysis.reconcile.document import (
    DoubtfulDecision,
    ReconciledDecision,
    ReconcileDocument,
)
from tnt_sim.i18n.message import Text, _
from tnt_sim.i18n.parameters import Count, Money
from tnt_sim.reporting.report_tree import (
    Callout,
    Column,
    Kind,
    Node,
    Paragraph,
    Report,
    Section,
    Table,
    Tone,
    Words,
)

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


def build_report(document: ReconcileDocument) -> Report:
    """Return the report of a reconciliation."""
    nodes: list[Node] = [_build_verdict(document), *(Paragraph(one) for one in _describe(document))]
    nodes.append(Section(_("The lists"), [_build_totals(document)]))
    nodes += _list_sections(document)
    return Report(
        title=_("Decisions and accounting lines"),
        about=[document.file],
        nodes=nodes,
        foot={document.file: document.file_sha256, "allocation": document.allocation_sha256},
        bare=True,
    )


def _build_verdict(document: ReconcileDocument) -> Callout:
    match document.status:
        case "agrees":
            return Callout(_("Each decision and each line agree to the cent."), Tone.GOOD)
        case "stopped":
            return Callout(
                _("The time was too short to settle every line. Give more with --time-limit."), Tone.BOUND
            )
    matched, whole = document.totals[0], document.totals[-1]
    if (matched.n_decisions, matched.n_lines) == (whole.n_decisions, whole.n_lines):
        return Callout(
            _(
                "Each decision and each line agree to the cent, but a total of the file is not that of its lines."
            ),
            Tone.BAD,
        )
    return Callout(_("Some decisions and lines do not agree: see the lists below."), Tone.BAD)


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


def _build_totals(document: ReconcileDocument) -> Table:
    totals = document.totals
    return Table(
        [
            Column(_("List"), [LISTS[one.list] for one in totals]),
            Column(_("Applications"), [one.n_decisions for one in totals], Kind.COUNT),
            Column(_("Granted"), [one.granted_cents for one in totals], Kind.MONEY),
            Column(_("Lines"), [one.n_lines for one in totals], Kind.COUNT),
            Column(_("Amount of the lines"), [one.lines_cents for one in totals], Kind.MONEY),
        ]
    )


def _list_sections(document: ReconcileDocument) -> Iterator[Section]:
    if document.other_amount:
        yield _build_decisions(LISTS["other_amount"], document.other_amount)
    if document.without_line:
        yield _build_decisions(LISTS["without_line"], document.without_line)
    if document.without_decision:
        entries = document.without_decision
        why = [
            _("names the application {dossier}, which is not funded", dossier=one.names) if one.names else ""
            for one in entries
        ]
        columns = _list_line_columns(
            [one.line for one in entries],
            [one.number for one in entries],
            [one.supplier for one in entries],
            [one.label for one in entries],
            [one.cents for one in entries],
        )
        if any(why):
            columns.append(Column(_("Remark"), why, optional=True))
        yield Section(LISTS["without_decision"], [Table(columns)])
    if document.doubtful_decisions:
        doubtful = document.doubtful_decisions
        columns = [
            *_list_decision_columns(doubtful),
            Column(_("Why"), [DOUBTS[one.why] for one in doubtful]),
        ]
        yield Section(LISTS["doubtful"], [Table(columns)])
    if document.doubtful_lines:
        yield _build_doubtful_lines(document)
    if document.set_aside:
        aside = document.set_aside
        columns = [
            Column(_("Row of the file"), [str(one.line) for one in aside]),
            Column(_("Text"), [one.text for one in aside]),
            Column(_("Amount"), [one.cents for one in aside], Kind.MONEY),
            Column(_("Why"), [ASIDE[one.why] for one in aside]),
        ]
        yield Section(_("Rows that are no line"), [Table(columns)])
    if document.matched:
        matched = document.matched
        columns = [
            *_list_decision_columns(matched),
            Column(_("Recognised by"), [EVIDENCE[one.evidence] if one.evidence else "" for one in matched]),
        ]
        yield Section(LISTS["matched"], [Table(columns)], annex=True)


def _build_doubtful_lines(document: ReconcileDocument) -> Section:
    lines = document.doubtful_lines
    columns = _list_line_columns(
        [one.line for one in lines],
        [one.number for one in lines],
        [one.supplier for one in lines],
        [one.label for one in lines],
        [one.cents for one in lines],
    )
    columns.insert(1, Column(_("Perhaps for"), [one.dossier or "" for one in lines]))
    columns.append(Column(_("Why"), [DOUBTS[one.why] for one in lines], optional=True))
    return Section(_("Lines to be settled by hand"), [Table(columns)])


def _build_decisions(title: Text, entries: Sequence[ReconciledDecision]) -> Section:
    return Section(title, [Table(_list_decision_columns(entries))])


def _list_decision_columns(
    entries: Sequence[ReconciledDecision] | Sequence[DoubtfulDecision],
) -> list[Column]:
    columns = [
        Column(_("Application"), [one.dossier for one in entries]),
        Column(_("Applicant"), [one.applicant for one in entries], optional=True),
        Column(_("Granted"), [one.granted_cents for one in entries], Kind.MONEY),
    ]
    if any(one.lines for one in entries):
        columns += [
            Column(_("Rows of the file"), [_format_lines(one.lines) for one in entries]),
            Column(_("Amount of the lines"), [one.lines_cents for one in entries], Kind.MONEY, optional=True),
        ]
        if any(one.difference_cents for one in entries):
            columns.append(Column(_("Difference"), [one.difference_cents for one in entries], Kind.MONEY))
    return columns


def _format_lines(lines: Sequence[int]) -> str:
    return ", ".join(map(str, lines[:6])) + (", …" if len(lines) > 6 else "")


def _list_line_columns(
    lines: Sequence[int],
    numbers: Sequence[str],
    suppliers: Sequence[str],
    labels: Sequence[str],
    cents: Sequence[int],
) -> list[Column]:
    texts: list[tuple[Text, Sequence[Words], bool]] = [
        (_("Row of the file"), [str(one) for one in lines], False),
        (_("Commitment"), list(numbers), True),
        (_("Supplier"), list(suppliers), False),
        (_("Label"), list(labels), True),
    ]
    columns = [Column(head, values, optional=optional) for head, values, optional in texts if any(values)]
    return [*columns, Column(_("Amount"), list(cents), Kind.MONEY)]
