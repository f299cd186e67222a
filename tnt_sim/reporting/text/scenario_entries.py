"""Sentences about entries of a scenario: conditions, steps, why an entry does not apply, what it covers."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from tnt_sim.domain.field_types import Described
from tnt_sim.i18n.lists import format_list
from tnt_sim.i18n.message import Lang, _, _n
from tnt_sim.i18n.parameters import Day
from tnt_sim.rules.expressions.selectors import Selector
from tnt_sim.rules.expressions.text import capitalise, describe_if_clause, describe_where_clause
from tnt_sim.rules.offers.eligibility import EligibilitySpec
from tnt_sim.rules.offers.text import KEPT_COMMITMENTS
from tnt_sim.scenario.load import set_text
from tnt_sim.scenario.spec import StepSpec

if TYPE_CHECKING:
    from tnt_sim.scenario.problem import Problem


def describe_recipients(where: Selector | None, lang: Lang, *, first: bool) -> str:
    """Write whom a grant is for: « Si l'enveloppe est « a » : », « Tous les autres dossiers : »."""
    if where is not None:
        return _("{condition}: ", condition=capitalise(describe_if_clause(where, lang))).in_(lang)
    return (_("All applications: ") if first else _("All other applications: ")).in_(lang)


def has_commitments(problem: Problem) -> bool:
    """Return whether a decision of the programme keeps grants: commitments, or grants of earlier steps."""
    return bool(problem.offers.committed.any() or problem.scenario.spec.steps)


def describe_eligibility(entry: EligibilitySpec, lang: Lang, *, with_commitments: bool = True) -> str:
    """Write a condition: « Les dossiers où … ne sont éligibles que si la population dépasse 500 000. »

    `with_commitments` says whether there are commitments, which it leaves out.
    """
    required = describe_if_clause(entry.require, lang)
    text = _("Applications are eligible only {required}.", required=required)
    if entry.where is not None:
        where = describe_where_clause(entry.where, lang)
        text = _("Applications {where} are eligible only {required}.", where=where, required=required)
    return f"{text.in_(lang)} {KEPT_COMMITMENTS.in_(lang)}" if with_commitments else text.in_(lang)


def describe_step(step: StepSpec, lang: Lang, *, first: bool) -> str:
    """Write a step: « Décision du 5 novembre 2021, avec envelopes.ads.amount = 11 M€. »"""
    pieces = []
    if step.date is not None:
        pieces.append(_("decision of {day}", day=Day(step.date.isoformat())).in_(lang))
    changes = format_list(
        [f"{path} = {set_text(value)}" for path, value in step.set.items()], lang, most=len(step.set)
    )
    if changes:
        pieces.append(_("with {changes}", changes=changes).in_(lang))
    sentences = [capitalise(", ".join(pieces) or _("as the scenario").in_(lang)) + "."]
    if step.date is not None:
        sentences.append(_("Applications filed later wait.").in_(lang))
    if not first:
        sentences.append(_("Grants of earlier steps are kept.").in_(lang))
    return " ".join(sentences)


def describe_remark(entry: Described, day: date | None, lang: Lang) -> str:
    """Say why an entry does not apply: switched off, or not in force on the day."""
    if entry.off:
        return _("switched off (off: true)").in_(lang)
    valid = entry.valid
    if valid is None:
        return ""
    pieces = []
    if valid.from_ is not None:
        pieces.append(_("from {day}", day=Day(valid.from_.isoformat())).in_(lang))
    if valid.until is not None:
        pieces.append(_("until {day}", day=Day(valid.until.isoformat())).in_(lang))
    span = " ".join(pieces)
    if entry.is_in_force(day):
        return _("in force {span}", span=span).in_(lang)
    return _("not in force on that day ({span})", span=span).in_(lang)


def describe_n_rows(n_rows: int, section: str, *, reported: bool, lang: Lang) -> str:
    """Say how many rows of the model an entry has, or why it has none."""
    if n_rows:
        return _n("{n} row of the model", "{n} rows of the model", n=n_rows).in_(lang)
    if reported:
        why = _("only read")
    elif section == "caps":
        why = _("bounds each application's amount")
    else:
        why = _("satisfied whatever is decided")
    return _("no row: {why}", why=why).in_(lang)


def describe_source(source: str, section: str, lang: Lang) -> str:
    """Write the source of an entry; say so if a binding entry has none."""
    if source:
        return _("Source: {source}", source=source).in_(lang)
    binding = section in ("eligibility", "grants", "caps", "waivers", "rules")
    return _("source not given").in_(lang) if binding else ""
