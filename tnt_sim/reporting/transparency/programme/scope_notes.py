"""Notes on what is out of scope and why: personal data (RGPD) and the European regulation on AI."""

from __future__ import annotations

from collections.abc import Iterator

from tnt_sim.domain.publisher import compute_last_day
from tnt_sim.engine.personal_columns import PersonalStanding, list_personal_columns
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.i18n.message import Lang, _
from tnt_sim.i18n.parameters import Day
from tnt_sim.reporting.report_tree import Callout, Node, Paragraph, Report, Section, Tone, Words
from tnt_sim.reporting.text.legal_wording import LegalWording
from tnt_sim.reporting.transparency.programme.rules_page import TO_COMPLETE, require_problem

_PERSONAL_DATA = (
    "data_protection_out",
    "data_protection_in",
    "data_protection_here",
    "data_protection_decision",
)
_AI_ACT = ("ai_act_out", "ai_act_in")
_STATUS = ("signature_is_not_legal", "archive_status")
_KEPT_TABLES = _(
    "Beside the runs, the folder inputs holds a copy of each table as it was read, with all its columns; a signed "
    "list holds one too. Destroy them with the calculation."
)


def build_notes_report(run: StoredRun, lang: Lang, wording: LegalWording) -> Report:
    """Return the notes on scope as a report; each paragraph names its article.

    Raises
    ------
    DataError
        If the data of the run are gone or have changed.
    """
    personal = [
        *_describe(_PERSONAL_DATA, wording, lang),
        *_describe_columns(run),
        _describe_retention(run),
        Paragraph(_KEPT_TABLES),
    ]
    return Report(
        title=_("Out of scope, and why"),
        subject=run.title,
        nodes=[
            Callout(_("No lawyer has read these notes. Have your legal service read them."), Tone.WARNING),
            Section(_("Personal data"), personal),
            Section(_("Artificial intelligence"), list(_describe(_AI_ACT, wording, lang))),
            Section(_("Signature and archives"), list(_describe(_STATUS, wording, lang))),
        ],
        synthetic=run.synthetic,
        day=run.spec.date,
    )


def _describe(keys: tuple[str, ...], wording: LegalWording, lang: Lang) -> Iterator[Node]:
    for key in keys:
        yield Paragraph(wording.fill(key, lang))
        yield Paragraph(wording.get_article(key), soft=True)


def _describe_columns(run: StoredRun) -> Iterator[Node]:
    """Say which columns of the table look personal, and which of them the run keeps."""
    columns = list_personal_columns(require_problem(run).scenario)
    left_out = [one.column.name for one in columns if one.standing is PersonalStanding.LEFT_OUT]
    retained = [one.column.name for one in columns if one.standing is not PersonalStanding.LEFT_OUT]
    if not columns:
        yield Paragraph(_("No column of the table looks personal, by its name or by its cells."))
    if retained:
        words = _(
            "These columns look personal, and the run holds them, since the scenario reads or allows them: "
            "{names}.",
            names=", ".join(retained),
        )
        yield Callout(words, Tone.WARNING)
    if left_out:
        words = _(
            "These columns look personal, and the run does not hold them, since no rule reads them: {names}.",
            names=", ".join(left_out),
        )
        yield Paragraph(words)


def _describe_retention(run: StoredRun) -> Node:
    last = compute_last_day(run.spec.publisher, run.spec.date)
    if last is not None:
        return Paragraph(
            _(
                "The calculation is kept until {day}. From the next day on, the service hands it to the archives "
                "or, with their visa, destroys it.",
                day=Day(last.isoformat()),
            )
        )
    retention: Words = run.spec.publisher.retention or TO_COMPLETE
    return Paragraph(_("Keep the calculation until, or for: {retention}.", retention=retention))
