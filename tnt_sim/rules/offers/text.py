"""Wording and formulas of grants, caps, waivers and eligibility entries."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from tnt_sim.domain.field_types import write_rate
from tnt_sim.domain.money import MoneyError, parse_cents, parse_rate
from tnt_sim.i18n.message import Lang, _
from tnt_sim.i18n.numbers import format_cents, format_list, format_rate
from tnt_sim.rules.expressions import column_text
from tnt_sim.rules.expressions.selectors import describe
from tnt_sim.rules.expressions.text import (
    _format_selector,
    capitalise,
    describe_bound_predicate,
    describe_complement,
    describe_if_clause,
    format_money,
)
from tnt_sim.rules.offers.cap_spec import CapSpec
from tnt_sim.rules.offers.eligibility import EligibilitySpec, WaiverSpec
from tnt_sim.rules.offers.grant_spec import BonusSpec, BracketsSpec, FormulaSpec, GrantSpec, MoneyColumn

_SURE = {
    "A": ("texte ou source officiels", "official text or source"),
    "B": ("presse spécialisée", "specialised press"),
    "C": ("déduction", "inference"),
}


def describe_cap(cap: CapSpec, lang: Lang) -> str:
    """Return « Le total accordé à tous les dossiers d'un même projet ne dépasse pas 80 % de l'assiette. »"""
    french = lang is Lang.FR
    full = cap.fill_from_library()
    head = "" if full.where is None else f"{describe_if_clause(full.where, lang)}, "
    whole = (
        "le total accordé à tous les dossiers d'un même projet"
        if french
        else "the total granted to all dossiers of one project"
    )
    if full.counting:
        plus = format_list([column_text.describe_column(name).in_(lang) for name in full.counting], lang)
        whole += f", augmenté {_of_all(full.counting, lang)}," if french else f", plus {plus},"
    text = capitalise(
        f"{head}{whole}{describe_bound_predicate(None, _describe_cap_limit(full, lang), lang)}."
    )
    legal = full.legal
    if legal is None:
        return text
    sure = _SURE[legal.sure]
    note = legal.note.in_(lang)
    label = f"{legal.title.in_(lang)}. " if full.title in ("", legal.title.fr) else ""
    how = f" (sûreté {legal.sure} : {sure[0]})" if french else f" (how sure: {legal.sure}, {sure[1]})"
    return f"{label}{text} {note}{how}"


def _of_all(names: Sequence[str], lang: Lang) -> str:
    """Return « des autres aides de l'État et des autres aides publiques »."""
    return format_list(
        [describe_complement(column_text.describe_column(name).in_(lang), lang) for name in names], lang
    )


def _describe_cap_limit(cap: CapSpec, lang: Lang) -> str:
    if isinstance(cap.max, MoneyColumn):
        return column_text.describe_column(cap.max.column).in_(lang)
    if not isinstance(cap.max, Fraction):
        return format_cents(cap.max or 0, lang)
    share = format_rate(cap.max, lang)
    of = column_text.describe_column(cap.of or "base").in_(lang)
    less = format_list([column_text.describe_column(name).in_(lang) for name in cap.less], lang)
    if lang is Lang.FR:
        return f"{share} {describe_complement(of, lang)}" + (f", moins {less}" if less else "")
    return f"{share} {describe_complement(of, lang)}" + (f" less {less}" if less else "")


def describe_waiver(waiver: WaiverSpec, lang: Lang) -> str:
    """Return « La règle « part-propre » ne s'applique pas si … Accordée par : préfet. »"""
    condition = describe_if_clause(waiver.where, lang)
    if lang is Lang.FR:
        why = f" Motif : {waiver.reason}." if waiver.reason else ""
        who = f" Accordée par : {waiver.author}." if waiver.author else ""
        return f"La règle « {waiver.of} » ne s'applique pas {condition}.{why}{who}"
    why = f" Reason: {waiver.reason}." if waiver.reason else ""
    who = f" Granted by: {waiver.author}." if waiver.author else ""
    return f'The rule "{waiver.of}" does not apply {condition}.{why}{who}'


_MODES = {
    "all_or_nothing": _("all or nothing"),
    "range": _("any amount between the minimum and the maximum"),
    "levels": _("one of the listed levels"),
    "common_rate": _("one level for the whole group"),
}


def describe_grant(grant: GrantSpec, lang: Lang) -> str:
    """Return « tout ou rien ; au plus 50 % de l'assiette. »"""
    pieces = [_describe_mode(grant, lang)]
    if grant.formula is not None:
        pieces.append(_describe_formula(grant.formula, lang))
    base = "de l'assiette" if lang is Lang.FR else "of the eligible cost"
    if isinstance(grant.max_rate, BracketsSpec):
        pieces.append(_describe_brackets(grant.max_rate, lang))
    elif grant.max_rate is not None:
        pieces.append(f"{_translate_at_most(lang)} {format_rate(grant.max_rate, lang)} {base}")
    pieces += [_describe_bonus(bonus, lang) for bonus in grant.bonus]
    if grant.max is not None:
        pieces.append(f"{_translate_at_most(lang)} {_describe_limit(grant.max, lang)}")
    if grant.min_rate is not None:
        pieces.append(f"{_translate_at_least(lang)} {format_rate(grant.min_rate, lang)} {base}")
    if grant.min is not None:
        pieces.append(f"{_translate_at_least(lang)} {_describe_limit(grant.min, lang)}")
    if grant.round > 1:
        unit = format_cents(grant.round, lang)
        pieces.append(f"par pas de {unit}" if lang is Lang.FR else f"in steps of {unit}")
    return (" ; " if lang is Lang.FR else "; ").join(pieces) + "."


def _describe_mode(grant: GrantSpec, lang: Lang) -> str:
    """Return the mode, with the list of levels and the groups of a common level."""
    text = _MODES[grant.mode].in_(lang)
    colon, word = (" : ", " ou ") if lang is Lang.FR else (": ", " or ")
    if grant.by is not None:
        by = column_text.describe_bare_column(grant.by).in_(lang)
        text += f" (par {by})" if lang is Lang.FR else f" (by {by})"
    if grant.levels:
        text += colon + format_list(
            [_format_level(level, lang) for level in grant.levels], lang, most=12, word=word
        )
    return text


def _format_level(level: str, lang: Lang) -> str:
    """Return a level, a rate or an amount, in the notation of the language."""
    try:
        return (
            format_rate(parse_rate(level), lang) if "%" in level else format_cents(parse_cents(level), lang)
        )
    except MoneyError:
        return level


def _describe_bonus(bonus: BonusSpec, lang: Lang) -> str:
    """Return « plus 10 % si les étiquettes contiennent « mutualise », sans dépasser 80 % »."""
    points = format_rate(bonus.rate, lang)
    text = f"plus {points}"
    if bonus.where is not None:
        text += f" {describe_if_clause(bonus.where, lang)}"
    if bonus.up_to is not None:
        top = format_rate(bonus.up_to, lang)
        text += f", sans dépasser {top}" if lang is Lang.FR else f", up to {top}"
    return text


def _translate_at_most(lang: Lang) -> str:
    return "au plus" if lang is Lang.FR else "at most"


def _translate_at_least(lang: Lang) -> str:
    return "au moins" if lang is Lang.FR else "at least"


def _describe_limit(limit: int | MoneyColumn, lang: Lang) -> str:
    return (
        column_text.describe_column(limit.column).in_(lang)
        if isinstance(limit, MoneyColumn)
        else format_cents(limit, lang)
    )


def _describe_formula(formula: FormulaSpec, lang: Lang) -> str:
    french = lang is Lang.FR
    pieces = [format_cents(formula.flat, lang)] if formula.flat else []
    for per_unit in formula.per:
        money, column = (
            format_cents(per_unit.amount, lang),
            column_text.describe_column(per_unit.column).in_(lang),
        )
        text = f"{money} × {column}"
        if per_unit.up_to is not None:
            text += f" (compté jusqu'à {per_unit.up_to})" if french else f" (counted up to {per_unit.up_to})"
        pieces.append(text)
    text = ("forfait de " if french else "a flat fee of ") + " + ".join(pieces or [format_cents(0, lang)])
    if formula.max is not None:
        most = format_cents(formula.max, lang)
        text += f", dans la limite de {most}" if french else f", up to {most}"
    return text


def _describe_brackets(spec: BracketsSpec, lang: Lang) -> str:
    french = lang is Lang.FR
    pieces = []
    for bracket in spec.brackets:
        share = format_rate(bracket.rate, lang)
        if bracket.up_to is None:
            pieces.append(f"{share} au-delà" if french else f"{share} beyond")
        else:
            top = format_cents(bracket.up_to, lang)
            pieces.append(f"{share} jusqu'à {top}" if french else f"{share} up to {top}")
    text = format_list(pieces, lang, most=len(pieces))
    return (
        f"au plus, par tranche d'assiette, {text}" if french else f"at most, by part of eligible cost, {text}"
    )


def format_eligibility_formula(entry: EligibilitySpec) -> str:
    """Return `envelope: a ∧ ¬(population: {min: 3500}) ⇒ x_i = 0`."""
    where = _format_selector(entry.where)
    return f"{f'{where} ∧ ' if where else ''}¬({describe(entry.require.root)}) ⇒ x_i = 0"


def format_grant_formula(grant: GrantSpec) -> str:
    """Return `g_i ∈ {0 ; min(requested_i ; base_i ; 50 %·base_i ; caps)}, min_grant_i ≤ g_i`."""
    most = [_format_requested(grant.formula), "base_i"]
    if grant.max_rate is not None:
        most.append(_format_max_rate(grant))
    if grant.max is not None:
        most.append(_format_limit(grant.max))
    least = ["min_grant_i"]
    if grant.min_rate is not None:
        least.append(f"{write_rate(grant.min_rate)}·base_i")
    if grant.min is not None:
        least.append(_format_limit(grant.min))
    top = f"min({' ; '.join([*most, 'caps'])})"
    bottom = least[0] if len(least) == 1 else f"max({' ; '.join(least)})"
    if grant.mode == "all_or_nothing":
        return f"g_i ∈ {{0 ; {top}}}, {bottom} ≤ g_i"
    if grant.mode == "range":
        step = "" if grant.round <= 1 else f", g_i ∈ {format_money(grant.round)}·ℕ"
        return f"g_i = 0 or {bottom} ≤ g_i ≤ {top}{step}"
    menu = " ; ".join(level if "%" not in level else f"{level}·base_i" for level in grant.levels)
    same = f", one level for each {grant.by}" if grant.by else ""
    return f"g_i ∈ {{0 ; {menu}}}, {bottom} ≤ g_i ≤ {top}{same}"


def _format_requested(formula: FormulaSpec | None) -> str:
    if formula is None:
        return "requested_i"
    pieces = [format_money(formula.flat)] if formula.flat else []
    for part in formula.per:
        units = f"{part.column}_i" if part.up_to is None else f"min({part.column}_i ; {part.up_to})"
        pieces.append(f"{format_money(part.amount)}·{units}")
    flat = " + ".join(pieces) or "0 €"
    return f"requested_i ; {flat}" + ("" if formula.max is None else f" ; {format_money(formula.max)}")


def _format_max_rate(grant: GrantSpec) -> str:
    rate = grant.max_rate
    if isinstance(rate, BracketsSpec):
        pieces = [
            f"{write_rate(b.rate)} {'beyond' if b.up_to is None else f'up to {format_money(b.up_to)}'}"
            for b in rate.brackets
        ]
        text = f"({', '.join(pieces)})·base_i"
    else:
        text = f"{write_rate(rate or Fraction(0))}·base_i"
    for bonus in grant.bonus:
        where = _format_selector(bonus.where)
        top = "" if bonus.up_to is None else f", ≤ {write_rate(bonus.up_to)}·base_i"
        text += f" + {write_rate(bonus.rate)}·base_i" + (f" [{where}]" if where else "") + top
    return text


def _format_limit(limit: int | MoneyColumn) -> str:
    return f"{limit.column}_i" if isinstance(limit, MoneyColumn) else format_money(limit)


def format_cap_formula(cap: CapSpec) -> str:
    """Return `∀ p : Σ{project = p} g_i + other_state_p ≤ 80 % · base_p`."""
    full = cap.fill_from_library()
    where = _format_selector(full.where)
    left = " + ".join(["Σ{project = p} g_i", *(f"{name}_p" for name in full.counting)])
    if isinstance(full.max, Fraction):
        of = " − ".join([f"{full.of or 'base'}_p", *(f"{name}_p" for name in full.less)])
        right = f"{write_rate(full.max)} · {f'({of})' if full.less else of}"
    elif isinstance(full.max, MoneyColumn):
        right = f"{full.max.column}_p"
    else:
        right = format_money(full.max or 0)
    return f"∀ p{f' ({where})' if where else ''} : {left} ≤ {right}"
