"""Report of a list or an amendment that was signed: what stays committed, and where the next scenario starts."""

from __future__ import annotations

from pathlib import PurePath

from tnt_sim.i18n.message import _, _n
from tnt_sim.i18n.parameters import Money
from tnt_sim.reporting.command_documents import AmendmentSignature, SignDocument
from tnt_sim.reporting.report_tree import Callout, Node, Paragraph, Report, Tone
from tnt_sim.reporting.reports.verification import build_answers, build_sources
from tnt_sim.reporting.text.legal_wording import load_shipped_wording
from tnt_sim.verify.verification import CheckRecord


def build_report(document: SignDocument, record: CheckRecord | None = None) -> Report:
    """Return the report of what was signed; `record` tells what was checked of a run, and where it was read."""
    signature = document.signature
    signed = _n(
        "{folder}: {n} application committed, {total}",
        "{folder}: {n} applications committed, {total}",
        n=signature.n_dossiers,
        folder=document.path,
        total=Money(signature.granted_cents),
    )
    nodes: list[Node] = [Callout(signed, Tone.GOOD)]
    if isinstance(signature, AmendmentSignature):
        nodes.append(Paragraph(_("{freed} free again", freed=Money(signature.freed_cents))))
        nodes.append(Paragraph(load_shipped_wording().write("amendment_is_adversarial"), soft=True))
    elif record is not None:
        hashes = {key: getattr(signature, key) for key in ("allocation_sha256", "document_sha256")}
        nodes += [build_answers(record), *build_sources(record, hashes)]
    register = PurePath(document.path).parent.name
    nodes.append(
        Paragraph(_("The next scenario starts from it: committed_from: {register}/", register=register))
    )
    if document.signing_key is not None:
        nodes.append(Paragraph(_("Signed with the key {key}", key=document.signing_key)))
    nodes.append(Paragraph(load_shipped_wording().write("signature_is_not_legal"), soft=True))
    return Report(title=_("Signature"), nodes=nodes, bare=True)
