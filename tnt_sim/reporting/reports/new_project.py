"""Report of a new project: its folder, and which columns were guessed or not recognised."""

from __future__ import annotations

from pathlib import PurePath

from tnt_sim.i18n.message import _
from tnt_sim.i18n.parameters import Names
from tnt_sim.reporting.command_documents import NewDocument
from tnt_sim.reporting.report_tree import Callout, Node, Paragraph, Report, Tone, write_both


def build_report(document: NewDocument) -> Report:
    """Return the report of a project that was made."""
    folder = PurePath(document.scenario).parent
    nodes: list[Node] = [Callout(_('The folder "{folder}" was created.', folder=folder), Tone.GOOD)]
    if document.review:
        nodes.append(Paragraph(_("Columns guessed, to be reviewed:")))
        nodes += [Paragraph(text, mark="  ") for text in document.review]
    if document.left_out:
        nodes.append(Paragraph(_("Columns not recognised, read under their own name:")))
        nodes += [Paragraph(write_both(Names([header]).in_), mark="  ") for header in document.left_out]
    return Report(title=_("New project"), nodes=nodes, bare=True)
