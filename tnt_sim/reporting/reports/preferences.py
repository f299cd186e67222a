"""Report of the non-dominated allocations under partially known weights."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

from tnt_sim.analysis.preferences.document import WeightsDocument
from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.message import Lang, Text, _, _p
from tnt_sim.i18n.numbers import format_number
from tnt_sim.reporting.report_tree import (
    Callout,
    Column,
    Kind,
    Node,
    Paragraph,
    Report,
    Tone,
    build_section,
    write_both,
)
from tnt_sim.reporting.reports.study_report import build_study_report


def build_report(document: WeightsDocument) -> Report:
    """Return the report of the allocations that some weights make best."""
    lists = document.portfolios
    columns = [
        Column(_("Choice"), [str(one.rank) for one in lists]),
        *(
            Column(criterion.name, [one.criteria[criterion.name] for one in lists], Kind.DECIMAL)
            for criterion in document.criteria
        ),
        Column(_p("column", "Funded"), [one.n_funded for one in lists], Kind.COUNT),
        Column(_("Granted"), [one.granted_cents for one in lists], Kind.MONEY),
    ]
    nodes: list[Node] = [
        Paragraph(write_both(partial(_describe_criteria, document))),
        build_section(_("The choices"), columns),
    ]
    moving = sorted(document.borderline, key=lambda one: -one.core_index)
    counts = _(
        "Always funded: {n_core}; never: {n_exterior}; by the weights: {n_moving}.",
        n_core=len(document.core),
        n_exterior=document.n_exterior,
        n_moving=len(moving),
    )
    rows = [
        Column(_("Dossier"), [one.dossier for one in moving]),
        Column(_("Title"), [one.title or "" for one in moving]),
        Column(
            _("Share of choices"),
            [Fraction(round(100 * one.core_index), 100) for one in moving],
            Kind.RATE,
        ),
    ]
    nodes.append(build_section(_("The dossiers"), rows if moving else (), words=[counts]))
    verdict = Callout(describe_verdict(document), Tone.PLAIN)
    return build_study_report(document, _("By the weights"), verdict, nodes)


def _describe_criteria(document: WeightsDocument, lang: Lang) -> str:
    per = ", ".join(
        f"{one.name} / {format_number(parse_decimal(one.per), lang)}" for one in document.criteria
    )
    return _("Each criterion is divided by its scale: {per}.", per=per).in_(lang)


def describe_verdict(document: WeightsDocument) -> Text:
    """Say how many allocations are non-dominated, and how they were sought."""
    n = len(document.portfolios)
    if n == 0 and document.complete:
        return _("No allocation is possible.")
    if n == 0:
        return _("There was no time: no allocation was found.")
    if document.exact and document.complete:
        if n == 1:
            return _("A single choice, the best whatever the weights.")
        return _("{n} choices are dominated by no other: these are all possible outcomes.", n=n)
    if document.exact:
        return _("{n} choices that nothing known dominates; there was no time to find all.", n=n)
    best = sum(bool(one.supported) for one in document.portfolios)
    whole = _("all") if document.complete else _("some")
    return _(
        "{n} choices that nothing known dominates: {how_many} that are best for some weights "
        "({n_best}), and {n_drawn} found by {n_draws} draws; there may be others.",
        n=n,
        how_many=whole,
        n_best=best,
        n_drawn=n - best,
        n_draws=document.n_draws,
    )
