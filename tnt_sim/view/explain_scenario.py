"""A scenario explained: every entry as one sentence and one formula, with its source, its rows and its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.text import Text as Line

from tnt_sim.errors import Lang, Text
from tnt_sim.fields import Described
from tnt_sim.formulation.formulate import formulate
from tnt_sim.rules.base import BoolArray, Path
from tnt_sim.rules.eligibility import EligibilitySpec
from tnt_sim.rules.select import Selector, select
from tnt_sim.scenario.compile import Problem
from tnt_sim.scenario.spec import StepSpec
from tnt_sim.view import words
from tnt_sim.view.cap_words import cap_words, waiver_words
from tnt_sim.view.envelope_words import envelope_words
from tnt_sim.view.figures import listed, plural
from tnt_sim.view.formulas import (
    cap_formula,
    eligibility_formula,
    envelope_formula,
    grant_formula,
    rule_formula,
)
from tnt_sim.view.goal_words import measure_formula, measure_words, stage_formula, stage_words
from tnt_sim.view.grant_words import grant_words
from tnt_sim.view.grid import paragraph
from tnt_sim.view.phrase import capitalised
from tnt_sim.view.rule_words import rule_words
from tnt_sim.view.selector_words import selector_words


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing that the scenario says.

    Attributes
    ----------
    section : envelopes, eligibility, grants, caps, waivers, measures, rules, objective or steps
    id : its identifier, "" without one
    text : the sentence
    remark : why it does not count today, "" when it does
    source : law, page or paper
    place : `file:line`
    n_dossiers : the dossiers that it touches, None when that says nothing
    formula : what it says of x and g, with the scenario's numbers
    n_rows : the rows that it has in the model, None for what is settled before there is a model
    """

    section: str
    id: str
    text: str
    remark: str
    source: str
    place: str
    n_dossiers: int | None = None
    formula: str = ""
    n_rows: int | None = None


def sentences(problem: Problem, lang: Lang) -> list[Sentence]:
    """Every sentence, in the order of the file's sections."""
    return list(_Teller(problem, lang, row_counts(problem)).all())


def row_counts(problem: Problem) -> Counter[str]:
    """How many rows of the model stand for each envelope, rule and cap, by its id (`cap:ID` for caps)."""
    counts: Counter[str] = Counter()
    for label in formulate(problem).labels:
        counts[label.id] += 1
        own, _, rest = label.id.partition(":")
        if own != "cap" and rest:
            counts[own] += 1
        split, _, group = label.id.partition("/")
        if group:
            counts[split] += 1
    return counts


@dataclass(frozen=True)
class _Teller:
    """Walks a scenario and tells each entry."""

    problem: Problem
    lang: Lang
    rows: Counter[str]

    def all(self) -> Iterator[Sentence]:
        """Every section in turn."""
        yield from self._envelopes()
        yield from self._eligibility()
        yield from self._grants()
        yield from self._caps()
        yield from self._measures()
        yield from self._rules()
        yield from self._objective()
        yield from self._steps()

    def _told(
        self,
        section: str,
        name: str,
        text: str,
        entry: Described,
        path: Path,
        *,
        mask: BoolArray | None = None,
        formula: str = "",
        rows: int | None = None,
        source: str = "",
    ) -> Sentence:
        problem = self.problem
        counts = mask is not None and entry.in_force(problem.scenario.spec.date)
        return Sentence(
            section,
            name,
            text,
            _remark(problem, entry, self.lang),
            entry.source or source,
            _place(problem, path),
            int(np.count_nonzero(mask)) if counts and mask is not None else None,
            formula,
            rows if entry.in_force(problem.scenario.spec.date) else None,
        )

    def _named(self, where: Selector | None, path: Path, entry: Described) -> BoolArray | None:
        """The dossiers of `where`; None without one, or when the entry is off (it may be wrong then)."""
        if where is None or not entry.in_force(self.problem.scenario.spec.date):
            return None
        return select(self.problem.case, where, (*path, "where"))

    def _envelopes(self) -> Iterator[Sentence]:
        case = self.problem.case
        for spec, path in self.problem.scenario.spec.programme.walk(("programme",)):
            inside = None
            if spec.id in case.tree.ids:
                node = case.tree.index(spec.id)
                inside = (case.node >= node) & (case.node < case.tree.end[node])
            yield self._told(
                "envelopes",
                spec.id,
                envelope_words(spec, self.lang),
                spec,
                (*path, "id"),
                mask=inside,
                formula=envelope_formula(spec),
                rows=self.rows[spec.id],
            )

    def _eligibility(self) -> Iterator[Sentence]:
        for k, entry in enumerate(self.problem.scenario.spec.eligibility):
            path: Path = ("eligibility", k)
            yield self._told(
                "eligibility",
                entry.id,
                _eligibility(entry, self.lang),
                entry,
                (*path, "id"),
                mask=self._named(entry.where, path, entry),
                formula=eligibility_formula(entry),
            )

    def _grants(self) -> Iterator[Sentence]:
        left = np.ones(self.problem.case.n, dtype=np.bool_)
        for k, grant in enumerate(self.problem.scenario.spec.grants):
            path: Path = ("grants", k)
            mask: BoolArray | None = None
            if grant.in_force(self.problem.scenario.spec.date):
                chosen = self._named(grant.where, path, grant)
                mask = left if chosen is None else left & chosen
                left = left & ~mask
            text = _if(grant.where, self.lang) + grant_words(grant, self.lang)
            yield self._told("grants", str(k + 1), text, grant, path, mask=mask, formula=grant_formula(grant))

    def _caps(self) -> Iterator[Sentence]:
        problem = self.problem
        compiled = {cap.id: cap for cap in problem.caps.caps}
        for k, cap in enumerate(problem.scenario.spec.caps):
            own = compiled.get(cap.name)
            mask = None if own is None else own.covered[problem.caps.code]
            legal = "" if cap.legal is None else cap.legal.source
            yield self._told(
                "caps",
                cap.name,
                cap_words(cap, self.lang),
                cap,
                ("caps", k),
                mask=mask,
                formula=cap_formula(cap),
                rows=self.rows[f"cap:{cap.name}"],
                source=legal,
            )
        for k, waiver in enumerate(problem.scenario.spec.waivers):
            path: Path = ("waivers", k)
            named = self._named(waiver.where, path, waiver)
            yield self._told("waivers", waiver.of, waiver_words(waiver, self.lang), waiver, path, mask=named)

    def _measures(self) -> Iterator[Sentence]:
        for name, measure in self.problem.scenario.spec.measures.items():
            text, formula = measure_words(measure, self.lang), measure_formula(measure)
            yield self._told("measures", name, text, measure, ("measures", name), formula=formula)

    def _rules(self) -> Iterator[Sentence]:
        for k, rule in enumerate(self.problem.scenario.spec.rules):
            path: Path = ("rules", k)
            yield self._told(
                "rules",
                rule.id,
                rule_words(rule, self.lang),
                rule,
                (*path, "id"),
                mask=self._touched(rule, path),
                formula=rule_formula(rule),
                rows=self.rows[rule.id] if rule.kind != "decide" else None,
            )

    def _touched(self, rule: Any, path: Path) -> BoolArray | None:
        """The dossiers that a rule names, or those of its `where`."""
        named = [
            name
            for key in ("dossiers", "need", "fund", "refuse", "amounts")
            for name in (getattr(rule, key, None) or ())
        ]
        if named:
            mask: BoolArray = self.problem.case.table["dossier"].is_in(named).to_numpy()
            return mask
        where = getattr(rule, "where", None)
        return self._named(where if isinstance(where, Selector) else None, path, rule)

    def _objective(self) -> Iterator[Sentence]:
        for k, stage in enumerate(self.problem.scenario.spec.objective):
            text, formula = stage_words(stage, self.lang), stage_formula(stage)
            yield self._told("objective", str(k + 1), text, stage, ("objective", k), formula=formula)

    def _steps(self) -> Iterator[Sentence]:
        for k, step in enumerate(self.problem.scenario.spec.steps):
            yield self._told("steps", step.id, _step(step, self.lang), step, ("steps", k))


def _step(step: StepSpec, lang: Lang) -> str:
    """« Le 5 novembre 2021, avec envelopes.ads.amount = 11 M€. »"""
    parts = []
    if step.date is not None:
        day = words.long_day(step.date.isoformat())
        parts.append(Text(f"le {day.fr}", f"on {day.en}").in_(lang))
    changes = listed([f"{path} = {value}" for path, value in step.set.items()], lang)
    if changes:
        parts.append(Text(f"avec {changes}", f"with {changes}").in_(lang))
    told = ", ".join(parts) or Text("comme le scénario", "as the scenario").in_(lang)
    return capitalised(told) + "."


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


_SECTIONS: Mapping[str, Text] = {
    "envelopes": Text("Enveloppes", "Envelopes"),
    "eligibility": Text("Conditions d'éligibilité", "Eligibility"),
    "grants": Text(
        "Montants (la première ligne qui convient décide)", "Grants (the first line that fits decides)"
    ),
    "caps": Text("Plafonds par projet", "Caps over projects"),
    "waivers": Text("Dérogations", "Waivers"),
    "measures": Text("Mesures", "Measures"),
    "rules": Text("Règles", "Rules"),
    "objective": Text("Objectif, dans l'ordre", "Objective, in order"),
    "steps": Text("Étapes", "Steps"),
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
            if sentence.formula:
                lines += paragraph(sentence.formula, width, first="      ", style="cyan")
            lines += paragraph(_about(sentence, lang), width, first="      ", style="dim")
    return lines


def _about(sentence: Sentence, lang: Lang) -> str:
    parts = [sentence.remark]
    if sentence.n_dossiers is not None:
        parts.append(plural(sentence.n_dossiers, ("dossier", "dossiers"), ("dossier", "dossiers"), lang))
    if sentence.n_rows is not None:
        parts.append(plural(sentence.n_rows, ("ligne", "lignes"), ("row", "rows"), lang))
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
            "formula": s.formula,
            "n_rows": s.n_rows,
        }
        for s in found
    ]
