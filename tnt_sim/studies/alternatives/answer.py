"""The page of near-optimal alternatives: the choices, what is open between them, and who enters and leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

import polars as pl

from tnt_sim.analysis.alternatives.alternatives import AlternativesResult
from tnt_sim.analysis.alternatives.document import (
    AlternativeEntry,
    AlternativesDocument,
    OpenDossier,
    OptimumEntry,
)
from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.message import Capitalised, Text, _, _n, _p, join_sentences
from tnt_sim.i18n.numbers import format_decimal, format_euros
from tnt_sim.i18n.parameters import Rate
from tnt_sim.reporting.charts.matrix import Matrix, MatrixRow
from tnt_sim.reporting.report_tree import Callout, Chart, Kind, Node, Paragraph, Section, Tone, write_both
from tnt_sim.reporting.reports.study_report import build_change_table
from tnt_sim.reporting.text.vocabulary import label_dossier
from tnt_sim.studies.answer_tables import DOSSIER, Col, build_table
from tnt_sim.values.answer_values import label_goal

MOST_MATRIX_ROWS = 20
STEERED: Mapping[str, Text] = MappingProxyType(
    {
        "rural": _("most rural (communes up to 3,500)"),
        "mutualised": _("most mutualised"),
        "balanced": _("most balanced between departments"),
    }
)


type Choice = OptimumEntry | AlternativeEntry


def list_columns(document: AlternativesDocument, best: OptimumEntry) -> Sequence[Col[Choice]]:
    """Return the columns of the choices, the best one first."""
    unit = _("Applications apart") if document.by == "dossiers" else _("Money apart (€)")
    goal = Capitalised(label_goal(best.objective[0].goal))
    first = _("the best") if document.status == "optimal" else _("the best found")
    return (
        Col(_("Choice"), lambda row: _describe_choice(row) if isinstance(row, AlternativeEntry) else first),
        Col(goal, lambda row: row.objective[0].value, Kind.DECIMAL),
        Col(_("Loss"), lambda row: getattr(row, "loss", None), Kind.RATE, optional=True),
        Col(
            unit,
            lambda row: _describe_distance(row) if isinstance(row, AlternativeEntry) else None,
            Kind.FIGURE,
        ),
        Col(_("Funded"), lambda row: row.n_funded, Kind.COUNT),
        Col(_("Granted"), lambda row: row.granted_cents, Kind.MONEY),
    )


def map_tables(result: AlternativesResult) -> Mapping[str, Callable[[], pl.DataFrame]]:
    """Return the table of the answer: one row for each application."""
    return {"dossiers": result.to_dataframe}


def build_verdict(document: AlternativesDocument) -> Iterator[Callout]:
    """Yield how many other choices there are."""
    yield Callout(describe_verdict(document), Tone.PLAIN)


def build_page(document: AlternativesDocument) -> Iterator[Node]:
    """Yield the choices, what is open between them, and who enters and leaves with each."""
    best = document.optimum
    if best is None:
        return
    others = [*document.portfolios, *document.steered]
    words = [Paragraph(text) for text in describe_alternatives(document)]
    rows: list[Choice] = [best, *others]
    table = build_table(list_columns(document, best), rows, most=len(rows))
    yield Section(_("The choices"), [*words, table])
    if document.open:
        n = document.shared.n_portfolios if document.shared else 0
        inside = Col[OpenDossier](_("Funded in, of {n}", n=n), lambda row: row.n_funded_in, Kind.COUNT)
        title = _("Choices that are really open ({n_rows})", n_rows=len(document.open))
        matrix = build_matrix(document)
        columns: list[Col[OpenDossier]] = [*DOSSIER, inside]
        table = build_table(columns, document.open)
        yield Section(title, [table] if matrix is None else [matrix, table])
    for choice in others:
        title = _("Choice {name}", name=_describe_choice(choice))
        yield Section(title, [build_change_table(choice.changes)], annex=True)


def build_matrix(document: AlternativesDocument, most: int = MOST_MATRIX_ROWS) -> Chart | None:
    """Return the `most` open dossiers on which the lists differ most, by list; None without a list."""
    rows, lists = list_matrix_rows(document)
    if len(lists) < 2:
        return None
    n = len(rows)
    finding = _n("{n} application depends on the choice", "{n} applications depend on the choice", n=n)
    question = _(
        "Full: funded; hollow: not. 0 is the best choice, the others follow in the order of their table"
    )
    if n > most:
        question = _(
            "The {most} on which the choices differ most. Full: funded; hollow: not. 0 is the best choice, the "
            "others follow in the order of their table",
            most=most,
        )
    return Chart(Matrix(rows[:most], lists), finding, question)


def list_charts() -> Mapping[str, Callable[..., Chart]]:
    """Return what builds its charts by name."""
    return {"lists": _build_list_chart}


def _build_list_chart(result: AlternativesResult, most: int = MOST_MATRIX_ROWS) -> Chart:
    """Return the matrix of the dossiers that depend on the choice."""
    chart = build_matrix(result.data, most)
    if chart is None or not result.data.open:
        raise ValueError("no application depends on the choice: there is nothing to draw")
    return chart


def list_matrix_rows(document: AlternativesDocument) -> tuple[list[MatrixRow], list[str]]:
    """Return the open dossiers with the lists that have them, the most disputed first, and the lists' numbers."""
    others = [*document.portfolios, *document.steered, *document.ties]
    entered = [{change.dossier for change in one.changes.enter} for one in others]
    left = [{change.dossier for change in one.changes.leave} for one in others]
    rows = []
    for dossier in document.open:
        name = dossier.dossier
        in_best = any(name in names for names in left)
        inside = [
            name in enters or (in_best and name not in leaves)
            for enters, leaves in zip(entered, left, strict=True)
        ]
        rows.append(MatrixRow(label_dossier(name, dossier.title), [in_best, *inside]))
    rows.sort(key=lambda row: abs(2 * sum(row.inside) - len(row.inside)))
    return rows, [str(k) for k in range(len(others) + 1)]


def describe_verdict(document: AlternativesDocument) -> Text:
    """Say how many alternatives were found, and how close to the optimum they are."""
    n = len(document.portfolios)
    if document.optimum is None:
        if document.status == "infeasible":
            return _("No allocation is possible.")
        return _("There was no time: no allocation was found.")
    rate, shown = parse_decimal(document.within), document.status == "optimal"
    best = _p("of", "the best") if shown else _p("of", "the best found")
    if n == 0:
        return _("No other choice was found within {rate} of {best}.", rate=Rate(rate), best=best)
    return _n(
        "{n} other choice within {rate} of {best}, as different as possible.",
        "{n} other choices within {rate} of {best}, as different as possible.",
        n=n,
        rate=Rate(rate),
        best=best,
    )


def describe_alternatives(document: AlternativesDocument) -> list[Text]:
    """Say what the alternatives share, and whether the optimum is unique."""
    shared, n_ties = document.shared, len(document.ties)
    if shared is None:
        return []
    proven = shared.n_funded_proven + shared.n_refused_proven
    counts = _(
        "In the {n_portfolios} choices seen, {n_funded} applications are always funded and {n_refused} never.",
        n_portfolios=shared.n_portfolios,
        n_funded=shared.n_funded,
        n_refused=shared.n_refused,
    )
    held = _n(
        "For {n} of them, this is proven for every choice within the allowed loss.",
        "For {n} of them, this is proven for every choice within the allowed loss.",
        n=proven,
    )
    none = _("Other choices within the allowed loss may differ.")
    result = [join_sentences(counts, held if proven else none)]
    if n_ties:
        others = _n("{n} other choice is worth", "{n} other choices are worth", n=n_ties)
        result.append(_("Ties: {others} exactly as much for the same money (see --json).", others=others))
    return result


def _describe_distance(entry: AlternativeEntry) -> Text:
    """Write the distance, with the bound where another could be farther: "12 (at most 196)"."""
    near = write_both(lambda lang: format_decimal(entry.distance, lang))
    if entry.proven or entry.figure is not None:
        return near
    if entry.bound is None:
        return _("{near} (not proven)", near=near)
    most = write_both(lambda lang: format_decimal(entry.bound, lang))
    return _("{near} (at most {most})", near=near, most=most)


def describe_direction(entry: AlternativeEntry) -> Text:
    """Write what an alternative is steered by, and its figure: « le plus rural (…) : 1 250 000 »."""
    figure = write_both(lambda lang: format_euros(entry.figure, lang))
    direction = STEERED[entry.name]
    if entry.proven:
        return _("{direction}: {figure}", direction=direction, figure=figure)
    limit = write_both(lambda lang: "?" if entry.bound is None else format_euros(entry.bound, lang))
    return _("{direction}: {figure} (at best {limit})", direction=direction, figure=figure, limit=limit)


def _describe_choice(entry: AlternativeEntry) -> Text | str:
    return describe_direction(entry) if entry.name in STEERED else str(entry.rank)
