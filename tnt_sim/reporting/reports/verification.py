"""Report of a verification: the verdict, its three answers, the signatures, and the files that were read."""

from __future__ import annotations

from collections.abc import Mapping

from tnt_sim.i18n.message import Text, _, _n
from tnt_sim.i18n.parameters import Items, Money
from tnt_sim.reporting.report_tree import Callout, Column, Node, Paragraph, Report, Section, Table, Tone
from tnt_sim.reporting.text.verification import UNBOUND, build_answer_rows, describe_place, describe_unread
from tnt_sim.verify.document import SHEET, SheetsEntry
from tnt_sim.verify.signing.signature import SignatureStanding, Signed
from tnt_sim.verify.signing.time_stamp import StampStanding, TimeStamp
from tnt_sim.verify.verification import AmendmentHead, CheckRecord, RunHead, Standing, Verification


def build_report(verification: Verification, signed: Signed, sheets: SheetsEntry | None = None) -> Report:
    """Return the report of a verified run, with its sheets if they were compared, or of an amendment."""
    head, record = verification.head, verification.record
    is_amendment = isinstance(head, AmendmentHead) and head.kind == "amendment"
    verdict, tone = _summarise_amendment(verification) if is_amendment else _summarise_run(verification)
    nodes: list[Node] = [Callout(verdict, tone)]
    if verification.ok:
        if isinstance(head, RunHead):
            nodes.append(build_answers(record))
        nodes += [Paragraph(text, mark="  ") for text in _describe_signatures(signed)]
        if sheets is not None:
            nodes.append(Paragraph(_describe_sheets(sheets), mark="  "))
        if isinstance(head, RunHead):
            hashes = {"allocation_sha256": head.allocation_sha256, "document_sha256": head.document_sha256}
            nodes += build_sources(record, hashes)
    return Report(title=_("Verification"), nodes=nodes, bare=True)


def build_answers(record: CheckRecord) -> Table:
    """Return what was checked of a run, one row for each question."""
    questions, answers = zip(*build_answer_rows(record), strict=True)
    return Table([Column("", questions), Column("", answers)])


def build_sources(record: CheckRecord, hashes: Mapping[str, str | None]) -> list[Node]:
    """Return where the files were read, what no check covers, and the hashes to compare with another source."""
    texts = (UNBOUND, describe_unread(record))
    rows = {**hashes, **{entry.file: entry.sha256 for entry in record.inputs}}
    columns = [Column("", list(rows)), Column("", [value or "" for value in rows.values()])]
    return [
        Paragraph(describe_place(record), mark="  "),
        *(Paragraph(text, soft=True, mark="  ") for text in texts if text is not None),
        Section(_("Hashes, and files read"), [Table(columns, most=len(rows), as_cards=True)]),
    ]


def _describe_sheets(sheets: SheetsEntry) -> Text:
    """Say that every file of a folder of sheets is what the run gives."""
    return _n(
        "{folder}: {n} sheet, {files} in all, each as this run gives it.",
        "{folder}: {n} sheets, {files} in all, each as this run gives it.",
        n=sheets.n_sheets,
        folder=sheets.folder,
        files=_n("{n} file", "{n} files", n=sheets.n_files - len(sheets.pdf_not_compared)),
    )


def _summarise_run(verification: Verification) -> tuple[Text, Tone]:
    """Return the sentence and tone of a verification; good only if the optimum is shown."""
    if not verification.ok:
        gaps = _n("{n} difference", "{n} differences", n=len(verification.defects))
        if all(defect.code == SHEET for defect in verification.defects):
            return _("Sheets refused: {gaps}. Do not hand them out.", gaps=gaps), Tone.BAD
        return _("Run refused: {gaps}. Do not publish it.", gaps=gaps), Tone.BAD
    head = verification.head
    sha = "" if head is None else str(head.allocation_sha256 or "")[:12]
    name: str | Text = "" if head is None else head.scenario or ""
    if verification.changes:
        name = _("{name} changed by {changes}", name=name, changes=Items(verification.changes, ","))
    if verification.optimal.is_shown:
        text = _(
            "{name}: rules satisfied and allocation optimal, verified here (allocation {sha}).",
            name=name,
            sha=sha,
        )
        return text, Tone.GOOD
    if verification.optimal.standing is Standing.REPEATED:
        text = _(
            "{name}: rules satisfied, verified here. Only the search that found the allocation repeats that it is "
            "optimal (allocation {sha}).",
            name=name,
            sha=sha,
        )
    elif verification.optimal.standing is Standing.CLAIMED:
        text = _(
            "{name}: rules satisfied, verified here. The run says that it is optimal, and nothing "
            "shows it (allocation {sha}).",
            name=name,
            sha=sha,
        )
    else:
        text = _(
            "{name}: rules satisfied, verified here. The run does not say that it is optimal "
            "(allocation {sha}).",
            name=name,
            sha=sha,
        )
    return text, Tone.DOUBT


def _summarise_amendment(verification: Verification) -> tuple[Text, Tone]:
    """Return the same for an amendment of the register."""
    head = verification.head
    assert isinstance(head, AmendmentHead)
    if not verification.ok:
        gaps = _n("{n} difference", "{n} differences", n=len(verification.defects))
        return _("Amendment refused: {gaps}.", gaps=gaps), Tone.BAD
    freed, held = head.freed_cents or 0, head.granted_cents or 0
    text = _(
        '{name}: {freed} freed since "{before}", {held} stay committed, verified here.',
        name=head.id or "",
        freed=Money(freed),
        before=(head.previous and head.previous.id) or "",
        held=Money(held),
    )
    return text, Tone.GOOD


def _describe_signatures(signed: Signed) -> list[Text]:
    """Write a sentence about the signature of a run, and one about each time stamp."""
    return [_describe_signature(signed), *(_describe_time_stamp(stamp) for stamp in signed.stamps)]


def _describe_signature(signed: Signed) -> Text:
    """Describe a signature that is valid; an invalid one is reported as a defect."""
    entry, key = signed.entry or "", signed.key
    if signed.standing is SignatureStanding.CHECKED:
        return _('Signature of "{entry}": checked with this key ({key}).', entry=entry, key=key or "?")
    if signed.standing is SignatureStanding.NOT_CHECKED:
        own = key or "?"
        return _(
            'Signature of "{entry}": not checked. It says that it is of the key {own}; give --public-key.',
            entry=entry,
            own=own,
        )
    if signed.entry is not None:
        return _('"{entry}" is in the register, without the signature of a key.', entry=signed.entry)
    return _("This list is not signed.")


def _describe_time_stamp(stamp: TimeStamp) -> Text:
    if stamp.unread is not None:
        return _("Time stamp not checked: {unread}", unread=stamp.unread)
    when = "" if stamp.time is None else f"{stamp.time:%Y-%m-%d %H:%M:%S} UTC"
    if stamp.standing is StampStanding.CHECKED:
        return _("Time stamp {file}: {when}, checked with this certificate.", file=stamp.file, when=when)
    return _("Time stamp {file}: not checked. It says {when}; give --tsa-cert.", file=stamp.file, when=when)
