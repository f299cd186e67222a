"""Head of the reports of all studies, and their table of who enters and leaves."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import TYPE_CHECKING, Protocol, cast

import polars as pl

from tnt_sim.analysis.shared.list_distance import ListChange, ListChanges
from tnt_sim.documents import TableRows
from tnt_sim.i18n.message import NO_TEXT, Text, _
from tnt_sim.i18n.parameters import Day
from tnt_sim.reporting.report_tree import Callout, Column, Kind, Node, Output, Report, Table, Tone, Words
from tnt_sim.reporting.reports.progress import LimitedStudy, describe_interruption
from tnt_sim.reporting.text.vocabulary import label_dossiers

if TYPE_CHECKING:
    from tnt_sim.analysis.shared.study_head import QuestionHead


class StudySummary(LimitedStudy, Protocol):
    """The keys that the documents of studies share."""

    @property
    def scenario(self) -> str:
        """Return the id of the scenario."""

    @property
    def scenario_sha256(self) -> str:
        """Return the fingerprint of the scenario."""

    @property
    def title(self) -> str:
        """Return the title of the scenario."""

    @property
    def synthetic(self) -> bool:
        """Return whether the data are invented."""


def build_study_report(
    document: StudySummary, title: Words, verdict: Callout, nodes: Sequence[Node]
) -> Report:
    """Return the report of a study: its verdict, how far it got if it was stopped, then its parts."""
    return Report(
        title=title,
        subject=document.title or document.scenario,
        about=[document.scenario],
        nodes=[verdict, *build_interruption(document), *nodes],
        synthetic=document.synthetic,
        foot={document.scenario: document.scenario_sha256} if document.scenario_sha256 else {},
    )


def build_question_report(
    document: QuestionHead,
    title: Words,
    nodes: Iterable[Node],
    *,
    answer: Iterable[Text] = (),
    verdict: Iterable[Callout] = (),
) -> Report:
    """Return the report of a declared question: its verdict, how far it got, its parts, its warnings.

    A page says the `answer` before all of this.
    """
    day = document.date
    return Report(
        title=title,
        subject=document.title or document.scenario,
        about=[document.scenario, *([describe_day(day)] if day else [])],
        nodes=[
            *verdict,
            *build_interruption(document),
            *nodes,
            *(Callout(text, Tone.WARNING) for text in document.warnings),
        ],
        answer=[Callout(text, Tone.PLAIN) for text in answer],
        synthetic=document.synthetic,
        foot={document.scenario: document.scenario_sha256},
        day=None if day is None else date.fromisoformat(day),
    )


def build_interruption(document: LimitedStudy) -> list[Callout]:
    """Say how far a study got that a limit or Ctrl-C ended."""
    stopped = describe_interruption(document)
    return [] if stopped is NO_TEXT else [Callout(stopped, Tone.WARNING)]


def describe_day(day: str) -> Text:
    """Write the day of the decision: « décision au 31 mars 2026 »."""
    return _("as of {day}", day=Day(day))


CHANGES = {
    "enter": _("enters"),
    "leave": _("leaves"),
    "amount": _("other amount"),
}


def build_change_table(changes: ListChanges) -> Table:
    """Return who enters, who leaves and whose amount changes."""
    kinds = ("enter", changes.enter), ("leave", changes.leave), ("amount", changes.amount)
    table = pl.concat([cast("TableRows[ListChange]", rows).table for __, rows in kinds])
    return Table(
        [
            Column(
                _("Application"),
                label_dossiers(table["dossier"].to_list(), table["title"].to_list()),
                outputs=Output.PAGE,
            ),
            Column(_("Application"), table["dossier"].to_list(), outputs=Output.TERMINAL | Output.SHEET),
            Column(
                _("Title"), table["title"].fill_null("").to_list(), outputs=Output.TERMINAL | Output.SHEET
            ),
            Column(_("Change"), [CHANGES[key] for key, rows in kinds for __ in range(len(rows))]),
            Column(_("Before"), table["before_cents"].to_list(), Kind.MONEY),
            Column(_("After"), table["after_cents"].to_list(), Kind.MONEY),
        ],
        most=12,
    )
