"""Warnings of a document, as the section of a report."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tnt_sim.i18n.message import _
from tnt_sim.reporting.report_tree import Callout, Section, Tone
from tnt_sim.rules.expressions.text import capitalise


def build_warnings(warnings: Sequence[str]) -> list[Section]:
    """Return the section of the warnings, if there are any."""
    callouts = [Callout(_put_code_last(text), Tone.WARNING) for text in warnings]
    return [Section(_("Warnings"), callouts)] if callouts else []


def _put_code_last(warning: str) -> str:
    """Return a warning of a document, « CODE place — sentence », as « place — sentence (CODE) »."""
    match = re.fullmatch(r"([a-z][a-z0-9_:-]*)(?: ([^—]+?))? — (.+)", warning, re.DOTALL)
    if match is None:
        return warning
    code, place, sentence = match.groups()
    return f"{place} — {sentence} ({code})" if place else f"{capitalise(sentence)} ({code})"
