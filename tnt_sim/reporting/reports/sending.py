"""Report of decisions for the dossiers of a procedure: what is to be sent, or what the server confirmed."""

from __future__ import annotations

from collections.abc import Iterator

from tnt_sim.i18n.message import Text, _, _n
from tnt_sim.i18n.parameters import Count, Money
from tnt_sim.reporting.command_documents import CallCounts, SendDocument
from tnt_sim.reporting.report_tree import Callout, Column, Node, Paragraph, Report, Section, Table, Tone


def build_report(document: SendDocument) -> Report:
    """Return the report of a sending, or of what it would be."""
    nodes: list[Node] = [_build_verdict(document), *(Paragraph(text) for text in _describe_plan(document))]
    if document.unsent:
        entries = document.unsent
        columns = [
            Column(_("Application"), [one.dossier for one in entries]),
            Column(_("Why"), [one.message for one in entries]),
        ]
        nodes.append(Section(_("Not sent"), [Table(columns)]))
    if document.refused:
        columns = [
            Column(_("Application"), [str(one.number) for one in document.refused]),
            Column(_("Call"), [one.call for one in document.refused]),
            Column(_("Answer of the server"), [one.message for one in document.refused]),
        ]
        nodes.append(Section(_("Refused by the server"), [Table(columns)]))
    if document.journal is not None:
        nodes.append(Paragraph(_("Journal: {file}", file=document.journal), soft=True))
    return Report(title=_("Decisions sent to a procedure"), nodes=nodes, bare=True)


def _build_verdict(document: SendDocument) -> Callout:
    match document.status:
        case "planned" | "compared":
            return Callout(_("Nothing was sent: this shows what would be."), Tone.PLAIN)
        case "blocked":
            text = _n(
                "Nothing was sent: {n} application cannot be. Correct it, or add --skip-conflicts.",
                "Nothing was sent: {n} applications cannot be. Correct them, or add --skip-conflicts.",
                n=len(document.unsent),
            )
            return Callout(text, Tone.BAD)
        case "sent":
            return Callout(_("The server confirmed every call."), Tone.GOOD)
    if document.stopped_by is None:
        return Callout(_("The server refused some calls."), Tone.BAD)
    text = _("The sending stopped: {why} The same command sends the rest.", why=document.stopped_by)
    return Callout(text, Tone.BAD)


def _describe_plan(document: SendDocument) -> Iterator[Text]:
    yield _(
        "The list: {accept} to accept, {total}; {refuse} to refuse, each with its reason.",
        accept=Count(document.n_accept),
        total=Money(document.granted_cents),
        refuse=Count(document.n_refuse),
    )
    yield _(
        "The list leaves as they are: {waiting} on the reserve list, {committed} committed earlier, "
        "{closed} closed.",
        waiting=Count(document.n_waiting),
        committed=Count(document.n_committed),
        closed=Count(document.n_closed),
    )
    if document.title is not None and document.n_done is not None:
        yield _n(
            'Procedure {number}, "{title}": {n} application is decided there already.',
            'Procedure {number}, "{title}": {n} applications are decided there already.',
            n=document.n_done,
            number=str(document.demarche),
            title=document.title,
        )
    if document.calls is not None:
        yield _("Calls to send: {calls}.", calls=_describe_counts(document.calls))
    if document.confirmed is not None:
        yield _("Calls that the server confirmed: {calls}.", calls=_describe_counts(document.confirmed))


def _describe_counts(counts: CallCounts) -> Text:
    return _(
        "{accept} acceptances, {refuse} refusals, {instruct} passages to instruction, "
        "{annotations} with annotations",
        accept=Count(counts.accept),
        refuse=Count(counts.refuse),
        instruct=Count(counts.to_instruction),
        annotations=Count(counts.annotations),
    )
