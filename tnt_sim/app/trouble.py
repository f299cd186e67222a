"""Settings that do not go together, told with the rules that clash and the cheapest repairs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tnt_sim.app.desk import Trouble
from tnt_sim.app.parts import Drawer
from tnt_sim.errors import Lang, Text
from tnt_sim.view.conflict_page import after_words
from tnt_sim.view.conflict_words import members_words, repair_words
from tnt_sim.view.phrase import capitalised

MOST_MEMBERS = 8


def trouble_part(
    drawer: Drawer, trouble: Trouble | None, conflict: Mapping[str, Any] | None, *, held: bool
) -> str:
    """The part `trouble`; empty where all is well.

    `conflict` is the document of the search, once it is done; `held` says that the page shows settings that held.
    """
    if trouble is None:
        return ""
    lang, clash = drawer.lang, conflict or {"sets": [], "repairs": []}
    return drawer.macro(
        "trouble",
        {
            "sentences": [text.in_(lang) for text in trouble.sentences] + _more(conflict, lang),
            "held": held,
            "stopped": trouble.stopped,
            "searching": trouble.clash and conflict is None,
            "sets": [
                _set(rank, one, len(clash["sets"]), lang) for rank, one in enumerate(clash["sets"], start=1)
            ],
            "repairs": [
                {
                    "words": f"{capitalised(repair_words(repair, lang))}.",
                    "after": after_words(repair, lang).strip(),
                    "k": k if repair["set"] else None,
                    "lines": "\n".join(repair["set"] or ()),
                }
                for k, repair in enumerate(clash["repairs"])
            ],
        },
    )


def _more(conflict: Mapping[str, Any] | None, lang: Lang) -> list[str]:
    """What there is to say of a search that found no repair."""
    if conflict is None or conflict["repairs"]:
        return []
    return [
        Text(
            "La recherche n'a pas trouvé de réparation dans le temps imparti.",
            "The search found no repair in the time it had.",
        ).in_(lang)
    ]


def _set(rank: int, one: Mapping[str, Any], n: int, lang: Lang) -> dict[str, Any]:
    """One minimal set of things that do not hold together, and how sure that is."""
    number = f" {rank}" if n > 1 else ""
    members = [capitalised(text) for _, text in members_words(one["members"], lang)]
    rest = len(members) - MOST_MEMBERS
    if rest > 0:
        members = [*members[:MOST_MEMBERS], Text(f"… et {rest} de plus", f"… and {rest} more").in_(lang)]
    doubts = [] if one["proof"] else [Text("contradiction non prouvée", "contradiction not proven")]
    doubts += [] if one["minimal"] else [Text("peut-être pas la plus petite", "perhaps not the smallest")]
    return {
        "title": Text(f"Ce qui se contredit{number}", f"What clashes{number}").in_(lang),
        "members": members,
        "doubt": capitalised(", ".join(doubt.in_(lang) for doubt in doubts)) if doubts else "",
    }
