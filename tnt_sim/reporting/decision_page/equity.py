"""Annex of the decision note on equity: classes of applicants, money per head, indices, curve of departments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tnt_sim.analysis.equity.department_spread import ListMoney, compute_spreads, get_map_year
from tnt_sim.analysis.equity.list_equity import ListEquity, compute_equity
from tnt_sim.engine.stored_run import StoredRun
from tnt_sim.i18n.message import Lang, Text, _, join_sentences
from tnt_sim.i18n.parameters import Items, Money
from tnt_sim.reporting.charts.bars import Bar, Bars
from tnt_sim.reporting.decision_page.note_sections import Picture, draw_chart
from tnt_sim.reporting.report_tree import Chart, Column, write_words
from tnt_sim.reporting.reports.equity import (
    ABOUT_INDICES,
    DIMENSION,
    SPLITS,
    build_class_columns,
    build_split_columns,
    describe_heads,
    describe_indices,
    describe_size_heads,
    describe_success,
    describe_total,
    label_class,
    list_remarks,
    list_size_heads,
    round_per_head,
)
from tnt_sim.reporting.reports.money_spread import build_spread_chart


@dataclass(frozen=True, slots=True)
class FiguresTable:
    """A table of the annex, with the sentences above it."""

    title: str
    sentences: Sequence[str]
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class EquityAnnex:
    """The annex: sentences, pictures and tables; a picture is None where its figures are not known."""

    total: str
    sizes: Picture | None
    curve: Picture | None
    tables: Sequence[FiguresTable]
    indices: str
    splits: FiguresTable | None
    remarks: Sequence[str]


def build_equity(run: StoredRun, lang: Lang, *, paper: bool) -> EquityAnnex:
    """Return how the list treats classes of applicants."""
    equity = compute_equity(run.table, run.spec)
    splits = build_split_columns(equity) if equity.splits else None
    return EquityAnnex(
        describe_total(equity).in_(lang),
        _build_size_picture(equity, lang, paper=paper),
        _build_curve(run, lang, paper=paper),
        [_build_table(equity, dimension, lang) for dimension in equity.dimensions],
        join_sentences(describe_indices(equity), ABOUT_INDICES if equity.indices else None).in_(lang),
        None if splits is None else _format_table(SPLITS, [], splits, lang),
        [text.in_(lang) for text in list_remarks(equity)],
    )


def _build_table(equity: ListEquity, dimension: str, lang: Lang) -> FiguresTable:
    columns = build_class_columns(equity.list_classes(dimension))
    words = [describe_heads(equity, dimension), describe_success(equity, dimension)]
    return _format_table(DIMENSION[dimension], [text for text in words if text is not None], columns, lang)


def _format_table(
    title: Text, sentences: Sequence[Text], columns: Sequence[Column], lang: Lang
) -> FiguresTable:
    cells = [column.format_values(lang, range(len(column.values))) for column in columns]
    return FiguresTable(
        title.in_(lang),
        [text.in_(lang) for text in sentences],
        [write_words(column.head, lang) for column in columns],
        list(zip(*cells, strict=True)),
    )


def _build_size_picture(equity: ListEquity, lang: Lang, *, paper: bool) -> Picture | None:
    """Return the money per inhabitant of each size class; None for fewer than two, or without money."""
    classes = list_size_heads(equity)
    finding = describe_size_heads(equity)
    if finding is None:
        return None
    bars = [
        Bar(label_class(entry), [cents], [Money(cents)])
        for entry in classes
        if (cents := round_per_head(entry)) is not None
    ]
    question = _("How much does each inhabitant get, by size of the applicant?")
    entries = [_("{name}: {text}", name=bar.label, text=bar.texts[0]) for bar in bars]
    alt = Items((question, Items(entries, ";")), "")
    return draw_chart(Chart(Bars(bars), finding, question, alt), lang, paper=paper)


def _build_curve(run: StoredRun, lang: Lang, *, paper: bool) -> Picture | None:
    """Return the Lorenz curve of departments; None without two of known population and money."""
    if "department" not in run.table.columns or run.spec.place_column is not None:
        return None
    lists = compute_spreads([ListMoney("", run.table)], get_map_year(run.spec))
    if lists is None:
        return None
    return draw_chart(build_spread_chart(lists), lang, paper=paper)
