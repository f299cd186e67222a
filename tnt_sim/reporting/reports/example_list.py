"""Report of the shipped examples: their list, or the folder to which some were copied."""

from __future__ import annotations

from tnt_sim.i18n.message import Text, _, _n
from tnt_sim.reporting.command_documents import ExampleEntry, ExamplesDocument
from tnt_sim.reporting.report_tree import Callout, Column, Node, Report, Section, Table, Tone

_KINDS: dict[str, Text] = {
    "scenario": _("Programmes"),
    "variant": _("Variants of a programme"),
    "batch": _("Many scenarios at once"),
    "table": _("Tables to begin with: new --from"),
}

_SYNTHETIC, _REAL = _("synthetic"), _("real")


def build_report(document: ExamplesDocument) -> Report:
    """Return the report of the list, or of what was copied."""
    nodes: list[Node] = []
    if document.folder is not None:
        n = len(document.files)
        done = _n(
            '{n} file written to "{folder}".', '{n} files written to "{folder}".', n=n, folder=document.folder
        )
        nodes.append(Callout(done, Tone.GOOD))
    for kind, title in _KINDS.items():
        entries = [one for one in document.examples if _get_kind(one) == kind]
        if entries:
            nodes.append(Section(title, [_build_table(entries)]))
    return Report(title=_("Examples"), nodes=nodes, bare=True)


def _get_kind(entry: ExampleEntry) -> str:
    return "variant" if entry.kind == "scenario" and entry.base else entry.kind


def _build_table(entries: list[ExampleEntry]) -> Table:
    names = Column(_("Name"), [one.name for one in entries])
    titles = Column(_("Title"), [one.title for one in entries])
    data = Column(_("Data"), [_SYNTHETIC if one.synthetic else _REAL for one in entries])
    return Table([names, data, titles], most=len(entries))
