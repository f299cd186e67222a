"""Explain a scenario: each entry as a sentence and a formula, with its source, rows and position."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import numpy as np

from tnt_sim.documents import ScenarioHead, omit_none
from tnt_sim.domain.field_types import Described
from tnt_sim.formulation.formulate import formulate
from tnt_sim.i18n.message import Lang, Text, _, _n
from tnt_sim.reporting.report_tree import Column, Kind, Listing, Node, Output, Report, Section, Table
from tnt_sim.reporting.reports.model_size import ModelEntry, ModelSizes
from tnt_sim.reporting.text.merged_scenario import OriginEntry, Row
from tnt_sim.reporting.text.scenario_entries import (
    describe_eligibility,
    describe_n_rows,
    describe_recipients,
    describe_remark,
    describe_source,
    describe_step,
    has_commitments,
)
from tnt_sim.rules.envelopes.text import (
    describe_envelope,
    find_gaining_envelopes,
    find_receiving_envelopes,
    format_envelope_formula,
)
from tnt_sim.rules.expressions.selectors import Selector, select
from tnt_sim.rules.kind_support.rule_spec import RuleSpec
from tnt_sim.rules.kinds.dossier_links import LINKS
from tnt_sim.rules.kinds.registry import describe_rule, format_rule_formula, load_rule_kinds
from tnt_sim.rules.linear_terms import BoolArray
from tnt_sim.rules.offers.cap_spec import CapSpec
from tnt_sim.rules.offers.text import (
    describe_cap,
    describe_grant,
    describe_left_out,
    describe_waiver,
    format_cap_formula,
    format_eligibility_formula,
    format_grant_formula,
    format_left_out,
)
from tnt_sim.rules.offers.total_aid import GUARD, GUARD_TITLE, OTHERS
from tnt_sim.rules.protocols import Path
from tnt_sim.scenario.objective_text import (
    describe_measure,
    describe_stage,
    format_measure_formula,
    format_stage_formula,
)
from tnt_sim.scenario.problem import Problem
from tnt_sim.scenario.scenario import ScenarioData
from tnt_sim.scenario.spec import select_in_force


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
    in_force : whether it counts on the day of the decision
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
    in_force: bool = True


def describe_scenario(problem: Problem, lang: Lang) -> list[Sentence]:
    """Return every statement, in the order of the file's sections."""
    return list(_Teller(problem, lang, count_rows(problem)).describe_sections())


def describe_rules_in_force(problem: Problem, lang: Lang) -> list[Sentence]:
    """Return the statements that count on the day of the decision, without the rows of the model."""
    return [one for one in _Teller(problem, lang, Counter()).describe_sections() if one.in_force]


def count_rows(problem: Problem) -> Counter[str]:
    """Count the rows of the model by envelope, rule and cap id (`cap:ID` for caps)."""
    counts: Counter[str] = Counter()
    for label in formulate(problem).labels:
        counts[label.id] += 1
        own, __, rest = label.id.partition(":")
        if own != "cap" and rest:
            counts[own] += 1
        split, __, group = label.id.partition("/")
        if group:
            counts[split] += 1
    return counts


_WAIVABLE = ("eligibility", "caps", "rules")
"""The sections whose entries a waiver may lift."""


@dataclass(frozen=True)
class _Teller:
    """Writer of the statements of a scenario."""

    problem: Problem
    lang: Lang
    rows: Counter[str]

    def describe_sections(self) -> Iterator[Sentence]:
        """Yield the statements of every section."""
        yield from self._describe_envelopes()
        yield from self._describe_eligibility()
        yield from self._describe_grants()
        yield from self._describe_caps()
        yield from self._describe_measures()
        yield from self._describe_rules()
        yield from self._describe_objective()
        yield from self._describe_steps()

    def _build_sentence(
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
        in_force = entry.is_in_force(day)
        remarks = [describe_remark(entry, day, self.lang), remark if in_force else ""]
        waivers = [
            waiver
            for waiver in problem.scenario.spec.waivers
            if section in _WAIVABLE and waiver.of == name and waiver.is_in_force(day)
        ]
        return Sentence(
            section,
            name,
            text + describe_left_out(waivers, self.lang),
            " · ".join(part for part in remarks if part),
            entry.source or source,
            _format_place(problem, path),
            int(np.count_nonzero(mask)) if in_force and mask is not None else None,
            formula + format_left_out(waivers),
            rows if in_force else None,
            entry.title,
            entry.note,
            isinstance(entry, RuleSpec) and entry.report,
            in_force,
        )

    def _select_dossiers(
        self, where: Selector | None, path: Path, entry: Described, key: str = "where"
    ) -> BoolArray | None:
        """Return the applications of a selector, all without one; None if the entry is switched off."""
        if not entry.is_in_force(self.problem.scenario.spec.date):
            return None
        return select(self.problem.case, where, (*path, key))

    def _describe_envelopes(self) -> Iterator[Sentence]:
        case, whole = self.problem.case, self.problem.scenario.spec
        givers = find_gaining_envelopes(whole.programme, whole.date)
        receivers = find_receiving_envelopes(whole.programme, whole.date)
        for spec, path in whole.programme.walk(("programme",)):
            giver, siblings, inside = givers.get(spec.id), receivers.get(spec.id, ()), None
            if spec.id in case.tree.ids:
                node = case.tree.get_node(spec.id)
                inside = (case.node >= node) & (case.node < case.tree.end[node])
            yield self._build_sentence(
                "envelopes",
                spec.id,
                describe_envelope(
                    spec, self.lang, top=path == ("programme",), giver=giver, siblings=siblings
                ),
                spec,
                (*path, "id"),
                mask=inside,
                formula=(formula := format_envelope_formula(spec, giver, siblings)),
                rows=self.rows[spec.id] if formula else None,
            )

    def _describe_eligibility(self) -> Iterator[Sentence]:
        for k, entry in enumerate(self.problem.scenario.spec.eligibility):
            path: Path = ("eligibility", k)
            yield self._build_sentence(
                "eligibility",
                entry.id,
                describe_eligibility(entry, self.lang, with_commitments=has_commitments(self.problem)),
                entry,
                (*path, "id"),
                mask=self._select_dossiers(entry.where, path, entry),
                formula=format_eligibility_formula(entry),
            )

    def _describe_grants(self) -> Iterator[Sentence]:
        left = np.ones(self.problem.case.n, dtype=np.bool_)
        for k, grant in enumerate(self.problem.scenario.spec.grants):
            path: Path = ("grants", k)
            mask: BoolArray | None = None
            if grant.is_in_force(self.problem.scenario.spec.date):
                chosen = self._select_dossiers(grant.where, path, grant)
                mask = left if chosen is None else left & chosen
                left = left & ~mask
            text = describe_recipients(grant.where, self.lang, first=k == 0) + describe_grant(
                grant, self.lang
            )
            yield self._build_sentence(
                "grants", str(k + 1), text, grant, path, mask=mask, formula=format_grant_formula(grant)
            )

    def _describe_caps(self) -> Iterator[Sentence]:
        problem = self.problem
        compiled = {cap.id: cap for cap in problem.caps.caps}
        for k, cap in enumerate(problem.scenario.spec.caps):
            own = compiled.get(cap.name)
            mask = None if own is None else own.covered[problem.caps.code]
            legal = "" if cap.legal is None else cap.legal.source
            yield self._build_sentence(
                "caps",
                cap.name,
                describe_cap(cap, self.lang, with_commitments=has_commitments(self.problem)),
                cap,
                ("caps", k),
                mask=mask,
                formula=format_cap_formula(cap),
                rows=self.rows[f"cap:{cap.name}"],
                source=legal,
            )
        if GUARD in compiled:
            title, whole = GUARD_TITLE.in_(self.lang), Fraction(1)
            guard = CapSpec(id=GUARD, title=title, max=whole, of="cost", counting=OTHERS)
            yield self._build_sentence(
                "caps",
                GUARD,
                describe_cap(guard, self.lang, with_commitments=has_commitments(problem)),
                guard,
                ("dossiers",),
                mask=compiled[GUARD].covered[problem.caps.code],
                formula=format_cap_formula(guard),
                rows=self.rows[f"cap:{GUARD}"],
            )
        for k, waiver in enumerate(problem.scenario.spec.waivers):
            path: Path = ("waivers", k)
            named = self._select_dossiers(waiver.where, path, waiver)
            yield self._build_sentence(
                "waivers", waiver.of, describe_waiver(waiver, self.lang), waiver, path, mask=named
            )

    def _describe_measures(self) -> Iterator[Sentence]:
        for name, measure in self.problem.scenario.spec.measures.items():
            text, formula = describe_measure(measure, self.lang), format_measure_formula(measure)
            yield self._build_sentence("measures", name, text, measure, ("measures", name), formula=formula)

    def _describe_rules(self) -> Iterator[Sentence]:
        for k, rule in enumerate(self.problem.scenario.spec.rules):
            path: Path = ("rules", k)
            yield self._build_sentence(
                "rules",
                rule.id,
                describe_rule(rule, self.lang),
                rule,
                (*path, "id"),
                mask=self._select_by_rule(rule, path),
                formula=format_rule_formula(rule),
                rows=self.rows[rule.id] if rule.kind != "decide" else None,
                remark=self._describe_compiled(rule.kind, rule.id),
            )
        for name, (text, formula) in LINKS.items():
            if any(rule.id == name for rule in self.problem.table_rules):
                yield self._build_sentence(
                    "rules",
                    name,
                    text.in_(self.lang),
                    Described(),
                    ("dossiers",),
                    formula=formula,
                    rows=self.rows[name],
                )

    def _describe_compiled(self, kind: str, name: str) -> str:
        """Say what the kind of a rule adds to its sentence once the rule is resolved."""
        describe = load_rule_kinds()[kind].describe_compiled
        if describe is None:
            return ""
        return "".join(describe(rule, self.lang) for rule in self.problem.rules if rule.id == name)

    def _select_by_rule(self, rule: Any, path: Path) -> BoolArray | None:
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
        key = rule.scope_key if isinstance(rule, RuleSpec) else "where"
        where = getattr(rule, key, None)
        return self._select_dossiers(where if isinstance(where, Selector) else None, path, rule, key)

    def _describe_objective(self) -> Iterator[Sentence]:
        in_force = (path for __, path in select_in_force(self.problem.scenario.spec, "objective"))
        steps = {path: stage.rounded_to for path, stage in zip(in_force, self.problem.stages, strict=False)}
        for k, stage in enumerate(self.problem.scenario.spec.objective):
            step = steps.get(("objective", k))
            text, formula = describe_stage(stage, self.lang, step), format_stage_formula(stage, step)
            yield self._build_sentence(
                "objective", str(k + 1), text, stage, ("objective", k), formula=formula
            )

    def _describe_steps(self) -> Iterator[Sentence]:
        for k, step in enumerate(self.problem.scenario.spec.steps):
            text = describe_step(step, self.lang, first=k == 0)
            yield self._build_sentence("steps", step.id, text, step, ("steps", k))


def _format_place(problem: Problem, path: Path) -> str:
    place = problem.scenario.locate(path)
    return f"{place.file}:{place.line}" if place.line is not None else place.file or ""


_SECTIONS: Mapping[str, Text] = {
    "envelopes": _("Envelopes"),
    "eligibility": _("Eligibility"),
    "grants": _("Grants (the first line that fits decides)"),
    "caps": _("Caps over projects"),
    "waivers": _("Waivers"),
    "measures": _("Measures"),
    "rules": _("Rules"),
    "objective": _("Objective, in order"),
    "steps": _("Steps"),
}


def build_report(
    scenario: ScenarioData,
    lang: Lang,
    *,
    values: Sequence[Row] = (),
    sentences: Sequence[Sentence] = (),
    model: ModelSizes | None = None,
) -> Report:
    """Return the report of a scenario: its merged values, its statements by section, the size of its model."""
    nodes: list[Node] = []
    if values:
        nodes.append(Listing(values, _("Merged scenario")))
    for section, title in _SECTIONS.items():
        own = [sentence for sentence in sentences if sentence.section == section]
        if own:
            nodes.append(Section(title, [_build_table(own, lang)]))
    if model is not None:
        nodes.append(Section(_("Model"), model.build_nodes()))
    return Report(
        title=_("The scenario in sentences"),
        subject=scenario.title,
        about=[scenario.id],
        nodes=nodes,
        foot={"scenario_sha256": scenario.sha256},
        bare=True,
    )


def _build_table(sentences: Sequence[Sentence], lang: Lang) -> Table:
    """Return one row per statement; a terminal writes its name, then its sentence and what follows from it."""
    heads = [f"{s.id} – {s.title or s.text}" for s in sentences]
    return Table(
        [
            Column("", heads, outputs=Output.TERMINAL),
            Column("", [s.text if s.title else "" for s in sentences], outputs=Output.TERMINAL, strong=True),
            Column(_("Name"), [s.id for s in sentences], outputs=Output.FILES),
            Column(_("Title"), [s.title for s in sentences], outputs=Output.FILES),
            Column(_("Sentence"), [s.text for s in sentences], outputs=Output.FILES),
            Column("", [s.formula for s in sentences], outputs=Output.TERMINAL),
            Column(_("Formula"), [s.formula for s in sentences], outputs=Output.FILES),
            Column(_("Note"), [s.note for s in sentences]),
            Column("", [_describe_details(s, lang) for s in sentences], outputs=Output.TERMINAL),
            Column(_("Without effect"), [s.remark for s in sentences], outputs=Output.FILES),
            Column(_("Applications"), [s.n_dossiers for s in sentences], Kind.COUNT, Output.FILES),
            Column(_("Rows of the model"), [s.n_rows for s in sentences], Kind.COUNT, Output.FILES),
            Column(_("Source"), [s.source for s in sentences], outputs=Output.FILES),
            Column(_("Place"), [s.place for s in sentences], outputs=Output.FILES),
        ],
        most=len(sentences),
        as_cards=True,
    )


def _describe_details(sentence: Sentence, lang: Lang) -> str:
    pieces = [sentence.remark]
    if (n := sentence.n_dossiers) is not None:
        pieces.append(_n("{n} application", "{n} applications", n=n).in_(lang))
    if sentence.n_rows is not None:
        pieces.append(
            describe_n_rows(sentence.n_rows, sentence.section, reported=sentence.reported, lang=lang)
        )
    pieces.append(describe_source(sentence.source, sentence.section, lang))
    pieces.append(sentence.place)
    return " · ".join(part for part in pieces if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceEntry:
    """Statement of the scenario as a sentence and a formula; counts are null where they mean nothing."""

    section: str
    id: str
    text: str
    remark: str
    source: str
    place: str
    n_dossiers: int | None
    formula: str
    n_rows: int | None
    title: str
    note: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowDocument(ScenarioHead):
    """Merged scenario: its values, its sentences and, with `--model`, its model."""

    command: Literal["show"] = "show"
    status: Literal["resolved"] = "resolved"
    values: Sequence[OriginEntry]
    sentences: Sequence[SentenceEntry]
    model: ModelEntry | None = omit_none()


def build_sentence_entries(sentences: Sequence[Sentence]) -> list[SentenceEntry]:
    """Return the statements for `show --json`."""
    return [
        SentenceEntry(
            section=s.section,
            id=s.id,
            text=s.text,
            remark=s.remark,
            source=s.source,
            place=s.place,
            n_dossiers=s.n_dossiers,
            formula=s.formula,
            n_rows=s.n_rows,
            title=s.title,
            note=s.note,
        )
        for s in sentences
    ]
