"""Report of near-optimal alternatives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType

from tnt_sim.analysis.alternatives.document import AlternativeEntry, AlternativesDocument, OptimumEntry
from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.message import Bilingual, Capitalised, Lang, Text, _, _n, _p, join_sentences
from tnt_sim.i18n.numbers import format_decimal, format_euros
from tnt_sim.i18n.parameters import Rate
from tnt_sim.reporting.charts.matrix import MatrixRow, draw_matrix
from tnt_sim.reporting.report_tree import (
    Callout,
    Chart,
    Column,
    Kind,
    Node,
    Output,
    Report,
    Section,
    Tone,
    Words,
    build_section,
    write_both,
)
from tnt_sim.reporting.reports.study_report import build_change_table, build_study_report
from tnt_sim.reporting.text.dossier_names import label_dossier
from tnt_sim.values.answer_values import label_goal

MOST_MATRIX_ROWS = 20
STEERED: Mapping[str, Text] = MappingProxyType(
    {
        "rural": _("most rural (communes up to 3,500)"),
        "mutualised": _("most mutualised"),
        "balanced": _("most balanced between departments"),
    }
)


def build_report(document: AlternativesDocument) -> Report:
    """Return the report of the allocations that were found."""
    verdict = Callout(describe_verdict(document), Tone.PLAIN)
    nodes: list[Node] = []
    if document.optimum is not None:
        nodes += [_build_choices(document, document.optimum), *_build_open_dossiers(document)]
        nodes += [
            Section(_build_choice_title(one), [build_change_table(one.changes)], annex=True)
            for one in (*document.portfolios, *document.steered)
        ]
    return build_study_report(document, _("Other choices"), verdict, nodes)


def _build_choices(document: AlternativesDocument, best: OptimumEntry) -> Section:
    others = [*document.portfolios, *document.steered]
    entries: list[OptimumEntry | AlternativeEntry] = [best, *others]
    first = _("the best")
    if document.status != "optimal":
        first = _("the best found")
    unit = _("Applications apart") if document.by == "dossiers" else _("Money apart (€)")
    names: list[Words] = [first]
    names += [describe_direction(one) if one.name in STEERED else str(one.rank) for one in others]
    return build_section(
        _("The choices"),
        [
            Column(_("Choice"), names),
            Column(
                Capitalised(label_goal(best.objective[0].goal)),
                [one.objective[0].value for one in entries],
                Kind.DECIMAL,
            ),
            Column(_("Loss"), [None, *(one.loss for one in others)], Kind.RATE, optional=True),
            Column(unit, [None, *(_describe_distance(one) for one in others)], Kind.FIGURE),
            Column(_p("column", "Funded"), [one.n_funded for one in entries], Kind.COUNT),
            Column(_("Granted"), [one.granted_cents for one in entries], Kind.MONEY),
        ],
        words=describe_alternatives(document),
        most=len(entries),
    )


def _build_open_dossiers(document: AlternativesDocument) -> list[Section]:
    rows = document.open
    if not rows:
        return []
    n = document.shared.n_portfolios if document.shared else 0
    return [
        build_section(
            _("Choices that are really open ({n_rows})", n_rows=len(rows)),
            [
                Column(
                    _("Application"),
                    [label_dossier(one.dossier, one.title) for one in rows],
                    outputs=Output.PAGE,
                ),
                Column(
                    _("Application"), [one.dossier for one in rows], outputs=Output.TERMINAL | Output.SHEET
                ),
                Column(_("Title"), [one.title or "" for one in rows], outputs=Output.TERMINAL | Output.SHEET),
                Column(
                    _("Funded in, of {n}", n=n),
                    [one.n_funded_in for one in rows],
                    Kind.COUNT,
                ),
            ],
            chart=build_matrix(document),
        )
    ]


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
    return Chart(finding, partial(_draw_matrix, rows[:most], lists, finding), finding, question)


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


def _draw_matrix(rows: Sequence[MatrixRow], lists: Sequence[str], label: Text, lang: Lang, width: int) -> str:
    return draw_matrix(rows, lists, label.in_(lang), width)


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


def _build_choice_title(entry: AlternativeEntry) -> Text:
    name = describe_direction(entry) if entry.name in STEERED else Bilingual(str(entry.rank), str(entry.rank))
    return _("Choice {name}", name=name)
