"""Sentence about the progress of an analysis that a time limit or Ctrl-C ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from rich.text import Text as Line

from tnt_sim.analysis.shared.progress import ProgressEntry
from tnt_sim.i18n.message import Lang, _
from tnt_sim.i18n.numbers import format_count, format_integer
from tnt_sim.reporting.renderers.terminal import wrap_paragraph

UNITS: Mapping[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "dossiers": (("dossier", "dossiers"), ("dossier", "dossiers")),
    "amounts": (("montant", "montants"), ("amount", "amounts")),
    "steps": (("palier", "paliers"), ("step", "steps")),
    "portfolios": (("choix", "choix"), ("choice", "choices")),
    "questions": (("question", "questions"), ("question", "questions")),
    "targets": (("cible", "cibles"), ("target", "targets")),
    "ways": (("partage", "partages"), ("way", "ways")),
    "solves": (("calcul", "calculs"), ("solve", "solves")),
    "draws": (("tirage", "tirages"), ("draw", "draws")),
    "sides": (("scénario", "scénarios"), ("scenario", "scenarios")),
}
"""Words for what is counted, singular and plural, in both languages."""


class LimitedStudy(Protocol):
    """A document that says what ended its study, and how far it got."""

    @property
    def stopped_by(self) -> str | None:
        """Return what ended the study; None if it completed."""

    @property
    def progress(self) -> ProgressEntry | None:
        """Return how far the study got."""


def describe_interruption(document: LimitedStudy, lang: Lang) -> str:
    """Say how far the analysis got; empty if it completed."""
    by, progress = document.stopped_by, document.progress
    if by is None or progress is None:
        return ""
    after = _describe_progress(progress, lang)
    if by == "interrupt":
        return _("The computation was interrupted after {after}.", after=after).in_(lang)
    return _(
        "The computation stopped at the time limit, after {after}. To go further: --time-limit.", after=after
    ).in_(lang)


def render_interruption(document: LimitedStudy, lang: Lang, width: int) -> list[Line]:
    """Write the sentence as lines of a page."""
    said = describe_interruption(document, lang)
    return wrap_paragraph(said, width, style="yellow") if said else []


def _describe_progress(progress: ProgressEntry, lang: Lang) -> str:
    """Write the progress: « 37 dossiers sur 120 »."""
    done, of, (fr, en) = progress.done, progress.of, UNITS[progress.unit]
    if of is None:
        return format_count(done, fr, en, lang)
    if lang is Lang.FR:
        return f"{format_count(done, fr, en, lang)} sur {format_integer(of, lang)}"
    return f"{format_integer(done, lang)} of {format_count(of, fr, en, lang)}"
