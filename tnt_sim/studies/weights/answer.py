"""The page of the allocations that some weights make best: the weights, the choices, and who depends on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial

import polars as pl

from tnt_sim.analysis.preferences.document import BorderlineDossier, UndominatedEntry, WeightsDocument
from tnt_sim.analysis.preferences.partial_weights import WeightsResult
from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.message import Capitalised, Text, _, _n, join_sentences
from tnt_sim.i18n.parameters import Count, Items, Number, Rate
from tnt_sim.reporting.charts.bars import Bar, Bars
from tnt_sim.reporting.charts.ranges import Range, RangeBars
from tnt_sim.reporting.charts.svg import Measure
from tnt_sim.reporting.report_tree import (
    Callout,
    Chart,
    Column,
    Kind,
    Node,
    Output,
    Paragraph,
    Section,
    Table,
    Tone,
    Words,
)
from tnt_sim.reporting.text.vocabulary import label_dossier
from tnt_sim.rules.expressions.column_text import describe_column
from tnt_sim.studies.answer_tables import DOSSIER, Col, build_table

MOST_DRAWN = 25
"""Most applications of a picture."""


def list_columns(document: WeightsDocument) -> Iterator[Col[UndominatedEntry]]:
    """Yield the columns of the choices: one for each criterion."""
    yield Col(_("Choice"), lambda choice: str(choice.rank))
    for criterion in document.criteria:
        read = partial(_read_criterion, criterion.name)
        yield Col(label_criterion(criterion.name), read, Kind.DECIMAL)
    yield Col(_("Funded"), lambda choice: choice.n_funded, Kind.COUNT)
    yield Col(_("Granted"), lambda choice: choice.granted_cents, Kind.MONEY)


def list_dossier_columns(n: int) -> Sequence[Col[BorderlineDossier]]:
    """Return the columns of the applications that some of n choices fund."""
    return (
        *DOSSIER,
        Col(_("Choices"), lambda row: describe_times(row, n), Kind.FIGURE, Output.PAGE),
        Col(
            _("Share of choices"),
            lambda row: Fraction(round(100 * row.core_index), 100),
            Kind.RATE,
            Output.TERMINAL | Output.SHEET,
        ),
    )


def map_tables(result: WeightsResult) -> Mapping[str, Callable[[], pl.DataFrame]]:
    """Return the table of the answer: one row for each application."""
    return {"dossiers": result.to_dataframe}


def build_verdict(document: WeightsDocument) -> Iterator[Callout]:
    """Yield how many choices there are."""
    yield Callout(describe_verdict(document), Tone.PLAIN)


def build_page(document: WeightsDocument) -> Iterator[Node]:
    """Yield the scales, the weights, the choices and who depends on them."""
    yield Paragraph(_describe_criteria(document))
    yield from _build_weights(document)
    yield Section(_("The choices"), [build_table(list_columns(document), document.portfolios)])
    moving = list_moving(document)
    counts = _(
        "Always funded: {n_core}; never: {n_exterior}; by the weights: {n_moving}.",
        n_core=Count(len(document.core)),
        n_exterior=Count(document.n_exterior),
        n_moving=Count(len(moving)),
    )
    table = [build_table(list_dossier_columns(len(document.portfolios)), moving)] if moving else []
    yield Section(_("The applications"), [Paragraph(counts), *table])


def list_moving(document: WeightsDocument) -> list[BorderlineDossier]:
    """Return the applications that some choices fund, the most often funded first."""
    return sorted(document.borderline, key=lambda row: -row.core_index)


def _read_criterion(name: str, choice: UndominatedEntry) -> str:
    return choice.criteria[name]


def describe_times(row: BorderlineDossier, n: int) -> Text:
    """Say how many of n choices fund an application."""
    return _("{times} of {n}", times=Count(round(row.core_index * n)), n=Count(n))


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
    columns = [
        Column(_("Criterion"), [label_criterion(criterion.name) for criterion in document.criteria]),
        Column(_("At least"), [low for low, _high in ranges], Kind.RATE),
        Column(_("At most"), [high for _low, high in ranges], Kind.RATE),
    ]
    return [Section(_("The weights"), [build_range_chart(document), Table(columns)])]


def list_charts() -> Mapping[str, Callable[..., Chart]]:
    """Return what builds its charts by name."""
    return {
        "ranges": lambda result: build_range_chart(result.data),
        "dossiers": lambda result, most=MOST_DRAWN: build_dossier_chart(result.data, most),
    }


def build_range_chart(document: WeightsDocument) -> Chart:
    """Return the least and the greatest weight of each criterion that the preferences allow."""
    ranges = list_weight_ranges(document)
    if len(ranges) != len(document.criteria):
        raise ValueError("no weights are known: there is nothing to draw")
    entries = []
    for criterion, (low, high) in zip(document.criteria, ranges, strict=True):
        name, least, most = label_criterion(criterion.name), float(low), float(high)
        text = describe_range(low, high)
        entries.append(Range(name, least, least, (least + most) / 2, most, most, text, criterion.name))
    picture = RangeBars(entries, Measure(_("weight"), Kind.RATE), limits=(0.0, 1.0))
    finding = describe_ranges([entry.label for entry in entries], ranges)
    return Chart(picture, finding, _("Weights that satisfy the preferences; together they are 100%"))


def build_dossier_chart(document: WeightsDocument, most: int = MOST_DRAWN) -> Chart:
    """Return the applications that depend on the weights, by the number of choices that fund them."""
    moving, n = list_moving(document), len(document.portfolios)
    if not moving:
        raise ValueError("all choices fund the same applications: there is nothing to draw")
    finding = _n(
        "{n} application depends on the weights", "{n} applications depend on the weights", n=len(moving)
    )
    bars = [
        Bar(
            label_dossier(row.dossier, row.title),
            [round(row.core_index * n)],
            [describe_times(row, n)],
            id=row.dossier,
        )
        for row in moving[:most]
    ]
    question = _("By the number of choices that fund them, the most often funded first")
    return Chart(Bars(bars, measure=Measure(_("Choices"), Kind.COUNT)), finding, question)


def describe_ranges(names: Sequence[Words], ranges: Sequence[tuple[Fraction, Fraction]]) -> Text:
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


def describe_range(low: Fraction, high: Fraction) -> Text:
    """Say how far a weight may go."""
    return _("{low} to {high}", low=Rate(low, 0), high=Rate(high, 0))


def _describe_criteria(document: WeightsDocument) -> Text:
    per = [
        _(
            "{name} / {number}",
            name=describe_column(criterion.name),
            number=Number(parse_decimal(criterion.per)),
        )
        for criterion in document.criteria
    ]
    return _("Each criterion is divided by its scale: {per}.", per=Items(per))


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
