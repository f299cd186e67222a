"""What a report takes from an explanation: a sentence for each dossier, what rules do, who would enter first.

The document is that of `explain --all --json`; without one a report tells the reasons of the run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from tnt_sim.errors import Lang, Text
from tnt_sim.view.change_words import change_sentence
from tnt_sim.view.decided import MOTIVE
from tnt_sim.view.explanation import settled_texts, waits_for
from tnt_sim.view.figures import amount, count, listed
from tnt_sim.view.why_words import cause_words, why_sentence

Entry = Mapping[str, Any]
MOST_RESERVE = 30
"""Dossiers of the reserve list on a page; the workbook has them all."""
MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class Explained:
    """An explanation in the words of one language.

    Attributes
    ----------
    why, change : by dossier, its reason, and what would fund it (empty for a funded one)
    rules : (rule, who would enter, who would leave without it)
    reserve : rank, dossier, envelope, asked, what it waits for, what would fund it
    notes : how thresholds were settled
    n_reserve : how many the reserve list holds
    """

    why: Mapping[str, str]
    change: Mapping[str, str]
    rules: Sequence[tuple[str, str, str]]
    reserve: Sequence[tuple[str, ...]]
    notes: Sequence[str]
    n_reserve: int

    @property
    def texts(self) -> dict[str, str]:
        """By dossier, its reason and on the next line what would fund it."""
        return {name: "\n".join(filter(None, (why, self.change[name]))) for name, why in self.why.items()}


def explained(document: Entry | None, lang: Lang) -> Explained | None:
    """The words of an explanation; None where there is none."""
    if document is None:
        return None
    entries: Sequence[Entry] = document["dossiers"]
    change = {str(entry["dossier"]): changes_words(entry["changes"], lang) for entry in entries}
    return Explained(
        {str(entry["dossier"]): why_sentence(entry, lang) for entry in entries},
        change,
        [_rule(rule, lang) for rule in document["rules"]],
        [_waiting(one, change, lang) for one in document["reserve"]],
        settled_texts(document, lang),
        len(document["reserve"]),
    )


def changes_words(changes: Sequence[Entry], lang: Lang) -> str:
    """The changes that have an answer, in one text; those that must be asked alone are left out."""
    return " ".join(change_sentence(one, lang) for one in changes if one["status"] != "undefined")


def with_motives(table: pl.DataFrame, found: Explained | None) -> pl.DataFrame:
    """The table of `decided(run)` with the sentences of an explanation, where there is one."""
    if found is None:
        return table
    texts = found.texts
    motives = [
        texts.get(name, old)
        for name, old in zip(table["dossier"].to_list(), table[MOTIVE].to_list(), strict=True)
    ]
    return table.with_columns(pl.Series(MOTIVE, motives, dtype=pl.String))


def _rule(rule: Entry, lang: Lang) -> tuple[str, str, str]:
    name = cause_words(rule, lang)
    if rule["enters"] is None:
        return name, Text("calcul arrêté par une limite", "solve stopped by a limit").in_(lang), ""
    return name, _named(rule["enters"], lang), _named(rule["leaves"], lang)


def _named(dossiers: Sequence[str], lang: Lang) -> str:
    if not dossiers:
        return "–"
    return f"{count(len(dossiers), lang)} : {listed(dossiers, lang, most=MOST_NAMED)}"


def _waiting(one: Entry, change: Mapping[str, str], lang: Lang) -> tuple[str, ...]:
    return (
        "–" if one["rank"] is None else count(one["rank"], lang),
        str(one["dossier"]),
        str(one["envelope"]),
        amount(one["asked_cents"], lang),
        waits_for(one, lang),
        change.get(str(one["dossier"]), ""),
    )
