"""Cards of a scenario and of a decision for notebooks: status, proof, granted, unspent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import polars as pl

from tnt_sim.i18n.message import Lang, _, _n
from tnt_sim.i18n.numbers import format_amount, format_day, format_decimal, format_integer
from tnt_sim.i18n.parameters import Items
from tnt_sim.reporting.renderers.html import render_rows_html, wrap_in_frame
from tnt_sim.reporting.renderers.terminal import MARKS
from tnt_sim.reporting.report_tree import SYNTHETIC
from tnt_sim.reporting.reports.run import describe_money, describe_remedy, get_tone
from tnt_sim.reporting.text.vocabulary import describe_verdict, write_goal
from tnt_sim.rules.expressions.text import SENSE, describe_measure
from tnt_sim.scenario.scenario import ScenarioData, is_synthetic
from tnt_sim.verify.run_document import RunDocument, RunEnvelope, StageEntry
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


def render_result_card(
    document: RunDocument, about: About, lang: Lang, verification: Verification | None = None
) -> str:
    """Return the card of a decision, or why there is none; `verification` is the verification of a stored run."""
    mark, __ = MARKS[get_tone(document, verification)]
    said = f"{mark}{describe_verdict(document, verification=verification).in_(lang)}"
    pieces = [*_render_head(about, document.scenario, lang), f'<p class="verdict">{escape(said)}</p>']
    if document.status == "infeasible":
        pieces.append(_render_note(_WHY.in_(lang)))
    elif document.status == "stopped":
        pieces.append(_render_note(describe_remedy(document).in_(lang)))
    elif document.relaxed:
        pieces += [_render_paragraph(_describe_bound(goal, lang)) for goal in document.objective]
    else:
        pieces += [_render_paragraph(text.in_(lang)) for text in describe_money(document)]
        pieces.append(_render_envelopes(document.envelopes, lang))
    return wrap_in_frame("\n".join(pieces), lang)


_WHY = _(
    'tnt.conflict(scenario), or "tnt-sim conflict", says which rules clash, and what '
    "reconciles them at the least cost."
)


def _render_head(card: About, name: str, lang: Lang) -> list[str]:
    day = format_day(card.day, lang) if card.day else ""
    as_of = _("as of {day}", day=day).in_(lang) if day else ""
    about = " · ".join(part for part in (name, as_of) if part)
    head = f'<p><strong>{escape(card.title)}</strong><br><span class="soft">{escape(about)}</span></p>'
    return [head, *([f'<p class="mark">{escape(SYNTHETIC.in_(lang))}</p>'] if card.synthetic else [])]


def _describe_bound(goal: StageEntry, lang: Lang) -> str:
    """Write the bound that a relaxed run gives for an objective."""
    aim, value = (
        f"{SENSE[goal.sense].in_(lang)} {write_goal(goal.goal).in_(lang)}",
        format_decimal(goal.value, lang),
    )
    return _("{aim}: no decision does better than {optimum}", aim=aim, optimum=value).in_(lang)


def _render_paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _render_note(text: str) -> str:
    return f'<p class="soft">{escape(text)}</p>'


def _render_envelopes(entries: Sequence[RunEnvelope], lang: Lang) -> str:
    """Return the programme and the envelopes just below it, with the cause of unspent money."""
    top = entries[0].id
    n_children = Counter(entry.parent for entry in entries)
    under = [entry for entry in entries[1:] if entry.parent == top and n_children[top] <= MOST_ENVELOPES]
    rows = [
        (
            _format_name(entry),
            format_amount(entry.effective_cents, lang),
            format_amount(entry.granted_cents, lang),
            format_amount(entry.unspent_cents, lang),
            f"{format_integer(entry.n_funded, lang)} / {format_integer(entry.n_eligible, lang)}",
            (entry.unspent_because or "") if entry.unspent_cents else "",
        )
        for entry in (entries[0], *under)
    ]
    heads = _("Envelope|Available|Granted|Left|Funded / eligible|Why some is left")
    return render_rows_html(heads.in_(lang).split("|"), rows, right=(1, 2, 3, 4))


def _format_name(entry: RunEnvelope) -> str:
    title = entry.title
    return f"{entry.id} · {title}" if title and title != entry.id else entry.id


def render_scenario_card(scenario: ScenarioData) -> str:
    """Return the card of a scenario, before anything is solved."""
    spec = scenario.spec
    tongue = Lang(spec.locale)
    table = scenario.portfolio.table
    told = build_about(scenario)
    pieces = _render_head(told, scenario.id, tongue)
    sentences = (
        _describe_dossiers(table.height, table["requested_cents"], tongue),
        _describe_rules(spec.rules, tongue),
        _describe_goals(spec.objective, tongue),
    )
    pieces += [_render_paragraph(text) for text in sentences if text]
    children = spec.programme.envelopes
    envelopes = [spec.programme, *(children if len(children) <= MOST_ENVELOPES else ())]
    rows = [
        (f"{one.id} · {one.title}" if one.title else one.id, format_amount(one.amount, tongue))
        for one in envelopes
    ]
    pieces.append(render_rows_html(_("Envelope|Amount").in_(tongue).split("|"), rows, right=(1,)))
    return wrap_in_frame("\n".join(pieces), tongue)


def _describe_dossiers(n: int, requested: pl.Series, lang: Lang) -> str:
    """Write the number of applications and, where stated, what they request."""
    filed = _n("{n} application", "{n} applications", n=n).in_(lang)
    silent, wanted = requested.null_count(), format_amount(int(requested.sum()), lang)
    if silent == n:
        return filed
    text = _("{filed}; asked: {wanted}", filed=filed, wanted=wanted)
    if silent:
        rest = format_integer(silent, lang)
        text = _("{text}, and {rest} with no amount asked", text=text, rest=rest)
    return text.in_(lang)


def _describe_rules(rules: Sequence[Any], lang: Lang) -> str:
    """Write the titles of the rules in force, and how many are switched off."""
    names = [rule.title or rule.id for rule in rules if not rule.off]
    off = len(rules) - len(names)
    if not rules:
        return ""
    told = Items(names[:MOST_RULES] or ["–"], ";")
    text = _("Rules: {rules}", rules=told)
    rest = len(names) - MOST_RULES
    if rest > 0:
        text = _("{text}; and {rest} more", text=text, rest=rest)
    if off:
        text = _("{rules} (switched off: {switched_off})", rules=text, switched_off=off)
    return text.in_(lang)


def _describe_goals(stages: Sequence[Any], lang: Lang) -> str:
    """Write the objectives in order, as in the scenario."""
    sentences = []
    for stage in stages:
        sense = "maximise" if stage.maximise is not None else "minimise"
        terms = " + ".join(
            describe_measure(name).in_(lang) for name in stage.maximise or stage.minimise or ()
        )
        sentences.append(f"{SENSE[sense].in_(lang)} {terms}")
    then = _(", then ").in_(lang)
    told = then.join(sentences)
    return _("Goal: {goals}", goals=told).in_(lang) if sentences else ""
