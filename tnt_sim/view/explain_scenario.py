"""A scenario explained: every condition, grant, rule and goal as one sentence, with its source and its place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.text import Text as Line

from tnt_sim.errors import Lang, Text
from tnt_sim.fields import Described
from tnt_sim.money import format_cents, format_rate
from tnt_sim.rules.base import Path
from tnt_sim.rules.eligibility import EligibilitySpec
from tnt_sim.rules.select import Selector, select
from tnt_sim.scenario.compile import Problem
from tnt_sim.view import words
from tnt_sim.view.figures import plural
from tnt_sim.view.grant_words import grant_words
from tnt_sim.view.grid import paragraph
from tnt_sim.view.rule_words import rule_words
from tnt_sim.view.selector_words import selector_words


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing that the scenario says.

    Attributes
    ----------
    section : envelopes, eligibility, grants, rules or objective
    id : its identifier, "" without one
    text : the sentence
    remark : why it does not count today, "" when it does
    source : law, page or paper
    place : `file:line`
    n_dossiers : the dossiers that its `where` names, None when that says nothing
    """

    section: str
    id: str
    text: str
    remark: str
    source: str
    place: str
    n_dossiers: int | None = None


def sentences(problem: Problem, lang: Lang) -> list[Sentence]:
    """Every sentence, in the order of the file's sections."""
    spec = problem.scenario.spec
    found = list(_envelopes(problem, lang))
    for k, entry in enumerate(spec.eligibility):
        path = ("eligibility", k)
        found.append(
            _told(problem, "eligibility", entry.id, _eligibility(entry, lang), entry, path, entry.where, lang)
        )
    for k, grant in enumerate(spec.grants):
        text = _if(grant.where, lang) + grant_words(grant, lang)
        found.append(_told(problem, "grants", str(k + 1), text, grant, ("grants", k), grant.where, lang))
    for k, rule in enumerate(spec.rules):
        where = getattr(rule, "where", None)
        found.append(
            _told(problem, "rules", rule.id, rule_words(rule, lang), rule, ("rules", k), where, lang)
        )
    return found + list(_objective(problem, lang))


def _told(
    problem: Problem,
    section: str,
    name: str,
    text: str,
    entry: Described,
    path: Path,
    where: Selector | None,
    lang: Lang,
) -> Sentence:
    n = None
    if isinstance(where, Selector) and not entry.off:
        mask = select(problem.case, where, (*path, "where"))
        n = None if mask is None else int(np.count_nonzero(mask))
    place = _place(problem, (*path, "id") if name and section != "grants" else path)
    return Sentence(section, name, text, _remark(problem, entry, lang), entry.source, place, n)


def _remark(problem: Problem, entry: Described, lang: Lang) -> str:
    """Why an entry does not count: switched off, or not in force on the day."""
    if entry.off:
        return Text("arrêtée (off: true)", "switched off (off: true)").in_(lang)
    valid = entry.valid
    if valid is None:
        return ""
    parts = []
    if valid.from_ is not None:
        day = words.long_day(valid.from_.isoformat())
        parts.append(Text(f"à partir du {day.fr}", f"from {day.en}").in_(lang))
    if valid.until is not None:
        day = words.long_day(valid.until.isoformat())
        parts.append(Text(f"jusqu'au {day.fr}", f"until {day.en}").in_(lang))
    span = " ".join(parts)
    if entry.in_force(problem.scenario.spec.date):
        return Text(f"en vigueur {span}", f"in force {span}").in_(lang)
    return Text(f"pas en vigueur ce jour-là ({span})", f"not in force on that day ({span})").in_(lang)


def _place(problem: Problem, path: Path) -> str:
    place = problem.scenario.locate(path)
    return f"{place.file}:{place.line}" if place.line is not None else place.file or ""


def _if(where: Selector | None, lang: Lang) -> str:
    if where is None:
        return "Tous les autres dossiers : " if lang is Lang.FR else "All other dossiers: "
    condition = selector_words(where.root, lang)
    return f"Si {condition} : " if lang is Lang.FR else f"If {condition}: "


def _eligibility(entry: EligibilitySpec, lang: Lang) -> str:
    required = selector_words(entry.require.root, lang)
    if entry.where is None:
        return f"Exige {required}." if lang is Lang.FR else f"Requires {required}."
    condition = selector_words(entry.where.root, lang)
    return (
        f"Si {condition}, exige {required}." if lang is Lang.FR else f"If {condition}, requires {required}."
    )


def _envelopes(problem: Problem, lang: Lang) -> Iterator[Sentence]:
    for spec, path in problem.scenario.spec.programme.walk(("programme",)):
        money = format_cents(spec.amount, lang) if spec.amount is not None else ""
        if money:
            text = f"Au plus {money}." if lang is Lang.FR else f"At most {money}."
        else:
            text = "Sans montant propre." if lang is Lang.FR else "No amount of its own."
        for flag, word in _FLAGS.items():
            if getattr(spec, flag):
                text += f" {word.in_(lang)}"
        if spec.split is not None:
            by = words.column(spec.split.by).in_(lang)
            text += f" Répartie selon {by}." if lang is Lang.FR else f" Split by {by}."
        place = _place(problem, (*path, "id"))
        yield Sentence("envelopes", spec.id, text, _remark(problem, spec, lang), spec.source, place)


_FLAGS: Mapping[str, Text] = {
    "ring_fenced": Text(
        "Cantonnée : rien n'y entre et rien n'en sort.", "Ring-fenced: nothing enters, nothing leaves."
    ),
    "overbooked": Text(
        "Ses enveloppes sont des plafonds, qui dépassent ensemble son montant.",
        "Its envelopes are ceilings that exceed its amount together.",
    ),
}


def _objective(problem: Problem, lang: Lang) -> Iterator[Sentence]:
    for k, stage in enumerate(problem.scenario.spec.objective):
        goals = stage.maximise or stage.minimise or {}
        sense = words.SENSE["maximise" if stage.maximise is not None else "minimise"].in_(lang)
        parts = [
            words.measure(name).in_(lang)
            if str(weight) == "1"
            else f"{weight} × {words.measure(name).in_(lang)}"
            for name, weight in goals.items()
        ]
        text = f"{sense.capitalize()} {' + '.join(parts)}"
        if stage.tolerance:
            share = format_rate(stage.tolerance, lang)
            text += (
                f", à {share} près pour les suivants"
                if lang is Lang.FR
                else f", within {share} for later ones"
            )
        yield Sentence("objective", str(k + 1), text + ".", "", "", _place(problem, ("objective", k)))


_SECTIONS: Mapping[str, Text] = {
    "envelopes": Text("Enveloppes", "Envelopes"),
    "eligibility": Text("Conditions d'éligibilité", "Eligibility"),
    "grants": Text(
        "Montants (la première ligne qui convient décide)", "Grants (the first line that fits decides)"
    ),
    "rules": Text("Règles", "Rules"),
    "objective": Text("Objectif, dans l'ordre", "Objective, in order"),
}


def sentence_lines(found: Sequence[Sentence], lang: Lang, width: int) -> list[Line]:
    """The sentences by section, each with its source and its place."""
    lines: list[Line] = []
    for section, title in _SECTIONS.items():
        mine = [sentence for sentence in found if sentence.section == section]
        if mine:
            lines += [Line(""), Line(title.in_(lang), style="bold")]
        for sentence in mine:
            lines += paragraph(f"{sentence.id} – {sentence.text}", width, first="  ")
            lines += paragraph(_about(sentence, lang), width, first="      ", style="dim")
    return lines


def _about(sentence: Sentence, lang: Lang) -> str:
    parts = [sentence.remark]
    if sentence.n_dossiers is not None:
        parts.append(plural(sentence.n_dossiers, ("dossier", "dossiers"), ("dossier", "dossiers"), lang))
    parts.append(sentence.source)
    parts.append(sentence.place)
    return " · ".join(part for part in parts if part)


def sentence_document(found: Sequence[Sentence]) -> list[dict[str, Any]]:
    """The sentences for `show --json`."""
    return [
        {
            "section": s.section,
            "id": s.id,
            "text": s.text,
            "remark": s.remark,
            "source": s.source,
            "place": s.place,
            "n_dossiers": s.n_dossiers,
        }
        for s in found
    ]
