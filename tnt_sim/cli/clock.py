"""The day of today, which only what a verb says beside an answer may depend on: no file of a run has it."""

from __future__ import annotations

from datetime import date


def get_today() -> date:
    """Return the day of today where the program runs."""
    return date.today()
