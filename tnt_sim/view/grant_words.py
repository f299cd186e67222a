"""Grants in words: how much a dossier may get."""

from __future__ import annotations

from tnt_sim.errors import Lang, Text
from tnt_sim.money import MoneyError, format_cents, format_rate, parse_cents, parse_rate
from tnt_sim.rules.grant_spec import BonusSpec, BracketsSpec, FormulaSpec, GrantSpec, MoneyColumn
from tnt_sim.view import words
from tnt_sim.view.figures import listed
from tnt_sim.view.phrase import when

_MODES = {
    "all_or_nothing": Text("tout ou rien", "all or nothing"),
    "range": Text(
        "tout montant entre le minimum et le maximum", "any amount between the minimum and the maximum"
    ),
    "levels": Text("un des niveaux prévus", "one of the listed levels"),
    "common_rate": Text("un même niveau pour tout le groupe", "one level for the whole group"),
}


def grant_words(grant: GrantSpec, lang: Lang) -> str:
    """« tout ou rien ; au plus 50 % de l'assiette. »"""
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
    return (" ; " if lang is Lang.FR else "; ").join(parts) + "."


def _mode(grant: GrantSpec, lang: Lang) -> str:
    """The mode, with the levels of a menu and the groups of one common level."""
    text = _MODES[grant.mode].in_(lang)
    colon, word = (" : ", " ou ") if lang is Lang.FR else (": ", " or ")
    if grant.by is not None:
        by = words.bare_column(grant.by).in_(lang)
        text += f" (par {by})" if lang is Lang.FR else f" (by {by})"
    if grant.levels:
        text += colon + listed([_level(level, lang) for level in grant.levels], lang, most=12, word=word)
    return text


def _level(level: str, lang: Lang) -> str:
    """A level in the marks of the language: a rate or an amount."""
    try:
        return (
            format_rate(parse_rate(level), lang) if "%" in level else format_cents(parse_cents(level), lang)
        )
    except MoneyError:
        return level


def _bonus(bonus: BonusSpec, lang: Lang) -> str:
    """« plus 10 % si les étiquettes contiennent « mutualise », sans dépasser 80 % »"""
    points = format_rate(bonus.rate, lang)
    text = f"plus {points}"
    if bonus.where is not None:
        text += f" {when(bonus.where, lang)}"
    if bonus.up_to is not None:
        top = format_rate(bonus.up_to, lang)
        text += f", sans dépasser {top}" if lang is Lang.FR else f", up to {top}"
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
        money, column = format_cents(part.amount, lang), words.column(part.column).in_(lang)
        text = f"{money} × {column}"
        if part.up_to is not None:
            text += f" (compté jusqu'à {part.up_to})" if french else f" (counted up to {part.up_to})"
        parts.append(text)
    text = ("forfait de " if french else "a flat fee of ") + " + ".join(parts or [format_cents(0, lang)])
    if formula.max is not None:
        most = format_cents(formula.max, lang)
        text += f", dans la limite de {most}" if french else f", up to {most}"
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
    text = listed(parts, lang, most=len(parts))
    return (
        f"au plus, par tranche d'assiette, {text}" if french else f"at most, by part of eligible cost, {text}"
    )
