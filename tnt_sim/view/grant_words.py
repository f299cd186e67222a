"""Grants in words: how much a dossier may get."""

from __future__ import annotations

from tnt_sim.errors import Lang, Text
from tnt_sim.money import format_cents, format_rate
from tnt_sim.rules.grant_spec import BonusSpec, BracketsSpec, FormulaSpec, GrantSpec, MoneyColumn
from tnt_sim.view import words
from tnt_sim.view.figures import listed
from tnt_sim.view.selector_words import selector_words

_MODES = {
    "all_or_nothing": Text("tout ou rien", "all or nothing"),
    "range": Text(
        "tout montant entre le minimum et le maximum", "any amount between the minimum and the maximum"
    ),
    "levels": Text("un des taux prévus", "one of the listed levels"),
    "common_rate": Text("un même taux pour tout le groupe", "one level for the whole group"),
}


def grant_words(grant: GrantSpec, lang: Lang) -> str:
    """« tout ou rien, au plus 50 % de l'assiette. »"""
    parts = [_mode(grant, lang)]
    if grant.formula is not None:
        parts.append(_formula(grant.formula, lang))
    base = "de l'assiette" if lang is Lang.FR else "of the eligible cost"
    if isinstance(grant.max_rate, BracketsSpec):
        parts.append(_brackets(grant.max_rate, lang))
    elif grant.max_rate is not None:
        parts.append(f"{_at_most(lang)} {format_rate(grant.max_rate, lang)} {base}")
    parts += [_bonus(bonus, lang) for bonus in grant.bonus]
    if grant.max is not None:
        parts.append(f"{_at_most(lang)} {_limit(grant.max, lang)}")
    if grant.min_rate is not None:
        parts.append(f"{_at_least(lang)} {format_rate(grant.min_rate, lang)} {base}")
    if grant.min is not None:
        parts.append(f"{_at_least(lang)} {_limit(grant.min, lang)}")
    if grant.round > 1:
        unit = format_cents(grant.round, lang)
        parts.append(f"par pas de {unit}" if lang is Lang.FR else f"in steps of {unit}")
    return ", ".join(parts) + "."


def _mode(grant: GrantSpec, lang: Lang) -> str:
    """The mode, with the levels of a menu and the groups of one common level."""
    text = _MODES[grant.mode].in_(lang)
    colon = " : " if lang is Lang.FR else ": "
    if grant.by is not None:
        by = words.bare_column(grant.by).in_(lang)
        text += f" (par {by})" if lang is Lang.FR else f" (by {by})"
    if grant.levels:
        text += colon + listed(grant.levels, lang, most=12, word=" ou " if lang is Lang.FR else " or ")
    return text


def _bonus(bonus: BonusSpec, lang: Lang) -> str:
    """« plus 10 % si les étiquettes contient l'un de mutualise, sans passer 80 % »"""
    points = format_rate(bonus.rate, lang)
    text = f"plus {points}"
    if bonus.where is not None:
        condition = selector_words(bonus.where.root, lang)
        text += f" si {condition}" if lang is Lang.FR else f" if {condition}"
    if bonus.up_to is not None:
        top = format_rate(bonus.up_to, lang)
        text += f", sans passer {top}" if lang is Lang.FR else f", up to {top}"
    return text


def _at_most(lang: Lang) -> str:
    return "au plus" if lang is Lang.FR else "at most"


def _at_least(lang: Lang) -> str:
    return "au moins" if lang is Lang.FR else "at least"


def _limit(limit: int | MoneyColumn, lang: Lang) -> str:
    return (
        words.column(limit.column).in_(lang) if isinstance(limit, MoneyColumn) else format_cents(limit, lang)
    )


def _formula(formula: FormulaSpec, lang: Lang) -> str:
    french = lang is Lang.FR
    parts = [format_cents(formula.flat, lang)] if formula.flat else []
    for part in formula.per:
        text = f"{format_cents(part.amount, lang)} × {words.column(part.column).in_(lang)}"
        if part.up_to is not None:
            text += f" ({part.up_to} au plus)" if french else f" (at most {part.up_to})"
        parts.append(text)
    text = ("forfait " if french else "flat fee ") + " + ".join(parts or [format_cents(0, lang)])
    if formula.max is not None:
        text += (
            f", {format_cents(formula.max, lang)} au plus"
            if french
            else f", at most {format_cents(formula.max, lang)}"
        )
    return text


def _brackets(spec: BracketsSpec, lang: Lang) -> str:
    french = lang is Lang.FR
    parts = []
    for bracket in spec.brackets:
        share = format_rate(bracket.rate, lang)
        if bracket.up_to is None:
            parts.append(f"{share} au-delà" if french else f"{share} beyond")
        else:
            top = format_cents(bracket.up_to, lang)
            parts.append(f"{share} jusqu'à {top}" if french else f"{share} up to {top}")
    text = " ; ".join(parts) if french else "; ".join(parts)
    return (
        f"au plus, par tranches d'assiette : {text}"
        if french
        else f"at most, by parts of eligible cost: {text}"
    )
