"""Wording and formulas of grants, caps, waivers and eligibility entries."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from tnt_sim.domain.field_types import write_rate
from tnt_sim.domain.money import MoneyError, parse_cents, parse_rate
from tnt_sim.i18n.lists import format_list
from tnt_sim.i18n.message import Lang, Text, _, _p
from tnt_sim.i18n.numbers import format_cents, format_rate, get_currency
from tnt_sim.i18n.parameters import Items, Money, Rate
from tnt_sim.rules.expressions import column_text
from tnt_sim.rules.expressions.selectors import describe
from tnt_sim.rules.expressions.text import (
    _format_selector,
    capitalise,
    describe_bound_predicate,
    describe_complement,
    describe_if_clause,
    describe_where_clause,
    format_money,
)
from tnt_sim.rules.offers.cap_spec import CapSpec
from tnt_sim.rules.offers.eligibility import EligibilitySpec, WaiverSpec
from tnt_sim.rules.offers.grant_spec import BonusSpec, BracketsSpec, FormulaSpec, GrantSpec, MoneyColumn

_SURE = {
    "A": _("official text or source"),
    "B": _("specialised press"),
    "C": _("inference"),
}


KEPT_COMMITMENTS = _("Commitments are kept.")
"""Sentence of eligibility entries and caps on what they leave out."""


def describe_cap(cap: CapSpec, lang: Lang, *, with_commitments: bool = True) -> str:
    """Return « Le total accordé à tous les dossiers d'un même projet ne dépasse pas 80 % de l'assiette. »

    `with_commitments` says whether there are commitments, which it leaves out.
    """
    full = cap.fill_from_library()
    head = "" if full.where is None else f"{describe_if_clause(full.where, lang)}, "
    whole = _("the total granted to all applications of one project").in_(lang)
    if full.counting:
        plus = format_list([column_text.describe_column(name).in_(lang) for name in full.counting], lang)
        whole += _(", plus {aids},", aids=plus if lang is Lang.EN else _of_all(full.counting, lang)).in_(lang)
    text = capitalise(
        f"{head}{whole}{describe_bound_predicate(None, _describe_cap_limit(full, lang), lang)}."
    )
    if with_commitments:
        text = f"{text} {KEPT_COMMITMENTS.in_(lang)}"
    legal = full.legal
    if legal is None:
        return text
    note = legal.note.in_(lang)
    label = f"{legal.title.in_(lang)}. " if full.title in ("", legal.title.fr) else ""
    how = _(" (how sure: {grade}, {meaning})", grade=legal.sure, meaning=_SURE[legal.sure]).in_(lang)
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
    text = f"{share} {describe_complement(of, lang)}"
    return _("{limit} less {aids}", limit=text, aids=less).in_(lang) if less else text


def describe_waiver(waiver: WaiverSpec, lang: Lang) -> str:
    """Return « La règle « part-propre » ne s'applique pas si … Accordée par : préfet. »"""
    condition = describe_if_clause(waiver.where, lang)
    sentences = [_('The rule "{rule}" does not apply {condition}.', rule=waiver.of, condition=condition)]
    if waiver.reason:
        sentences.append(_("Reason: {reason}.", reason=waiver.reason))
    if waiver.author:
        sentences.append(_("Granted by: {author}.", author=waiver.author))
    return Items(sentences, "").in_(lang)


def describe_left_out(waivers: Sequence[WaiverSpec], lang: Lang) -> str:
    """Return « Dérogation : laisse de côté les dossiers où … » for the waivers of one entry; "" without any."""
    return "".join(
        " " + _("Waiver: leaves out the applications {condition}.", condition=condition).in_(lang)
        for condition in (describe_where_clause(waiver.where, lang) for waiver in waivers)
    )


def format_left_out(waivers: Sequence[WaiverSpec]) -> str:
    r"""Return ` \ {dossier: [A]}`, what is taken out of the formula of an entry, for each of its waivers."""
    return "".join(f" \\ {{{_format_selector(waiver.where)}}}" for waiver in waivers)


_KEPT_AMOUNTS = _("Committed amounts and those that a decision sets are kept.")
_MODES = {
    "all_or_nothing": _("all or nothing"),
    "range": _("any amount between the minimum and the maximum"),
    "levels": _("one of the listed levels"),
    "common_rate": _("one level for the whole group"),
}


def describe_grant(grant: GrantSpec, lang: Lang) -> str:
    """Return « tout ou rien ; au plus 50 % de l'assiette. »"""
    pieces: list[Text | str] = [_describe_mode(grant, lang)]
    if grant.formula is not None:
        pieces.append(_describe_formula(grant.formula, lang))
    if isinstance(grant.max_rate, BracketsSpec):
        pieces.append(_describe_brackets(grant.max_rate, lang))
    elif grant.max_rate is not None:
        pieces.append(_("at most {share} of the eligible cost", share=Rate(grant.max_rate)))
    pieces += [_describe_bonus(bonus, lang) for bonus in grant.bonus]
    if grant.max is not None:
        pieces.append(_("at most {high}", high=_describe_limit(grant.max, lang)))
    if grant.min_rate is not None:
        pieces.append(_("at least {share} of the eligible cost", share=Rate(grant.min_rate)))
    if grant.min is not None:
        pieces.append(_("at least {low}", low=_describe_limit(grant.min, lang)))
    if grant.round > 1:
        pieces.append(_("in steps of {amount}", amount=Money(grant.round)))
    return f"{Items(pieces, ';').in_(lang)}. {_KEPT_AMOUNTS.in_(lang)}"


def _describe_mode(grant: GrantSpec, lang: Lang) -> str:
    """Return the mode, with the list of levels and the groups of a common level."""
    text = _MODES[grant.mode].in_(lang)
    if grant.by is not None:
        by = column_text.describe_bare_column(grant.by).in_(lang)
        text += _(" (by {column})", column=by).in_(lang)
    if grant.levels:
        levels = [_format_level(level, lang) for level in grant.levels]
        word = f" {_('or').in_(lang)} "
        text += _(": {levels}", levels=format_list(levels, lang, most=12, word=word)).in_(lang)
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
        text += _p("bonus", ", up to {share}", share=top).in_(lang)
    return text


def _describe_limit(limit: int | MoneyColumn, lang: Lang) -> str:
    return (
        column_text.describe_column(limit.column).in_(lang)
        if isinstance(limit, MoneyColumn)
        else format_cents(limit, lang)
    )


def _describe_formula(formula: FormulaSpec, lang: Lang) -> str:
    pieces = [format_cents(formula.flat, lang)] if formula.flat else []
    for per_unit in formula.per:
        money, column = (
            format_cents(per_unit.amount, lang),
            column_text.describe_column(per_unit.column).in_(lang),
        )
        text = f"{money} × {column}"
        if per_unit.up_to is not None:
            text += _(" (counted up to {number})", number=str(per_unit.up_to)).in_(lang)
        pieces.append(text)
    fee = " + ".join(pieces or [format_cents(0, lang)])
    text = _("a flat fee of {fee}", fee=fee).in_(lang)
    if formula.max is not None:
        text += _p("fee", ", up to {amount}", amount=Money(formula.max)).in_(lang)
    return text


def _describe_brackets(spec: BracketsSpec, lang: Lang) -> str:
    pieces = [
        _("{share} beyond", share=Rate(bracket.rate)).in_(lang)
        if bracket.up_to is None
        else _("{share} up to {amount}", share=Rate(bracket.rate), amount=Money(bracket.up_to)).in_(lang)
        for bracket in spec.brackets
    ]
    rates = format_list(pieces, lang, most=len(pieces))
    return _("at most, by part of eligible cost, {rates}", rates=rates).in_(lang)


def format_eligibility_formula(entry: EligibilitySpec) -> str:
    """Return `envelope: a ∧ ¬(population: {min: 3500}) ⇒ x_i = 0 {not committed}`."""
    where = _format_selector(entry.where)
    return f"{f'{where} ∧ ' if where else ''}¬({describe(entry.require.root)}) ⇒ x_i = 0 {{not committed}}"


def format_grant_formula(grant: GrantSpec) -> str:
    """Return `g_i = 0 or min_grant_i ≤ g_i = ⌊min(requested_i ; base_i ; caps)⌋, ⌊y⌋ ∈ 0.01 €·ℕ {open}`.

    `open` stands for the applications that the entry concerns: no earlier one matches them, they are not
    committed, and no decision sets their amount.
    """
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
    cents = max(get_currency().step_cents, grant.round)
    step = f"{format_money(cents)}·ℕ"
    rounding = f", ⌊y⌋ ∈ {step}"
    if grant.mode == "all_or_nothing":
        text = f"{bottom} ≤ g_i = ⌊{top}⌋{rounding}"
    elif grant.mode == "range":
        text = f"{bottom} ≤ g_i ≤ {top}" + (f", g_i ∈ {step}" if cents > 1 else "")
    else:
        menu = " ; ".join(f"⌊{level}·base_i⌋" if "%" in level else f"⌊{level}⌋" for level in grant.levels)
        same = f", one level for each {grant.by}" if grant.by else ""
        text = f"{bottom} ≤ g_i ≤ {top}, g_i ∈ {{0 ; {menu}}}{same}{rounding}"
    domain = ", ".join(part for part in (_format_selector(grant.where), "open") if part)
    return f"g_i = 0 or {text} {{{domain}}}"


def _format_requested(formula: FormulaSpec | None) -> str:
    if formula is None:
        return "requested_i"
    pieces = [format_money(formula.flat)] if formula.flat else []
    for part in formula.per:
        units = f"{part.column}_i" if part.up_to is None else f"min({part.column}_i ; {part.up_to})"
        pieces.append(f"{format_money(part.amount)}·{units}")
    flat = " + ".join(pieces) or format_money(0)
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
        when = f"[{where}]·" if where else ""
        more = f"{write_rate(bonus.rate)}·base_i"
        if bonus.up_to is None:
            text += f" + {when}{more}"
        else:  # who has more already keeps it
            text = f"max({text} ; {when}min({text} + {more} ; {write_rate(bonus.up_to)}·base_i))"
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
