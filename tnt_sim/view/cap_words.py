"""Caps and waivers in words."""

from __future__ import annotations

from fractions import Fraction

from tnt_sim.errors import Lang
from tnt_sim.money import format_cents, format_rate
from tnt_sim.rules.cap_spec import CapSpec
from tnt_sim.rules.grant_spec import MoneyColumn
from tnt_sim.rules.waivers import WaiverSpec
from tnt_sim.view import words
from tnt_sim.view.figures import listed
from tnt_sim.view.phrase import capitalised, of_what
from tnt_sim.view.selector_words import selector_words

_SURE = {
    "A": ("texte ou source officiels", "official text or source"),
    "B": ("presse spécialisée", "specialised press"),
    "C": ("déduction", "inference"),
}


def cap_words(cap: CapSpec, lang: Lang) -> str:
    """« Par projet : montants accordés + other_state ≤ 80 % de l'assiette. »"""
    french = lang is Lang.FR
    full = cap.filled()
    condition = "" if full.where is None else selector_words(full.where.root, lang)
    head = (f"Si {condition} : " if french else f"If {condition}: ") if condition else ""
    whole = (
        "tout ce que les dossiers d'un même projet reçoivent"
        if french
        else "all that the dossiers of one project get"
    )
    if full.counting:
        plus = listed([words.column(name).in_(lang) for name in full.counting], lang)
        whole += f", avec {plus}" if french else f", with {plus}"
    text = head + f"{whole}{' : au plus' if french else ': at most'} {_most(full, lang)}."
    text = capitalised(text)
    legal = full.legal
    if legal is None:
        return text
    sure = _SURE[legal.sure]
    note = legal.note.in_(lang)
    label = f"{legal.title.in_(lang)}. " if full.title in ("", legal.title.fr) else ""
    how = f" (sûreté {legal.sure} : {sure[0]})" if french else f" (how sure: {legal.sure}, {sure[1]})"
    return f"{label}{text} {note}{how}"


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
    """« « part-propre » ne s'applique pas aux dossiers où … Motif : calamité publique (préfet). »"""
    condition = selector_words(waiver.where.root, lang)
    who = f" ({waiver.author})" if waiver.author else ""
    if lang is Lang.FR:
        why = f" Motif : {waiver.reason}{who}." if waiver.reason else who
        return f"« {waiver.of} » ne s'applique pas si {condition}.{why}"
    why = f" Reason: {waiver.reason}{who}." if waiver.reason else who
    return f'"{waiver.of}" does not apply if {condition}.{why}'
