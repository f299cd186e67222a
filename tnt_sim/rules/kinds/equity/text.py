"""Wording and formula of `equity`."""

from __future__ import annotations

from tnt_sim.domain.money import format_rate
from tnt_sim.i18n.message import Lang
from tnt_sim.rules.expressions import text as expressions_text
from tnt_sim.rules.expressions.text import _between, _rate, _sum, _term, _where, for_each, scope, stays
from tnt_sim.rules.kinds.equity.rule import EquitySpec


def equity_formula(rule: EquitySpec) -> str:
    """Return `∀ d : 50 % · (Σ g_i / Σ population) ≤ Σ{department = d} g_i / population_d`."""
    mark = "d"
    term = _term(rule.measure)
    where = _where(rule.where)
    text = f"{_sum([f'{rule.by} = {mark}', where], term)} / population_{mark}"
    ratio = f"({_sum([where], term)} / Σ population)"
    low, high = _rate(rule.min), _rate(rule.max)
    return f"∀ {mark} : " + _between(low and f"{low} · {ratio}", text, high and f"{high} · {ratio}")


def equity(rule: EquitySpec, lang: Lang) -> str:
    """Return « pour chaque département, le montant accordé par habitant ne dépasse pas … »."""
    french = lang is Lang.FR
    low = None if rule.min is None else format_rate(rule.min, lang)
    high = None if rule.max is None else format_rate(rule.max, lang)
    measure = expressions_text.measure(rule.measure).in_(lang)
    limits = stays(low, high, lang)
    all_text = ""
    if rule.groups == "map":
        all_text = " de la carte" if french else " of the map"
    each = for_each(rule.by, lang).removesuffix(", ") + all_text + ", " + scope(None, rule.where, lang)
    lowered = rule.floor != "strict" and rule.min is not None
    if french:
        floor = ", ou tout ce que ses dossiers peuvent atteindre" if lowered else ""
        whole = "" if low is None and high is None else " de la moyenne de l'ensemble"
        return f"{each}{measure} par habitant{limits}{whole}{floor}"
    floor = ", or all that its dossiers can reach" if lowered else ""
    whole = "" if low is None and high is None else " of the mean of all"
    return f"{each}{measure} per inhabitant{limits}{whole}{floor}"
