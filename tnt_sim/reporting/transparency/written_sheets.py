"""Report of the sheets that were written for a decision."""

from __future__ import annotations

from tnt_sim.i18n.message import Text, _, _n
from tnt_sim.i18n.parameters import Count
from tnt_sim.reporting.report_tree import Callout, Node, Paragraph, Report, Tone
from tnt_sim.reporting.transparency.folder import TransparencyDocument

_STOPPED = {
    "time_limit": _("The time limit ended it. The same command goes on from here."),
    "interrupt": _("It was interrupted. The same command goes on from here."),
}


def build_report(document: TransparencyDocument, folder: str) -> Report:
    """Return the report of a folder: how many sheets it holds, and whether something is missing.

    Parameters
    ----------
    folder : the folder, as it is shown
    """
    n_pdf = sum(1 for entry in document.files if entry.drawn_from is not None)
    texts: list[Text] = [
        _n(
            "{n} sheet of {total} in {folder}/",
            "{n} sheets of {total} in {folder}/",
            n=document.n_sheets,
            total=Count(document.n_dossiers),
            folder=folder,
        )
    ]
    whole = [entry.path for entry in document.files if entry.dossier is None and "/" not in entry.path]
    if whole:
        page = f"{folder}/{whole[0]}"
        texts.append(_("All of them, to search: {file}", file=page))
    if n_pdf:
        texts.append(_n("{n} sheet as PDF", "{n} sheets as PDF", n=n_pdf))
    if document.stopped_by is not None:
        texts.append(_STOPPED[document.stopped_by])
    if document.own_wording:
        texts.append(_("The legal texts are an edited copy."))
    nodes: list[Node] = [Paragraph(text) for text in texts]
    if document.missing_keys:
        words = _(
            "The documents are to be completed. Missing in `publisher` of the scenario: {keys}.",
            keys=", ".join(document.missing_keys),
        )
        nodes.append(Callout(words, Tone.WARNING))
    return Report(title=_("Sheets written"), nodes=nodes, bare=True)
