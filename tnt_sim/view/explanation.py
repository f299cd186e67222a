"""An explanation told: reasons counted, each dossier in sentences, what rules do, the reserve list.

The functions take the document of `explain --json` (or its lists), so that any report can call them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from rich.text import Text as Line

from tnt_sim.errors import Lang, Text
from tnt_sim.view.change_words import change_sentence
from tnt_sim.view.course_words import stopped_sentence
from tnt_sim.view.figures import amount, count, listed
from tnt_sim.view.frame import framed
from tnt_sim.view.grid import grid, paragraph
from tnt_sim.view.inversion_lines import inversion_lines
from tnt_sim.view.tables import SYNTHETIC
from tnt_sim.view.why_words import cause_words, why_sentence
from tnt_sim.view.words import REASON

Entry = Mapping[str, Any]
MOST_LISTED = 40
"""Dossiers told one by one on a page; the JSON holds all."""
MOST_RESERVE = 20
MOST_INVERSIONS = 5


def explanation_lines(document: Entry, lang: Lang, width: int) -> list[Line]:
    """The whole page of `explain`."""
    lines = [Line(str(document.get("title") or document["scenario"]), style="bold")]
    if document.get("synthetic"):
        lines += paragraph(SYNTHETIC.in_(lang), width, style="yellow")
    entries: Sequence[Entry] = document["dossiers"]
    for entry in entries[:MOST_LISTED]:
        lines += [Line(""), *dossier_lines(entry, lang, width)]
    if len(entries) > MOST_LISTED:
        rest = count(len(entries) - MOST_LISTED, lang)
        lines += [
            Line(""),
            Line(_t(f"… et {rest} autres (voir --json).", f"… and {rest} more (see --json).", lang)),
        ]
    lines += _section(
        _t("Ce que fait chaque règle", "What each rule does", lang), rule_lines(document, lang, width)
    )
    if document.get("inversions"):
        told = inversion_lines(document["inversions"], lang, width, MOST_INVERSIONS)
        lines += _section(_t("Inversions", "Inversions", lang), told)
    lines += _section(
        _t("Liste de réserve, dans l'ordre d'entrée", "Reserve list, in the order of entry", lang),
        reserve_lines(document["reserve"], lang),
    )
    return lines + settled_lines(document, lang, width)


def dossier_lines(entry: Entry, lang: Lang, width: int) -> list[Line]:
    """One dossier: its reason, and the changes that would fund it."""
    lines = [Line(f"{entry['dossier']}", style="bold")]
    lines += paragraph(why_sentence(entry, lang), width, first="  ")
    for change in entry["changes"]:
        lines += paragraph(change_sentence(change, lang), width, first="  → ")
    return lines


def sentences_of(document: Entry, lang: Lang) -> dict[str, str]:
    """For each dossier of an explanation, its reason and its changes in one text: for letters and sheets."""
    return {
        str(entry["dossier"]): " ".join(
            [why_sentence(entry, lang), *(change_sentence(one, lang) for one in entry["changes"])]
        )
        for entry in document["dossiers"]
    }


def explanation_html(document: Entry, lang: Lang) -> str:
    """The dossiers and their sentences as a plain HTML table."""
    head = ("Dossier", "Explication") if lang is Lang.FR else ("Dossier", "Explanation")
    rows = "".join(
        f"<tr><th scope='row'>{escape(name)}</th><td>{escape(text)}</td></tr>"
        for name, text in sentences_of(document, lang).items()
    )
    note = f'<p class="mark">{escape(SYNTHETIC.in_(lang))}</p>' if document.get("synthetic") else ""
    top = "".join(f"<th>{name}</th>" for name in head)
    return framed(f"{note}<table><thead><tr>{top}</tr></thead><tbody>{rows}</tbody></table>", lang)


def rule_lines(document: Entry, lang: Lang, width: int) -> list[Line]:
    """Who would enter and who would leave without each rule."""
    lines: list[Line] = []
    for rule in document["rules"]:
        name = cause_words(rule, lang)
        if rule["enters"] is None:
            told = _t("calcul arrêté par une limite", "solve stopped by a limit", lang)
        elif not rule["enters"] and not rule["leaves"]:
            told = _t("sans elle, la même répartition", "without it, the same allocation", lang)
        else:
            enters, leaves = listed(rule["enters"], lang, most=6), listed(rule["leaves"], lang, most=6)
            told = _t(
                f"sans elle, entrent : {enters or 'aucun'} ; sortent : {leaves or 'aucun'}",
                f"without it, enter: {enters or 'none'}; leave: {leaves or 'none'}",
                lang,
            )
        lines += paragraph(f"{name[:1].upper()}{name[1:]} : {told}." if lang is Lang.FR else
                           f"{name[:1].upper()}{name[1:]}: {told}.", width, first="  ")  # fmt: skip
    return lines


def reserve_lines(reserve: Sequence[Entry], lang: Lang) -> list[Line]:
    """The first of the reserve list, with what each asks and what is missing."""
    rows = [
        [
            "–" if one["rank"] is None else str(one["rank"]),
            str(one["dossier"]),
            str(one["envelope"]),
            amount(one["asked_cents"], lang),
            waits_for(one, lang),
        ]
        for one in reserve[:MOST_RESERVE]
    ]
    if not rows:
        return []
    header = (
        ("rang", "dossier", "enveloppe", "demande", "attend")
        if lang is Lang.FR
        else ("rank", "dossier", "envelope", "asks", "waits for")
    )
    lines = grid(rows, header=header, right=(0, 3))
    if len(reserve) > MOST_RESERVE:
        rest = count(len(reserve) - MOST_RESERVE, lang)
        lines.append(Line(_t(f"  … et {rest} autres", f"  … and {rest} more", lang), style="dim"))
    return lines


def waits_for(one: Entry, lang: Lang) -> str:
    """The one thing that keeps a dossier of the reserve list out: a rule, else the money that is missing."""
    if one["rule"] is not None:
        return _t(f"la règle « {one['rule']} »", f'the rule "{one["rule"]}"', lang)
    if not one["missing_cents"] and not one["looked_at"]:
        return "–"
    if not one["missing_cents"]:
        return _t("rien : il n'ajoute rien", "nothing: it adds nothing", lang)
    missing = amount(one["missing_cents"], lang)
    known = _t(f"{missing} de plus", f"{missing} more", lang)
    return known if one["looked_at"] else f"≥ {known}"


def settled_lines(document: Entry, lang: Lang, width: int) -> list[Line]:
    """With `--all`: how each threshold was settled; what is missing, in yellow."""
    texts, settled = settled_texts(document, lang), document.get("settled")
    lines = [Line("")] if texts else []
    for number, text in enumerate(texts):
        lines += paragraph(text, width, style="dim" if settled and number < 2 else "yellow")
    return lines


def settled_texts(document: Entry, lang: Lang) -> list[str]:
    """How many dossiers were settled without a solve, by one, or left open; whether the work was stopped."""
    settled, stopped = document.get("settled"), _stopped_texts(document, lang)
    if settled is None:
        return stopped
    sure, solved, open_ = (count(settled[k], lang) for k in ("by_bounds", "by_solve", "intervals"))
    lift = [count(settled[f"lifted_{k}"], lang) for k in ("by_bounds", "by_solve", "open")]
    told = [
        Text(
            f"Seuils de note. Tranchés par des bornes exactes, sans recalcul : {sure} ; par un recalcul : "
            f"{solved} ; laissés en intervalle certifié : {open_}.",
            f"Score thresholds. Settled by exact bounds, without a solve: {sure}; by one solve: {solved}; "
            f"left as a certified interval: {open_}.",
        ),
        Text(
            f"Conditions et refus levés un à un. Tranchés par des bornes exactes : {lift[0]} ; par un recalcul : "
            f"{lift[1]} ; à demander seuls : {lift[2]}.",
            f"Requirements and refusals lifted one by one. Settled by exact bounds: {lift[0]}; by one solve: "
            f"{lift[1]}; to be asked alone: {lift[2]}.",
        ),
    ]
    return [*(text.in_(lang) for text in told), *stopped]


def _stopped_texts(document: Entry, lang: Lang) -> list[str]:
    """How far the work came, where it was stopped, and what the other dossiers have."""
    said = stopped_sentence(document, lang)
    if not said:
        return []
    rest = Text(
        "Les dossiers restants n'ont pas de seuil ; demandez-les un à un : tnt-sim explain.",
        "The remaining dossiers have no threshold; ask for them one by one: tnt-sim explain.",
    )
    told, rules = [said, rest.in_(lang)], document["rules_progress"]
    if rules["of"] and rules["done"] < rules["of"]:
        few, all_ = count(rules["done"], lang), count(rules["of"], lang)
        told.append(
            Text(
                f"Effet des règles examiné : {few} sur {all_}.",
                f"Effects of rules examined: {few} of {all_}.",
            ).in_(lang)
        )
    return told


def reason_rows(document: Entry, lang: Lang) -> list[list[str]]:
    """How many dossiers have each reason, most frequent first."""
    reasons: Mapping[str, int] = document["reasons"]
    ordered = sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    return [[REASON[code].in_(lang) if code in REASON else code, count(n, lang)] for code, n in ordered]


def _section(title: str, lines: Sequence[Line]) -> list[Line]:
    return [Line(""), Line(title, style="bold"), *lines] if lines else []


def _t(fr: str, en: str, lang: Lang) -> str:
    return Text(fr, en).in_(lang)
