"""Cards of a scenario and of a decision for notebooks: status, proof, granted, unspent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.message import Lang, Text, _, _n
from tnt_sim.i18n.parameters import Count, Day, Items, Money, Number
from tnt_sim.reporting.renderers.html import render_report_body, wrap_in_frame
from tnt_sim.reporting.renderers.terminal import MARKS
from tnt_sim.reporting.report_tree import Callout, Column, Kind, Node, Paragraph, Report, Section, Table
from tnt_sim.reporting.reports.envelope_table import Outlet, build_envelope_table
from tnt_sim.reporting.reports.run import build_unspent, describe_money, describe_remedy, get_tone
from tnt_sim.reporting.text.vocabulary import describe_verdict, write_goal
from tnt_sim.rules.expressions.text import SENSE, describe_measure
from tnt_sim.scenario.scenario import ScenarioData, is_synthetic
from tnt_sim.verify.run_document import RunDocument
from tnt_sim.verify.verification import Verification

MOST_ENVELOPES = 12
"""An envelope with more children than this shows none of them."""
MOST_RULES = 4
"""Most rule titles on the card of a scenario."""


@dataclass(frozen=True, slots=True)
class About:
    """Data missing from a document: title, ISO date or "", whether the data are synthetic."""

    title: str
    day: str
    synthetic: bool


def build_about(scenario: ScenarioData) -> About:
    """Return these data for a scenario."""
    day = scenario.spec.date.isoformat() if scenario.spec.date else ""
    return About(scenario.title, day, is_synthetic(scenario))


def _render_card(about: About, name: str, nodes: Iterator[Node], lang: Lang) -> str:
    day = [_("as of {day}", day=Day(about.day))] if about.day else []
    report = Report(title=about.title, about=[name, *day], nodes=list(nodes), synthetic=about.synthetic)
    return wrap_in_frame(render_report_body(report, lang), lang)


def render_result_card(
    document: RunDocument, about: About, lang: Lang, verification: Verification | None = None
) -> str:
    """Return the card of a decision, or why there is none; `verification` is the verification of a stored run."""
    return _render_card(about, document.scenario, _describe_result(document, verification), lang)


def _describe_result(document: RunDocument, verification: Verification | None) -> Iterator[Node]:
    """Yield the verdict, the money and the programme with the envelopes just below it, and why some is left."""
    tone = get_tone(document, verification)
    mark, _style = MARKS[tone]
    yield Callout(Items((mark.strip(), describe_verdict(document, verification=verification)), ""), tone)
    if document.status == "infeasible":
        text = _(
            'tnt.conflict(scenario), or "tnt-sim conflict", says which rules clash, and what '
            "reconciles them at the least cost."
        )
        yield Paragraph(text, soft=True)
    elif document.status == "stopped":
        yield Paragraph(describe_remedy(document), soft=True)
    elif document.relaxed:
        for goal in document.objective:
            aim = Items((SENSE[goal.sense], write_goal(goal.goal)), "")
            value = "–" if goal.value is None else Number(parse_decimal(goal.value))
            yield Paragraph(_("{aim}: no decision does better than {optimum}", aim=aim, optimum=value))
    else:
        yield from map(Paragraph, describe_money(document))
        top, *others = document.envelopes
        n_children = Counter(entry.parent for entry in others)
        drawn = [
            top,
            *(entry for entry in others if entry.parent == top.id and n_children[top.id] <= MOST_ENVELOPES),
        ]
        yield build_envelope_table(drawn, Outlet.CARD)
        if any((entry.unspent_cents or 0) > 0 for entry in drawn):
            yield Section(_("Not spent, and why"), [build_unspent(drawn)])


def render_scenario_card(scenario: ScenarioData) -> str:
    """Return the card of a scenario, before anything is solved."""
    lang = Lang(scenario.spec.locale)
    return _render_card(build_about(scenario), scenario.id, _describe_scenario(scenario), lang)


def _describe_scenario(scenario: ScenarioData) -> Iterator[Node]:
    spec, table = scenario.spec, scenario.portfolio.table
    texts = (
        _describe_dossiers(table.height, table["requested_cents"]),
        _describe_rules(spec.rules),
        _describe_goals(spec.objective),
    )
    yield from (Paragraph(text) for text in texts if text is not None)
    children = spec.programme.envelopes
    drawn = [spec.programme, *(children if len(children) <= MOST_ENVELOPES else ())]
    names = [f"{envelope.id} · {envelope.title}" if envelope.title else envelope.id for envelope in drawn]
    yield Table(
        [
            Column(_("Envelope"), names),
            Column(_("Amount"), [envelope.amount for envelope in drawn], Kind.MONEY),
        ]
    )


def _describe_dossiers(n: int, requested: pl.Series) -> Text:
    """Say how many applications there are and, where stated, what they request."""
    filed = _n("{n} application", "{n} applications", n=n)
    silent = requested.null_count()
    if silent == n:
        return filed
    text = _("{filed}; asked: {wanted}", filed=filed, wanted=Money(int(requested.sum())))
    if silent:
        text = _("{text}, and {rest} with no amount asked", text=text, rest=Count(silent))
    return text


def _describe_rules(rules: Sequence[Any]) -> Text | None:
    """Write the titles of the rules in force, and how many are switched off."""
    names = [rule.title or rule.id for rule in rules if not rule.off]
    off = len(rules) - len(names)
    if not rules:
        return None
    text = _("Rules: {rules}", rules=Items(names[:MOST_RULES] or ["–"], ";"))
    rest = len(names) - MOST_RULES
    if rest > 0:
        text = _("{text}; and {rest} more", text=text, rest=rest)
    if off:
        text = _("{rules} (switched off: {switched_off})", rules=text, switched_off=off)
    return text


def _describe_goals(stages: Sequence[Any]) -> Text | None:
    """Write the objectives in order, as in the scenario."""
    goals = []
    for stage in stages:
        sense = "maximise" if stage.maximise is not None else "minimise"
        terms = [describe_measure(name) for name in stage.maximise or stage.minimise or ()]
        goals.append(Items((SENSE[sense], Items(terms, " +")), ""))
    if not goals:
        return None
    text: Text = goals[0]
    for goal in goals[1:]:
        text = _("{before}, then {goal}", before=text, goal=goal)
    return _("Goal: {goals}", goals=text)
