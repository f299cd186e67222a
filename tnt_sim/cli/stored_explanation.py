"""The explanation in a run folder, for commands: read where it may be used, kept where it was computed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tnt_sim.analysis.explain import stored_explanation as stored
from tnt_sim.analysis.explain.document import ExplainDocument
from tnt_sim.analysis.explain.explanation_check import read_checked, read_checked_run
from tnt_sim.cli.console import print_note
from tnt_sim.disk import explain_refusal
from tnt_sim.engine.run_folder.explanation_file import ExplanationFiles
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.i18n.message import NO_TEXT, Lang, _

if TYPE_CHECKING:
    from tnt_sim.analysis.shared.decided_run import DecidedRun


def read_of_decision(
    decided: DecidedRun, lang: Lang, limit: float | None, *, quiet: bool
) -> ExplainDocument | None:
    """Return the document of all applications that the folder of a decision holds; say why one is not used."""
    document, files = read_checked(decided, lang, limit)
    _report_unused(files, lang, quiet=quiet)
    return document


def read_of_run(run: StoredRun, lang: Lang, limit: float | None, *, quiet: bool) -> ExplainDocument | None:
    """Return the document of all applications that a run folder holds, as `read_of_decision` does."""
    document, files = read_checked_run(run, lang, limit)
    _report_unused(files, lang, quiet=quiet)
    return document


def _report_unused(files: ExplanationFiles, lang: Lang, *, quiet: bool) -> None:
    if files.reason_against is not NO_TEXT and not quiet:
        text = _("The explanation in the run folder is not used: {why}", why=files.reason_against)
        print_note(text.in_(lang))


def keep_explanation(
    run_dir: Path, document: ExplainDocument, limit: float | None, lang: Lang, *, quiet: bool
) -> None:
    """Write a document of all applications into its run folder; say why where that fails."""
    try:
        stored.store_explanation(run_dir, document, limit)
    except OSError as error:
        if not quiet:
            text = _("The explanation is not kept in the run folder: {why}.", why=explain_refusal(error))
            print_note(text.in_(lang))
