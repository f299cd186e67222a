"""Report of an audit, for the terminal and notebooks: rules broken, loss, what to change."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from rich.text import Text as Line

from tnt_sim.analysis.audit.document import (
    AuditDocument,
    AuditGoal,
    ComparedList,
    SelectionEntry,
    SwapEntry,
    ViolatedBound,
    ViolatedRatedBound,
)
from tnt_sim.analysis.shared.list_distance import ListChange, ListChanges
from tnt_sim.domain.money import format_cents, parse_decimal
from tnt_sim.i18n.message import Lang, Text, describe_count
from tnt_sim.i18n.numbers import format_count, format_unlisted_count
from tnt_sim.reporting.renderers.html import render_rows_html, wrap_in_frame
from tnt_sim.reporting.renderers.terminal import render_grid, wrap_paragraph
from tnt_sim.reporting.reports.infeasibility import describe_member
from tnt_sim.reporting.text.vocabulary import SYNTHETIC
from tnt_sim.rules.expressions.column_text import format_number
from tnt_sim.rules.expressions.text import capitalise

MOST_ROWS = 12
BETTER = (
    Text("Le mieux trouvé pour le même argent", "The best found for the same money"),
    Text("Le mieux pour le même argent", "The best for the same money"),
)
CHEAPER = (
    Text("Aussi bien, au moindre coût trouvé", "As good for the least money found"),
    Text("Aussi bien, au moindre coût", "As good for the least money"),
)
"""Titles of a list that is not shown to be optimal, and of one that is."""


def render_audit(document: AuditDocument, lang: Lang, width: int) -> list[Line]:
    """Write the whole page."""
    lines = wrap_paragraph(str(document.title), width, style="bold")
    if document.synthetic:
        lines += wrap_paragraph(SYNTHETIC.in_(lang), width, style="yellow")
    style = "bold green" if document.selection.allowed else "bold red"
    mark = "✔" if document.selection.allowed else "✘"
    lines += [
        Line(""),
        *wrap_paragraph(describe_verdict(document).in_(lang), width, first=f"{mark} ", style=style),
    ]
    lines += _render_findings(document.selection, lang, width)
    if document.broken:
        lines += [Line(""), Line(Text("Règles non tenues", "Rules that do not hold").in_(lang), style="bold")]
        for entry in document.broken[: 4 * MOST_ROWS]:
            lines += wrap_paragraph(capitalise(str(entry.words)), width, first="  • ")
    lines += _render_goals(document.objective, lang)
    for titles, answer in ((BETTER, document.better), (CHEAPER, document.cheaper)):
        if answer is not None:
            title = titles[answer.status == "optimal"]
            lines += [
                Line(""),
                *wrap_paragraph(_describe_answer(title, answer, document, lang), width, style="bold"),
            ]
            lines += _render_changes(answer.changes, lang)
    for swap in document.swaps:
        lines += [
            Line(""),
            *wrap_paragraph(describe_swap(swap, document.selection.allowed).in_(lang), width, style="bold"),
        ]
        if swap.changes is not None:
            lines += _render_changes(swap.changes, lang)
    return lines


def describe_verdict(document: AuditDocument) -> Text:
    """Summarise the selection in one sentence."""
    chosen = document.selection
    n, money = chosen.n_funded, chosen.granted_cents
    held = describe_count(
        n, ("dossier retenu", "dossiers retenus"), ("dossier selected", "dossiers selected")
    )
    fr, en = f"{held.fr}, {format_cents(money, Lang.FR)} : ", f"{held.en}, {format_cents(money, Lang.EN)}: "
    if not chosen.allowed:
        broken = describe_count(
            len(document.broken),
            ("règle ou montant n'est pas tenu", "règles ou montants ne sont pas tenus"),
            ("rule or amount does not hold", "rules or amounts do not hold"),
        )
        return Text(
            f"{fr}{broken.fr} ; la liste ne peut pas être une décision en l'état.",
            f"{en}{broken.en}; the list cannot be a decision as it is.",
        )
    losses = [goal.loss for goal in document.objective if goal.loss and parse_decimal(goal.loss) != 0]
    if document.optimum is None:
        return Text(f"{fr}toutes les règles tiennent.", f"{en}every rule holds.")
    if not losses or parse_decimal(losses[0]) < 0:
        if document.status == "optimal":
            return Text(
                f"{fr}toutes les règles tiennent, et aucun choix ne fait mieux.",
                f"{en}every rule holds, and no choice does better.",
            )
        return Text(
            f"{fr}toutes les règles tiennent ; aucun meilleur choix n'a été trouvé, mais rien ne prouve qu'il "
            "n'en existe pas.",
            f"{en}every rule holds; no better choice was found, but nothing proves that there is none.",
        )
    return Text(
        f"{fr}toutes les règles tiennent ; un meilleur choix existe.",
        f"{en}every rule holds; a better choice exists.",
    )


def describe_swap(swap: SwapEntry, allowed: bool) -> Text:
    """Write a swap: « Pour regagner 90 % de l'écart : 4 dossiers changent »."""
    n = swap.n_changed
    if n is None:
        sentence = Text("le temps a manqué", "there was no time")
    else:
        fr = format_count(n, ("dossier change", "dossiers changent"), ("", ""), Lang.FR)
        en = format_count(n, ("", ""), ("dossier changes", "dossiers change"), Lang.EN)
        most = Text("", "") if swap.status == "optimal" else Text(" au plus", " at most")
        sentence = Text(f"{fr}{most.fr}", f"{en}{most.en}")
    if swap.goal is None:
        return Text(
            f"Pour tenir toutes les règles en changeant le moins : {sentence.fr}",
            f"To keep every rule with the fewest changes: {sentence.en}",
        )
    percent = parse_decimal(swap.recover) * 100
    note = Text("", "") if allowed else Text(" et tenir les règles", " and keep the rules")
    return Text(
        f"Pour regagner {format_number(percent, Lang.FR)} % de l'écart ({swap.goal}){note.fr} : {sentence.fr}",
        f"To recover {format_number(percent, Lang.EN)}% of the loss ({swap.goal}){note.en}: {sentence.en}",
    )


def _render_findings(chosen: SelectionEntry, lang: Lang, width: int) -> list[Line]:
    lines = []
    for finding in chosen.findings[: 2 * MOST_ROWS]:
        row = f" ({finding.file}:{finding.row})" if finding.row else ""
        hint = f" {finding.hint}" if finding.hint else ""
        lines += wrap_paragraph(
            capitalise(f"{finding.message}{hint}{row}"), width, first="  ! ", style="yellow"
        )
    added = chosen.n_committed_added
    if added:
        lines += wrap_paragraph(
            describe_count(
                added,
                (
                    "dossier déjà engagé, que la liste ne nomme pas, y est compté.",
                    "dossiers déjà engagés, que la liste ne nomme pas, y sont comptés.",
                ),
                (
                    "committed dossier that the list does not name is counted in it.",
                    "committed dossiers that the list does not name are counted in it.",
                ),
            ).in_(lang),
            width,
            first="  ! ",
            style="yellow",
        )
    return lines


def _render_goals(goals: Sequence[AuditGoal], lang: Lang) -> list[Line]:
    head = (
        ("Objectif", "Cette liste", "Le mieux possible", "Écart")
        if lang is Lang.FR
        else ("Goal", "This list", "Best possible", "Loss")
    )
    rows = [
        (goal.goal, *(_format_value(value, lang) for value in (goal.value, goal.optimum, goal.loss)))
        for goal in goals
    ]
    return [Line(""), *render_grid(rows, header=head, right=(1, 2, 3))]


def _format_value(text: str | None, lang: Lang) -> str:
    return "–" if text is None else format_number(parse_decimal(text), lang)


def _describe_answer(title: Text, answer: ComparedList, document: AuditDocument, lang: Lang) -> str:
    goals = ", ".join(
        f"{goal.goal} {_format_value(value, lang)}"
        for goal, value in zip(document.objective, answer.values, strict=True)
    )
    money = format_cents(answer.granted_cents, lang)
    saved = answer.saved_cents
    less = Text(f", {format_cents(saved, Lang.FR)} de moins", f", {format_cents(saved, Lang.EN)} less").in_(
        lang
    )
    return f"{title.in_(lang)} : {goals} ; {money}{less if saved > 0 else ''}"


def _render_changes(changes: ListChanges, lang: Lang) -> list[Line]:
    signs = (("enter", "+", changes.enter), ("leave", "−", changes.leave), ("amount", "≠", changes.amount))
    rows = [
        (sign, one.dossier, str(one.title)[:40], _format_grants(one, key, lang))
        for key, sign, listed in signs
        for one in listed
    ]
    lines = render_grid(rows[:MOST_ROWS], right=(3,), indent=4)
    if len(rows) > MOST_ROWS:
        and_ = Text("et", "and").in_(lang)
        lines.append(Line(f"    … {and_} {format_unlisted_count(len(rows) - MOST_ROWS, lang)}", style="dim"))
    return lines


def _format_grants(document: ListChange, key: str, lang: Lang) -> str:
    if key == "enter":
        return format_cents(document.after_cents, lang)
    if key == "leave":
        return format_cents(document.before_cents, lang)
    return f"{format_cents(document.before_cents, lang)} → {format_cents(document.after_cents, lang)}"


def render_audit_html(document: AuditDocument, lang: Lang) -> str:
    """Render the same as HTML for a notebook."""
    pieces = [
        f"<p><strong>{escape(str(document.title))}</strong></p>",
        f"<p><strong>{escape(describe_verdict(document).in_(lang))}</strong></p>",
    ]
    if document.synthetic:
        pieces.insert(1, f'<p class="mark">{escape(SYNTHETIC.in_(lang))}</p>')
    if document.broken:
        rules = "".join(f"<li>{escape(capitalise(str(entry.words)))}</li>" for entry in document.broken)
        pieces.append(f"<ul>{rules}</ul>")
    heads = Text("But|Cette liste|Le meilleur choix|Écart", "Goal|This list|The best choice|Loss")
    rows = [
        (str(goal.goal), *(_format_value(value, lang) for value in (goal.value, goal.optimum, goal.loss)))
        for goal in document.objective
    ]
    pieces.append(render_rows_html(heads.in_(lang).split("|"), rows, right=(1, 2, 3)))
    allowed = document.selection.allowed
    pieces += [f"<p>{escape(describe_swap(swap, allowed).in_(lang))}</p>" for swap in document.swaps]
    return wrap_in_frame("".join(pieces), lang)


def describe_violation(entry: ViolatedBound | ViolatedRatedBound, lang: Lang) -> str:
    """Write a broken rule: « l'enveloppe « a » n'a que 500 € : dépassée de 120 € »."""
    head = describe_member(entry, lang)
    if entry.kind == "decide":
        return head + Text(" : non suivie", ": not followed").in_(lang)
    if parse_decimal(entry.by) == 0:
        return head + Text(" : non tenue", ": does not hold").in_(lang)
    by = format_excess(entry, lang)
    if entry.side == "min":
        return head + Text(f" : il manque {by}", f": {by} short").in_(lang)
    if entry.side == "" and entry.by_cents is None:
        once = parse_decimal(entry.by) == 1
        return head + Text(
            f" : {by} écart{'' if once else 's'}", f": broken {'once' if once else f'{by} times'}"
        ).in_(lang)
    return head + Text(f" : dépassé de {by}", f": exceeded by {by}").in_(lang)


def format_excess(entry: ViolatedBound | ViolatedRatedBound, lang: Lang) -> str:
    """Write by how much: an amount, or a number."""
    if entry.by_cents is not None:
        return format_cents(entry.by_cents, lang)
    return format_number(parse_decimal(entry.by), lang)
