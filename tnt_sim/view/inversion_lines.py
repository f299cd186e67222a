"""Inversions told: who is refused although better than a funded one, with amounts; what having none costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.text import Text as Line

from tnt_sim.errors import Lang, Text
from tnt_sim.view import words
from tnt_sim.view.figures import amount, count, decimal, listed, plural
from tnt_sim.view.grid import grid, paragraph

Entry = Mapping[str, Any]
MOST_SHOWN = 20


def inversion_sentence(found: Entry, lang: Lang) -> str:
    """« 12 paires : 3 dossiers non retenus valent mieux qu'un dossier retenu de la même enveloppe. »"""
    column = words.column(str(found["rank"])).in_(lang)
    if not found["n_pairs"]:
        return Text(
            f"Aucune inversion : dans chaque enveloppe, nul n'est retenu avant un mieux placé selon {column}.",
            f"No inversion: in each envelope nobody is funded before one ranked better by {column}.",
        ).in_(lang)
    pairs = plural(found["n_pairs"], ("inversion", "inversions"), ("inversion", "inversions"), lang)
    refused = plural(
        found["n_refused"],
        ("dossier non retenu vaut", "dossiers non retenus valent"),
        ("refused dossier ranks", "refused dossiers rank"),
        lang,
    )
    return Text(
        f"{pairs} selon {column} : {refused} mieux qu'un dossier retenu de la même enveloppe.",
        f"{pairs} by {column}: {refused} better than a funded one of the same envelope.",
    ).in_(lang)


def inversion_lines(found: Entry, lang: Lang, width: int, most: int = MOST_SHOWN) -> list[Line]:
    """The sentence, and the first refused dossiers, each with the worst that is funded, as a table."""
    lines = paragraph(inversion_sentence(found, lang), width, first="  ")
    header = (
        ("refusé", "valeur", "demande", "retenu", "valeur", "reçoit", "moins bons", "enveloppe")
        if lang is Lang.FR
        else ("refused", "value", "asks", "funded", "value", "gets", "worse ones", "envelope")
    )
    rows = [_row(pair, lang) for pair in found["refused"][:most]]
    lines += grid(rows, header=header, right=(1, 2, 4, 5, 6)) if rows else []
    if found["n_refused"] > len(rows):
        rest = count(found["n_refused"] - len(rows), lang)
        lines.append(Line(Text(f"  … et {rest} autres", f"  … and {rest} more").in_(lang), style="dim"))
    return lines


def _row(pair: Entry, lang: Lang) -> list[str]:
    better, worse = pair["better"], pair["worse"]
    return [
        str(better["dossier"]),
        shown_value(better, lang),
        amount(better["asked_cents"], lang),
        str(worse["dossier"]),
        shown_value(worse, lang),
        amount(worse["granted_cents"], lang),
        count(pair["n_worse"], lang),
        str(pair["group"]),
    ]


def shown_value(side: Entry, lang: Lang) -> str:
    """What a dossier is ranked by: an amount, a number with the marks of the language, or an opinion."""
    if side["value_cents"] is not None:
        return amount(side["value_cents"], lang)
    text = side["value"]
    if text is None:
        return "–"
    figure = text.removeprefix("-").replace(".", "", 1)
    return decimal(text, lang) if figure.isascii() and figure.isdigit() else text


def price_lines(price: Entry, goals: Sequence[str], lang: Lang, width: int) -> list[Line]:
    """What a rule without inversions, hard or priced, would cost."""
    if price["loses"] is None and price["status"] != "infeasible":
        text = Text(
            "N'en avoir aucune : une limite a arrêté le calcul avant toute répartition.",
            "Having none: a limit stopped the solve before any allocation.",
        )
        return paragraph(text.in_(lang), width, first="  ")
    if price["loses"] is None:
        text = Text(
            "N'en avoir aucune : aucune répartition ne le permet avec les autres règles.",
            "Having none: no allocation allows it with the other rules.",
        )
        return paragraph(text.in_(lang), width, first="  ")
    lost = ", ".join(
        f"{goal} {_signed(each, lang)}" for goal, each in zip(goals, price["loses"], strict=True)
    )
    enters, leaves = listed(price["enters"], lang, most=6), listed(price["leaves"], lang, most=6)
    nobody = Text("aucun", "none").in_(lang)
    head = (
        Text("N'en avoir aucune", "Having none")
        if price["mode"] == "hard"
        else Text(
            f"À {decimal(price['penalty'], lang)} par inversion, il en reste {count(price['n_pairs'], lang)}",
            f"At {decimal(price['penalty'], lang)} an inversion, {count(price['n_pairs'], lang)} are left",
        )
    )
    costs = Text("coûte", "costs") if price["status"] == "optimal" else Text("coûte au plus", "costs at most")
    text = Text(
        f"{head.fr} {costs.fr} : {lost}. Entrent : {enters or nobody} ; sortent : {leaves or nobody}.",
        f"{head.en} {costs.en}: {lost}. Enter: {enters or nobody}; leave: {leaves or nobody}.",
    )
    return paragraph(text.in_(lang), width, first="  ")


def _signed(text: str, lang: Lang) -> str:
    """A loss as a fall, a gain as a rise."""
    return f"+{decimal(text.lstrip('-'), lang)}" if text.startswith("-") else f"\u2212{decimal(text, lang)}"
