"""Explain a scenario: each entry as a sentence and a formula, with its source, rows and position."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.text import Text as Line

from tnt_sim.domain.field_types import Described
from tnt_sim.formulation.formulate import formulate
from tnt_sim.i18n.message import Lang, Text
from tnt_sim.i18n.numbers import plural
from tnt_sim.reporting.renderers.terminal import paragraph
from tnt_sim.reporting.text.scenario_entries import (
    eligibility_words,
    reach_words,
    remark_words,
    rows_words,
    source_words,
    step_words,
    whom_words,
)
from tnt_sim.rules.envelopes.text import envelope_formula, envelope_words, free_money
from tnt_sim.rules.expressions.selectors import Selector, select
from tnt_sim.rules.kind_support.rule_spec import RuleSpec
from tnt_sim.rules.kinds.coverage.rule import Coverage
from tnt_sim.rules.kinds.registry import rule_formula, rule_words
from tnt_sim.rules.linear_terms import BoolArray
from tnt_sim.rules.offers.text import (
    cap_formula,
    cap_words,
    eligibility_formula,
    grant_formula,
    grant_words,
    waiver_words,
)
from tnt_sim.rules.protocols import Path
from tnt_sim.scenario.objective_text import measure_formula, measure_words, stage_formula, stage_words
from tnt_sim.scenario.problem import Problem


@dataclass(frozen=True, slots=True)
class Sentence:
    """One statement of the scenario.

    Attributes
    ----------
    section : envelopes, eligibility, grants, caps, waivers, measures, rules, objective or steps
    id : its identifier, "" without one
    text : the sentence
    remark : why it does not apply today, "" if it does
    source : law, page or paper
    place : `file:line`
    n_dossiers : number of applications concerned; None if not meaningful
    formula : constraint on x and g, with the scenario's numbers
    n_rows : number of its rows in the model; None if it is settled before the model
    title, note : as the planner wrote them
    reported : whether it is only measured
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
    title: str = ""
    note: str = ""
    reported: bool = False


def sentences(problem: Problem, lang: Lang) -> list[Sentence]:
    """Return every statement, in the order of the file's sections."""
    return list(_Teller(problem, lang, row_counts(problem)).all())


def row_counts(problem: Problem) -> Counter[str]:
    """Count the rows of the model by envelope, rule and cap id (`cap:ID` for caps)."""
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
    """Writer of the statements of a scenario."""

    problem: Problem
    lang: Lang
    rows: Counter[str]

    def all(self) -> Iterator[Sentence]:
        """Yield the statements of every section."""
        yield from self._envelopes()
        yield from self._eligibility()
        yield from self._grants()
        yield from self._caps()
        yield from self._measures()
        yield from self._rules()
        yield from self._objective()
        yield from self._steps()

    def _sentence(
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
        remark: str = "",
    ) -> Sentence:
        problem = self.problem
        day = problem.scenario.spec.date
        in_force = entry.in_force(day)
        remarks = [remark_words(entry, day, self.lang), remark if in_force else ""]
        return Sentence(
            section,
            name,
            text,
            " · ".join(part for part in remarks if part),
            entry.source or source,
            _place(problem, path),
            int(np.count_nonzero(mask)) if in_force and mask is not None else None,
            formula,
            rows if in_force else None,
            entry.title,
            entry.note,
            isinstance(entry, RuleSpec) and entry.report,
        )

    def _named(
        self, where: Selector | None, path: Path, entry: Described, key: str = "where"
    ) -> BoolArray | None:
        """Return the applications of a selector, all without one; None if the entry is switched off."""
        if not entry.in_force(self.problem.scenario.spec.date):
            return None
        return select(self.problem.case, where, (*path, key))

    def _envelopes(self) -> Iterator[Sentence]:
        case, asked = self.problem.case, self.problem.scenario.spec
        givers = free_money(asked.programme, asked.date)
        for spec, path in asked.programme.walk(("programme",)):
            inside = None
            if spec.id in case.tree.ids:
                node = case.tree.index(spec.id)
                inside = (case.node >= node) & (case.node < case.tree.end[node])
            yield self._sentence(
                "envelopes",
                spec.id,
                envelope_words(spec, self.lang, top=path == ("programme",), giver=givers.get(spec.id)),
                spec,
                (*path, "id"),
                mask=inside,
                formula=(formula := envelope_formula(spec, givers.get(spec.id))),
                rows=self.rows[spec.id] if formula else None,
            )

    def _eligibility(self) -> Iterator[Sentence]:
        for k, entry in enumerate(self.problem.scenario.spec.eligibility):
            path: Path = ("eligibility", k)
            yield self._sentence(
                "eligibility",
                entry.id,
                eligibility_words(entry, self.lang),
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
            text = whom_words(grant.where, self.lang, first=k == 0) + grant_words(grant, self.lang)
            yield self._sentence(
                "grants", str(k + 1), text, grant, path, mask=mask, formula=grant_formula(grant)
            )

    def _caps(self) -> Iterator[Sentence]:
        problem = self.problem
        compiled = {cap.id: cap for cap in problem.caps.caps}
        for k, cap in enumerate(problem.scenario.spec.caps):
            own = compiled.get(cap.name)
            mask = None if own is None else own.covered[problem.caps.code]
            legal = "" if cap.legal is None else cap.legal.source
            yield self._sentence(
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
            yield self._sentence(
                "waivers", waiver.of, waiver_words(waiver, self.lang), waiver, path, mask=named
            )

    def _measures(self) -> Iterator[Sentence]:
        for name, measure in self.problem.scenario.spec.measures.items():
            text, formula = measure_words(measure, self.lang), measure_formula(measure)
            yield self._sentence("measures", name, text, measure, ("measures", name), formula=formula)

    def _rules(self) -> Iterator[Sentence]:
        for k, rule in enumerate(self.problem.scenario.spec.rules):
            path: Path = ("rules", k)
            yield self._sentence(
                "rules",
                rule.id,
                rule_words(rule, self.lang),
                rule,
                (*path, "id"),
                mask=self._touched(rule, path),
                formula=rule_formula(rule),
                rows=self.rows[rule.id] if rule.kind != "decide" else None,
                remark=self._reach(rule.id),
            )

    def _reach(self, name: str) -> str:
        """Say out of how many units of the map a coverage counts; "" for other rules."""
        found = (rule for rule in self.problem.rules if rule.id == name and isinstance(rule, Coverage))
        return "".join(reach_words(rule, self.lang) for rule in found)

    def _touched(self, rule: Any, path: Path) -> BoolArray | None:
        """Return the applications that a rule names or selects with its `where`.

        For a share, those of the `where` of its `of`.
        """
        named = [
            name
            for key in ("dossiers", "need", "fund", "refuse", "amounts")
            for name in (getattr(rule, key, None) or ())
        ]
        if named:
            mask: BoolArray = self.problem.case.table["dossier"].is_in(named).to_numpy()
            return mask
        key = "of" if rule.kind == "share" else "where"
        where = getattr(rule, key, None)
        return self._named(where if isinstance(where, Selector) else None, path, rule, key)

    def _objective(self) -> Iterator[Sentence]:
        for k, stage in enumerate(self.problem.scenario.spec.objective):
            text, formula = stage_words(stage, self.lang), stage_formula(stage)
            yield self._sentence("objective", str(k + 1), text, stage, ("objective", k), formula=formula)

    def _steps(self) -> Iterator[Sentence]:
        for k, step in enumerate(self.problem.scenario.spec.steps):
            yield self._sentence("steps", step.id, step_words(step, self.lang), step, ("steps", k))


def _place(problem: Problem, path: Path) -> str:
    place = problem.scenario.locate(path)
    return f"{place.file}:{place.line}" if place.line is not None else place.file or ""


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


def sentence_lines(sentences: Sequence[Sentence], lang: Lang, width: int) -> list[Line]:
    """Write the statements by section, each with its source and position."""
    lines: list[Line] = []
    for section, title in _SECTIONS.items():
        own = [sentence for sentence in sentences if sentence.section == section]
        if own:
            lines += [Line(""), Line(title.in_(lang), style="bold")]
        for sentence in own:
            lines += _entry_lines(sentence, lang, width)
    return lines


def _entry_lines(sentence: Sentence, lang: Lang, width: int) -> list[Line]:
    """Write name and title, sentence, formula, note and details."""
    head = f"{sentence.id} – {sentence.title}" if sentence.title else ""
    text = sentence.text if head else f"{sentence.id} – {sentence.text}"
    lines = paragraph(head, width, first="  ") if head else []
    lines += paragraph(text, width, first="      " if head else "  ")
    if sentence.formula:
        lines += paragraph(sentence.formula, width, first="      ", style="cyan")
    if sentence.note:
        note = Text(f"Note : {sentence.note}", f"Note: {sentence.note}").in_(lang)
        lines += paragraph(note, width, first="      ", style="italic")
    return lines + paragraph(_about(sentence, lang), width, first="      ", style="dim")


def _about(sentence: Sentence, lang: Lang) -> str:
    pieces = [sentence.remark]
    if sentence.n_dossiers is not None:
        pieces.append(plural(sentence.n_dossiers, ("dossier", "dossiers"), ("dossier", "dossiers"), lang))
    if sentence.n_rows is not None:
        pieces.append(rows_words(sentence.n_rows, sentence.section, reported=sentence.reported, lang=lang))
    pieces.append(source_words(sentence.source, sentence.section, lang))
    pieces.append(sentence.place)
    return " · ".join(part for part in pieces if part)


def sentence_document(sentences: Sequence[Sentence]) -> list[dict[str, Any]]:
    """Return the statements for `show --json`."""
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
            "title": s.title,
            "note": s.note,
        }
        for s in sentences
    ]
