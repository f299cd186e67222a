"""Wording and formula of `together`."""

from __future__ import annotations

from tnt_sim.i18n.message import Lang
from tnt_sim.rules.expressions.text import _each, _where, scope
from tnt_sim.rules.kinds.exclusive.text import _plus
from tnt_sim.rules.kinds.together.rule import TogetherSpec


def together(rule: TogetherSpec, lang: Lang) -> str:
    """Return « pour chaque lot, tous les dossiers sont financés, ou aucun »."""
    whom = scope(rule.by, rule.where, lang, rule.dossiers)
    if lang is Lang.FR:
        all_text = "tous les dossiers sont" if rule.dossiers is None and rule.where is None else "tous sont"
        return f"{whom}{all_text} financés, ou aucun"
    all_text = "all dossiers are" if rule.dossiers is None and rule.where is None else "all are"
    return f"{whom}{all_text} funded, or none"


def together_formula(rule: TogetherSpec) -> str:
    """Return `∀ d : x_i = x_j {lot = d}`, or `x_A = x_B = x_C` for named dossiers."""
    if rule.dossiers is not None:
        return _plus(rule.dossiers).replace(" + ", " = ")
    every, group = _each(rule.by)
    inside = ", ".join(part for part in (group, _where(rule.where)) if part)
    return f"{every}x_i = x_j {{{inside}}}"
