"""Pictures of applications by value and amount: around one, around a margin, and of a list's inversions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import polars as pl

from tnt_sim.analysis.explain.document import (
    ChangeEntry,
    ExplainedDossier,
    GrantChange,
    RefusedBetter,
    ScoreChange,
    ScoreInterval,
)
from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.message import Capitalised, Lang, Text, _, _n, _p, join_sentences
from tnt_sim.i18n.numbers import (
    format_amount,
    format_integer,
    format_rounded,
)
from tnt_sim.i18n.parameters import Count, Items, Money, Number, ShortMoney
from tnt_sim.reporting.charts.margin_scatter import (
    MOST_NAMED_POINTS,
    Scatter,
    ScatterArrow,
    ScatterPoint,
    ScatterWords,
)
from tnt_sim.reporting.charts.theme import Mark
from tnt_sim.reporting.report_tree import Chart, Words, write_both
from tnt_sim.reporting.reports.decided_dossiers import DecidedDossier, DecidedDossiers
from tnt_sim.reporting.reports.explanation import describe_cause_of_refusal

MARKS = {
    Mark.GRANTED: _p("dossier", "funded"),
    Mark.COMMITTED: _p("dossier", "already committed"),
    Mark.WAITING: _p("dossier", "not selected"),
    Mark.REFUSED: _p("dossier", "excluded"),
    Mark.INELIGIBLE: _p("dossier", "not eligible"),
}
"""Outcomes of a decision, in the order of a legend."""
LIST_MARKS = {
    Mark.GRANTED: _p("dossier", "in the list"),
    Mark.COMMITTED: _p("dossier", "already committed"),
    Mark.WAITING: _p("dossier", "not in the list"),
    Mark.INELIGIBLE: _p("dossier", "not eligible"),
}
"""Places of applications in a list that nobody optimised."""
_FAR, _EDGE = 0.97, 1.15
"""Share of the amounts that an axis must show, and the room beyond them."""
MOST_DECIMALS = 5


@dataclass(frozen=True, slots=True)
class ScatterTexts:
    """Finding and question of a picture, and the words of its line, its arrows and its links."""

    finding: Text
    question: Text
    marks: dict[Mark, Text]
    margin: Words = ""
    arrow: Words = ""
    link: Words = ""


def build_dossier_chart(dossiers: DecidedDossiers, entry: ExplainedDossier) -> Chart | None:
    """Return the applications of the envelope that decides on one of them; None where it has no place there."""
    dossier = dossiers.get_dossier(entry.dossier)
    node = find_node(dossiers, entry)
    if node < 0 or not dossier.cents or dossier.value is None:
        return None
    table = dossiers.select_envelope(node)
    slope = dossiers.find_slope(table)
    arrows = [arrow for change in entry.changes if (arrow := build_drawn_change(dossier, change))]
    texts = ScatterTexts(
        _describe_place(dossiers, entry, dossier, table, slope),
        _describe_question(dossiers, table, node, find_most_cents(table, dossier, arrows)),
        MARKS,
        _("as much per euro as the last one funded"),
        _("smallest change that would fund it"),
    )
    return _build_chart(dossiers, table, texts, slope=slope, arrows=arrows, focus=dossier)


def find_node(dossiers: DecidedDossiers, entry: ExplainedDossier) -> int:
    """Return the envelope that blocks an application, otherwise its own; −1 for none."""
    envelope = entry.envelope if entry.margin is None else entry.margin.envelope
    ids = dossiers.problem.case.tree.ids
    return ids.index(envelope) if envelope in ids else -1


def build_margin_chart(dossiers: DecidedDossiers) -> tuple[int, Chart] | None:
    """Return the envelope where those not selected ask most, with its picture; None without a margin."""
    placed = dossiers.table.filter((pl.col("cents") > 0) & pl.col("value").is_not_null())
    funded = placed.filter(pl.col("merit"))["node"].unique().to_list()
    waiting = placed.filter((pl.col("mark") == Mark.WAITING) & pl.col("node").is_in(funded))
    if waiting.is_empty():
        return None
    demand = (
        waiting.group_by("node").agg(pl.col("cents").sum()).sort("cents", "node", descending=[True, False])
    )
    node = int(demand["node"][0])
    table = dossiers.select_envelope(node)
    slope = dossiers.find_slope(table)
    texts = ScatterTexts(
        _describe_counts(dossiers, table, node),
        _describe_question(dossiers, table, node, find_most_cents(table)),
        MARKS,
        _("as much per euro as the last one funded"),
    )
    return node, _build_chart(dossiers, table, texts, slope=slope)


def describe_margin(dossiers: DecidedDossiers, node: int) -> tuple[Text, Text]:
    """Return the finding and the question of a picture of all applications of an envelope."""
    table = dossiers.select_envelope(node)
    question = _describe_question(dossiers, table, node, None)
    return _describe_counts(dossiers, table, node), join_sentences(
        question, _("Dashes: as much per euro as the last one funded.")
    )


def build_list_chart(
    dossiers: DecidedDossiers,
    node: int,
    pairs: Sequence[RefusedBetter],
    finding: Text,
    n_drawn: int | None = None,
) -> Chart | None:
    """Return the applications of an envelope by whether a list has them, with a line for each pair.

    `n_drawn` is the number of pairs where there are more than those drawn.
    """
    table = dossiers.select_envelope(node)
    if table.is_empty():
        return None
    drawn = set(table["dossier"].to_list())
    links = [
        (pair.worse.dossier, pair.better.dossier)
        for pair in pairs
        if {pair.worse.dossier, pair.better.dossier} <= drawn
    ]
    most = find_most_cents(table)
    texts = ScatterTexts(
        finding,
        join_sentences(
            _describe_question(dossiers, table, node, most),
            None if n_drawn is None else _n("{n} of them is drawn.", "{n} of them are drawn.", n=n_drawn),
        ),
        LIST_MARKS,
        link=_("in the list, although a better one is not"),
    )
    return _build_chart(dossiers, table, texts, links=links)


def _build_chart(
    dossiers: DecidedDossiers,
    table: pl.DataFrame,
    texts: ScatterTexts,
    *,
    slope: float | None = None,
    arrows: Sequence[ScatterArrow] = (),
    links: Sequence[tuple[str, str]] = (),
    focus: DecidedDossier | None = None,
) -> Chart:
    most = find_most_cents(table, focus, arrows)
    alt = join_sentences(
        write_both(partial(_describe_alt, texts.finding)),
        texts.question,
        write_both(partial(_list_counts, table, texts.marks)),
        *(_("An arrow goes to {change}.", change=arrow.text) for arrow in arrows),
    )

    counts = dict(table.group_by("mark").len().iter_rows())
    words = ScatterWords(
        _("amount granted or asked"),
        Capitalised(dossiers.value_words),
        {
            mark: _("{name} ({id})", name=word, id=Count(counts[mark]))
            for mark, word in texts.marks.items()
            if mark in counts
        },
        texts.margin,
        texts.arrow,
        texts.link,
    )
    picture = Scatter(_build_points(table, focus), words, slope, arrows, links, most)
    return Chart(picture, texts.finding, texts.question, alt)


def _describe_alt(finding: Text, lang: Lang) -> str:
    return f"{finding.in_(lang)}."


def _list_counts(table: pl.DataFrame, marks: dict[Mark, Text], lang: Lang) -> str:
    counts = dict(table.group_by("mark").len().iter_rows())
    words = [
        f"{format_integer(counts[mark], lang)} {word.in_(lang)}"
        for mark, word in marks.items()
        if mark in counts
    ]
    return f"{', '.join(words)}."


def _build_points(table: pl.DataFrame, focus: DecidedDossier | None) -> list[ScatterPoint]:
    has_tooltips, name = table.height <= MOST_NAMED_POINTS, None if focus is None else focus.dossier
    columns = table.select("dossier", "title", "mark", "cents", "value")
    points = []
    for dossier, title, mark, cents, value in columns.iter_rows():
        tooltip: Words = ""
        if has_tooltips or dossier == name:
            rounded = Number(Fraction(round(value * 1000), 1000))
            tooltip = Items((f"{dossier} {title}", ShortMoney(cents), rounded), " ·")
        points.append(
            ScatterPoint(dossier, cents, value, Mark(mark), tooltip, dossier if dossier == name else "")
        )
    return points


def build_drawn_change(dossier: DecidedDossier, change: ChangeEntry) -> ScatterArrow | None:
    """Return a change of score or request; the others move no application in the picture."""
    if dossier.value is None:
        return None
    start = (float(dossier.cents), dossier.value)
    if isinstance(change, GrantChange):
        return ScatterArrow(start, (float(change.to_cents), dossier.value), Money(change.to_cents))
    if isinstance(change, ScoreChange | ScoreInterval):
        figure = change.high if isinstance(change, ScoreInterval) else change.to
        if figure is not None:
            text = Number(parse_decimal(figure))
            return ScatterArrow(start, (start[0], float(parse_decimal(figure))), text)
    return None


def find_most_cents(
    table: pl.DataFrame, focus: DecidedDossier | None = None, arrows: Sequence[ScatterArrow] = ()
) -> int | None:
    """Return the right end of an axis that few large amounts would squeeze; None if all have room."""
    most = int(table["cents"].max() or 0)  # type: ignore[arg-type]
    far = float(table["cents"].quantile(_FAR, "lower") or 0)
    shown = max([far, *([float(focus.cents)] if focus else []), *(arrow.end[0] for arrow in arrows)])
    end = round(shown * _EDGE)
    return end if 2 * end < most else None


def _describe_question(
    dossiers: DecidedDossiers, table: pl.DataFrame, node: int, most_cents: int | None
) -> Text:
    """Say what is drawn, where, and which applications are not at their place."""
    end = int(dossiers.problem.case.tree.end[node])
    n_all = dossiers.table.filter((pl.col("node") >= node) & (pl.col("node") < end)).height
    n_beyond = 0 if most_cents is None else table.filter(pl.col("cents") > most_cents).height
    at_edge = _n(
        "{n} application of more than {most} stands on the edge.",
        "{n} applications of more than {most} stand on the edge.",
        n=n_beyond,
        most=ShortMoney(most_cents or 0),
    )
    missing = _n(
        "{n} application without an amount or a value is not drawn.",
        "{n} applications without an amount or a value are not drawn.",
        n=n_all - table.height,
    )
    return join_sentences(
        _(
            '{value} against amount, in "{envelope}".',
            value=Capitalised(dossiers.value_words),
            envelope=dossiers.get_envelope_title(node),
        ),
        at_edge if n_beyond else None,
        missing if n_all > table.height else None,
    )


def _describe_counts(dossiers: DecidedDossiers, table: pl.DataFrame, node: int) -> Text:
    """Say how many applications of an envelope are funded and how many are not selected."""
    counts = dict(table.group_by("mark").len().iter_rows())
    return _(
        '"{envelope}": {funded} funded, {others} not selected',
        envelope=dossiers.get_envelope_title(node),
        funded=Count(counts.get(Mark.GRANTED, 0) + counts.get(Mark.COMMITTED, 0)),
        others=Count(counts.get(Mark.WAITING, 0)),
    )


def _describe_place(
    dossiers: DecidedDossiers,
    entry: ExplainedDossier,
    dossier: DecidedDossier,
    table: pl.DataFrame,
    slope: float | None,
) -> Text:
    """Say where an application stands beside the last one funded on merit."""
    if dossier.mark in (Mark.REFUSED, Mark.INELIGIBLE):
        return _("{dossier} is not compared with the others", dossier=dossier.dossier)
    if slope is None or dossier.value is None:
        return _describe_counts(dossiers, table, find_node(dossiers, entry))
    rate = dossier.value / dossier.cents
    texts: dict[str, str | Text] = {
        "dossier": dossier.dossier,
        "rates": write_both(partial(_describe_rates, dossiers, rate, slope)),
    }
    if entry.funded or rate < slope:
        return _("{dossier} {rates}", **texts)
    if entry.optimal:
        return _("{dossier} {rates}: {cause} keeps it out", cause=describe_cause_of_refusal(entry), **texts)
    return _("{dossier} {rates}, and is not in the list that was found", **texts)


def _describe_rates(dossiers: DecidedDossiers, rate: float, slope: float, lang: Lang) -> str:
    """Write what an application and the last one funded bring per thousand euros, with enough decimals."""
    decimals = 2
    while decimals < MOST_DECIMALS and rate != slope and _round(rate, decimals) == _round(slope, decimals):
        decimals += 1
    return _(
        "brings {rate} per {unit} ({value}); the last one funded brings {last}",
        rate=format_rounded(rate * 100_000, lang, decimals),
        value=dossiers.value_words,
        unit=format_amount(100_000, lang),
        last=format_rounded(slope * 100_000, lang, decimals),
    ).in_(lang)


def _round(rate: float, decimals: int) -> float:
    return round(rate * 100_000, decimals)
