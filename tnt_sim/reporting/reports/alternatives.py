"""Report of near-optimal alternatives, for the terminal and notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from types import MappingProxyType

from rich.text import Text as Line

from tnt_sim.analysis.alternatives.document import (
    AlternativeEntry,
    AlternativesDocument,
    OpenDossier,
    OptimumEntry,
)
from tnt_sim.domain.money import format_cents, format_rate, parse_decimal
from tnt_sim.i18n.message import Lang, Text, describe_count
from tnt_sim.i18n.numbers import format_euros, format_unlisted_count
from tnt_sim.reporting.renderers.html import wrap_in_frame
from tnt_sim.reporting.renderers.terminal import render_grid, wrap_paragraph
from tnt_sim.reporting.text.vocabulary import SYNTHETIC
from tnt_sim.rules.expressions.column_text import format_integer, format_number

MOST_ROWS = 20
STEERED: Mapping[str, Text] = MappingProxyType(
    {
        "rural": Text(
            "le plus rural (communes de 3 500 habitants au plus)", "most rural (communes up to 3,500)"
        ),
        "mutualised": Text("le plus mutualisé", "most mutualised"),
        "balanced": Text("le plus équilibré entre départements", "most balanced between departments"),
    }
)


def render_alternatives(document: AlternativesDocument, lang: Lang, width: int) -> list[Line]:
    """Write the whole page."""
    lines = wrap_paragraph(str(document.title), width, style="bold")
    if document.synthetic:
        lines += wrap_paragraph(SYNTHETIC.in_(lang), width, style="yellow")
    lines += [Line(""), *wrap_paragraph(describe_verdict(document).in_(lang), width, style="bold")]
    if document.optimum is None:
        return lines
    lines += [Line(""), *_render_table(document, document.optimum, lang)]
    for text in describe_alternatives(document):
        lines += [Line(""), *wrap_paragraph(text.in_(lang), width)]
    rows = [
        (one.dossier, str(one.title)[:50], _format_frequency(one, document, lang)) for one in document.open
    ]
    if rows:
        title = Text("Choix réellement ouverts", "Choices that are really open").in_(lang)
        lines += [
            Line(""),
            Line(f"{title} ({format_integer(len(rows), lang)})", style="bold"),
            *render_grid(rows[:MOST_ROWS], right=(2,)),
        ]
    if len(rows) > MOST_ROWS:
        and_ = Text("et", "and").in_(lang)
        lines.append(Line(f"  … {and_} {format_unlisted_count(len(rows) - MOST_ROWS, lang)}", style="dim"))
    return lines


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


def _render_table(document: AlternativesDocument, best: OptimumEntry, lang: Lang) -> list[Line]:
    unit = (
        Text("écart en €", "€ apart")
        if document.by == "money"
        else Text("dossiers d'écart", "dossiers apart")
    )
    head = (
        Text("choix", "choice").in_(lang),
        best.objective[0].goal,
        Text("perte", "loss").in_(lang),
        unit.in_(lang),
        Text("financés", "funded").in_(lang),
        Text("accordé", "granted").in_(lang),
    )
    displayed = document.status == "optimal"
    rows: list[tuple[str, ...]] = [
        (
            (
                Text("le meilleur", "the best") if displayed else Text("le meilleur trouvé", "the best found")
            ).in_(lang),
            _format_value(best.objective[0].value, lang),
            "–",
            "–",
            format_integer(best.n_funded, lang),
            format_cents(best.granted_cents or 0, lang),
        )
    ]
    rows += [_build_row(str(one.rank), one, lang) for one in document.portfolios]
    rows += [_build_row(describe_direction(one, lang), one, lang) for one in document.steered]
    return render_grid(rows, header=head, right=(1, 2, 3, 4, 5))


def _build_row(name: str, document: AlternativeEntry, lang: Lang) -> tuple[str, ...]:
    apart = _format_value(document.distance, lang)
    return (
        name,
        _format_value(document.objective[0].value, lang),
        format_rate(parse_decimal(document.loss), lang),
        apart + _describe_bound(document, lang),
        format_integer(document.n_funded, lang),
        format_cents(document.granted_cents, lang),
    )


def _describe_bound(document: AlternativeEntry, lang: Lang) -> str:
    """Write the bound where another could be farther: "(196 au plus)"; "?" if nothing is known."""
    if document.proven or document.figure is not None:
        return ""
    if document.bound is None:
        return " ?"
    most = _format_value(document.bound, lang)
    return Text(f" ({most} au plus)", f" (at most {most})").in_(lang)


def describe_direction(document: AlternativeEntry, lang: Lang) -> str:
    """Write what an alternative is steered by, and its figure: « le plus rural (…) : 1 250 000 »."""
    colon = " : " if lang is Lang.FR else ": "
    most = ""
    if not document.proven:
        limit = "?" if document.bound is None else format_euros(document.bound, lang)
        most = Text(f" (au mieux {limit})", f" (at best {limit})").in_(lang)
    return f"{STEERED[document.name].in_(lang)}{colon}{format_euros(document.figure, lang)}{most}"


def _format_value(text: str, lang: Lang) -> str:
    return format_number(parse_decimal(text), lang)


def _format_frequency(entry: OpenDossier, document: AlternativesDocument, lang: Lang) -> str:
    n, of = entry.n_funded_in, document.shared.n_portfolios if document.shared else 0
    return Text(f"{n} fois sur {of}", f"{n} times of {of}").in_(lang)


def render_alternatives_html(document: AlternativesDocument, lang: Lang) -> str:
    """Render the same as HTML for a notebook."""
    pieces = [f"<p><strong>{escape(str(document.title))}</strong></p>"]
    if document.synthetic:
        pieces.append(f"<p><em>{escape(SYNTHETIC.in_(lang))}</em></p>")
    pieces.append(f"<p><strong>{escape(describe_verdict(document).in_(lang))}</strong></p>")
    if document.optimum is None:
        return wrap_in_frame("".join(pieces), lang)
    entries: Sequence[AlternativeEntry] = [*document.portfolios, *document.steered]
    names = [describe_direction(one, lang) if one.name in STEERED else str(one.rank) for one in entries]
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in _build_row(name, one, lang))}</tr>"
        for name, one in zip(names, entries, strict=True)
    )
    pieces.append(f"<table>{rows}</table>")
    pieces += [f"<p>{escape(text.in_(lang))}</p>" for text in describe_alternatives(document)]
    return wrap_in_frame("".join(pieces), lang)
