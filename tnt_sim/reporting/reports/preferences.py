"""Report of the non-dominated allocations under partially known weights."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import partial

from tnt_sim.analysis.preferences.document import WeightsDocument
from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.message import Capitalised, Lang, Text, _, _p, join_sentences
from tnt_sim.i18n.numbers import format_number
from tnt_sim.i18n.parameters import Count, Rate
from tnt_sim.reporting.charts.ranges import Range, draw_ranges
from tnt_sim.reporting.charts.svg import write_rate
from tnt_sim.reporting.report_tree import (
    Callout,
    Chart,
    Column,
    Kind,
    Node,
    Output,
    Paragraph,
    Report,
    Section,
    Table,
    Tone,
    build_section,
    write_both,
)
from tnt_sim.reporting.reports.study_report import build_study_report
from tnt_sim.reporting.text.dossier_names import label_dossier
from tnt_sim.rules.expressions.column_text import describe_column


def build_report(document: WeightsDocument) -> Report:
    """Return the report of the allocations that some weights make best."""
    lists = document.portfolios
    columns = [
        Column(_("Choice"), [str(one.rank) for one in lists]),
        *(
            Column(
                label_criterion(criterion.name),
                [one.criteria[criterion.name] for one in lists],
                Kind.DECIMAL,
            )
            for criterion in document.criteria
        ),
        Column(_p("column", "Funded"), [one.n_funded for one in lists], Kind.COUNT),
        Column(_("Granted"), [one.granted_cents for one in lists], Kind.MONEY),
    ]
    nodes: list[Node] = [
        Paragraph(write_both(partial(_describe_criteria, document))),
        *_build_weights(document),
        build_section(_("The choices"), columns),
        _build_dossiers(document),
    ]
    verdict = Callout(describe_verdict(document), Tone.PLAIN)
    return build_study_report(document, _("By the weights"), verdict, nodes)


def label_criterion(name: str) -> Text:
    """Return the name of a criterion for a head of a column."""
    return Capitalised(describe_column(name))


def list_weight_ranges(document: WeightsDocument) -> list[tuple[Fraction, Fraction]]:
    """Return the least and the greatest weight of each criterion that satisfies the preferences."""
    corners = [[parse_decimal(weight) for weight in corner] for corner in document.corners]
    return [(min(weights), max(weights)) for weights in zip(*corners, strict=True)]


def _build_weights(document: WeightsDocument) -> list[Section]:
    """Return the range of each weight as a picture and a table; nothing where no weights are known."""
    ranges = list_weight_ranges(document)
    if len(ranges) != len(document.criteria):
        return []
    names = [label_criterion(one.name) for one in document.criteria]
    finding = describe_ranges(names, ranges)
    question = _("Weights that satisfy the preferences; together they are 100%")
    columns = [
        Column(_("Criterion"), names),
        Column(_("At least"), [low for low, _high in ranges], Kind.RATE),
        Column(_("At most"), [high for _low, high in ranges], Kind.RATE),
    ]
    chart = Chart(finding, partial(_draw_weights, names, ranges, finding), finding, question)
    return [Section(_("The weights"), [chart, Table(columns)])]


def describe_ranges(names: Sequence[Text], ranges: Sequence[tuple[Fraction, Fraction]]) -> Text:
    """Say how far the preferences leave the weights open."""
    if all(low == 0 and high == 1 for low, high in ranges):
        return _("No preference: every weight may be from 0 to 100%")
    width, k = max((high - low, -k) for k, (low, high) in enumerate(ranges))
    if not width:
        return _("The preferences leave one weight for each criterion")
    low, high = ranges[-k]
    return _(
        "Widest range: {name}, from {low} to {high}", name=names[-k], low=Rate(low, 0), high=Rate(high, 0)
    )


def _draw_weights(
    names: Sequence[Text], ranges: Sequence[tuple[Fraction, Fraction]], label: Text, lang: Lang, width: int
) -> str:
    entries = []
    for name, (low, high) in zip(names, ranges, strict=True):
        least, most = float(low), float(high)
        text = _("{low} to {high}", low=Rate(low, 0), high=Rate(high, 0))
        entries.append(Range(name.in_(lang), least, least, (least + most) / 2, most, most, text.in_(lang)))
    axis = _("weight").in_(lang)
    return draw_ranges(entries, None, write_rate, axis, label.in_(lang), lang, width, (0.0, 1.0))


def _build_dossiers(document: WeightsDocument) -> Section:
    moving = sorted(document.borderline, key=lambda one: -one.core_index)
    n = len(document.portfolios)
    counts = _(
        "Always funded: {n_core}; never: {n_exterior}; by the weights: {n_moving}.",
        n_core=Count(len(document.core)),
        n_exterior=Count(document.n_exterior),
        n_moving=Count(len(moving)),
    )
    times = [round(one.core_index * n) for one in moving]
    rows = [
        Column(
            _("Application"), [label_dossier(one.dossier, one.title) for one in moving], outputs=Output.PAGE
        ),
        Column(_("Application"), [one.dossier for one in moving], outputs=Output.TERMINAL | Output.SHEET),
        Column(_("Title"), [one.title or "" for one in moving], outputs=Output.TERMINAL | Output.SHEET),
        Column(
            _("Choices"),
            [_("{times} of {n}", times=Count(k), n=Count(n)) for k in times],
            Kind.FIGURE,
            Output.PAGE,
        ),
        Column(
            _("Share of choices"),
            [Fraction(round(100 * one.core_index), 100) for one in moving],
            Kind.RATE,
            Output.TERMINAL | Output.SHEET,
        ),
    ]
    return build_section(_("The applications"), rows if moving else (), words=[counts])


def _describe_criteria(document: WeightsDocument, lang: Lang) -> str:
    per = ", ".join(
        f"{describe_column(one.name).in_(lang)} / {format_number(parse_decimal(one.per), lang)}"
        for one in document.criteria
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
    return join_sentences(_describe_supported(document), _describe_draws(document))


def _describe_supported(document: WeightsDocument) -> Text:
    """Say how many allocations are best for some weights, and whether these are all such allocations."""
    n, best = len(document.portfolios), sum(bool(one.supported) for one in document.portfolios)
    if document.complete:
        return _(
            "{n} choices, none better than another on every criterion. Best for some weights: {n_best}, and no "
            "other.",
            n=n,
            n_best=best,
        )
    return _(
        "{n} choices, none better than another on every criterion. Best for some weights: {n_best}; there was no "
        "time to find all.",
        n=n,
        n_best=best,
    )


def _describe_draws(document: WeightsDocument) -> Text:
    """Say how further allocations were sought, if they were."""
    if not document.n_draws:
        return _("There may be others that are best for no weights.")
    return _("{n_draws} draws were made to find others; there may be more.", n_draws=Count(document.n_draws))
