"""A conflict told in the terminal and as a small HTML page: what clashes, where it stands, what repairs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from rich.text import Text as Line

from tnt_sim.errors import Lang, Text
from tnt_sim.money import format_cents, parse_decimal
from tnt_sim.view.conflict_words import actions_words, members_words
from tnt_sim.view.figures import count, number, plural
from tnt_sim.view.frame import framed
from tnt_sim.view.grid import paragraph
from tnt_sim.view.phrase import capitalised
from tnt_sim.view.tables import SYNTHETIC

Document = Mapping[str, Any]
FIRST_MEMBERS, FIRST_REPAIRS = 6, 3


def conflict_lines(document: Document, lang: Lang, width: int) -> list[Line]:
    """The whole page."""
    lines = paragraph(str(document["title"]), width, style="bold")
    lines.append(Line(str(document["scenario"]), style="dim"))
    if document["synthetic"]:
        lines += paragraph(SYNTHETIC.in_(lang), width, style="yellow")
    mark, style = ("✔", "bold green") if document["status"] == "feasible" else ("✘", "bold red")
    lines += [Line(""), *paragraph(verdict(document).in_(lang), width, first=f"{mark} ", style=style)]
    for rank, one in enumerate(document["sets"], start=1):
        lines += [Line(""), Line(set_title(rank, one, len(document["sets"])).in_(lang), style="bold")]
        lines += _members(members_words(one["members"], lang), width)
    lines += repair_lines(document["repairs"], lang, width)
    return [*lines, Line(""), *paragraph(_how(document).in_(lang), width, style="dim")]


def first_lines(
    sets: Sequence[Document], repairs: Sequence[Document], lang: Lang, width: int, *, scenario: str
) -> list[Line]:
    """The first conflict and the cheapest repairs, under the page of a run that has no allocation."""
    if not sets:
        return []
    title = Text("Ces règles ne tiennent pas ensemble", "These rules do not hold together").in_(lang)
    told = members_words(sets[0]["members"], lang)
    lines = [Line(""), Line(title, style="bold"), *_members(told[:FIRST_MEMBERS], width)]
    if len(told) > FIRST_MEMBERS:
        more = count(len(told) - FIRST_MEMBERS, lang)
        lines.append(Line(Text(f"  … et {more} de plus", f"  … and {more} more").in_(lang), style="dim"))
    lines += repair_lines(repairs[:FIRST_REPAIRS], lang, width)
    end = Text(f"Tout le détail : tnt-sim conflict {scenario}", f"All of it: tnt-sim conflict {scenario}")
    return [*lines, Line(""), Line(end.in_(lang), style="dim")]


def verdict(document: Document) -> Text:
    """What was found, in one sentence."""
    if document["status"] == "feasible":
        return Text(
            "Une répartition existe : ces règles tiennent ensemble.",
            "An allocation exists: these rules hold together.",
        )
    if document["status"] == "stopped":
        return Text(
            "Le temps a manqué pour dire si une répartition existe. Donnez plus de temps : --time-limit 600.",
            "There was no time to say whether an allocation exists. Give it more: --time-limit 600.",
        )
    at = f" à l'étape « {document['step']} »" if document["step"] else ""
    at_en = f' at step "{document["step"]}"' if document["step"] else ""
    sure = any(one["proof"] == "PROVED" for one in document["sets"])  # one clash that is proven is enough
    proven = Text(", c'est prouvé", ", which is proven") if sure else Text("", "")
    return Text(
        f"Aucune répartition ne tient toutes les règles{at}{proven.fr}.",
        f"No allocation keeps every rule{at_en}{proven.en}.",
    )


def repair_lines(repairs: Sequence[Document], lang: Lang, width: int) -> list[Line]:
    """The repairs, cheapest first."""
    if not repairs:
        return []
    title = Text("Ce qui suffirait, le moins cher d'abord", "What would be enough, cheapest first").in_(lang)
    lines = [Line(""), Line(title, style="bold")]
    for repair in repairs:
        text = capitalised(actions_words(repair["actions"], lang))
        after = after_words(repair, lang)
        lines += paragraph(f"{text}.{after}", width, first=f"  {repair['rank']}. ")
        if repair["set"]:
            lines += paragraph(typed_sets(repair["set"]), width, first="     ", style="dim")
    return lines


def typed_sets(sets: Sequence[str]) -> str:
    """The `--set` that write a repair, as they are typed."""
    parts = (text.partition("=") for text in sets)
    return " ".join(
        f"--set {path}='{value}'" if '"' in value else f'--set {path}="{value}"' for path, _, value in parts
    )


def after_words(repair: Document, lang: Lang) -> str:
    """Whether less might do, and the value of the best allocation after a repair."""
    doubt = Text(" Moins suffirait peut-être (non prouvé).", " Less might do (not proven).").in_(lang)
    first = "" if repair["least"] else doubt
    if repair["granted_cents"] is None:
        rest = Text(
            " Le meilleur choix ensuite n'est pas calculé.", " The best choice after it is not computed."
        )
        return first + rest.in_(lang)
    goals = ", ".join(
        f"{goal['goal']} {number(parse_decimal(goal['value']), lang)}" for goal in repair["objective"]
    )
    funded = plural(
        repair["n_funded"],
        ("dossier financé", "dossiers financés"),
        ("dossier funded", "dossiers funded"),
        lang,
    )
    about = "" if repair["best_found"] else Text("au moins ", "at least ").in_(lang)
    money = format_cents(repair["granted_cents"], lang)
    return first + Text(
        f" Au mieux ensuite : {about}{goals} ; {funded}, {money}.",
        f" At best after it: {about}{goals}; {funded}, {money}.",
    ).in_(lang)


def _members(told: Sequence[tuple[Document, str]], width: int) -> list[Line]:
    lines = []
    for member, text in told:
        place = f" — {member['file']}:{member['line']}" if member["file"] and member["line"] else ""
        source = f" — {member['source']}" if member["source"] else ""
        lines += paragraph(f"{capitalised(text)}{place}{source}", width, first="  • ")
    return lines


def set_title(rank: int, one: Document, n: int) -> Text:
    which = (
        Text(f"Contradiction {rank} sur {n}", f"Conflict {rank} of {n}")
        if n > 1
        else Text("Contradiction", "Conflict")
    )
    size = len(one["members"])
    if one["minimal"]:
        need = Text(
            f"{size} éléments, tous nécessaires (vérifié)" if size > 1 else "un seul élément",
            f"{size} members, each needed (verified)" if size > 1 else "one member",
        )
    else:
        need = Text(f"{size} éléments, minimalité non prouvée", f"{size} members, minimality not proven")
    return Text(f"{which.fr} : {need.fr}", f"{which.en}: {need.en}")


def _how(document: Document) -> Text:
    """How the answer was found, and whether it is all."""
    n = document["n_solves"]
    if document["status"] != "infeasible":
        return Text(f"{n} essai{'s' if n >= 2 else ''}.", f"{n} test{'s' if n != 1 else ''}.")
    if document["complete"]:
        return Text(
            f"Il n'y a pas d'autre contradiction minimale entre ces règles, ni d'autre réparation minimale "
            f"({n} essais). Chaque réparation est vérifiée au centime, marge ajoutée.",
            f"There is no other minimal conflict between these rules, and no other minimal repair ({n} tests). "
            "Each repair is verified to the cent with its slack added.",
        )
    return Text(
        f"D'autres contradictions ou réparations peuvent exister ({n} essais). Chaque réparation est vérifiée au "
        "centime, marge ajoutée.",
        f"There may be other conflicts or repairs ({n} tests). Each repair is verified to the cent with its slack "
        "added.",
    )


def conflict_html(document: Document, lang: Lang) -> str:
    """The same as HTML, for a notebook."""
    parts = [f"<p><strong>{escape(str(document['title']))}</strong></p>"]
    if document["synthetic"]:
        parts.append(f'<p class="mark">{escape(SYNTHETIC.in_(lang))}</p>')
    parts.append(f"<p><strong>{escape(verdict(document).in_(lang))}</strong></p>")
    for rank, one in enumerate(document["sets"], start=1):
        parts.append(f"<h2>{escape(set_title(rank, one, len(document['sets'])).in_(lang))}</h2><ul>")
        parts += [
            f"<li>{escape(capitalised(text))} <small>{escape(str(m['file']))}:{m['line']}</small></li>"
            for m, text in members_words(one["members"], lang)
        ]
        parts.append("</ul>")
    if document["repairs"]:
        parts.append("<ol>")
        for repair in document["repairs"]:
            text = capitalised(actions_words(repair["actions"], lang))
            parts.append(f"<li>{escape(text)}.{escape(after_words(repair, lang))}</li>")
        parts.append("</ol>")
    return framed("".join(parts), lang)
