"""Report of the files that were written from a run; many of them are named by their folder."""

from __future__ import annotations

from pathlib import PurePath

from tnt_sim.i18n.message import _, _n
from tnt_sim.reporting.command_documents import WrittenDocument
from tnt_sim.reporting.report_tree import Paragraph, Report

_MOST = 4


def build_report(document: WrittenDocument) -> Report:
    """Return the report of the files of a document."""
    paths = [file.path for file in document.files]
    texts = [_("Written: {file}", file=path) for path in paths]
    if (n := len(paths)) > _MOST:
        folder = PurePath(paths[0]).parent.as_posix()
        texts = [_n("Written: {n} file in {folder}/", "Written: {n} files in {folder}/", n=n, folder=folder)]
    return Report(title=_("Files written"), nodes=[Paragraph(text) for text in texts], bare=True)
