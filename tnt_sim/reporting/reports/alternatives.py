"""Report of near-optimal alternatives."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tnt_sim.analysis.alternatives.document import AlternativeEntry, AlternativesDocument, OptimumEntry
from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.message import Lang, Text, describe_count
from tnt_sim.i18n.numbers import format_decimal, format_euros, format_rate
from tnt_sim.reporting.report_tree import (
    Callout,
    Column,
    Kind,
    Node,
    Report,
    Section,
    Tone,
    Words,
    build_section,
    write_both,
)
from tnt_sim.reporting.reports.study_report import build_change_table, build_study_report

STEERED: Mapping[str, Text] = MappingProxyType(
    {
        "rural": Text(
            "le plus rural (communes de 3 500 habitants au plus)", "most rural (communes up to 3,500)"
        ),
        "mutualised": Text("le plus mutualisé", "most mutualised"),
        "balanced": Text("le plus équilibré entre départements", "most balanced between departments"),
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
    return build_study_report(document, Text("D'autres choix", "Other choices"), verdict, nodes)


def _build_choices(document: AlternativesDocument, best: OptimumEntry) -> Section:
    others = [*document.portfolios, *document.steered]
    entries: list[OptimumEntry | AlternativeEntry] = [best, *others]
    first = Text("le meilleur", "the best")
    if document.status != "optimal":
        first = Text("le meilleur trouvé", "the best found")
    unit = (
        Text("Dossiers d'écart", "Dossiers apart")
        if document.by == "dossiers"
        else Text("Écart en €", "€ apart")
    )
    names: list[Words] = [first]
    names += [describe_direction(one) if one.name in STEERED else str(one.rank) for one in others]
    return build_section(
        Text("Les choix", "The choices"),
        [
            Column(Text("Choix", "Choice"), names),
            Column(best.objective[0].goal, [one.objective[0].value for one in entries], Kind.DECIMAL),
            Column(Text("Perte", "Loss"), [None, *(one.loss for one in others)], Kind.RATE, optional=True),
            Column(unit, [None, *(_describe_distance(one) for one in others)], Kind.FIGURE),
            Column(Text("Financés", "Funded"), [one.n_funded for one in entries], Kind.COUNT),
            Column(Text("Accordé", "Granted"), [one.granted_cents for one in entries], Kind.MONEY),
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
            Text(f"Choix réellement ouverts ({len(rows)})", f"Choices that are really open ({len(rows)})"),
            [
                Column(Text("Dossier", "Dossier"), [one.dossier for one in rows]),
                Column(Text("Intitulé", "Title"), [one.title or "" for one in rows]),
                Column(
                    Text(f"Retenu dans, sur {n}", f"Funded in, of {n}"),
                    [one.n_funded_in for one in rows],
                    Kind.COUNT,
                ),
            ],
        )
    ]


def describe_verdict(document: AlternativesDocument) -> Text:
    """Say how many alternatives were found, and how close to the optimum they are."""
    n = len(document.portfolios)
    if document.optimum is None:
        if document.status == "infeasible":
            return Text("Aucune répartition possible.", "No allocation is possible.")
        return Text(
            "Le temps a manqué : aucune répartition trouvée.", "There was no time: no allocation was found."
        )
    rate, shown = parse_decimal(document.within), document.status == "optimal"
    best = Text("du meilleur", "the best") if shown else Text("du meilleur trouvé", "the best found")
    fr, en = format_rate(rate, Lang.FR), format_rate(rate, Lang.EN)
    if n == 0:
        return Text(
            f"Aucun autre choix trouvé à moins de {fr} {best.fr}.",
            f"No other choice was found within {en} of {best.en}.",
        )
    others = describe_count(n, ("autre choix", "autres choix"), ("other choice", "other choices"))
    return Text(
        f"{others.fr} à moins de {fr} {best.fr}, aussi {'différents' if n > 1 else 'différent'} que possible.",
        f"{others.en} within {en} of {best.en}, as different as possible.",
    )


def describe_alternatives(document: AlternativesDocument) -> list[Text]:
    """Say what the alternatives share, and whether the optimum is unique."""
    shared, n_ties = document.shared, len(document.ties)
    if shared is None:
        return []
    proven = shared.n_funded_proven + shared.n_refused_proven
    result = [
        Text(
            f"Dans les {shared.n_portfolios} choix vus, {shared.n_funded} dossiers sont toujours retenus et "
            f"{shared.n_refused} jamais ; pour {proven} d'entre eux, c'est prouvé de tout choix admis.",
            f"In the {shared.n_portfolios} choices seen, {shared.n_funded} dossiers are always funded and "
            f"{shared.n_refused} never; for {proven} of them this is proven for any choice within the loss.",
        )
    ]
    if n_ties:
        others = describe_count(
            n_ties,
            ("autre choix vaut", "autres choix valent"),
            ("other choice is worth", "other choices are worth"),
        )
        result.append(
            Text(
                f"Ex æquo : {others.fr} exactement autant, pour le même argent (--json).",
                f"Ties: {others.en} exactly as much for the same money (see --json).",
            )
        )
    return result


def _describe_distance(entry: AlternativeEntry) -> Text:
    """Write the distance, with the bound where another could be farther: "12 (at most 196)"."""
    near = write_both(lambda lang: format_decimal(entry.distance, lang))
    if entry.proven or entry.figure is not None:
        return near
    if entry.bound is None:
        return Text(f"{near.fr}\u202f?", f"{near.en} ?")
    most = write_both(lambda lang: format_decimal(entry.bound, lang))
    return Text(f"{near.fr} ({most.fr} au plus)", f"{near.en} (at most {most.en})")


def describe_direction(entry: AlternativeEntry) -> Text:
    """Write what an alternative is steered by, and its figure: « le plus rural (…) : 1 250 000 »."""
    figure = write_both(lambda lang: format_euros(entry.figure, lang))
    most = Text("", "")
    if not entry.proven:
        limit = write_both(lambda lang: "?" if entry.bound is None else format_euros(entry.bound, lang))
        most = Text(f" (au mieux {limit.fr})", f" (at best {limit.en})")
    name = STEERED[entry.name]
    return Text(f"{name.fr}\u00a0: {figure.fr}{most.fr}", f"{name.en}: {figure.en}{most.en}")


def _build_choice_title(entry: AlternativeEntry) -> Text:
    name = describe_direction(entry) if entry.name in STEERED else Text(str(entry.rank), str(entry.rank))
    return Text(f"Choix {name.fr}", f"Choice {name.en}")
