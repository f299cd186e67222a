"""Report of a new project: its folder, and the review of the table that it begins with."""

from __future__ import annotations

from pathlib import PurePath

from tnt_sim.i18n.message import _
from tnt_sim.reporting.command_documents import NewDocument
from tnt_sim.reporting.report_tree import Callout, Node, Report, Section, Tone


def build_report(document: NewDocument, review: Report | None = None) -> Report:
    """Return the report of a project that was made; `review` is that of its table."""
    folder = PurePath(document.scenario).parent
    nodes: list[Node] = [Callout(_('The folder "{folder}" was created.', folder=folder), Tone.GOOD)]
    if review is not None:
        nodes += [node for node in review.nodes if not (isinstance(node, Section) and node.annex)]
    return Report(title=_("New project"), nodes=nodes, bare=True)
