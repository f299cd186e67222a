"""Report of the non-dominated allocations under partially known weights."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

from tnt_sim.analysis.preferences.document import WeightsDocument
from tnt_sim.domain.money import parse_decimal
from tnt_sim.i18n.message import Lang, Text
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
        Column(Text("Choix", "Choice"), [str(one.rank) for one in lists]),
        *(
            Column(criterion.name, [one.criteria[criterion.name] for one in lists], Kind.DECIMAL)
            for criterion in document.criteria
        ),
        Column(Text("Financés", "Funded"), [one.n_funded for one in lists], Kind.COUNT),
        Column(Text("Accordé", "Granted"), [one.granted_cents for one in lists], Kind.MONEY),
    ]
    nodes: list[Node] = [
        Paragraph(write_both(partial(_describe_criteria, document))),
        build_section(Text("Les choix", "The choices"), columns),
    ]
    moving = sorted(document.borderline, key=lambda one: -one.core_index)
    counts = Text(
        f"Toujours retenus : {len(document.core)} ; jamais : {document.n_exterior} ; "
        f"selon les poids : {len(moving)}.",
        f"Always funded: {len(document.core)}; never: {document.n_exterior}; by the weights: {len(moving)}.",
    )
    rows = [
        Column(Text("Dossier", "Dossier"), [one.dossier for one in moving]),
        Column(Text("Intitulé", "Title"), [one.title or "" for one in moving]),
        Column(
            Text("Part des choix", "Share of choices"),
            [Fraction(round(100 * one.core_index), 100) for one in moving],
            Kind.RATE,
        ),
    ]
    nodes.append(build_section(Text("Les dossiers", "The dossiers"), rows if moving else (), words=[counts]))
    verdict = Callout(describe_verdict(document), Tone.PLAIN)
    return build_study_report(document, Text("Selon les poids", "By the weights"), verdict, nodes)


def _describe_criteria(document: WeightsDocument, lang: Lang) -> str:
    per = ", ".join(
        f"{one.name} / {format_number(parse_decimal(one.per), lang)}" for one in document.criteria
    )
    return Text(f"Critères, chacun divisé : {per}.", f"Criteria, each divided: {per}.").in_(lang)


def describe_verdict(document: WeightsDocument) -> Text:
    """Say how many allocations are non-dominated, and how they were sought."""
    n = len(document.portfolios)
    if n == 0 and document.complete:
        return Text("Aucune répartition possible.", "No allocation is possible.")
    if n == 0:
        return Text(
            "Le temps a manqué : aucune répartition trouvée.", "There was no time: no allocation was found."
        )
    if document.exact and document.complete:
        if n == 1:
            return Text(
                "Un seul choix, le meilleur quels que soient les poids.",
                "A single choice, the best whatever the weights.",
            )
        return Text(
            f"{n} choix ne sont dominés par aucun autre : ce sont tous les résultats possibles.",
            f"{n} choices are dominated by no other: these are all possible outcomes.",
        )
    if document.exact:
        return Text(
            f"{n} choix que rien de connu ne domine ; le temps a manqué pour tous les trouver.",
            f"{n} choices that nothing known dominates; there was no time to find all.",
        )
    best = sum(bool(one.supported) for one in document.portfolios)
    whole = Text("tous ceux", "all") if document.complete else Text("des choix", "some")
    return Text(
        f"{n} choix que rien de connu ne domine : {whole.fr} qui sont les meilleurs pour certains poids ({best}) "
        f"et {n - best} trouvés par {document.n_draws} tirages ; il peut en exister d'autres.",
        f"{n} choices that nothing known dominates: {whole.en} that are best for some weights ({best}), and "
        f"{n - best} found by {document.n_draws} draws; there may be others.",
    )
