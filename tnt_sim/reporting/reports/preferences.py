"""Report of the non-dominated allocations under partially known weights, for the terminal and notebooks."""

from __future__ import annotations

from html import escape

from rich.text import Text as Line

from tnt_sim.analysis.preferences.document import WeightsDocument
from tnt_sim.domain.money import format_cents, parse_decimal
from tnt_sim.i18n.message import Lang, Text
from tnt_sim.i18n.numbers import format_unlisted_count
from tnt_sim.reporting.renderers.html import wrap_in_frame
from tnt_sim.reporting.renderers.terminal import render_grid, wrap_paragraph
from tnt_sim.reporting.text.vocabulary import SYNTHETIC
from tnt_sim.rules.expressions.column_text import format_integer, format_number

MOST_ROWS = 20


def render_weights(document: WeightsDocument, lang: Lang, width: int) -> list[Line]:
    """Write the whole page."""
    lines = wrap_paragraph(str(document.title), width, style="bold")
    if document.synthetic:
        lines += wrap_paragraph(SYNTHETIC.in_(lang), width, style="yellow")
    lines += [Line(""), *wrap_paragraph(describe_verdict(document).in_(lang), width, style="bold")]
    per = ", ".join(
        f"{one.name} / {format_number(parse_decimal(one.per), lang)}" for one in document.criteria
    )
    lines += wrap_paragraph(
        Text(f"Critères, chacun divisé : {per}.", f"Criteria, each divided: {per}.").in_(lang), width
    )
    lines += [Line(""), *_render_table(document, lang)]
    core = Text(
        f"Toujours retenus : {len(document.core)} ; jamais : {document.n_exterior} ; selon les poids : "
        f"{len(document.borderline)}.",
        f"Always funded: {len(document.core)}; never: {document.n_exterior}; by the weights: "
        f"{len(document.borderline)}.",
    )
    lines += [Line(""), *wrap_paragraph(core.in_(lang), width)]
    moving = sorted(document.borderline, key=lambda one: -one.core_index)
    rows = [(one.dossier, str(one.title)[:50], f"{100 * one.core_index:.0f} %") for one in moving[:MOST_ROWS]]
    return [*lines, *render_grid(rows, right=(2,))]


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


def _render_table(document: WeightsDocument, lang: Lang) -> list[Line]:
    names = [one.name for one in document.criteria]
    head = ("", *names, Text("financés", "funded").in_(lang), Text("accordé", "granted").in_(lang))
    rows = [
        (
            str(one.rank),
            *(format_number(parse_decimal(one.criteria[name]), lang) for name in names),
            format_integer(one.n_funded, lang),
            format_cents(one.granted_cents, lang),
        )
        for one in document.portfolios[:MOST_ROWS]
    ]
    lines = render_grid(rows, header=head, right=tuple(range(1, len(head))))
    if len(document.portfolios) > MOST_ROWS:
        and_ = Text("et", "and").in_(lang)
        lines.append(
            Line(
                f"  … {and_} {format_unlisted_count(len(document.portfolios) - MOST_ROWS, lang)}",
                style="dim",
            )
        )
    return lines


def render_weights_html(document: WeightsDocument, lang: Lang) -> str:
    """Render the same as HTML for a notebook."""
    pieces = [f"<p><strong>{escape(str(document.title))}</strong></p>"]
    if document.synthetic:
        pieces.append(f"<p><em>{escape(SYNTHETIC.in_(lang))}</em></p>")
    pieces.append(f"<p><strong>{escape(describe_verdict(document).in_(lang))}</strong></p>")
    rows = "".join(
        f"<tr><td>{one.rank}</td>"
        + "".join(f"<td>{escape(str(value))}</td>" for value in one.criteria.values())
        + f"<td>{escape(format_cents(one.granted_cents, lang))}</td></tr>"
        for one in document.portfolios
    )
    return wrap_in_frame("".join([*pieces, f"<table>{rows}</table>"]), lang)
