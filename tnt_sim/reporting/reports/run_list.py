"""Report of the run folders of a project, and of the kept inputs that none of them needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from tnt_sim.engine.run_folder.run_list import ListedRun
from tnt_sim.i18n.message import Text, _, _n
from tnt_sim.i18n.parameters import Count
from tnt_sim.reporting.command_documents import ProjectHead
from tnt_sim.reporting.report_tree import Callout, Column, Kind, Node, Report, Table, Tone
from tnt_sim.values.answer_values import PROOF


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """An input kept beside the runs to which none of them refers."""

    path: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsDocument(ProjectHead):
    """The run folders of a project; with --prune the kept inputs that no run needs, removed if `pruned`."""

    command: Literal["runs"] = "runs"
    status: Literal["listed", "pruned"]
    folder: str
    runs: Sequence[ListedRun]
    free_inputs: Sequence[KeptFile] | None


def build_report(document: RunsDocument) -> Report:
    """Return the report of the runs, or with `free_inputs` of what is, or would be, removed."""
    nodes: list[Node] = []
    if not document.runs:
        nodes.append(Callout(_('"{folder}" has no run folder.', folder=document.folder), Tone.WARNING))
    else:
        nodes.append(_build_table(document.runs))
    if document.free_inputs is not None:
        nodes.append(
            Callout(describe_free(document.free_inputs, pruned=document.status == "pruned"), Tone.PLAIN)
        )
        if document.free_inputs:
            files = Column(_("Kept input"), [one.path for one in document.free_inputs])
            sizes = Column(_("Bytes"), [one.size_bytes for one in document.free_inputs], Kind.COUNT)
            nodes.append(Table([files, sizes], most=len(document.free_inputs)))
    return Report(title=_("Runs"), nodes=nodes, bare=True)


def describe_free(files: Sequence[KeptFile], *, pruned: bool) -> Text:
    """Say how many kept inputs no run needs, and how many bytes they have."""
    n, size = len(files), Count(sum(one.size_bytes for one in files))
    if not files and not pruned:
        return _("Each kept input is needed by a run or a signed list: nothing to remove.")
    if pruned:
        return _n(
            "{n} kept input removed: {size} bytes.", "{n} kept inputs removed: {size} bytes.", n=n, size=size
        )
    return _n(
        "No run and no signed list needs {n} kept input: {size} bytes.",
        "No run and no signed list needs {n} kept inputs: {size} bytes.",
        n=n,
        size=size,
    )


def _build_table(runs: Sequence[ListedRun]) -> Table:
    return Table(
        [
            Column(_("Run"), [one.folder for one in runs]),
            Column(_("Date"), [one.date for one in runs]),
            Column(_("Scenario"), [one.scenario for one in runs], optional=True),
            # Without the sign of a currency: a folder may hold runs of several, a process shows one.
            Column(
                _("Granted"),
                [None if (cents := one.granted_cents) is None else Fraction(cents, 100) for one in runs],
                Kind.DECIMAL,
            ),
            Column(_("Proof"), [PROOF.get(one.proof or "", "–") for one in runs]),
            Column(_("Bytes"), [one.size_bytes for one in runs], Kind.COUNT, optional=True),
            Column(_("Changed since"), [", ".join(one.changes) or _("nothing") for one in runs]),
        ],
        most=len(runs),
    )
