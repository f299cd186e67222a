"""Wording and formula of `exclusive`."""

from __future__ import annotations

from collections.abc import Sequence

from tnt_sim.i18n.message import Lang
from tnt_sim.i18n.numbers import plural
from tnt_sim.rules.expressions.text import _SHOWN, _each, _sum, _where, scope
from tnt_sim.rules.kinds.exclusive.rule import ExclusiveSpec


def exclusive(rule: ExclusiveSpec, lang: Lang) -> str:
    """Return « pour chaque membre, au plus 1 dossier est financé »."""
    whom = scope(rule.by, rule.where, lang, rule.dossiers)
    most = plural(
        rule.max,
        ("dossier est financé", "dossiers sont financés"),
        ("dossier is funded", "dossiers are funded"),
        lang,
    )
    return f"{whom}au plus {most}" if lang is Lang.FR else f"{whom}at most {most}"


def exclusive_formula(rule: ExclusiveSpec) -> str:
    """Return `∀ d : Σ{members ∋ d} x_i ≤ 1`."""
    if rule.dossiers is not None:
        return f"{_plus(rule.dossiers)} ≤ {rule.max}"
    every, group = _each(rule.by)
    return f"{every}{_sum([group, _where(rule.where)], 'x_i')} ≤ {rule.max}"


def _plus(names: Sequence[str]) -> str:
    shown = [f"x_{name}" for name in names[:_SHOWN]] + (["…"] if len(names) > _SHOWN else [])
    return " + ".join(shown)
