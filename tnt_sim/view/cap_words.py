"""Caps and waivers in words."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from tnt_sim.errors import Lang
from tnt_sim.money import format_cents, format_rate
from tnt_sim.rules.cap_spec import CapSpec
from tnt_sim.rules.grant_spec import MoneyColumn
from tnt_sim.rules.waivers import WaiverSpec
from tnt_sim.view import words
from tnt_sim.view.figures import listed
from tnt_sim.view.phrase import capitalised, of_what, stays, when

_SURE = {
    "A": ("texte ou source officiels", "official text or source"),
    "B": ("presse spécialisée", "specialised press"),
    "C": ("déduction", "inference"),
}


def cap_words(cap: CapSpec, lang: Lang) -> str:
    """« Le total accordé à tous les dossiers d'un même projet ne dépasse pas 80 % de l'assiette. »"""
    french = lang is Lang.FR
    full = cap.filled()
    head = "" if full.where is None else f"{when(full.where, lang)}, "
    whole = (
        "le total accordé à tous les dossiers d'un même projet"
        if french
        else "the total granted to all dossiers of one project"
    )
    if full.counting:
        plus = listed([words.column(name).in_(lang) for name in full.counting], lang)
        whole += f", augmenté {_of_all(full.counting, lang)}," if french else f", plus {plus},"
    text = capitalised(f"{head}{whole}{stays(None, _most(full, lang), lang)}.")
    legal = full.legal
    if legal is None:
        return text
    sure = _SURE[legal.sure]
    note = legal.note.in_(lang)
    label = f"{legal.title.in_(lang)}. " if full.title in ("", legal.title.fr) else ""
    how = f" (sûreté {legal.sure} : {sure[0]})" if french else f" (how sure: {legal.sure}, {sure[1]})"
    return f"{label}{text} {note}{how}"


def _of_all(names: Sequence[str], lang: Lang) -> str:
    """« des autres aides de l'État et des autres aides publiques »"""
    return listed([of_what(words.column(name).in_(lang), lang) for name in names], lang)


def _most(cap: CapSpec, lang: Lang) -> str:
    if isinstance(cap.max, MoneyColumn):
        return words.column(cap.max.column).in_(lang)
    if not isinstance(cap.max, Fraction):
        return format_cents(cap.max or 0, lang)
    share = format_rate(cap.max, lang)
    of = words.column(cap.of or "base").in_(lang)
    less = listed([words.column(name).in_(lang) for name in cap.less], lang)
    if lang is Lang.FR:
        return f"{share} {of_what(of, lang)}" + (f", moins {less}" if less else "")
    return f"{share} {of_what(of, lang)}" + (f" less {less}" if less else "")


def waiver_words(waiver: WaiverSpec, lang: Lang) -> str:
    """« La règle « part-propre » ne s'applique pas si … Motif : calamité publique. Accordée par : préfet. »"""
    condition = when(waiver.where, lang)
    if lang is Lang.FR:
        why = f" Motif : {waiver.reason}." if waiver.reason else ""
        who = f" Accordée par : {waiver.author}." if waiver.author else ""
        return f"La règle « {waiver.of} » ne s'applique pas {condition}.{why}{who}"
    why = f" Reason: {waiver.reason}." if waiver.reason else ""
    who = f" Granted by: {waiver.author}." if waiver.author else ""
    return f'The rule "{waiver.of}" does not apply {condition}.{why}{who}'
