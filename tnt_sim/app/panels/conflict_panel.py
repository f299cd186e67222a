"""The panel of a conflict: what clashes, and the cheapest repairs, each with its button; every text is escaped."""

from __future__ import annotations

from typing import Any

from tnt_sim.analysis.infeasibility.document import ClashEntry
from tnt_sim.analysis.infeasibility.sentences import describe_members, describe_repair
from tnt_sim.app.live_answers import LiveConflict, SettledClashes
from tnt_sim.app.panels.result_panels import Drawer
from tnt_sim.i18n.message import Lang, _
from tnt_sim.reporting.reports.infeasibility import describe_repaired_optimum, describe_what_stands
from tnt_sim.rules.expressions.text import capitalise

MOST_MEMBERS = 8


def render_conflicts(
    drawer: Drawer, problem_note: LiveConflict | None, conflict: SettledClashes | None, *, held: bool
) -> str:
    """Return the panel `problem_note`; empty if the settings are feasible.

    `conflict` is what the search found, once done; `held`: the page still shows settings that
    were feasible.
    """
    if problem_note is None:
        return ""
    lang = drawer.lang
    sets, repairs = conflict or SettledClashes()
    return drawer.render_macro(
        "trouble",
        {
            "sentences": [text.in_(lang) for text in (*problem_note.sentences, *describe_what_stands(sets))]
            + _explain_missing_repair(conflict, lang),
            "held": held,
            "stopped": problem_note.stopped,
            "searching": problem_note.clash and conflict is None,
            "sets": [_set(rank, one, len(sets), lang) for rank, one in enumerate(sets, start=1)],
            "repairs": [
                {
                    "words": f"{capitalise(describe_repair(repair, lang))}.",
                    "after": describe_repaired_optimum(repair, lang),
                    "k": k if repair.set else None,
                    "lines": "\n".join(repair.set or ()),
                }
                for k, repair in enumerate(repairs)
            ],
        },
    )


def _explain_missing_repair(conflict: SettledClashes | None, lang: Lang) -> list[str]:
    """Return the explanation for a search that found no repair."""
    if conflict is None or conflict.repairs:
        return []
    return [_("The search found no repair in the time it had.").in_(lang)]


def _set(rank: int, entry: ClashEntry, n: int, lang: Lang) -> dict[str, Any]:
    """Return one minimal conflict with its evidence."""
    number = f" {rank}" if n > 1 else ""
    members = [capitalise(text) for __, text in describe_members(entry.members, lang)]
    rest = len(members) - MOST_MEMBERS
    if rest > 0:
        members = [*members[:MOST_MEMBERS], _("… and {rest} more", rest=rest).in_(lang)]
    doubts = [] if entry.proof else [_("contradiction not proven")]
    doubts += [] if entry.minimal else [_("perhaps not the smallest")]
    return {
        "title": _("What clashes{number}", number=number).in_(lang),
        "members": members,
        "doubt": capitalise(", ".join(doubt.in_(lang) for doubt in doubts)) if doubts else "",
    }
