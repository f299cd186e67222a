"""Sentence about the progress of an analysis that a time limit or Ctrl-C ended."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from tnt_sim.analysis.shared.progress import ProgressEntry
from tnt_sim.i18n.message import NO_TEXT, Text, _, _n
from tnt_sim.i18n.parameters import Count

_COUNTS: Mapping[str, Callable[[int], Text]] = {
    "dossiers": lambda n: _n("{n} application", "{n} applications", n=n),
    "amounts": lambda n: _n("{n} amount", "{n} amounts", n=n),
    "steps": lambda n: _n("{n} step", "{n} steps", n=n),
    "portfolios": lambda n: _n("{n} choice", "{n} choices", n=n),
    "questions": lambda n: _n("{n} question", "{n} questions", n=n),
    "targets": lambda n: _n("{n} target", "{n} targets", n=n),
    "ways": lambda n: _n("{n} way", "{n} ways", n=n),
    "solves": lambda n: _n("{n} solve", "{n} solves", n=n),
    "draws": lambda n: _n("{n} draw", "{n} draws", n=n),
    "lines": lambda n: _n("{n} line", "{n} lines", n=n),
    "sides": lambda n: _n("{n} scenario", "{n} scenarios", n=n),
}
"""What a study counts."""
UNITS = frozenset(_COUNTS)


class LimitedStudy(Protocol):
    """A document that says what ended its study, and how far it got."""

    @property
    def stopped_by(self) -> str | None:
        """Return what ended the study; None if it completed."""

    @property
    def progress(self) -> ProgressEntry | None:
        """Return how far the study got."""


def describe_interruption(document: LimitedStudy) -> Text:
    """Say how far the analysis got; empty if it completed."""
    by, progress = document.stopped_by, document.progress
    if by is None or progress is None:
        return NO_TEXT
    after = _describe_progress(progress)
    if by == "interrupt":
        return _("The computation was interrupted after {after}.", after=after)
    return _(
        "The computation stopped at the time limit, after {after}. To go further: --time-limit.", after=after
    )


def _describe_progress(progress: ProgressEntry) -> Text:
    """Write the progress: « 37 dossiers sur 120 »."""
    done = _COUNTS[progress.unit](progress.done)
    if progress.of is None:
        return done
    return _("{done} out of {total}", done=done, total=Count(progress.of))
